import Core
import Foundation

/// Why a turn of an athlete's sync, or an admin's request, could not be done.
public struct SyncError: AdvisedError {
    public enum Code: String, Sendable {
        /// No athlete of that number is known.
        case unknownAthlete = "unknown_athlete"
        /// Nothing of that name is set aside.
        case notSetAside = "not_set_aside"
        /// The grant lacks what the sync needs.
        case scopeMissing = "scope_missing"
        /// The token that is stored for this athlete is another's.
        case tokenOfAnotherAthlete = "token_of_another_athlete"
        /// The access token was refused, a fresh one too.
        case tokenRefused = "token_refused"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
    public var retryAdvice: RetryAdvice { .never }
}
