import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

@Suite struct SilverRunnerTests {
    private static func streams(_ first: Int) -> String {
        #"{"time":{"data":[0,1,5],"series_type":"distance","original_size":3,"resolution":"high"},"heartrate":{"data":[\#(first),null,140]}}"#
    }

    private func landTwo(_ bench: Bench) async throws {
        try await bench.land(
            [1, 2].flatMap { [answer(.activity, $0, #"{"name":"\#($0)"}"#), answer(.streams, $0, Self.streams(100 + Int($0)))] },
            listed: [listed(1), listed(2)])
    }

    private let versions = """
        SELECT a.activity_id, a.xmin::text AS activity, s.xmin::text AS streams
        FROM silver.activity a LEFT JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id) ORDER BY 1
        """

    @Test(arguments: [SilverFeed.bytesMaxDefault, 0])
    func `streams become arrays, from memory or from bronze`(feedBytesMax: Int) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database, feedBytesMax: feedBytesMax)
            try await landTwo(bench)
            #expect(bench.feed.bytes > 0 || feedBytesMax == 0)
            #expect(try await bench.transform() == 2)
            let query = """
                SELECT activity_id, point_count, original_size, series_type, resolution, time_s, heartrate_bpm, distance_m, latitude_e6
                FROM silver.activity_stream ORDER BY activity_id
                """
            #expect(
                try await bench.lines(query) == [
                    #"(1,3,3,distance,high,"{0,1,5}","{101,NULL,140}",,)"#, #"(2,3,3,distance,high,"{0,1,5}","{102,NULL,140}",,)"#,
                ])
            #expect(bench.feed.bytes == 0)
        }
    }

    @Test func `every stream has its column and its unit`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let all = #"""
                {"time":{"data":[0,1]},"distance":{"data":[2.9,12345.3]},"latlng":{"data":[[52.123456,-13.000001],[-90,180]]},"altitude":{"data":[-5.8,30]},
                 "velocity_smooth":{"data":[0.0,3.14]},"heartrate":{"data":[60,70.0]},"cadence":{"data":[0,85]},"watts":{"data":[0,40000]},
                 "temp":{"data":[-3,14]},"moving":{"data":[false,true]},"grade_smooth":{"data":[-1.2,0]}}
                """#
            try await bench.land([answer(.activity, 1, "{}"), answer(.streams, 1, all)], listed: [listed(1)])
            try await bench.transform()
            let query = """
                SELECT time_s, distance_m, latitude_e6, longitude_e6, altitude_m, velocity_mps, heartrate_bpm, cadence_rpm, power_w,
                       temperature_c, moving, grade_percent FROM silver.activity_stream
                """
            #expect(
                try await bench.lines(query) == [
                    #"("{0,1}","{2.9,12345.3}","{52123456,-90000000}","{-13000001,180000000}","{-5.8,30}","{0,3.14}","{60,70}","{0,85}","{0,NULL}","{-3,14}","{f,t}","{-1.2,0}")"#
                ])
        }
    }

    @Test func `the same bytes landed again leave silver untouched`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await landTwo(bench)
            try await bench.transform()
            let before = try await bench.lines(versions)
            try await landTwo(bench)
            #expect(try await bench.transform() == 0)
            #expect(try await bench.lines(versions) == before)
        }
    }

    @Test func `a changed answer replaces that activity only`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await landTwo(bench)
            try await bench.transform()
            let before = try await bench.lines(versions)
            try await bench.land([answer(.streams, 2, Self.streams(150), at: Bench.noon + 9)])
            #expect(try await bench.transform() == 1)
            let after = try await bench.lines(versions)
            #expect(after[0] == before[0])
            #expect(after[1] != before[1])
            #expect(
                try await bench.lines("SELECT heartrate_bpm FROM silver.activity_stream WHERE activity_id = 2") == [#"("{150,NULL,140}")"#])
        }
    }

    @Test func `streams that land before their activity wait for it`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.streams, 1, Self.streams(99))])
            #expect(try await bench.transform() == 1)
            #expect(try await bench.lines(versions) == [])
            try await bench.land([answer(.activitySummary, 1, "{}")])
            #expect(try await bench.transform() == 1)
            #expect(try await bench.value("SELECT point_count FROM silver.activity_stream", as: Int.self) == 3)
        }
    }

    @Test func `an unreadable answer is quarantined, and the rest of its batch goes on`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await landTwo(bench)
            try await bench.land(
                [
                    answer(.activitySummary, 3, #"{"name":"three"}"#), answer(.activity, 3, "<html>"),
                    answer(.streams, 3, #"{"time":{"data":[0,"#),
                    answer(.activity, 4, #"{"name":tru}"#),
                ], listed: [listed(3), listed(4)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT name FROM silver.activity ORDER BY activity_id") == ["(1)", "(2)", "(three)"])
            #expect(
                try await bench.lines("SELECT object_id, endpoint, reason FROM sync.quarantine ORDER BY 1, 2")
                    == ["(3,detail,unreadable_answer)", "(3,streams,unreadable_answer)", "(4,detail,unreadable_answer)"])
            #expect(
                try await bench.lines("SELECT activity_id, endpoint FROM sync.completeness WHERE state = 'quarantined' ORDER BY 1, 2")
                    == ["(3,detail)", "(3,streams)", "(4,detail)"])
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 0)

            let mended = [
                answer(.activity, 3, #"{"name":"3"}"#, at: Bench.noon + 1), answer(.streams, 3, Self.streams(90), at: Bench.noon + 1),
            ]
            try await bench.land(mended)
            try await bench.transform()
            #expect(try await bench.lines("SELECT object_id FROM sync.quarantine") == ["(4)"])
            #expect(try await bench.lines("SELECT name FROM silver.activity WHERE activity_id = 3") == ["(3)"])
            #expect(
                try await bench.lines("SELECT activity_id, endpoint FROM sync.completeness WHERE state = 'quarantined'") == ["(4,detail)"])
        }
    }

    @Test func `an activity on which the transform fails is quarantined alone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await database.query("ALTER TABLE silver.activity ADD CONSTRAINT no_2 CHECK (activity_id <> 2)")
            try await landTwo(bench)
            try await bench.land([answer(.activity, 3, "{}")], listed: [listed(3)])
            #expect(try await bench.transform() == 4, "the three, and the athlete's sums, which may have waited for the one that failed")
            #expect(try await bench.lines("SELECT activity_id FROM silver.activity ORDER BY 1") == ["(1)", "(3)"])
            #expect(
                try await bench.lines("SELECT endpoint, object_id, reason FROM sync.quarantine") == ["(silver,2,transform_failed)"])

            try await database.query("ALTER TABLE silver.activity DROP CONSTRAINT no_2")
            try await bench.rebuild(Bench.athlete)
            try await bench.transform()
            #expect(try await bench.lines("SELECT activity_id FROM silver.activity ORDER BY 1") == ["(1)", "(2)", "(3)"])
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }

    @Test func `a rebuild makes the same rows from bronze, and removes those that bronze does not have`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await landTwo(bench)
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"firstname":"A"}"#)])
            try await bench.transform()
            let content = """
                SELECT a.activity_id, a.name, a.transform_version, s.point_count, s.heartrate_bpm, s.transform_version AS streams_version,
                       t.first_name FROM silver.activity a
                LEFT JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id) LEFT JOIN silver.athlete t USING (athlete_id, source_id)
                ORDER BY 1
                """
            let before = try await bench.lines(content)
            try await database.query("UPDATE silver.activity SET name = 'spoilt', distance_m = 1")
            try await database.query("UPDATE silver.athlete SET first_name = 'spoilt'")
            try await database.query("DELETE FROM silver.activity_stream WHERE activity_id = 1")
            try await database.query(
                "INSERT INTO silver.activity (athlete_id, activity_id, has_detail, transform_version) VALUES (\(Bench.athlete), 77, false, 1)"
            )
            #expect(try await bench.rebuild() == 1)
            #expect(try await bench.lines(content) == before)
        }
    }

    @Test func `rows of an older transform version are made again when the runner starts, and new work wakes it`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await landTwo(bench)
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"firstname":"A"}"#)])
            try await bench.transform()
            try await database.query("UPDATE silver.activity SET name = 'old', transform_version = 0 WHERE activity_id = 1")
            try await database.query("UPDATE silver.athlete SET first_name = 'old', transform_version = 1")
            let running = Task { try await bench.runner.run() }
            try await eventually("the old row is made anew") {
                try await bench.lines("SELECT name FROM silver.activity ORDER BY activity_id") == ["(1)", "(2)"]
            }
            try await eventually("so is the athlete's") { try await bench.lines("SELECT first_name FROM silver.athlete") == ["(A)"] }
            try await eventually("the runner listens") {
                try await bench.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN \"silver\"' OR query = 'LISTEN silver'", as: Int.self) > 0
            }
            try await bench.land([answer(.activity, 9, #"{"name":"nine"}"#)], listed: [listed(9)])
            try await eventually("the new activity is in silver") {
                try await bench.lines("SELECT name FROM silver.activity WHERE activity_id = 9") == ["(nine)"]
            }
            running.cancel()
            try await running.value
        }
    }

    @Test func `a batch leaves its temporary tables empty, and their space is released when it has grown`() async throws {
        try await withTestDatabaseURL { url in
            let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
            let bench = try await Bench(database)
            try await bench.land([answer(.activity, 1, #"{"name":"one"}"#)], listed: [listed(1)])
            try await bench.transform()
            #expect(try await bench.value("SELECT count(*) FROM changed_activity", as: Int.self) == 0)
            try await database.query(
                """
                INSERT INTO changed_activity (
                    athlete_id, source_id, activity_id, is_gone, detail_is_newer, is_stale, laps_are_stale, transform_version)
                SELECT 1, 1, n, false, false, false, false, 1 FROM generate_series(1, 50000) AS n
                """)
            try await database.query("DELETE FROM changed_activity")
            let size: SQL = "SELECT pg_relation_size('changed_activity')"
            #expect(try await bench.value(size, as: Int64.self) > SilverBatch.temporaryBytesMax)
            try await bench.land([answer(.activity, 2, #"{"name":"two"}"#)], listed: [listed(2)])
            try await bench.transform()
            #expect(try await bench.value(size, as: Int64.self) == 0)
            #expect(try await bench.lines("SELECT name FROM silver.activity ORDER BY activity_id") == ["(one)", "(two)"])
            await database.close()
        }
    }

    @Test func `missing SQL files give a plain error`() async throws {
        try await withTestDatabase { database in
            try await withTemporaryFolder { folder in
                let bench = try await Bench(database, share: folder)
                let error = await #expect(throws: WarehouseError.self) { try await bench.runner.run() }
                #expect(error?.code == .scripts)
            }
        }
    }
}
