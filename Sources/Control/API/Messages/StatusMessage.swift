import Foundation

/// `GET /v1/status`: what the daemon holds, does and waits for.
public struct StatusMessage: Codable, Sendable, Equatable {
    /// Athletes by state. `paused` athletes would be active otherwise and are not counted as such; `working` ones hold a lease now.
    public struct Athletes: Codable, Sendable, Equatable {
        public let total: Int
        public let active: Int
        public let paused: Int
        public let reconnect: Int
        public let erasing: Int
        public let working: Int

        public init(total: Int, active: Int, paused: Int, reconnect: Int, erasing: Int, working: Int) {
            self.total = total
            self.active = active
            self.paused = paused
            self.reconnect = reconnect
            self.erasing = erasing
            self.working = working
        }
    }

    /// Silver: points stored, activities on the work list, and since when the oldest has been there.
    public struct Silver: Codable, Sendable, Equatable {
        public let points: Int64
        public let backlog: Int
        public let oldestAt: Date?
        /// Why the transform has stopped; absent: it has not.
        public let incident: Incident?

        public init(points: Int64, backlog: Int, oldestAt: Date?, incident: Incident? = nil) {
            self.points = points
            self.backlog = backlog
            self.oldestAt = oldestAt
            self.incident = incident
        }

        enum CodingKeys: String, CodingKey {
            case points, backlog, incident
            case oldestAt = "oldest_at"
        }
    }

    /// Why silver has stopped, and since when. It resumes by itself once the cause is removed.
    public struct Incident: Codable, Sendable, Equatable {
        public let reason: String
        public let since: Date

        public init(reason: String, since: Date) {
            self.reason = reason
            self.since = since
        }
    }

    /// Strava's events. `state` is `none` (no event ever), `healthy`, or `silent`: too few of the last day's new activities (`found`) were
    /// announced by events (`announced`), so that lists are polled as often as without events.
    public struct Events: Codable, Sendable, Equatable {
        public let state: String
        public let found: Int
        public let announced: Int
        public let lastEventAt: Date?

        public init(state: String, found: Int, announced: Int, lastEventAt: Date?) {
            self.state = state
            self.found = found
            self.announced = announced
            self.lastEventAt = lastEventAt
        }

        enum CodingKeys: String, CodingKey {
            case state, found, announced
            case lastEventAt = "last_event_at"
        }
    }

    /// A recent failure of an athlete's run.
    public struct RunError: Codable, Sendable, Equatable {
        public let athleteID: Int64
        public let error: String
        public let failures: Int
        public let at: Date?

        public init(athleteID: Int64, error: String, failures: Int, at: Date?) {
            self.athleteID = athleteID
            self.error = error
            self.failures = failures
            self.at = at
        }

        enum CodingKeys: String, CodingKey {
            case error, failures, at
            case athleteID = "athlete_id"
        }
    }

    public let version: String
    public let startedAt: Date
    /// Seconds since the daemon started.
    public let uptimeS: Int
    /// Nothing is known to need a person: `troubles` is empty.
    public let healthy: Bool
    /// What `doctor` finds not to be in order, as far as that takes a moment and asks nobody but PostgreSQL.
    public let troubles: [DoctorMessage.Check]
    public let athletes: Athletes
    /// Listed activities that are not gone.
    public let activities: Int
    public let endpoints: [EndpointCounts]
    public let silver: Silver
    public let quarantined: Int
    /// Checks that failed; empty: none.
    public let quality: [QualityCount]
    public let events: Events
    public let quota: [QuotaWindowMessage]
    public let waiting: WaitingMessage?
    /// The pause of all syncing; absent: none.
    public let paused: PauseMessage?
    /// What concerns the daemon as a whole, such as an upgrade of its database server; the oldest first.
    public let notices: [NoticeMessage]
    /// When all histories will be complete; absent: from a daemon that does not forecast.
    public let completion: CompletionMessage?
    /// Absent until it was measured.
    public let database: DatabaseSizeMessage?
    /// At most ten, newest first.
    public let lastErrors: [RunError]
    /// When athletes, activities, endpoints and silver were counted: large tables are counted less often than they are requested.
    public let countedAt: Date

    public init(
        version: String, startedAt: Date, uptimeS: Int, athletes: Athletes, activities: Int, endpoints: [EndpointCounts],
        silver: Silver, quarantined: Int, quality: [QualityCount], events: Events, quota: [QuotaWindowMessage],
        waiting: WaitingMessage?, paused: PauseMessage?, notices: [NoticeMessage] = [], completion: CompletionMessage? = nil,
        database: DatabaseSizeMessage? = nil, troubles: [DoctorMessage.Check] = [], lastErrors: [RunError], countedAt: Date
    ) {
        healthy = troubles.isEmpty
        self.troubles = troubles
        self.completion = completion
        self.database = database
        self.version = version
        self.startedAt = startedAt
        self.uptimeS = uptimeS
        self.athletes = athletes
        self.activities = activities
        self.endpoints = endpoints
        self.silver = silver
        self.quarantined = quarantined
        self.quality = quality
        self.events = events
        self.quota = quota
        self.waiting = waiting
        self.paused = paused
        self.notices = notices
        self.lastErrors = lastErrors
        self.countedAt = countedAt
    }

    enum CodingKeys: String, CodingKey {
        case version, healthy, troubles, athletes, activities, endpoints, silver, quarantined, quality, events, quota, waiting, paused
        case notices, completion, database
        case startedAt = "started_at"
        case uptimeS = "uptime_s"
        case lastErrors = "last_errors"
        case countedAt = "counted_at"
    }
}

/// What concerns the daemon as a whole, in a sentence for people. `code` is an open list.
public struct NoticeMessage: Codable, Sendable, Equatable {
    public let code: String
    public let text: String
    public let since: Date

    public init(code: String, text: String, since: Date) {
        self.code = code
        self.text = text
        self.since = since
    }
}

/// The number of activities in each state of the completeness ledger, for one endpoint (`summary`, `detail`, `streams`, `zones`).
public struct EndpointCounts: Codable, Sendable, Equatable {
    public let endpoint: String
    public let landed: Int
    public let pending: Int
    public let failed: Int
    /// Strava has no such data.
    public let empty: Int
    /// The athlete did not grant the scope.
    public let noScope: Int
    /// Deleted at Strava.
    public let gone: Int
    public let quarantined: Int
    /// Removed by retention.
    public let expired: Int

    public init(
        endpoint: String, landed: Int, pending: Int, failed: Int, empty: Int, noScope: Int, gone: Int, quarantined: Int, expired: Int = 0
    ) {
        self.endpoint = endpoint
        self.landed = landed
        self.pending = pending
        self.failed = failed
        self.empty = empty
        self.noScope = noScope
        self.gone = gone
        self.quarantined = quarantined
        self.expired = expired
    }

    enum CodingKeys: String, CodingKey {
        case endpoint, landed, pending, failed, empty, gone, quarantined, expired
        case noScope = "no_scope"
    }
}

/// How many activities, or athletes, fail a check of data quality; `silver.quality_check` in the database says what it measures.
public struct QualityCount: Codable, Sendable, Equatable {
    public let check: String
    public let activities: Int

    public init(check: String, activities: Int) {
        self.check = check
        self.activities = activities
    }
}
