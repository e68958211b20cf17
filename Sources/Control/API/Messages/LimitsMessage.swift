import Foundation

/// One window of the application's quota at Strava, in calls.
public struct QuotaWindowMessage: Codable, Sendable, Equatable {
    /// `quarter_hour` (from :00, :15, :30, :45) or `day` (UTC).
    public let window: String
    /// The smaller of the overall and the read limit: all our calls are reads.
    public let limit: Int
    public let overallLimit: Int
    /// Absent until an answer named one.
    public let readLimit: Int?
    /// Calls that count as used: ours, other instances', foreign ones; an unknown outcome counts.
    public let used: Int
    /// Calls that others made with the same application, as far as the headers tell.
    public let foreign: Int
    /// Calls under way.
    public let reserved: Int
    /// Strava refused a call in this window (429): nothing goes before it ends.
    public let exhausted: Bool
    public let resetsAt: Date

    public init(
        window: String, limit: Int, overallLimit: Int, readLimit: Int?, used: Int, foreign: Int, reserved: Int, exhausted: Bool,
        resetsAt: Date
    ) {
        self.window = window
        self.limit = limit
        self.overallLimit = overallLimit
        self.readLimit = readLimit
        self.used = used
        self.foreign = foreign
        self.reserved = reserved
        self.exhausted = exhausted
        self.resetsAt = resetsAt
    }

    enum CodingKeys: String, CodingKey {
        case window, limit, used, foreign, reserved, exhausted
        case overallLimit = "overall_limit"
        case readLimit = "read_limit"
        case resetsAt = "resets_at"
    }
}

/// What the next call to Strava waits for.
public struct WaitingMessage: Codable, Sendable, Equatable {
    /// A snake_case word, for example `quarter_spent`.
    public let reason: String
    /// Absent when it depends on a call under way.
    public let until: Date?

    public init(reason: String, until: Date?) {
        self.reason = reason
        self.until = until
    }
}

/// `GET /v1/limits`: the quota windows and who waits for them.
public struct LimitsMessage: Codable, Sendable, Equatable {
    /// Calls of one class: how many wait, how many were allowed since the daemon started.
    public struct Queue: Codable, Sendable, Equatable {
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

    /// The breaker between the daemon and Strava, for trouble of the whole application.
    public struct Circuit: Codable, Sendable, Equatable {
        /// `closed` (calls go), `open` (none go before `until`) or `probing` (one call tries).
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
    public let queues: [Queue]
    public let circuit: Circuit
    public let waiting: WaitingMessage?

    public init(windows: [QuotaWindowMessage], queues: [Queue], circuit: Circuit, waiting: WaitingMessage?) {
        self.windows = windows
        self.queues = queues
        self.circuit = circuit
        self.waiting = waiting
    }
}
