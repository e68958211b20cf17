import Algorithms

/// When the samples of an activity were taken: whole seconds from its start, strictly increasing, made of times as devices write them.
///
/// Times may go back, repeat, jump, be missing or negative. Points in a row within one second are one sample. The longest rising sequence of
/// seconds decides which samples stand. A run between them that is shorter than `outliers_max` is left out. A longer one was recorded
/// while the clock was set differently: it is kept and follows on by the usual step.
struct SampleClock: Sendable {
    /// A time beyond 31 years is damage.
    private static let time_s_max = 1e9
    /// So many samples in disorder are no longer taken for outliers: a minute at one sample a second.
    static let outliers_max = 60
    /// Disorder within disorder is looked into so often, so that no input takes more than a few passes.
    private static let depth_max = 3

    /// Second of each sample.
    let seconds: [Int]
    /// Points that are part of no sample: their time is missing or an outlier.
    let outliers: Int
    /// The points of each sample; nil when each point is a sample of its own.
    private let groups: Groups?

    private struct Groups {
        /// Points that stand, in the order of the arrays.
        let points: [Int]
        /// Where each sample begins in `points`.
        let starts: [Int]
    }

    /// - Parameter times: seconds as sent.
    init(_ times: [Double]) {
        if let seconds = Self.regular(times) {
            (self.seconds, outliers, groups) = (seconds, 0, nil)
            return
        }
        let moments = Self.moments(times)
        let raw = moments.map(\.second)
        var (seconds, points, starts): ([Int], [Int], [Int]) = ([], [], [])
        for (place, second) in Self.rebased(Self.runs(of: raw, Array(raw.indices), isSet: false, depth: 0), raw) {
            seconds.append(second)
            starts.append(points.count)
            points += moments[place].points
        }
        let origin = min(seconds.first ?? 0, 0)
        self.seconds = origin == 0 ? seconds : seconds.map { $0 - origin }
        outliers = times.count - points.count
        groups = Groups(points: points, starts: starts)
    }

    /// The values of a stream, one for each sample: the first that it has in that second.
    func align(_ values: [Double]) -> [Double] {
        guard let groups else { return values }
        return groups.starts.indices.map { sample in
            let end = sample + 1 < groups.starts.count ? groups.starts[sample + 1] : groups.points.count
            return groups.points[groups.starts[sample]..<end].lazy.map { values[$0] }.first { !$0.isNaN } ?? .nan
        }
    }

    /// The whole seconds of the times that are known; points beside each other in the same second are one.
    private static func moments(_ times: [Double]) -> [(second: Int, points: [Int])] {
        var moments: [(second: Int, points: [Int])] = []
        for (point, time) in times.enumerated() where abs(time) <= time_s_max {
            let second = Int(time.rounded(.down))
            if moments.last?.second == second { moments[moments.count - 1].points.append(point) } else { moments.append((second, [point])) }
        }
        return moments
    }

    /// Nil unless the times increase by a second at least.
    private static func regular(_ times: [Double]) -> [Int]? {
        var seconds: [Int] = []
        seconds.reserveCapacity(times.count)
        var last = -1
        for time in times {
            guard time >= 0, time <= time_s_max else { return nil }
            let second = Int(time)
            if second <= last { return nil }
            seconds.append(second)
            last = second
        }
        return seconds
    }
}

/// Disorder: which points stand, and when.
extension SampleClock {
    /// Samples by one clock, in order.
    private struct Run {
        let places: [Int]
        /// The clock was set before it: its times say nothing about when it began.
        let isSet: Bool
    }

    private static func runs(of raw: [Int], _ places: [Int], isSet: Bool, depth: Int) -> [Run] {
        var runs: [Run] = []
        var current: [Int] = []
        var next = 0
        for index in longestRising(places.map { raw[$0] }) + [places.count] {
            if index - next >= outliers_max, depth < depth_max {
                if !current.isEmpty { runs.append(Run(places: current, isSet: isSet)) }
                current = []
                runs += Self.runs(of: raw, Array(places[next..<index]), isSet: true, depth: depth + 1)
            }
            if index < places.count { current.append(places[index]) }
            next = index + 1
        }
        if !current.isEmpty { runs.append(Run(places: current, isSet: isSet)) }
        return runs
    }

    /// Indices of the longest rising subsequence (patience sorting, after Schensted 1961).
    private static func longestRising(_ values: [Int]) -> [Int] {
        var ends: [Int] = []
        var previous = [Int](repeating: -1, count: values.count)
        for (index, value) in values.enumerated() {
            let isLongest = ends.last.map { values[$0] < value } ?? true
            let place = isLongest ? ends.count : ends.partitioningIndex { values[$0] >= value }
            if place > 0 { previous[index] = ends[place - 1] }
            if place < ends.count { ends[place] = index } else { ends.append(index) }
        }
        var chain: [Int] = []
        var index = ends.last ?? -1
        while index >= 0 {
            chain.append(index)
            index = previous[index]
        }
        return chain.reversed()
    }

    /// The samples of the runs with their seconds, which rise.
    private static func rebased(_ runs: [Run], _ raw: [Int]) -> [(place: Int, second: Int)] {
        var moments: [(place: Int, second: Int)] = []
        let step = usualStep(raw)
        var ownShift = 0
        for run in runs {
            let first = raw[run.places[0]]
            var shift = ownShift
            if run.isSet {
                shift = (moments.last.map { $0.second + step } ?? 0) - first
            } else if let last = moments.last, first + shift <= last.second {
                shift = last.second + step - first
                ownShift = shift
            }
            for place in run.places { moments.append((place, raw[place] + shift)) }
        }
        return moments
    }

    private static func usualStep(_ raw: [Int]) -> Int {
        let steps = zip(raw.dropFirst(), raw).map { $0 - $1 }.filter { (1...3600).contains($0) }
        return steps.isEmpty ? 1 : steps.sorted()[(steps.count - 1) / 2]
    }
}
