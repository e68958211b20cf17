import Foundation

/// Body of `POST /v1/sync` and `POST /v1/athletes/{athlete_id}/sync`. `full`: walk the whole list again.
public struct SyncRequestBody: Codable, Sendable, Equatable {
    /// Steps that can be requested on their own.
    public enum Step: String, Codable, Sendable, CaseIterable { case list, detail, streams }
    /// What is fetched of activities of the past. Recent ones always get both, detail and streams.
    public enum History: String, Codable, Sendable, CaseIterable {
        case full
        case streamsFirst = "streams-first"
        case streamsOnly = "streams-only"
    }

    public let full: Bool
    /// Only these steps; absent: all. The others follow the regular schedule.
    public let only: [Step]?
    /// Only these streams, by Strava's names, and `time`; absent: all. Requires the step `streams`.
    public let streams: [String]?
    /// Absent: as the daemon is set (`FITNESSD_HISTORY`).
    public let history: History?

    public init(full: Bool, only: [Step]? = nil, streams: [String]? = nil, history: History? = nil) {
        self.history = history
        self.full = full
        self.only = only
        self.streams = streams
    }
}

/// Response to a request for a sync or a rebuild: the number of athletes it concerns, and its time, from which `progress` counts.
public struct AcceptedMessage: Codable, Sendable, Equatable {
    public let athletes: Int
    public let requestedAt: Date

    public init(athletes: Int, requestedAt: Date) {
        self.athletes = athletes
        self.requestedAt = requestedAt
    }

    enum CodingKeys: String, CodingKey {
        case athletes
        case requestedAt = "requested_at"
    }
}

/// Response to a pause or a resume. `changed` is false if nothing had to be changed.
public struct ChangedMessage: Codable, Sendable, Equatable {
    public let changed: Bool
    public let requestedAt: Date

    public init(changed: Bool, requestedAt: Date) {
        self.changed = changed
        self.requestedAt = requestedAt
    }

    enum CodingKeys: String, CodingKey {
        case changed
        case requestedAt = "requested_at"
    }
}

/// Response to `POST /v1/athletes/{athlete_id}/retry`: what was cleared, so that it is tried again now.
public struct RetryMessage: Codable, Sendable, Equatable {
    public let athleteID: Int64
    /// Turns that had failed in a row.
    public let failures: Int
    /// Answers about activities, and own objects (profile, zones, stats, gear), that had failed.
    public let answers: Int
    public let objects: Int
    /// The athlete's pause: it is tried when the pause ends.
    public let paused: PauseMessage?
    /// Entries of the athlete's in the quarantine, which stay there.
    public let quarantined: Int
    public let requestedAt: Date

    public init(
        athleteID: Int64, failures: Int, answers: Int, objects: Int, paused: PauseMessage?, quarantined: Int, requestedAt: Date
    ) {
        self.athleteID = athleteID
        self.failures = failures
        self.answers = answers
        self.objects = objects
        self.paused = paused
        self.quarantined = quarantined
        self.requestedAt = requestedAt
    }

    enum CodingKeys: String, CodingKey {
        case failures, answers, objects, paused, quarantined
        case athleteID = "athlete_id"
        case requestedAt = "requested_at"
    }
}

/// A pause of one athlete or of all syncing. `until` absent: until resumed.
public struct PauseMessage: Codable, Sendable, Equatable {
    public let until: Date?
    public let reason: String?
    /// The account that paused it, by name or else number; absent: unknown.
    public let by: String?
    /// When it was paused; absent: unknown.
    public let at: Date?

    public init(until: Date?, reason: String?, by: String? = nil, at: Date? = nil) {
        self.until = until
        self.reason = reason
        self.by = by
        self.at = at
    }
}

/// Body of `POST /v1/pause` and `POST /v1/athletes/{athlete_id}/pause`. `for_s`: seconds; absent: until resumed.
public struct PauseRequest: Codable, Sendable, Equatable {
    /// The longest pause with an end, in seconds: a leap year.
    public static let forMax_s = 366 * 86_400

    public let forS: Int?
    public let reason: String?

    public init(forS: Int?, reason: String?) {
        self.forS = forS
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case reason
        case forS = "for_s"
    }
}

/// One line of `GET /v1/progress` and `GET /v1/athletes/{athlete_id}/progress`: sent on each change and at least every five seconds.
public struct ProgressMessage: Codable, Sendable, Equatable {
    /// How the sync ended.
    public enum SyncOutcome: String, Codable, Sendable {
        /// Every athlete's turn ended and nothing is due.
        case done
        /// At least one athlete's turn ended with an error, or the athlete has to connect again.
        case failed
        /// The athletes that are not done are paused.
        case paused
    }

    public let at: Date
    /// Athletes concerned, and how many of them are done or failed.
    public let athletes: Int
    public let finished: Int
    public let working: Int
    public let activities: Int
    public let landed: Int
    /// Answers to fetch now: pending, or failed with their next try due.
    public let pending: Int
    public let waiting: WaitingMessage?
    /// PostgreSQL can't be reached now, so that the figures are those of before. Absent: it can.
    public let isStale: Bool?
    /// Absent except in the last line.
    public let outcome: SyncOutcome?
    public let error: String?

    public init(
        at: Date, athletes: Int, finished: Int, working: Int, activities: Int, landed: Int, pending: Int,
        waiting: WaitingMessage?, isStale: Bool? = nil, outcome: SyncOutcome?, error: String?
    ) {
        self.isStale = isStale
        self.at = at
        self.athletes = athletes
        self.finished = finished
        self.working = working
        self.activities = activities
        self.landed = landed
        self.pending = pending
        self.waiting = waiting
        self.outcome = outcome
        self.error = error
    }

    /// Whether the two differ in their time at most.
    public func isSameExceptTime(_ other: ProgressMessage) -> Bool {
        athletes == other.athletes && finished == other.finished && working == other.working && activities == other.activities
            && landed == other.landed && pending == other.pending && waiting == other.waiting && isStale == other.isStale
            && outcome == other.outcome && error == other.error
    }

    /// The same figures at a time when they could not be read.
    public func stale(at: Date) -> ProgressMessage {
        ProgressMessage(
            at: at, athletes: athletes, finished: finished, working: working, activities: activities, landed: landed, pending: pending,
            waiting: nil, isStale: true, outcome: nil, error: nil)
    }

    enum CodingKeys: String, CodingKey {
        case at, athletes, finished, working, activities, landed, pending, waiting, outcome, error
        case isStale = "is_stale"
    }
}
