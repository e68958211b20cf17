import Core
import Database
import Foundation
import Logging
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// A scheduler at work on a clock that the test moves, around a simulated Strava.
private struct Bench {
    let rig: SyncRig
    let clock: WallClock
    let startedAt: Date

    /// Lends one with these athletes connected and due.
    static func with(
        athletes: Int, activities: Int = 3, settings: SyncSettings = SyncSettings(), events: EventBacklog = EventBacklog(),
        logger: Logger = quietLogger,
        prepare: (SyncRig) async throws -> Void = { _ in },
        _ body: (Bench) async throws -> Void
    ) async throws {
        let clock = WallClock.manual(at: Date())
        let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: athletes, activitiesEach: activities, points: 20...40)
        try await SyncRig.with(world, settings: settings, clock: clock, logger: logger) { rig in
            for number in 1...athletes { try await rig.connect(AthleteID(Int64(100 + number))) }
            try await prepare(rig)
            let scheduler = SyncScheduler(environment: rig.environment, owner: rig.owner, events: events)
            let running = Task { try await scheduler.run() }
            let bench = Bench(rig: rig, clock: clock, startedAt: clock.now)
            let result: Result<Void, any Error>
            do { result = .success(try await body(bench)) } catch { result = .failure(error) }
            running.cancel()
            try await running.value
            try result.get()
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE lease_owner IS NOT NULL") == 0)
        }
    }

    /// A lease that nobody renews lasts 120 s: what goes on before that did not wait for its end. How far the clock runs meanwhile depends on
    /// the machine, so that no test asks for less.
    static let soon_s = 100.0

    /// Lets the clock run until `condition` holds, a second for every third look, so that a busy machine gets its work done in between.
    func run(until what: String, _ condition: () async throws -> Bool) async throws {
        var looks = 0
        try await eventually(what) {
            if try await condition() { return true }
            looks += 1
            if looks.isMultiple(of: 3) { clock.advance(by: .seconds(1)) }
            return false
        }
    }

    var elapsed_s: Double { clock.now.timeIntervalSince(startedAt) }
    func isComplete(_ athletes: Int) async throws -> Bool {
        try await rig.number("SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NOT NULL") == athletes
    }
    func leased(_ condition: String = "true") async throws -> Int {
        try await rig.number("SELECT count(*) FROM sync.schedule WHERE lease_owner IS NOT NULL AND \(raw: condition)")
    }
}

@Suite struct SyncSchedulerTests {
    @Test func `while events wait to be written, a lane has one turn in work, and all athletes get theirs`() async throws {
        let events = EventBacklog()
        events.note(oldest: .now - .seconds(1))
        try await Bench.with(athletes: 8, events: events) { bench in
            var together = 0
            try await bench.run(until: "all athletes are complete") {
                together = max(together, try await bench.leased())
                return try await bench.isComplete(8)
            }
            #expect(together <= SyncSettings().lanes.count)
        }
    }

    @Test func `after events have waited too long, turns are held back for a while, also when none waits any more`() {
        let events = EventBacklog()
        #expect(!events.isLate)
        events.note(oldest: .now - .seconds(1))
        events.note(oldest: nil)
        #expect(events.isLate)
        let calm = EventBacklog()
        calm.note(oldest: .now + .seconds(1))
        calm.note(oldest: nil)
        #expect(!calm.isLate)
    }

    @Test func `each lane has its places, and nobody waits behind another lane`() async throws {
        var settings = SyncSettings()
        (settings.urgentPlaces, settings.ordinaryPlaces, settings.historyPlaces) = (1, 2, 1)
        let prepare: @Sendable (SyncRig) async throws -> Void = { rig in
            try await rig.database.query(
                "UPDATE sync.schedule SET priority = CASE WHEN athlete_id < 104 THEN 0 WHEN athlete_id < 108 THEN 2 ELSE 4 END")
        }
        try await Bench.with(athletes: 10, settings: settings, prepare: prepare) { bench in
            let gate = bench.rig.simulator.gate(.list)
            try await bench.run(until: "all places are taken") { try await bench.leased() == 4 }
            bench.clock.advance(by: .seconds(3))
            #expect(try await bench.leased("priority = 0") == 1)
            #expect(try await bench.leased("priority = 2") == 2)
            #expect(try await bench.leased("priority = 4") == 1)
            gate.open()
            try await bench.run(until: "all are complete") { try await bench.isComplete(10) }
        }
    }

    @Test func `a lease is renewed while its turn lasts`() async throws {
        try await Bench.with(athletes: 1) { bench in
            let gate = bench.rig.simulator.gate(.list)
            await gate.waitForHeld()
            try await bench.run(until: "ten minutes have passed") {
                let count = try await bench.leased()
                #expect(count == 1)
                if bench.elapsed_s >= 600 { return true }
                bench.clock.advance(by: .seconds(9))
                return false
            }
            #expect(try await bench.rig.number("SELECT lease_fence FROM sync.schedule") == 1)
            gate.open()
            try await bench.run(until: "it is complete") { try await bench.isComplete(1) }
        }
    }

    @Test func `a claim that fails for one lane leaves no lease without a turn`() async throws {
        let prepare: @Sendable (SyncRig) async throws -> Void = { rig in
            try await rig.database.query("UPDATE sync.schedule SET priority = CASE athlete_id WHEN 101 THEN 0 ELSE 2 END")
            try await rig.database.withConnection {
                try await $0.execute(
                    """
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = '57P03'; END $$;
                    CREATE TRIGGER refuse BEFORE UPDATE ON sync.schedule FOR EACH ROW
                        WHEN (new.athlete_id = 102 AND new.lease_owner IS NOT NULL) EXECUTE FUNCTION refuse()
                    """)
            }
        }
        try await Bench.with(athletes: 2, prepare: prepare) { bench in
            for _ in 0..<20 {
                bench.clock.advance(by: .seconds(1))
                try await Task.sleep(for: .milliseconds(5))
            }
            try await bench.rig.database.query("DROP TRIGGER refuse ON sync.schedule")
            try await bench.run(until: "both are complete") { try await bench.isComplete(2) }
            #expect(bench.elapsed_s < Bench.soon_s)
        }
    }

    @Test func `turns whose ends could not be written go on within seconds`() async throws {
        try await Bench.with(athletes: 3) { bench in
            let gate = bench.rig.simulator.gate(.list)
            try await bench.run(until: "all are in work") { try await bench.leased() == 3 }
            await gate.waitForHeld()
            try await bench.rig.database.query("ALTER TABLE sync.run RENAME TO run_away")
            gate.open()
            try await eventually("no turn is in work") {
                try await bench.rig.number("SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NOT NULL") == 3
            }
            try await bench.rig.database.query("ALTER TABLE sync.run_away RENAME TO run")
            let fences = try await bench.rig.number("SELECT sum(lease_fence)::int FROM sync.schedule")
            let from_s = bench.elapsed_s
            try await bench.run(until: "all ends are written") {
                try await bench.rig.number("SELECT count(DISTINCT athlete_id) FROM sync.run WHERE outcome = 'done'") == 3
            }
            #expect(bench.elapsed_s - from_s < Bench.soon_s && fences >= 3)
        }
    }

    @Test func `athletes in work go on within seconds after all connections broke`() async throws {
        try await Bench.with(athletes: 4) { bench in
            let gate = bench.rig.simulator.gate(.list)
            try await bench.run(until: "all are in work") { try await bench.leased() == 4 }
            await gate.waitForHeld()
            for _ in 0..<3 {
                // This test's own connections are among those that break, some of them while they are in use.
                _ = try? await bench.rig.database.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            }
            gate.open()
            let from_s = bench.elapsed_s
            try await bench.run(until: "all are complete") { (try? await bench.isComplete(4)) ?? false }
            #expect(bench.elapsed_s - from_s < Bench.soon_s)
        }
    }

    @Test func `while nothing can be stored one athlete a lane tries, and all go on when it can`() async throws {
        try await Bench.with(athletes: 6) { bench in
            let rig = bench.rig
            try await rig.database.withConnection {
                try await $0.execute(
                    """
                    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$;
                    CREATE TRIGGER full_disk BEFORE INSERT ON bronze_strava.answer FOR EACH STATEMENT EXECUTE FUNCTION full_disk()
                    """)
            }
            try await bench.run(until: "two minutes have passed") { bench.elapsed_s >= 120 }
            // Six met it at first; then one at a time, after pauses of up to 15 s.
            #expect(rig.count("activities") < 40)
            try await rig.database.query("DROP TRIGGER full_disk ON bronze_strava.answer")
            let from_s = bench.elapsed_s
            try await bench.run(until: "all are complete") { try await bench.isComplete(6) }
            #expect(bench.elapsed_s - from_s < Bench.soon_s)
        }
    }

    @Test func `a lease in this process's name that no turn has is taken back, one of another process is not`() async throws {
        try await Bench.with(athletes: 2) { bench in
            try await bench.run(until: "both are complete") { try await bench.isComplete(2) }
            try await bench.rig.database.query(
                """
                UPDATE sync.schedule SET lease_owner = CASE athlete_id WHEN 101 THEN \(bench.rig.owner) ELSE \(UUID()) END,
                    lease_expires_at = 'infinity', due_at = 'infinity'
                """)
            try await bench.run(until: "one is taken back") { try await bench.leased() == 1 }
            #expect(bench.elapsed_s < 200)
            try await bench.rig.database.query("UPDATE sync.schedule SET lease_owner = NULL")
        }
    }

    @Test func `a PostgreSQL that says nothing at all is told, once, and so is its return`() async throws {
        let capture = LogCapture()
        func lines(_ text: String) -> Int { capture.text.components(separatedBy: text).count - 1 }
        try await Bench.with(athletes: 1, logger: capture.logger) { bench in
            try await bench.run(until: "it is complete") { try await bench.isComplete(1) }
            try await bench.rig.database.withConnection { connection in
                try await connection.execute("BEGIN; LOCK TABLE sync.schedule")
                try await bench.run(until: "the silence is told") { lines("postgresql does not answer") == 1 }
                let from_s = bench.elapsed_s
                try await bench.run(until: "more time has passed") { bench.elapsed_s > from_s + 30 }
                try await connection.execute("ROLLBACK")
            }
            try await bench.run(until: "the return is told") { lines("postgresql answers again") == 1 }
            #expect(lines("postgresql does not answer") == 1)
        }
    }

    @Test func `what is put off, paused or not connected is no demand`() async throws {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id, state, paused_until) VALUES
                        (1, 'active', NULL), (2, 'reconnect', NULL), (3, 'active', 'infinity');
                    INSERT INTO sync.cursor (athlete_id, history_complete_at) VALUES (1, '2026-01-01'), (2, NULL), (3, NULL);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, first_listed_at, last_listed_at, fingerprint)
                    SELECT a, n, '2026-01-01', '2026-01-01', '2026-01-01', '' FROM generate_series(1, 3) AS a, generate_series(1, 10) AS n;
                    INSERT INTO sync.completeness (athlete_id, activity_id, start_at, endpoint, state, next_try_at)
                    SELECT a, n, '2026-01-01', 'detail', 'pending', CASE WHEN n > 4 THEN timestamptz 'infinity' END
                    FROM generate_series(1, 3) AS a, generate_series(1, 10) AS n
                    """)
            }
            let schedule = ScheduleQueries(database: database)
            #expect(try await schedule.knownDemand(now: now) == 4)
            #expect(try await schedule.fleetLoad(now: now) == FleetLoad(athletes: 1, activities: 10, training: 0))
        }
    }
}
