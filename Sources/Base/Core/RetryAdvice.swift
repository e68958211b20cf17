import Foundation

/// What a caller may do after an error. Every error type of this project gives one, so that no caller interprets an error's text.
public enum RetryAdvice: Sendable, Equatable {
    /// The same call may succeed soon: back off and try again.
    case retry
    /// The same call may succeed from this instant on.
    case retryAfter(Date)
    /// The same call fails until a person or another program changes something.
    case never
}

/// An error with a closed code and a safe description.
public protocol AdvisedError: Error, Sendable, CustomStringConvertible {
    var retryAdvice: RetryAdvice { get }
}

/// An error with a closed set of codes, which logs show beside its text.
public protocol CodedError: Error {
    associatedtype Code: RawRepresentable<String>
    var code: Code { get }
}

extension CodedError {
    public var codeName: String { code.rawValue }
}
