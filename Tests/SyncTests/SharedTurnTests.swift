import Core
import Foundation
import Simulator
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

private func world(_ athletes: Int) -> SimulatorWorld {
    SimulatorWorld(seed: 7, epoch: epoch, athleteCount: athletes, activitiesEach: 12, points: 40...90)
}

@Suite struct SharedTurnTests {
    @Test func `a turn gives way after a few requests while others of its kind wait`() async throws {
        try await SyncRig.with(world(2)) { rig in
            for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
            let claim = try #require(try await rig.claim(1).first)
            await AthleteSync(environment: rig.environment, claim: claim).run()
            let shared = rig.environment.settings.requestsPerTurnShared
            let rows = try await rig.database.query("SELECT outcome, requests::bigint FROM sync.run")
            let (outcome, requests) = try rows[0].decode(String.self, Int.self)
            #expect(outcome == "more" && (shared...shared + 1).contains(requests))
            try await rig.settle()
            for athlete in rig.world.athleteIDs { #expect(try await rig.differences(athlete) == []) }
        }
    }

    @Test func `a turn goes on when nobody else waits`() async throws {
        try await SyncRig.with(world(1)) { rig in
            try await rig.connect(rig.world.athleteIDs[0])
            try await rig.turn()
            #expect(try await rig.number("SELECT count(*) FROM sync.run WHERE outcome = 'done' AND requests > 20") == 1)
        }
    }

    @Test func `turns are remembered for a while, not for ever`() async throws {
        try await SyncRig.with(world(1)) { rig in
            try await rig.connect(rig.world.athleteIDs[0])
            try await rig.settle()
            let kept_s = rig.environment.settings.runsKept_s
            try await rig.database.query("UPDATE sync.run SET finished_at = finished_at - make_interval(secs => \(kept_s))")
            try await rig.connect(rig.world.athleteIDs[0])
            try await rig.settle()
            let all = try await rig.number("SELECT count(*) FROM sync.run")
            try await ScheduleQueries(database: rig.database).forgetRuns(endedBefore: Date() - kept_s)
            let left = try await rig.number("SELECT count(*) FROM sync.run")
            #expect(left > 0 && left < all)
        }
    }

    @Test func `one who connects in a browser is asked for as by hand, many at once stand in the ordinary line`() async throws {
        try await SyncRig.with(world(2)) { rig in
            let (one, other) = (rig.world.athleteIDs[0], rig.world.athleteIDs[1])
            try await rig.connect(one, arrival: .awaited)
            try await rig.connect(other, arrival: .bulk)
            let awaited = try await rig.number(
                "SELECT count(*) FROM sync.schedule WHERE athlete_id = \(one) AND priority = 0 AND request ->> 'by' = 'connect'")
            #expect(awaited == 1)
            #expect(
                try await rig.number("SELECT count(*) FROM sync.schedule WHERE athlete_id = \(other) AND priority = 2 AND request IS NULL")
                    == 1)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NULL") == 2)
        }
    }
}
