/// The course of an activity minute by minute: element i is about the minute that begins i·60 seconds after the start. NaN: no value.
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

    /// Metres covered in the minute; what was covered in a pause counts in the minute in which the recording goes on.
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

extension ArraySlice<Double> {
    /// Nil when empty.
    var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
