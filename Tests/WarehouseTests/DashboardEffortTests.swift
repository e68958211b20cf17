import Core
import Database
import TestKit
import Testing

/// Questions of records, curves and trends, against values worked out by hand. Efforts are put into the rollup as streams would have them.
@Suite struct DashboardEffortTests {
    /// Best mean power that is the same over each duration up to 20 minutes, the 22nd of the ladder.
    private func putPower(_ questions: DashboardQuestions, _ id: Int64, _ watts: Int) async throws {
        try await questions.put(
            "activity_rollup", id, "power_w, power_start_s", "array_fill(\(watts)::real, ARRAY[22]), array_fill(60, ARRAY[22])")
    }

    /// Shortest times for 400 m, half a mile, 1 km, 1 mile, 2 miles and 5 km.
    private func putPace(_ questions: DashboardQuestions, _ id: Int64, _ seconds: [Double]) async throws {
        let list = seconds.map { "\($0)" }.joined(separator: ",")
        try await questions.put("activity_rollup", id, "pace_time_s, pace_start_s", "'{\(list)}', array_fill(0, ARRAY[\(seconds.count)])")
    }

    @Test func `the best 20 minutes of a rider are not a runner's`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let today = try await questions.day()
            try await questions.land(1, "Ride", today)
            try await questions.land(2, "Run", today)
            try await questions.land(3, "VirtualRide", "2019-07-01")
            try await questions.land(4, "Ride", today, #""device_watts":false"#)
            try await questions.transform()
            for (id, watts) in [(Int64(1), 260), (2, 300), (3, 320), (4, 400)] { try await putPower(questions, id, watts) }
            let start = #""\#(today) 08:00:00""#
            // 260 / 80 kg = 3.25, 260 · 0.95 = 247; 300 / 80 = 3.75, 300 · 0.95 = 285
            #expect(
                try await questions.ask("best_20_minutes") == ["(run,300.0,3.75,285,2,\(start))", "(ride,260.0,3.25,247,1,\(start))"])
            #expect(
                try await questions.bench.lines(
                    "SELECT sport_family, period, power_w, activity_id FROM silver.power_curve WHERE duration_s = 1200 ORDER BY 1, 2") == [
                        "(ride,all_time,320,3)", "(ride,days_90,260,1)", "(ride,season,260,1)", "(run,all_time,300,2)",
                        "(run,days_90,300,2)", "(run,season,300,2)",
                    ])
        }
    }

    @Test func `the threshold power that held, as set, as Strava has it and as estimated`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.transform()
            // the profile's 250 W by 80 kg is 3.13; 300 / 80 = 3.75
            try await database.query("DELETE FROM silver.athlete_threshold")
            try await database.query(
                """
                INSERT INTO silver.athlete_threshold (athlete_id, sport_family, metric, origin, method, valid_from, value) VALUES
                    (\(Bench.athlete), 'ride', 'power', 'strava', 'profile', '2026-03-01 12:00Z', 250),
                    (\(Bench.athlete), 'ride', 'power', 'estimate', 'best_20min_95', '2025-05-01Z', 240.4),
                    (\(Bench.athlete), 'run', 'power', 'set', 'set', '2026-01-01Z', 300),
                    (\(Bench.athlete), 'run', 'pace', 'set', 'set', '2026-01-01Z', 4)
                """)
            #expect(
                try await questions.ask("ftp_trend") == [
                    "(2025-05-01,ride,240,estimate,best_20min_95,3.01)", "(2026-03-01,ride,250,strava,profile,3.13)",
                    "(2026-01-01,run,300,set,set,3.75)",
                ])
        }
    }

    @Test func `the paces of the season stand next to the best`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.land(1, "Run", "2019-07-01")
            try await questions.land(2, "Run", questions.day())
            try await questions.land(3, "Ride", questions.day())
            try await questions.transform()
            try await putPace(questions, 1, [80, 170, 220])
            try await putPace(questions, 2, [100, 200])
            try await putPace(questions, 3, [40, 80])
            // 100 / 80 − 1 = 25 %; 200 / 170 − 1 = 17.6 %; 200 s for 804.672 m are 248.5 s per kilometre, 170 s are 211.3
            #expect(
                try await questions.ask("pace_curve") == [
                    "(400,00:01:40,00:04:10,00:01:20,00:03:20,25.0)", "(804.672,00:03:20,00:04:09,00:02:50,00:03:31,17.6)",
                    "(1000,,,00:03:40,00:03:40,)",
                ])
        }
    }

    @Test func `each year has its records`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            for (id, sport, day) in [
                (Int64(1), "Run", "2023-12-31T23:59:59"), (2, "Run", "2024-01-01T00:00:00"), (3, "Run", "2024-05-01T08:00:00"),
                (4, "Ride", "2024-06-01T08:00:00"),
            ] {
                try await questions.land(id, sport, day)
            }
            try await questions.transform()
            try await putPace(questions, 1, [80, 160, 200])
            try await putPace(questions, 2, [90, 180, 240])
            try await putPace(questions, 3, [90, 180, 230, 400, 800, 1250])
            try await putPower(questions, 4, 250)
            // 1,250 s for 5 km are 250 s per kilometre
            #expect(
                try await questions.ask("records_by_year") == [
                    #"(2023,run,1000,200,00:03:20,,1,"2023-12-31 23:59:59")"#, #"(2024,run,1000,230,00:03:50,,3,"2024-05-01 08:00:00")"#,
                    #"(2024,run,5000,1250,00:04:10,,3,"2024-05-01 08:00:00")"#, #"(2024,ride,,300,,250,4,"2024-06-01 08:00:00")"#,
                    #"(2024,ride,,1200,,250,4,"2024-06-01 08:00:00")"#,
                ])
        }
    }

    @Test func `the first time above a mark, and how often`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            for (id, km, sport) in [(Int64(1), 60, "Ride"), (2, 101, "Ride"), (3, 90, "Ride"), (4, 100, "Ride"), (5, 200, "EBikeRide")] {
                try await questions.land(id, sport, "2025-06-0\(id)", #""distance":\#(km * 1000),"device_watts":\#(id != 3)"#)
            }
            try await questions.transform()
            for (id, watts) in [(Int64(1), 240), (2, 250), (3, 400), (4, 260)] { try await putPower(questions, id, watts) }
            func first(_ measure: String, _ least: String) async throws -> [String] {
                try await questions.ask("first_time_above", ["sport_family": "ride", "measure": measure, "at_least": least])
            }
            #expect(try await first("distance_km", "100") == [#"("2025-06-02 08:00:00",N2,2,101.0,2)"#])
            #expect(try await first("distance_km", "150") == [])
            // the third is Strava's estimate
            #expect(try await first("power_20min_w", "250") == [#"("2025-06-02 08:00:00",N2,2,250.0,2)"#])
            #expect(try await first("power_60min_w", "1") == [])
        }
    }

    @Test func `paces of runs in steps of ten seconds`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.land(1, "Run", questions.day(1))
            try await questions.land(2, "Ride", questions.day(1))
            try await questions.transform()
            // middles of 3.005 m/s: 332.8 s per kilometre; 2.495: 400.8; 0.825, slower than 20 minutes: left out
            let bins = """
                ARRAY(SELECT CASE WHEN bin = 301 THEN 600 WHEN bin = 250 THEN 150 WHEN bin = 249 THEN 50 WHEN bin = 83 THEN 999 ELSE 0 END
                      FROM generate_series(1, 400) AS bin ORDER BY bin)
                """
            for id in [Int64(1), 2] { try await questions.put("activity_rollup", id, "speed_seconds", bins) }
            // 2.485 m/s is 402.4: in the same step as 2.495
            #expect(try await questions.ask("pace_histogram") == ["(330,340,10.0,75.0)", "(400,410,3.3,25.0)"])
            #expect(
                try await questions.bench.lines(
                    """
                    SELECT metric, speed_from_mps, power_from_w, seconds FROM silver.activity_histogram
                    WHERE activity_id = 1 AND metric = 'pace' AND seconds > 0 ORDER BY speed_from_mps
                    """) == ["(pace,0.82,,999)", "(pace,2.48,,50)", "(pace,2.49,,150)", "(pace,3,,600)"])
        }
    }

    @Test func `similar are those of the same sport, length and climb`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            for (id, sport, metres, climb, seconds) in [
                (Int64(1), "Run", 10_000, 100, 3000), (2, "Run", 10_100, 110, 2900), (3, "Run", 10_900, 100, 3300),
                (4, "Run", 11_100, 100, 3300), (5, "Run", 10_000, 131, 3300), (6, "TrailRun", 10_000, 100, 3300),
            ] {
                let fields = #""distance":\#(metres),"total_elevation_gain":\#(climb),"moving_time":\#(seconds),"average_heartrate":150"#
                try await questions.land(id, sport, "2025-06-0\(id)", fields)
            }
            try await questions.transform()
            // 10 km in 3,000 s are 12 km/h; the fourth is 11 % longer, the fifth climbs 31 m more
            #expect(
                try await questions.ask("similar_activities", ["activity_id": "1"]) == [
                    #"(1,"2025-06-01 08:00:00",N1,10.00,100,3000,12.0,150,0)"#,
                    #"(2,"2025-06-02 08:00:00",N2,10.10,110,2900,12.5,150,-100)"#,
                    #"(3,"2025-06-03 08:00:00",N3,10.90,100,3300,11.9,150,300)"#,
                ])
        }
    }

    @Test func `laps with their pace`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.land(
                1, "Run", "2025-06-01",
                #""laps":[{"name":"L1","distance":1000,"moving_time":300,"average_heartrate":140},{"name":"L2","distance":0,"moving_time":60}]"#
            )
            try await questions.transform()
            #expect(
                try await questions.ask("laps_of_activity") == [
                    "(1,L1,1000,00:05:00,00:05:00,12.0,140,,)", "(2,L2,0,00:01:00,,0.0,,,)",
                ])
        }
    }

    @Test func `decoupling and efficiency by month`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let columns =
                "recorded_s, heartrate_s, power_s, average_heartrate_bpm, normalized_power_w, decoupling_percent, decoupling_basis"
            for (id, moving_s, watts, beats, percent) in [
                (Int64(1), 3600, 200, 125, 4), (2, 3600, 210, 150, 6), (3, 7200, 150, 100, 11), (4, 1199, 300, 100, 50),
            ] {
                try await questions.land(id, "Ride", "2025-06-0\(id)", #""moving_time":\#(moving_s)"#)
                try await questions.transform()
                try await questions.put(
                    "activity_metric", id, columns, "\(moving_s), \(moving_s), \(moving_s), \(beats), \(watts), \(percent), 'power'")
            }
            try await questions.land(5, "Run", "2025-07-01", #""moving_time":3600"#)
            try await questions.transform()
            try await questions.put(
                "activity_metric", 5, "recorded_s, heartrate_s, power_s, average_heartrate_bpm, grade_adjusted_distance_m",
                "3600, 3000, 0, 160, 12000")
            // the middle of 4, 6 and 11; one of three is steady; the fourth is too short
            #expect(try await questions.ask("decoupling_trend") == ["(2025-06-01,ride,power,3,6.0,33)"])
            // 200 / 125 = 1.6, 210 / 150 = 1.4, 150 / 100 = 1.5; 12,000 m in 60 minutes are 200 m a minute, / 160 = 1.25
            #expect(
                try await questions.ask("aerobic_efficiency_trend") == [
                    #"(2025-06-01,ride,3,1.500,"W per bpm")"#, #"(2025-07-01,run,1,1.250,"m per beat")"#,
                ])
        }
    }
}
