import Foundation

/// Body of `POST /v1/sync` and `POST /v1/athletes/{athlete_id}/sync`. `full` walks the whole list again.
public struct SyncRequest: Codable, Sendable, Equatable {
    /// The steps that may be asked for alone.
    public enum Step: String, Codable, Sendable, CaseIterable { case list, detail, streams }

    public let full: Bool
    /// These steps alone; absent: all. What is left out waits for the ordinary rhythm.
    public let only: [Step]?
    /// Of streams only these, by Strava's names, and their time; absent: all. Only together with the step streams.
    public let streams: [String]?

    public init(full: Bool, only: [Step]? = nil, streams: [String]? = nil) {
        self.full = full
        self.only = only
        self.streams = streams
    }
}

/// Answer to a sync request: how many athletes it reached, and since when it stands (the start of what `progress` watches).
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

/// Answer to a pause or its end. `changed` false: it was so already.
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

/// Body of `POST /v1/pause` and `POST /v1/athletes/{athlete_id}/pause`. `for_s` absent: until resumed.
public struct PauseRequest: Codable, Sendable, Equatable {
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

/// One line of `GET /v1/progress` and `GET /v1/athletes/{athlete_id}/progress`: sent on change and at least every five seconds.
public struct ProgressMessage: Codable, Sendable, Equatable {
    /// How the watched sync ended.
    public enum Outcome: String, Codable, Sendable {
        /// Every athlete's run ended and nothing is due.
        case done
        /// At least one athlete's run ended with an error, or the athlete must connect again.
        case failed
        /// Nobody works: the athletes are paused.
        case paused
    }

    public let at: Date
    /// Athletes that are watched, and how many of them are through.
    public let athletes: Int
    public let finished: Int
    public let working: Int
    public let activities: Int
    public let landed: Int
    /// Answers that are due now: pending, or failed with their next try reached.
    public let pending: Int
    public let waiting: WaitingMessage?
    /// Absent until the end; the last line has it.
    public let outcome: Outcome?
    public let error: String?

    public init(
        at: Date, athletes: Int, finished: Int, working: Int, activities: Int, landed: Int, pending: Int,
        waiting: WaitingMessage?, outcome: Outcome?, error: String?
    ) {
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

    /// Whether nothing has happened between the two.
    public func isSameExceptTime(_ other: ProgressMessage) -> Bool {
        athletes == other.athletes && finished == other.finished && working == other.working && activities == other.activities
            && landed == other.landed && pending == other.pending && waiting == other.waiting && outcome == other.outcome
            && error == other.error
    }
}
