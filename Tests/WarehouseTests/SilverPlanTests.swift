import Database
import TestKit
import Testing

@testable import Warehouse

/// How silver's statements are planned on a server with settings of its own.
@Suite struct SilverPlanTests {
    @Test func `a batch looks up its activities and never reads the whole history, with PostgreSQL's default settings`() async throws {
        try await withTestDatabaseURL { url in
            let setter = Database(url: url, connectionsMax: 1, logger: quietLogger)
            for setting in ["random_page_cost = 4", "jit = on"] {
                try await setter.query("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \(raw: setting)', current_database()); END $$")
            }
            await setter.close()
            let database = Database(url: url, logger: quietLogger)
            let result: Result<Void, any Error>
            do { result = .success(try await expectNoScan(database)) } catch { result = .failure(error) }
            await database.close()
            try result.get()
        }
    }

    private func expectNoScan(_ database: Database) async throws {
        #expect(try await database.query("SELECT current_setting('jit')")[0].decode(String.self) == "off")
        let bench = try await Bench(database)
        // A long history that no ANALYZE has seen.
        try await database.query("INSERT INTO silver.athlete (athlete_id, source_id) VALUES (\(Bench.athlete), 1)")
        try await database.query(
            """
            INSERT INTO silver.activity (athlete_id, source_id, activity_id, start_at, start_date_local, has_detail, transform_version)
            SELECT \(Bench.athlete), 1, 1000 + n, at, at AT TIME ZONE 'UTC', false, 0
            FROM generate_series(1, 5000) AS n CROSS JOIN LATERAL (SELECT '2020-01-01Z'::timestamptz + n * interval '6 hours' AS at) AS t
            """)
        let before = try await reads(bench)
        let ids = Array(Int64(1)...96)
        try await bench.land(ids.map { answer(.activitySummary, $0, Self.summary) }, listed: ids.map { listed($0) })
        #expect(try await bench.transform() == 96, "without streams there is nothing to estimate")
        try await eventually("the counts are there") {
            try await bench.value("SELECT n_tup_ins >= 5096 FROM pg_stat_user_tables WHERE relid = 'silver.activity'::regclass")
        }
        let after = try await reads(bench)
        #expect(after.scans - before.scans <= 4, "the days are summed up once, when all has landed; no batch of three reads the history")
        #expect(after.fetched - before.fetched < 90_000, "96 activities are looked up some fifteen times each")
    }

    private func reads(_ bench: Bench) async throws -> (scans: Int64, fetched: Int64) {
        let rows = try await bench.database.query(
            "SELECT seq_scan, idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 'silver.activity'::regclass")
        return try rows[0].decode(Int64.self, Int64.self)
    }

    private static let summary = #"""
        {"name":"N","sport_type":"Run","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z","distance":1000,
         "moving_time":300,"elapsed_time":300,"average_heartrate":150}
        """#
}
