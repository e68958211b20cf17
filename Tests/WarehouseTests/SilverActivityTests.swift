import Core
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Warehouse

/// `sql/silver/10_activity.sql`, against values worked out by hand from the answers here.
@Suite struct SilverActivityTests {
    static let summary = """
        {"id":11,"name":"Morning Ride","type":"Ride","sport_type":"GravelRide","start_date":"2026-07-01T06:30:00Z",
         "start_date_local":"2026-07-01T08:30:00Z","timezone":"(GMT+01:00) Europe/Berlin","utc_offset":7200.0,
         "distance":42195.5,"moving_time":5400,"elapsed_time":6000,"total_elevation_gain":310,"average_heartrate":141.2,
         "max_heartrate":171.0,"has_heartrate":true,"trainer":false,"commute":true,"manual":false,"private":false,
         "visibility":"everyone","start_latlng":[52.52,13.405],"end_latlng":[],"gear_id":"b1","kudos_count":3,
         "map":{"id":"a11","summary_polyline":"abc"},"upload_id":16195505756,"average_temp":28}
        """
    static let detail = """
        {"id":11,"name":"Morning Ride","type":"Ride","sport_type":"GravelRide","start_date":"2026-07-01T06:30:00Z",
         "start_date_local":"2026-07-01T08:30:00Z","timezone":"(GMT+01:00) Europe/Berlin","utc_offset":7200.0,
         "distance":42195.5,"moving_time":5400,"elapsed_time":6000,"average_heartrate":141.2,"max_heartrate":171.0,
         "calories":870.5,"description":"to the lake","device_name":"Edge","gear":{"id":"b1","name":"Trek "},"gear_id":"b1",
         "kudos_count":3,"map":{"summary_polyline":"abc","polyline":"abcdef"},"segment_efforts":[{"id":1}]}
        """

    @Test func `a summary becomes a typed row`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activitySummary, 11, Self.summary)], listed: [listed(11)])
            #expect(try await bench.transform() == 1)
            let figures = """
                SELECT name, sport_type, activity_type, start_at, start_date_local, utc_offset_s, timezone, distance_m, moving_time_s,
                       elapsed_time_s, elevation_gain_m, average_heartrate_bpm, max_heartrate_bpm, average_temperature_c
                FROM silver.activity
                """
            #expect(
                try await bench.lines(figures) == [
                    #"("Morning Ride",GravelRide,Ride,"2026-07-01 06:30:00+00","2026-07-01 08:30:00",7200,Europe/Berlin,42195.5,5400,6000,310,141.2,171,28)"#
                ])
            let rest = """
                SELECT is_trainer, is_commute, is_manual, visibility, start_latitude_deg, start_longitude_deg, end_latitude_deg, gear_id,
                       kudos_count, summary_polyline, polyline, upload_id, calories_kcal, has_detail FROM silver.activity
                """
            #expect(try await bench.lines(rest) == ["(f,t,f,everyone,52.52,13.405,,b1,3,abc,,16195505756,,f)"])
        }
    }

    @Test func `an unknown value is kept as sent and changes nothing else`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let unseen = Self.summary.replacingOccurrences(of: "GravelRide", with: "Quidditch")
                .replacingOccurrences(of: "everyone", with: "wizards_only")
                .replacingOccurrences(of: "\"kudos_count\":3", with: "\"kudos_count\":3,\"aura\":{\"level\":[9001,null]}")
            try await bench.land([answer(.activitySummary, 11, unseen)], listed: [listed(11)])
            try await bench.transform()
            let kept = try await bench.lines("SELECT convert_from(body, 'UTF8') FROM bronze_strava.answer")
            #expect(kept.count == 1 && kept[0].contains(#"aura"#) && kept[0].contains("9001,null"))
            let row = "SELECT sport_type, visibility, kudos_count, distance_m FROM silver.activity"
            #expect(try await bench.lines(row) == ["(Quidditch,wizards_only,3,42195.5)"])
            #expect(try await bench.lines("SELECT endpoint FROM sync.quarantine") == [])
        }
    }

    @Test func `a detail adds the fields that only it has, and a newer summary wins for the others`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let query =
                "SELECT name, calories_kcal, description, device_name, gear_name, polyline, average_heartrate_bpm, has_detail FROM silver.activity"
            try await bench.land([answer(.activitySummary, 11, Self.summary)], listed: [listed(11)])
            try await bench.land([answer(.activity, 11, Self.detail, at: Bench.noon + 10)])
            try await bench.transform()
            #expect(try await bench.lines(query) == [#"("Morning Ride",870.5,"to the lake",Edge,"Trek ",abcdef,141.2,t)"#])

            let edited = #"{"id":11,"name":"Lake","sport_type":"GravelRide","start_date":"2026-07-01T06:30:00Z","heartrate_opt_out":true}"#
            try await bench.land([answer(.activitySummary, 11, edited, at: Bench.noon + 20)])
            try await bench.transform()
            #expect(try await bench.lines(query) == [#"(Lake,870.5,"to the lake",Edge,"Trek ",abcdef,,t)"#])
        }
    }

    @Test func `a field of a wrong type is null and affects no other`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let odd = #"""
                {"name":{"a":1},"type":"Run","start_date":"2026-13-45T99:00:00Z","start_date_local":17,"distance":"1234.5","moving_time":"60",
                 "elapsed_time":99999999999,"total_elevation_gain":1e400,"average_speed":[1],"upload_id":987654321234567891234,
                 "average_watts":1e-400,"trainer":"true","commute":1,"manual":null,"start_latlng":[95.0,13.0],"end_latlng":"x","map":null,
                 "utc_offset":-14400.0,"timezone":"EST5EDT","description":"nul \u0000 and \\u0000","laps":{"a":1},"gear":[],"kudos_count":2.0}
                """#
            try await bench.land([answer(.activity, 11, odd)], listed: [listed(11)])
            try await bench.transform()
            let query = """
                SELECT name, sport_type, start_at, start_date_local, utc_offset_s, timezone, distance_m, moving_time_s, elapsed_time_s,
                       elevation_gain_m, average_speed_mps, upload_id, average_power_w, is_trainer, is_commute, is_manual, start_latitude_deg,
                       start_longitude_deg, end_latitude_deg, description, kudos_count FROM silver.activity
                """
            #expect(
                try await bench.lines(query) == [
                    #"(,Run,,,-14400,EST5EDT,1234.5,60,,,,,0,t,t,,,13,,"nul  and \\u0000",2)"#
                ])
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }

    @Test func `local time and offset are derived from each other when one is missing`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let noLocal = #"{"start_date":"2026-01-01T23:30:00Z","utc_offset":3600}"#
            let noOffset = #"{"start_date":"2026-01-01T23:30:00Z","start_date_local":"2026-01-01T18:00:00Z"}"#
            try await bench.land([answer(.activity, 1, noLocal), answer(.activity, 2, noOffset)], listed: [listed(1), listed(2)])
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT start_date_local, utc_offset_s FROM silver.activity ORDER BY activity_id")
                    == [#"("2026-01-02 00:30:00",3600)"#, #"("2026-01-01 18:00:00",-19800)"#])
        }
    }

    @Test func `a gone activity leaves silver with its laps and streams, and returns when it is listed again`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = answer(.streams, 11, #"{"time":{"data":[0,1]}}"#)
            try await bench.land(
                [answer(.activity, 11, #"{"laps":[{"id":1}]}"#), streams, answer(.activity, 12, "{}")], listed: [listed(11), listed(12)])
            try await bench.transform()
            let counts =
                "SELECT (SELECT count(*) FROM silver.activity), (SELECT count(*) FROM silver.lap) AS laps, (SELECT count(*) FROM silver.activity_stream) AS streams"
            #expect(try await bench.lines(counts) == ["(2,1,1)"])
            try await bench.land(ledger: [LedgerChange(activityID: ActivityID(11), endpoint: .summary, state: .gone)])
            try await bench.transform()
            #expect(try await bench.lines(counts) == ["(1,0,0)"])
            try await bench.land(listed: [listed(11)])
            try await bench.transform()
            #expect(try await bench.lines(counts) == ["(2,1,1)"])
        }
    }
}
