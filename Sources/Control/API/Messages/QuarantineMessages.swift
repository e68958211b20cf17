import Foundation

/// `GET /v1/quarantine`: the entries of the quarantine, newest first, without bodies.
public struct QuarantineMessage: Codable, Sendable, Equatable {
    /// The most entries in a message; `total` counts all.
    public static let entriesMax = 500

    /// An answer or activity that could not be used.
    public struct QuarantinedObject: Codable, Sendable, Equatable {
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
    public let entries: [QuarantinedObject]

    public init(total: Int, entries: [QuarantinedObject]) {
        self.total = total
        self.entries = entries
    }
}

/// `GET /v1/quarantine/entry`: one entry with its row of the completeness ledger, without its body.
public struct QuarantineEntryMessage: Codable, Sendable, Equatable {
    /// A row of the completeness ledger.
    public struct LedgerRow: Codable, Sendable, Equatable {
        public let state: String
        public let reason: String?
        public let attempts: Int
        public let nextTryAt: Date?
        /// When the activity started.
        public let startAt: Date

        public init(state: String, reason: String?, attempts: Int, nextTryAt: Date?, startAt: Date) {
            self.state = state
            self.reason = reason
            self.attempts = attempts
            self.nextTryAt = nextTryAt
            self.startAt = startAt
        }

        enum CodingKeys: String, CodingKey {
            case state, reason, attempts
            case nextTryAt = "next_try_at"
            case startAt = "start_at"
        }
    }

    public let entry: QuarantineMessage.QuarantinedObject
    /// Absent for an entry without such a row: a list, a failed transform, a list element without a readable number.
    public let ledger: LedgerRow?
    /// What a retry does: `fetch`, `transform`, `walk` or `look_again`.
    public let remedy: String

    public init(entry: QuarantineMessage.QuarantinedObject, ledger: LedgerRow?, remedy: String) {
        self.entry = entry
        self.ledger = ledger
        self.remedy = remedy
    }
}

/// Body of `POST /v1/quarantine/retry` and `POST /v1/quarantine/drop`: one entry or, for a retry, all of an athlete's.
public struct QuarantineSelection: Codable, Sendable, Equatable {
    public let athleteID: Int64
    /// Together with `object_id` names one entry; both absent: all of the athlete's.
    public let endpoint: String?
    public let objectID: Int64?

    public init(athleteID: Int64, endpoint: String?, objectID: Int64?) {
        self.athleteID = athleteID
        self.endpoint = endpoint
        self.objectID = objectID
    }

    enum CodingKeys: String, CodingKey {
        case endpoint
        case athleteID = "athlete_id"
        case objectID = "object_id"
    }
}

/// Body of `POST /v1/quarantine/retry_all`: the entries of all athletes, in parts.
public struct QuarantineRetryAll: Codable, Sendable, Equatable {
    /// Only entries with this reason; absent: all.
    public let reason: String?
    /// Only athletes with a higher number: `next_after` of the previous response.
    public let after: Int64?

    public init(reason: String?, after: Int64? = nil) {
        self.reason = reason
        self.after = after
    }
}

/// Response to a retry or a drop: the number of entries concerned.
public struct QuarantineDoneMessage: Codable, Sendable, Equatable {
    public let entries: Int
    public let requestedAt: Date
    /// For `retry_all`: continue after this athlete; absent: all are done.
    public let nextAfter: Int64?

    public init(entries: Int, requestedAt: Date, nextAfter: Int64? = nil) {
        self.entries = entries
        self.requestedAt = requestedAt
        self.nextAfter = nextAfter
    }

    enum CodingKeys: String, CodingKey {
        case entries
        case requestedAt = "requested_at"
        case nextAfter = "next_after"
    }
}
