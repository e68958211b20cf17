import Testing

@testable import Streams
@testable import Warehouse

/// What is a pause, and what is only a long step, in activities as devices record them.
@Suite struct PauseTests {
    private func every(_ step: Int, _ count: Int) -> [Double] { (0..<count).map { Double($0 * step) } }

    /// Seconds that are recorded.
    /// - Parameter speed: metres per second in each step, whose seconds come first; nil: no distance.
    private func recorded(_ steps: [(step_s: Int, speed: Double?)], moving: [Double]? = nil) -> Int {
        var (times, metres) = ([0.0], [0.0])
        for step in steps {
            times.append(times[times.count - 1] + Double(step.step_s))
            metres.append(metres[metres.count - 1] + Double(step.step_s) * (step.speed ?? 0))
        }
        return Timeline(times, metres: steps.contains { $0.speed != nil } ? metres : nil, moving: moving).recorded_s
    }

    private func steps(_ step_s: Int, _ count: Int, _ speed: Double?) -> [(step_s: Int, speed: Double?)] {
        Array(repeating: (step_s, speed), count: count)
    }

    @Test(arguments: [1, 10, 11, 12, 15, 30, 60, 120, 600])
    func `where every step is long, none is a pause`(step: Int) {
        // the last sample stands for one second
        #expect(recorded(steps(step, 100, 8)) == 100 * step + 1)
        #expect(recorded(steps(step, 100, nil)) == 100 * step + 1)
        // a trainer whose wheel is still: the way says nothing
        #expect(recorded(steps(step, 100, 0)) == 100 * step + 1)
    }

    @Test func `smart recording has steps of any length up to some ten seconds, and a stop is a pause`() {
        let smart: [Int] = [2, 4, 7, 3, 6, 1, 5, 14, 4, 12]
        let ride = (0..<300).map { (step_s: smart[$0 % 10], speed: Double?(7.5)) }
        // 30 · 58 s each way; 300 s at a café, before which a sample stands for the usual step of 5 s, the median of all 601
        #expect(recorded(ride) == 1741)
        #expect(recorded(ride + [(300, 0.01)] + ride) == 1740 + 5 + 1740 + 1)
        #expect(recorded(ride.map { ($0.step_s, nil) } + [(300, nil)] + ride.map { ($0.step_s, nil) }) == 1740 + 5 + 1740 + 1)
    }

    @Test func `a tunnel is no pause: the athlete moved on`() {
        // 100 s, 200 s without samples at the same speed, 100 s
        #expect(recorded(steps(1, 100, 8) + [(200, 8)] + steps(1, 100, 8)) == 401)
        #expect(recorded(steps(1, 100, 8) + [(200, 4.1)] + steps(1, 100, 8)) == 401)
        #expect(recorded(steps(1, 100, 8) + [(200, 3.9)] + steps(1, 100, 8)) == 202)
        // carried on by train at 30 m/s
        #expect(recorded(steps(1, 100, 8) + [(200, 30)] + steps(1, 100, 8)) == 202)
        // more than five hours are a pause in any case
        #expect(recorded(steps(1, 100, 8) + [(18_001, 8)] + steps(1, 100, 8)) == 202)
    }

    @Test func `a sensor's value stands for five minutes at most`() {
        let timeline = Timeline([0, 1, 2, 403, 404], metres: [0, 8, 16, 3224, 3232])
        #expect(timeline.recorded_s == 405)
        // 0 and 1, 2 to 301, 403 and 404
        #expect(SecondSeries(timeline, [100, 100, 100, 100, 100]).known.count == 304)
        let seldom = Timeline([0, 600, 1200, 1800])
        #expect(SecondSeries(seldom, [100, 100, 100, 100]).known.count == 1801)
    }

    @Test func `a length of a pool at a time: rests at the wall belong to it, longer ones do not`() {
        // 40 lengths of 25 m in 30 s, a rest of 20 s in every fourth
        let set = (0..<40).map { (step_s: $0 % 4 == 3 ? 50 : 30, speed: Double?(25.0 / ($0 % 4 == 3 ? 50 : 30))) }
        #expect(recorded(set) == 1401)
        // two minutes at the wall: a pause, before which the length stands for 30 s
        #expect(recorded(set + [(120, 25.0 / 120)] + set) == 1400 + 30 + 1400 + 1)
    }

    @Test func `at a step of 30 s a rest of 60 s is a pause if nothing was covered, and the athlete did not move at its end`() {
        let ride = steps(30, 50, 8) + [(60, 0)] + steps(30, 50, 8)
        #expect(recorded(ride) == 1500 + 30 + 1500 + 1)
        var moving = Array(repeating: 1.0, count: 102)
        #expect(recorded(ride, moving: moving) == 1500 + 60 + 1500 + 1)
        moving[51] = 0
        #expect(recorded(ride, moving: moving) == 1500 + 30 + 1500 + 1)
        #expect(recorded(steps(30, 50, nil) + [(100, nil)] + steps(30, 50, nil)) == 1500 + 30 + 1500 + 1)
    }

    @Test func `a device that changes its rhythm in the middle`() {
        // an hour at 1 s without a distance, then half an hour at 30 s
        #expect(recorded(steps(1, 3600, nil) + steps(30, 60, nil)) == 3600 + 1800 + 1)
    }

    @Test func `a pause counts once, and one step of it in an activity of few samples`() {
        #expect(Timeline([0, 5, 15, 26]).recorded_s == 27)  // usually 10 s
        #expect(Timeline([0, 1, 20, 21]).recorded_s == 4)
        #expect(Timeline([]).recorded_s == 0 && Timeline([7]).recorded_s == 1 && Timeline([]).span_s == 0)
        #expect(Timeline([0, 1000]).recorded_s == 1001)  // two samples: nothing else is usual
    }

    @Test func `a clock that jumps by weeks takes no memory, and minutes keep their time`() throws {
        // ten samples, 4,208,355 s later an hour
        let times = every(1, 10) + every(1, 3600).map { $0 + 4_208_365 }
        let rollup = try CleanSamples([.time: times, .watts: times.map { _ in 200 }, .distance: times.map { _ in 0 }]).rollup()
        #expect(rollup.metrics.recorded_s == 3610 && rollup.metrics.power_s == 3610 && rollup.metrics.normalizedPower_w == 200)
        #expect(rollup.power?.best(over: 3600) == 200)
        #expect(rollup.power?.starts_s[26] == 4_208_365)  // the rung of 3,600 s
        // 3,610 s of 200 W within 5 h: 722,000 / 18,000
        #expect(rollup.power?.values.count == 32 && abs((rollup.power?.values[31] ?? 0) - 40) < 0.2)
        let (starts, seconds) = (rollup.minutes.start_s, rollup.minutes.recorded_s)
        #expect(starts.count < 370 && starts.count == seconds.count && starts.allSatisfy { $0.truncatingRemainder(dividingBy: 60) == 0 })
        #expect(starts[0] == 0 && seconds[0] == 10)
        // 4,208,365 = 70,139 · 60 + 25: 35 s of that minute
        let first = try #require(starts.firstIndex(of: 4_208_340))
        #expect(seconds[first] == 35 && seconds[first + 1] == 60 && starts[first + 1] == 4_208_400)
        #expect(seconds.reduce(0, +) == 3610)
    }

    @Test func `pauses without number take no memory either`() throws {
        let times = (0..<20_000).map { Double($0 * 40_000) }
        let rollup = try CleanSamples([.time: times, .watts: times.map { _ in 200 }]).rollup()
        #expect(rollup.minutes.start_s.count <= Timeline.span_s_max / 60 + 1)
        let weekly = try CleanSamples([.time: every(604_800, 5000), .heartrate: every(0, 5000).map { _ in 120 }]).rollup()
        #expect(weekly.minutes.start_s.count <= Timeline.span_s_max / 60 + 1)
    }

    @Test func `a distance is timed by the clock, with all of a pause`() throws {
        // 100 s at 8 m/s, ten hours, 100 s at 8 m/s: 1 km has 600 m before or behind the pause and 36,000 s in it
        let times = every(1, 101) + every(1, 101).map { $0 + 36_100 }
        let before = (0...100).map { Double($0 * 8) }
        let metres = before + before.map { $0 + 800 }
        let pace = BestEfforts.pace(DistanceTrack(times, metres))
        #expect(pace.values[0] == 50)
        #expect(pace.values[2] == 36_000 + 125)
    }
}
