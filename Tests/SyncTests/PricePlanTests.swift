import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let noon = Date(timeIntervalSince1970: 1_790_035_200)

@Suite struct PricePlanTests {
    private func plan(ordinary: Int = 0, isSpread: Bool = false, quarterUsed: Int = 0, dayUsed: Int = 0) -> PricePlan {
        PricePlan(
            quota: QuotaSituation(
                quarterLimit: 600, quarterUsed: quarterUsed, dayLimit: 30_000, dayUsed: dayUsed,
                dayEndsAt: noon.addingTimeInterval(12 * 3_600), ordinaryPerDay: ordinary, isSpread: isSpread),
            now: noon)
    }

    @Test func `what fits into this quarter hour takes moments`() {
        #expect(plan().duration_s(calls: 0) == 0)
        #expect(plan().duration_s(calls: 600) == 0)
        #expect(plan(quarterUsed: 500).duration_s(calls: 101) == 900)
    }

    @Test func `what fits into the day takes its quarter hours`() {
        #expect(plan().duration_s(calls: 2_401) == 4 * 900)
        #expect(plan(isSpread: true).duration_s(calls: 15_000) == 6 * 3_600)
    }

    @Test func `what does not fit waits for the next days, less what ordinary work takes`() {
        #expect(plan().duration_s(calls: 30_600) == 12 * 3_600, "a quarter hour's worth right after midnight")
        #expect(plan(dayUsed: 30_000).duration_s(calls: 60_600) == 12 * 3_600 + 2 * 86_400)
        #expect(plan(ordinary: 20_000).duration_s(calls: 20_000 + 10_600) == 12 * 3_600 + 86_400)
        #expect(plan(ordinary: 90_000, dayUsed: 30_000).duration_s(calls: 1_500 * 3) == 12 * 3_600 + 3 * 86_400, "never for ever")
    }

    @Test func `the price grows with the calls`() {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let plan = plan(
                ordinary: .random(in: 0...40_000, using: &random), isSpread: .random(using: &random),
                quarterUsed: .random(in: 0...700, using: &random), dayUsed: .random(in: 0...31_000, using: &random))
            let calls = Int.random(in: 0...200_000, using: &random)
            let few = plan.duration_s(calls: calls)
            #expect(few >= 0 && few <= plan.duration_s(calls: calls + 700), "seed \(seed), \(plan.quota), \(calls)")
        }
    }

    @Test func `the counted calls are the calls that are made`() async throws {
        let world = SimulatorWorld(
            seed: 5, epoch: Date(timeIntervalSinceNow: -3_600), athleteCount: 2, activitiesEach: 12, points: 40...60)
        try await SyncRig.with(world) { rig in
            for athlete in world.athleteIDs { try await rig.connect(athlete) }
            let counter = CallCounter(database: rig.database)
            let before = try await counter.count(nil, full: false, only: nil, now: Date())
            #expect(before == CallsNeeded(athletes: 2, list: 4, profile: 4, detail: 0, streams: 0, unknownHistories: 2))
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
