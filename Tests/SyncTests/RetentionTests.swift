import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing
import Warehouse

@testable import Sync

private let athlete = AthleteID(101)

private func world(_ activities: Int = 9) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 31, epoch: epoch, athleteCount: 1, activitiesEach: activities, points: 40...60)
}

extension SyncRig {
    /// A pass of the retention as many days from now, and the silver that follows from it.
    fileprivate func retain(_ policy: RetentionPolicy, after days: Double) async throws -> RetentionReport {
        let clock = WallClock.manual(at: Date().addingTimeInterval(days * 86_400))
        let keeper = RetentionKeeper(database: database, policy: policy, clock: clock, logger: quietLogger)
        let report = try await keeper.runOnce()
        try await makeSilver()
        return report
    }

    /// Tables of silver that hold something of an athlete, by name.
    fileprivate func silverTablesWithRows() async throws -> [String] {
        let tables = try await database.query(
            """
            SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'source_id'
            WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p') ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
        return zip(tables, try await counts(tables.map { "silver.\($0)" })).filter { $0.1 > 0 }.map(\.0)
    }

    fileprivate func counts(_ tables: [String]) async throws -> [Int] {
        var counts: [Int] = []
        for table in tables { counts.append(try await number(SQL(raw: "SELECT count(*) FROM \(table)"))) }
        return counts
    }
}

@Suite struct RetentionTests {
    private let week = RetentionPolicy(apiDays: 7)

    @Test func `copies of API data go when their days are over, in bronze and silver, and the ledger says so`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let answers = try await rig.number("SELECT count(*) FROM bronze_strava.answer")
            #expect(try await rig.retain(week, after: 6.9) == RetentionReport())
            let report = try await rig.retain(week, after: 7.1)
            #expect(report.activities == 9 && report.answers == answers)
            let tables = [
                "bronze_strava.answer", "bronze_strava.answer_version", "silver.activity", "silver.lap", "silver.activity_stream",
                "silver.activity_metric", "silver.activity_zone", "silver.gear_item", "silver.athlete_history",
                "silver.athlete WHERE first_name IS NOT NULL OR weight_kg IS NOT NULL", "silver.training_day WHERE load > 0",
                "silver.athlete_zone_set WHERE NOT is_default OR metric = 'power'", "silver.athlete_reference WHERE sex IS NOT NULL",
                "silver.athlete_threshold WHERE origin <> 'default'",
            ]
            #expect(try await rig.counts(tables) == tables.map { _ in 0 })
            let left = try await rig.silverTablesWithRows()
            #expect(left == ["athlete", "athlete_reference", "athlete_threshold", "athlete_zone_set"], "the key, and defaults")
            #expect(
                try await rig.number(
                    "SELECT count(*) FROM sync.completeness WHERE state = 'expired' AND reason = 'retention' AND endpoint <> 'streams'")
                    == 18)
            #expect(try await rig.number("SELECT count(*) FROM sync.completeness WHERE state NOT IN ('expired', 'empty')") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.retention_run WHERE activities = 9 AND answers = \(answers)") == 1)
            #expect(try await rig.number("SELECT sum(expired)::bigint FROM silver.completeness WHERE endpoint = 'summary'") == 9)
            #expect(try await rig.retain(week, after: 7.1) == RetentionReport(), "a second pass finds nothing")
        }
    }

    @Test func `what expired is not fetched again, what changes or is new is`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            _ = try await rig.retain(week, after: 7.1)
            rig.simulator.clearRequests()
            try await rig.walkAgain(athlete)
            #expect(Set(rig.simulator.requests.map(\.endpoint)) == ["activities", "athlete", "athlete_zones", "athlete_stats"])
            #expect(try await rig.counts(["bronze_strava.answer WHERE endpoint IN (1, 2, 3)", "silver.activity"]) == [0, 0])
            #expect(try await rig.number("SELECT count(*) FROM silver.athlete WHERE first_name IS NOT NULL") == 1, "a fresh copy")
            let changed = try #require(rig.simulator.truth(for: athlete).first { $0.pointCount > 0 }?.id)
            #expect(rig.world.crop(changed, keeping: 0.5))
            let new = rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
            try await rig.walkAgain(athlete)
            let rows = try await rig.database.query("SELECT activity_id FROM silver.activity WHERE has_detail")
            #expect(Set(try rows.map { try $0.decode(ActivityID.self) }) == [changed, new])
        }
    }

    @Test func `without days everything is kept, and earlier versions have days of their own`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(rig.world.rename(rig.simulator.truth(for: athlete)[0].id, to: "Renamed"))
            try await rig.walkAgain(athlete)
            let versions = try await rig.number("SELECT count(*) FROM bronze_strava.answer_version")
            #expect(versions > 0)
            let keep = RetentionPolicy(versionDays: 30)
            #expect(try await rig.retain(keep, after: 29) == RetentionReport())
            #expect(try await rig.retain(keep, after: 31).versions == versions)
            #expect(try await rig.retain(keep, after: 4_000) == RetentionReport())
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `an athlete's own archive is no copy of API data`() async throws {
        try await SyncRig.with(world(1)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await rig.database.query(
                """
                INSERT INTO bronze_strava.answer
                    (athlete_id, source_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
                SELECT athlete_id, 2, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body FROM bronze_strava.answer
                """)
            let before = try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE source_id = 2")
            _ = try await rig.retain(week, after: 8)
            let left = try await rig.counts(["bronze_strava.answer WHERE source_id = 2", "bronze_strava.answer WHERE source_id = 1"])
            #expect(left == [before, 0])
        }
    }

    @Test(arguments: [7, nil])
    func `with days, answers about what is gone at Strava go at once; without, they stay`(days: Int?) async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let gone = try #require(rig.simulator.truth(for: athlete).first { $0.pointCount > 0 }?.id)
            let answers: SQL = "SELECT count(*) FROM bronze_strava.answer WHERE endpoint IN (1, 2, 3, 6) AND object_id = \(gone)"
            #expect(rig.world.delete(gone))
            try await rig.walkAgain(athlete)
            #expect(try await rig.number("SELECT count(*) FROM silver.activity WHERE activity_id = \(gone)") == 0)
            #expect(try await rig.number(answers) == 3)
            _ = try await rig.retain(RetentionPolicy(apiDays: days), after: 0.01)
            #expect(try await rig.number(answers) == (days == nil ? 3 : 0))
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint = 1") == (days == nil ? 9 : 8))
            #expect(try await rig.retain(RetentionPolicy(apiDays: days), after: 0.02) == RetentionReport())
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a rebuild brings nothing back, and two that remove at once are one`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            async let one = rig.retain(week, after: 7.1)
            async let other = rig.retain(week, after: 7.1)
            _ = try await (one, other)
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer") == 0)
            try await RebuildDesk(database: rig.database).request(athlete, isDryRun: false, now: Date())
            #expect(try await rig.silver.rebuildOnce())
            try await rig.makeSilver()
            let tables = [
                "silver.activity", "silver.activity_rollup", "silver.best_effort", "silver.personal_record", "silver.power_curve",
                "silver.training_day WHERE load > 0", "silver.athlete_day WHERE load > 0",
            ]
            #expect(try await rig.counts(tables) == tables.map { _ in 0 })
        }
    }

    @Test func `many copies go in many transactions`() async throws {
        try await SyncRig.with(world(1)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let body = Array("{}".utf8)
            try await rig.database.query(
                """
                INSERT INTO bronze_strava.answer
                    (athlete_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
                SELECT \(athlete), 1, n, '/', 200, now() - interval '8 days', 2, sha256(\(body)), \(body) FROM generate_series(1, 450) AS n
                """)
            let report = try await rig.retain(week, after: 0)
            #expect(report.activities == 450 && report.answers == 450)
            let commits = try await rig.number(
                "SELECT count(DISTINCT xmin::text) FROM sync.transform_work")
            #expect(commits == 0, "silver has followed")
        }
    }

    @Test func `titles in events go with the other copies, and that the events came stays`() async throws {
        try await SyncRig.with(world(1)) { rig in
            try await rig.connect(athlete)
            let desk = EventDesk(database: rig.database, clock: .system)
            try await desk.accept(
                StravaEvent(
                    objectType: "activity", objectID: 1, aspectType: "update", owner: athlete, eventAt: Date(),
                    updates: #"{"title":"Morning"}"#))
            let titles: SQL = "SELECT count(*) FROM sync.event WHERE updates <> '{}'"
            _ = try await rig.retain(week, after: 6.9)
            #expect(try await rig.number(titles) == 1)
            _ = try await rig.retain(week, after: 7.1)
            #expect(try await rig.number(titles) == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.event") == 1)
        }
    }

    @Test func `with days, lists are walked often enough to find deletions within 48 hours`() {
        var settings = SyncSettings()
        settings.mirrorDeletions()
        for athletes in [1, 100, 450] {
            let load = FleetLoad(athletes: athletes, activities: athletes * 2_000)
            let pace = SyncPace(load: load, dayLimit: 30_000, settings: settings)
            #expect(pace.walkInterval_s <= 36 * 3_600, "\(athletes)")
        }
    }
}
