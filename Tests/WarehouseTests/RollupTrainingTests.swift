import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Load, fitness and fatigue (`sql/silver/60`, `61` and `70`), against values worked out by hand.
@Suite struct RollupTrainingTests {
    /// An hour at one power and one heart rate.
    private func hour(power: Int? = nil, heartrate: Int? = nil) -> String {
        func list(_ value: String) -> String { Array(repeating: value, count: 3600).joined(separator: ",") }
        let time = (0..<3600).map(String.init).joined(separator: ",")
        let watts = power.map { #","watts":{"data":[\#(list("\($0)"))]}"# } ?? ""
        let beats = heartrate.map { #","heartrate":{"data":[\#(list("\($0)"))]}"# } ?? ""
        return #"{"time":{"data":[\#(time)]}\#(watts)\#(beats)}"#
    }

    private func land(_ bench: Bench, _ id: Int64, _ day: String, _ streams: String?, distance: Int = 0) async throws {
        let detail = """
            {"sport_type":"Ride","start_date":"\(day)T06:00:00Z","start_date_local":"\(day)T08:00:00Z","distance":\(distance),"moving_time":3600}
            """
        let answers = [answer(.activity, id, detail)] + (streams.map { [answer(.streams, id, $0)] } ?? [])
        try await bench.land(answers, listed: [listed(id)])
    }

    private func land(_ bench: Bench, profile: String, day: Double = 0) async throws {
        try await bench.land([answer(.athlete, Bench.athlete.rawValue, profile, at: Bench.noon + day * 86_400)])
    }

    private let loads = """
        SELECT activity_id, load_method, round(load::numeric, 3), round(trimp::numeric, 4), round(intensity_factor::numeric, 3), load_ftp_w,
               load_max_heartrate_bpm FROM silver.activity_metric ORDER BY activity_id
        """
    private let days = """
        SELECT day, activity_count, round(load::numeric, 4), round(fitness_ctl::numeric, 4), round(fatigue_atl::numeric, 4),
               round(form_tsb::numeric, 4) FROM silver.training_day ORDER BY day
        """

    @Test func `power gives load by FTP, else heart rate gives it, else there is none`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, "2026-07-01", hour(power: 200, heartrate: 125))
            try await land(bench, 2, "2026-07-02", hour(heartrate: 125))
            try await land(bench, 3, "2026-07-03", hour())
            try await land(bench, 4, "2026-07-04", nil)
            try await bench.transform()
            // 125 is half of the reserve between 60 and 190: 60 · 0.5 · 0.64 · e^0.96 = 50.1446; an hour at 0.85 is 166.9240
            #expect(
                try await bench.lines(loads)
                    == ["(1,heartrate,30.040,50.1446,,,190)", "(2,heartrate,30.040,50.1446,,,190)", "(3,none,0.000,,,,190)"])
            // an FTP becomes known: 1 h · (200 / 250)² · 100; the heart rate of a woman: 60 · 0.5 · 0.86 · e^0.835, by 181.3634
            try await land(bench, profile: #"{"ftp":250,"sex":"F"}"#)
            try await bench.transform()
            #expect(
                try await bench.lines(loads)
                    == ["(1,power,64.000,59.4642,0.800,250,190)", "(2,heartrate,32.787,59.4642,,250,190)", "(3,none,0.000,,,250,190)"])
        }
    }

    @Test func `averages give the load when there are no streams, until there are`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            func landAverages(_ id: Int64, _ fields: String) async throws {
                let detail = """
                    {"sport_type":"Ride","start_date":"2026-07-0\(id)T06:00:00Z","start_date_local":"2026-07-0\(id)T08:00:00Z",
                     "moving_time":3600,\(fields)}
                    """
                try await bench.land([answer(.activity, id, detail)], listed: [listed(id)])
            }
            try await land(bench, profile: #"{"ftp":250}"#)
            try await landAverages(1, #""average_heartrate":125"#)
            try await landAverages(2, #""average_heartrate":125,"device_watts":true,"weighted_average_watts":200,"average_watts":180"#)
            try await landAverages(3, #""device_watts":true,"average_watts":125"#)
            try await landAverages(4, #""device_watts":false,"average_watts":200"#)  // Strava's estimate says nothing
            try await bench.transform()
            // as an hour of streams at 125 beats gives; 1 h · (200 / 250)² · 100; 1 h · (125 / 250)² · 100
            #expect(
                try await bench.lines(loads) == [
                    "(1,heartrate_average,30.040,50.1446,,250,190)", "(2,power_average,64.000,50.1446,0.800,250,190)",
                    "(3,power_average,25.000,,0.500,250,190)",
                ])
            #expect(try await bench.lines("SELECT round(sum(load)::numeric, 2) FROM silver.training_day") == ["(119.04)"])
            try await bench.land([answer(.streams, 1, hour(heartrate: 125)), answer(.streams, 2, hour(power: 250))])
            try await bench.transform()
            #expect(
                try await bench.lines(loads).prefix(2) == [
                    "(1,heartrate,30.040,50.1446,,250,190)", "(2,power,100.000,50.1446,1.000,250,190)",
                ])
        }
    }

    @Test func `the maximum heart rate is dated, one row per activity that raised it`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for (id, beats) in [(Int64(1), 170), (2, 168), (3, 185), (4, 230), (5, 150)] {
                try await land(bench, id, "2026-07-0\(id)", hour(heartrate: beats))
            }
            try await bench.transform()
            #expect(
                try await bench.lines(
                    "SELECT activity_id, valid_from::date, max_heartrate_bpm FROM silver.athlete_max_heartrate ORDER BY 2")
                    == ["(1,2026-07-01,170)", "(3,2026-07-03,185)"])
        }
    }

    @Test func `a harder effort raises the maximum heart rate, and all loads follow`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, "2026-07-01", hour(heartrate: 125))
            try await bench.transform()
            try await land(bench, 2, "2026-07-02", hour(heartrate: 200))
            try await bench.transform()
            let reference = "SELECT max_heartrate_bpm, max_heartrate_is_default, rest_heartrate_bpm FROM silver.athlete_reference"
            #expect(try await bench.lines(reference) == ["(200,f,60)"])
            // (125 − 60) / (200 − 60) = 0.464286: 60 · 0.464286 · 0.64 · e^0.891429 = 43.4769
            #expect(
                try await bench.lines("SELECT round(trimp::numeric, 4) FROM silver.activity_metric WHERE activity_id = 1") == ["(43.4769)"])
            try await database.query("UPDATE sync.activity SET gone_at = now() WHERE activity_id = 2")
            try await bench.rebuild()
            try await bench.transform()
            #expect(try await bench.lines(reference) == ["(190,t,60)"])
        }
    }

    @Test func `fitness and fatigue decay on days without training`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let effect = """
                SELECT place, round(ctl::numeric, 6), round(atl::numeric, 6), round(tsb::numeric, 6)
                FROM silver.training_effect(0, 0, '{100,0,50}')
                """
            // 1 − e^(−1/42) = 0.0235283, 1 − e^(−1/7) = 0.1331221
            #expect(
                try await bench.lines(effect)
                    == ["(1,2.352831,13.312210,0.000000)", "(2,2.297473,11.540061,-10.959379)", "(3,3.419833,16.659929,-9.242587)"])
        }
    }

    @Test func `each day from the first to the last activity has a row, in whatever order they land`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, profile: #"{"ftp":250}"#)
            try await land(bench, 5, "2026-07-05", hour(power: 150))  // load 36
            try await bench.transform()
            #expect(try await bench.lines(days) == ["(2026-07-05,1,36.0000,0.8470,4.7924,0.0000)"])
            try await land(bench, 1, "2026-07-01", hour(power: 200))  // load 64
            try await bench.transform()
            let both = [
                "(2026-07-01,1,64.0000,1.5058,8.5198,0.0000)", "(2026-07-02,0,0.0000,1.4704,7.3856,-7.0140)",
                "(2026-07-03,0,0.0000,1.4358,6.4024,-5.9153)", "(2026-07-04,0,0.0000,1.4020,5.5501,-4.9667)",
                "(2026-07-05,1,36.0000,2.2160,9.6037,-4.1481)",
            ]
            #expect(try await bench.lines(days) == both)
            try await land(bench, 9, "2026-07-06", nil)
            try await bench.transform()
            #expect(try await bench.lines(days).prefix(5) == both[...])
            #expect(try await bench.lines(days).count == 6)
        }
    }

    @Test func `days go with their activities, and later days are computed again`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, profile: #"{"ftp":250}"#)
            for (id, day) in [(1, "2026-07-01"), (3, "2026-07-03"), (5, "2026-07-05")] {
                try await land(bench, Int64(id), day, hour(power: 250))
            }
            try await bench.transform()
            #expect(try await bench.value("SELECT count(*) FROM silver.training_day", as: Int.self) == 5)
            for id in [1, 5] { try await database.query("UPDATE sync.activity SET gone_at = now() WHERE activity_id = \(id)") }
            try await bench.rebuild()
            try await bench.transform()
            #expect(try await bench.lines(days) == ["(2026-07-03,1,100.0000,2.3528,13.3122,0.0000)"])
            try await database.query("UPDATE sync.activity SET gone_at = now()")
            try await bench.rebuild()
            try await bench.transform()
            #expect(try await bench.lines(days) == [])
        }
    }

    @Test func `two runners on one athlete lose no day's load`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, profile: #"{"ftp":250}"#)
            let streams = hour(power: 250)
            for id in Int64(1)...35 { try await land(bench, id, "2026-07-0\(id % 7 + 1)", streams) }
            async let first = bench.transform()
            async let second = bench.transform()
            async let third = bench.transform()
            _ = try await (first, second, third)
            let loads = try await bench.lines("SELECT DISTINCT activity_count, round(load) FROM silver.training_day")
            #expect(loads == ["(5,500)"])
        }
    }

    @Test func `the view of days continues until today`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // Where the activity was recorded, at two hours east of Greenwich.
            let today = "(now() AT TIME ZONE 'UTC' + interval '2 hours')::date"
            let day = try await bench.value("SELECT (\(raw: today) - 3)::text", as: String.self)
            try await land(bench, profile: #"{"ftp":250}"#)
            try await land(bench, 1, day, hour(power: 250))
            try await bench.transform()
            let view = """
                SELECT \(today) - day AS ago, activity_count, round(fitness_ctl::numeric, 4), round(form_tsb::numeric, 4)
                FROM silver.athlete_day WHERE athlete_id = \(Bench.athlete.rawValue) ORDER BY day
                """
            #expect(
                try await bench.lines(view)
                    == ["(3,1,2.3528,0.0000)", "(2,0,2.2975,-10.9594)", "(1,0,2.2434,-9.2426)", "(0,0,2.1906,-7.7604)"])
        }
    }
}
