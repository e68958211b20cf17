import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import ControlServer
@testable import Sync

@Suite struct CallCountTests {
    @Test func `the calls counted beforehand are the calls made`() async throws {
        let world = SimulatorWorld(
            seed: 5, epoch: Date(timeIntervalSinceNow: -3_600), athleteCount: 2, activitiesEach: 12, points: 40...60)
        try await SyncRig.with(world) { rig in
            for athlete in world.athleteIDs { try await rig.connect(athlete) }
            let counter = CallCounter(database: rig.database)
            let before = try await counter.count(nil, full: false, only: nil, now: Date())
            #expect(before == CallsNeeded(athletes: 2, list: 4, profile: 6, detail: 0, streams: 0, unknownHistories: 2))
            try await rig.settle()
            let one = world.athleteIDs[0]
            #expect(world.crop(rig.simulator.truth(for: one).first { $0.pointCount > 0 }!.id, keeping: 0.5))
            let walk = try await counter.count(one, full: true, only: [.list], now: Date())
            #expect(walk == CallsNeeded(athletes: 1, list: 2, profile: 0, detail: 0, streams: 0, unknownHistories: 0))
            rig.simulator.clearRequests()
            _ = try await rig.registry.requestSync(one, full: true, only: [.list], by: "test")
            try await rig.settle()
            #expect(rig.simulator.requests.count == walk.total)
            let rest = try await counter.count(one, full: false, only: [.detail, .streams], now: Date())
            #expect(rest == CallsNeeded(athletes: 1, list: 0, profile: 0, detail: 1, streams: 1, unknownHistories: 0))
            rig.simulator.clearRequests()
            _ = try await rig.registry.requestSync(one, full: false, only: [.detail, .streams], by: "test")
            try await rig.settle()
            #expect(rig.simulator.requests.count == rest.total)
            #expect(try await rig.differences(one) == [])
        }
    }
}
