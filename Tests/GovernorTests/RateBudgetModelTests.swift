import Foundation
import TestKit
import Testing

@testable import Governor

@Suite struct RateBudgetModelTests {
    /// FITNESSD_MODEL_HISTORIES asks for more than the usual number, FITNESSD_MODEL_SEED for other ones: a search for what is still
    /// wrong is a run of its own, not a matter of luck in somebody else's.
    @Test func `no random history goes over a window`() async {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["FITNESSD_MODEL_SEED"].flatMap(UInt64.init) ?? 567_867_469
        let count = environment["FITNESSD_MODEL_HISTORIES"].flatMap(UInt64.init) ?? 200
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

    /// Found by a random search and not yet understood: one call too many in one quarter hour. It stays here until it is.
    @Test func `a history that goes over a window by one call is known`() async {
        await withKnownIssue {
            var history = randomHistory(seed: 697614771)
            await history.run()
            #expect(history.violations.isEmpty, "\(history.troubles)")
        }
    }

    @Test(arguments: [0.0, 120.0])
    func `with a backlog, at least 99 percent of each window is used and nothing is refused`(foreignPerHour: Double) async {
        let history = await backlog(Troubles(streamsShare: 0.5, foreignPerHour: foreignPerHour))
        #expect(history.strava.refused == 0)
        for (index, used) in windows(history).enumerated() { #expect((594...600).contains(used), "window \(index)") }
    }

    @Test func `two instances use at least 99 percent together and nothing is refused`() async {
        let history = await backlog(Troubles(instances: 2, streamsShare: 0.5))
        let used = windows(history)
        #expect(history.strava.refused == 0)
        #expect(used.allSatisfy { (582...600).contains($0) }, "\(used)")
        #expect(used.reduce(0, +) >= 594 * used.count, "\(used)")
    }

    @Test func `spread evenly, a day is used to 99 percent, 312 calls in an ordinary quarter hour`() async {
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

    private func backlog(_ troubles: Troubles) async -> History {
        let seed = modelSeed
        print("backlog seed \(seed)")
        var history = History(seed: seed, limit: RateLimit(quarter: 600, day: 30_000), hours: 2, troubles: troubles)
        await history.run()
        return history
    }

    /// Arrivals in each whole quarter hour of the history.
    private func windows(_ history: History) -> [Int] {
        (0..<8).map { index in
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
        troubles.lostShare = maybe(0.1)
        troubles.unsentShare = maybe(0.2)
        troubles.restartsPerHour = maybe(6)
        troubles.clockStepsPerHour = maybe(4)
        troubles.limitChangesPerHour = maybe(2)
        troubles.ledgerFailureShare = maybe(0.2)
        troubles.dateShare = Bool.random(using: &random) ? 1 : 0.7
        troubles.latency_s = Bool.random(using: &random) ? 0.02...0.3 : 0.1...8
        let quarter = Int.random(in: 5...60, using: &random)
        let limit = RateLimit(quarter: quarter, day: quarter * .random(in: 2...20, using: &random))
        let policy = DayPolicy.allCases.randomElement(using: &random) ?? .spend
        // Late in the day, so that most histories cross midnight.
        let start_s = 1_772_496_000 - Double.random(in: 0...7000, using: &random)
        return History(
            seed: seed, limit: limit, hours: .random(in: 0.5...2.5, using: &random), troubles: troubles, policy: policy,
            start_s: start_s)
    }
}
