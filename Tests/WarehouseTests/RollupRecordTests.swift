import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Weeks, Eddington's number, power curve and records, against values worked out by hand.
@Suite struct RollupRecordTests {
    private func land(_ bench: Bench, _ id: Int64, _ start: String, _ fields: String, _ streams: String? = nil) async throws {
        let detail = #"{"start_date":"\#(start)Z","start_date_local":"\#(start)Z",\#(fields)}"#
        let answers = [answer(.activity, id, detail)] + (streams.map { [answer(.streams, id, $0)] } ?? [])
        try await bench.land(answers, listed: [listed(id)])
    }

    @Test func `weeks begin on Monday and months on the first, by local time`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let run = #""sport_type":"Run","moving_time":600,"elapsed_time":700,"total_elevation_gain":5,"calories":100"#
            try await land(bench, 1, "2026-08-30T23:59:59", #"\#(run),"distance":1000"#)  // Sunday
            try await land(bench, 2, "2026-08-31T00:00:00", #"\#(run),"distance":2000"#)  // Monday
            try await land(bench, 3, "2026-09-01T10:00:00", #"\#(run),"distance":4000"#)
            try await land(bench, 4, "2026-09-01T12:00:00", #""sport_type":"Swim","distance":500"#)
            try await bench.transform()
            let sums = """
                sport_type, activity_count, distance_m, moving_time_s, elapsed_time_s, elevation_gain_m, calories_kcal, round(load::numeric, 2)
                """
            // runs by average pace, of 10/3 m/s: 600 s at half of it are 1/6 h · 0.5² · 100 = 4.17, at it 16.67, at twice it 66.67
            #expect(
                try await bench.lines("SELECT week_start, \(sums) FROM silver.athlete_week ORDER BY 1, 2") == [
                    "(2026-08-24,Run,1,1000,600,700,5,100,4.17)", "(2026-08-31,Run,2,6000,1200,1400,10,200,83.33)",
                    "(2026-08-31,Swim,1,500,0,0,0,,0.00)",
                ])
            #expect(
                try await bench.lines("SELECT month_start, \(sums) FROM silver.athlete_month ORDER BY 1, 2") == [
                    "(2026-08-01,Run,2,3000,1200,1400,10,200,20.83)", "(2026-09-01,Run,1,4000,600,700,5,100,66.67)",
                    "(2026-09-01,Swim,1,500,0,0,0,,0.00)",
                ])
        }
    }

    @Test func `Eddington's number counts days, not activities`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // days of 3.2 (two rides), 3, 5 and 1 km: three with at least 3 km, one with 4; in miles 1.99, 1.86, 3.1 and 0.6: one with 2
            let rides = [("01T08", 1600), ("01T18", 1600), ("02T08", 3000), ("03T08", 5000), ("04T08", 1000)]
            for (place, (time, metres)) in rides.enumerated() {
                try await land(bench, Int64(place + 1), "2026-07-\(time):00:00", #""sport_type":"GravelRide","distance":\#(metres)"#)
            }
            try await land(bench, 9, "2026-07-05T08:00:00", #""sport_type":"Run","distance":900"#)
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT sport_family, unit, eddington, days_towards_next FROM silver.eddington ORDER BY 1, 2")
                    == ["(ride,km,3,1)", "(ride,mile,1,1)", "(run,km,0,0)", "(run,mile,0,0)"])
        }
    }

    @Test func `the power curve has the best of the period; of equals the first`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let now = try await bench.value(
                "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 days', 'YYYY-MM-DD\"T\"HH24:MI:SS')", as: String.self)
            let ride = #""sport_type":"Ride""#
            try await land(bench, 1, "2019-07-01T08:00:00", ride, #"{"time":{"data":[0,1,2]},"watts":{"data":[100,500,300]}}"#)
            try await land(bench, 2, now, ride, #"{"time":{"data":[0,1]},"watts":{"data":[500,300]}}"#)
            try await bench.transform()
            let curve = "SELECT duration_s, power_w, activity_id, start_offset_s FROM silver.power_curve WHERE period = 'PERIOD' ORDER BY 1"
            #expect(try await bench.lines(curve.replacing("PERIOD", with: "days_90")) == ["(1,500,2,0)", "(2,400,2,0)"])
            #expect(try await bench.lines(curve.replacing("PERIOD", with: "all_time")) == ["(1,500,1,1)", "(2,400,1,1)", "(3,300,1,0)"])
        }
    }

    @Test func `records are kept by sport, and an impossible pace is not one`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            // 400 m in 100 s, in 80 s, and in 20 s (20 m/s, by a car)
            for (id, sport, speed) in [(1, "Run", 4), (2, "TrailRun", 5), (3, "Run", 20), (4, "Ride", 20)] {
                let times = (0...12).map { $0 * 10 }
                let metres = times.map { $0 * speed }
                let streams = #"{"time":{"data":\#(times)},"distance":{"data":\#(metres)}}"#
                try await land(bench, Int64(id), "2026-07-0\(id)T08:00:00", #""sport_type":"\#(sport)""#, streams)
            }
            try await bench.transform()
            #expect(
                try await bench.lines(
                    """
                    SELECT sport_family, metric, distance_m, duration_s, pace_s_per_km, activity_id FROM silver.personal_record
                    WHERE distance_m IN (400, 1000) ORDER BY 1, 3
                    """) == ["(ride,pace,400,20,50,4)", "(ride,pace,1000,50,50,4)", "(run,pace,400,80,200,2)"])
        }
    }
}
