import Foundation
import Streams

/// The streams of an activity as all figures read them: a value for each sample, what can't be true left out, and how much that was.
///
/// Pure; never fails. What Strava sent stays in `silver.activity_stream`. An activity without outliers costs one pass over each stream.
struct CleanStreams: Sendable {
    let timeline: Timeline
    /// Each has one value for each sample, NaN where there is none; nil: there is no such stream, or nothing of it is left.
    let heartrate: [Double]?
    let power: [Double]?
    let cadence: [Double]?
    let altitude: [Double]?
    /// The altitude without lasting steps: what was climbed since the start, metres above an unknown level.
    let climb: [Double]?
    let velocity: [Double]?
    let grade: [Double]?
    let latitudes: [Double]?
    let longitudes: [Double]?
    let distance: CleanDistance?
    let outliers: StreamOutliers

    /// Nil when no time is known.
    init?(_ streams: DecodedStreams) { self.init { streams[$0] } }

    /// - Parameter streams: the points of a stream as sent, NaN where one is missing; nil: there is no such stream.
    init?(streams: (StreamColumn) -> [Double]?) {
        guard let times = streams(.time) else { return nil }
        let clock = SampleClock(times)
        if clock.seconds.isEmpty { return nil }
        func aligned(_ column: StreamColumn) -> [Double]? { streams(column).map(clock.align) }
        var distance = aligned(.distance).map { CleanDistance(seconds: clock.seconds, $0) }
        let timeline = Timeline(clock, metres: distance?.metres, moving: aligned(.moving))
        distance?.takeOutTransfers(timeline)
        let heartrate = aligned(.heartrate).map { CleanSeries($0, in: PossibleValue.heartrate_bpm) }
        let cadence = aligned(.cadence).map { CleanSeries($0, in: PossibleValue.cadence_rpm) }
        let power = aligned(.watts).map { CleanPower($0, timeline, cadence: cadence?.values, metres: distance?.metres).series }
        let altitude = aligned(.altitude).map { CleanAltitude(seconds: clock.seconds, $0) }
        let course = aligned(.latitude).flatMap { north in
            aligned(.longitude).map { CleanCourse(seconds: clock.seconds, latitudes: north, longitudes: $0) }
        }
        self.timeline = timeline
        self.distance = distance
        self.heartrate = heartrate?.known
        self.power = power?.known
        self.cadence = cadence?.known
        self.altitude = altitude?.series.known
        climb = altitude?.climb
        velocity = aligned(.velocity).flatMap(CleanSeries.velocity)
        grade = aligned(.grade).map { CleanSeries($0, in: PossibleValue.grade_percent).values }
        (latitudes, longitudes) = (course?.latitudes, course?.longitudes)
        outliers = StreamOutliers(
            time: clock.outliers + clock.seconds.count - timeline.seconds.count, longestStep_s: Self.longestStep_s(timeline),
            distance: distance?.outliers, position: course?.outliers, altitude: altitude?.series.outliers, heartrate: heartrate?.outliers,
            power: power?.outliers, cadence: cadence?.outliers)
    }

    private static func longestStep_s(_ timeline: Timeline) -> Int {
        var longest = 0
        for place in timeline.offsets_s.indices.dropFirst() {
            longest = max(longest, timeline.offsets_s[place] - timeline.offsets_s[place - 1])
        }
        return longest
    }
}

/// How many points of each stream were left out. Nil: there is no such stream.
struct StreamOutliers: Sendable, Equatable {
    let time: Int
    /// The longest time from one sample to the next, seconds.
    let longestStep_s: Int
    let distance: Int?
    let position: Int?
    let altitude: Int?
    let heartrate: Int?
    let power: Int?
    let cadence: Int?
}

/// What a sensor can have measured. Devices write 255 and 65,535 for "no value"; a heart rate of 0 means that the sensor lost contact, while
/// 0 W and 0 revolutions are values.
private enum PossibleValue {
    static let heartrate_bpm = 25.0...240.0
    static let power_w = 0.0...3000.0
    static let cadence_rpm = 0.0...250.0
    static let altitude_m = -1000.0...20_000.0
    static let speed_mps = 0.0...SpeedJump.possible_mps
    static let grade_percent = -100.0...100.0
}

/// A stream without its outliers.
struct CleanSeries: Sendable {
    fileprivate(set) var values: [Double]
    /// Points that were left out.
    fileprivate(set) var outliers: Int

    init(_ values: [Double], in bounds: ClosedRange<Double>) {
        var outliers = 0
        for value in values where !bounds.contains(value) && !value.isNaN { outliers += 1 }
        self.values = outliers == 0 ? values : values.map { bounds.contains($0) ? $0 : .nan }
        self.outliers = outliers
    }

    /// Nil when no value is left.
    var known: [Double]? { values.allSatisfy(\.isNaN) ? nil : values }

    fileprivate mutating func leaveOut(_ places: [Int]) {
        for place in places { values[place] = .nan }
        outliers += places.count
    }

    /// Speeds without those of a position that jumped. Nil when the athlete never moved, as in streams of indoor rides.
    fileprivate static func velocity(_ sent: [Double]) -> [Double]? {
        var series = CleanSeries(sent, in: PossibleValue.speed_mps)
        let values = series.values
        series.leaveOut(values.indices.filter { place in SpeedJump.isJump(values[place], at: place, values.indices) { values[$0] } })
        return series.values.contains { $0 > 0 } ? series.values : nil
    }
}

/// Power without the faults of a meter.
private struct CleanPower {
    /// Up to so many watts a single second is not questioned.
    private static let unquestioned_w = 1000.0
    /// A spike is so many times as high as everything within so many seconds; a sprint rises and falls in more steps.
    private static let times = 3.0
    private static let around_s = 5
    /// Zeros for longer, while the athlete moves on, are those of a meter that has died; shorter ones are coasting.
    private static let zero_s_max = 1200

    private(set) var series: CleanSeries

    init(_ watts: [Double], _ timeline: Timeline, cadence: [Double]?, metres: [Double]?) {
        series = CleanSeries(watts, in: PossibleValue.power_w)
        series.leaveOut(spikes(timeline))
        for run in longZeros(timeline) where Self.isMoving(run, timeline, cadence, metres) {
            series.leaveOut(run.filter { series.values[$0] == 0 })
        }
    }

    private func spikes(_ timeline: Timeline) -> [Int] {
        let watts = series.values
        return timeline.seconds.indices.filter { place in
            guard watts[place] > Self.unquestioned_w else { return false }
            let around = max(place - Self.around_s, 0)...min(place + Self.around_s, timeline.seconds.count - 1)
            let near = around.filter {
                $0 != place && abs(timeline.seconds[$0] - timeline.seconds[place]) <= Self.around_s && !watts[$0].isNaN
            }
            return near.count > Self.around_s && near.allSatisfy { watts[$0] * Self.times < watts[place] }
        }
    }

    /// Runs of samples without any power that are long enough.
    private func longZeros(_ timeline: Timeline) -> [ClosedRange<Int>] {
        var runs: [ClosedRange<Int>] = []
        var start = -1
        var end = -1
        func close() {
            if start >= 0, timeline.seconds[end] - timeline.seconds[start] > Self.zero_s_max { runs.append(start...end) }
            start = -1
        }
        for place in timeline.seconds.indices where !series.values[place].isNaN {
            if series.values[place] == 0 {
                if start < 0 { start = place }
                end = place
            } else {
                close()
            }
        }
        close()
        return runs
    }

    /// Whether the run is long without its pauses, and the athlete pedalled or covered at least half of the usual way.
    private static func isMoving(_ run: ClosedRange<Int>, _ timeline: Timeline, _ cadence: [Double]?, _ metres: [Double]?) -> Bool {
        let held_s = run.dropLast().reduce(0) { $0 + timeline.hold_s(at: $1) }
        if held_s <= zero_s_max { return false }
        if let cadence, 2 * run.count(where: { cadence[$0] > 0 }) > run.count { return true }
        guard let metres, let from = run.first(where: { !metres[$0].isNaN }), let to = run.last(where: { !metres[$0].isNaN }) else {
            return false
        }
        let typical = TypicalSpeed.metresPerSecond(timeline.offsets_s, metres, step_s_max: timeline.bridged_s_max)
        return typical > 0 && metres[to] - metres[from] >= typical / 2 * Double(held_s)
    }
}

/// Altitude without dropouts, spikes and codes for "no value".
private struct CleanAltitude {
    /// 65,535 and 0 in a FIT file, which counts fifths of a metre from −500 m.
    private static let codes_m = [12_606.5...12_607.5, -500.05 ... -499.95]
    /// What an altimeter may do in a second, metres: more than a lift, a fast descent or a new calibration by a few metres.
    private static let step_m_max = 15.0

    private(set) var series: CleanSeries
    let climb: [Double]?

    init(seconds: [Int], _ sent: [Double]) {
        series = CleanSeries(sent, in: PossibleValue.altitude_m)
        series.leaveOut(series.values.indices.filter { place in Self.codes_m.contains { $0.contains(sent[place]) } })
        let values = series.values
        let continuity = Continuity(seconds.count, start_max: Continuity.run_max, isolated_max: Continuity.run_max) {
            !values[$0].isNaN
        } isBlank: {
            values[$0] == 0
        } isPossible: { from, to in
            abs(values[to] - values[from]) <= Self.step_m_max * Double(seconds[to] - seconds[from])
        }
        series.leaveOut(continuity.outliers)
        series.outliers += continuity.breaks.count
        climb = Self.withoutSteps(series, at: continuity.breaks).known
    }

    private static func withoutSteps(_ series: CleanSeries, at breaks: [Int]) -> CleanSeries {
        if breaks.isEmpty { return series }
        var (climb, next, shift, last) = (series, breaks[...], 0.0, 0.0)
        for place in climb.values.indices where !climb.values[place].isNaN {
            if next.first == place {
                next = next.dropFirst()
                shift = last - climb.values[place]
            }
            climb.values[place] += shift
            last = climb.values[place]
        }
        return climb
    }
}

/// Positions without those that the athlete was not at.
private struct CleanCourse {
    /// A receiver that has no fix yet may say where it was the last time for so many samples.
    private static let start_max = 600
    /// Up to so many metres per second no position is questioned: a train.
    private static let unquestioned_mps = 40.0
    /// Nor is a step of so many metres: a receiver under trees.
    private static let unquestioned_m = 250.0
    /// So far away a receiver without a fix may say that it is: where it was the last time.
    private static let elsewhere_m = 2000.0
    private static let degree_m = 111_195.0
    /// A course that comes so near to 0° north, 0° east may be there, degrees.
    private static let near_deg = 0.05

    private(set) var latitudes: [Double]
    private(set) var longitudes: [Double]
    private(set) var outliers = 0

    init(seconds: [Int], latitudes: [Double], longitudes: [Double]) {
        (self.latitudes, self.longitudes) = (latitudes, longitudes)
        leaveOut(zeros())
        let (north, east) = (self.latitudes, self.longitudes)
        func metres(_ from: Int, _ to: Int) -> Double {
            let y = north[to] - north[from]
            var x = abs(east[to] - east[from])
            if x > 180 { x = 360 - x }
            if abs(y) < 1e-3, x < 1e-3 { return 0 }  // less than any bound
            x *= cos(north[from] * .pi / 180)
            return (x * x + y * y).squareRoot() * Self.degree_m
        }
        func metresPerSecond(_ from: Int, _ to: Int) -> Double { metres(from, to) / Double(seconds[to] - seconds[from]) }
        let continuity = Continuity(seconds.count, start_max: Self.start_max, isolated_max: Continuity.run_max) {
            !north[$0].isNaN
        } isElsewhere: {
            metres($0, $1) > Self.elsewhere_m
        } isPossible: { from, to in
            let way = metres(from, to)
            let step_s = Double(seconds[to] - seconds[from])
            if way <= Self.unquestioned_m || way <= Self.unquestioned_mps * step_s { return true }
            return !SpeedJump.isJump(way / step_s, at: to, 1..<north.count) { metresPerSecond($0 - 1, $0) }
        }
        leaveOut(continuity.outliers)
        outliers += continuity.breaks.count
    }

    private mutating func leaveOut(_ places: [Int]) {
        for place in places { (latitudes[place], longitudes[place]) = (.nan, .nan) }
        outliers += places.count
    }

    /// Points at exactly 0°, 0°, which stands for "no position", unless the course is there.
    private func zeros() -> [Int] {
        let zeros = latitudes.indices.filter { latitudes[$0] == 0 && longitudes[$0] == 0 }
        if zeros.isEmpty { return [] }
        let isNear = latitudes.indices.contains { place in
            (latitudes[place] != 0 || longitudes[place] != 0) && abs(latitudes[place]) < Self.near_deg
                && abs(longitudes[place]) < Self.near_deg
        }
        return isNear ? [] : zeros
    }
}
