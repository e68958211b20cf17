import Core
import Database
import Foundation
import SyncStore

/// What admins request for the quarantine. Each call writes the request to PostgreSQL, then wakes the service that acts on it.
public struct QuarantineDesk: Sendable {
    /// Names an athlete's entry: its endpoint and its object's number, as `quarantine list` shows them.
    public struct EntryName: Sendable {
        public let endpoint: String
        public let objectID: Int64

        public init(endpoint: String, objectID: Int64) {
            self.endpoint = endpoint
            self.objectID = objectID
        }
    }

    /// The ledger's reason for entries that an admin dropped; they are not retried automatically.
    public static let droppedReason = "dropped by an admin"
    /// The most entries that one call retries.
    public static let entriesMax = 10_000

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// Retries one entry, or all of an athlete's, and resets their attempts. Returns the number of entries.
    ///
    /// A dropped entry may be named, too. An unreadable profile or list element stays in the quarantine until
    /// silver has read a new one.
    /// - Throws: `SyncError.notSetAside` if there is no such entry; `DatabaseError`.
    @discardableResult
    public func retry(_ athlete: AthleteID, _ name: EntryName? = nil) async throws -> Int {
        let now = clock.now
        return try await database.transaction { connection in
            let entries = try await entries(athlete, name, on: connection)
            if entries.isEmpty { throw notSetAside(athlete) }
            _ = try await connection.pipeline(QuarantineRetry(athlete: athlete, now: now).statements(entries))
            return entries.count
        }
    }

    /// The athletes, and roughly the entries, that one call of `retryAll` covers.
    private static let athletesPerCall = 100
    private static let entriesPerCall = 1_000

    /// Retries the entries of all athletes, a bounded part per call: of athletes after `after`, with this reason if one is given.
    ///
    /// - Returns: the number of entries, and the athlete after which to continue; nil: done.
    public func retryAll(reason: String?, after: AthleteID) async throws -> (entries: Int, nextAfter: AthleteID?) {
        let rows = try await database.query(
            """
            SELECT DISTINCT athlete_id FROM sync.quarantine WHERE athlete_id > \(after) AND (\(reason)::text IS NULL OR reason = \(reason))
            ORDER BY athlete_id LIMIT \(Self.athletesPerCall)
            """)
        var count = 0
        for row in rows {
            let athlete = try row.decode(AthleteID.self)
            count += try await retryAll(of: athlete, reason: reason)
            if count >= Self.entriesPerCall { return (count, athlete) }
        }
        let last = try rows.last?.decode(AthleteID.self)
        return (count, rows.count < Self.athletesPerCall ? nil : last)
    }

    private func retryAll(of athlete: AthleteID, reason: String?) async throws -> Int {
        let now = clock.now
        var count = 0
        var last = QuarantineRetry.Entry(endpoint: "", objectID: Int64.min, reason: "")
        while true {
            let after = last
            let part = try await database.transaction { connection in
                let rows = try await connection.query(
                    """
                    SELECT endpoint, object_id, reason FROM sync.quarantine
                    WHERE athlete_id = \(athlete) AND (endpoint, object_id) > (\(after.endpoint), \(after.objectID))
                      AND (\(reason)::text IS NULL OR reason = \(reason))
                    ORDER BY 1, 2 LIMIT \(Self.entriesPerCall)
                    """)
                let entries = try rows.map(Self.entry)
                if !entries.isEmpty { _ = try await connection.pipeline(QuarantineRetry(athlete: athlete, now: now).statements(entries)) }
                return entries
            }
            count += part.count
            guard part.count == Self.entriesPerCall, let end = part.last else { return count }
            last = end
        }
    }

    private static func entry(_ row: Row) throws -> QuarantineRetry.Entry {
        let (endpoint, object, reason) = try row.decode(String.self, Int64.self, String.self)
        return QuarantineRetry.Entry(endpoint: endpoint, objectID: object, reason: reason)
    }

    /// Drops one entry: it leaves the quarantine, and the ledger says that an admin dropped it.
    ///
    /// If Strava lists another version of the activity, that version is fetched.
    /// - Throws: `SyncError.notSetAside`; `DatabaseError`.
    public func drop(_ athlete: AthleteID, _ name: EntryName) async throws {
        let now = clock.now
        try await database.transaction { connection in
            let key = QuarantineKey(athlete, name.endpoint, name.objectID)
            let rows = try await connection.pipeline([
                CompletenessTable.drop(key, reason: Self.droppedReason, now: now), QuarantineTable.remove([key], of: .any),
            ])
            if rows[1].affected == 0 { throw notSetAside(athlete) }
        }
    }

    /// The entries are not locked here: rows of other tables come before them.
    private func entries(_ athlete: AthleteID, _ name: EntryName?, on connection: Connection) async throws -> [QuarantineRetry.Entry] {
        let rows = try await connection.query(
            """
            SELECT endpoint, object_id, reason FROM sync.quarantine
            WHERE athlete_id = \(athlete) AND (\(name?.endpoint)::text IS NULL OR endpoint = \(name?.endpoint))
              AND (\(name?.objectID)::bigint IS NULL OR object_id = \(name?.objectID))
            UNION
            SELECT endpoint, activity_id, reason FROM sync.completeness
            WHERE athlete_id = \(athlete) AND activity_id = \(name?.objectID) AND endpoint = \(name?.endpoint)
              AND state = 'quarantined' AND reason = \(Self.droppedReason)
            ORDER BY 1, 2 LIMIT \(Self.entriesMax)
            """)
        return try rows.map(Self.entry)
    }

    private func notSetAside(_ athlete: AthleteID) -> SyncError {
        SyncError(.notSetAside, "nothing of that name is set aside for athlete \(athlete): see fitnessctl quarantine list")
    }
}
