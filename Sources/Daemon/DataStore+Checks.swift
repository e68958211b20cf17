import Core
import Database
import Foundation

/// What a database must be for the daemon to work on it.
extension DataStore {
    private static let versionMin = 15

    /// How far the server's clock is ahead of `now`, in seconds, to the time that the answer took.
    static func clockOffset_s(of database: Database, clock: WallClock = .system) async throws -> Double? {
        let asked = clock.now
        let rows = try await database.query("SELECT clock_timestamp()")
        let answered = clock.now
        let middle = asked.addingTimeInterval(answered.timeIntervalSince(asked) / 2)
        return try rows.first?.decode(Date.self).timeIntervalSince(middle)
    }

    func checkVersion() async throws {
        let rows = try await database.query("SELECT current_setting('server_version_num')::integer, current_setting('server_version')")
        guard let row = rows.first else { return }
        let (number, name) = try row.decode(Int32.self, String.self)
        guard Int(number) / 10_000 >= Self.versionMin else {
            throw DatabaseError(.statement, "the server is PostgreSQL \(name): fitnessd needs version \(Self.versionMin) or later")
        }
    }

    /// What this connection's role may not do and the daemon does, as one sentence; nil: it may do all of it.
    ///
    /// - Parameter pendingCount: migrations that are still to be applied, which need the rights of the owner.
    func missingRights(pendingCount: Int) async throws -> String? {
        if pendingCount > 0, let sentence = try await missingOwnership(pendingCount) { return sentence }
        let rows = try await database.query(
            """
            SELECT current_user::text, format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics') AND c.relkind IN ('r', 'p', 'v', 'S')
              AND (NOT has_schema_privilege(n.oid, 'USAGE') OR CASE
                WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE')
                WHEN c.relkind = 'v' OR (n.nspname, c.relname) = ('sync', 'reader_grant') THEN NOT has_table_privilege(c.oid, 'SELECT')
                ELSE NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) END)
            ORDER BY 2
            """
        ).map { try $0.decode(String.self, String.self) }
        guard let first = rows.first else { return nil }
        let more = rows.count > 1 ? " and \(rows.count - 1) more" : ""
        return
            "the role \(first.0) may not read and write \(first.1)\(more): run db/roles.sql again as a superuser, or grant it what it lacks"
    }

    private func missingOwnership(_ pendingCount: Int) async throws -> String? {
        let rows = try await database.query(
            """
            SELECT current_user::text, has_database_privilege(current_database(), 'CREATE') AND NOT EXISTS (
                SELECT FROM pg_namespace WHERE nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics')
                  AND NOT pg_has_role(nspowner, 'USAGE'))
            """)
        guard let row = rows.first else { return nil }
        let (role, isOwner) = try row.decode(String.self, Bool.self)
        if isOwner { return nil }
        return "\(pendingCount) migrations are to be applied, and the role \(role) may not do it: run `fitnessd migrate` as the owner first"
    }
}
