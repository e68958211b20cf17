import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// `sql/silver/11_athlete_stats.sql` and `23_strava_zone.sql`, against values worked out by hand, and a rebuild of all that a detail holds.
@Suite struct SilverStatsTests {
    private let stats =
        "SELECT period, sport_family, activity_count, distance_m, moving_time_s, elapsed_time_s, elevation_gain_m FROM silver.athlete_stats ORDER BY 1, 2"

    @Test func `totals become a row for each period and sport, without a profile and without an activity`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let body = #"""
                {"biggest_ride_distance":152127.5,"all_ride_totals":{"count":7,"distance":7000.5,"moving_time":700.4,"elapsed_time":"770",
                 "elevation_gain":70},"ytd_run_totals":{"count":5,"distance":0},"recent_swim_totals":{"count":0,"achievement_count":3},
                 "all_swim_totals":[],"all_walk_totals":{"count":9}}
                """#
            try await bench.landStats(body)
            try await bench.transform()
            #expect(
                try await bench.lines(stats) == ["(all,ride,7,7000.5,700,770,70)", "(recent,swim,0,,,,)", "(ytd,run,5,0,,,)"])
            #expect(
                try await bench.lines(
                    "SELECT period, achievement_count, biggest_ride_distance_m, biggest_climb_m FROM silver.athlete_stats ORDER BY 1")
                    == ["(all,,152127.5,)", "(recent,3,,)", "(ytd,,,)"])
        }
    }

    @Test func `an answer is read once, a new one replaces it, and impossible totals are findings`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.landStats(#"{"all_ride_totals":{"count":1,"distance":-5},"all_run_totals":{"moving_time":1e12}}"#)
            try await bench.transform()
            #expect(try await bench.lines(stats) == ["(all,ride,1,,,,)", "(all,run,,,,,)"])
            let findings = "SELECT check_name, measured FROM silver.athlete_finding ORDER BY 1"
            #expect(try await bench.lines(findings) == ["(stats_distance_m,-5)", "(stats_time_s,1000000000000)"])
            let version = "SELECT xmin::text FROM silver.athlete_stats"
            let before = try await bench.lines(version)
            try await bench.land(
                [answer(.athlete, Bench.athlete.rawValue, #"{"weight":70}"#), answer(.activitySummary, 1, "{}")], listed: [listed(1)])
            try await bench.transform()
            #expect(try await bench.lines(version) == before)
            #expect(try await bench.lines(findings).count == 2)
            try await bench.landStats(#"{"all_ride_totals":{"count":2}}"#, at: Bench.noon + 1)
            try await bench.transform()
            #expect(try await bench.lines(stats) == ["(all,ride,2,,,,)"])
            #expect(try await bench.lines(findings) == [])
        }
    }

    private let zones =
        "SELECT metric, zone, from_value, to_value, time_s, score, points, is_sensor_based, is_custom FROM silver.activity_strava_zone ORDER BY 1, 2"

    @Test func `Strava's zones of an activity come in whatever order they land, and follow the answer`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let pace =
                #"{"type":"pace","score":8,"sensor_based":false,"distribution_buckets":[{"min":0,"max":2.5,"time":10.5},{"min":2.5,"max":-1,"time":3}]}"#
            let heartrate = #"{"type":"heartrate","points":4,"custom_zones":true,"distribution_buckets":[{"min":0,"max":-1,"time":9}]}"#
            try await bench.land([answer(.activityZones, 1, "[\(pace),7,{},\(heartrate),\(pace)]")])
            try await bench.transform()
            #expect(try await bench.lines(zones) == [], "there is no activity yet")
            try await bench.land([answer(.activitySummary, 1, "{}")], listed: [listed(1)])
            try await bench.transform()
            let expected = ["(heartrate,1,0,,9,,4,,t)", "(pace,1,0,2.5,10.5,8,,f,)", "(pace,2,2.5,,3,8,,f,)"]
            #expect(try await bench.lines(zones) == expected)
            let version = "SELECT metric, zone, xmin::text FROM silver.activity_strava_zone ORDER BY 1, 2"
            let before = try await bench.lines(version)
            try await bench.land([answer(.activitySummary, 1, #"{"name":"x"}"#, at: Bench.noon + 1)])
            try await bench.transform()
            #expect(try await bench.lines(version) == before, "unchanged rows are not written")
            let wrong = #"[{"type":"heartrate","distribution_buckets":[{"min":900,"max":-1,"time":-4},3]}]"#
            try await bench.land([answer(.activityZones, 1, wrong, at: Bench.noon + 2)])
            try await bench.transform()
            #expect(try await bench.lines(zones) == ["(heartrate,1,,,,,,,)", "(heartrate,2,,,,,,,)"])
            #expect(
                try await bench.lines("SELECT check_name, measured FROM silver.quality_finding ORDER BY 1")
                    == ["(strava_zone_heartrate_bpm,900)", "(strava_zone_time_s,-4)"])
            try await bench.land([answer(.activityZones, 1, #"{"message":"no"}"#, at: Bench.noon + 3)])
            try await bench.transform()
            #expect(try await bench.lines(zones) == [])
            #expect(try await bench.lines("SELECT FROM silver.quality_finding") == [])
        }
    }

    @Test func `a rebuild makes the same rows of details, zones and totals, and removes those whose answer is gone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let detail = #"""
                {"best_efforts":[{"id":1}],"segment_efforts":[{"id":2,"average_watts":9999,"segment":{"id":7}}],
                 "photos":{"primary":{"id":9,"urls":{"100":"a"}}}}
                """#
            try await bench.land(
                [
                    answer(.activitySummary, 1, "{}"), answer(.activity, 1, detail),
                    answer(.activityZones, 1, #"[{"type":"power","distribution_buckets":[{"min":0,"max":-1,"time":9}]}]"#),
                ], listed: [listed(1)])
            try await bench.landStats(#"{"all_ride_totals":{"count":1,"distance":-5}}"#)
            try await bench.transform()
            let content = "SELECT table_name, row_key, content FROM sync.silver_content(\(Bench.athlete.rawValue)) ORDER BY 1, 2"
            let before = try await bench.lines(content)
            let tables = [
                "activity_strava_zone", "athlete_finding", "athlete_stats", "best_effort", "photo", "quality_finding", "segment_effort",
            ]
            let names = "SELECT DISTINCT table_name FROM sync.silver_content(\(Bench.athlete.rawValue)) ORDER BY 1"
            let own = Set(tables.map { "(\($0))" })
            #expect(own.isSubset(of: try await bench.lines(names)))
            try await bench.rebuild()
            #expect(try await bench.lines(content) == before)
            try await database.query("DELETE FROM bronze_strava.answer WHERE endpoint IN (2, 6, 8)")
            try await bench.rebuild()
            let rest = try await bench.lines(names)
            #expect(own.isDisjoint(with: rest) && rest.contains("(activity)"))
        }
    }
}
