import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// History, zones, gear and splits (`sql/silver/06` to `08` and `25`), against values worked out by hand.
@Suite struct RollupFactTests {
    private let id = Bench.athlete.rawValue

    private func profile(_ weight: String, _ ftp: String, _ more: String = "", day: Double) -> BronzeAnswer {
        answer(.athlete, id, #"{"weight":\#(weight),"ftp":\#(ftp)\#(more)}"#, at: Bench.noon + day * 86_400)
    }

    @Test func `weight and FTP are dated, one row per change`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([profile("70.5", "250", day: 0)])
            try await bench.transform()
            // two changes land before silver is made again: both are kept; a change of something else is not
            try await bench.land([profile("70.5", "250", #","city":"Delft""#, day: 1)])
            try await bench.land([profile("70.5", "260", day: 2)])
            try await bench.land([profile("69", "260", day: 3)])
            try await bench.transform()
            let history = "SELECT valid_from::date, weight_kg, ftp_w FROM silver.athlete_history ORDER BY valid_from"
            let expected = ["(2026-11-23,70.5,250)", "(2026-11-25,70.5,260)", "(2026-11-26,69,260)"]
            #expect(try await bench.lines(history) == expected)
            try await bench.rebuild()
            try await bench.transform()
            #expect(try await bench.lines(history) == expected)
            let at = """
                SELECT (silver.thresholds_at(\(id), 1::smallint, 'ride', d)).power_w, silver.weight_kg_at(\(id), 1::smallint, d)
                FROM unnest('{2020-01-01,2026-11-24,2026-11-25 13:00+00,2030-01-01}'::timestamptz[]) WITH ORDINALITY AS u(d, i) ORDER BY i
                """
            #expect(try await bench.lines(at) == ["(250,70.5)", "(250,70.5)", "(260,70.5)", "(260,69)"])
        }
    }

    private func zones(_ second: Int, day: Double) -> BronzeAnswer {
        let body = #"""
            {"heart_rate":{"custom_zones":true,"zones":[{"min":0,"max":115},{"min":\#(second),"max":150},{"min":151,"max":-1}]},
             "power":{"zones":[{"min":0,"max":"x"},{"min":200},{"min":100}]}}
            """#
        return answer(.athleteZones, id, body, at: Bench.noon + day * 86_400)
    }

    @Test func `time in zones goes by the zones of the day, and by the default before there are any`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = #"{"time":{"data":[0,1,2,3]},"heartrate":{"data":[100,116,118,170]},"watts":{"data":[100,150,190,400]}}"#
            for activity in Int64(1)...2 {
                let start = activity == 1 ? "2026-11-20T06:00:00Z" : "2026-11-25T06:00:00Z"
                try await bench.land(
                    [answer(.activity, activity, #"{"sport_type":"Ride","start_date":"\#(start)"}"#), answer(.streams, activity, streams)],
                    listed: [listed(activity)])
            }
            try await bench.transform()
            // 190 by default: zones begin at 114, 133, 152, 171; without an FTP there are no power zones
            let times = """
                SELECT activity_id, metric, zone, from_bpm, from_w, seconds, is_default FROM silver.activity_zone_time ORDER BY 1, 2, 3
                """
            let byDefault = ["0,,1,t", "114,,2,t", "133,,0,t", "152,,1,t", "171,,0,t"]
            #expect(
                try await bench.lines(times)
                    == (1...2).flatMap { activity in byDefault.enumerated().map { "(\(activity),heartrate,\($0 + 1),\($1))" } })

            // power zones from FTP 200: 0, 110, 150, 180, 210, 240, 300; Strava's own power zones are out of order and skipped
            try await bench.land([zones(116, day: 0), profile("70", "200", day: 0)])
            try await bench.transform()
            try await bench.land([zones(118, day: 1)])
            try await bench.transform()
            let own = try await bench.lines(times.replacing("ORDER BY", with: "WHERE metric = 'heartrate' ORDER BY"))
            #expect(
                own == [
                    "(1,heartrate,1,0,,1,f)", "(1,heartrate,2,116,,2,f)", "(1,heartrate,3,151,,1,f)",
                    "(2,heartrate,1,0,,2,f)", "(2,heartrate,2,118,,1,f)", "(2,heartrate,3,151,,1,f)",
                ])
            let power = try await bench.lines(
                "SELECT from_w, to_w, seconds, is_default FROM silver.activity_zone_time WHERE metric = 'power' AND activity_id = 1 ORDER BY zone"
            )
            #expect(
                power == [
                    "(0,110,1,t)", "(110,150,0,t)", "(150,180,1,t)", "(180,210,1,t)", "(210,240,0,t)", "(240,300,0,t)", "(300,,1,t)",
                ])
        }
    }

    @Test func `gear has its distance, and gear that leaves the profile is retired`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let both =
                #","bikes":[{"id":"b1","name":"Road","primary":true,"distance":5000},"x"],"shoes":[{"id":"g1","name":"Old","nickname":""}]"#
            try await bench.land([profile("70", "null", both, day: 0)])
            let activities = [(1, "b1", 1000.0, 300, "2026-07-01"), (2, "b1", 500, 100, "2026-07-03"), (3, "g9", 42, 9, "2026-07-02")]
            for (id, gear, distance, seconds, day) in activities {
                let detail = """
                    {"gear_id":"\(gear)","distance":\(distance),"moving_time":\(seconds),"start_date_local":"\(day)T08:00:00Z","gear":{"name":"N"}}
                    """
                try await bench.land([answer(.activity, Int64(id), detail)], listed: [listed(Int64(id))])
            }
            try await bench.transform()
            let gear = """
                SELECT gear_id, kind, name, nickname, is_primary, is_retired, strava_distance_m, activity_count, activity_distance_m,
                       activity_moving_time_s, first_used_on, last_used_on FROM silver.gear ORDER BY gear_id
                """
            #expect(
                try await bench.lines(gear) == [
                    "(b1,bike,Road,,t,f,5000,2,1500,400,2026-07-01,2026-07-03)", "(g1,shoes,Old,,,f,,0,0,0,,)",
                    "(g9,shoes,N,,,,,1,42,9,2026-07-02,2026-07-02)",
                ])
            try await bench.land([
                profile("70", "null", #","bikes":[{"id":"b1","name":"Road","primary":true,"distance":6000}],"shoes":[]"#, day: 1),
                answer(.gear, 1, #"{"id":"b1","name":"Road","brand_name":"Trek ","model_name":"X"}"#),
            ])
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT gear_id, brand, model, is_retired, strava_distance_m FROM silver.gear_item ORDER BY 1")
                    == ["(b1,Trek,X,f,6000)", "(g1,,,t,)"])
        }
    }

    @Test func `splits by the kilometre and by the mile come from the detail and are replaced with it`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let detail = #"""
                {"splits_metric":[{"distance":1000.4,"elapsed_time":310,"moving_time":300,"elevation_difference":-2.5,"split":1,
                  "average_speed":3.33,"average_grade_adjusted_speed":3.4,"average_heartrate":150.5,"pace_zone":2}, 7, {"distance":195}],
                 "splits_standard":[{"distance":1195.4,"moving_time":370,"average_speed":3.23}]}
                """#
            try await bench.land([answer(.activity, 1, detail)], listed: [listed(1)])
            try await bench.transform()
            let splits = """
                SELECT split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m, average_speed_mps,
                       grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone FROM silver.split ORDER BY 1
                """
            #expect(try await bench.lines(splits) == ["(1,1000.4,300,310,-2.5,3.33,3.4,150.5,2)", "(2,195,,,,,,,)"])
            let miles = "SELECT split_number, distance_m, moving_time_s, elapsed_time_s, average_speed_mps FROM silver.split_mile"
            #expect(try await bench.lines(miles) == ["(1,1195.4,370,,3.23)"])
            try await bench.land([answer(.activity, 1, #"{"splits_metric":{"a":1}}"#, at: Bench.noon + 1)])
            try await bench.transform()
            #expect(try await bench.lines(splits) == [])
            #expect(try await bench.lines(miles) == [])
        }
    }
}
