import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// Silver explains itself: `silver.readme` and the units in the names of its columns.
@Suite struct ReadmeTests {
    /// Two activities that fill everything in silver: laps, splits, gear, zones, records, findings.
    private func land(_ bench: Bench) async throws {
        let detail = #"""
            {"sport_type":"Run","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z","distance":5000,"moving_time":1800,
             "gear_id":"g1","laps":[{"name":"Lap 1"}],"best_efforts":[{"name":"5K"}],"photos":{"primary":{"urls":{"600":"p"}}},
             "segment_efforts":[{"pr_rank":1,"segment":{"id":1}}],"splits_metric":[{"distance":1000}],"splits_standard":[{"distance":1609.3}]}
            """#
        let hard = (0..<60).map { _ in "170" }.joined(separator: ",")
        let seconds = (0..<60).map(String.init).joined(separator: ",")
        try await bench.land(
            [
                answer(.athlete, Bench.athlete.rawValue, #"{"firstname":"A","ftp":250,"weight":7000}"#), answer(.activity, 1, detail),
                answer(.streams, 1, IrregularActivity.streams.replacing("{\"time\"", with: #"{"latlng":{"data":[[52.1,13.4]]},"time""#)),
                answer(.activity, 2, #"{"sport_type":"Ride","start_date":"2026-07-02T06:30:00Z"}"#),
                answer(.streams, 2, #"{"time":{"data":[\#(seconds)]},"heartrate":{"data":[\#(hard)]}}"#),
                answer(.activityZones, 1, #"[{"type":"heartrate","distribution_buckets":[{"min":0,"max":-1,"time":1}]}]"#),
            ], listed: [listed(1), listed(2)])
        try await bench.landStats(#"{"all_ride_totals":{"count":1}}"#)
        try await bench.transform()
    }

    @Test func `each example runs as it is printed, and finds something`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            let examples = try await database.query("SELECT relation, example FROM silver.readme WHERE example IS NOT NULL ORDER BY 1")
            #expect(examples.count >= 39)
            for row in examples {
                let (relation, example) = try row.decode(String.self, String.self)
                #expect(example.contains("silver.\(relation) ") && example.hasSuffix(";"), "\(relation)")
                #expect(try await database.query(SQL(raw: example)).isEmpty == false, "\(relation)")
            }
        }
    }

    @Test func `a table without an example is behind a view that its comment names`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let silent = "SELECT relation, description FROM silver.readme WHERE example IS NULL AND relation <> 'readme' ORDER BY 1"
            let rows = try await database.query(SQL(raw: silent)).map { try $0.decode(String.self, String.self) }
            #expect(rows.map(\.0) == ["activity_rollup", "activity_zone", "gear_item", "threshold_work", "training_day"])
            for (relation, description) in rows { #expect(description.contains("To read"), "\(relation)") }
            #expect(try await bench.lines("SELECT relation FROM silver.readme WHERE description IS NULL") == [])
        }
    }

    /// Ids, counts and versions have none; the predecessor's view keeps the predecessor's names.
    @Test func `a number has its unit in its name, or its comment says what it is`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let query = #"""
                SELECT c.relname, a.attname, col_description(c.oid, a.attnum)
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                  AND format_type(a.atttypid, NULL) ~ '^(smallint|integer|bigint|numeric|real|double precision)(\[\])?$'
                  AND a.attname !~ '(_id|_count|_version|_number|_index|_points|_size|_e6)$'
                  AND a.attname !~ '_(s|m|km|kg|w|j|bpm|rpm|mps|deg|kj|kcal|c|percent|m_per_h|s_per_km|seconds)$'
                  AND col_description(c.oid, a.attnum) !~* '(second|metre|watt|beats|degree|revolutions|°C|no unit|activities|number|place|zone|percent|unit|share|100 is one hour|at rest)'
                ORDER BY 1, 2
                """#
            let bare = try await bench.lines(query)
            #expect(bare == [])
        }
    }
}
