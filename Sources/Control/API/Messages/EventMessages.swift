import Foundation

/// One event of the stream `GET /v1/events`: something that happened. Which fields it has depends on `kind`.
public struct HappeningMessage: Codable, Sendable, Equatable {
    /// The most past happenings with which a stream can begin.
    public static let lastMax = 200

    /// The event's id: a stream that begins after it goes on without loss and without repetition.
    public let id: String
    public let at: Date
    /// `webhook` (an event of Strava's), `run` (the end of a turn) or `request` (a request for a change over the control socket).
    public let kind: String
    /// Absent: about no single athlete.
    public var athleteID: Int64?
    /// For `webhook`: `activity` or `athlete`, its number, and `create`, `update` or `delete`.
    public var objectType: String?
    public var objectID: Int64?
    public var aspect: String?
    /// For `run`: calls made to Strava, answers that landed, and how long it took.
    public var calls: Int?
    public var landed: Int?
    public var durationS: Double?
    public var error: String?
    /// For `request`: the account that asked, and what for (`pause_athlete`).
    public var user: String?
    public var action: String?
    public var refusal: String?
    /// For `run`: `done`, `more`, `stopped` or `failed`; for `request`: `done`, `refused` or `failed`, or `begun` (not ended
    /// within ten seconds).
    public var outcome: String?

    public init(id: String, at: Date, kind: String) {
        self.id = id
        self.at = at
        self.kind = kind
    }

    enum CodingKeys: String, CodingKey {
        case id, at, kind, aspect, calls, landed, error, user, action, refusal, outcome
        case athleteID = "athlete_id"
        case objectType = "object_type"
        case objectID = "object_id"
        case durationS = "duration_s"
    }
}
