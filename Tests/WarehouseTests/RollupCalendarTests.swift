import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Days, weeks, months and seasons at their edges, against values worked out by hand.
@Suite struct RollupCalendarTests {
    private func land(_ bench: Bench, _ id: Int64, utc: String, local: String, _ fields: String, _ streams: String? = nil) async throws {
        let detail = #"{"start_date":"\#(utc)Z","start_date_local":"\#(local)Z",\#(fields)}"#
        let answers = [answer(.activity, id, detail)] + (streams.map { [answer(.streams, id, $0)] } ?? [])
        try await bench.land(answers, listed: [listed(id)])
    }

    @Test func `a week continues past the end of the year, a month does not, and both go by local time`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // 2020-12-28 is a Monday: ISO week 53 of 2020 ends on Sunday, 2021-01-03
            let starts = [
                ("2020-12-28T05:59:59", "2020-12-27T23:59:59"),  // six hours behind UTC: still Sunday
                ("2020-12-31T23:30:00", "2021-01-01T00:30:00"),  // an hour ahead: already January
                ("2021-01-03T00:00:01", "2021-01-03T00:00:01"),  // hidden: the day alone is true
                ("2021-01-03T13:00:00", "2021-01-04T02:00:00"),  // thirteen hours ahead: Monday
            ]
            for (place, (utc, local)) in starts.enumerated() {
                try await land(bench, Int64(place + 1), utc: utc, local: local, #""sport_type":"Run","distance":\#([1, 2, 4, 8][place])"#)
            }
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT week_start, activity_count, distance_m FROM silver.athlete_week ORDER BY 1")
                    == ["(2020-12-21,1,1)", "(2020-12-28,2,6)", "(2021-01-04,1,8)"])
            #expect(
                try await bench.lines("SELECT month_start, activity_count, distance_m FROM silver.athlete_month ORDER BY 1")
                    == ["(2020-12-01,1,1)", "(2021-01-01,3,14)"])
        }
    }

    @Test func `days go by local time, and a wrong clock makes no days`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(
                bench, 1, utc: "2026-03-01T03:00:00", local: "2026-02-28T22:00:00",
                #""distance":1,"moving_time":10,"total_elevation_gain":3"#)
            try await land(bench, 2, utc: "2026-03-01T04:00:00", local: "2026-02-28T23:00:00", #""distance":2,"moving_time":20"#)
            try await land(bench, 3, utc: "2026-03-02T12:00:00", local: "2026-03-02T13:00:00", #""distance":4"#)
            try await land(bench, 4, utc: "1979-12-31T23:59:59", local: "1979-12-31T23:59:59", #""distance":8"#)
            try await land(bench, 5, utc: "2999-01-01T00:00:00", local: "2999-01-01T00:00:00", #""distance":16"#)
            try await bench.transform()
            #expect(
                try await bench.lines(
                    "SELECT day, activity_count, distance_m, moving_time_s, elevation_gain_m FROM silver.training_day ORDER BY 1")
                    == ["(2026-02-28,2,3,30,3)", "(2026-03-01,0,0,0,0)", "(2026-03-02,1,4,0,0)"])
        }
    }

    @Test func `seven days of seven miles make seven, although a mile is not a whole number of tenths of a metre`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // 7 · 1,609.344 = 11,265.408 m, sent as 11265.4; in kilometres 11.2654: seven days, of which seven have 8
            for day in 1...7 {
                let time = "2026-07-0\(day)T08:00:00"
                // the last day in two halves, with a ride that counts apart
                let parts = day < 7 ? [11_265.4] : [5632.7, 5632.7]
                for (place, metres) in parts.enumerated() {
                    try await land(bench, Int64(day * 10 + place), utc: time, local: time, #""sport_type":"Run","distance":\#(metres)"#)
                }
            }
            try await land(bench, 99, utc: "2026-07-08T08:00:00", local: "2026-07-08T08:00:00", #""sport_type":"Ride","distance":999.9"#)
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT sport_family, unit, eddington, days_towards_next FROM silver.eddington ORDER BY 1, 2")
                    == ["(ride,km,0,0)", "(ride,mile,0,0)", "(run,km,7,7)", "(run,mile,7,0)"])
        }
    }

    @Test func `what a wrong clock dated counts in no week, month, year, streak, curve or record`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            func date(_ days: Int, _ time: String) async throws -> String {
                try await bench.value("SELECT ((now() AT TIME ZONE 'UTC')::date + \(days)::integer)::text || 'T' || \(time)::text")
            }
            let (last, after) = (try await date(2, "23:59:59"), try await date(3, "00:00:00"))
            let starts = ["1979-12-31T23:59:59", "1980-01-01T00:00:00", last, after, "2031-06-01T06:00:00"]
            for (place, start) in starts.enumerated() {
                let streams = #"{"time":{"data":[0,100]},"distance":{"data":[0,400]},"watts":{"data":[\#(350 - place),0]}}"#
                try await land(
                    bench, Int64(place + 1), utc: start, local: start, #""sport_type":"Run","distance":400,"gear_id":"g1""#, streams)
            }
            try await bench.transform()
            for view in ["athlete_week", "athlete_month", "athlete_year"] {
                #expect(try await bench.lines("SELECT sum(activity_count), sum(distance_m) FROM silver.\(view)") == ["(2,800)"], "\(view)")
            }
            // the second activity has a watt more than the third
            #expect(
                try await bench.lines(
                    "SELECT period, activity_id FROM silver.power_curve WHERE duration_s = 1 AND period IN ('all_time', 'days_90') ORDER BY 1"
                )
                    == ["(all_time,2)", "(days_90,3)"])
            #expect(
                try await bench.lines(
                    "SELECT period, activity_id FROM silver.pace_curve WHERE distance_m = 400 AND period <> 'season' ORDER BY 1")
                    == ["(all_time,2)", "(days_90,3)"])
            #expect(try await bench.lines("SELECT DISTINCT activity_id FROM silver.personal_record") == ["(2)"])
            #expect(
                try await bench.lines(
                    "SELECT started_on, activity_count FROM silver.streak WHERE sport_family = 'all' AND unit = 'day' ORDER BY 1")
                    == ["(1980-01-01,1)", "(\(last.prefix(10)),1)"])
            #expect(
                try await bench.lines("SELECT activity_count, first_used_on, last_used_on FROM silver.gear")
                    == ["(5,1980-01-01,\(last.prefix(10)))"])
        }
    }

    @Test func `a streak runs over New Year, by days and by weeks, in one sport and in all`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // Wednesday 2020-12-30 to Saturday 2021-01-02, of which New Year's Day was for cycling; the Sunday after; after a week without any a
            // Monday
            let starts = [
                ("2020-12-30T08:00:00", "Run"), ("2020-12-31T08:00:00", "Run"), ("2020-12-31T18:00:00", "Run"),
                ("2021-01-01T00:00:00", "Ride"),
                ("2021-01-02T23:59:59", "Run"), ("2021-01-10T08:00:00", "Run"), ("2021-01-18T08:00:00", "Run"),
            ]
            for (place, (start, sport)) in starts.enumerated() {
                try await land(bench, Int64(place + 1), utc: start, local: start, #""sport_type":"\#(sport)""#)
            }
            try await bench.transform()
            func streaks(_ family: String, _ unit: String) async throws -> [String] {
                try await bench.lines(
                    """
                    SELECT started_on, ended_on, period_count, activity_count FROM silver.streak
                    WHERE sport_family = '\(family)' AND unit = '\(unit)' ORDER BY 1
                    """)
            }
            #expect(
                try await streaks("all", "day") == [
                    "(2020-12-30,2021-01-02,4,5)", "(2021-01-10,2021-01-10,1,1)", "(2021-01-18,2021-01-18,1,1)",
                ])
            #expect(
                try await streaks("run", "day") == [
                    "(2020-12-30,2020-12-31,2,3)", "(2021-01-02,2021-01-02,1,1)", "(2021-01-10,2021-01-10,1,1)",
                    "(2021-01-18,2021-01-18,1,1)",
                ])
            // Monday 2020-12-28 to Sunday 2021-01-10, then the week of the 18th
            let weeks = ["(2020-12-28,2021-01-10,2,5)", "(2021-01-18,2021-01-24,1,1)"]
            #expect(try await streaks("run", "week") == weeks)
            #expect(try await streaks("all", "week") == [weeks[0].replacing(",5)", with: ",6)"), weeks[1]])
            #expect(try await streaks("ride", "week") == ["(2020-12-28,2021-01-03,1,1)"])
        }
    }

    @Test func `today is that of the newest activity's offset`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let today = "SELECT silver.today(\(Bench.athlete.rawValue)) - (now() AT TIME ZONE 'UTC' + interval 'OFFSET')::date"
            #expect(try await bench.lines(today.replacing("OFFSET", with: "0")) == ["(0)"])
            for (id, hours, expected) in [(Int64(1), 13, "13 hours"), (2, -11, "-11 hours"), (3, 15, "-11 hours")] {
                let start = try await bench.value(
                    "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '10 days' + \(id)::integer * interval '1 hour', 'YYYY-MM-DD\"T\"HH24:MI:SS')",
                    as: String.self)
                try await land(bench, id, utc: start, local: start, #""sport_type":"Run","utc_offset":\#(hours * 3600)"#)
                try await bench.transform()
                #expect(try await bench.lines(today.replacing("OFFSET", with: expected)) == ["(0)"], "\(hours)")
            }
        }
    }

    private func landRide(_ bench: Bench, _ id: Int64, _ start: String, watts: Int) async throws {
        let start = try await bench.value("SELECT to_char(\(raw: start), 'YYYY-MM-DD\"T\"HH24:MI:SS')", as: String.self)
        let streams = #"{"time":{"data":[0]},"watts":{"data":[\#(watts)]}}"#
        try await land(bench, id, utc: start, local: start, #""sport_type":"Ride""#, streams)
    }

    @Test func `ninety days reach back to the hour, a season to New Year`() async throws {
        for (first, second, period) in [
            (
                "now() AT TIME ZONE 'UTC' - interval '90 days' + interval '1 hour'", "now() AT TIME ZONE 'UTC' - interval '90 days 1 hour'",
                "days_90"
            ),
            (
                "date_trunc('year', now() AT TIME ZONE 'UTC')", "date_trunc('year', now() AT TIME ZONE 'UTC') - interval '1 second'",
                "season"
            ),
        ] {
            try await withTestDatabase { database in
                let bench = try await Bench(database)
                try await landRide(bench, 1, first, watts: 200)
                try await landRide(bench, 2, second, watts: 300)
                try await bench.transform()
                let curve =
                    "SELECT period, duration_s, power_w, activity_id FROM silver.power_curve WHERE period IN ('\(period)', 'all_time') ORDER BY 1"
                #expect(try await bench.lines(curve) == ["(all_time,1,300,2)", "(\(period),1,200,1)"].sorted())
            }
        }
    }

    @Test func `records of power, heart rate and the pace of swims and walks, each of its own sports`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let times = (0...40).map { $0 * 10 }
            func streams(_ dm_per_s: Int, _ more: String = "") -> String {
                #"{"time":{"data":\#(times)},"distance":{"data":\#(times.map { Double($0 * dm_per_s) / 10 })}\#(more)}"#
            }
            func both(_ watts: Int, _ beats: Int) -> String {
                #","watts":{"data":\#(times.map { _ in watts })},"heartrate":{"data":\#(times.map { _ in beats })}"#
            }
            // 400 m in 266.67 s and in 200 s; 4 m/s is faster than anybody swims
            let activities = [
                ("Swim", streams(15)), ("OpenWaterSwim", streams(20)), ("Swim", streams(40)), ("Hike", streams(16)),
                ("Run", streams(30, both(280, 180))), ("VirtualRide", streams(10, both(250, 160))),
                ("EBikeRide", streams(11, both(999, 199))),
            ]
            for (place, (sport, streams)) in activities.enumerated() {
                let time = "2026-07-0\(place + 1)T08:00:00"
                try await land(bench, Int64(place + 1), utc: time, local: time, #""sport_type":"\#(sport)""#, streams)
            }
            try await bench.transform()
            let records = """
                SELECT sport_family, metric, power_w, heartrate_bpm, round(pace_s_per_km::numeric, 2), activity_id
                FROM silver.personal_record WHERE distance_m = 400 OR metric <> 'pace' AND duration_s = 300 ORDER BY 1, 2
                """
            #expect(
                try await bench.lines(records) == [
                    "(ride,heartrate,,160,,6)", "(ride,pace,,,1000.00,6)", "(ride,power,250,,,6)", "(run,heartrate,,180,,5)",
                    "(run,pace,,,333.33,5)", "(run,power,280,,,5)", "(swim,pace,,,500.00,2)", "(walk,pace,,,625.00,4)",
                ])
        }
    }
}
