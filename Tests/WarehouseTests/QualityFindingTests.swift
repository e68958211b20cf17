import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The checks of data quality (`sql/silver/65_quality_finding.sql`), each against an activity that breaks it.
@Suite struct QualityFindingTests {
    private static let orderly = (0..<12).map(String.init)

    /// Twelve points, one second apart, at 100 beats, 1,100 m in all, unless given otherwise.
    private func streams(
        time: [String] = Self.orderly, heartrate: [String] = Self.orderly.map { _ in "100" }, end: String = "1100"
    ) -> String {
        let distance = Self.orderly.dropLast().map { "\(Int($0)! * 100)" } + [end]
        return """
            {"time":{"data":[\(time.joined(separator: ","))]},"heartrate":{"data":[\(heartrate.joined(separator: ","))]},
             "distance":{"data":[\(distance.prefix(time.count).joined(separator: ","))]}}
            """
    }

    private func land(_ bench: Bench, _ id: Int64, _ streams: String, distance: Double = 1100, at: Double = 0) async throws {
        let answers = [answer(.activity, id, #"{"distance":\#(distance)}"#), answer(.streams, id, streams, at: Bench.noon + at)]
        try await bench.land(answers, listed: [listed(id)])
    }

    private func findings(_ bench: Bench) async throws -> [String] {
        try await bench.transform()
        let query = """
            SELECT activity_id, check_name, round(measured::numeric, 3), at_least, at_most FROM silver.quality_finding ORDER BY 1, 2
            """
        return try await bench.lines(query)
    }

    @Test func `valid activities have no findings, and neither have those without streams`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, streams())
            try await bench.land([answer(.activity, 2, #"{"distance":5000}"#)], listed: [listed(2)])
            // just allowed: 25 and 240 beats, 5 percent
            try await land(bench, 3, streams(heartrate: ["25", "240"] + Self.orderly.dropLast(2).map { _ in "null" }, end: "1045"))
            try await land(
                bench, 4, streams(time: Self.orderly.prefix(10).map(\.self), heartrate: Array(repeating: "90", count: 10)), distance: 900)
            #expect(try await findings(bench) == [])
        }
    }

    @Test func `times that go back or repeat are counted`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // the third repeats, the fifth goes back, the last is missing
            try await land(bench, 1, streams(time: ["0", "1", "1", "5", "3", "6", "7", "8", "9", "10", "11", "null"]))
            // one of the two in the wrong order, and the missing one, are left out; the points of the second that repeats are one
            #expect(try await findings(bench) == ["(1,outlier_time_points,2.000,,0)", "(1,time_disorder_points,3.000,,0)"])
        }
    }

    @Test func `values that can't be are counted, stream by stream`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            func list(_ value: String, _ changes: [Int: String]) -> String {
                (0..<12).map { changes[$0] ?? value }.joined(separator: ",")
            }
            let streams = """
                {"time":{"data":[\(list("", Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, "\($0 + ($0 > 5 ? 86_401 : 0))") })))]},
                 "heartrate":{"data":[\(list("100", [0: "24", 1: "0", 2: "241"]))]},"watts":{"data":[\(list("150", [3: "65535", 4: "-1"]))]},
                 "cadence":{"data":[\(list("80", [9: "255"]))]},"altitude":{"data":[\(list("300", [1: "0", 2: "0", 3: "12607"]))]},
                 "latlng":{"data":[\(list("[47,8]", [2: "[0,0]", 3: "[20,8]"]))]},"distance":{"data":[\(list("90", [4: "9000000"]))]}}
                """
            try await land(bench, 1, streams, distance: 90)
            let left = ["altitude": 3, "cadence": 1, "distance": 1, "heartrate": 3, "position": 2, "power": 2]
            // from second 5 to second 86,407
            let found = try await findings(bench)
            #expect(
                found == ["(1,longest_step_s,86402.000,,86400)"]
                    + left.sorted { $0.key < $1.key }.map { "(1,outlier_\($0.key)_points,\($0.value).000,,0)" })
        }
    }

    @Test func `a recording of much less than the time in motion is found`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // two minutes, then an hour in which nothing was recorded
            let seconds = (0..<120).map(String.init).joined(separator: ",")
            for (id, moving_s) in [(Int64(1), 160), (2, 161), (3, 59)] {
                let detail = #"{"sport_type":"Workout","moving_time":\#(moving_s)}"#
                try await bench.land(
                    [answer(.activity, id, detail), answer(.streams, id, #"{"time":{"data":[\#(seconds)]}}"#)], listed: [listed(id)])
            }
            // 120 of 160, of 161 s
            #expect(try await findings(bench) == ["(2,recorded_percent,74.534,75,)"])
        }
    }

    @Test func `the stream's distance is compared with the summary's, unless both are short`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, streams(), distance: 1000)  // 100 of 1,100 m
            try await land(bench, 2, streams(), distance: 1200)  // 100 of 1,200 m
            try await land(bench, 3, streams(), distance: 0)
            let short = #"{"time":{"data":[\#(Self.orderly.joined(separator: ","))]},"distance":{"data":[0,9]}}"#
            try await land(bench, 4, short, distance: 90)
            #expect(
                try await findings(bench) == [
                    "(1,distance_percent,9.091,,5)", "(2,distance_percent,8.333,,5)", "(3,distance_percent,100.000,,5)",
                    "(4,short_points,10.000,,0)",
                ])
        }
    }

    @Test func `too few points and streams of different length are found, and a corrected answer removes the finding`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, #"{"time":{"data":[0,1,2]},"heartrate":{"data":[90,90,90]}}"#)
            try await land(bench, 2, streams(heartrate: ["90", "90"]))
            #expect(try await findings(bench) == ["(1,point_count,3.000,10,200000)", "(2,short_points,10.000,,0)"])
            let before = try await bench.lines("SELECT xmin::text FROM silver.quality_finding WHERE activity_id = 1")
            try await bench.land([answer(.streams, 2, streams(), at: Bench.noon + 1)])
            #expect(try await findings(bench) == ["(1,point_count,3.000,10,200000)"])
            #expect(try await bench.lines("SELECT xmin::text FROM silver.quality_finding WHERE activity_id = 1") == before)
        }
    }

    @Test func `the checks name what they measure, and each finding has its check`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let checks = try await bench.lines("SELECT check_name FROM silver.quality_check ORDER BY 1")
            let files = try [
                "09_athlete_finding", "11_athlete_stats", "21_effort", "23_strava_zone", "30_implausible_figure", "65_quality_finding",
            ].map {
                try String(contentsOf: checkout.appending(path: "sql/silver/\($0).sql"), encoding: .utf8)
            }.joined()
            #expect(checks.count > 40)
            for check in checks.map({ $0.dropFirst().dropLast() }) {
                // 23_strava_zone.sql puts the metric behind the first words.
                let name = check.hasPrefix("lap_") ? check.dropFirst(4) : check
                let isOfMetric = check.hasPrefix("strava_zone_") && files.contains("'\(check.dropFirst(12))'")
                #expect(files.contains("'\(name)'") || isOfMetric, "\(check) is never measured")
            }
        }
    }
}
