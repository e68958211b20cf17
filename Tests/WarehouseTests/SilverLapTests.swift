import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// `sql/silver/20_lap.sql` and `sql/silver/05_athlete.sql`, against values worked out by hand.
@Suite struct SilverLapTests {
    private let detail = #"""
        {"id":11,"laps":[
          {"id":23656870985,"name":"Lap 1","lap_index":1,"split":1,"start_date":"2022-05-14T18:21:19Z","start_date_local":"2022-05-14T14:21:19Z",
           "elapsed_time":2432,"moving_time":2400,"distance":1000.5,"average_speed":4,"max_speed":5.5,"start_index":0,"end_index":803,
           "total_elevation_gain":22.0,"device_watts":false,"average_heartrate":120.7,"max_heartrate":145.0,"average_watts":99.9},
          "not a lap", null,
          {"name":"Lap 2","distance":null,"start_index":804,"end_index":"900","average_cadence":81.5,"pace_zone":2}]}
        """#
    private let query = """
        SELECT lap_number, lap_id, name, start_at, start_date_local, distance_m, moving_time_s, elapsed_time_s, elevation_gain_m,
               average_speed_mps, max_speed_mps, average_heartrate_bpm, max_heartrate_bpm, average_cadence_rpm, average_power_w,
               has_power_meter, pace_zone, first_index, last_index FROM silver.lap ORDER BY lap_number
        """

    @Test func `laps are numbered in the order sent, with points counted from one`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activity, 11, detail)], listed: [listed(11)])
            try await bench.transform()
            #expect(
                try await bench.lines(query) == [
                    #"(1,23656870985,"Lap 1","2022-05-14 18:21:19+00","2022-05-14 14:21:19",1000.5,2400,2432,22,4,5.5,120.7,145,,99.9,f,,1,804)"#,
                    #"(2,,"Lap 2",,,,,,,,,,,81.5,,,2,805,901)"#,
                ])
        }
    }

    @Test func `a new detail replaces the laps, a new summary leaves them alone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activity, 11, detail)], listed: [listed(11)])
            try await bench.transform()
            let version = "SELECT xmin::text FROM silver.lap ORDER BY lap_number"
            let before = try await bench.lines(version)
            try await bench.land([answer(.activitySummary, 11, #"{"name":"x"}"#, at: Bench.noon + 5)])
            try await bench.transform()
            #expect(try await bench.lines(version) == before)
            try await bench.land([answer(.activity, 11, #"{"laps":[{"name":"only"}]}"#, at: Bench.noon + 6)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT lap_number, name FROM silver.lap") == ["(1,only)"])
        }
    }

    @Test func `the athlete's profile becomes a typed row`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let profile =
                #"{"id":134815,"username":null,"firstname":"Zoë","lastname":"O'Neil","city":"","country":"NL","sex":"F","weight":61.25,"ftp":null,"measurement_preference":"meters","premium":false,"summit":true,"created_at":"2017-11-28T19:05:35Z"}"#
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, profile), answer(.activity, 11, "{}")], listed: [listed(11)])
            #expect(try await bench.transform() == 2)
            let query =
                "SELECT athlete_id, first_name, last_name, city, country, sex, weight_kg, ftp_w, measurement_system, is_subscriber, joined_at FROM silver.athlete"
            #expect(try await bench.lines(query) == [#"(134815,Zoë,O'Neil,,NL,F,61.25,,meters,t,"2017-11-28 19:05:35+00")"#])
            try await bench.land([answer(.activity, 12, "{}")], listed: [listed(12)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT first_name FROM silver.athlete") == ["(Zoë)"])
        }
    }
}
