import Core
import Foundation

/// Why the control socket can't be opened or served. One sentence that says what to do.
public struct ControlServerError: AdvisedError {
    public enum Code: String, Sendable {
        case pathTooLong = "path_too_long"
        case alreadyServed = "already_served"
        case notASocket = "not_a_socket"
        case notPossible = "not_possible"
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public var retryAdvice: RetryAdvice { .never }

    /// The system refused `step`; `errno` must still be what that step left.
    static func system(_ step: String, _ path: String, _ code: Int32) -> ControlServerError {
        ControlServerError(.notPossible, "can't \(step) the control socket \(path): \(String(cString: strerror(code)))")
    }
}
