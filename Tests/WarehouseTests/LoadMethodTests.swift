import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Which data make the load of an activity (`sql/silver/61`), against values worked out by hand.
@Suite struct LoadMethodTests {
    /// A stream of pieces, each a value and for how many seconds; nil: no value.
    private static func stream(_ name: String, _ pieces: (value: Double?, seconds: Int)...) -> String {
        let values = pieces.flatMap { Array(repeating: $0.value.map { "\($0)" } ?? "null", count: $0.seconds) }
        return #""\#(name)":{"data":[\#(values.joined(separator: ","))]}"#
    }

    /// The way covered at a constant speed.
    private static func way(_ speed_mps: Double, _ seconds: Int) -> String {
        #""distance":{"data":[\#((0..<seconds).map { "\(Double($0) * speed_mps)" }.joined(separator: ","))]}"#
    }

    private static func answer(_ seconds: Int, _ streams: String...) -> String {
        let time = #""time":{"data":[\#((0..<seconds).map(String.init).joined(separator: ","))]}"#
        return "{" + ([time] + streams).joined(separator: ",") + "}"
    }

    /// Lands one activity of 2026-07-01 with an FTP of 250 W in the profile; returns its load's method, size, confidence and threshold's origin.
    private func load(_ summary: String, streams: String?, sport: String = "Ride") async throws -> String {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let detail = #"""
                {"sport_type":"\#(sport)","start_date":"2026-07-01T06:00:00Z","start_date_local":"2026-07-01T08:00:00Z",\#(summary)}
                """#
            let profile = BronzeAnswer(
                endpoint: .athlete, objectID: Bench.athlete.rawValue, request: "/athlete", status: 200, fetchedAt: Bench.noon,
                body: Array(#"{"ftp":250,"sex":"M"}"#.utf8))
            try await bench.land(
                [profile, WarehouseTests.answer(.activity, 1, detail)] + (streams.map { [WarehouseTests.answer(.streams, 1, $0)] } ?? []),
                listed: [listed(1)])
            try await bench.transform()
            let lines = try await bench.lines(
                "SELECT load_method, round(load::numeric, 2), load_confidence, load_threshold_origin FROM silver.activity_metric")
            return lines.joined()
        }
    }

    @Test(arguments: [nil, 0.0]) func `a meter that dies leaves the load to heart rate`(afterwards: Double?) async throws {
        let streams = Self.answer(
            8340, Self.stream("watts", (200, 600), (afterwards, 7740)), Self.stream("heartrate", (150, 8340)), Self.way(8, 8340))
        let summary = #""moving_time":8340,"device_watts":true,"average_watts":14,"average_heartrate":150,"distance":66720"#
        // 150 is 90 / 130 of the reserve: 139 · 0.6923 · 0.64 · e^(1.92 · 0.6923) = 232.6867, by 166.9240 for an hour at 0.85
        #expect(try await load(summary, streams: streams) == "(heartrate,139.40,1,default)")
    }

    @Test func `of a meter that died, its first minutes stand for the whole when nothing else is known`() async throws {
        let streams = Self.answer(3600, Self.stream("watts", (200, 900), (nil, 2700)), Self.way(8, 3600))
        // 1 h · (200 / 250)² · 100
        #expect(try await load(#""moving_time":3600,"device_watts":true"#, streams: streams) == "(power_average,64.00,0,strava)")
    }

    @Test func `a meter that sends zeros only makes no load`() async throws {
        let streams = Self.answer(3600, Self.stream("watts", (0, 3600)), Self.way(8, 3600))
        #expect(try await load(#""moving_time":3600,"device_watts":true,"average_watts":0"#, streams: streams) == "(none,0.00,,)")
    }

    @Test func `coasting is no failure of the meter`() async throws {
        // normalised power is that of half an hour at 250 W and a quarter of an hour at 0, up to the edges: 250 · (2 / 3)^(1 / 4) = 225.9
        let streams = Self.answer(
            2700, Self.stream("watts", (250, 1800), (0, 900)), Self.stream("heartrate", (150, 2700)), Self.way(8, 2700))
        let line = try await load(#""moving_time":2700,"device_watts":true"#, streams: streams)
        #expect(line.hasPrefix("(power,61."), "0.75 h · (225.9 / 250)² · 100 = 61.2: \(line)")
    }

    @Test func `a heart rate of a part of the time leaves the load to averages`() async throws {
        let streams = Self.answer(3600, Self.stream("heartrate", (125, 2400), (nil, 1200)), Self.way(8, 3600))
        // 60 · 0.5 · 0.64 · e^0.96 = 50.1446, by 166.9240
        #expect(try await load(#""moving_time":3600,"average_heartrate":125"#, streams: streams) == "(heartrate_average,30.04,0,default)")
    }

    @Test func `streams of a part of the time leave the load to averages`() async throws {
        let streams = Self.answer(1200, Self.stream("watts", (200, 1200)), Self.way(8, 1200))
        let summary = #""moving_time":3600,"device_watts":true,"weighted_average_watts":225,"average_watts":200"#
        // 1 h · (225 / 250)² · 100
        #expect(try await load(summary, streams: streams) == "(power_average,81.00,0,strava)")
    }

    @Test func `a run without power and heart rate is measured by its pace`() async throws {
        let streams = Self.answer(3600, Self.way(3, 3600))
        // 1 h · (3 / (10 / 3))² · 100; the way ends a second early: 10797 m in 3600 s
        #expect(try await load(#""moving_time":3600,"distance":10797"#, streams: streams, sport: "Run") == "(pace,80.96,1,default)")
        #expect(try await load(#""moving_time":3600,"distance":10800"#, streams: nil, sport: "Run") == "(pace_average,81.00,0,default)")
        #expect(try await load(#""moving_time":3600,"distance":10800"#, streams: nil, sport: "Ride") == "")
    }

    @Test func `an assumed threshold pace is no slower than what the activity proves`() async throws {
        // an hour at 4 m/s is an hour at the threshold; two hours prove one at 4 · 2^(0.06 / 1.06) = 4.1601 m/s: 2 · (4 / 4.1601)² · 100
        #expect(try await load(#""moving_time":3600,"distance":14400"#, streams: nil, sport: "Run") == "(pace_average,100.00,0,default)")
        #expect(try await load(#""moving_time":7200,"distance":28800"#, streams: nil, sport: "Run") == "(pace_average,184.91,0,default)")
    }

    @Test func `a swim is measured by the third power of its pace`() async throws {
        // 0.5 h · (0.75 / (5 / 6))³ · 100
        #expect(try await load(#""moving_time":1800,"distance":1350"#, streams: nil, sport: "Swim") == "(pace_average,36.45,0,default)")
    }

    @Test func `a pace that nobody holds makes no load`() async throws {
        #expect(try await load(#""moving_time":3600,"distance":28800"#, streams: nil, sport: "Run") == "(none,0.00,,)")
    }

    @Test func `a run's power is not measured by a rider's FTP`() async throws {
        let streams = Self.answer(
            3600, Self.stream("watts", (300, 3600)), Self.stream("heartrate", (140, 3600)), Self.way(3, 3600))
        let summary = #""moving_time":3600,"device_watts":true,"average_watts":300,"average_heartrate":140"#
        // 80 / 130 of the reserve: 60 · 0.6154 · 0.64 · e^(1.92 · 0.6154) = 77.0218, by 166.9240
        #expect(try await load(summary, streams: streams, sport: "Run") == "(heartrate,46.14,1,default)")
    }

    @Test func `a day says how most of its load was made, and which share of it comes from streams`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let start =
                #""sport_type":"Ride","start_date":"2026-07-01T06:00:00Z","start_date_local":"2026-07-01T08:00:00Z","moving_time":3600"#
            try await bench.land(
                [
                    WarehouseTests.answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250}"#),
                    WarehouseTests.answer(.activity, 1, "{\(start)}"),
                    WarehouseTests.answer(.streams, 1, Self.answer(3600, Self.stream("watts", (200, 3600)))),
                    WarehouseTests.answer(.activity, 2, #"{\#(start),"average_heartrate":125}"#),
                ], listed: [listed(1), listed(2)])
            try await bench.transform()
            // 64 of 64 + 30.040
            #expect(
                try await bench.lines(
                    "SELECT round(load::numeric, 2), load_method, round(load_confidence::numeric, 4) FROM silver.training_day")
                    == ["(94.04,power,0.6806)"])
        }
    }
}
