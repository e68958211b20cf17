/// One value for each second of an activity, NaN where there is none (a pause, a lost sensor).
struct SecondSeries: Sendable {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    /// Each sample stands until the next one that has a value, as `Timeline` says. Values out of bounds are as good as missing.
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

    /// Metres covered in each second: the way between two samples is spread evenly; over a pause there is none.
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

    /// The values there are, in order.
    var known: [Double] { values.filter { !$0.isNaN } }

    var mean: Double? { known.mean }
}

extension [Double] {
    /// Nil when empty.
    var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
