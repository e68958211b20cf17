import Foundation

/// `GET /v1/athletes/{athlete_id}/erasure`: what an erasure of the athlete would delete.
public struct ErasurePlanMessage: Codable, Sendable, Equatable {
    public let athleteID: Int64
    public let uid: String?
    /// In all tables.
    public let rows: Int
    /// Tables with rows of the athlete, by name.
    public let tables: [ErasedTable]

    public init(athleteID: Int64, uid: String?, tables: [ErasedTable]) {
        self.athleteID = athleteID
        self.uid = uid
        self.tables = tables
        rows = tables.reduce(0) { $0 + $1.rows }
    }

    enum CodingKeys: String, CodingKey {
        case uid, rows, tables
        case athleteID = "athlete_id"
    }
}

/// Rows of one table.
public struct ErasedTable: Codable, Sendable, Equatable {
    /// With its schema, `silver.activity`.
    public let table: String
    public let rows: Int

    public init(table: String, rows: Int) {
        self.table = table
        self.rows = rows
    }
}

/// Response to `POST /v1/athletes/{athlete_id}/erasure`, and one of `GET /v1/erasures`: a receipt, without personal data.
public struct ErasureMessage: Codable, Sendable, Equatable {
    /// Random.
    public let erasureID: String
    /// Order of the receipts.
    public let erasureNo: Int64
    /// HMAC-SHA256 of the athlete under a key derived from the keyring's `key_id`, in hexadecimal digits.
    public let athleteTag: String
    public let keyID: String
    /// `operator`, `athlete`, `deauthorization` or `replay`.
    public let requestedBy: String
    public let requestedAt: Date
    /// When all rows were deleted; absent: not yet, it is finished in the background.
    public let erasedAt: Date?
    /// `pending`, `revoked`, `deauthorized`, `not_needed`, `unreadable`, `given_up` or `connected_again`.
    public let revocation: String
    public let revocationAt: Date?
    public let rows: Int
    public let tables: [ErasedTable]

    public init(
        erasureID: String, erasureNo: Int64, athleteTag: String, keyID: String, requestedBy: String, requestedAt: Date, erasedAt: Date?,
        revocation: String, revocationAt: Date?, tables: [ErasedTable]
    ) {
        self.erasureID = erasureID
        self.erasureNo = erasureNo
        self.athleteTag = athleteTag
        self.keyID = keyID
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.erasedAt = erasedAt
        self.revocation = revocation
        self.revocationAt = revocationAt
        self.tables = tables
        rows = tables.reduce(0) { $0 + $1.rows }
    }

    enum CodingKeys: String, CodingKey {
        case revocation, rows, tables
        case erasureID = "erasure_id"
        case erasureNo = "erasure_no"
        case athleteTag = "athlete_tag"
        case keyID = "key_id"
        case requestedBy = "requested_by"
        case requestedAt = "requested_at"
        case erasedAt = "erased_at"
        case revocationAt = "revocation_at"
    }
}

/// `GET /v1/erasures`: one page of receipts, oldest first.
public struct ErasuresMessage: Codable, Sendable, Equatable {
    /// The most receipts in a page.
    public static let pageMax = 200

    public let erasures: [ErasureMessage]
    /// The next page begins after this `erasure_no`; absent: this is the last page.
    public let nextAfter: Int64?

    public init(erasures: [ErasureMessage], nextAfter: Int64?) {
        self.erasures = erasures
        self.nextAfter = nextAfter
    }

    enum CodingKeys: String, CodingKey {
        case erasures
        case nextAfter = "next_after"
    }
}

/// Response to `POST /v1/erasures/replay`.
public struct ErasureReplayMessage: Codable, Sendable, Equatable {
    /// Athletes of the receipts, each counted once.
    public let receipts: Int
    /// Lines that are no receipts.
    public let bad: Int
    /// Athletes of receipts who were in the database.
    public let found: Int
    /// How many of them are erased by now; the others are finished in the background.
    public let erased: Int
    /// Receipts made with keys that the keyring lacks: nobody can tell whose they are.
    public let unmatchable: Int
    public let missingKeys: [String]

    public init(receipts: Int, bad: Int, found: Int, erased: Int, unmatchable: Int, missingKeys: [String]) {
        self.receipts = receipts
        self.bad = bad
        self.found = found
        self.erased = erased
        self.unmatchable = unmatchable
        self.missingKeys = missingKeys
    }

    enum CodingKeys: String, CodingKey {
        case receipts, bad, found, erased, unmatchable
        case missingKeys = "missing_keys"
    }
}
