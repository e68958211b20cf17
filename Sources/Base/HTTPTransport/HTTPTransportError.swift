import Core

/// The reason why a request got no complete answer. Contains no address, header or body.
public struct HTTPTransportError: AdvisedError, CodedError, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        case resolve
        case connect
        case tls
        case timeout
        case reset
        case bodyTooLarge = "body_too_large"
        case cancelled
        case malformed
        case queueFull = "queue_full"
        case closed
    }

    public let code: Code
    /// False only when certainly no byte of the request was written to the connection, so that the server cannot have acted on it.
    public let mayHaveReachedServer: Bool
    /// libcurl's result code, for diagnosis; nil when the failure is not libcurl's.
    public let curlCode: Int?

    public init(code: Code, mayHaveReachedServer: Bool, curlCode: Int? = nil) {
        self.code = code
        self.mayHaveReachedServer = mayHaveReachedServer
        self.curlCode = curlCode
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .resolve, .connect, .tls, .timeout, .reset, .cancelled, .queueFull: .retry
        case .bodyTooLarge, .malformed, .closed: .never
        }
    }

    public var description: String {
        let reach = mayHaveReachedServer ? "the server may have received it" : "the server has not received it"
        let cause = curlCode.map { ", libcurl \($0)" } ?? ""
        return "http request failed: \(code.rawValue)\(cause); \(reach)"
    }
}
