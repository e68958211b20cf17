import Foundation

/// `GET /v1/quarantine`: answers and activities set aside, newest first. Bodies are not in it.
public struct QuarantineMessage: Codable, Sendable, Equatable {
    /// How many entries an answer holds at most; `total` counts them all.
    public static let entriesMax = 500

    /// One thing set aside.
    public struct Entry: Codable, Sendable, Equatable {
        public let athleteID: Int64
        public let endpoint: String
        public let objectID: Int64
        public let reason: String
        public let detail: String?
        public let attempts: Int
        public let firstAt: Date
        public let lastAt: Date
        public let bodyBytes: Int

        public init(
            athleteID: Int64, endpoint: String, objectID: Int64, reason: String, detail: String?, attempts: Int, firstAt: Date,
            lastAt: Date, bodyBytes: Int
        ) {
            self.athleteID = athleteID
            self.endpoint = endpoint
            self.objectID = objectID
            self.reason = reason
            self.detail = detail
            self.attempts = attempts
            self.firstAt = firstAt
            self.lastAt = lastAt
            self.bodyBytes = bodyBytes
        }

        enum CodingKeys: String, CodingKey {
            case endpoint, reason, detail, attempts
            case athleteID = "athlete_id"
            case objectID = "object_id"
            case firstAt = "first_at"
            case lastAt = "last_at"
            case bodyBytes = "body_bytes"
        }
    }

    public let total: Int
    public let entries: [Entry]

    public init(total: Int, entries: [Entry]) {
        self.total = total
        self.entries = entries
    }
}
