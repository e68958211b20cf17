import Database
import TestKit
import Testing

@testable import Warehouse

/// How silver's statements are planned on a server whose settings are not ours.
@Suite struct SilverPlanTests {
    @Test func `a batch looks up its activities and never reads the whole history, at PostgreSQL's own settings`() async throws {
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
        let ids = Array(Int64(1)...400)
        try await bench.land(ids.map { answer(.activitySummary, $0, Self.summary) }, listed: ids.map { listed($0) })
        try await bench.transform()
        try await database.query("ANALYZE")
        try await bench.land(ids.map { answer(.activity, $0, Self.summary) })
        try await bench.transform()
        try await eventually("the counts are there") {
            try await bench.value("SELECT n_tup_upd >= 400 FROM pg_stat_user_tables WHERE relid = 'silver.activity'::regclass")
        }
        let scanned = try await bench.lines(
            """
            SELECT relname, seq_scan FROM pg_stat_user_tables
            WHERE schemaname = 'silver' AND relname IN ('activity', 'activity_metric', 'activity_rollup', 'lap', 'split') AND seq_tup_read > 0
            """)
        #expect(scanned == [])
    }

    private static let summary = #"""
        {"name":"N","sport_type":"Run","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z","distance":1000,
         "moving_time":300,"elapsed_time":300,"average_heartrate":150}
        """#
}
