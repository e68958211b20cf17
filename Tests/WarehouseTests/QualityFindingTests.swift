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
            // just allowed: 20 and 250 beats, 5 percent
            try await land(bench, 3, streams(heartrate: ["20", "250"] + Self.orderly.dropLast(2).map { _ in "null" }, end: "1045"))
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
            #expect(try await findings(bench) == ["(1,time_disorder_points,3.000,,0)"])
        }
    }

    @Test func `heart rates that can't be are found by the lowest and the highest`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, streams(heartrate: ["19", "0", "251"] + Self.orderly.dropFirst(3).map { _ in "100" }))
            #expect(try await findings(bench) == ["(1,heartrate_max_bpm,251.000,,250)", "(1,heartrate_min_bpm,0.000,20,)"])
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
