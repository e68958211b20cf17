import Testing

@testable import Warehouse

/// Best efforts against values worked out by hand. The first rungs are 1, 2, 3, 5, 8, 10, 15, 20 s and 400 m.
@Suite struct RollupEffortTests {
    private func power(_ times: [Double], _ watts: [Double]) -> BestEfforts {
        BestEfforts.power(SecondSeries(Timeline(times), watts))
    }

    private func heartrate(_ times: [Double], _ beats: [Double]) -> BestEfforts {
        BestEfforts.heartrate(SecondSeries(Timeline(times), beats))
    }

    private func pace(_ times: [Double], _ metres: [Double]) -> BestEfforts {
        BestEfforts.pace(DistanceTrack(times, metres))
    }

    @Test func `the best mean is found for each duration; of equals the first counts`() {
        let best = power([0, 1, 2, 3, 4], [100, 200, 300, 200, 100])
        #expect(best.values == [300, 250, 700.0 / 3, 180])
        #expect(best.starts_s == [2, 1, 1, 0])
    }

    @Test func `a sample that holds for several seconds counts for all of them`() {
        // seconds: 100 100 100 100 200 50
        let best = power([0, 4, 5], [100, 200, 50])
        #expect(best.values == [200, 150, 400.0 / 3, 120])
        #expect(best.starts_s == [4, 3, 2, 0])
    }

    @Test func `a pause counts as no power, not as no time`() {
        // two seconds of work, 18 of rest, two of work: rows side by side would say 200 W for four seconds
        let best = power([0, 1, 20, 21], [200, 200, 200, 200])
        #expect(best.values == [200, 200, 400.0 / 3, 80, 50, 40, 400.0 / 15, 20])
    }

    @Test func `a missing value is bridged for ten seconds at most`() {
        #expect(power([0, 1, 2], [100, .nan, 300]).values == [300, 200, 500.0 / 3])
        let lost = [100] + Array(repeating: Double.nan, count: 10) + [100]
        // at 0 s and 11 s alone: no ten seconds hold both
        #expect(power((0...11).map(Double.init), lost).values.last == 10)
    }

    @Test func `a heart rate needs values in nine tenths of its window`() {
        let seconds = (0...9).map(Double.init)
        let nine = heartrate(seconds, Array(repeating: 150, count: 9) + [.nan])
        #expect(nine.values == [150, 150, 150, 150, 150, 150])
        let eight = heartrate(seconds, Array(repeating: 150, count: 8) + [.nan, .nan])
        #expect(eight.values == [150, 150, 150, 150, 150])
    }

    @Test func `a pause does not count as a heart rate of zero`() {
        let best = heartrate([0, 1, 30, 31], [100, 110, 150, 160])
        #expect(best.values == [160, 155])
        #expect(best.starts_s == [31, 30])
    }

    @Test func `the fastest 400 m may begin and end between samples`() {
        let even = (0...10).map { Double($0) * 10 }
        let steady = pace(even, even.map { $0 * 6 })
        #expect(steady.values.count == 1)
        #expect(abs(steady.values[0] - 400.0 / 6) < 1e-9)
        // 4 m/s for 100 s, then 5 m/s for 80 s: the last 400 m take 80 s
        let times = (0...18).map { Double($0) * 10 }
        let faster = pace(times, times.map { $0 <= 100 ? $0 * 4 : 400 + ($0 - 100) * 5 })
        #expect(faster.values == [80])
        #expect(faster.starts_s == [100])
    }

    @Test func `a rest counts in the time of a distance`() {
        // 200 m in 40 s, 60 s at rest, 200 m in 40 s
        let times = (0...4).map { Double($0) * 10 } + (10...14).map { Double($0) * 10 }
        let metres = (0...4).map { Double($0) * 50 } + (0...4).map { 200 + Double($0) * 50 }
        #expect(pace(times, metres).values == [140])
    }
}
