import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Each column of `silver.activity`, `silver.athlete` and `silver.aggregate_stream` has its own field: no two values here are equal.
@Suite struct SilverFieldTests {
    @Test func `each column of an activity has its field, as an integer or a fraction`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let detail = #"""
                {"average_speed":1.5,"max_speed":2,"elev_high":300,"elev_low":-4.5,"average_cadence":81.5,"average_watts":182.5,
                 "weighted_average_watts":190,"max_watts":607.0,"kilojoules":870.2,"suffer_score":46.0,"perceived_exertion":7,"moving_time":60.4,
                 "elapsed_time":61.5,"device_watts":true,"has_heartrate":false,"heartrate_opt_out":true,"private":true,"flagged":false,
                 "hide_from_home":true,"workout_type":11,"external_id":"a.fit","end_latlng":[-33.5,-151.25],"location_city":"Delft",
                 "location_state":"","location_country":"Netherlands","achievement_count":1,"comment_count":2,"athlete_count":3,
                 "total_photo_count":4,"photo_count":0,"pr_count":5,"type":"Ride","prefer_perceived_exertion":true,
                 "from_accepted_tag":false,"available_zones":["heartrate",5,"pace"],"private_note":"for me","description":"for all"}
                """#
            try await bench.land([answer(.activity, 1, detail)], listed: [listed(1)])
            try await bench.transform()
            let figures = """
                SELECT average_speed_mps, max_speed_mps, elevation_high_m, elevation_low_m, average_cadence_rpm, average_power_w, weighted_power_w,
                       max_power_w, energy_kj, relative_effort, perceived_exertion, moving_time_s, elapsed_time_s FROM silver.activity
                """
            #expect(try await bench.lines(figures) == ["(1.5,2,300,-4.5,81.5,182.5,190,607,870.2,46,7,60,62)"])
            let rest = """
                SELECT has_power_meter, has_heartrate, heartrate_opt_out, is_private, is_flagged, is_hidden_from_home, workout_type, external_id,
                       end_latitude_deg, end_longitude_deg, location_city, location_state, location_country, achievement_count, comment_count,
                       athlete_count, photo_count, pr_count, sport_type, activity_type, has_detail FROM silver.activity
                """
            #expect(try await bench.lines(rest) == ["(t,f,t,t,f,t,11,a.fit,-33.5,-151.25,Delft,,Netherlands,1,2,3,4,5,Ride,Ride,t)"])
            let own = "SELECT prefers_perceived_exertion, is_from_tag, available_zones, private_note, description FROM silver.activity"
            #expect(try await bench.lines(own) == [#"(t,f,"{heartrate,pace}","for me","for all")"#])
        }
    }

    @Test func `keys that are missing are null, not zero`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activitySummary, 1, "{}")], listed: [listed(1)])
            try await bench.transform()
            let filled = """
                SELECT key FROM silver.activity a, jsonb_each(to_jsonb(a)) WHERE value <> 'null' AND key NOT IN (
                    'athlete_id', 'source_id', 'activity_id', 'sport_family', 'has_detail', 'transform_version', 'summary_sha256', 'updated_at')
                """
            #expect(try await bench.lines(filled) == [])
        }
    }

    @Test func `an activity with a hidden start keeps its day`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let hidden = #"{"start_date":"2026-07-01T00:00:01Z","start_date_local":"2026-07-01T00:00:01Z","utc_offset":-25200.0}"#
            try await bench.land([answer(.activitySummary, 1, hidden)], listed: [listed(1)])
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT start_at, start_date_local, utc_offset_s FROM silver.activity")
                    == [#"("2026-07-01 00:00:01+00","2026-07-01 00:00:01",-25200)"#])
        }
    }

    @Test func `each stream has its column, nulls and all`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = #"""
                {"time":{"data":[0,2],"series_type":"time","resolution":"high","original_size":2},"altitude":{"data":[-3.5,null]},
                 "velocity_smooth":{"data":[1.25,0]},"heartrate":{"data":[121,40000]},"cadence":{"data":[80,0]},"temp":{"data":[-7,null]},
                 "grade_smooth":{"data":[-2.5,3]},"moving":{"data":[true,null]}}
                """#
            try await bench.land([answer(.activity, 1, "{}"), answer(.streams, 1, streams)], listed: [listed(1)])
            try await bench.transform()
            #expect(
                try await bench.lines(
                    """
                    SELECT index, time, altitude, velocity_smooth, heartrate, cadence, temperature, grade_smooth, moving, distance, watts
                    FROM silver.aggregate_stream ORDER BY index
                    """) == ["(1,0,-3.5,1.25,121,80,-7,-2.5,1,,)", "(2,2,,0,,0,,3,,,)"])
            // a value that does not fit its column is null there; the quality checks still see it
            let facts =
                "SELECT point_count, original_size, series_type, resolution, short_points, disordered_points, outlier_heartrate_points FROM silver.activity_stream"
            #expect(try await bench.lines(facts) == ["(2,2,time,high,0,0,1)"])
        }
    }

    @Test func `each column of an athlete has its field`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let profile = #"""
                {"username":"u","state":"ZH","sex":"X","weight":70,"ftp":250.4,"measurement_preference":"feet","premium":true,"profile":"https://p","bio":"b",
                 "athlete_type":1,"follower_count":2,"friend_count":3,"updated_at":"2026-07-01T06:30:00Z"}
                """#
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, profile)])
            try await bench.transform()
            let row = "SELECT username, state, sex, weight_kg, ftp_w, measurement_system, is_subscriber, profile_url FROM silver.athlete"
            #expect(try await bench.lines(row) == ["(u,ZH,X,70,250,feet,t,https://p)"])
            let more = "SELECT bio, athlete_type, follower_count, friend_count, strava_updated_at FROM silver.athlete"
            #expect(try await bench.lines(more) == [#"(b,1,2,3,"2026-07-01 06:30:00+00")"#])
        }
    }
}
