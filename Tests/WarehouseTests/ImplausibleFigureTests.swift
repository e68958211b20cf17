import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Impossible numbers count as missing, are reported as findings, and never keep the rest out of silver.
@Suite struct ImplausibleFigureTests {
    private static let me = Bench.athlete.rawValue
    private static let zones =
        #"{"heart_rate":{"custom_zones":false,"zones":[{"min":0,"max":115},{"min":115,"max":152},{"min":152,"max":171},{"min":171,"max":190},{"min":190,"max":-1}]}}"#

    /// An ordinary ride with some fields of its own.
    private func ride(_ id: Int64, day: Int, _ fields: String, sport: String = "Ride") -> BronzeAnswer {
        let summary = """
            {"id":\(id),"sport_type":"\(sport)","start_date":"2026-10-0\(day)T06:00:00Z","start_date_local":"2026-10-0\(day)T08:00:00Z",
             "utc_offset":7200,"distance":28800,"moving_time":3600,"elapsed_time":3600,\(fields)}
            """
        return answer(.activitySummary, id, summary)
    }

    private func profile(ftp: String, at: Double = 0) -> BronzeAnswer {
        answer(.athlete, Self.me, #"{"sex":"M","ftp":\#(ftp),"weight":70.0}"#, at: Bench.noon + at)
    }

    @Test func `impossible averages make no load, and fitness keeps its scale`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land(
                [
                    profile(ftp: "250"), answer(.athleteZones, Self.me, Self.zones),
                    ride(7107, day: 5, #""average_heartrate":2147480000.0,"max_heartrate":2147480000.0"#, sport: "Run"),
                    ride(7108, day: 6, #""device_watts":true,"average_watts":65535.0,"weighted_average_watts":65535"#),
                    ride(7109, day: 7, #""device_watts":true,"average_watts":200.0,"weighted_average_watts":200"#),
                    // each value is possible, but not both: 4,900 W for an hour with an FTP of 250 W
                    ride(7110, day: 8, #""device_watts":true,"average_watts":4900,"average_heartrate":140"#),
                ], listed: (7107...7110).map { listed($0) })
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT activity_id, load_method, round(load::numeric) FROM silver.activity_metric ORDER BY 1")
                    == ["(7107,none,0)", "(7109,power_average,64)", "(7110,heartrate_average,46)"])
            #expect(
                try await bench.lines("SELECT round(fitness_ctl::numeric, 1) FROM silver.training_day WHERE day = '2026-10-07'") == [
                    "(1.5)"
                ])
            let findings = "SELECT activity_id, check_name, round(measured::numeric) FROM silver.quality_finding ORDER BY 1, 2"
            #expect(
                try await bench.lines(findings) == [
                    "(7107,average_heartrate_bpm,2147480000)", "(7107,max_heartrate_bpm,2147480000)", "(7108,average_power_w,65535)",
                    "(7108,weighted_power_w,65535)", "(7110,load_per_h,21952)",
                ])
            // Strava corrects the second one: the finding goes, and the load comes.
            let mended =
                #"{"sport_type":"Ride","start_date":"2026-10-06T06:00:00Z","moving_time":3600,"device_watts":true,"average_watts":250}"#
            try await bench.land([answer(.activitySummary, 7108, mended, at: Bench.noon + 9)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT round(load::numeric) FROM silver.activity_metric WHERE activity_id = 7108") == ["(100)"])
            #expect(try await bench.lines(findings).count == 3)
        }
    }

    @Test(arguments: ["2000000000", "1", "-250", "5000", "1e18", "1e300", #""65535""#])
    func `an impossible FTP counts as none, and the load goes by heart rate`(ftp: String) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let points = 3600
            let streams = """
                {"time":{"data":[\((0..<points).map(String.init).joined(separator: ","))]},
                 "watts":{"data":[\(Array(repeating: "200", count: points).joined(separator: ","))]},
                 "heartrate":{"data":[\(Array(repeating: "140", count: points).joined(separator: ","))]}}
                """
            try await bench.land(
                [
                    profile(ftp: ftp), answer(.athleteZones, Self.me, Self.zones), answer(.streams, 7110, streams),
                    ride(7110, day: 5, #""device_watts":true,"average_watts":200.0,"average_heartrate":140.0"#),
                ], listed: [listed(7110)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT sex, weight_kg, ftp_w FROM silver.athlete") == ["(M,70,)"])
            #expect(
                try await bench.lines("SELECT load_method, round(load::numeric, 2) FROM silver.activity_metric") == ["(heartrate,46.14)"])
            #expect(try await bench.lines("SELECT check_name FROM silver.athlete_finding") == ["(ftp_w)"])
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)

            try await bench.land([profile(ftp: "250", at: 9)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT ftp_w FROM silver.athlete") == ["(250)"])
            #expect(try await bench.lines("SELECT check_name FROM silver.athlete_finding") == [])
            #expect(try await bench.lines("SELECT load_method, round(load::numeric) FROM silver.activity_metric") == ["(power,64)"])
        }
    }

    /// Every field that holds a number; `N` stands for the value.
    private static let absurd = [
        "2000000000", "2147483647", "2147483648", "4294967295", "-2147483648", "1e18", "9223372036854775807", "-1e18", "1e99", "1e101",
        "1e300",
        "-1e300", "1e400", "-1", "0.0000001", "1e-300",
    ]
    private static let activityFields = [
        "distance", "moving_time", "elapsed_time", "total_elevation_gain", "elev_high", "elev_low", "average_speed", "max_speed",
        "average_heartrate", "max_heartrate", "average_cadence", "average_temp", "average_watts", "weighted_average_watts", "max_watts",
        "kilojoules", "calories", "suffer_score", "perceived_exertion", "utc_offset", "upload_id", "workout_type", "achievement_count",
        "kudos_count", "comment_count", "athlete_count", "photo_count", "total_photo_count", "pr_count",
    ]
    private static let partFields = [
        "id", "distance", "moving_time", "elapsed_time", "total_elevation_gain", "elevation_difference", "average_speed", "max_speed",
        "average_grade_adjusted_speed", "average_heartrate", "max_heartrate", "average_cadence", "average_watts", "pace_zone",
        "start_index",
        "end_index", "split", "lap_index",
    ]

    private static let segmentFields = [
        "id", "distance", "average_grade", "maximum_grade", "elevation_high", "elevation_low", "climb_category",
    ]

    private func fields(_ names: [String], _ number: String) -> String { names.map { #""\#($0)":\#(number)"# }.joined(separator: ",") }

    private func land(absurd number: String, _ id: Int64, in bench: Bench) async throws {
        let part = "{\(fields(Self.partFields, number))}"
        let segment = "{\(fields(Self.segmentFields, number))}"
        let effort = "{\(fields(Self.partFields + ["pr_rank", "kom_rank"], number)),\"segment\":\(segment)}"
        let zone = #"{"min":\#(number),"max":\#(number),"time":\#(number)}"#
        let zones = #"[{"type":"power","score":\#(number),"points":\#(number),"distribution_buckets":[\#(zone)]}]"#
        let start = #""sport_type":"Ride","device_watts":true,"start_date":"2026-10-05T06:00:00Z","start_latlng":[\#(number),\#(number)]"#
        let summary = "{\(start),\(fields(Self.activityFields, number))}"
        let detail = """
            {\(start),\(fields(Self.activityFields, number)),"laps":[\(part),\(part)],"splits_metric":[\(part)],"splits_standard":[\(part)],
             "segment_efforts":[\(effort)],"best_efforts":[\(effort),\(effort)]}
            """
        let data = "[0,\(number),2,\(number)]"
        let streams = ["time", "distance", "altitude", "velocity_smooth", "heartrate", "cadence", "watts", "temp", "grade_smooth"]
            .map { #""\#($0)":{"data":\#($0 == "time" ? "[0,1,2,\(number)]" : data),"original_size":4}"# }
        try await bench.land(
            [
                answer(.activitySummary, id, summary), answer(.activity, id, detail, at: Bench.noon + 1),
                answer(.streams, id, "{\(streams.joined(separator: ","))}"), answer(.activityZones, id, zones),
            ], listed: [listed(id)])
    }

    private func landOwn(absurd number: String, at: Date, in bench: Bench) async throws {
        let gear = #"{"id":"b1","distance":\#(number)}"#
        let own = #"{"sex":"F","ftp":\#(number),"weight":\#(number),"bikes":[\#(gear)],"shoes":[\#(gear)]}"#
        let bounds = #"[{"min":0},{"min":\#(number)}]"#
        try await bench.land([
            answer(.athlete, Self.me, own, at: at), answer(.gear, 1, gear, at: at),
            answer(.athleteZones, Self.me, #"{"heart_rate":{"zones":\#(bounds)},"power":{"zones":\#(bounds)}}"#, at: at),
        ])
        let totals =
            "{\(fields(["count", "distance", "moving_time", "elapsed_time", "elevation_gain", "achievement_count"], number))}"
        try await bench.landStats(#"{"all_ride_totals":\#(totals),"biggest_ride_distance":\#(number)}"#, at: at)
    }

    @Test func `no number, however absurd, keeps an activity or a profile out of silver or ruins a sum`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let ordinary = ride(1, day: 5, #""device_watts":true,"weighted_average_watts":200"#)
            try await bench.land([profile(ftp: "250"), ordinary], listed: [listed(1)])
            for (place, number) in Self.absurd.enumerated() {
                let at = Bench.noon + Double(place) + 1
                try await landOwn(absurd: number, at: at, in: bench)
                try await land(absurd: number, 100 + Int64(place), in: bench)
                try await bench.transform()
            }
            #expect(try await bench.lines("SELECT endpoint, reason FROM sync.quarantine WHERE endpoint <> 'streams'") == [])
            #expect(try await bench.value("SELECT count(*) FROM silver.activity", as: Int.self) == Self.absurd.count + 1)
            #expect(try await bench.value("SELECT count(*) FROM silver.segment_effort", as: Int.self) == Self.absurd.count)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_strava_zone", as: Int.self) == Self.absurd.count)
            #expect(try await bench.lines("SELECT sex FROM silver.athlete") == ["(F)"])
            #expect(try await bench.lines("SELECT ftp_w FROM silver.athlete_history WHERE ftp_w IS NOT NULL") == ["(250)"])
            let loads = "SELECT activity_id FROM silver.activity_metric WHERE load > 0 ORDER BY 1"
            #expect(try await bench.lines(loads).contains("(1)"))
            #expect(
                try await bench.lines(
                    "SELECT day FROM silver.training_day WHERE load > 100 OR fitness_ctl > 3 OR distance_m NOT BETWEEN 28800 AND 28900")
                    == [])
            // each view may be read
            let views = try await bench.lines(
                "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind = 'v' ORDER BY 1")
            for view in views {
                let name = String(view.dropFirst().dropLast())
                await #expect(throws: Never.self, "\(name)") { try await database.query(SQL(raw: "SELECT * FROM silver.\(name)")) }
            }
            #expect(try await bench.rebuild() == 1)
            #expect(try await bench.lines("SELECT error FROM sync.silver_rebuild WHERE error IS NOT NULL") == [])
        }
    }
}
