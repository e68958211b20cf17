/// One value for each second of an activity's axis, NaN where there is none (a pause, a lost sensor).
struct SecondSeries: Sendable {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    /// Each sample stands until the next; where the stream misses values in between, for `Timeline.bridged_s_max` at most, and before a
    /// pause for the usual step.
    /// - Parameter samples: a value for each sample, NaN where there is none.
    init(_ timeline: Timeline, _ samples: [Double]) {
        let (seconds, short_s, held_s, bridged_s) = (timeline.seconds, timeline.beforePause_s, timeline.held_s_max, timeline.bridged_s_max)
        var values = [Double](repeating: .nan, count: timeline.span_s)
        var last = -1
        var hasPause = false
        func hold_s(until place: Int) -> Int {
            let step_s = seconds[place] - seconds[last]
            if place == last + 1 { return hasPause ? min(short_s, step_s) : min(step_s, held_s) }
            if !hasPause && step_s <= bridged_s { return step_s }
            return min(seconds[last + 1] - seconds[last], short_s)
        }
        values.withUnsafeMutableBufferPointer { values in
            func fill(_ count: Int) {
                let value = samples[last]
                for second in seconds[last]..<(seconds[last] + count) { values[second] = value }
            }
            for place in seconds.indices {
                if !samples[place].isNaN {
                    if last >= 0 { fill(hold_s(until: place)) }
                    last = place
                    hasPause = false
                }
                if timeline.isPause(after: place) { hasPause = true }
            }
            if last >= 0 { fill(min(timeline.hold_s(at: last), short_s)) }
        }
        self.values = values
    }

    /// Metres covered in each second: the way between two samples is spread evenly; in a pause or a jump none is known.
    init(speedOf track: DistanceTrack, span_s: Int) {
        var values = [Double](repeating: .nan, count: span_s)
        values.withUnsafeMutableBufferPointer { values in
            for place in track.seconds.indices.dropFirst() where track.isSteady[place] {
                let (from, to) = (track.seconds[place - 1], track.seconds[place])
                let speed = (track.metres[place] - track.metres[place - 1]) / Double(to - from)
                for second in from..<to { values[second] = speed }
            }
        }
        self.values = values
    }

    /// The values without the gaps, in order.
    var known: [Double] { values.filter { !$0.isNaN } }
}

/// One value for each minute of an activity's axis: element i is for the minute that begins at its second i·60. NaN: no value.
struct MinuteSeries: Sendable, Equatable {
    static let minute_s = 60

    let values: [Double]

    /// Mean of the minute's seconds that have a value.
    init(meanOf series: SecondSeries) {
        values = Self.minutes(series.values) { seconds in
            var (sum, count) = (0.0, 0.0)
            for value in seconds where !value.isNaN {
                sum += value
                count += 1
            }
            return sum / count
        }
    }

    /// Seconds of the minute in which something was recorded.
    init(recorded timeline: Timeline) {
        var seconds = [Double](repeating: 0, count: timeline.span_s)
        for (place, second) in timeline.seconds.enumerated() {
            for held in second..<(second + timeline.hold_s(at: place)) { seconds[held] = 1 }
        }
        values = Self.minutes(seconds) { $0.reduce(0, +) }
    }

    /// Metres covered in the minute. The way covered in a pause counts in the minute in which the recording resumes.
    init(metresOf track: DistanceTrack, speed: SecondSeries) {
        var metres = speed.values.map { $0.isNaN ? 0 : $0 }
        for place in track.seconds.indices.dropFirst() where !track.isSteady[place] {
            metres[track.seconds[place]] += track.metres[place] - track.metres[place - 1]
        }
        values = Self.minutes(metres) { $0.reduce(0, +) }
    }

    /// Seconds from the start of the activity to the start of the minute.
    init(startsOf timeline: Timeline) {
        values = stride(from: 0, to: timeline.span_s, by: Self.minute_s).map { timeline.offset_s(Double($0)) }
    }

    private static func minutes(_ seconds: [Double], _ summary: (ArraySlice<Double>) -> Double) -> [Double] {
        stride(from: 0, to: seconds.count, by: minute_s).map { summary(seconds[$0..<min($0 + minute_s, seconds.count)]) }
    }
}

extension Collection<Double> {
    /// Nil when empty.
    var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
