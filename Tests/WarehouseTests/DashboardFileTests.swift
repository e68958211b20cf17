import Database
import Foundation
import TestKit
import Testing

/// What all files of `sql/dashboards` have in common: a header, a row in the README, a test, and that they read one athlete only.
@Suite struct DashboardFileTests {
    /// Values for the variables of the files that have more than an athlete and an activity.
    private static let variables = ["sport_family": "ride", "measure": "distance_km", "at_least": "1"]

    /// The rows of the README's table by file name: question and columns.
    private static func readme() throws -> [String: (question: String, columns: String)] {
        let text = try String(contentsOf: DashboardQuestions.folder.appending(path: "README.md"), encoding: .utf8)
        let rows = text.matches(of: #/\| (.*?) \| \[([a-z0-9_]+)\]\(([a-z0-9_]+)\.sql\) \| `(.*?)` \|/#)
        for row in rows { #expect(row.2 == row.3) }
        return Dictionary(uniqueKeysWithValues: rows.map { (String($0.2), (String($0.1), String($0.4))) })
    }

    @Test func `each file begins with question, input, output and what it reads`() throws {
        for name in try DashboardQuestions.names() {
            let text = try String(contentsOf: DashboardQuestions.folder.appending(path: "\(name).sql"), encoding: .utf8)
            let heads = text.matches(of: #/(?m)^-- ([A-Z][a-z]+):  ?/#).map { String($0.1) }
            #expect(heads == ["Question", "In", "Out", "Reads"], "\(name)")
            for line in text.split(separator: "\n") { #expect(line.count <= 140, "\(name): \(line)") }
            let code = text.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
            #expect(code.hasSuffix(";") && code.count(where: { $0 == ";" }) == 1, "\(name) is not one statement")
        }
    }

    @Test func `each file has a test`() throws {
        let folder = checkout.appending(path: "Tests/WarehouseTests")
        let tests = try ["RollupDashboardTests", "DashboardVolumeTests", "DashboardLoadTests", "DashboardEffortTests"]
            .map { try String(contentsOf: folder.appending(path: "\($0).swift"), encoding: .utf8) }.joined()
        for name in try DashboardQuestions.names() {
            #expect(tests.contains(#"question("\#(name)")"#) || tests.contains(#"ask("\#(name)""#), "\(name) has no test")
        }
    }

    @Test func `the README lists each file with the question of its header and the columns that it returns`() async throws {
        let listed = try Self.readme()
        #expect(try listed.keys.sorted() == DashboardQuestions.names())
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                for (name, row) in listed {
                    let text = try String(contentsOf: DashboardQuestions.folder.appending(path: "\(name).sql"), encoding: .utf8)
                    let asked = text.firstMatch(of: #/-- Question: ((?s).*?)\n-- In:/#)?.1.replacing(#/\n--\s+/#, with: " ")
                    #expect(asked?.lowercased() == row.question.lowercased(), "\(name)")
                    try await connection.execute(
                        "CREATE TEMP VIEW answer AS \(DashboardQuestions.statement(name, Self.variables))")
                    let columns = try await connection.query(
                        """
                        SELECT string_agg(attname::text, ', ' ORDER BY attnum) FROM pg_attribute
                        WHERE attrelid = 'answer'::regclass AND attnum > 0
                        """)[0].decode(String.self)
                    #expect(columns == row.columns, "\(name)")
                    let out = text.firstMatch(of: #/-- Out: ((?s).*?)\n-- Reads:/#)?.1 ?? ""
                    for column in columns.split(separator: ", ") { #expect(out.contains(column), "\(name) says nothing of \(column)") }
                    try await connection.execute("DROP VIEW answer")
                }
            }
        }
    }

    @Test func `the dashboards' role and a reader of one athlete may ask each question`() async throws {
        try await RolesFixture.with { fixture in
            let logins = [
                try await fixture.makeLogin("asker", in: "fitness_dashboard"), try await fixture.makeLogin("reader", athletes: [1]),
            ]
            for login in logins {
                try await fixture.connected(as: login) { connection in
                    for name in try DashboardQuestions.names() {
                        let statement = try DashboardQuestions.statement(name, athlete: 1, Self.variables)
                        await #expect(throws: Never.self, "\(name) as \(login)") { try await connection.execute(statement) }
                    }
                }
            }
        }
    }

    @Test func `a question about one athlete reads no other's rows, neither in a file nor in a view`() async throws {
        try await withTestDatabase { database in
            try await Self.fillWithStrangers(database)
            let views = try await database.query(
                """
                SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
                WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind = 'v' ORDER BY 1
                """
            ).map { try $0.decode(String.self) }
            #expect(views.contains("streak") && views.contains("power_curve"))
            var statements = try DashboardQuestions.names().map {
                ($0, try DashboardQuestions.statement($0, athlete: 1, Self.variables))
            }
            statements += views.map { ($0, "SELECT * FROM silver.\($0) WHERE athlete_id = 1") }
            try await database.withConnection { connection in
                for (name, statement) in statements {
                    // so that the counts of this transaction begin at 0
                    try await connection.execute("SELECT pg_stat_force_next_flush()")
                    try await connection.execute("BEGIN")
                    try await connection.execute(statement)
                    let read = try await connection.query(
                        """
                        SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_xact_user_tables
                        WHERE schemaname = 'silver' AND relname NOT LIKE '%quality_check'
                        """)[0].decode(Int64.self)
                    try await connection.execute("ROLLBACK")
                    // its own ten activities are read some times each, the strangers' 6,000 never
                    #expect(read < 3000, "\(name) reads \(read) rows")
                }
            }
        }
    }

    /// Athlete 1 with ten activities, and three strangers with 2,000 each.
    private static func fillWithStrangers(_ database: Database) async throws {
        try await database.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, 4);
                INSERT INTO silver.athlete (athlete_id) SELECT generate_series(1, 4);
                INSERT INTO silver.activity (
                    athlete_id, activity_id, sport_type, start_at, start_date_local, distance_m, moving_time_s, elevation_gain_m, gear_id,
                    has_detail, transform_version)
                SELECT a, n, 'Ride', at, at AT TIME ZONE 'UTC', 10000, 3600, 100, 'b1', false, 0
                FROM generate_series(1, 4) AS a CROSS JOIN LATERAL generate_series(1, CASE WHEN a = 1 THEN 10 ELSE 2000 END) AS n
                CROSS JOIN LATERAL (SELECT now() - n * interval '1 day' AS at) AS t;
                INSERT INTO silver.activity_metric (athlete_id, activity_id, recorded_s, heartrate_s, power_s)
                SELECT athlete_id, activity_id, 3600, 3600, 3600 FROM silver.activity;
                INSERT INTO silver.activity_rollup (athlete_id, activity_id, power_w, power_start_s, pace_time_s, pace_start_s, cell, cell_seconds)
                SELECT athlete_id, activity_id, '{300,290}', '{0,0}', '{90,180}', '{0,0}', '{1}', '{1}' FROM silver.activity;
                INSERT INTO silver.activity_zone (athlete_id, activity_id, metric, lower_bounds, seconds, is_default)
                SELECT athlete_id, activity_id, 'heartrate', '{0}', '{1}', true FROM silver.activity;
                INSERT INTO silver.gear_item (athlete_id, gear_id) SELECT a, 'b' || n FROM generate_series(1, 4) AS a, generate_series(1, 50) AS n
                WHERE a > 1 OR n = 1;
                INSERT INTO silver.quality_finding (athlete_id, activity_id, check_name, measured)
                SELECT athlete_id, activity_id, 'point_count', 1 FROM silver.activity;
                SELECT silver.refresh_training_day(a, 1::smallint) FROM generate_series(1, 4) AS a;
                ANALYZE;
                """)
        }
    }
}
