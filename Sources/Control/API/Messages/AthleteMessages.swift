import Foundation

/// `GET /v1/athletes/{athlete_id}`: one athlete with state, schedule and completeness.
public struct AthleteMessage: Codable, Sendable, Equatable {
    /// The athlete's row of the schedule.
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
    /// The application's own name for the person.
    public let uid: String?
    /// `active`, `reconnect` (the grant is dead: the athlete has to connect again) or `erasing`.
    public let state: String
    public let stateReason: String?
    public let scope: [String]
    public let paused: PauseMessage?
    public let connectedAt: Date
    public let schedule: Schedule
    /// Listed activities that are not gone.
    public let activities: Int
    public let endpoints: [EndpointCounts]
    /// Start of the newest listed activity.
    public let newestStartAt: Date?
    /// When a walk last reached the end of the list.
    public let historyCompleteAt: Date?
    /// Checks that failed; empty: none.
    public let quality: [QualityCount]
    /// Uids that the athlete lost or exchanged, the newest first; empty: none.
    public let uidMoves: [UIDMoveMessage]

    public init(
        athleteID: Int64, uid: String?, state: String, stateReason: String?, scope: [String], paused: PauseMessage?,
        connectedAt: Date, schedule: Schedule, activities: Int, endpoints: [EndpointCounts], newestStartAt: Date?,
        historyCompleteAt: Date?, quality: [QualityCount], uidMoves: [UIDMoveMessage] = []
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
        self.uidMoves = uidMoves
    }

    enum CodingKeys: String, CodingKey {
        case uid, state, scope, paused, schedule, activities, endpoints, quality
        case athleteID = "athlete_id"
        case stateReason = "state_reason"
        case connectedAt = "connected_at"
        case newestStartAt = "newest_start_at"
        case historyCompleteAt = "history_complete_at"
        case uidMoves = "uid_moves"
    }
}

/// `GET /v1/athletes`: one page of athletes, in order of their numbers.
public struct AthletesMessage: Codable, Sendable, Equatable {
    /// The largest page.
    public static let pageMax = 1_000

    public let athletes: [AthleteMessage]
    /// The value of `after` for the next page; absent: this is the last one.
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

/// A uid that an athlete lost, or exchanged for another.
public struct UIDMoveMessage: Codable, Sendable, Equatable {
    /// The most that are shown of one athlete, the newest first.
    public static let shownMax = 10

    public let at: Date
    public let from: String
    /// Absent: the athlete has none since, because another athlete got it.
    public let to: String?
    /// `connect`: a person agreed to it in a browser; `import`: an admin's import did it.
    public let by: String

    public init(at: Date, from: String, to: String?, by: String) {
        self.at = at
        self.from = from
        self.to = to
        self.by = by
    }
}

/// Body of `POST /v1/connect`.
public struct ConnectRequest: Codable, Sendable, Equatable {
    /// How long a link may be valid, in seconds: a minute to a quarter of a year.
    public static let forRange_s = 60...90 * 86_400

    /// The application's own name for the person.
    public let uid: String
    /// How long the link is valid, in seconds; nil: seven days.
    public let forS: Int?

    public init(uid: String, forS: Int? = nil) {
        self.uid = uid
        self.forS = forS
    }

    enum CodingKeys: String, CodingKey {
        case uid
        case forS = "for_s"
    }
}

/// Response of `POST /v1/connect`: the link that the person opens in a browser to connect with Strava, once. Who has it can connect as the uid.
public struct ConnectMessage: Codable, Sendable, Equatable {
    public let url: String
    public let expiresAt: Date

    public init(url: String, expiresAt: Date) {
        self.url = url
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case url
        case expiresAt = "expires_at"
    }
}
