import Foundation
import TestKit
import Testing

@testable import ControlServer

private let noon = Date(timeIntervalSince1970: 1_790_035_200)

@Suite struct PricePlanTests {
    private func plan(regular: Int = 0, isSpread: Bool = false, quarterUsed: Int = 0, dayUsed: Int = 0) -> PricePlan {
        PricePlan(
            quota: QuotaSituation(
                quarterLimit: 600, quarterUsed: quarterUsed, dayLimit: 30_000, dayUsed: dayUsed,
                dayEndsAt: noon.addingTimeInterval(12 * 3_600), regularPerDay: regular, isSpread: isSpread),
            now: noon)
    }

    @Test func `calls that fit into this quarter hour take moments`() {
        #expect(plan().duration_s(calls: 0) == 0)
        #expect(plan().duration_s(calls: 600) == 0)
        #expect(plan(quarterUsed: 500).duration_s(calls: 101) == 900)
    }

    @Test func `calls that fit into the day take as many quarter hours as they need`() {
        #expect(plan().duration_s(calls: 2_401) == 4 * 900)
        #expect(plan(isSpread: true).duration_s(calls: 15_000) == 6 * 3_600)
    }

    @Test func `the rest is made on the following days, less the calls of the regular schedule`() {
        #expect(plan().duration_s(calls: 30_600) == 12 * 3_600, "the quota of one quarter hour right after midnight")
        #expect(plan(dayUsed: 30_000).duration_s(calls: 60_600) == 12 * 3_600 + 2 * 86_400)
        #expect(plan(regular: 20_000).duration_s(calls: 20_000 + 10_600) == 12 * 3_600 + 86_400)
        #expect(plan(regular: 90_000, dayUsed: 30_000).duration_s(calls: 1_500 * 3) == 12 * 3_600 + 3 * 86_400, "never infinite")
    }

    @Test func `the price grows with the calls`() {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let plan = plan(
                regular: .random(in: 0...40_000, using: &random), isSpread: .random(using: &random),
                quarterUsed: .random(in: 0...700, using: &random), dayUsed: .random(in: 0...31_000, using: &random))
            let calls = Int.random(in: 0...200_000, using: &random)
            let few = plan.duration_s(calls: calls)
            #expect(few >= 0 && few <= plan.duration_s(calls: calls + 700), "seed \(seed), \(plan.quota), \(calls)")
        }
    }
}
