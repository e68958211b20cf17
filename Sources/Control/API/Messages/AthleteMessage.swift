import Foundation

/// A rest that an admin ordered. `until` absent: until resumed.
public struct PauseMessage: Codable, Sendable, Equatable {
    public let until: Date?
    public let reason: String?

    public init(until: Date?, reason: String?) {
        self.until = until
        self.reason = reason
    }
}

/// One athlete: who, in which state, how far, what next. `GET /v1/athletes/{athlete_id}`.
public struct AthleteMessage: Codable, Sendable, Equatable {
    /// The athlete's turn in the schedule.
    public struct Schedule: Codable, Sendable, Equatable {
        public let dueAt: Date?
        public let working: Bool
        public let lastStartedAt: Date?
        public let lastFinishedAt: Date?
        public let lastError: String?
        /// Failed runs in a row.
        public let failures: Int

        public init(dueAt: Date?, working: Bool, lastStartedAt: Date?, lastFinishedAt: Date?, lastError: String?, failures: Int) {
            self.dueAt = dueAt
            self.working = working
            self.lastStartedAt = lastStartedAt
            self.lastFinishedAt = lastFinishedAt
            self.lastError = lastError
            self.failures = failures
        }

        enum CodingKeys: String, CodingKey {
            case working, failures
            case dueAt = "due_at"
            case lastStartedAt = "last_started_at"
            case lastFinishedAt = "last_finished_at"
            case lastError = "last_error"
        }
    }

    public let athleteID: Int64
    /// The application's own name for this person.
    public let uid: String?
    /// `active`, `reconnect` (the grant is dead: connect again) or `erasing`.
    public let state: String
    public let stateReason: String?
    public let scope: [String]
    public let paused: PauseMessage?
    public let connectedAt: Date
    public let schedule: Schedule
    /// Activities that lists named and that are not gone.
    public let activities: Int
    public let endpoints: [EndpointCounts]
    /// Newest start among the listed activities.
    public let newestStartAt: Date?
    /// When the walk over the whole history last came to its end.
    public let historyCompleteAt: Date?
    /// Checks that activities do not pass; empty: all pass all.
    public let quality: [QualityCount]

    public init(
        athleteID: Int64, uid: String?, state: String, stateReason: String?, scope: [String], paused: PauseMessage?,
        connectedAt: Date, schedule: Schedule, activities: Int, endpoints: [EndpointCounts], newestStartAt: Date?,
        historyCompleteAt: Date?, quality: [QualityCount]
    ) {
        self.athleteID = athleteID
        self.uid = uid
        self.state = state
        self.stateReason = stateReason
        self.scope = scope
        self.paused = paused
        self.connectedAt = connectedAt
        self.schedule = schedule
        self.activities = activities
        self.endpoints = endpoints
        self.newestStartAt = newestStartAt
        self.historyCompleteAt = historyCompleteAt
        self.quality = quality
    }

    enum CodingKeys: String, CodingKey {
        case uid, state, scope, paused, schedule, activities, endpoints, quality
        case athleteID = "athlete_id"
        case stateReason = "state_reason"
        case connectedAt = "connected_at"
        case newestStartAt = "newest_start_at"
        case historyCompleteAt = "history_complete_at"
    }
}

/// `GET /v1/athletes`: one page of athletes, by number.
public struct AthletesMessage: Codable, Sendable, Equatable {
    /// The largest page.
    public static let pageMax = 1_000

    public let athletes: [AthleteMessage]
    /// Ask again with `after` set to this; absent: this was the last page.
    public let nextAfter: Int64?

    public init(athletes: [AthleteMessage], nextAfter: Int64?) {
        self.athletes = athletes
        self.nextAfter = nextAfter
    }

    enum CodingKeys: String, CodingKey {
        case athletes
        case nextAfter = "next_after"
    }
}
