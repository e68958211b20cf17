import Core

/// Why a call was not permitted. Waiting for quota is no error.
public struct GovernorError: AdvisedError {
    public enum Code: String, Sendable {
        /// The governor was shut down.
        case stopped
        /// More than `RateLimitGovernor.waitersMax` calls are waiting.
        case queueFull = "queue_full"
    }

    public let code: Code

    public var description: String {
        switch code {
        case .stopped: "the governor is stopped; no more calls are permitted"
        case .queueFull: "too many calls are waiting for quota; try again later"
        }
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .stopped: .never
        case .queueFull: .retry
        }
    }
}
