import Foundation
import TestKit
import Testing

@testable import Governor

@Suite struct RateBudgetModelTests {
    /// FITNESS_TEST_MODEL_HISTORIES sets the number of histories, FITNESS_TEST_MODEL_SEED the first seed. The default is fixed, so that a run
    /// never fails by chance; search for further errors with other seeds.
    @Test func `no random history exceeds a window's limit`() async {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["FITNESS_TEST_MODEL_SEED"].flatMap(UInt64.init) ?? 567_867_469
        let count = environment["FITNESS_TEST_MODEL_HISTORIES"].flatMap(UInt64.init) ?? 200
        print("model seeds \(base) to \(base + count - 1)")
        var calls = 0
        for seed in base..<base + count {
            var history = randomHistory(seed: seed)
            await history.run()
            calls += history.calls
            #expect(history.violations.isEmpty, "seed \(seed) \(history.troubles)")
        }
        print("\(count) histories, \(calls) calls")
        #expect(calls > Int(count) * 20)
    }

    @Test(arguments: [0.0, 120.0], [0.5, 0.95])
    func `with a backlog, at least 99 percent of each window is used and no call is refused`(
        foreignPerHour: Double, streamsShare: Double
    ) async {
        expectFullWindows(await backlog(Troubles(streamsShare: streamsShare, foreignPerHour: foreignPerHour), seed: 1))
    }

    @Test(arguments: [2, 3], [0.0, 0.5, 0.95])
    func `instances on one ledger together use at least 99 percent of each window and no call is refused`(
        instances: Int, streamsShare: Double
    ) async {
        expectFullWindows(await backlog(Troubles(instances: instances, streamsShare: streamsShare), seed: 1))
    }

    @Test(arguments: [1, 2])
    func `a backlog of streams calls only, with one poll a minute, uses as much`(instances: Int) async {
        expectFullWindows(await backlog(Troubles(instances: instances, streamsShare: 1, pollsPerHour: 60), seed: 1))
    }

    @Test func `spread evenly, 99 percent of a day is used, 312 calls in a typical quarter hour`() async {
        let midnight = 1_772_409_600.0
        var history = History(
            seed: 7, limit: RateLimit(quarter: 600, day: 30_000), hours: 24, troubles: Troubles(streamsShare: 0.5), policy: .spread,
            start_s: midnight)
        await history.run()
        let day = QuotaWindow(.day, containing: midnight)
        let noon = QuotaWindow(.quarter, containing: midnight + 43_200)
        #expect((29_700...30_000).contains(history.strava.arrivals[day] ?? 0))
        #expect((300...320).contains(history.strava.arrivals[noon] ?? 0))
        #expect(history.strava.refused == 0)
    }

    private func backlog(_ troubles: Troubles, seed: UInt64) async -> History {
        var history = History(seed: seed, limit: RateLimit(quarter: 600, day: 30_000), hours: 1, troubles: troubles)
        await history.run()
        return history
    }

    private func expectFullWindows(_ history: History) {
        let used = windows(history)
        #expect(used.allSatisfy { (594...600).contains($0) }, "seed \(history.seed) \(used)")
        #expect(history.strava.refused == 0, "seed \(history.seed)")
    }

    /// Arrivals in each whole quarter hour of the history.
    private func windows(_ history: History) -> [Int] {
        (0..<4).map { index in
            let window = QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970 + Double(index * 900 + 1))
            return history.strava.arrivals[window] ?? 0
        }
    }

    private func randomHistory(seed: UInt64) -> History {
        var random = SeededRandom(seed: seed &* 31 &+ 7)
        func maybe(_ most: Double) -> Double { Bool.random(using: &random) ? 0 : .random(in: 0...most, using: &random) }
        var troubles = Troubles()
        troubles.instances = .random(in: 1...3, using: &random)
        troubles.flightsMax = .random(in: 1...24, using: &random)
        troubles.streamsShare = maybe(1)
        troubles.foreignPerHour = maybe(60)
        troubles.pollsPerHour = maybe(60)
        troubles.lostShare = maybe(0.1)
        troubles.unsentShare = maybe(0.2)
        troubles.restartsPerHour = maybe(6)
        troubles.clockStepsPerHour = maybe(4)
        troubles.limitChangesPerHour = maybe(2)
        troubles.collapsesPerHour = maybe(1)
        troubles.absurdHeaderShare = maybe(0.02)
        troubles.ledgerFailureShare = maybe(0.2)
        troubles.dateShare = Bool.random(using: &random) ? 1 : 0.7
        troubles.latency_s = Bool.random(using: &random) ? 0.02...0.3 : 0.1...8
        let quarter = Int.random(in: 5...60, using: &random)
        let limit = RateLimit(quarter: quarter, day: quarter * .random(in: 2...20, using: &random))
        let factor = Double.random(in: 0.5...2, using: &random)
        let configured = RateLimit(quarter: max(1, Int(Double(limit.quarter) * factor)), day: max(1, Int(Double(limit.day) * factor)))
        let overall = Bool.random(using: &random) ? limit : RateLimit(quarter: limit.quarter * 2, day: limit.day * 2)
        let policy = DayPolicy.allCases.randomElement(using: &random) ?? .spend
        // Late in the day, so that most histories cross midnight.
        let start_s = 1_772_496_000 - Double.random(in: 0...7000, using: &random)
        return History(
            seed: seed, limit: overall, read: limit, configured: Bool.random(using: &random) ? limit : configured,
            hours: .random(in: 0.5...2.5, using: &random), troubles: troubles, policy: policy, start_s: start_s)
    }
}
