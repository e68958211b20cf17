import Core
import Foundation
import StravaAPI
import SyncStore
import TestKit
import Testing

@testable import Warehouse

/// The invented answers of `Tests/Fixtures/Strava`, landed as the sync would land them, against silver's rows worked out by hand.
@Suite struct InventedAnswersTests {
    private static let (ride, run, swim, manual): (Int64, Int64, Int64, Int64) = (
        20_000_000_101, 20_000_000_202, 20_000_000_303, 20_000_000_404
    )

    private func answer(_ endpoint: BronzeEndpoint, _ id: Int64, _ name: String) throws -> BronzeAnswer {
        let recording = try #require(Recordings.invented.first { $0.path == "\(name).body.json" })
        return BronzeAnswer(
            endpoint: endpoint, objectID: id, request: "/\(name)", status: 200, fetchedAt: Bench.noon, body: recording.body)
    }

    private func land(_ bench: Bench) async throws {
        let athlete = Bench.athlete.rawValue
        let page = try ActivityPage(body: try answer(.activitySummary, 0, "activity-list").body)
        let summaries = page.activities.map {
            BronzeAnswer(
                endpoint: .activitySummary, objectID: $0.activityID.rawValue, request: "/athlete/activities", status: 200,
                fetchedAt: Bench.noon - 60, body: $0.body)
        }
        let rows = page.activities.map {
            ListedRow(activityID: $0.activityID, startAt: $0.startAt, manual: $0.manual, fingerprint: $0.fingerprint)
        }
        try await bench.land(
            summaries + [
                answer(.athlete, athlete, "athlete"), answer(.athleteZones, athlete, "athlete-zones"),
                answer(.gear, 90_000_011, "gear-bike"), answer(.gear, -90_000_012, "gear-shoes"),
            ], listed: rows)
        try await bench.land([
            answer(.activity, Self.ride, "activity-ride"), answer(.streams, Self.ride, "streams-ride"),
            answer(.activityZones, Self.ride, "activity-zones-ride"),
            answer(.activity, Self.run, "activity-run"), answer(.streams, Self.run, "streams-run"),
            answer(.activity, Self.swim, "activity-swim"), answer(.streams, Self.swim, "streams-swim"),
            answer(.activity, Self.manual, "activity-manual"),
        ])
        try await bench.transform()
    }

    private func expect(_ statement: String, _ expected: [String], in bench: Bench) async throws {
        let found = try await bench.lines(statement)
        #expect(found == expected, "\(statement)")
    }

    @Test func `a ride, a run, a swim and a manual activity become rows with their own figures`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await expect("SELECT endpoint, object_id, reason, detail FROM sync.quarantine", [], in: bench)
            try await expect(
                """
                SELECT activity_id, sport_type, distance_m, moving_time_s, gear_name, is_manual, has_detail, start_latitude_deg, calories_kcal
                FROM silver.activity ORDER BY 1
                """,
                [
                    #"(20000000101,GravelRide,317,39,"Example bike",f,t,-44.5,8.4)"#,
                    #"(20000000202,TrailRun,140.9,46,"Example shoes",f,t,-44.75,9)"#, "(20000000303,Swim,275,275,,f,t,,40)",
                    "(20000000404,VirtualRow,0,1800,,t,t,,)",
                ], in: bench)
            try await expect(
                "SELECT activity_id, start_at AT TIME ZONE 'UTC', start_date_local, utc_offset_s FROM silver.activity WHERE is_manual",
                [#"(20000000404,"2026-02-24 06:00:00","2026-02-23 22:00:00",-28800)"#], in: bench)
            try await expect(
                "SELECT activity_id, lap_number, distance_m, first_index, last_index, has_power_meter FROM silver.lap ORDER BY 1, 2",
                ["(20000000101,1,197,1,25,t)", "(20000000101,2,120,26,40,t)", "(20000000202,1,140.9,1,24,)"], in: bench)
            for table in ["split", "split_mile"] {
                try await expect("SELECT activity_id, split_number, distance_m FROM silver.\(table)", ["(20000000202,1,140.9)"], in: bench)
            }
        }
    }

    @Test func `all streams become arrays, and what follows from them is worked out`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await expect(
                """
                SELECT activity_id, point_count, cardinality(time_s), cardinality(distance_m), cardinality(latitude_e6), cardinality(longitude_e6),
                       cardinality(altitude_m), cardinality(velocity_mps), cardinality(grade_percent), cardinality(heartrate_bpm),
                       cardinality(cadence_rpm), cardinality(power_w), cardinality(temperature_c), cardinality(moving)
                FROM silver.activity_stream ORDER BY 1
                """,
                [
                    "(20000000101,40,40,40,40,40,40,40,40,40,40,40,40,40)", "(20000000202,24,24,24,24,24,24,24,24,24,24,,,24)",
                    "(20000000303,12,12,12,,,,,,12,,,,)",
                ], in: bench)
            try await expect(
                """
                SELECT latitude_e6[1], longitude_e6[1], altitude_m[1], power_w[3:5], temperature_c[8], moving[25:27], time_s[10:12], end_distance_m
                FROM silver.activity_stream WHERE activity_id = \(Self.ride)
                """, [#"(-44500000,-126250000,-0.6,"{190,NULL,180}",,"{t,f,t}","{9,13,14}",317)"#], in: bench)
            // The ride: 37 steps of a second, one of 4, a pause of 61 s before which a point stands for a second, and the last point.
            // The swim: a point for each length, every 25 seconds.
            // A point without power or heart rate between two that have one takes the value before it.
            try await expect(
                "SELECT activity_id, recorded_s, heartrate_s, power_s, load_ftp_w FROM silver.activity_metric ORDER BY 1",
                ["(20000000101,43,43,43,210)", "(20000000202,47,47,0,)", "(20000000303,276,276,0,)"], in: bench)
        }
    }

    @Test func `efforts and segments become rows`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await expect(
                """
                SELECT activity_id, effort_number, name, distance_m, moving_time_s, elapsed_time_s, start_at, pr_rank, achievement_types,
                       achievement_ranks, first_index, last_index FROM silver.best_effort
                """, [#"(20000000202,1,100m,100,31,32,"2026-02-27 15:30:09+00",2,{pr},{2},5,21)"#], in: bench)
            try await expect(
                """
                SELECT effort_number, effort_id, segment_id, elapsed_time_s, average_power_w, pr_rank, kom_rank, achievement_types,
                       achievement_ranks, is_hidden, first_index, last_index FROM silver.segment_effort ORDER BY 1
                """,
                [
                    #"(1,3900000000000000101,7000001,12,186.5,1,7,"{pr,overall}","{1,7}",f,6,18)"#,
                    "(2,3900000000000000102,1,10,,,,,,t,,)",
                ], in: bench)
            try await expect(
                """
                SELECT segment_id, name, distance_m, average_grade_percent, city, state, is_starred, start_latitude_deg, effort_count,
                       best_elapsed_time_s FROM silver.segment ORDER BY 1
                """, [#"(1,"Nothing to see",,,,,,,1,10)"#, #"(7000001,"Up from the buoy",99.1,6.2,"At sea",,t,-44.4999,1,12)"#], in: bench)
        }
    }

    @Test func `photos and Strava's own zones become rows`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await expect(
                "SELECT photo_number, size_px, photo_id, url, origin, media_type, is_primary FROM silver.photo ORDER BY 2",
                [
                    "(1,100,00000000-0000-4000-8000-000000000101,photo/101-100.jpg,1,1,t)",
                    "(1,600,00000000-0000-4000-8000-000000000101,photo/101-600.jpg,1,1,t)",
                ], in: bench)
            try await expect(
                "SELECT metric, zone, from_value, to_value, time_s, score, points, is_custom FROM silver.activity_strava_zone ORDER BY 1, 2",
                [
                    "(heartrate,1,0,119,4,4,4,t)", "(heartrate,2,120,139,35,4,4,t)", "(heartrate,3,140,159,0,4,4,t)",
                    "(heartrate,4,160,174,0,4,4,t)", "(heartrate,5,175,,0,4,4,t)", "(power,1,0,0,2,,,)", "(power,2,0,199,37,,,)",
                    "(power,3,200,,0,,,)",
                ], in: bench)
        }
    }

    @Test func `profile, zones and gear become the athlete's own rows`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await expect(
                "SELECT username, first_name, city, sex, weight_kg, ftp_w, is_subscriber FROM silver.athlete", [#"(,Test,,F,61.5,210,t)"#],
                in: bench)
            try await expect(
                "SELECT metric, lower_bounds, is_default FROM silver.athlete_zone_set WHERE NOT is_default ORDER BY 1",
                [#"(heartrate,"{0,120,140,160,175}",f)"#, #"(power,"{0,116,159,190}",f)"#], in: bench)
            try await expect(
                """
                SELECT gear_id, name, brand, model, is_primary, is_retired, strava_distance_m, frame_type, weight_kg, description
                FROM silver.gear_item ORDER BY 1
                """,
                [
                    #"(b90000011,"Example bike",Example,Gravel,t,f,1234567,5,9.5,)"#,
                    #"(g90000012,"Example shoes",Example,,f,t,400000.5,,,)"#,
                ], in: bench)
        }
    }
}
