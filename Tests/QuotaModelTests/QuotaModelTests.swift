import Governor
import Sync
import TestKit
import Testing

@testable import QuotaModel

/// Some simulated hours with the real decisions; `make simulate` shows a week.
@Suite struct QuotaModelTests {
    private func measures(seed: UInt64 = modelSeed, _ change: (inout Scenario) -> Void) async -> Measures {
        var scenario = Scenario(name: "test", athletes: 100, start: .empty)
        scenario.hours = 4
        scenario.newcomersPerDay = 24
        change(&scenario)
        var week = SimulatedWeek(scenario, seed: seed)
        return await week.run()
    }

    private func checkUse(_ measures: Measures) {
        #expect(measures.quarterShares.allSatisfy { $0 >= 0.99 }, "\(measures.quarterShares)")
    }

    @Test func `quarter hours with a backlog are used to 99 percent and nothing is refused`() async {
        let measures = await measures { $0.policy = .spend }
        #expect(measures.refused == 0)
        #expect(measures.quarterShares.count >= 13)
        checkUse(measures)
    }

    @Test func `athletes with equal demand get equal shares`() async throws {
        let measures = await measures { $0.newcomersPerDay = 0 }
        let jain = try #require(measures.jain)
        #expect(measures.refused == 0)
        #expect(measures.equalDemand.count >= 50)
        #expect(jain >= 0.99, "\(measures.equalDemand)")
    }

    @Test func `a newcomer's newest activities come within minutes, however much else waits`() async {
        let measures = await measures { $0.newcomersPerDay = 48 }
        #expect(measures.newcomers_s.count >= 5)
        #expect(measures.newcomers_s.allSatisfy { $0 < 300 }, "\(measures.newcomers_s)")
    }

    @Test func `others' calls are left room for`() async {
        let measures = await measures {
            $0.policy = .spend
            $0.foreignPerHour = 300
            $0.hours = 2
        }
        #expect(measures.refused == 0)
        // Calls that Strava counts for others take away what a header shows too late: a few calls of a quarter hour may stay unused.
        #expect(measures.quarterShares.allSatisfy { $0 >= 0.98 }, "\(measures.quarterShares)")
        #expect(measures.quarterShares.reduce(0, +) >= 0.99 * Double(measures.quarterShares.count), "\(measures.quarterShares)")
    }

    @Test func `profiles of athletes who train take at most two hundredths of a day's calls, beside the weekly ones`() async {
        let measures = await measures {
            ($0.athletes, $0.start, $0.hours, $0.newcomersPerDay, $0.hasGiant) = (300, .loaded, 48, 0, false)
            $0.limit = RateLimit(quarter: 600, day: 3_000)
        }
        // 60 of 3,000 calls, and a seventh of all athletes, 43 on average.
        #expect(measures.profilesByDay.count == 2)
        #expect(measures.profilesByDay.values.allSatisfy { (60...125).contains($0) }, "\(measures.profilesByDay)")
    }

    @Test func `nine of ten times of completion are right within a fifth, from the first quarter hour on`() async {
        // Always the same week: whether the last day's calls are spread may hang on a few of them.
        let measures = await measures(seed: 510_875) {
            ($0.athletes, $0.hours, $0.newcomersPerDay, $0.hasGiant) = (40, 48, 0, false)
            ($0.historyMedian, $0.estimateEvery_s) = (100, 3_600)
            $0.limit = RateLimit(quarter: 200, day: 8_000)
        }
        let trial = measures.trial
        #expect(trial.firstErrors.count >= 20, "\(trial.firstErrors.count) athletes with an estimate became complete")
        #expect(CompletionTrial.share(of: trial.errors) >= 0.9, "\(trial.errors.filter { abs($0) > 0.2 })")
        // The first ones are made while lists of others are not fully read.
        #expect(CompletionTrial.share(of: trial.firstErrors) >= 0.7, "\(trial.firstErrors)")
    }

    @Test func `the same calls bring twice as many curves when streams come first`() async {
        func curves(_ history: HistoryChoice) async -> (curves: Int, calls: Int) {
            let measures = await measures {
                ($0.athletes, $0.hours, $0.newcomersPerDay, $0.hasGiant) = (1, 0.25, 0, true)
                ($0.historyMedian, $0.policy) = (1, .spend)
                ($0.settings.history, $0.settings.newestFirstCount) = (history, 1)
            }
            return (measures.curves, measures.calls)
        }
        let (both, first, only) = (await curves(.full), await curves(.streamsFirst), await curves(.streamsOnly))
        #expect([both, first, only].allSatisfy { (590...600).contains($0.calls) }, "\(both), \(first), \(only)")
        #expect(both.curves <= 300 && first.curves > 2 * both.curves - 40, "\(both), \(first)")
        #expect(abs(only.curves - first.curves) < 10, "\(first), \(only)")
    }

    @Test func `the same seed gives the same table`() async {
        func table() async -> String {
            var scenario = Scenario(name: "test", athletes: 30, start: .loaded)
            scenario.hours = 2
            var week = SimulatedWeek(scenario, seed: 5)
            var table = ReportTable()
            table.add(scenario, await week.run())
            return table.text
        }
        let (one, other) = (await table(), await table())
        #expect(one == other)
        #expect(one.contains(#/429 \| \d+, 0 \|/#))
    }
}
