import Core
import Database
import Foundation
import Simulator
import SyncStore
import TestKit
import Testing

@testable import Sync

@Suite struct HousekeeperTests {
    private static let old: SQL = """
        INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome)
        SELECT athlete_id, 'incremental', '2020-01-01', '2020-01-01', 1, 1, 'done' FROM sync.athlete
        """

    /// Lends a rig with one athlete and a housekeeper at work on a clock that stands until the test advances it.
    private func withHousekeeper(_ capture: LogCapture, _ body: (SyncRig) async throws -> Void) async throws {
        let clock = WallClock.manual(at: Date())
        let world = SimulatorWorld(seed: 7, epoch: clock.now, athleteCount: 1, activitiesEach: 1, points: 20...40)
        try await SyncRig.with(world, clock: clock, logger: capture.logger) { rig in
            try await rig.connect(rig.world.athleteIDs[0])
            let scheduler = SyncScheduler(environment: rig.environment, owner: rig.owner)
            let housekeeper = Housekeeper(environment: rig.environment, scheduler: scheduler)
            await housekeeper.start()
            let running = Task { try await housekeeper.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(rig)) } catch { result = .failure(error) }
            running.cancel()
            try await running.value
            try result.get()
        }
    }

    private func runCount(_ rig: SyncRig) async throws -> Int { try await rig.number("SELECT count(*) FROM sync.run") }

    @Test func `the audit forgets what is old, and the oldest of too many`() async throws {
        try await withHousekeeper(LogCapture()) { rig in
            let desk = AuditDesk(database: rig.database, clock: rig.environment.clock)
            for _ in 1...4 {
                let entry = AuditEntry(
                    user: (0, "root"), action: "pause_athlete", subject: .athlete(rig.world.athleteIDs[0]), parameters: "{}",
                    athleteParameters: "{}")
                _ = try await desk.begin(entry)
            }
            try await rig.database.query("UPDATE sync.audit SET asked_at = asked_at - interval '401 days' WHERE audit_id = 1")
            try await rig.database.query(AuditTable.prune(askedBefore: .distantPast, countMax: 2)[0])
            #expect(try await rig.number("SELECT count(*) FROM sync.audit") == 2)
            try await eventually("both are gone, and the athlete's rows with them") {
                rig.environment.clock.advance(by: .seconds(401 * 86_400))
                return try await rig.number("SELECT (SELECT count(*) FROM sync.audit) + (SELECT count(*) FROM sync.audit_athlete)") == 0
            }
        }
    }

    @Test func `old turns are deleted every quarter hour`() async throws {
        try await withHousekeeper(LogCapture()) { rig in
            for _ in 1...2 {
                try await rig.database.query(Self.old)
                try await eventually("the old turn is gone") {
                    rig.environment.clock.advance(by: .seconds(900))
                    return try await runCount(rig) == 0
                }
            }
        }
    }

    @Test func `a chore that fails keeps no other from being done, and is logged once until it works again`() async throws {
        let capture = LogCapture()
        func lines(_ text: String) -> Int { capture.text.components(separatedBy: text).count - 1 }
        try await withHousekeeper(capture) { rig in
            // The pace can't be set without the list of activities.
            try await rig.database.query("ALTER TABLE sync.activity RENAME TO hidden")
            for _ in 1...2 {
                try await rig.database.query(Self.old)
                try await eventually("the old turn is gone") {
                    rig.environment.clock.advance(by: .seconds(900))
                    return try await runCount(rig) == 0
                }
            }
            try await eventually("the failure is logged") { lines("housekeeping failed") == 1 }
            try await rig.database.query("ALTER TABLE sync.hidden RENAME TO activity")
            try await eventually("its end is logged") {
                rig.environment.clock.advance(by: .seconds(30))
                return lines("housekeeping works again") == 1
            }
            #expect(lines("housekeeping failed") == 1)
        }
    }

    @Test func `the figures of status are counted from the ledger, silver and the schedule`() async throws {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id, state, paused_until) VALUES
                        (1, 'active', NULL), (2, 'reconnect', NULL), (3, 'active', 'infinity');
                    INSERT INTO sync.cursor (athlete_id, history_complete_at) VALUES (1, '2026-01-01'), (2, NULL), (3, NULL);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, first_listed_at, last_listed_at, fingerprint, gone_at)
                    SELECT 1, n, '2026-01-01', '2026-01-01', '2026-01-01', '', CASE n WHEN 10 THEN timestamptz '2026-01-02' END
                    FROM generate_series(1, 10) AS n;
                    INSERT INTO sync.completeness (athlete_id, activity_id, start_at, endpoint, state, next_try_at)
                    SELECT 1, n, '2026-01-01', e, CASE WHEN n > 8 THEN 'quarantined' ELSE 'pending' END,
                        CASE WHEN n = 5 THEN timestamptz 'infinity' END
                    FROM generate_series(1, 10) AS n, unnest('{detail,streams,zones}'::text[]) AS e
                    """)
            }
            let figures = try await StatusReader(database: database, clock: .manual(at: now)).figures()
            #expect(figures.athletesByState == ["active": 2, "reconnect": 1] && figures.athleteCount == 3)
            #expect(figures.pausedCount == 1 && figures.leasedCount == 0 && figures.firstWalkCount == 1)
            #expect(figures.activityCount == 9 && figures.silverActivityCount == 0 && figures.backlogCount == 0)
            #expect(figures.dueCallCount == 21, "detail, streams and zones of 7")
            #expect(figures.deferredCallCount == 3 && figures.quarantinedCount == 6)
            #expect(!figures.isComplete && figures.countedAt == now && figures.events.state == .none)
        }
    }
}
