import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Rebuilds, while readers read and answers land.
@Suite struct SilverRebuildTests {
    private static let streams = #"{"time":{"data":[0,1,5]},"heartrate":{"data":[100,null,140]}}"#

    private func land(_ bench: Bench, _ ids: ClosedRange<Int64>) async throws {
        try await bench.land(
            ids.flatMap {
                [answer(.activity, $0, #"{"name":"\#($0)","distance":1000,"moving_time":60}"#), answer(.streams, $0, Self.streams)]
            }, listed: ids.map { listed($0) })
    }

    /// Forty activities in silver, whose names are then overwritten: only a rebuild restores them.
    private func spoilt(_ bench: Bench) async throws {
        try await land(bench, 1...40)
        try await bench.transform()
        try await bench.database.query("UPDATE silver.activity SET name = 'old'")
    }

    private let names = """
        SELECT count(*) FILTER (WHERE name = 'old') AS old, count(*) FILTER (WHERE name = activity_id::text) AS new, count(*) AS all_rows
        FROM silver.activity
        """

    /// Locks an activity's row during `body`, so that a rebuild waits when it gets there.
    private func holding(_ activity: Int64, _ database: Database, _ body: () async throws -> Void) async throws {
        try await database.transaction { connection in
            try await connection.query("SELECT FROM silver.activity WHERE activity_id = \(activity) FOR UPDATE")
            try await body()
        }
    }

    private func waitUntilBlocked(_ bench: Bench) async throws {
        try await eventually("the rebuild waits for the row that is held") {
            try await bench.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", as: Int.self) > 0
        }
    }

    @Test func `readers see the old rows until all new ones are there, and live work goes on`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await spoilt(bench)
            let other = AthleteID(7)
            let lease = try await Bench.enrol(other, in: database)
            let rebuilding = Task { try await bench.rebuild(Bench.athlete) }
            try await holding(40, database) {
                try await waitUntilBlocked(bench)
                // the first part of the rows has been made, and no reader sees it
                #expect(try await bench.lines(names) == ["(40,0,40)"])
                try await land(bench, 41...41)
                let answers = [answer(.activity, 1, #"{"name":"other"}"#)]
                _ = try await bench.writer.commit(BronzeBatch(athleteID: other, lease: lease, answers: answers, listed: [listed(1)]))
                #expect(try await bench.transform() == 1, "the other athlete's work is done, the athlete's own waits")
                #expect(try await bench.lines("SELECT name FROM silver.activity WHERE athlete_id = 7") == ["(other)"])
                #expect(try await bench.lines("SELECT athlete_id, activity_id FROM sync.transform_work") == ["(134815,41)"])
            }
            #expect(try await rebuilding.value == 1)
            #expect(try await bench.lines(names) == ["(0,40,41)"])
            try await bench.transform()
            #expect(try await bench.lines(names) == ["(0,41,42)"])
        }
    }

    @Test func `a rebuild that is killed leaves the old rows, and is done at the next attempt`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await spoilt(bench)
            let rebuilding = Task { try await bench.rebuild() }
            try await holding(40, database) {
                try await waitUntilBlocked(bench)
                try await database.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                await #expect(throws: DatabaseError.self) { _ = try await rebuilding.value }
            }
            #expect(try await bench.lines(names) == ["(40,0,40)"])
            #expect(try await bench.lines("SELECT activities, error FROM sync.silver_rebuild WHERE finished_at IS NULL") == ["(,)"])
            #expect(try await bench.runner.rebuildOnce())
            #expect(try await bench.lines(names) == ["(0,40,40)"])
            #expect(try await bench.lines("SELECT activities, error FROM sync.silver_rebuild WHERE finished_at IS NOT NULL") == ["(40,)"])
            #expect(try await bench.runner.rebuildOnce() == false)
        }
    }

    @Test func `a dry run reports what would change, and changes nothing`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1...3)
            try await bench.transform()
            try await database.query("UPDATE silver.activity SET distance_m = 400 WHERE activity_id = 1")
            try await database.query("UPDATE silver.activity SET updated_at = '2020-01-01', transform_version = 0 WHERE activity_id = 2")
            try await database.query("DELETE FROM silver.activity_stream WHERE activity_id = 3")
            try await database.query(
                "INSERT INTO silver.activity (athlete_id, activity_id, distance_m, has_detail, transform_version) VALUES (\(Bench.athlete), 77, 50, false, 1)"
            )
            let rows =
                "SELECT activity_id, xmin::text FROM silver.activity UNION ALL SELECT -activity_id, xmin::text FROM silver.activity_stream ORDER BY 1"
            let before = try await bench.lines(rows)
            try await bench.rebuild(isDryRun: true)
            #expect(try await bench.lines(rows) == before)
            let tables = """
                SELECT t.* FROM sync.silver_rebuild CROSS JOIN LATERAL jsonb_to_recordset(report -> 'tables')
                    AS t("table" text, before int, after int, added int, changed int, removed int)
                WHERE is_dry_run AND t."table" IN ('activity', 'activity_stream', 'activity_metric') ORDER BY 1
                """
            let expected = ["(activity,4,3,0,1,1)", "(activity_metric,3,3,0,0,0)", "(activity_stream,2,3,1,0,0)"]
            #expect(try await bench.lines(tables) == expected)
            let figures = """
                SELECT f.* FROM sync.silver_rebuild CROSS JOIN LATERAL jsonb_to_recordset(report -> 'figures')
                    AS f(figure text, before float8, after float8)
                WHERE f.figure IN ('activities', 'distance_m', 'points', 'moving_time_s') ORDER BY 1
                """
            // 400 + 1000 + 1000 + 50 before, 3 · 1000 after; three points an activity
            #expect(
                try await bench.lines(figures) == ["(activities,4,3)", "(distance_m,2450,3000)", "(moving_time_s,180,180)", "(points,6,9)"])
            try await bench.rebuild()
            #expect(try await bench.lines(tables.replacing("WHERE is_dry_run", with: "WHERE NOT is_dry_run")) == expected)
            #expect(try await bench.lines("SELECT sum(distance_m) FROM silver.activity") == ["(3000)"])
        }
    }

    @Test func `unchanged arrays stay where they are on disk`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            var random = SeededRandom(seed: 1)
            let (times, beats) = ((0..<6000).map { "\($0)" }, (0..<6000).map { _ in "\(Int.random(in: 60...200, using: &random))" })
            let streams = #"{"time":{"data":[\#(times.joined(separator: ","))]},"heartrate":{"data":[\#(beats.joined(separator: ","))]}}"#
            try await bench.land([answer(.activity, 1, #"{"name":"a"}"#), answer(.streams, 1, streams)], listed: [listed(1)])
            try await bench.transform()
            let rows = """
                SELECT 'stream', xmin::text FROM silver.activity_stream UNION ALL SELECT 'rollup', xmin::text FROM silver.activity_rollup
                UNION ALL SELECT 'metric', xmin::text FROM silver.activity_metric ORDER BY 1
                """
            let toast = try await bench.value(
                "SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'silver.activity_stream'::regclass", as: String.self)
            let pieces = "SELECT DISTINCT chunk_id FROM \(toast) ORDER BY 1"
            let (before, stored) = (try await bench.lines(rows), try await bench.lines(pieces))
            #expect(before.count == 3 && stored.count == 2, "two arrays that have a place of their own")
            try await bench.rebuild()
            #expect(try await bench.lines(rows) == before, "nothing differs, so nothing was written")
            try await database.query("UPDATE silver.activity_stream SET transform_version = 0, heartrate_bpm[7] = 99")
            let spoilt = try await bench.lines(pieces)
            try await bench.rebuild()
            #expect(
                try await bench.lines("SELECT transform_version, heartrate_bpm[7] FROM silver.activity_stream")
                    == ["(\(TransformVersion.current),\(beats[6]))"])
            #expect(Set(try await bench.lines(pieces)).intersection(spoilt).count >= 1, "the times were not written again")
        }
    }

    @Test func `an activity on which the transform fails keeps its rows and is quarantined, and the rest is made again`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await spoilt(bench)
            try await database.query("ALTER TABLE silver.activity ADD CONSTRAINT no_12 CHECK (name <> '12')")
            try await bench.rebuild()
            #expect(try await bench.lines(names) == ["(1,39,40)"])
            #expect(try await bench.lines("SELECT endpoint, object_id, reason FROM sync.quarantine") == ["(silver,12,transform_failed)"])
        }
    }

    @Test func `a rebuild that fails says why and keeps all rows`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await spoilt(bench)
            try await database.query("ALTER TABLE silver.training_day RENAME TO training_day_away")
            try await bench.rebuild()
            #expect(try await bench.lines(names) == ["(40,0,40)"])
            let error = try await bench.value("SELECT error FROM sync.silver_rebuild WHERE finished_at IS NOT NULL", as: String.self)
            #expect(error.contains("training_day"))
        }
    }

    @Test func `the running service does the rebuilds that were asked for`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await spoilt(bench)
            let running = Task { try await bench.runner.run() }
            _ = try await RebuildDesk(database: database).request(nil, isDryRun: false, now: Bench.noon)
            try await eventually("the rows are made anew") { try await bench.lines(names) == ["(0,40,40)"] }
            running.cancel()
            try await running.value
        }
    }
}
