import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// A fault that all work meets stops silver with one incident; one that a single activity meets puts it into quarantine.
@Suite struct SilverStoppedTests {
    private func land(_ bench: Bench, _ ids: ClosedRange<Int64>) async throws {
        try await bench.land(ids.map { answer(.activity, $0, #"{"name":"\#($0)","laps":[{"name":"x"}]}"#) }, listed: ids.map { listed($0) })
    }

    /// As when a role lacks a grant, or a migration is missing.
    @Test(arguments: [
        "ALTER TABLE silver.lap RENAME TO lap_away", "ALTER FUNCTION bronze_strava.json_local_time(jsonb) RENAME TO away",
        "CREATE FUNCTION silver.broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$;"
            + "CREATE TRIGGER broken BEFORE INSERT ON silver.lap FOR EACH ROW EXECUTE FUNCTION silver.broken()",
    ])
    func `a fault that all work meets stops the runner, quarantines nothing, and ends when it is fixed`(fault: String) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1...2)
            try await bench.transform()
            for statement in fault.split(separator: ";CREATE", omittingEmptySubsequences: true).enumerated() {
                try await database.query(SQL(raw: (statement.offset == 0 ? "" : "CREATE") + statement.element))
            }
            try await land(bench, 11...40)
            let running = Task { try await bench.runner.run() }
            try await eventually("the incident is open") { bench.runner.health.incident != nil }
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 30)
            for mend in [
                "ALTER TABLE IF EXISTS silver.lap_away RENAME TO lap", "DROP TRIGGER IF EXISTS broken ON silver.lap",
                "DO $$ BEGIN ALTER FUNCTION bronze_strava.away(jsonb) RENAME TO json_local_time; EXCEPTION WHEN undefined_function THEN NULL; END $$",
            ] { try await database.query(SQL(raw: mend)) }
            try await eventually("it goes on") {
                bench.clock.advance(by: SilverHealth.longestWait)
                return try await bench.value("SELECT count(*) FROM silver.activity", as: Int.self) == 32
            }
            try await eventually("the incident is closed") { bench.runner.health.incident == nil }
            running.cancel()
            try await running.value
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }

    @Test func `an error of unclear class that only one activity meets puts that one into quarantine`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await database.query(
                "CREATE FUNCTION silver.odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'odd'; END $$")
            try await database.query(
                "CREATE TRIGGER odd BEFORE INSERT ON silver.activity FOR EACH ROW WHEN (NEW.activity_id = 2) EXECUTE FUNCTION silver.odd()")
            try await land(bench, 1...4)
            try await bench.transform()
            #expect(try await bench.lines("SELECT endpoint, object_id FROM sync.quarantine") == ["(silver,2)"])
            #expect(try await bench.lines("SELECT activity_id FROM silver.activity ORDER BY 1") == ["(1)", "(3)", "(4)"])
            #expect(bench.runner.health.incident == nil)
        }
    }

    @Test func `a rebuild in which everything would fail keeps its request and the old rows`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench, 1...2)
            try await bench.transform()
            try await database.query("ALTER TABLE silver.lap RENAME TO lap_away")
            _ = try await RebuildDesk(database: database).request(nil, isDryRun: false, now: bench.clock.now)
            await #expect(throws: SilverStopped.self) { try await bench.runner.rebuildOnce() }
            #expect(try await bench.value("SELECT count(*) FROM sync.silver_rebuild WHERE finished_at IS NULL", as: Int.self) == 1)
            try await database.query("ALTER TABLE silver.lap_away RENAME TO lap")
            #expect(try await bench.runner.rebuildOnce())
            #expect(try await bench.lines("SELECT error FROM sync.silver_rebuild WHERE error IS NOT NULL") == [])
            #expect(try await bench.value("SELECT count(*) FROM silver.lap", as: Int.self) == 2)
        }
    }

    @Test func `a profile on which the transform failed leaves the quarantine with the next one`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let me = Bench.athlete.rawValue
            try await database.query("ALTER TABLE silver.athlete ADD CONSTRAINT light CHECK (weight_kg < 100)")
            try await bench.land([answer(.athlete, me, #"{"weight":120}"#)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT endpoint, object_id FROM sync.quarantine") == ["(silver,0)"])
            try await bench.land([answer(.athlete, me, #"{"weight":90}"#, at: Bench.noon + 9)])
            try await bench.transform()
            #expect(try await bench.lines("SELECT endpoint, object_id FROM sync.quarantine") == [])
            #expect(try await bench.lines("SELECT weight_kg FROM silver.athlete") == ["(90)"])
        }
    }
}
