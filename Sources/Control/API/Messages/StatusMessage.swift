import Foundation

/// `GET /v1/status`: what the daemon holds, what it does and what it waits for.
public struct StatusMessage: Codable, Sendable, Equatable {
    /// Athletes by state. `paused` are active athletes that rest until a time or until resumed; `working` hold a lease now.
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

    /// Silver: points held, and activities that wait to be transformed with the age of the oldest.
    public struct Silver: Codable, Sendable, Equatable {
        public let points: Int64
        public let backlog: Int
        public let oldestAt: Date?
        /// Why nothing is transformed, while everything that is tried fails; absent: all goes well.
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

    /// Why silver stands still, and since when. It goes on by itself when that is mended.
    public struct Incident: Codable, Sendable, Equatable {
        public let reason: String
        public let since: Date

        public init(reason: String, since: Date) {
            self.reason = reason
            self.since = since
        }
    }

    /// Strava's events: `none` ever came; `healthy`; or `silent`: of the last day's new activities (`found`) too few were `announced`, and lists
    /// are looked at as often as without events.
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
    public let athletes: Athletes
    /// Activities that lists named and that are not gone.
    public let activities: Int
    public let endpoints: [EndpointCounts]
    public let silver: Silver
    public let quarantined: Int
    /// Checks that activities do not pass; empty: all pass all.
    public let quality: [QualityCount]
    public let events: Events
    public let quota: [QuotaWindowMessage]
    public let waiting: WaitingMessage?
    /// The pause of everything; absent when there is none.
    public let paused: PauseMessage?
    /// At most ten, newest first.
    public let lastErrors: [RunError]
    /// When athletes, activities, endpoints and silver were counted: large tables are counted less often than asked.
    public let countedAt: Date

    public init(
        version: String, startedAt: Date, uptimeS: Int, athletes: Athletes, activities: Int, endpoints: [EndpointCounts],
        silver: Silver, quarantined: Int, quality: [QualityCount], events: Events, quota: [QuotaWindowMessage],
        waiting: WaitingMessage?, paused: PauseMessage?,
        lastErrors: [RunError], countedAt: Date
    ) {
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
        self.lastErrors = lastErrors
        self.countedAt = countedAt
    }

    enum CodingKeys: String, CodingKey {
        case version, athletes, activities, endpoints, silver, quarantined, quality, events, quota, waiting, paused
        case startedAt = "started_at"
        case uptimeS = "uptime_s"
        case lastErrors = "last_errors"
        case countedAt = "counted_at"
    }
}
