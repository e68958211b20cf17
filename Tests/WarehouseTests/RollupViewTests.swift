import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// One ride of known load in each view, and how far the view of days reaches; against values worked out by hand.
@Suite struct RollupViewTests {
    private static let athlete = Bench.athlete.rawValue

    /// An hour at 200 W and 140 beats, 30 km, on the day that lies `ago` days before today's.
    /// - Parameter measured: whether Strava says that the power was measured.
    private func land(_ bench: Bench, ago: Int, measured: Bool? = nil, at: Date = Bench.noon) async throws {
        let day = try await bench.value("SELECT ((now() AT TIME ZONE 'UTC')::date - \(ago)::integer)::text", as: String.self)
        func list(_ value: (Int) -> Int) -> String { "[" + (0..<3600).map { "\(value($0))" }.joined(separator: ",") + "]" }
        let streams = """
            {"time":{"data":\(list { $0 })},"watts":{"data":\(list { _ in 200 })},"heartrate":{"data":\(list { _ in 140 })}}
            """
        let detail = #"""
            {"sport_type":"Ride","start_date":"\#(day)T12:00:00Z","start_date_local":"\#(day)T12:00:00Z","distance":30000,"moving_time":3600,
             "total_elevation_gain":300,"gear_id":"b1","device_watts":\#(measured.map { "\($0)" } ?? "null")}
            """#
        let profile = #"{"ftp":250,"bikes":[{"id":"b1","name":"Road","nickname":"R"}]}"#
        try await bench.land(
            [
                answer(.athlete, Self.athlete, profile),
                answer(.gear, 1, #"{"id":"b1","brand_name":"Trek","model_name":"X","nickname":"R"}"#),
                answer(.activity, 1, detail, at: at), answer(.streams, 1, streams),
            ], listed: [listed(1)])
        try await bench.transform()
    }

    @Test func `load, distance and time are the same by day, week, month and year`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, ago: 1)
            // 1 h · (200 / 250)² · 100 = 64
            let sums = "activity_count, distance_m, moving_time_s, elevation_gain_m, round(load::numeric, 6)"
            for view in ["athlete_week", "athlete_month", "athlete_year"] {
                #expect(
                    try await bench.lines("SELECT sport_family, sport_type, \(sums), load_method, load_confidence FROM silver.\(view)")
                        == ["(ride,Ride,1,30000,3600,300,64.000000,power,1)"], "\(view)")
            }
            let days = "SELECT (now() AT TIME ZONE 'UTC')::date - day AS ago, \(sums) FROM silver.athlete_day ORDER BY day"
            #expect(try await bench.lines(days) == ["(1,1,30000,3600,300,64.000000)", "(0,0,0,0,0,0.000000)"])
            let gear = "SELECT name, nickname, brand, model, activity_distance_m FROM silver.gear"
            #expect(try await bench.lines(gear) == ["(Road,R,Trek,X,30000)"])
        }
    }

    @Test func `the method of most of the load and the share from streams are carried to day, week, month and year`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, ago: 3)  // 64 from streams
            let day: String = try await bench.value("SELECT start_date_local::date::text FROM silver.activity")
            // 1 h · (150 / 250)² · 100 = 36 from an average, and a walk without any load
            let others = [
                (Int64(2), #""sport_type":"Ride","device_watts":true,"weighted_average_watts":150"#), (3, #""sport_type":"Walk""#),
            ]
            for (id, fields) in others {
                let times = #""start_date":"\#(day)T18:00:00Z","start_date_local":"\#(day)T18:00:00Z","moving_time":3600"#
                try await bench.land([answer(.activity, id, "{\(times),\(fields)}")], listed: [listed(id)])
            }
            try await bench.transform()
            let load = "round(load::numeric, 4), load_method, round(load_confidence::numeric, 4)"
            for view in ["athlete_week", "athlete_month", "athlete_year"] {
                #expect(
                    try await bench.lines("SELECT sport_family, \(load) FROM silver.\(view) ORDER BY 1")
                        == ["(ride,100.0000,power,0.6400)", "(walk,0.0000,,)"], "\(view)")
            }
            #expect(
                try await bench.lines("SELECT \(load) FROM silver.athlete_day ORDER BY day")
                    == ["(100.0000,power,0.6400)", "(0.0000,,)", "(0.0000,,)", "(0.0000,,)"])
        }
    }

    @Test func `one fault of a sensor is no maximum heart rate, and neither is what a wrong clock dated`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let activities = [("2024-05-01", 176), ("2025-05-01", 217), ("2025-06-01", 170), ("2025-07-01", 182), ("2031-07-01", 184)]
            for (place, (day, _)) in activities.enumerated() { try await questions.land(Int64(place + 1), "Run", day, #""manual":true"#) }
            try await questions.transform()
            for (place, (_, beats)) in activities.enumerated() {
                try await questions.put(
                    "activity_metric", Int64(place + 1), "recorded_s, heartrate_s, power_s, best_heartrate_30s_bpm", "60, 60, 0, \(beats)")
            }
            #expect(
                try await questions.bench.lines("SELECT valid_from::date, max_heartrate_bpm FROM silver.athlete_max_heartrate ORDER BY 1")
                    == ["(2024-05-01,176)", "(2025-07-01,182)"])
        }
    }

    @Test func `each zone ends where the next begins, and the last has no end`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, ago: 1)
            let zones = "SELECT zone, from_bpm, to_bpm, from_w, to_w, seconds FROM silver.activity_zone_time ORDER BY metric, zone"
            // 140 of 190 beats, 200 of 250 W
            #expect(
                try await bench.lines(zones) == [
                    "(1,0,114,,,0)", "(2,114,133,,,0)", "(3,133,152,,,3600)", "(4,152,171,,,0)", "(5,171,,,,0)", "(1,,,0,138,0)",
                    "(2,,,138,188,0)", "(3,,,188,225,3600)", "(4,,,225,263,0)", "(5,,,263,300,0)", "(6,,,300,375,0)", "(7,,,375,,0)",
                ])
        }
    }

    @Test func `a best effort belongs to the period from its first instant to before its last`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, ago: 1)
            let start = try await bench.value("SELECT start_date_local::text FROM silver.activity", as: String.self)
            func count(_ from: String, _ to: String, _ family: String) async throws -> [String] {
                try await bench.lines(
                    """
                    SELECT count(*), max(value) FROM silver.best_efforts_between(
                        \(Self.athlete), 1::smallint, 'power', \(from)::timestamp, \(to)::timestamp, \(family))
                    """)
            }
            // 1 s to 1 h: the first 27 rungs
            #expect(try await count("'\(start)'", "'infinity'", "NULL") == ["(27,200)"])
            #expect(try await count("'-infinity'", "'\(start)'", "NULL") == ["(0,)"])
            #expect(try await count("'-infinity'", "'infinity'", "'ride'") == ["(27,200)"])
            #expect(try await count("'-infinity'", "'infinity'", "'run'") == ["(0,)"])
            let place = "activity_id, start_offset_s, start_date_local = '\(start)'"
            let record = "SELECT duration_s, power_w, \(place) FROM silver.personal_record WHERE metric = 'power' AND duration_s = 3600"
            #expect(try await bench.lines(record) == ["(3600,200,1,0,t)"])
            let curve = "SELECT duration_s, power_w, \(place) FROM silver.power_curve WHERE period = 'all_time' AND duration_s = 3600"
            #expect(try await bench.lines(curve) == ["(3600,200,1,0,t)"])
        }
    }

    @Test func `estimated power makes no load, zone, curve or record, until it turns out to be measured`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let counts = """
                SELECT (SELECT load_method FROM silver.activity_metric) AS method,
                       (SELECT count(*) FROM silver.activity_zone_time WHERE metric = 'power') AS zones,
                       (SELECT count(*) FROM silver.power_curve WHERE period = 'all_time') AS curve,
                       (SELECT count(*) FROM silver.personal_record WHERE metric = 'power') AS records
                """
            for (second, measured, expected) in [
                (0.0, false, "(heartrate,0,0,0)"), (1, true, "(power,7,27,27)"), (2, false, "(heartrate,0,0,0)"),
            ] {
                try await land(bench, ago: 1, measured: measured, at: Bench.noon.addingTimeInterval(second))
                #expect(try await bench.lines(counts) == [expected], "\(measured)")
            }
        }
    }

    @Test(arguments: [(2100, "(2001,2100,100)"), (0, "(1,0,0)"), (-1, "(1,-1,-1)")])
    func `days continue to today, but at most 2,000 days after the last activity`(ago: Int, expected: String) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, ago: ago)
            let days = """
                SELECT count(DISTINCT day), max((now() AT TIME ZONE 'UTC')::date - day), min((now() AT TIME ZONE 'UTC')::date - day)
                FROM silver.athlete_day
                """
            #expect(try await bench.lines(days) == [expected])
        }
    }
}
