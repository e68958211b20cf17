import Core
import Foundation

/// Why a turn of an athlete's sync, or an admin's request, could not be done.
public struct SyncError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// No athlete with that id is known.
        case unknownAthlete = "unknown_athlete"
        /// There is no such quarantine entry.
        case notSetAside = "not_set_aside"
        /// A threshold that can't be set, or is not there to be removed; the message says what to do.
        case invalidThreshold = "invalid_threshold"
        /// The token stored for this athlete is another athlete's.
        case tokenOfAnotherAthlete = "token_of_another_athlete"
        /// The athlete is being erased, and can connect again once that is done.
        case beingErased = "being_erased"
        /// The file of receipts can't be read or written.
        case receiptNotFiled = "receipt_not_filed"
        /// The access token was refused, and a fresh one, too.
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
