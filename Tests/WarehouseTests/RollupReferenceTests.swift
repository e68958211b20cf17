import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The figures that silver has of an irregular activity, against those of another program. See `IrregularActivity`.
@Suite struct RollupReferenceTests {
    /// Silver's rows of an activity of a woman with an FTP of 250 W and heart rate zones of her own.
    private func ask(_ statements: [String], sport: String = "Ride") async throws -> [[String]] {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let zones = #"{"heart_rate":{"zones":[{"min":0},{"min":120},{"min":140},{"min":150},{"min":165}]}}"#
            let detail = #"{"sport_type":"\#(sport)","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z"}"#
            try await bench.land(
                [
                    answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250,"sex":"F"}"#),
                    answer(.athleteZones, Bench.athlete.rawValue, zones),
                    answer(.activity, 1, detail), answer(.streams, 1, IrregularActivity.streams),
                ], listed: [listed(1)])
            try await bench.transform()
            var answers: [[String]] = []
            for statement in statements { answers.append(try await bench.lines(statement)) }
            return answers
        }
    }

    @Test func `averages, normalised power, load, decoupling and climbing speed`() async throws {
        func rounded(_ columns: String...) -> String { columns.map { "round(\($0)::numeric, 4)" }.joined(separator: ", ") }
        let columns = [
            "recorded_s, heartrate_s, power_s, " + rounded("average_heartrate_bpm", "best_heartrate_30s_bpm", "mean_power_w"),
            rounded("normalized_power_w", "variability_index", "decoupling_percent") + ", decoupling_basis, best_vam_10min_m_per_h",
            rounded("intensity_factor", "trimp", "load") + ", load_method, load_ftp_w, load_max_heartrate_bpm",
        ]
        let found = try await ask(columns.map { "SELECT \($0) FROM silver.activity_metric" })
        #expect(
            found == [
                ["(7746,7208,7528,140.1362,156.3000,241.8523)"], ["(262.7059,1.0862,5.2141,power,699)"],
                ["(1.0508,191.8961,230.9069,power,250,190)"],
            ])
    }

    @Test func `as a run it has a grade-adjusted distance, and load by heart rate, since an FTP is a rider's`() async throws {
        // an hour at 85 % of the reserve is 60 · 0.85 · 0.86 · e^(1.67 · 0.85) = 181.3634: 191.8961 / 181.3634 · 100 = 105.808
        let columns = "round(grade_adjusted_distance_m::numeric, 4), round(grade_adjusted_pace_s_per_km::numeric, 4)"
        #expect(
            try await ask(
                [
                    "SELECT \(columns), round(load::numeric, 3), load_method, load_ftp_w, load_threshold_origin FROM silver.activity_metric",
                    "SELECT metric FROM silver.activity_zone WHERE metric = 'power'",
                ], sport: "Run") == [["(49308.8512,157.0915,105.808,heartrate,,default)"], []])
    }

    @Test func `best power and heart rate, with the seconds at which they begin`() async throws {
        let power = [
            "1,659.00,2010", "2,659.00,2010", "3,659.00,2010", "5,659.00,2010", "8,643.00,2094", "10,643.00,2094", "15,620.80,2089",
            "20,591.25,2086", "30,571.33,2074", "45,559.33,2007", "60,553.67,2044", "90,545.32,2010", "120,536.23,2026", "180,496.65,1976",
            "240,429.73,1976", "300,390.34,1987", "360,366.52,1979", "480,335.64,1974", "600,312.38,1974", "720,300.33,1973",
            "900,286.24,1584", "1200,270.94,1486", "1500,235.25,951", "1800,235.01,839", "2400,234.57,276", "2700,232.18,18",
            "3600,216.40,556", "5400,213.31,1619", "7200,211.58,9",
        ]
        // from 1500 s on no window has a heart rate in nine tenths of its seconds
        let heartrate = [
            "1,170.00,61", "2,170.00,218", "3,170.00,218", "5,170.00,218", "8,170.00,536", "10,170.00,536", "15,165.80,531",
            "20,160.20,4058", "30,156.30,6009", "45,153.29,8447", "60,151.52,7745", "90,149.34,7715", "120,148.02,7685", "180,144.44,3462",
            "240,144.44,3470", "300,143.78,3430", "360,142.10,3463", "480,142.61,3432", "600,142.13,3130", "720,141.59,3176",
            "900,141.23,2996", "1200,141.12,2893",
        ]
        let efforts = [("power", "power_w"), ("heartrate", "heartrate_bpm")].map { metric, column in
            """
            SELECT duration_s, round(\(column)::numeric, 2), start_offset_s FROM silver.activity_best_effort
            WHERE metric = '\(metric)' ORDER BY duration_s
            """
        }
        let found = try await ask(efforts)
        #expect(found == [power, heartrate].map { $0.map { "(\($0))" } })
    }

    @Test func `the fastest time over each distance, pauses included`() async throws {
        let efforts = """
            SELECT distance_m, round(duration_s::numeric, 2) FROM silver.activity_best_effort WHERE metric = 'pace' ORDER BY distance_m
            """
        let found = try await ask([efforts])
        #expect(
            found == [
                [
                    "(400,84.44)", "(804.672,176.79)", "(1000,218.13)", "(1609.344,354.41)", "(3218.688,711.15)", "(5000,1107.71)",
                    "(10000,2398.11)", "(15000,3690.38)", "(16093.44,3933.11)", "(20000,4981.18)", "(21097.5,5224.45)", "(30000,7563.30)",
                ]
            ])
    }

    @Test func `time in zones, and at each heart rate and power`() async throws {
        let zones = "SELECT metric, lower_bounds, seconds, is_default FROM silver.activity_zone ORDER BY 1"
        let bins = """
            SELECT metric, coalesce(heartrate_bpm, power_from_w), seconds FROM silver.activity_histogram
            WHERE heartrate_bpm IN (110, 111, 112, 170) OR power_from_w IN (0, 1, 123, 659) ORDER BY 1, 2
            """
        let sums = "SELECT metric, sum(seconds) FROM silver.activity_histogram GROUP BY 1 ORDER BY 1"
        let found = try await ask([zones, bins, sums])
        #expect(
            found == [
                [
                    #"(heartrate,"{0,120,140,150,165}","{1186,2330,1167,1818,707}",f)"#,
                    #"(power,"{0,138,188,225,263,300,375}","{640,1499,1177,1055,1195,1808,154}",t)"#,
                ],
                [
                    "(heartrate,110,128)", "(heartrate,111,123)", "(heartrate,112,111)", "(heartrate,170,118)", "(power,0,140)",
                    "(power,1,0)", "(power,123,111)", "(power,659,5)",
                ],
                ["(heartrate,7208)", "(pace,7740)", "(power,7528)"],
            ])
    }

    @Test func `minutes before, in and after a pause, and the last one`() async throws {
        let minutes = """
            SELECT start_offset_s / 60, recorded_s, heartrate_bpm, power_w, distance_m, round(altitude_m::numeric, 2)
            FROM silver.activity_interval_1min WHERE start_offset_s / 60 IN (0, 21, 22, 24, 25, 144) ORDER BY 1
            """
        let found = try await ask([minutes, "SELECT count(*), sum(recorded_s) FROM silver.activity_interval_1min"])
        #expect(
            found == [
                [
                    "(0,60,136,244,277,293.49)", "(21,31,130,223,125.5,145.98)", "(22,0,,,0,)", "(24,20,138,212,137.5,152.75)",
                    "(25,60,143,221,260.5,160.15)", "(144,51,140,230,235.5,194.01)",
                ], ["(145,7746)"],
            ])
    }
}
