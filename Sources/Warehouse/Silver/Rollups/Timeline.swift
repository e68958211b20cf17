import Streams

/// The times at which an activity was sampled: whole seconds since the start, strictly increasing.
///
/// Streams are not 1 Hz: devices leave out points when little changes, and a pause is a gap. In a gap of up to `gap_s_max` the sample
/// before it holds; a longer gap is a pause, in which that sample holds for one second only.
struct Timeline: Sendable {
    /// Longest gap that is not a pause: devices that leave out points record one about every eight seconds at least.
    static let gap_s_max = 10
    /// Later samples are ignored, so that a wrong time can't take unlimited memory: 23 days, as many seconds as points are allowed.
    static let span_s_max = StreamDecoder.points_max

    /// Second of each sample that is used.
    let seconds: [Int]
    /// Index of each of these samples in the stream's arrays.
    let points: [Int]

    /// - Parameter times: seconds as sent. A time is skipped when it is missing, negative, out of bounds or not later than the one before.
    init(_ times: [Double]) {
        var seconds: [Int] = []
        var points: [Int] = []
        seconds.reserveCapacity(times.count)
        points.reserveCapacity(times.count)
        var last = -1
        for (point, time) in times.enumerated() where time >= 0 && time < Double(Self.span_s_max) {
            let second = Int(time.rounded(.down))
            if second <= last { continue }
            seconds.append(second)
            points.append(point)
            last = second
        }
        self.seconds = seconds
        self.points = points
    }

    /// Seconds from the start to the end of the last sample's own second.
    var span_s: Int { (seconds.last ?? -1) + 1 }

    /// How long a sample holds when the next one is at `next`.
    static func hold_s(from second: Int, to next: Int) -> Int { next - second <= gap_s_max ? next - second : 1 }

    /// How long the sample at this place holds; the last one holds for one second.
    func hold_s(at place: Int) -> Int {
        place + 1 < seconds.count ? Self.hold_s(from: seconds[place], to: seconds[place + 1]) : 1
    }

    /// Seconds in which something was recorded.
    var recorded_s: Int { seconds.indices.reduce(0) { $0 + hold_s(at: $1) } }
}

/// The distance covered at each sample: seconds strictly increasing, metres never decreasing.
struct DistanceTrack: Sendable {
    /// 100,000 km; a longer distance is an error.
    static let metres_max = 1e8

    let seconds: [Int]
    let metres: [Double]

    init(_ timeline: Timeline, _ distances: [Double]) {
        var seconds: [Int] = []
        var metres: [Double] = []
        for (second, point) in zip(timeline.seconds, timeline.points) {
            let distance = distances[point]
            guard distance >= (metres.last ?? 0), distance <= Self.metres_max else { continue }
            seconds.append(second)
            metres.append(distance)
        }
        self.seconds = seconds
        self.metres = metres
    }
}

/// One value for each second of an activity, NaN where there is none (a pause, a lost sensor).
struct SecondSeries: Sendable {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    /// Each sample holds until the next one that has a value (see `Timeline`). A value out of bounds counts as missing.
    init(_ timeline: Timeline, _ samples: [Double], in bounds: ClosedRange<Double>) {
        var values = [Double](repeating: .nan, count: timeline.span_s)
        var last: (second: Int, value: Double)?
        func fill(until next: Int?) {
            guard let last else { return }
            let hold_s = next.map { Timeline.hold_s(from: last.second, to: $0) } ?? 1
            for second in last.second..<min(last.second + hold_s, values.count) { values[second] = last.value }
        }
        for (second, point) in zip(timeline.seconds, timeline.points) where bounds.contains(samples[point]) {
            fill(until: second)
            last = (second, samples[point])
        }
        fill(until: nil)
        self.values = values
    }

    /// Metres covered in each second: the distance between two samples is spread evenly; in a pause there is none.
    init(speedOf track: DistanceTrack, span_s: Int) {
        var values = [Double](repeating: .nan, count: span_s)
        for place in track.seconds.indices.dropFirst() {
            let (from, to) = (track.seconds[place - 1], track.seconds[place])
            if to - from > Timeline.gap_s_max { continue }
            let speed = (track.metres[place] - track.metres[place - 1]) / Double(to - from)
            for second in from..<to { values[second] = speed }
        }
        self.values = values
    }

    /// The values without the gaps, in order.
    var known: [Double] { values.filter { !$0.isNaN } }
}

/// One value for each minute of an activity: element i is for the minute that begins i·60 seconds after the start. NaN: no value.
struct MinuteSeries: Sendable, Equatable {
    static let minute_s = 60

    let values: [Double]

    /// Mean of the minute's seconds that have a value.
    init(meanOf series: SecondSeries) {
        values = Self.minutes(series.values) { seconds in seconds.filter { !$0.isNaN }.mean ?? .nan }
    }

    /// Seconds of the minute in which something was recorded.
    init(recorded timeline: Timeline) {
        var seconds = [Double](repeating: 0, count: timeline.span_s)
        for (place, second) in timeline.seconds.enumerated() {
            for held in second..<min(second + timeline.hold_s(at: place), seconds.count) { seconds[held] = 1 }
        }
        values = Self.minutes(seconds) { $0.reduce(0, +) }
    }

    /// Metres covered in the minute. The distance covered in a pause counts in the minute in which the recording resumes.
    init(metresOf track: DistanceTrack, speed: SecondSeries) {
        var metres = speed.values.map { $0.isNaN ? 0 : $0 }
        for place in track.seconds.indices.dropFirst() where track.seconds[place] - track.seconds[place - 1] > Timeline.gap_s_max {
            metres[track.seconds[place]] += track.metres[place] - track.metres[place - 1]
        }
        values = Self.minutes(metres) { $0.reduce(0, +) }
    }

    private static func minutes(_ seconds: [Double], _ summary: (ArraySlice<Double>) -> Double) -> [Double] {
        stride(from: 0, to: seconds.count, by: minute_s).map { summary(seconds[$0..<min($0 + minute_s, seconds.count)]) }
    }
}

extension Collection<Double> {
    /// Nil when empty.
    var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
