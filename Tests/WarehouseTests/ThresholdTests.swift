import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Thresholds as dated facts (`sql/silver/60`, migration 0073), against values worked out by hand.
@Suite struct ThresholdTests {
    /// An hour: values in pieces, each for a number of seconds.
    private func hour(power: [(Int, Int)], heartrate: Int? = nil) -> String {
        func list(_ values: [Int]) -> String { values.map(String.init).joined(separator: ",") }
        let beats = heartrate.map { #","heartrate":{"data":[\#(list(Array(repeating: $0, count: 3600)))]}"# } ?? ""
        let watts = power.flatMap { Array(repeating: $0.0, count: $0.1) }
        return #"{"time":{"data":[\#(list(Array(0..<3600)))]},"watts":{"data":[\#(list(watts))]}\#(beats)}"#
    }

    private func land(
        _ bench: Bench, _ id: Int64, _ day: String, _ streams: String, sport: String = "Ride", name: String = "N"
    ) async throws {
        let detail = """
            {"name":"\(name)","sport_type":"\(sport)","start_date":"\(day)T06:00:00Z","start_date_local":"\(day)T08:00:00Z","moving_time":3600,"device_watts":true}
            """
        try await bench.land([answer(.activity, id, detail), answer(.streams, id, streams)], listed: [listed(id)])
    }

    /// As `fitnessctl athletes set-threshold` does it.
    private func set(_ bench: Bench, _ sport: String, _ metric: String, _ day: String, _ value: Double) async throws {
        try await bench.database.query(
            """
            INSERT INTO sync.athlete_threshold (athlete_id, sport_family, metric, valid_from, value)
            VALUES (\(Bench.athlete), \(sport), \(metric), \(day)::text::date, \(value))
            """)
        try await bench.database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (\(Bench.athlete), 0)")
        try await bench.transform()
    }

    private let loads = """
        SELECT activity_id, load_method, round(load::numeric, 2), load_threshold_origin FROM silver.activity_metric ORDER BY activity_id
        """

    @Test func `what is set comes before what Strava says, from its day on, and the first also before`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250}"#)])
            for (id, day) in [(Int64(1), "2026-07-01"), (2, "2026-07-10"), (3, "2026-07-20")] {
                try await land(bench, id, day, hour(power: [(200, 3600)]))
            }
            try await bench.transform()
            #expect(try await bench.lines(loads) == (1...3).map { "(\($0),power,64.00,strava)" })
            // (200 / 200)² · 100 up to July 15th, (200 / 400)² · 100 from then on
            try await set(bench, "ride", "power", "2026-07-05", 200)
            try await set(bench, "ride", "power", "2026-07-15", 400)
            try await set(bench, "run", "power", "2026-07-01", 100)
            #expect(try await bench.lines(loads) == ["(1,power,100.00,set)", "(2,power,100.00,set)", "(3,power,25.00,set)"])
            let facts =
                "SELECT sport_family, metric, origin, method, valid_from, value FROM silver.athlete_threshold ORDER BY 1, 2, 3, 4, 5"
            let before = try await bench.lines(facts)
            try await bench.rebuild()
            #expect(try await bench.lines(facts) == before)
            #expect(try await bench.lines(loads).last == "(3,power,25.00,set)")
            try await database.query("DELETE FROM sync.athlete_threshold WHERE sport_family = 'ride' AND valid_from = '2026-07-15'")
            try await database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (\(Bench.athlete), 0)")
            try await bench.transform()
            #expect(try await bench.lines(loads).last == "(3,power,100.00,set)")
        }
    }

    @Test func `set heart rates and pace move the loads that they are about`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let time = (0..<3600).map(String.init).joined(separator: ",")
            let beats = Array(repeating: "125", count: 3600).joined(separator: ",")
            let way = (0..<3600).map { "\($0 * 3)" }.joined(separator: ",")
            try await land(bench, 1, "2026-07-01", #"{"time":{"data":[\#(time)]},"heartrate":{"data":[\#(beats)]}}"#)
            try await land(bench, 2, "2026-07-02", #"{"time":{"data":[\#(time)]},"distance":{"data":[\#(way)]}}"#, sport: "Run")
            try await bench.transform()
            #expect(try await bench.lines(loads) == ["(1,heartrate,30.04,default)", "(2,pace,80.96,default)"])
            try await set(bench, "all", "max_heartrate", "2026-01-01", 180)
            try await set(bench, "all", "rest_heartrate", "2026-01-01", 50)
            try await set(bench, "all", "threshold_heartrate", "2026-01-01", 160)
            try await set(bench, "run", "pace", "2026-01-01", 4)
            // 75 / 130 of the reserve against 110 / 130: 75 · e^(1.92 · 75 / 130) by 110 · e^(1.92 · 110 / 130) = 40.66 %
            // (10797 / 3600 / 4)² = 56.22 %
            #expect(try await bench.lines(loads) == ["(1,heartrate,40.66,set)", "(2,pace,56.22,set)"])
        }
    }

    @Test func `a hard effort gives an estimate of the threshold, an easy one does not`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, "2026-05-04", hour(power: [(250, 3600)], heartrate: 120))
            try await bench.transform()
            #expect(try await bench.lines(loads).map { $0.contains("heartrate") } == [true], "120 beats are no hard effort")
            try await land(bench, 2, "2026-07-10", hour(power: [(200, 1200), (300, 1200), (200, 1200)], heartrate: 170))
            try await land(bench, 3, "2026-07-20", hour(power: [(200, 3600)], heartrate: 120))
            try await land(bench, 4, "2026-10-20", hour(power: [(200, 3600)], heartrate: 120))
            try await bench.transform()
            // 95 % of 300 W: (200 / 285)² · 100 = 49.25, and (250 / 285)² · 100 = 76.95 for the time before
            let byEstimate = """
                SELECT activity_id, round(load::numeric, 2), load_threshold_origin FROM silver.activity_metric WHERE activity_id <> 2 ORDER BY 1
                """
            #expect(try await bench.lines(byEstimate) == ["(1,76.95,estimate)", "(3,49.25,estimate)", "(4,49.25,estimate)"])
            #expect(
                try await bench.lines(
                    "SELECT valid_from::date, method, round(value::numeric) FROM silver.athlete_threshold WHERE metric = 'power'")
                    == ["(2026-07-01,best_20min_95,285)"])
            // the activity is deleted at Strava: its estimate goes, and the loads go by heart rate again
            try await database.query("UPDATE sync.activity SET gone_at = now() WHERE activity_id = 2")
            try await database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (\(Bench.athlete), 2)")
            try await bench.transform()
            #expect(try await bench.lines("SELECT value FROM silver.athlete_threshold WHERE metric = 'power'") == [])
            #expect(try await bench.lines("SELECT DISTINCT load_method FROM silver.activity_metric") == ["(heartrate)"])
        }
    }

    private let powers = "SELECT valid_from::date, round(value::numeric, 1) FROM silver.athlete_threshold WHERE metric = 'power' ORDER BY 1"

    @Test func `a higher maximum says of earlier months, too, what was not hard`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1, "2026-05-04", hour(power: [(250, 3600)], heartrate: 168))
            try await land(bench, 2, "2026-09-01", hour(power: [(300, 3600)], heartrate: 180))
            try await bench.transform()
            #expect(try await bench.lines(powers) == ["(2026-05-01,237.5)", "(2026-09-01,285.0)"], "153 beats of 180 are hard")
            // 85 % of 200 are 170 beats
            try await land(bench, 3, "2026-11-20", hour(power: [], heartrate: 200))
            try await bench.transform()
            #expect(try await bench.lines(powers) == ["(2026-09-01,285.0)"])
            let facts =
                "SELECT sport_family, metric, origin, method, valid_from, value FROM silver.athlete_threshold ORDER BY 1, 2, 3, 4, 5"
            let (all, made) = (try await bench.lines(facts), try await bench.lines(loads))
            try await bench.rebuild()
            #expect(try await bench.lines(facts) == all)
            #expect(try await bench.lines(loads) == made)
        }
    }

    @Test func `only what an activity gives to them makes estimates anew`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = hour(power: [(300, 3600)], heartrate: 170)
            try await land(bench, 1, "2026-05-04", streams)
            #expect(try await bench.transform() == 2, "the activity, and the athlete's estimates")
            try await land(bench, 1, "2026-05-04", streams, name: "A new title")
            #expect(try await bench.transform() == 1)
            try await land(bench, 1, "2026-05-20", streams, name: "Another day")
            #expect(try await bench.transform() == 1, "in the same month")
            try await land(bench, 1, "2026-09-20", streams)
            #expect(try await bench.transform() == 2)
            #expect(try await bench.lines(powers) == ["(2026-09-01,285.0)"], "the month that it left has none")
            try await land(bench, 1, "2026-09-20", hour(power: [(200, 3600)], heartrate: 170))
            #expect(try await bench.transform() == 2)
            #expect(try await bench.lines(powers) == ["(2026-09-01,190.0)"])
        }
    }

    @Test func `critical power comes out of the curve that it made, by two and by three parameters`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await database.query("INSERT INTO silver.athlete (athlete_id, source_id) VALUES (\(Bench.athlete), 1)")
            func estimates(_ curve: String) async throws -> [String] {
                try await database.query("DELETE FROM silver.activity")
                try await database.query(
                    """
                    INSERT INTO silver.activity (
                        athlete_id, source_id, activity_id, sport_type, start_at, start_date_local, has_power_meter, has_detail, transform_version)
                    SELECT \(Bench.athlete), 1, n, 'Ride', '2026-07-05Z', '2026-07-05', true, false, 0 FROM generate_series(1, 3) AS n
                    """)
                try await database.query(
                    SQL(
                        raw: """
                            INSERT INTO silver.activity_rollup (athlete_id, source_id, activity_id, power_w, power_start_s)
                            SELECT \(Bench.athlete.rawValue), 1, n, p.w, p.s
                            FROM generate_series(1, 3) AS n CROSS JOIN (
                                SELECT array_agg(\(curve) ORDER BY t)::real[] AS w, array_agg(0) AS s
                                FROM unnest(silver.effort_durations_s()) AS t WHERE t <= 3600) AS p
                            """))
                return try await bench.lines(
                    """
                    SELECT method, metric, round(value::numeric, -1)
                    FROM silver.estimated_thresholds(\(Bench.athlete.rawValue), 1::smallint, '2026-07-01', 190)
                    WHERE metric IN ('critical_power', 'w_prime') ORDER BY 1, 2
                    """)
            }
            // power = 250 W + 20 kJ / t: the line of work over time is exact
            #expect(
                try await estimates("250 + 20000.0 / t").prefix(2) == [
                    "(cp_2_parameter,critical_power,250)", "(cp_2_parameter,w_prime,20000)",
                ])
            // power = 250 W + 20 kJ / (t + 20 s): the sprint power is 250 + 20000 / 20 = 1,250 W
            #expect(
                try await estimates("250 + 20000.0 / (t + 20)").suffix(2)
                    == ["(cp_3_parameter,critical_power,250)", "(cp_3_parameter,w_prime,20000)"])
        }
    }

    @Test(arguments: [
        // a sensor's fault stands alone
        ([217, 190, 188, 185, 180], "190"), ([205, 203, 180, 170], "205"), ([217, 168], "168"),
        // few activities have nothing to confirm them
        ([185], "185"), ([199, 180], "199"), ([219], ""), ([150, 160], ""),
    ])
    func `one fault of a sensor is no maximal heart rate`(beats: [Int], maximum: String) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await database.query("INSERT INTO silver.athlete (athlete_id, source_id) VALUES (\(Bench.athlete), 1)")
            for (place, beat) in beats.enumerated() {
                try await database.query(
                    """
                    INSERT INTO silver.activity (athlete_id, source_id, activity_id, has_detail, transform_version)
                    VALUES (\(Bench.athlete), 1, \(place), false, 0)
                    """)
                try await database.query(
                    """
                    INSERT INTO silver.activity_metric (athlete_id, source_id, activity_id, recorded_s, heartrate_s, power_s, best_heartrate_30s_bpm)
                    VALUES (\(Bench.athlete), 1, \(place), 100, 100, 0, \(Double(beat)))
                    """)
            }
            #expect(
                try await bench.lines("SELECT silver.estimated_max_heartrate_bpm(\(Bench.athlete.rawValue), 1::smallint)") == [
                    "(\(maximum))"
                ])
        }
    }

    @Test func `W' balance falls above critical power, recovers below it, and follows its facts`() async throws {
        // 120 s at 150 W above 250 W take 18 of 20 kJ; from the 101st second on less than 5 kJ are left. At rest 250 / 20000 of the deficit
        // comes back each second: 18 · 0.9875^n > 15 up to n = 14. In all 20 + 14 seconds.
        let power = Array(repeating: 400.0, count: 120) + Array(repeating: 0, count: 600)
        let balance = WPrimeBalance(power, criticalPower_w: 250, wPrime_j: 20_000)
        #expect(abs(balance.min_j - 2000) < 1e-6 && balance.low_s == 34)
        let none = WPrimeBalance([], criticalPower_w: 250, wPrime_j: 20_000)
        #expect(WPrimeBalance([.nan, 100], criticalPower_w: 250, wPrime_j: 20_000) == none)
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250}"#)])
            try await land(bench, 1, "2026-07-01", hour(power: [(400, 120), (100, 3480)]))
            try await bench.transform()
            let columns =
                "SELECT critical_power_w, w_prime_j, round(w_prime_balance_min_j::numeric), w_prime_low_s FROM silver.activity_metric"
            // by FTP, for want of a critical power: 150 / 20000 of the deficit a second, 18 · 0.9925^n > 15 up to n = 24
            #expect(try await bench.lines(columns) == ["(250,20000,2000,44)"])
            try await set(bench, "ride", "critical_power", "2026-01-01", 300)
            try await set(bench, "ride", "w_prime", "2026-01-01", 16_000)
            #expect(try await bench.lines(columns) == ["(300,16000,4000,0)"])
            let before = try await bench.lines("SELECT * FROM silver.activity_metric")
            try await bench.rebuild()
            #expect(try await bench.lines("SELECT * FROM silver.activity_metric") == before)
        }
    }
}
