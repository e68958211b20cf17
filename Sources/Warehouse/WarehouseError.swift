import Core

/// An error of the warehouse: a closed code, and a sentence without any athlete's data.
public struct WarehouseError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// The athlete's lease is no longer the batch's owner and fence: another worker has the athlete, or nobody.
        case leaseLost = "lease_lost"
        /// Too many batches wait to be written.
        case overloaded
        /// An answer is not JSON or not of the expected shape.
        case unreadable
        /// A file of `sql/silver` is missing or can't be read.
        case scripts
        /// The rows of an export are not the binary COPY that was asked for.
        case brokenCopy = "broken_copy"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "warehouse \(code.rawValue): \(message)" }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .overloaded: .retry
        case .leaseLost, .unreadable, .scripts, .brokenCopy: .never
        }
    }
}
