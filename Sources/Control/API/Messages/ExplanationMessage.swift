import Foundation

/// `GET /v1/athletes/{athlete_id}/explanation`: what holds an athlete up, what is still to be done, and when.
public struct ExplanationMessage: Codable, Sendable, Equatable {
    /// One thing that holds the athlete up, or that it is at.
    public struct Blocker: Codable, Sendable, Equatable {
        /// `erasing`, `reconnect`, `everything_paused`, `paused`, `working`, `waiting_for_quota`, `backing_off`,
        /// `in_line` or `silver_stopped`.
        public let reason: String
        /// More of it: the pause's reason, the error, what the quota waits for.
        public let detail: String?
        public let until: Date?

        public init(reason: String, detail: String? = nil, until: Date? = nil) {
            self.reason = reason
            self.detail = detail
            self.until = until
        }
    }

    /// The athlete's place among those of its priority.
    public struct Line: Codable, Sendable, Equatable {
        /// `connect`, `live`, `incremental`, `repair` or `history`.
        public let priority: String
        /// How many of this priority are due before it; counted up to 100,000.
        public let ahead: Int
        /// Absent: not before something else happens.
        public let dueAt: Date?

        public init(priority: String, ahead: Int, dueAt: Date?) {
            self.priority = priority
            self.ahead = ahead
            self.dueAt = dueAt
        }

        enum CodingKeys: String, CodingKey {
            case priority, ahead
            case dueAt = "due_at"
        }
    }

    /// Activities of one endpoint, or objects of the athlete's own (profile, athlete_zones, gear), that are in one state for one reason.
    public struct Gap: Codable, Sendable, Equatable {
        public let endpoint: String
        public let state: String
        public let reason: String?
        public let count: Int
        /// When the first of them is tried again; absent: nothing tries it by itself, or nothing can be tried.
        public let nextTryAt: Date?
        /// How often the one that was tried most was tried; absent: never.
        public let attempts: Int?
        /// More of the reason, of what was set aside.
        public let detail: String?

        public init(
            endpoint: String, state: String, reason: String?, count: Int, nextTryAt: Date?, attempts: Int? = nil, detail: String? = nil
        ) {
            self.attempts = attempts
            self.detail = detail
            self.endpoint = endpoint
            self.state = state
            self.reason = reason
            self.count = count
            self.nextTryAt = nextTryAt
        }

        enum CodingKeys: String, CodingKey {
            case endpoint, state, reason, count, attempts, detail
            case nextTryAt = "next_try_at"
        }
    }

    /// How many gaps an answer names at most, the largest first.
    public static let gapsMax = 50

    public let athleteID: Int64
    public let at: Date
    /// Empty: nothing holds it up, it is due at `line.due_at`.
    public let blockers: [Blocker]
    public let calls: CallsMessage
    /// The list was never read to its end: the calls are a lower bound.
    public let historyIsUnknown: Bool
    public let line: Line
    public let endpoints: [EndpointCounts]
    /// What is not here, and why.
    public let gaps: [Gap]

    public init(
        athleteID: Int64, at: Date, blockers: [Blocker], calls: CallsMessage, historyIsUnknown: Bool, line: Line,
        endpoints: [EndpointCounts], gaps: [Gap]
    ) {
        self.athleteID = athleteID
        self.at = at
        self.blockers = blockers
        self.calls = calls
        self.historyIsUnknown = historyIsUnknown
        self.line = line
        self.endpoints = endpoints
        self.gaps = gaps
    }

    enum CodingKeys: String, CodingKey {
        case at, blockers, calls, line, endpoints, gaps
        case athleteID = "athlete_id"
        case historyIsUnknown = "history_is_unknown"
    }
}
