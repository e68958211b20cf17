import Foundation

/// One window of the application's quota at Strava, in calls.
public struct QuotaWindowMessage: Codable, Sendable, Equatable {
    /// `quarter_hour` (from :00, :15, :30, :45) or `day` (UTC).
    public let window: String
    /// The smaller of the overall and the read limit: all our calls are reads.
    public let limit: Int
    public let overallLimit: Int
    /// Absent until an answer has named one.
    public let readLimit: Int?
    /// Calls counted as used: this daemon's, other instances', foreign ones, and those with an unknown outcome.
    public let used: Int
    /// Calls made by others with the same application, as far as Strava's headers show.
    public let foreign: Int
    /// Calls in flight.
    public let reserved: Int
    /// Free calls that are kept for urgent ones now; absent: from an older daemon.
    public let kept: Int?
    /// Strava refused a call in this window (429): no more calls until it ends.
    public let exhausted: Bool
    public let resetsAt: Date

    public init(
        window: String, limit: Int, overallLimit: Int, readLimit: Int?, used: Int, foreign: Int, reserved: Int, kept: Int? = nil,
        exhausted: Bool, resetsAt: Date
    ) {
        self.window = window
        self.limit = limit
        self.overallLimit = overallLimit
        self.readLimit = readLimit
        self.used = used
        self.foreign = foreign
        self.reserved = reserved
        self.kept = kept
        self.exhausted = exhausted
        self.resetsAt = resetsAt
    }

    enum CodingKeys: String, CodingKey {
        case window, limit, used, foreign, reserved, kept, exhausted
        case overallLimit = "overall_limit"
        case readLimit = "read_limit"
        case resetsAt = "resets_at"
    }
}

/// Why a call to Strava waits, in words for people.
public enum WaitingReason {
    /// - Parameter word: the reason; one that is not known here is shown as it is, with control characters removed.
    /// - Returns: a clause without a capital and a full stop.
    public static func clause(_ word: String) -> String { clauses[word] ?? PlainText.unknownWord(word) }

    private static let clauses = [
        "ledger": "no answer from the quota ledger in PostgreSQL yet",
        "window_edge": "a quota window is about to end",
        "scouting": "the first call of the window has to show how much is left",
        "answers": "the calls in flight may use up what is left",
        "quarter_spent": "the quota of this quarter hour is used up",
        "day_spent": "the quota of today is used up",
        "reserve": "the rest of the quota is reserved for urgent calls",
        "day_pace": "slowed down so that the daily quota lasts until 00:00 UTC",
        "limits_in_doubt": "the limits that Strava reports can't be right",
        "restored": "the database was restored, and one answer has to show what was spent of the quota since the backup",
        "rate_limited": "Strava refused a call (429)",
        "circuit_open": "calls are stopped because Strava or the application is in trouble",
        "circuit_probing": "one call is testing whether the trouble is over",
    ]
}

/// Why the next call to Strava has to wait.
public struct WaitingMessage: Codable, Sendable, Equatable {
    /// A snake_case word of an open list, for example `quarter_spent`.
    public let reason: String
    /// Absent if that depends on a call in flight.
    public let until: Date?

    public init(reason: String, until: Date?) {
        self.reason = reason
        self.until = until
    }
}

/// `GET /v1/limits`: the quota windows and the calls waiting for them.
public struct LimitsMessage: Codable, Sendable, Equatable {
    /// Calls of one request class: waiting now, and permitted since the daemon started.
    public struct ClassQueue: Codable, Sendable, Equatable {
        /// `connect`, `live`, `incremental`, `repair` or `history`.
        public let requestClass: String
        public let waiting: Int
        public let granted: Int

        public init(requestClass: String, waiting: Int, granted: Int) {
            self.requestClass = requestClass
            self.waiting = waiting
            self.granted = granted
        }

        enum CodingKeys: String, CodingKey {
            case waiting, granted
            case requestClass = "class"
        }
    }

    /// The switch that stops all calls while Strava or the application as a whole is in trouble.
    public struct CircuitStatus: Codable, Sendable, Equatable {
        /// `closed` (calls are made), `open` (none before `until`) or `probing` (one call tests Strava).
        public let state: String
        public let reason: String?
        public let until: Date?

        public init(state: String, reason: String?, until: Date?) {
            self.state = state
            self.reason = reason
            self.until = until
        }
    }

    public let windows: [QuotaWindowMessage]
    public let queues: [ClassQueue]
    public let circuit: CircuitStatus
    public let waiting: WaitingMessage?

    public init(windows: [QuotaWindowMessage], queues: [ClassQueue], circuit: CircuitStatus, waiting: WaitingMessage?) {
        self.windows = windows
        self.queues = queues
        self.circuit = circuit
        self.waiting = waiting
    }
}
