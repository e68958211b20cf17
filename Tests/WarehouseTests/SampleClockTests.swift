import Testing

@testable import Streams
@testable import Warehouse

/// Times as devices write them, and the seconds that are made of them.
@Suite struct SampleClockTests {
    private func line(_ first: Int, _ count: Int, step: Int = 1) -> [Double] { (0..<count).map { Double(first + $0 * step) } }

    @Test func `rising times are taken as they are, fractions rounded down`() {
        let clock = SampleClock([0, 1.9, 2, 7, 4_208_365])
        #expect(clock.seconds == [0, 1, 2, 7, 4_208_365] && clock.outliers == 0)
        #expect(clock.align([5, 6, 7, 8, 9]) == [5, 6, 7, 8, 9])
    }

    @Test func `times that go back or are not numbers are outliers, those that repeat are one sample`() {
        let clock = SampleClock([0, 0, 1, 2, .nan, -5, 0.5, 3, 1e300, .infinity, 4])
        #expect(clock.seconds == [0, 1, 2, 3, 4])
        #expect(clock.outliers == 5)
        #expect(clock.align([.nan, 1, 2, 3, 4, 5, 6, 7, 8, 9, .nan]).map { $0.isNaN ? -1 : $0 } == [1, 2, 3, 7, -1])
    }

    @Test func `the first value that a stream has in a second counts`() {
        let clock = SampleClock([0, 0, 1, 1, 1])
        #expect(clock.align([.nan, 7, .nan, 8, 9]) == [7, 8])
    }

    @Test func `one time far ahead is an outlier, not the samples after it`() {
        var times = line(0, 3600)
        times[1800] = 1_000_000
        let clock = SampleClock(times)
        #expect(clock.seconds.count == 3599 && clock.seconds.last == 3599 && clock.outliers == 1)
        times[1800] = -1_000_000
        #expect(SampleClock(times).seconds == clock.seconds)
    }

    @Test func `a few samples by a clock that was ahead until the first fix are outliers`() {
        let clock = SampleClock(line(0, 10) + line(-900, 3600))
        #expect(clock.seconds == Array(0..<3600) && clock.outliers == 10)
    }

    @Test func `a clock that was set back in the middle loses no sample`() {
        // half an hour, then the clock is set back by ten minutes, another half hour: the second half follows on
        let back = SampleClock(line(0, 1800) + line(1200, 1800))
        #expect(back.seconds == Array(0..<3600) && back.outliers == 0)
        // so does a stretch by a wrong clock, and what comes after it has its own time
        let wrong = SampleClock(line(0, 1000) + line(500_000, 500) + line(1600, 2000))
        #expect(wrong.seconds == Array(0..<1500) + Array(1600..<3600) && wrong.outliers == 0)
        // a day behind from the start
        let start = SampleClock(line(86_400, 100) + line(0, 3000))
        #expect(start.seconds == Array(0..<3100) && start.outliers == 0)
        // every 30 s: the usual step is 30 s
        #expect(SampleClock(line(0, 100, step: 30) + line(0, 120, step: 30)).seconds == (0..<220).map { $0 * 30 })
    }

    @Test func `negative times begin at second 0, others keep their distance from the start`() {
        #expect(SampleClock([-3, -2, 0]).seconds == [0, 1, 3])
        #expect(SampleClock([5, 6]).seconds == [5, 6])
    }

    @Test func `times in any disorder give rising seconds`() {
        #expect(SampleClock(Array(line(0, 500).reversed())).seconds.count >= 1)
        let shuffled = (0..<5000).map { Double($0 * 7919 % 5000) }
        for times in [shuffled, Array(line(0, 5000).reversed()), Array(repeating: 3, count: 5000), []] {
            let seconds = SampleClock(times).seconds
            #expect(zip(seconds.dropFirst(), seconds).allSatisfy { $0 > $1 })
        }
    }
}
