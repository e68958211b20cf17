import TestKit
import Testing

@testable import Streams
@testable import Warehouse

/// Figures against values worked out by hand.
@Suite struct RollupMetricTests {
    private func near(_ value: Double?, _ expected: Double) -> Bool { value.map { abs($0 - expected) < 1e-6 } ?? false }

    @Test func `normalised power of constant power is that power, and needs 30 seconds`() {
        #expect(near(NormalizedPower.watts(Array(repeating: 100, count: 30)), 100))
        #expect(near(NormalizedPower.watts(Array(repeating: 250, count: 3600)), 250))
        #expect(NormalizedPower.watts(Array(repeating: 100, count: 29)) == nil)
    }

    @Test func `normalised power gives more weight to hard seconds`() {
        // 30 s at 100 W, 30 s at 200 W: the rolling means are 100 + 100·k/30 for k = 0…30; the mean of their fourth powers is taken
        let watts = Array(repeating: 100.0, count: 30) + Array(repeating: 200.0, count: 30)
        #expect(near(NormalizedPower.watts(watts), 158.282494351))
    }

    @Test func `decoupling is the loss of output per beat from the first half to the second`() {
        // 200 W at 100, then at 110 beats: 2 and 1.8182 W per beat, a loss of a eleventh
        let output = SecondSeries(values: Array(repeating: 200, count: 1200))
        let beats = SecondSeries(values: Array(repeating: 100, count: 600) + Array(repeating: 110, count: 600))
        #expect(near(Decoupling(output, basis: .power, heartrate: beats)?.percent, 100.0 / 11))
        let shorter = SecondSeries(values: Array(repeating: 200, count: 1199))
        #expect(Decoupling(shorter, basis: .power, heartrate: beats) == nil)
    }

    @Test func `seconds that lack one of the two values are left out of the halves`() {
        let output = SecondSeries(values: Array(repeating: 3, count: 600) + [.nan, .nan] + Array(repeating: 3, count: 600))
        let beats = SecondSeries(values: Array(repeating: 150, count: 602) + Array(repeating: 150, count: 600))
        #expect(near(Decoupling(output, basis: .pace, heartrate: beats)?.percent, 0))
    }

    @Test func `the climbing speed is that of the best ten minutes`() {
        // 300 s level, 600 s at a metre in three seconds, then down again
        let level = Array(repeating: 0.0, count: 300)
        let up = (0...600).map { Double($0) / 3 }
        #expect(near(ClimbingSpeed.best_m_per_h(SecondSeries(values: level + up + up.reversed())), 1200))
        #expect(ClimbingSpeed.best_m_per_h(SecondSeries(values: up.reversed())) == nil)
        #expect(ClimbingSpeed.best_m_per_h(SecondSeries(values: Array(up.dropLast()))) == nil)
    }

    @Test func `running uphill costs what Minetti measured, and walking more than that`() {
        // C(0.1) = 0.001554 − 0.00304 − 0.0433 + 0.463 + 1.95 + 3.6 = 5.968214, C(0) = 3.6
        #expect(near(GradeAdjustment.factor(0, .running), 1))
        #expect(near(GradeAdjustment.factor(0.1, .running), 5.968214 / 3.6))
        // C(−0.1) = −0.001554 − 0.00304 + 0.0433 + 0.463 − 1.95 + 3.6 = 2.151706
        #expect(near(GradeAdjustment.factor(-0.1, .running), 2.151706 / 3.6))
        // walking: 0.002805 − 0.00587 − 0.0768 + 0.519 + 1.96 + 2.5 = 4.899135; −0.002805 − 0.00587 + 0.0768 + 0.519 − 1.96 + 2.5 = 1.127125
        #expect(near(GradeAdjustment.factor(0, .walking), 1))
        #expect(near(GradeAdjustment.factor(0.1, .walking), 4.899135 / 2.5))
        #expect(near(GradeAdjustment.factor(-0.1, .walking), 1.127125 / 2.5))
        for gait in [GradeAdjustment.Gait.running, .walking] {
            #expect(GradeAdjustment.factor(3, gait) == GradeAdjustment.factor(0.45, gait))
            #expect(GradeAdjustment.factor(-3, gait) == GradeAdjustment.factor(-0.45, gait))
        }
    }

    @Test func `a stretch has the grade of its first sample`() {
        let adjusted = GradeAdjustment.distance_m(
            [0, 100, 200, .nan, 300], gradesPercent: [10, 0, .nan, 20, 5], .running)
        #expect(near(adjusted, 100 * 5.968214 / 3.6 + 100 + 100))
        #expect(GradeAdjustment.distance_m([0, 100], gradesPercent: [.nan, .nan], .running) == nil)
    }

    @Test func `histograms count seconds, not points`() {
        // the usual step has 3 s: for so long a sample stands before the pause
        let timeline = Timeline([0, 3, 4, 60])
        let beats = SecondSeries(timeline, [120, .nan, 122, 122])  // a lost sensor: 120 stands on
        #expect(SecondsHistogram.ofWholeValues(beats) == SecondsHistogram(first: 120, seconds: [4, 0, 4]))
        let watts = SecondSeries(timeline, [0, 12, 4.9, 5])
        #expect(SecondsHistogram.fromZero(watts.known)?.seconds == [3, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func `cells of the heat map are floors of thousandths of a degree`() {
        let latitudes: [Double] = [52.123, 52.1239, -0.0005, .nan, 52.123001]
        let longitudes: [Double] = [13.4, 13.400999, -180, 0, 13.4005]
        let grid = HeatGrid(Timeline([0, 2, 3, 4, 5]), latitudes: latitudes, longitudes: longitudes)
        // (−1 + 90,000, −180,000 + 180,000) and (52,123 + 90,000, 13,400 + 180,000)
        let expected: [Int64] = [89_999_000_000, 142_123_193_400]
        #expect(grid.cells == expected)
        #expect(grid.seconds == [1, 4])
    }

    @Test func `a minute has the mean of its values, and the metres of a pause that ends in it`() throws {
        let timeline = Timeline([0, 10, 70, 80])
        let track = DistanceTrack([0, 10, 70, 80], [0, 50, 80, 100])
        let speed = SecondSeries(speedOf: track, span_s: timeline.span_s)
        // before the pause a sample stands for the usual 10 s
        #expect(MinuteSeries(startsOf: timeline).values == [0, 60] && MinuteSeries(recorded: timeline).values == [20, 11])
        #expect(MinuteSeries(metresOf: track, speed: speed).values == [50, 50])
        let beats = SecondSeries(timeline, [100, 150, .nan, .nan])
        let means = MinuteSeries(meanOf: beats).values
        #expect(near(means[0], 125))
        #expect(means[1].isNaN)
    }

    @Test func `no stream, however wrong, crashes the computation`() {
        let seed = modelSeed
        print("seed of the random streams: \(seed)")
        var random = SeededRandom(seed: seed)
        let odd: [Double] = [.nan, .infinity, -.infinity, 0, -1, 1e300, -1e300, 0.5, 1, 2, 90, 180, 250, 1e6, 1.9e6, 3e9]
        for _ in 0..<60 {
            let count = Int(random.next() % 40)
            let series = StreamColumn.allCases.map { _ -> [Double]? in
                random.next() % 5 == 0
                    ? nil : (0..<count).map { $0 % 3 == 0 ? odd[Int(random.next() % UInt64(odd.count))] : Double(random.next() % 400) }
            }
            let streams = DecodedStreams(series: series, originalSize: nil, seriesType: nil, resolution: nil)
            let rollup = CleanStreams(streams).map(ActivityRollup.init)
            let seconds = rollup?.heartrateSeconds?.seconds.reduce(0, +) ?? 0
            #expect(Int(seconds) == rollup?.metrics.heartrate_s ?? 0)
            #expect(rollup?.minutes.recorded_s.reduce(0, +) ?? 0 == Double(rollup?.metrics.recorded_s ?? 0))
        }
    }
}
