import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The rollups that the silver transaction stores, and their views.
@Suite struct RollupStoreTests {
    private let run = #"{"name":"R","sport_type":"Run","start_date":"2026-07-01T06:30:00Z"}"#
    private let streams = #"""
        {"time":{"data":[0,1,2,3]},"heartrate":{"data":[120,121,121,123]},"watts":{"data":[200,204,205,null]},
         "latlng":{"data":[[52.1234,13.4],[52.1234,13.4],[52.1241,13.4],[52.1241,13.4]]},"distance":{"data":[0,3,6,9]},
         "altitude":{"data":[30,31,32,33]},"grade_smooth":{"data":[10,10,0,0]},"cadence":{"data":[80,82,84,86]}}
        """#

    private func land(_ bench: Bench, streams: String? = nil, at: Date = Bench.noon) async throws {
        try await bench.land(
            [answer(.activity, 1, run), answer(.streams, 1, streams ?? self.streams, at: at)], listed: [listed(1)])
        try await bench.transform()
    }

    @Test func `the ladder in SQL is the ladder in the daemon`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            #expect(try await bench.value("SELECT silver.effort_durations_s()", as: [Int].self) == EffortLadder.durations_s)
            #expect(try await bench.value("SELECT silver.effort_distances_m()", as: [Double].self) == EffortLadder.distances_m)
        }
    }

    @Test func `best efforts, histograms, cells and minutes are rows of their views`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            #expect(
                try await bench.lines(
                    """
                    SELECT metric, duration_s, distance_m, power_w, heartrate_bpm, pace_s_per_km, start_offset_s
                    FROM silver.activity_best_effort ORDER BY metric, duration_s
                    """) == [
                        "(heartrate,1,,,123,,3)", "(heartrate,2,,,122,,2)", "(heartrate,3,,,121.666664,,1)",
                        "(power,1,,205,,,2)", "(power,2,,204.5,,,1)", "(power,3,,203,,,0)",
                    ])
            #expect(
                try await bench.lines(
                    """
                    SELECT metric, heartrate_bpm, power_from_w, seconds FROM silver.activity_histogram
                    WHERE seconds > 0 AND metric <> 'pace' ORDER BY 1, 2, 3
                    """)
                    == ["(heartrate,120,,1)", "(heartrate,121,,2)", "(heartrate,123,,1)"] + [200, 204, 205].map { "(power,,\($0),1)" })
            #expect(
                try await bench.lines("SELECT latitude_deg, longitude_deg, seconds FROM silver.activity_grid ORDER BY 1")
                    == ["(52.1235,13.4005,2)", "(52.1245,13.4005,2)"])
            #expect(
                try await bench.lines(
                    """
                    SELECT start_offset_s, recorded_s, heartrate_bpm, power_w, cadence_rpm, distance_m, altitude_m
                    FROM silver.activity_interval_1min
                    """) == ["(0,4,121,203,83,9,31.5)"])
            // 6 m at 10 % and 3 m on the level: 6 · 5.968214 / 3.6 + 3
            #expect(
                try await bench.lines(
                    """
                    SELECT recorded_s, heartrate_s, average_heartrate_bpm, power_s, mean_power_w, normalized_power_w,
                           round(grade_adjusted_distance_m::numeric, 4) FROM silver.activity_metric
                    """) == ["(4,4,121.25,3,203,,12.9470)"])
        }
    }

    @Test func `the figures of an activity are in their columns`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            func list(_ value: (Int) -> String) -> String { (0..<1200).map(value).joined(separator: ",") }
            // twenty minutes at 200 W and 3 m/s on the level of the grade, 0.5 m up a second, the heart at 125, then at 150
            let streams = """
                {"time":{"data":[\(list(String.init))]},"watts":{"data":[\(list { _ in "200" })]},"distance":{"data":[\(list { "\($0 * 3)" })]},
                 "heartrate":{"data":[\(list { $0 < 600 ? "125" : "150" })]},"altitude":{"data":[\(list { "\(Double($0) / 2)" })]},
                 "grade_smooth":{"data":[\(list { _ in "0" })]}}
                """
            try await bench.land([answer(.activity, 1, #"{"sport_type":"Run"}"#), answer(.streams, 1, streams)], listed: [listed(1)])
            try await bench.transform()
            // (200/125 − 200/150) / (200/125); 300 m in ten minutes; 1199 · 3 m in 1200 s
            #expect(
                try await bench.lines(
                    """
                    SELECT normalized_power_w, variability_index, round(decoupling_percent::numeric, 4), decoupling_basis, best_vam_10min_m_per_h,
                           grade_adjusted_distance_m, round(grade_adjusted_pace_s_per_km::numeric, 4) FROM silver.activity_metric
                    """) == ["(200,1,16.6667,power,1800,3597,333.6113)"])
        }
    }

    @Test func `of a clock that jumped by weeks the figures have their time, and the arrays what was sent`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // 60 s, 4,000,000 s later 120 s at 3 m/s; one time and one heart rate are damaged
            let times = Array(0..<60) + (4_000_000..<4_000_120).map { $0 == 4_000_100 ? 9_000_000 : $0 }
            func list(_ value: (Int) -> String) -> String { (0..<180).map(value).joined(separator: ",") }
            let streams = """
                {"time":{"data":[\(list { "\(times[$0])" })]},"heartrate":{"data":[\(list { $0 == 90 ? "255" : "120" })]},
                 "distance":{"data":[\(list { "\($0 * 3)" })]}}
                """
            try await bench.land([answer(.activity, 1, run), answer(.streams, 1, streams)], listed: [listed(1)])
            try await bench.transform()
            // 59 and 119 seconds know their way; 4,000,000 = 66,666 · 60 + 40; the 3 m of the pause count where it ends
            #expect(
                try await bench.lines("SELECT recorded_s, heartrate_s, best_heartrate_30s_bpm, distance_s FROM silver.activity_metric")
                    == ["(180,180,120,178)"])
            #expect(
                try await bench.lines(
                    "SELECT start_offset_s, recorded_s, distance_m FROM silver.activity_interval_1min WHERE recorded_s > 0 ORDER BY 1")
                    == ["(0,60,177)", "(3999960,20,63)", "(4000020,60,180)", "(4000080,40,117)"])
            #expect(try await bench.lines("SELECT sum(s) FROM silver.activity_rollup, unnest(speed_seconds) AS s") == ["(178)"])
            let stored = "SELECT time_s[161], heartrate_bpm[91], outlier_time_points, outlier_heartrate_points, longest_step_s"
            #expect(try await bench.lines("\(stored) FROM silver.activity_stream") == ["(9000000,255,1,1,3999941)"])
        }
    }

    @Test func `changed streams replace the rollups; streams without times remove them`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await land(bench, streams: #"{"time":{"data":[0,1]},"heartrate":{"data":[100,102]}}"#, at: Bench.noon + 1)
            #expect(
                try await bench.lines("SELECT heartrate_first_bpm, heartrate_seconds, power_w, cell FROM silver.activity_rollup")
                    == [#"(100,"{1,0,1}",,)"#])
            #expect(try await bench.lines("SELECT recorded_s, power_s, mean_power_w FROM silver.activity_metric") == ["(2,0,)"])
            try await land(bench, streams: #"{"heartrate":{"data":[100,102]}}"#, at: Bench.noon + 2)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_stream", as: Int.self) == 1)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_rollup", as: Int.self) == 0)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_metric", as: Int.self) == 0)
        }
    }

    @Test func `rows of an older transform version get their rollups when the runner starts`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await database.query("DELETE FROM silver.activity_rollup")
            try await database.query("UPDATE silver.activity_stream SET transform_version = \(TransformVersion.current - 1)")
            let running = Task { try await bench.runner.run() }
            try await eventually("the rollup is there again") {
                try await bench.value("SELECT count(*) FROM silver.activity_rollup", as: Int.self) == 1
            }
            running.cancel()
            try await running.value
        }
    }

    @Test func `erasing the athlete leaves no rollup`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_rollup", as: Int.self) == 1)
            try await database.query("DELETE FROM sync.athlete WHERE athlete_id = \(Bench.athlete)")
            let left = "SELECT (SELECT count(*) FROM silver.activity_rollup) + (SELECT count(*) FROM silver.activity_metric) AS rows"
            #expect(try await bench.lines(left) == ["(0)"])
        }
    }
}
