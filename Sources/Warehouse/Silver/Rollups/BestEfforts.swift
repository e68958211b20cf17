/// The best effort at each rung of a ladder, as columns; NaN where there is none. Both arrays end at the last rung reached.
struct BestEfforts: Sendable, Equatable {
    let values: [Double]
    let starts_s: [Double]

    private init(_ efforts: [Effort?]) {
        let reached = (efforts.lastIndex { $0 != nil } ?? -1) + 1
        values = efforts.prefix(reached).map { $0?.value ?? .nan }
        starts_s = efforts.prefix(reached).map { $0?.start_s ?? .nan }
    }

    private init(values: [Double], starts_s: [Double]) { (self.values, self.starts_s) = (values, starts_s) }

    /// The same with the starts in seconds from the start of the activity.
    func onClock(of timeline: Timeline) -> BestEfforts { BestEfforts(values: values, starts_s: starts_s.map(timeline.offset_s)) }

    var isEmpty: Bool { values.isEmpty }

    /// The value at a rung of the durations; nil when it was not reached.
    func best(over duration_s: Int) -> Double? {
        guard let rung = EffortLadder.durations_s.firstIndex(of: duration_s), rung < values.count, !values[rung].isNaN else { return nil }
        return values[rung]
    }

    private struct Effort {
        let value: Double
        let start_s: Double
    }

    /// Best mean power over windows of elapsed time, in watts. A second without a value, as in a pause, counts as 0 W.
    static func power(_ power: SecondSeries) -> BestEfforts {
        let sums = runningSums(power.values.map { $0.isNaN ? 0 : $0 })
        return BestEfforts(EffortLadder.durations_s.map { bestMean(sums, over: $0) })
    }

    /// Best mean heart rate over windows of elapsed time, in beats per minute: the mean of the seconds that have a value, in windows in
    /// which at least nine tenths have one. (In a pause the heart rate is unknown, not 0.)
    static func heartrate(_ heartrate: SecondSeries) -> BestEfforts {
        let sums = runningSums(heartrate.values.map { $0.isNaN ? 0 : $0 })
        let counts = runningSums(heartrate.values.map { $0.isNaN ? 0 : 1 })
        return BestEfforts(EffortLadder.durations_s.map { bestMeanOfKnown(sums, counts, over: $0) })
    }

    /// Shortest elapsed time in seconds for each distance, pauses included. Either end of the stretch may lie between two samples.
    static func pace(_ track: DistanceTrack) -> BestEfforts {
        BestEfforts(
            EffortLadder.distances_m.map { distance_m in
                [fastestFromSample(track, distance_m), fastestToSample(track, distance_m)].compactMap(\.self).min { $0.value < $1.value }
            })
    }

    /// `sums[i]` is the sum of the first i values.
    private static func runningSums(_ values: [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: values.count + 1)
        for index in values.indices { sums[index + 1] = sums[index] + values[index] }
        return sums
    }

    private static func bestMean(_ sums: [Double], over duration_s: Int) -> Effort? {
        guard duration_s < sums.count else { return nil }
        var (best, start) = (-Double.infinity, 0)
        sums.withUnsafeBufferPointer { sums in
            for second in 0..<(sums.count - duration_s) {
                let sum = sums[second + duration_s] - sums[second]
                if sum > best { (best, start) = (sum, second) }
            }
        }
        return Effort(value: best / Double(duration_s), start_s: Double(start))
    }

    private static func bestMeanOfKnown(_ sums: [Double], _ counts: [Double], over duration_s: Int) -> Effort? {
        guard duration_s < sums.count else { return nil }
        let known_s_min = Double(duration_s) * 0.9
        var (best, start) = (-Double.infinity, -1)
        sums.withUnsafeBufferPointer { sums in
            counts.withUnsafeBufferPointer { counts in
                for second in 0..<(sums.count - duration_s) {
                    let known_s = counts[second + duration_s] - counts[second]
                    if known_s < known_s_min { continue }
                    let mean = (sums[second + duration_s] - sums[second]) / known_s
                    if mean > best { (best, start) = (mean, second) }
                }
            }
        }
        return start < 0 ? nil : Effort(value: best, start_s: Double(start))
    }
}

/// Pace: stretches that begin or end at a sample. One of the fastest always does.
extension BestEfforts {
    private static func fastestFromSample(_ track: DistanceTrack, _ distance_m: Double) -> Effort? {
        var best: Effort?
        track.metres.withUnsafeBufferPointer { metres in
            track.offsets_s.withUnsafeBufferPointer { offsets_s in
                var end = 1
                for start in metres.indices {
                    let goal = metres[start] + distance_m
                    while end < metres.count, metres[end] < goal { end += 1 }
                    if end >= metres.count { break }
                    let time_s = instant(track, metres, offsets_s, goal, between: end - 1, onPause: end) - Double(offsets_s[start])
                    if time_s < best?.value ?? .infinity { best = Effort(value: time_s, start_s: Double(offsets_s[start])) }
                }
            }
        }
        return best
    }

    private static func fastestToSample(_ track: DistanceTrack, _ distance_m: Double) -> Effort? {
        var best: Effort?
        let first_m = (track.metres.first ?? 0) + distance_m
        track.metres.withUnsafeBufferPointer { metres in
            track.offsets_s.withUnsafeBufferPointer { offsets_s in
                var start = 0
                for end in metres.indices where metres[end] >= first_m {
                    let goal = metres[end] - distance_m
                    while start + 1 < end, metres[start + 1] <= goal { start += 1 }
                    let from = instant(track, metres, offsets_s, goal, between: start, onPause: start)
                    let time_s = Double(offsets_s[end]) - from
                    if time_s < best?.value ?? .infinity { best = Effort(value: time_s, start_s: from) }
                }
            }
        }
        return best
    }

    /// When the athlete was at `goal`, which lies between two samples. Within a pause that is unknown: the result then is `onPause`, the end
    /// of the gap that makes the effort longer.
    @inline(__always) private static func instant(
        _ track: DistanceTrack, _ metres: UnsafeBufferPointer<Double>, _ offsets_s: UnsafeBufferPointer<Int>, _ goal: Double,
        between place: Int, onPause: Int
    ) -> Double {
        let (from, to) = (offsets_s[place], offsets_s[place + 1])
        let way = metres[place + 1] - metres[place]
        guard track.isSteady[place + 1], way > 0 else { return Double(offsets_s[onPause]) }
        return Double(from) + (goal - metres[place]) / way * Double(to - from)
    }
}

/// The rungs at which best efforts are kept. SQL has the same ones in `silver.effort_durations_s()` and `silver.effort_distances_m()`: a
/// change here needs a migration and a new `TransformVersion`.
public enum EffortLadder {
    /// 1 s to 5 h.
    public static let durations_s = [
        1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1200, 1500, 1800, 2400, 2700, 3600,
        5400, 7200, 10800, 14400, 18000,
    ]

    /// 400 m, half a mile, 1 km, 1 and 2 miles, 5, 10 and 15 km, 10 miles, 20 km, half marathon, 30 km, marathon.
    static let distances_m = [
        400, 804.672, 1000, 1609.344, 3218.688, 5000, 10000, 15000, 16093.44, 20000, 21097.5, 30000, 42195,
    ]
}
