import Foundation

/// `GET /v1/athletes/{athlete_id}/explanation`: what blocks an athlete, what is missing, and what happens next.
public struct ExplanationMessage: Codable, Sendable, Equatable {
    /// A reason why nothing is being fetched, or `working`.
    public struct Blocker: Codable, Sendable, Equatable {
        /// One of `erasing`, `reconnect`, `working`, `working_elsewhere` (another fitnessd on this database), `waiting_for_quota`,
        /// `backing_off` and `in_line`, or one or both of `everything_paused` and `paused`; and beside it `refresh_unanswered` and
        /// `silver_stopped`.
        public let reason: String
        /// The pause's reason, the last error, or the reason why the quota makes calls wait, also those of athletes ahead in the queue.
        public let detail: String?
        public let until: Date?
        /// For a pause: the account that made it, by name or else number.
        public let by: String?
        /// For a pause: when it was made.
        public let at: Date?

        public init(reason: String, detail: String? = nil, until: Date? = nil, by: String? = nil, at: Date? = nil) {
            self.reason = reason
            self.detail = detail
            self.until = until
            self.by = by
            self.at = at
        }
    }

    /// The athlete's position among those of its priority.
    public struct QueuePosition: Codable, Sendable, Equatable {
        /// `connect`, `live`, `incremental`, `repair` or `history`.
        public let priority: String
        /// Athletes of this priority due earlier; counted up to 100,000.
        public let ahead: Int
        /// Absent: not scheduled.
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

    /// Activities of one endpoint, or own objects (profile, athlete_zones, athlete_stats, gear), in one state for one reason.
    public struct Gap: Codable, Sendable, Equatable {
        public let endpoint: String
        public let state: String
        public let reason: String?
        public let count: Int
        /// When the first of them is tried again; absent: none is tried automatically, or none can be.
        public let nextTryAt: Date?
        /// The highest number of tries among them; absent: none was tried.
        public let attempts: Int?
        /// Details of the reason, for quarantined ones.
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

    /// The most gaps in a message; the largest come first.
    public static let gapsMax = 50

    public let athleteID: Int64
    public let at: Date
    /// Empty: nothing blocks the athlete, it is due at `line.due_at`.
    public let blockers: [Blocker]
    public let calls: CallsMessage
    /// The list was never read to its end: `calls` is a lower bound.
    public let historyIsUnknown: Bool
    public let line: QueuePosition
    /// Absent: from a daemon that does not forecast.
    public let completion: CompletionMessage?
    /// Entries of the athlete in the quarantine, as `fitnessctl quarantine list` counts them; absent: from an older daemon.
    public let quarantined: Int?
    public let endpoints: [EndpointCounts]
    /// Missing data and the reasons.
    public let gaps: [Gap]
    /// Uids that the athlete lost or exchanged, the newest first; empty: none.
    public let uidMoves: [UIDMoveMessage]

    public init(
        athleteID: Int64, at: Date, blockers: [Blocker], calls: CallsMessage, historyIsUnknown: Bool, line: QueuePosition,
        completion: CompletionMessage? = nil, quarantined: Int? = nil, endpoints: [EndpointCounts], gaps: [Gap], uidMoves: [UIDMoveMessage]
    ) {
        self.completion = completion
        self.quarantined = quarantined
        self.athleteID = athleteID
        self.at = at
        self.blockers = blockers
        self.calls = calls
        self.historyIsUnknown = historyIsUnknown
        self.line = line
        self.endpoints = endpoints
        self.gaps = gaps
        self.uidMoves = uidMoves
    }

    enum CodingKeys: String, CodingKey {
        case at, blockers, calls, line, completion, quarantined, endpoints, gaps
        case athleteID = "athlete_id"
        case historyIsUnknown = "history_is_unknown"
        case uidMoves = "uid_moves"
    }
}

/// Calls to Strava still to be made, as far as the ledger knows.
public struct CallsMessage: Codable, Sendable, Equatable {
    public let list: Int
    /// Own objects: profile, zones, stats and gear.
    public let profile: Int
    public let detail: Int
    public let streams: Int
    /// Strava's zones of activities; absent: from a daemon that does not know them.
    public let activityZones: Int?
    public let total: Int

    public init(list: Int, profile: Int, detail: Int, streams: Int, activityZones: Int = 0) {
        self.activityZones = activityZones
        self.list = list
        self.profile = profile
        self.detail = detail
        self.streams = streams
        total = list + profile + detail + streams + activityZones
    }

    enum CodingKeys: String, CodingKey {
        case list, profile, detail, streams, total
        case activityZones = "activity_zones"
    }
}

/// `GET /v1/price` and `GET /v1/athletes/{athlete_id}/price`: what a sync would cost. Nothing is changed.
public struct PriceMessage: Codable, Sendable, Equatable {
    /// Athletes that would be synced: those with a grant.
    public let athletes: Int
    public let calls: CallsMessage
    /// Athletes whose list was never read to its end. Their unlisted activities are not counted: the price is a lower bound.
    public let unknownHistories: Int
    /// Estimated seconds until the sync would be done if nobody new comes, at today's limits and load; a lower bound with `unknownHistories`.
    /// Absent: it can't be said.
    public let durationS: Int?
    /// When that is; absent: it can't be said, see `unknownBecause`.
    public let completesAt: Date?
    /// As in `CompletionMessage`.
    public let unknownBecause: String?
    /// Calls made by the regular schedule in the last 24 hours.
    public let ordinaryCallsPerDay: Int
    /// The daily limit, in calls, and what is left of it today.
    public let dayLimit: Int
    public let dayLeft: Int

    public init(
        athletes: Int, calls: CallsMessage, unknownHistories: Int, durationS: Int?, completesAt: Date?, unknownBecause: String?,
        ordinaryCallsPerDay: Int, dayLimit: Int, dayLeft: Int
    ) {
        self.completesAt = completesAt
        self.unknownBecause = unknownBecause
        self.athletes = athletes
        self.calls = calls
        self.unknownHistories = unknownHistories
        self.durationS = durationS
        self.ordinaryCallsPerDay = ordinaryCallsPerDay
        self.dayLimit = dayLimit
        self.dayLeft = dayLeft
    }

    enum CodingKeys: String, CodingKey {
        case athletes, calls
        case unknownHistories = "unknown_histories"
        case durationS = "duration_s"
        case completesAt = "completes_at"
        case unknownBecause = "unknown_because"
        case ordinaryCallsPerDay = "ordinary_calls_per_day"
        case dayLimit = "day_limit"
        case dayLeft = "day_left"
    }
}
