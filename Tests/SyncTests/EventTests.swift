import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
private let athlete = AthleteID(101)

/// A loaded athlete, and the desk that takes Strava's events.
private func withLoadedAthlete(_ body: (SyncRig, EventDesk) async throws -> Void) async throws {
    let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: 12, points: 40...90)
    try await SyncRig.with(world) { rig in
        try await rig.connect(athlete)
        try await rig.settle()
        rig.simulator.clearRequests()
        try await body(rig, EventDesk(database: rig.database, clock: .system))
    }
}

private func event(_ aspect: String, _ activity: ActivityID) -> StravaEvent {
    StravaEvent(objectType: "activity", objectID: activity.rawValue, aspectType: aspect, owner: athlete, eventAt: Date())
}

@Suite struct EventTests {
    @Test func `an announced activity is here after one turn, long before the next look is due`() async throws {
        try await withLoadedAthlete { rig, desk in
            let id = rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
            let isDueAlready = try await rig.turn() > 0
            #expect(!isDueAlready)
            #expect(try await desk.accept(event("create", id)))
            #expect(try await rig.turn() == 1)
            #expect(try await rig.differences(athlete) == [])
            #expect(rig.count("activities") == 2 && rig.count("activity") == 1)
            #expect(try await rig.number("SELECT count(*) FROM sync.event WHERE handled_at IS NULL") == 0)
            #expect(try await rig.turn() == 0)
        }
    }

    @Test func `an athlete who is due already keeps the place in line when more events come`() async throws {
        try await withLoadedAthlete { rig, desk in
            func due() async throws -> (isLive: Bool, before: Date) {
                let row = try #require(try await rig.database.query("SELECT priority = 1, due_at FROM sync.schedule").first)
                return try row.decode(Bool.self, Date.self)
            }
            try await desk.accept(event("create", ActivityID(99)))
            let first = try await due()
            #expect(first.isLive && first.before <= Date())
            try await desk.accept(event("create", ActivityID(98)))
            #expect(try await due() == first)
        }
    }

    @Test func `an announced late upload is looked for in the whole list, once`() async throws {
        try await withLoadedAthlete { rig, desk in
            let id = rig.world.addActivity(to: athlete, NewActivity(startAt: epoch.addingTimeInterval(-400 * 86_400), points: 45))
            try await desk.accept(event("create", id))
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            rig.simulator.clearRequests()
            // Announced, and hidden before anybody could look: one look and one walk, then it is left alone.
            try await desk.accept(event("create", ActivityID(99)))
            try await rig.settle()
            #expect((3...4).contains(rig.count("activities")))
            #expect(try await rig.turn() == 0)
        }
    }

    @Test func `of an announced change the details are fetched again, and a deletion becomes a tombstone`() async throws {
        try await withLoadedAthlete { rig, desk in
            let truth = rig.simulator.truth(for: athlete).filter { $0.pointCount > 0 }
            let (renamed, deleted) = (truth[truth.count - 1].id, truth[truth.count - 2].id)
            #expect(rig.world.rename(renamed, to: "Renamed") && rig.world.delete(deleted))
            try await desk.accept(event("update", renamed))
            try await desk.accept(event("delete", deleted))
            try await rig.settle()
            #expect(rig.count("activity") == 2 && rig.count("streams") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL") == 1)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a forged deletion removes nothing`() async throws {
        try await withLoadedAthlete { rig, desk in
            for activity in rig.simulator.truth(for: athlete) { try await desk.accept(event("delete", activity.id)) }
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL") == 0)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a withdrawn grant is believed when Strava refuses the token, not before`() async throws {
        try await withLoadedAthlete { rig, desk in
            let withdrawn = StravaEvent(
                objectType: "athlete", objectID: athlete.rawValue, aspectType: "update", owner: athlete, eventAt: Date(),
                updates: #"{"authorized":"false"}"#)
            try await desk.accept(withdrawn)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.athlete WHERE state = 'active'") == 1)
            rig.simulator.deauthorize(athlete)
            try await desk.accept(event("create", ActivityID(99)))
            try await rig.turn()
            #expect(try await rig.number("SELECT count(*) FROM sync.athlete WHERE state = 'reconnect'") == 1)
        }
    }

    @Test func `an event is written down once, and only of an athlete who is known`() async throws {
        try await withLoadedAthlete { rig, desk in
            let one = event("create", ActivityID(99))
            let isNew = try await desk.accept(one)
            #expect(isNew)
            #expect(try await desk.accept(one) == false)
            let stranger = StravaEvent(
                objectType: "activity", objectID: 1, aspectType: "create", owner: AthleteID(999), eventAt: Date())
            #expect(try await desk.accept(stranger) == false)
            #expect(try await rig.number("SELECT count(*) FROM sync.event") == 1)
        }
    }

    @Test func `an event that comes during a turn gives another one`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await rig.makeDue(athlete)
            let claim = try #require(try await rig.claim().first)
            let gate = rig.simulator.gate(.list)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await AthleteSync(environment: rig.environment, claim: claim).run() }
                await gate.waitForHeld()
                let id = rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
                try await desk.accept(event("create", id))
                gate.open()
            }
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.number("SELECT count(*) FROM sync.event WHERE handled_at IS NULL") == 0)
        }
    }

    @Test func `an event that becomes visible late stays open until a look was begun after it, whatever its clock says`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await rig.makeDue(athlete)
            let claim = try #require(try await rig.claim().first)
            let gate = rig.simulator.gate(.list)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await AthleteSync(environment: rig.environment, claim: claim).run() }
                await gate.waitForHeld()
                try await desk.accept(event("create", ActivityID(98)))
                // As if its transaction had begun before the turn did: the look that is under way is later by the clock.
                try await rig.database.query("UPDATE sync.event SET received_at = now() - interval '1 hour'")
                gate.open()
            }
            try await rig.settle()
            // The look that was held, and one for the event.
            #expect(rig.count("activities") >= 2)
            #expect(try await rig.number("SELECT count(*) FROM sync.event WHERE handled_at IS NULL") == 0)
            // Received by a clock that is ahead: looked after once, not until the clocks agree.
            try await desk.accept(event("update", rig.simulator.truth(for: athlete)[0].id))
            try await rig.database.query("UPDATE sync.event SET received_at = now() + interval '1 minute' WHERE handled_at IS NULL")
            rig.simulator.clearRequests()
            try await rig.settle()
            #expect((1...3).contains(rig.count("activities")))
        }
    }

    @Test func `a turn that has lost its lease acknowledges nothing`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await desk.accept(event("create", ActivityID(98)))
            let claim = try #require(try await rig.claim().first)
            let gate = rig.simulator.gate(.list)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await AthleteSync(environment: rig.environment, claim: claim).run() }
                await gate.waitForHeld()
                try await rig.database.query("UPDATE sync.schedule SET lease_fence = lease_fence + 1")
                gate.open()
            }
            #expect(try await rig.number("SELECT count(*) FROM sync.event WHERE handled_at IS NULL") == 1)
        }
    }

    @Test func `an event never waits for a landing in a circle`() async throws {
        try await withLoadedAthlete { rig, desk in
            let activity = rig.simulator.truth(for: athlete)[0].id
            try await rig.database.withConnection { connection in
                // A landing: first the schedule, then the completeness.
                try await connection.execute("BEGIN; SELECT 1 FROM sync.schedule WHERE athlete_id = 101 FOR SHARE")
                let accepted = Task { try await desk.accept(event("update", activity)) }
                try await eventually("the event waits") {
                    try await !rig.database.query(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ).isEmpty
                }
                try await connection.execute(
                    "UPDATE sync.completeness SET updated_at = now() WHERE athlete_id = 101; COMMIT")
                #expect(try await accepted.value)
            }
            #expect(try await rig.number("SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()") == 0)
        }
    }

    @Test func `an event of an athlete whose schedule is held does not keep the others waiting`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await rig.database.query("INSERT INTO sync.athlete (athlete_id) VALUES (7)")
            try await rig.database.query("INSERT INTO sync.schedule (athlete_id, due_at, priority) VALUES (7, 'infinity', 2)")
            let other = StravaEvent(objectType: "activity", objectID: 1, aspectType: "create", owner: AthleteID(7), eventAt: Date())
            try await rig.database.withConnection { connection in
                try await connection.execute("BEGIN; SELECT 1 FROM sync.schedule WHERE athlete_id = 101 FOR SHARE")
                let held = Task { try await desk.accept(event("create", ActivityID(98))) }
                try await eventually("the event waits") {
                    try await !rig.database.query(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ).isEmpty
                }
                #expect(try await desk.accept(other))
                try await connection.execute("COMMIT")
                #expect(try await held.value)
            }
            #expect(try await rig.number("SELECT count(*) FROM sync.event") == 2)
        }
    }

    @Test func `one event that can't be stored takes none of the others with it`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await rig.database.withConnection { connection in
                try await connection.execute(
                    """
                    CREATE FUNCTION sync.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by the test'; END $$;
                    CREATE TRIGGER refuse BEFORE INSERT ON sync.event FOR EACH ROW WHEN (NEW.object_id = 13) EXECUTE FUNCTION sync.refuse();
                    """)
            }
            let refused = await withTaskGroup(of: Bool.self) { group in
                for number in Int64(1)...40 {
                    group.addTask {
                        do { return try await !desk.accept(event("create", ActivityID(number))) } catch { return number == 13 }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused == 1)
            #expect(try await rig.number("SELECT count(*) FROM sync.event") == 39)
        }
    }

    @Test func `what lists found is compared with what events announced`() async throws {
        try await withLoadedAthlete { rig, desk in
            func health() async throws -> EventHealth {
                try await EventHealth.read(rig.database, now: Date().addingTimeInterval(600))
            }
            #expect(try await health() == EventHealth(found: 0, announced: 0, lastEventAt: nil))
            let ids = (1...4).map { hour in
                rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(Double(-600 * hour)), points: 20))
            }
            try await desk.accept(event("create", ids[0]))
            try await rig.settle()
            let found = try await health()
            #expect(found.found == 4 && found.announced == 1 && found.state == .silent)
            for id in ids.dropFirst() { try await desk.accept(event("create", id)) }
            #expect(try await health().state == .healthy)
        }
    }

    @Test func `few unannounced finds prove nothing, and without any event nothing is expected`() {
        func state(_ found: Int, _ announced: Int) -> EventHealth.State {
            EventHealth(found: found, announced: announced, lastEventAt: epoch).state
        }
        #expect(state(2, 0) == .healthy && state(3, 0) == .silent && state(100, 81) == .healthy && state(100, 79) == .silent)
        #expect(EventHealth(found: 100, announced: 0, lastEventAt: nil).state == .none)
    }

    @Test func `while events are healthy lists are looked at less often`() {
        let settings = SyncSettings()
        var pace = SyncPace(settings: settings)
        let without = SyncPlan(settings: settings, pace: pace).listInterval(SyncState())
        pace.eventStretch = settings.eventStretch
        #expect(SyncPlan(settings: settings, pace: pace).listInterval(SyncState()) == without * settings.eventStretch)
    }
}
