import Foundation

/// One window of the application's quota at Strava, in calls.
public struct QuotaWindowMessage: Codable, Sendable, Equatable {
    /// `overall` or `read`.
    public let bucket: String
    /// `quarter_hour` or `day`.
    public let window: String
    public let limit: Int
    /// Calls of this installation that count in the window, unknown outcomes included.
    public let used: Int
    /// Calls that other users of the same application made, as far as the headers tell.
    public let foreign: Int
    /// Calls that are allowed but not answered yet.
    public let reserved: Int
    public let resetsAt: Date

    public init(bucket: String, window: String, limit: Int, used: Int, foreign: Int, reserved: Int, resetsAt: Date) {
        self.bucket = bucket
        self.window = window
        self.limit = limit
        self.used = used
        self.foreign = foreign
        self.reserved = reserved
        self.resetsAt = resetsAt
    }

    enum CodingKeys: String, CodingKey {
        case bucket, window, limit, used, foreign, reserved
        case resetsAt = "resets_at"
    }
}

/// What everything waits for.
public struct WaitingMessage: Codable, Sendable, Equatable {
    public let reason: String
    public let until: Date?

    public init(reason: String, until: Date?) {
        self.reason = reason
        self.until = until
    }
}

/// `GET /v1/limits`: the quota windows and who waits for them.
public struct LimitsMessage: Codable, Sendable, Equatable {
    /// Calls of one class that wait for their turn.
    public struct Queue: Codable, Sendable, Equatable {
        /// `connect`, `live`, `incremental`, `repair` or `history`.
        public let requestClass: String
        public let waiting: Int

        public init(requestClass: String, waiting: Int) {
            self.requestClass = requestClass
            self.waiting = waiting
        }

        enum CodingKeys: String, CodingKey {
            case waiting
            case requestClass = "class"
        }
    }

    public let windows: [QuotaWindowMessage]
    public let queues: [Queue]
    /// `closed` (calls go), `open` (Strava refuses the application for now) or `half_open` (one call tries).
    public let circuit: String
    public let waiting: WaitingMessage?

    public init(windows: [QuotaWindowMessage], queues: [Queue], circuit: String, waiting: WaitingMessage?) {
        self.windows = windows
        self.queues = queues
        self.circuit = circuit
        self.waiting = waiting
    }
}
