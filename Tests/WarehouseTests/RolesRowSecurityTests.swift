import Database
import TestKit
import Testing

/// Row-level security, tested as the reading roles.
@Suite struct RolesRowSecurityTests {
    @Test func `each role sees the rows it may see, in every table and every view`() async throws {
        try await RolesFixture.with { fixture in
            let one = try await fixture.makeLogin("one", athletes: [1])
            let both = try await fixture.makeLogin("both", athletes: [1, 2])
            let none = try await fixture.makeLogin("none", in: "fitness_athlete")
            let dashboard = try await fixture.makeLogin("dashboard", in: "fitness_dashboard")
            let daemon = try await fixture.makeLogin("daemon", in: "fitnessd")
            let tables = try await fixture.relations(["r", "p"])
            #expect(tables.contains("silver.activity_stream") && tables.contains("metrics.metrics"))
            for relation in try await fixture.relations(["r", "p", "v"]) {
                let all = try await fixture.owner.withConnection { try await RolesFixture.athletes(in: relation, on: $0) }
                if tables.contains(relation) { #expect(all == [1, 2], "\(relation)") }
                let rights: [(String, [Int64])] = [(one, [1]), (both, [1, 2]), (none, []), (dashboard, [1, 2]), (daemon, [1, 2])]
                for (role, mayRead) in rights {
                    let read = try await fixture.connected(as: role) { try await RolesFixture.athletes(in: relation, on: $0) }
                    #expect(read == all.filter { mayRead.contains($0) }, "\(role) in \(relation)")
                }
            }
        }
    }

    private static let settings = [
        "SET ROLE fitness_athlete", "SET row_security = on", "SELECT set_config('fitness.athlete_id', '2', false)",
        "SET fitness.athlete_id = '2'",
        "SET search_path = pg_temp, silver, sync", "SET application_name = 'fitnessd'", "SET default_transaction_read_only = off",
        "RESET ALL",
        "PREPARE mine AS SELECT 1 FROM silver.activity; EXECUTE mine; SET ROLE fitness_athlete", "BEGIN; SET LOCAL ROLE fitness_athlete",
    ]

    @Test func `no setting that a reader may change shows more`() async throws {
        try await RolesFixture.with { fixture in
            let one = try await fixture.makeLogin("one", athletes: [1])
            for attempt in Self.settings {
                let shown: [String] = try await fixture.connected(as: one) { try await leaks(to: $0, after: attempt) }
                #expect(shown == [], "after \(attempt)")
            }
        }
    }

    /// The relations that show rows of athlete 2 on this connection.
    private func leaks(to connection: Connection, after attempt: String) async throws -> [String] {
        try await connection.execute(attempt)
        var leaks: [String] = []
        for relation in ["silver.activity", "silver.aggregate_stream", "silver.freshness", "metrics.metrics"] {
            if try await RolesFixture.athletes(in: relation, on: connection).contains(2) { leaks.append(relation) }
        }
        let others: [SQL] = [
            "SELECT 1 FROM silver.activity WHERE athlete_id = 2",
            "SELECT 1 FROM silver.lap l JOIN silver.activity a ON a.athlete_id <> l.athlete_id",
            "SELECT 1 WHERE EXISTS (SELECT FROM silver.athlete WHERE athlete_id = 2)",
            "WITH a AS (SELECT * FROM silver.activity_stream) SELECT 1 FROM a WHERE athlete_id > 1",
            // A condition that fails on another athlete's row would reveal that row.
            "SELECT 1 FROM silver.activity WHERE 1 / (athlete_id - 2) > 0",
        ]
        for question in others where try await !connection.query(question).isEmpty { leaks.append(question.text) }
        return leaks
    }

    private static let refused = [
        "SET ROLE fitness_dashboard", "SET ROLE fitnessd", "SET ROLE fitness_owner", "SET SESSION AUTHORIZATION fitness_owner",
        "SET session_replication_role = replica", "SET row_security = off; SELECT * FROM silver.activity",
        "CREATE TEMPORARY TABLE mine ()", "CREATE TABLE silver.mine ()",
        "CREATE FUNCTION silver.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "INSERT INTO sync.reader_grant (athlete_id, role_name) VALUES (2, session_user)", "SELECT silver.grant_athlete(session_user, 2)",
        "SELECT silver.secure()", "SELECT * FROM sync.reader_grant", "SELECT * FROM sync.athlete", "SELECT * FROM bronze_strava.answer",
        "SELECT * FROM bronze_strava.latlng", "SELECT * FROM vault.token", "UPDATE silver.activity SET athlete_id = 1",
        "DELETE FROM silver.activity", "INSERT INTO silver.athlete (athlete_id) VALUES (3)",
        "ALTER TABLE silver.activity DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON silver.activity USING (true)", "GRANT fitness_dashboard TO fitness_athlete", "TRUNCATE silver.activity",
    ]

    @Test func `ways around the policies are closed to a reader`() async throws {
        try await RolesFixture.with { fixture in
            let one = try await fixture.makeLogin("one", athletes: [1])
            for attempt in Self.refused {
                let error = await #expect(throws: DatabaseError.self) {
                    try await fixture.connected(as: one) { try await $0.execute(attempt) }
                }
                #expect(error?.sqlState == "42501", "\(attempt): \(String(describing: error))")
            }
        }
    }

    @Test func `the daemon writes rows of every athlete, and no grants`() async throws {
        try await RolesFixture.with { fixture in
            let daemon = try await fixture.makeLogin("daemon", in: "fitnessd")
            try await fixture.connected(as: daemon) { connection in
                try await connection.execute(
                    """
                    INSERT INTO silver.athlete (athlete_id) VALUES (3) ON CONFLICT (athlete_id, source_id) DO UPDATE SET sex = 'F';
                    UPDATE silver.activity SET name = 'changed'; DELETE FROM silver.lap WHERE athlete_id = 2
                    """)
                let changed = try await connection.query("SELECT 1 FROM silver.activity WHERE name = 'changed'")
                #expect(changed.count == 2)
                let error = await #expect(throws: DatabaseError.self) {
                    try await connection.query("INSERT INTO sync.reader_grant (athlete_id, role_name) VALUES (1, 'fitnessd')")
                }
                #expect(error?.sqlState == "42501")
            }
        }
    }
}
