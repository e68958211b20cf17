import Algorithms
import Streams

/// The samples of an activity on the axis of its figures: whole seconds, strictly increasing, with the pauses told apart from the steps in
/// which a device just recorded nothing.
///
/// Devices record every second, when something changes (smart recording), every 15, 30 or 60 seconds to save the battery, or a length of
/// a pool at a time. So a step is judged by what is usual in this activity, and by the way covered in it.
///
/// The axis is the time since the start, except that a pause longer than the longest effort is shortened to about that: a clock that
/// jumps takes no memory, and no figure changes.
struct Timeline: Sendable {
    /// A step of up to so many seconds is never a pause.
    static let gap_s_max = 10
    /// A step of more seconds always is one.
    private static let step_s_max = EffortLadder.durations_s.last ?? 0
    /// Seconds of the axis: 23 days, as many as points are allowed.
    static let span_s_max = StreamDecoder.points_max
    /// For how long the value of a sensor is taken to stand while nothing is recorded.
    private static let value_s_max = 300

    /// Second of each sample on the axis.
    let seconds: [Int]
    /// Seconds from the start of the activity to each sample.
    let offsets_s: [Int]
    /// Median of the steps between the samples.
    let usual_s: Int
    /// Whether a pause follows each sample; empty when there is none.
    private let pauses: [Bool]
    private let cuts: [AxisCut]

    /// - Parameters:
    ///   - metres: the way covered at each sample, rising; nil when it is not known.
    ///   - moving: 1 or 0 at each sample; nil when it is not known.
    init(_ clock: SampleClock, metres: [Double]? = nil, moving: [Double]? = nil) {
        usual_s = StepJudge.median(clock.seconds)
        let judge = StepJudge(seconds: clock.seconds, usual_s: usual_s, step_s_max: Self.step_s_max, metres: metres, moving: moving)
        pauses = judge.pauses()
        let axis = Self.axis(clock.seconds, pauses)
        (seconds, cuts) = (axis.seconds, axis.cuts)
        offsets_s = cuts.isEmpty && seconds.count == clock.seconds.count ? seconds : Array(clock.seconds.prefix(seconds.count))
    }

    /// Seconds of the axis up to the end of the last sample's own second.
    var span_s: Int { (seconds.last ?? -1) + 1 }

    var hasPauses: Bool { !pauses.isEmpty }

    func isPause(after place: Int) -> Bool { !pauses.isEmpty && pauses[place] }

    /// For how long a sensor's value that is missing for some samples is taken to stand.
    var bridged_s_max: Int { max(Self.gap_s_max, 3 * usual_s) }

    /// For how long a sensor's value stands in a step that is no pause.
    var held_s_max: Int { max(Self.value_s_max, 3 * usual_s) }

    /// For how long a sample stands before a pause.
    var beforePause_s: Int { min(usual_s, Self.value_s_max) }

    /// How long the recording covers from this sample on: to the next one; before a pause for the usual step; at the end for one second.
    func hold_s(at place: Int) -> Int {
        guard place + 1 < seconds.count else { return 1 }
        let step_s = seconds[place + 1] - seconds[place]
        return isPause(after: place) ? min(step_s, beforePause_s) : step_s
    }

    /// Seconds in which something was recorded.
    var recorded_s: Int {
        if pauses.isEmpty { return seconds.isEmpty ? 0 : span_s - seconds[0] }
        return seconds.indices.reduce(0) { $0 + hold_s(at: $1) }
    }

    /// Seconds from the start of the activity to a second of the axis.
    func offset_s(_ second: Double) -> Double {
        let next = cuts.partitioningIndex { Double($0.second) > second }
        return second + Double(next == 0 ? 0 : cuts[next - 1].total_s)
    }
}

/// A place at which the axis leaves out a part of a pause: whole minutes, between two minutes.
private struct AxisCut: Sendable {
    let second: Int
    /// What was left out up to here.
    let total_s: Int
}

extension Timeline {
    /// Pauses are cut to the longest effort, further if they are so many that the axis would get too long; what still lies beyond is left out.
    private static func axis(_ seconds: [Int], _ pauses: [Bool]) -> (seconds: [Int], cuts: [AxisCut]) {
        guard let first = seconds.first, let last = seconds.last else { return ([], []) }
        if first <= step_s_max, last < span_s_max, pauses.isEmpty || zip(seconds.dropFirst(), seconds).allSatisfy({ $0 - $1 <= step_s_max })
        {
            return (seconds, [])
        }
        for pause_s in [step_s_max, 3600, 600] {
            let axis = axis(seconds, pauses, pause_s: pause_s)
            if axis.seconds.last ?? 0 < span_s_max { return axis }
        }
        let axis = axis(seconds, pauses, pause_s: 60)
        return (Array(axis.seconds.prefix { $0 < span_s_max }), axis.cuts)
    }

    private static func axis(_ seconds: [Int], _ pauses: [Bool], pause_s: Int) -> (seconds: [Int], cuts: [AxisCut]) {
        var cuts: [AxisCut] = []
        var total_s = 0
        var last = 0
        let axis = seconds.enumerated().map { place, second in
            let excess_s = (second - last - pause_s) / MinuteSeries.minute_s * MinuteSeries.minute_s
            if excess_s > 0, place == 0 || (!pauses.isEmpty && pauses[place - 1]) {
                total_s += excess_s
                let resumed = second - total_s
                cuts.append(AxisCut(second: resumed - resumed % MinuteSeries.minute_s, total_s: total_s))
            }
            last = second
            return second - total_s
        }
        return (axis, cuts)
    }
}

/// Decides which steps between samples are pauses.
private struct StepJudge {
    /// A step of up to so many usual steps is no pause, unless the athlete was at rest.
    private static let usualSteps_max = 3
    /// Where the way is not known, so many times the step that nine in ten do not exceed is no pause either: steps of smart recording vary.
    private static let longSteps_max = 2
    /// Fewer steps don't say what nine in ten are.
    private static let steps_min = 20
    /// Steps before and behind a step that say what is usual there: a device may change its rhythm in the middle.
    private static let neighbours = 5
    /// Of the typical speed: the athlete moved on, the athlete was at rest.
    private static let movedOn = 0.5...3
    private static let atRest = 0.1

    let seconds: [Int]
    let usual_s: Int
    let step_s_max: Int
    let metres: [Double]?
    let moving: [Double]?

    /// Whether a pause follows each sample; empty when there is none.
    func pauses() -> [Bool] {
        let long = seconds.indices.dropLast().filter { seconds[$0 + 1] - seconds[$0] > Timeline.gap_s_max }
        if long.isEmpty { return [] }
        let typical = metres.map { TypicalSpeed.metresPerSecond(seconds, $0, step_s_max: max(Timeline.gap_s_max, 3 * usual_s)) } ?? 0
        let steps = zip(seconds.dropFirst(), seconds).map { $0 - $1 }
        let unknownWay_s_max = steps.count < Self.steps_min ? 0 : Self.longSteps_max * steps.sorted()[steps.count * 9 / 10]
        var pauses = [Bool](repeating: false, count: seconds.count)
        for place in long { pauses[place] = isPause(place, typical: typical, unknownWay_s_max: unknownWay_s_max) }
        return pauses.contains(true) ? pauses : []
    }

    private func isPause(_ place: Int, typical: Double, unknownWay_s_max: Int) -> Bool {
        let step_s = seconds[place + 1] - seconds[place]
        if step_s > step_s_max { return true }
        let usual_s = max(usual_s, step_s > Self.usualSteps_max * usual_s ? localStep_s(place) : 0)
        let isUsual = step_s <= Self.usualSteps_max * usual_s
        guard let metres, typical > 0, case let way = metres[place + 1] - metres[place], !way.isNaN else {
            return !isUsual && step_s > unknownWay_s_max
        }
        let part = way / Double(step_s) / typical
        if !isUsual { return !Self.movedOn.contains(part) }
        return part < Self.atRest && 2 * step_s > Self.usualSteps_max * usual_s && moving?[place + 1] != 1
    }

    /// Median of the steps around this one.
    private func localStep_s(_ place: Int) -> Int {
        let around = max(place - Self.neighbours, 0)..<min(place + Self.neighbours + 1, seconds.count - 1)
        let steps = around.filter { $0 != place }.map { seconds[$0 + 1] - seconds[$0] }.sorted()
        return steps.isEmpty ? 0 : steps[steps.count / 2]
    }

    /// Median of the steps; 1 when there is none.
    static func median(_ seconds: [Int]) -> Int {
        if seconds.count < 2 { return 1 }
        let count = seconds.count - 1
        var ones = 0
        for place in 0..<count where seconds[place + 1] - seconds[place] == 1 { ones += 1 }
        if 2 * ones >= count { return 1 }
        return zip(seconds.dropFirst(), seconds).map { $0 - $1 }.sorted()[(count - 1) / 2]
    }
}

/// The speed at which an athlete usually moves in an activity.
enum TypicalSpeed {
    /// As many steps say enough.
    private static let steps_max = 512

    /// Median over steps in which something was covered, metres per second; 0 when there are none.
    /// - Parameter step_s_max: longer steps may be pauses and are left out.
    static func metresPerSecond(_ seconds: [Int], _ metres: [Double], step_s_max: Int) -> Double {
        let speeds = stride(from: 1, to: seconds.count, by: max(1, seconds.count / steps_max)).compactMap { place -> Double? in
            let step_s = seconds[place] - seconds[place - 1]
            let way = metres[place] - metres[place - 1]
            return way > 0 && way <= SpeedJump.possible_mps * Double(step_s) && step_s <= step_s_max ? way / Double(step_s) : nil
        }
        return speeds.isEmpty ? 0 : speeds.sorted()[(speeds.count - 1) / 2]
    }
}
