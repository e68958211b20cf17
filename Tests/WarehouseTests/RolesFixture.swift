import Database
import Foundation
import Migrations
import TestKit

/// A database with the roles, two athletes (1 and 2) that have a row in every table, and logins that are dropped with it.
struct RolesFixture {
    let owner: Database
    private let url: String
    private let prefix: String

    /// Made as db/README.md describes: roles, migrations, roles again.
    ///
    /// - Parameter keepsConstraints: for tests of the catalogue: the tables stay empty, and their constraints unchanged.
    static func with(
        keepsConstraints: Bool = false, _ body: (RolesFixture) async throws -> Void
    ) async throws {
        try await withTestDatabaseURL(isMigrated: false) { url in
            let owner = Database(url: url, logger: quietLogger)
            let name = url[url.index(after: url.lastIndex(of: "/")!)...]
            let fixture = RolesFixture(owner: owner, url: url, prefix: "\(name)_")
            let result: Result<Void, any Error>
            do {
                try await makeRoles(in: owner)
                _ = try await Migrator(directory: checkout, database: owner, logger: quietLogger).migrate()
                try await makeRoles(in: owner)
                if !keepsConstraints { try await fixture.fill() }
                result = .success(try await body(fixture))
            } catch { result = .failure(error) }
            try await fixture.dropLogins()
            await owner.close()
            try result.get()
        }
    }

    /// Makes a login, and grants it these athletes.
    func makeLogin(_ name: String, athletes: [Int64] = [], in group: String? = nil) async throws -> String {
        let role = prefix + name
        try await owner.query("CREATE ROLE \(raw: role) LOGIN \(raw: group.map { "IN ROLE \($0)" } ?? "")")
        for athlete in athletes { try await owner.query("SELECT silver.grant_athlete(\(role), \(athlete))") }
        return role
    }

    /// Connects as `role`.
    func connected<Answer>(as role: String, _ body: (Connection) async throws -> Answer) async throws -> Answer {
        let start = url.range(of: "://")!.upperBound
        let database = Database(url: url.replacingCharacters(in: start..<url.firstIndex(of: "@")!, with: role), connectionsMax: 1)
        let result: Result<Answer, any Error>
        do { result = .success(try await database.withConnection { try await body($0) }) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    /// Tables and views that have an athlete_id, in these schemas.
    func relations(_ kinds: [String], in schemas: [String] = ["silver", "metrics"]) async throws -> [String] {
        try await owner.query(
            """
            SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
            WHERE n.nspname = ANY (\(schemas)) AND c.relkind::text = ANY (\(kinds)) ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
    }

    static func athletes(in relation: String, on connection: Connection) async throws -> [Int64] {
        try await connection.query("SELECT DISTINCT athlete_id FROM \(raw: relation) ORDER BY 1").map { try $0.decode(Int64.self) }
    }

    private func dropLogins() async throws {
        let logins = try await owner.query("SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, \(prefix))")
        for login in try logins.map({ try $0.decode(String.self) }) {
            try await owner.query("DROP OWNED BY \(raw: login)")
            try await owner.query("DROP ROLE \(raw: login)")
        }
    }

    /// One row for each athlete in each table, whatever its columns: constraints are dropped, and each type has one value.
    private func fill() async throws {
        try await owner.withConnection { try await $0.execute(Self.fillScript) }
    }

    private static let fillScript = """
        DO $$
        DECLARE target record;
        BEGIN
            INSERT INTO sync.athlete (athlete_id) VALUES (1), (2);
            FOR target IN SELECT conrelid::regclass AS name, conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
                WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND contype IN ('c', 'f')
                  AND conparentid = 0 LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target.name, target.conname);
            END LOOP;
            FOR target IN
                SELECT a.attrelid::regclass AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns,
                       string_agg(CASE WHEN a.attname = 'athlete_id' THEN 'athlete' ELSE format('%L::%s',
                           CASE WHEN y.oid = 'bytea'::regtype THEN '\\x01' WHEN y.typelem = 'bool'::regtype THEN '{t,t}'
                                WHEN y.typcategory = 'A' THEN '{1,1}' WHEN y.typcategory = 'D' THEN '2026-01-02'
                                WHEN y.typname LIKE 'json%' THEN '{}' ELSE '1' END, format_type(y.oid, NULL)) END, ', ' ORDER BY a.attnum) AS row
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_type y ON y.oid = a.atttypid
                WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
                  AND a.attidentity = '' AND a.attgenerated = ''
                GROUP BY a.attrelid HAVING bool_or(a.attname = 'athlete_id')
            LOOP
                EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM generate_series(1, 2) AS athlete', target.name, target.columns, target.row);
            END LOOP;
        END
        $$
        """
}
