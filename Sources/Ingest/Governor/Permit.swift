import Core
import Foundation
import StravaAPI

/// Why a call to Strava is made, most urgent first. The number is also `sync.schedule.priority`.
public enum RequestClass: Int, CaseIterable, Sendable, Codable {
    /// A person waits: a new connection, or a sync requested by hand.
    case connect = 0
    /// A webhook event said that something changed.
    case live
    /// The regular look for new activities and what they need.
    case incremental
    /// Reconciliation and retries.
    case repair
    /// Loading the past.
    case history

    /// The class in status answers and metrics, from a closed set.
    public var name: String {
        switch self {
        case .connect: "connect"
        case .live: "live"
        case .incremental: "incremental"
        case .repair: "repair"
        case .history: "history"
        }
    }

    /// Whether this class may spend the reserve: a person or an event waits for it.
    var isUrgent: Bool { self == .connect || self == .live }
}

/// The right to make one call. Whoever holds it makes at most one request and then settles it.
public struct Permit: Sendable, Equatable {
    let id: UInt64
    public let requestClass: RequestClass
    public let athlete: AthleteID
}

/// How a permitted call ended, as far as quota and circuit need to know.
public enum CallOutcome: Sendable {
    /// Strava answered, with any status. A 429 and the gateway statuses (502 to 504, 520 to 527, 597) are recognized by their number.
    case answered(status: Int, rateLimit: RateLimitHeaders?, serverDate: Date?)
    /// Strava answered that the whole application is in trouble (inactive, capacity, maintenance as an HTML page, wrong secret).
    case applicationTrouble(ApplicationTrouble, rateLimit: RateLimitHeaders?, serverDate: Date?)
    /// The network failed. `sent: false` only when the call certainly did not reach Strava; it is then given back. `kind` (resolve, tls, ...)
    /// is shown to people.
    case networkFailed(sent: Bool, kind: String? = nil)
    /// The call was not made (cancelled before it was sent): given back.
    case notSent
    /// Strava may or may not have received it: it counts as spent.
    case unknown
}

/// Trouble that concerns the application as a whole, never one athlete or one object.
public enum ApplicationTrouble: String, Sendable, Codable, CaseIterable {
    /// 403 Application/Status/Inactive.
    case inactive
    /// 403 "Limit of connected athletes exceeded".
    case capacityExceeded = "capacity_exceeded"
    /// 401 on the application itself.
    case clientSecretWrong = "client_secret_wrong"
    /// 502 to 504, 520 to 527, 597, or an HTML page where JSON belongs.
    case maintenance
    /// JSON 5xx for several athletes in a row.
    case serverErrors = "server_errors"
    /// No answer, several times in a row.
    case network
}

extension CallOutcome {
    /// The outcome of a call that was answered with 200.
    public init(_ answer: StravaAnswer) {
        self = .answered(status: answer.status, rateLimit: answer.rateLimit, serverDate: answer.serverDate)
    }

    /// The outcome of a call that threw.
    public init(_ error: StravaError) {
        switch error.code {
        case .appInactive: self = .applicationTrouble(.inactive, rateLimit: error.rateLimit, serverDate: error.serverDate)
        case .capacityExceeded:
            self = .applicationTrouble(.capacityExceeded, rateLimit: error.rateLimit, serverDate: error.serverDate)
        case .clientSecretWrong:
            self = .applicationTrouble(.clientSecretWrong, rateLimit: error.rateLimit, serverDate: error.serverDate)
        case .maintenance: self = .applicationTrouble(.maintenance, rateLimit: error.rateLimit, serverDate: error.serverDate)
        case .rateLimited: self = .answered(status: 429, rateLimit: error.rateLimit, serverDate: error.serverDate)
        case .network: self = .networkFailed(sent: error.reachedStrava != .no, kind: error.transport?.code.rawValue)
        default:
            if let status = error.status {
                self = .answered(status: status, rateLimit: error.rateLimit, serverDate: error.serverDate)
            } else {
                self = error.reachedStrava == .no ? .notSent : .unknown
            }
        }
    }

    var rateLimit: RateLimitHeaders? {
        switch self {
        case .answered(_, let rateLimit, _), .applicationTrouble(_, let rateLimit, _): rateLimit
        case .networkFailed, .notSent, .unknown: nil
        }
    }

    var serverDate: Date? {
        switch self {
        case .answered(_, _, let date), .applicationTrouble(_, _, let date): date
        case .networkFailed, .notSent, .unknown: nil
        }
    }

    /// False only when the call certainly never reached Strava.
    var isSpent: Bool {
        switch self {
        case .notSent, .networkFailed(sent: false, _): false
        case .answered, .applicationTrouble, .networkFailed, .unknown: true
        }
    }

    var isAnswered: Bool {
        switch self {
        case .answered, .applicationTrouble: true
        case .networkFailed, .notSent, .unknown: false
        }
    }

    /// The kind of network failure, for people.
    var networkTrouble: String? {
        if case .networkFailed(_, let kind) = self { kind } else { nil }
    }

    package var isRateLimited: Bool {
        if case .answered(429, _, _) = self { true } else { false }
    }
}
