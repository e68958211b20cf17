import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)

/// A loaded athlete, and the desk that takes Strava's events.
private func withLoadedAthlete(_ body: (SyncRig, EventDesk) async throws -> Void) async throws {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: 6, points: 40...60)
    try await SyncRig.with(world) { rig in
        try await rig.connect(athlete)
        try await rig.settle()
        try await body(rig, EventDesk(database: rig.database, clock: .system))
    }
}

private func deauthorization(_ updates: String = #"{"authorized":"false"}"#) -> StravaEvent {
    StravaEvent(
        objectType: "athlete", objectID: athlete.rawValue, aspectType: "update", owner: athlete, eventAt: Date(), updates: updates)
}

extension SyncRig {
    fileprivate var athletes: Int { get async throws { try await number("SELECT count(*) FROM sync.athlete WHERE state <> 'erasing'") } }
    fileprivate var requests: Int { get async throws { try await number("SELECT count(*) FROM sync.erasure_request") } }
}

/// An athlete who revokes the application's access at Strava is erased, once Strava itself has confirmed it.
@Suite struct DeauthorizationTests {
    @Test func `an event that a refused refresh confirms erases the athlete`() async throws {
        try await withLoadedAthlete { rig, desk in
            rig.simulator.deauthorize(athlete)
            try await desk.accept(deauthorization())
            #expect(try await rig.athletes == 1, "the event alone does nothing")
            try await rig.keeper.runOnce()
            #expect(try await rig.whole.rows(of: athlete).values.allSatisfy { $0 == 0 })
            let rows = try await rig.database.query("SELECT requested_by, revocation, erased_at IS NOT NULL FROM sync.erasure")
            let (origin, revocation, isErased) = try rows[0].decode(String.self, String.self, Bool.self)
            #expect(origin == "deauthorization" && revocation == "not_needed" && isErased)
        }
    }

    @Test(arguments: [#"{"authorized":"false"}"#, #"{"authorized":false}"#])
    func `a forged event erases nothing, and the sync goes on`(updates: String) async throws {
        try await withLoadedAthlete { rig, desk in
            try await desk.accept(deauthorization(updates))
            #expect(try await rig.requests == 1)
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 1)
            #expect(try await rig.requests == 0)
            #expect(rig.simulator.isConnected(athlete))
            let id = rig.world.addActivity(to: athlete, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
            try await rig.walkAgain(athlete)
            #expect(try await rig.states(id)["streams"] == "landed")
        }
    }

    @Test(arguments: [#"{"authorized":"true"}"#, "{}", #"{"title":"false"}"#])
    func `other events about an athlete are no reason to ask`(updates: String) async throws {
        try await withLoadedAthlete { rig, desk in
            try await desk.accept(deauthorization(updates))
            try await desk.accept(
                StravaEvent(
                    objectType: "activity", objectID: 1, aspectType: "update", owner: athlete, eventAt: Date(),
                    updates: #"{"authorized":"false"}"#))
            #expect(try await rig.requests == 0)
        }
    }

    @Test func `an event that comes after the turn that met the dead token erases, too`() async throws {
        try await withLoadedAthlete { rig, desk in
            rig.simulator.deauthorize(athlete)
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.athlete WHERE state = 'reconnect'") == 1)
            #expect(try await rig.athletes == 1, "a dead token alone is no wish to be erased")
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 1)
            try await desk.accept(deauthorization())
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 0)
        }
    }

    @Test func `while Strava can't be asked nothing is erased, and it is asked again`() async throws {
        try await withLoadedAthlete { rig, desk in
            rig.simulator.deauthorize(athlete)
            // A refusal of the call, not of the token; after an error of the server a refusal would prove nothing.
            rig.simulator.faults.append(Fault(match: .token, times: .forever, response: .html(429)))
            try await desk.accept(deauthorization())
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 1)
            #expect(try await rig.requests == 1)
            rig.simulator.faults.removeAll()
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 1, "not before its time")
            try await rig.database.query("UPDATE sync.erasure_request SET next_try_at = now()")
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 0)
        }
    }

    @Test func `a grant that came after the refusal is not erased with the old one`() async throws {
        try await withLoadedAthlete { rig, desk in
            rig.simulator.deauthorize(athlete)
            try await desk.accept(deauthorization())
            #expect(try await rig.environment.vault.isRefused(athlete))
            try await rig.connect(athlete)
            try await rig.eraser.eraseIfRefused(athlete)
            #expect(try await rig.athletes == 1)
            #expect(try await rig.requests == 0)
            try await rig.keeper.runOnce()
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `the event that our own revocation causes finds nobody, or a newcomer`() async throws {
        try await withLoadedAthlete { rig, desk in
            try await rig.eraser.erase(athlete, by: .operator)
            #expect(try await !desk.accept(deauthorization()))
            try await rig.connect(athlete)
            #expect(try await desk.accept(deauthorization()))
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == 1)
        }
    }
}
