import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)
private let calls = RequestMatch { _, path, _ in path.contains("/activities/") }

private func world(_ athletes: Int = 1, activities: Int = 40) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 7, epoch: epoch, athleteCount: athletes, activitiesEach: activities, points: 20...40)
}

/// A turn's calls side by side, against the local Strava.
@Suite struct PipelineTests {
    private func begin(_ rig: SyncRig, drain: Drain = Drain()) async throws -> Task<TurnReport, Never> {
        let claim = try #require(try await rig.claim().first)
        return Task { await AthleteSync(environment: rig.environment, claim: claim, drain: drain).run() }
    }

    @Test func `the eight newest activities are fetched together, and no more`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(calls)
            let turn = try await begin(rig)
            let newest = rig.simulator.truth(for: athlete).sorted { $0.startAt > $1.startAt }.prefix(8)
            let expected = newest.reduce(0) { $0 + ($1.isManual ? 1 : 2) }
            await gate.waitForHeld(expected)
            try await Task.sleep(for: .milliseconds(100))
            #expect((expected...rig.environment.settings.callsInFlightPerAthlete).contains(gate.heldCount))
            gate.open()
            _ = await turn.value
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            let asked = rig.simulator.requests.filter { $0.endpoint == "activity" }.compactMap(\.activity)
            // They are logged as they are answered, so the next ones may be among them.
            #expect(Set(asked.prefix(12)).isSuperset(of: newest.map(\.id)))
            #expect(asked.count == Set(asked).count)
        }
    }

    @Test func `all turns together have no more answers in flight and not yet landed than there are places`() async throws {
        var settings = SyncSettings()
        settings.callsInFlight = 4
        try await SyncRig.with(world(4, activities: 6), settings: settings) { rig in
            for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
            let gate = rig.simulator.gate(calls)
            let turns = Task { try await rig.settle() }
            await gate.waitForHeld(4)
            try await Task.sleep(for: .milliseconds(100))
            #expect(gate.heldCount == 4)
            gate.open()
            _ = try await turns.value
            for athlete in rig.world.athleteIDs { #expect(try await rig.differences(athlete) == []) }
        }
    }

    @Test func `one place is enough`() async throws {
        var settings = SyncSettings()
        settings.callsInFlight = 1
        try await SyncRig.with(world(2, activities: 5), settings: settings) { rig in
            for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
            try await rig.settle()
            for athlete in rig.world.athleteIDs { #expect(try await rig.differences(athlete) == []) }
        }
    }

    @Test func `an error that ends the turn loses nothing of what was fetched beside it`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let bad = rig.simulator.truth(for: athlete).sorted { $0.startAt > $1.startAt }[3].id
            let detail = RequestMatch { _, path, _ in path.hasSuffix("/activities/\(bad)") }
            rig.simulator.faults.append(Fault(match: detail, times: 1, response: .html(503)))
            try await rig.turn()
            let fetched = rig.simulator.requests.count { ["activity", "streams"].contains($0.endpoint) && $0.status == 200 }
            #expect(fetched > 0)
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint IN (2, 3)") == fetched)
            #expect(try await rig.number("SELECT count(*) FROM sync.run WHERE outcome = 'stopped'") == 1)
        }
    }

    @Test func `an answer that can't be stored fails alone`() async throws {
        try await SyncRig.with(world(activities: 8)) { rig in
            try await rig.connect(athlete)
            let bad = rig.simulator.truth(for: athlete)[3].id
            try await rig.database.withConnection {
                try await $0.execute(
                    """
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                    CREATE TRIGGER refuse BEFORE INSERT ON bronze_strava.answer FOR EACH ROW
                        WHEN (new.object_id = \(bad) AND new.endpoint = 2) EXECUTE FUNCTION refuse()
                    """)
            }
            try await rig.turn()
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint = 2") >= 3)
            #expect(try await rig.number("SELECT failures::bigint FROM sync.schedule") == 1)
        }
    }

    @Test func `a token that is refused ends the turn once`() async throws {
        let logs = LogCapture()
        try await SyncRig.with(world(), logger: logs.logger) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(calls)
            let turn = try await begin(rig)
            await gate.waitForHeld(8)
            rig.simulator.deauthorize(athlete)
            rig.simulator.faults.append(Fault(match: calls, times: .forever, response: .status(401, #"{"message":"Authorization Error"}"#)))
            gate.open()
            _ = await turn.value
            try await rig.turn()
            let rows = try await rig.database.query("SELECT state FROM sync.athlete")
            #expect(try rows[0].decode(String.self) == "reconnect")
            #expect(logs.text.components(separatedBy: "turn failed").count - 1 <= 1)
        }
    }

    @Test func `a stop lands what is in flight and makes no further call`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let (drain, gate) = (Drain(), rig.simulator.gate(calls))
            let turn = try await begin(rig, drain: drain)
            await gate.waitForHeld(12)
            let held = gate.heldCount
            drain.begin()
            gate.open()
            _ = await turn.value
            #expect(rig.count("activity") + rig.count("streams") <= 16)
            #expect(rig.count("activity") + rig.count("streams") >= held)
            let landed = try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint IN (2, 3)")
            let answered = rig.simulator.requests.count { ["activity", "streams"].contains($0.endpoint) && $0.status == 200 }
            #expect(landed == answered)
        }
    }

    @Test func `a look that finds nothing costs eight round trips to PostgreSQL, the claim included`() async throws {
        try await SyncRig.countingRoundTrips(world(activities: 5)) { rig, counter in
            try await rig.connect(athlete)
            try await rig.settle()
            func look() async throws -> Int {
                try await rig.makeDue(athlete)
                _ = counter.take()
                let turn = try await begin(rig)
                _ = await turn.value
                return counter.take()
            }
            // Statements are prepared, and the governor takes a block of calls.
            for _ in 0..<2 { _ = try await look() }
            rig.simulator.clearRequests()
            #expect(try await look() <= 8)
            #expect(rig.simulator.requests.map(\.endpoint) == ["activities"])
        }
    }
}
