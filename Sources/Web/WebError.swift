import Core
import Mustache

/// Why the pages can't be shown: a file of `web/` is missing or malformed.
public struct WebError: AdvisedError, Equatable {
    public let description: String
    public var retryAdvice: RetryAdvice { .never }

    static func missing(_ path: String) -> WebError {
        WebError(
            description: "\(path) is missing: install fitnessd anew, or set FITNESSD_SHARE_DIR to the folder that holds db/, sql/ and web/")
    }

    static func unreadable(_ path: String) -> WebError {
        WebError(description: "\(path) can't be read as UTF-8: check its permissions, or install fitnessd anew")
    }

    static func partialMissing(_ path: String, _ name: String) -> WebError {
        WebError(description: "\(path) names the template \(name), which is missing: install fitnessd anew, or add \(name).mustache")
    }

    static func malformed(_ path: String, _ error: any Error) -> WebError {
        guard let error = error as? MustacheTemplate.ParserError else { return WebError(description: "\(path) is no template: \(error)") }
        let (line, column) = (error.context.lineNumber, error.context.columnNumber)
        return WebError(description: "\(path):\(line):\(column) is no template: \(error.error)")
    }
}
