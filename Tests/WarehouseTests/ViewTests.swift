import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

@Suite struct ViewTests {
    private static let streamColumns = [
        "data", "index", "original_size", "series_type", "athlete_id", "activity_id", "metadata_insert_timestamp",
    ]

    private func columns(_ bench: Bench, _ schema: String, _ view: String) async throws -> [String] {
        try await bench.database.query(
            """
            SELECT column_name::text FROM information_schema.columns
            WHERE table_schema = \(schema) AND table_name = \(view) ORDER BY ordinal_position
            """
        ).map { try $0.decode(String.self) }
    }

    @Test func `the predecessor's views have its columns in its order`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = [
                "time", "distance", "altitude", "velocity_smooth", "heartrate", "cadence", "watts", "temp", "moving", "grade_smooth",
                "power",
            ]
            for view in streams {
                #expect(try await columns(bench, "bronze_strava", view) == Self.streamColumns)
            }
            #expect(try await columns(bench, "bronze_strava", "latlng") == ["latitude", "longitude"] + Self.streamColumns.dropFirst())
            let aggregate = try await columns(bench, "silver", "aggregate_stream")
            #expect(
                aggregate.prefix(19) == [
                    "index", "time", "altitude", "cadence", "distance", "grade_smooth", "heartrate", "latitude", "longitude", "power",
                    "moving",
                    "temperature", "velocity_smooth", "watts", "name", "sport_type", "athlete_id", "activity_id",
                    "metadata_insert_timestamp",
                ])
            let activity = try await columns(bench, "bronze_strava", "activity")
            #expect(activity.first == "activity_id")
            #expect(
                activity.suffix(6) == [
                    "athlete_id", "athlete_resource_state", "map_id", "map_polyline", "map_summary_polyline", "metadata_insert_timestamp",
                ])
            #expect(activity.count == 58)
            #expect(
                try await columns(bench, "bronze_strava", "athlete_summary").prefix(4) == ["athlete_id", "city", "country", "created_at"])
        }
    }

    @Test func `each point is a row with the digits that Strava sent`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = #"""
                {"time":{"data":[0,3],"series_type":"distance","original_size":9},"distance":{"data":[0.1,12345.3]},"latlng":{"data":[[52.123456,13.1],null]},
                 "watts":{"data":[null,250]},"moving":{"data":[false,true]},"temp":{"data":[21,22]}}
                """#
            try await bench.land(
                [
                    answer(.activity, 5, #"{"name":"N","sport_type":"Ride","start_date":"2026-07-01T06:30:00Z"}"#),
                    answer(.streams, 5, streams),
                ],
                listed: [listed(5)])
            try await bench.transform()
            let aggregate = """
                SELECT index, time, altitude, distance, latitude, longitude, power, moving, temperature, watts, name, sport_type, athlete_id,
                       activity_id, recorded_at FROM silver.aggregate_stream WHERE athlete_id = 134815 AND activity_id = 5 ORDER BY index
                """
            #expect(
                try await bench.lines(aggregate) == [
                    #"(1,0,,0.1,52.123456,13.1,,0,21,,N,Ride,134815,5,"2026-07-01 06:30:00+00")"#,
                    #"(2,3,,12345.3,,,,1,22,250,N,Ride,134815,5,"2026-07-01 06:30:03+00")"#,
                ])
            #expect(
                try await bench.lines(
                    "SELECT data, index, original_size, series_type, athlete_id, activity_id FROM bronze_strava.distance ORDER BY index")
                    == ["(0.1,1,9,distance,134815,5)", "(12345.3,2,9,distance,134815,5)"])
            #expect(
                try await bench.lines("SELECT latitude, longitude, index FROM bronze_strava.latlng ORDER BY index")
                    == ["(52.123456,13.1,1)", "(,,2)"])
            #expect(try await bench.value("SELECT count(*) FROM bronze_strava.heartrate", as: Int.self) == 0)
            #expect(try await bench.value("SELECT count(*) FROM bronze_strava.power", as: Int.self) == 0)
        }
    }

    @Test func `bronze's activity and athlete are read from the newest answer, unreadable ones are left out`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([
                answer(.activitySummary, 11, SilverActivityTests.summary),
                answer(.activity, 11, SilverActivityTests.detail, at: Bench.noon - 1),
                answer(.activity, 12, "[1]"), answer(.activity, 13, "<html>"), answer(.activity, 14, "[]"),
                answer(.activitySummary, 14, #"{"name":"x"}"#),
                answer(.athlete, Bench.athlete.rawValue, #"{"city":"Delft","ftp":250,"bikes":[{"id":"b1"}],"premium":true}"#),
            ])
            #expect(
                try await bench.lines(
                    "SELECT activity_id, distance, start_latlng, map_summary_polyline, trainer, total_elevation_gain, start_date FROM bronze_strava.activity WHERE activity_id = 11"
                )
                    == [#"(11,42195.5,"[52.52, 13.405]",abc,f,310,2026-07-01T06:30:00Z)"#])
            #expect(try await bench.lines("SELECT activity_id FROM bronze_strava.activity ORDER BY 1") == ["(11)"])
            #expect(
                try await bench.lines("SELECT athlete_id, city, ftp, bikes, premium, plan FROM bronze_strava.athlete_summary")
                    == [#"(134815,Delft,250,"[{""id"": ""b1""}]",t,)"#])
        }
    }

    @Test func `every table, view and column of silver and bronze says what it is`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let silent = """
                SELECT c.oid::regclass::text, a.attname::text
                FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relnamespace = 'silver'::regnamespace
                WHERE c.relnamespace IN ('silver'::regnamespace, 'bronze_strava'::regnamespace) AND c.relkind IN ('r', 'v')
                  AND (obj_description(c.oid, 'pg_class') IS NULL OR (a.attnum IS NOT NULL AND col_description(c.oid, a.attnum) IS NULL))
                """
            #expect(try await bench.lines(silent) == [])
        }
    }

    @Test func `the athlete comes first in every key`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let others = """
                SELECT k.conrelid::regclass::text, k.conname::text
                FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                WHERE k.connamespace IN ('silver'::regnamespace, 'bronze_strava'::regnamespace, 'metrics'::regnamespace)
                  AND k.contype IN ('p', 'u', 'f') AND a.attname <> 'athlete_id'
                  AND k.conrelid NOT IN ('bronze_strava.source'::regclass, 'bronze_strava.endpoint'::regclass)
                """
            #expect(try await bench.lines(others) == [])
        }
    }
}
