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

private func world(_ athletes: Int = 1, activities: Int = 12, seed: UInt64 = 7) -> SimulatorWorld {
    SimulatorWorld(seed: seed, epoch: epoch, athleteCount: athletes, activitiesEach: activities, points: 40...90)
}

@Suite struct AthleteSyncTests {
    @Test func `a first load lands the truth, and each thing is fetched once`() async throws {
        try await SyncRig.with(world(3, activities: 25)) { rig in
            for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
            try await rig.settle()
            for athlete in rig.world.athleteIDs { #expect(try await rig.differences(athlete) == []) }
            let truth = rig.world.athleteIDs.flatMap { rig.simulator.truth(for: $0) }
            #expect(rig.count("activity") == truth.count)
            #expect(rig.count("streams") == truth.count { !$0.isManual }, "manual activities are not asked for streams")
            #expect(rig.count("activities") == 6, "a page with all, and an empty one, for each of three")
            #expect(rig.simulator.requests.allSatisfy { $0.tokenPlace != .query && $0.tokenPlace != .body })
        }
    }

    @Test func `a look with nothing new costs one call and changes nothing`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let before = try await rig.number("SELECT count(*) FROM bronze_strava.answer_version")
            rig.simulator.clearRequests()
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.simulator.requests.map(\.endpoint) == ["activities"])
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer_version") == before)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `what is new is found by the next look`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let id = rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
            rig.simulator.clearRequests()
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(rig.simulator.requests.filter { $0.endpoint == "streams" }.map(\.activity) == [id])
        }
    }

    @Test func `a late upload, a crop, a new title and a deletion are found by the walk`() async throws {
        try await SyncRig.with(world(activities: 15)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let old = rig.simulator.truth(for: athlete).filter { $0.pointCount > 0 }
            _ = rig.world.addActivity(to: athlete, NewActivity(startAt: epoch.addingTimeInterval(-400 * 86_400), points: 45))
            #expect(rig.world.crop(old[0].id, keeping: 0.5))
            #expect(rig.world.rename(old[1].id, to: "Renamed"))
            #expect(rig.world.delete(old[2].id))
            try await rig.walkAgain(athlete)
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.number("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL") == 1)
        }
    }

    @Test func `when most would vanish at once, nothing is removed and a person has to look`() async throws {
        try await SyncRig.with(world(activities: 10)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            for activity in rig.simulator.truth(for: athlete).prefix(6) { #expect(rig.world.delete(activity.id)) }
            try await rig.walkAgain(athlete)
            #expect(try await rig.number("SELECT count(*) FROM silver.activity") == 10)
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE reason = 'mass_disappearance'") == 1)
        }
    }

    @Test func `streams that are not ready are asked for later, not believed absent`() async throws {
        try await SyncRig.with(world(activities: 3)) { rig in
            let wish = NewActivity(
                startAt: Date().addingTimeInterval(-300), points: 50,
                streamsDelay: StreamsDelay(until: Date().addingTimeInterval(3_600), answer: .notFound))
            let id = rig.world.addActivity(to: athlete, wish)
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.states(id)["streams"] == "failed")
            let wait = try await rig.database.query(
                "SELECT extract(epoch FROM next_try_at - now())::float8 FROM sync.completeness WHERE activity_id = \(id) AND endpoint = 'streams'"
            )
            #expect((290...301).contains(try wait[0].decode(Double.self)))
        }
    }

    @Test func `one activity that answers 500 for ever holds up nothing and ends in quarantine`() async throws {
        try await SyncRig.with(world()) { rig in
            let bad = rig.simulator.truth(for: athlete)[2].id
            rig.simulator.faults.append(
                Fault(match: .activity(bad), times: .forever, response: .status(500, #"{"message":"error"}"#)))
            try await rig.connect(athlete)
            for _ in 0..<OutcomeRules.attemptsMax {
                try await rig.settle()
                try await rig.database.query("UPDATE sync.completeness SET next_try_at = now() WHERE state = 'failed'")
                try await rig.makeDue(athlete)
            }
            #expect(try await rig.states(bad)["detail"] == "quarantined")
            #expect(try await rig.number("SELECT count(*) FROM sync.completeness WHERE state IN ('pending', 'failed')") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE object_id = \(bad)") == 1)
        }
    }

    @Test func `a dead grant stops its athlete with a reason and nobody else`() async throws {
        try await SyncRig.with(world(2)) { rig in
            let other = rig.world.athleteIDs[1]
            try await rig.connect(athlete, expiresIn: -10)
            try await rig.connect(other)
            rig.simulator.deauthorize(athlete)
            try await rig.settle()
            #expect(try await rig.differences(other) == [])
            let rows = try await rig.database.query(
                "SELECT state, state_reason IS NOT NULL FROM sync.athlete WHERE athlete_id = \(athlete)")
            #expect(try rows[0].decode(String.self, Bool.self) == ("reconnect", true))
            #expect(try await rig.claim().isEmpty, "it is not due again before a new grant")
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `an expired token is refreshed before the first call`() async throws {
        try await SyncRig.with(world(activities: 4)) { rig in
            try await rig.connect(athlete, expiresIn: -10)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(rig.count("token") == 1)
            #expect(rig.simulator.requests.filter { $0.status == 401 }.map(\.path) == [])
        }
    }

    @Test func `a token refresh that takes long holds no permit`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete, expiresIn: -10)
            let gate = rig.simulator.gate(RequestMatch { _, path, _ in path.hasSuffix("/token") })
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            #expect(await rig.environment.governor.snapshot().inFlight == 0)
            gate.open()
            _ = await turn.value
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a turn whose lease was taken over writes nothing more`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(.list)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            try await rig.database.query("UPDATE sync.schedule SET lease_fence = lease_fence + 1, lease_owner = gen_random_uuid()")
            gate.open()
            _ = await turn.value
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint <> 4") == 0, "the profile came before")
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == 0)
        }
    }

    @Test func `a long history goes on in the next turn where the last one ended`() async throws {
        var settings = SyncSettings()
        settings.requestsPerTurnMax = 7
        try await SyncRig.with(world(activities: 20), settings: settings) { rig in
            try await rig.connect(athlete)
            #expect(try await rig.settle() > 4)
            #expect(try await rig.differences(athlete) == [])
            #expect(rig.count("activity") == 20)
        }
    }

    @Test func `a page or a profile that can't be had does not hold up what is known`() async throws {
        try await SyncRig.with(world()) { rig in
            rig.simulator.faults.append(
                Fault(match: RequestMatch { _, path, _ in path.hasSuffix("/athlete") }, times: .forever, response: .status(500, "{}")))
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(.list)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            rig.simulator.faults.append(Fault(match: .list, times: .forever, response: .malformed))
            gate.open()
            _ = await turn.value
            try await rig.makeSilver()
            #expect(try await rig.differences(athlete) == [], "the first page's activities are here, the second page was unreadable")
            let rows = try await rig.database.query("SELECT failures, last_error IS NULL, due_at > now() FROM sync.schedule")
            #expect(try rows[0].decode(Int.self, Bool.self, Bool.self) == (1, false, true))
        }
    }

    @Test func `a grant without the right to read activities asks for a new one`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete, scopes: .read)
            try await rig.settle()
            let rows = try await rig.database.query("SELECT state, state_reason FROM sync.athlete")
            let (state, reason) = try rows[0].decode(String.self, String.self)
            #expect(state == "reconnect" && reason.contains("activity:read"))
            // Profile, list, zones and stats.
            #expect(rig.simulator.requestCount <= 4)
        }
    }

    @Test func `trouble of all blames no athlete`() async throws {
        try await SyncRig.with(world()) { rig in
            rig.simulator.faults.append(Fault(match: .list, times: 1, response: .html(503)))
            try await rig.connect(athlete)
            try await rig.turn()
            let rows = try await rig.database.query("SELECT failures, last_error IS NULL, priority FROM sync.schedule")
            #expect(try rows[0].decode(Int.self, Bool.self, Int.self) == (0, true, 0))
        }
    }

    @Test func `a new athlete's history leaves the urgent line after the newest activities`() async throws {
        try await SyncRig.with(world(activities: 60)) { rig in
            try await rig.connect(athlete)
            try await rig.turn()
            #expect(try await rig.number("SELECT priority::bigint FROM sync.schedule") == 4)
            let newest = rig.simulator.truth(for: athlete).prefix(30).map(\.id)
            #expect(try await rig.number("SELECT count(*) FROM silver.activity WHERE activity_id = ANY (\(newest)) AND has_detail") == 30)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a request that comes during a turn is not lost`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(.list)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            #expect(try await rig.registry.requestSync(athlete, full: false, by: "test") == 1)
            gate.open()
            _ = await turn.value
            #expect(
                try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NOT NULL AND priority = 0 AND due_at <= now()")
                    == 1)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NULL") == 1)
        }
    }

    @Test func `a pause ends the turn once the answers in flight have landed, a resume goes on`() async throws {
        try await SyncRig.with(world(activities: 20)) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(RequestMatch { _, path, _ in path.contains("/activities/") })
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            let inFlight = rig.environment.settings.callsInFlightPerAthlete
            await gate.waitForHeld(inFlight - 1)
            #expect(try await rig.registry.pause(athlete, until: nil, reason: "injury") == 1)
            gate.open()
            _ = await turn.value
            // The last of those in flight may not have reached the gate.
            #expect((inFlight - 1...inFlight).contains(rig.count("streams") + rig.count("activity")), "no further call is made")
            let answered = rig.simulator.requests.count { ["activity", "streams"].contains($0.endpoint) && $0.status == 200 }
            #expect(
                try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint IN (2, 3)") == answered, "all of them land")
            #expect(try await rig.claim().isEmpty)
            #expect(try await rig.registry.resume(athlete) == 1)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `an unknown athlete is an error that says where to look`() async throws {
        try await SyncRig.with(world(activities: 1)) { rig in
            await #expect(throws: SyncError.self) { try await rig.registry.pause(AthleteID(9), until: nil, reason: nil) }
            await #expect(throws: SyncError.self) { try await rig.registry.requestSync(AthleteID(9), full: false, by: "test") }
        }
    }
}
