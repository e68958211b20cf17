/// The way covered at each sample of an activity, from increments: what jumps or starts anew is no way, the stretches before and behind it are.
struct CleanDistance: Sendable {
    /// 100,000 km; a longer distance is an error.
    private static let metres_max = 1e8
    /// Longer steps may be pauses.
    private static let step_s_max = 60

    /// Metres at each sample, never falling; NaN where nothing is known.
    private(set) var metres: [Double]
    /// Samples before which the way is not known, in order.
    private(set) var breaks: [Int]
    /// Points that were left out, and jumps.
    private(set) var outliers: Int

    /// - Parameters:
    ///   - seconds: of each sample, strictly increasing.
    ///   - distances: metres as sent, for each sample.
    init(seconds: [Int], _ distances: [Double]) {
        let missing = distances.count { !$0.isNaN && !(abs($0) <= Self.metres_max) }
        var metres = missing == 0 ? distances : distances.map { abs($0) <= Self.metres_max ? $0 : .nan }
        let lagging = Self.lagging(seconds, metres)
        for place in lagging { metres[place] = .nan }
        func isPossible(_ from: Int, _ to: Int) -> Bool {
            let way = metres[to] - metres[from]
            if way >= 0, way <= SpeedJump.ordinary_mps * Double(seconds[to] - seconds[from]) { return true }
            return way >= 0 && !SpeedJump.isJump(from: from, to: to, seconds, metres)
        }
        var typical: Double?
        let continuity = Continuity(seconds.count, start_max: 2, isolated_max: 2) {
            !metres[$0].isNaN
        } isBack: { last, before, place in
            if metres[before] >= metres[last] { return !isPossible(before, place) }
            // It fell: it is back when it is as far as the athlete may have got meanwhile.
            let speed = typical ?? TypicalSpeed.metresPerSecond(seconds, metres, step_s_max: Self.step_s_max)
            typical = speed
            return metres[place] - metres[last] >= speed / 4 * Double(seconds[place] - seconds[last])
        } isPossible: {
            isPossible($0, $1)
        }
        for place in continuity.outliers { metres[place] = .nan }
        self.metres = metres
        breaks = []
        outliers = missing + lagging.count + continuity.count
        if !continuity.breaks.isEmpty { takeOut(at: continuity.breaks) }
    }

    /// Takes out what was covered in pauses faster than the athlete moves: it was covered by car, or by a receiver in search of its position.
    mutating func takeOutTransfers(_ timeline: Timeline) {
        guard timeline.hasPauses else { return }
        let typical = TypicalSpeed.metresPerSecond(timeline.offsets_s, metres, step_s_max: timeline.bridged_s_max)
        let transfers = timeline.seconds.indices.dropFirst().filter { place in
            guard timeline.isPause(after: place - 1) else { return false }
            let speed = (metres[place] - metres[place - 1]) / Double(timeline.offsets_s[place] - timeline.offsets_s[place - 1])
            return speed > 4 && speed > 3 * typical
        }
        if !transfers.isEmpty { takeOut(at: transfers) }
    }

    /// Nothing was covered from the known sample before each of these samples to it.
    private mutating func takeOut(at places: [Int]) {
        var next = places[...]
        var shift = 0.0
        var last = Double.nan
        for place in metres.indices where !metres[place].isNaN {
            if next.first == place {
                next = next.dropFirst()
                if !last.isNaN { shift = last - metres[place] }
            }
            metres[place] += shift
            last = metres[place]
        }
        breaks = (breaks + places).sorted()
    }

    /// Samples that lag: at which the distance stood still until it caught up in one step, as behind a tunnel, and single ones that are too
    /// low; when the way from the sample before them is no longer than what the athlete usually covers.
    private static func lagging(_ seconds: [Int], _ metres: [Double]) -> [Int] {
        var lagging: [Int] = []
        var typical: Double?
        var start = 0
        for place in metres.indices.dropFirst() where metres[place] != metres[place - 1] {
            defer { start = place }
            let way = metres[place] - metres[place - 1]
            let step_s = Double(seconds[place] - seconds[place - 1])
            guard way > SpeedJump.ordinary_mps * step_s, SpeedJump.isJump(from: place - 1, to: place, seconds, metres) else { continue }
            let speed = typical ?? TypicalSpeed.metresPerSecond(seconds, metres, step_s_max: step_s_max)
            typical = speed
            let from = place - start > 1 ? start : max(place - 2, 0)
            if metres[place] - metres[from] <= 1.5 * speed * Double(seconds[place] - seconds[from]) { lagging += (from + 1)..<place }
        }
        return lagging
    }
}

/// What is too fast, by the speeds around it.
enum SpeedJump {
    /// Up to so many metres per second nothing is questioned: a fast ride.
    static let ordinary_mps = 12.0
    /// Beyond it everything is: an airliner.
    static let possible_mps = 300.0
    /// A jump is so many times as fast as half of the steps around it.
    private static let times = 4.0
    private static let around = 15
    /// Devices that record seldom have no steps that show how the athlete got faster, so the next step speaks, too.
    private static let seldom_s = 5
    private static let vehicle_mps = 40.0

    static func isJump(from: Int, to: Int, _ seconds: [Int], _ metres: [Double]) -> Bool {
        let step_s = seconds[to] - seconds[from]
        let speed = (metres[to] - metres[from]) / Double(step_s)
        func step(_ place: Int) -> Double { (metres[place] - metres[place - 1]) / Double(seconds[place] - seconds[place - 1]) }
        if step_s > seldom_s, speed <= vehicle_mps, to + 1 < metres.count, case let next = step(to + 1), next >= speed / 2,
            next <= vehicle_mps
        {
            return false
        }
        return isJump(speed, at: to, 1..<metres.count, step)
    }

    /// - Parameters:
    ///   - places: that have a speed.
    ///   - speeds: metres per second; NaN where it is not known.
    @inline(__always) static func isJump(_ speed: Double, at place: Int, _ places: Range<Int>, _ speeds: (Int) -> Double) -> Bool {
        guard speed > ordinary_mps else { return false }
        if speed > possible_mps { return true }
        var (known, fast) = (0, 0)
        for other in max(place - around, places.lowerBound)..<min(place + around + 1, places.upperBound) where other != place {
            let beside = speeds(other)
            guard beside >= 0, beside <= possible_mps else { continue }
            known += 1
            if beside * times >= speed { fast += 1 }
            if fast == around { return false }
        }
        return known >= 4 && fast * 2 < known
    }
}

/// The way covered, for the figures: samples that know it.
struct DistanceTrack: Sendable {
    /// Second of each sample on the axis; strictly increasing.
    let seconds: [Int]
    /// Seconds from the start of the activity.
    let offsets_s: [Int]
    /// Never falling.
    let metres: [Double]
    /// Whether the way from the sample before was covered evenly: there is no pause and no jump between them.
    let isSteady: [Bool]

    init(_ timeline: Timeline, _ distance: CleanDistance) {
        var (seconds, offsets_s, metres, isSteady): ([Int], [Int], [Double], [Bool]) = ([], [], [], [])
        seconds.reserveCapacity(timeline.seconds.count)
        offsets_s.reserveCapacity(timeline.seconds.count)
        metres.reserveCapacity(timeline.seconds.count)
        isSteady.reserveCapacity(timeline.seconds.count)
        var breaks = distance.breaks[...]
        var last = -1
        var hasPause = false
        for place in timeline.seconds.indices {
            if !distance.metres[place].isNaN {
                var isBroken = false
                while let next = breaks.first, next <= place {
                    breaks = breaks.dropFirst()
                    isBroken = true
                }
                let isNear = last >= 0 && (last + 1 == place || timeline.seconds[place] - timeline.seconds[last] <= timeline.held_s_max)
                seconds.append(timeline.seconds[place])
                offsets_s.append(timeline.offsets_s[place])
                metres.append(distance.metres[place])
                isSteady.append(isNear && !hasPause && !isBroken)
                last = place
                hasPause = false
            }
            if timeline.isPause(after: place) { hasPause = true }
        }
        (self.seconds, self.offsets_s, self.metres, self.isSteady) = (seconds, offsets_s, metres, isSteady)
    }
}
