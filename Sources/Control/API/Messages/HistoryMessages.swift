import Foundation

/// `GET /v1/history` and `GET /v1/athletes/{athlete_id}/history`: a page of ended turns, the newest first.
public struct HistoryMessage: Codable, Sendable, Equatable {
    /// The largest page.
    public static let pageMax = 1_000

    /// One turn of an athlete's sync.
    public struct EndedTurn: Codable, Sendable, Equatable {
        public let runID: Int64
        public let athleteID: Int64
        /// `rhythm` (the regular schedule) or `request`.
        public let kind: String
        public let startedAt: Date
        public let finishedAt: Date
        public let durationS: Double
        /// Calls made to Strava.
        public let calls: Int
        /// Answers that landed.
        public let landed: Int
        /// `done`, `more` (the rest waits for the next turn), `stopped` or `failed`.
        public let outcome: String
        public let error: String?

        public init(
            runID: Int64, athleteID: Int64, kind: String, startedAt: Date, finishedAt: Date, calls: Int, landed: Int, outcome: String,
            error: String?
        ) {
            self.runID = runID
            self.athleteID = athleteID
            self.kind = kind
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            durationS = (finishedAt.timeIntervalSince(startedAt) * 1_000).rounded() / 1_000
            self.calls = calls
            self.landed = landed
            self.outcome = outcome
            self.error = error
        }

        enum CodingKeys: String, CodingKey {
            case kind, calls, landed, outcome, error
            case runID = "run_id"
            case athleteID = "athlete_id"
            case startedAt = "started_at"
            case finishedAt = "finished_at"
            case durationS = "duration_s"
        }
    }

    public let runs: [EndedTurn]
    /// The value of `before` for the next page; absent: this is the last one.
    public let nextBefore: Int64?

    public init(runs: [EndedTurn], nextBefore: Int64?) {
        self.runs = runs
        self.nextBefore = nextBefore
    }

    enum CodingKeys: String, CodingKey {
        case runs
        case nextBefore = "next_before"
    }
}
