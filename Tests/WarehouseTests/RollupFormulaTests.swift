import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The formulas of schema silver and the default zones, against values worked out by hand.
@Suite struct RollupFormulaTests {
    private func lines(_ statement: String) async throws -> [String] {
        try await withTestDatabase { try await Bench($0).lines(statement) }
    }

    @Test func `training impulse weighs each second by its share of the heart rate reserve`() async throws {
        // rest 60, maximum 190: 2 min at 125 (x = 0.5), 1 min at 190 (x = 1); 200 is more than the maximum and counts as it, 60 and less as 0
        // men: 2 · 0.5 · 0.64 · e^0.96 = 1.671486, 0.64 · e^1.92 = 4.365413; women: 0.86 · e^0.835 = 1.982140, 0.86 · e^1.67 = 4.568464
        let impulse = """
            SELECT round(silver.trimp(s, f::smallint, 60, 190, 0.64, 1.92)::numeric, 6), round(silver.trimp(s, f::smallint, 60, 190, 0.86, 1.67)::numeric, 6)
            FROM (VALUES (1, '{120}'::integer[], 125), (2, '{60}', 190), (3, '{60}', 200), (4, '{60,60}', 59), (5, '{0,0}', 125)) AS t(n, s, f)
            ORDER BY n
            """
        #expect(
            try await lines(impulse) == ["(1.671486,1.982140)", "(4.365413,4.568464)", "(4.365413,4.568464)", "(0.000000,0.000000)", "(,)"])
    }

    @Test func `a value belongs to the zone that begins at or below it`() async throws {
        let zones = """
            SELECT silver.zone_seconds('{1,2,4,8}', 118, '{0,119,121}'), silver.zone_seconds('{1,2,4,8}', 0, '{0,1,3,9}'),
                   silver.zone_seconds('{7}', 300, '{0,119,121}'), silver.zone_seconds('{}', 0, '{0,10}')
            """
        // 118 | 119 120 | 121; 0 | 1 2 | 3 | none
        #expect(try await lines(zones) == [#"("{1,6,8}","{1,6,8,0}","{0,0,7}","{0,0}")"#])
    }

    @Test func `after their time constants fitness and fatigue have reached 63 percent of a constant load`() async throws {
        // 100 · (1 − e^−1) = 63.212056, 100 · (1 − e^−6) = 99.752125; form of the 43rd day is the difference of the two on the 42nd
        let effect = """
            SELECT place, round(ctl::numeric, 6), round(atl::numeric, 6), round(tsb::numeric, 6)
            FROM silver.training_effect(0, 0, array_fill(100::float8, '{43}')) WHERE place IN (1, 7, 42, 43)
            """
        let days = try await lines(effect)
        #expect(days[0] == "(1,2.352831,13.312210,0.000000)")
        #expect(days[1].contains(",63.212056,"))
        #expect(days[2].hasPrefix("(42,63.212056,99.752125,"))
        #expect(days[3].hasSuffix(",-36.540069)"))
    }

    @Test func `a dated fact has a value at any instant, and without one`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for (day, weight, ftp) in [(0.0, 70, 250), (1, 69, 260), (2, 0, 0)] {
                let profile = #"{"weight":\#(weight),"ftp":\#(ftp)}"#
                try await bench.land([answer(.athlete, Bench.athlete.rawValue, profile, at: Bench.noon + day * 86_400)])
                try await bench.transform()
            }
            // a weight or an FTP of 0 is not kept
            let at = """
                SELECT (silver.thresholds_at(\(Bench.athlete.rawValue), 1::smallint, 'ride', t)).power_w,
                       silver.weight_kg_at(\(Bench.athlete.rawValue), 1::smallint, t)
                FROM unnest('{-infinity,2026-11-24 11:59:59+00,2026-11-24 12:00+00,infinity,NULL}'::timestamptz[]) WITH ORDINALITY AS u(t, i)
                ORDER BY i
                """
            #expect(try await bench.lines(at) == ["(250,70)", "(250,70)", "(260,69)", "(260,69)", "(250,70)"])
        }
    }

    @Test func `default zones are shares of FTP and maximum heart rate, and are marked as default`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"ftp":201}"#)])
            try await bench.transform()
            // 60, 70, 80, 90 % of 190; Coggan's levels begin at 55, 75, 90, 105, 120, 150 % of 201 W: at 110.55, 150.75, 180.9, 211.05, 241.2, 301.5
            #expect(
                try await bench.lines(
                    "SELECT sport_family, metric, valid_from, lower_bounds, is_default FROM silver.athlete_zone_set ORDER BY metric, 1")
                    == [
                        #"(all,heartrate,"1970-01-01 00:00:00+00","{0,114,133,152,171}",t)"#,
                        // 10/3 m/s by 1.29, 1.14, 1.06, 0.99 and 0.9: 258.4, 292.4, 314.5, 336.7, 370.4 cm/s; 5/6 m/s: 64.6, 73.1, 78.6, 84.2, 92.6
                        #"(run,pace,"1970-01-01 00:00:00+00","{0,259,293,315,337,371}",t)"#,
                        #"(swim,pace,"1970-01-01 00:00:00+00","{0,65,74,79,85,93}",t)"#,
                        #"(ride,power,"2026-11-23 12:00:00+00","{0,111,151,181,212,242,302}",t)"#,
                    ])
        }
    }

    @Test func `default power zones follow the FTP of the date; the first known one also holds before it`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for (day, weight, ftp) in [(0.0, 70, 200), (5, 69, 200), (10, 69, 240)] {
                let profile = #"{"weight":\#(weight),"ftp":\#(ftp)}"#
                try await bench.land([answer(.athlete, Bench.athlete.rawValue, profile, at: Bench.noon + day * 86_400)])
                try await bench.transform()
                if day > 0 { continue }
                for (id, date) in [(Int64(1), "2026-11-20"), (2, "2026-11-29"), (3, "2026-12-03"), (4, "2026-12-04")] {
                    let detail = #"{"sport_type":"Ride","start_date":"\#(date)T06:00:00Z"}"#
                    let streams = #"{"time":{"data":[0,1]},"watts":{"data":[180,216]}}"#
                    try await bench.land([answer(.activity, id, detail), answer(.streams, id, streams)])
                }
            }
            let sets = "SELECT valid_from::date, lower_bounds[4], is_default FROM silver.athlete_zone_set WHERE metric = 'power' ORDER BY 1"
            #expect(try await bench.lines(sets) == ["(2026-11-23,180,t)", "(2026-12-03,216,t)"])
            // the second FTP became known at noon of December 3rd; zone 4 begins at 90 %
            let zones = "SELECT activity_id, from_w, seconds FROM silver.activity_zone_time WHERE metric = 'power' AND zone = 4 ORDER BY 1"
            #expect(try await bench.lines(zones) == ["(1,180,1)", "(2,180,1)", "(3,180,1)", "(4,216,1)"])
        }
    }

    @Test func `a missing figure breaks no arithmetic`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let odd = #"""
                {"sport_type":"Ride","start_date_local":"2026-07-01T08:00:00Z","moving_time":3600,"device_watts":true,"average_watts":1e200,
                 "distance":1e99,"average_heartrate":-1e200,"laps":[{"start_index":2147483646.7,"end_index":2147483646}]}
                """#
            try await bench.land([answer(.activity, 1, odd)], listed: [listed(1)])
            try await bench.transform()
            // the FTP comes later: then all of the athlete's loads are computed again
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250}"#)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT endpoint, reason FROM sync.quarantine") == [])
            #expect(try await bench.lines("SELECT average_power_w, average_heartrate_bpm FROM silver.activity") == ["(,)"])
            #expect(try await bench.lines("SELECT first_index, last_index FROM silver.lap") == ["(,2147483647)"])
            #expect(try await bench.lines("SELECT ftp_w FROM silver.athlete") == ["(250)"])
        }
    }
}
