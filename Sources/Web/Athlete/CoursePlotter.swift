import Foundation

/// One plot of an activity's course, in the unit that is shown.
struct CoursePlot: Sendable {
    /// How the values are written.
    enum Form: String, Sendable {
        case int, tenth, time

        var decimals: Int { self == .tenth ? 1 : self == .time ? 1 : 0 }
    }

    let track: CourseCard.Track
    let form: Form
    /// Faster is up.
    let isReversed: Bool
    let values: [Double?]
    let others: [Double?]?
    /// Of the axis; nil: those of the values.
    let limits: (least: Double, most: Double)?

    func text(_ value: Double?) -> String {
        guard let value else { return Quantity.unknown.value }
        switch form {
        case .int: return Figures.load(value).value
        case .time: return Figures.time(value).value
        case .tenth:
            let tenths = Figures.whole(value * 10) ?? 0
            return "\(tenths / 10).\(abs(tenths) % 10)"
        }
    }
}

/// Which plots an activity has, by its sport: speed and power for rides, pace and grade-adjusted pace for runs, pace per 100 m for swims.
struct CoursePlotter: Sendable {
    let activity: ActivityFacts
    let streams: CourseStreams
    let figures: Figures

    var plots: [CoursePlot] { [altitude, heartrate, power, speed, cadence].compactMap { $0 } }

    /// What such an activity could have and these plots don't show.
    func missing(from plots: [CoursePlot]) -> [String] {
        let tones = Set(plots.map(\.track.tone))
        var names: [String] = []
        if !tones.contains("alt"), activity.kind != .swim { names.append("altitude") }
        if !tones.contains("hr") { names.append("heart rate") }
        if !tones.contains("power"), activity.kind == .ride { names.append("power") }
        if !tones.contains("cadence"), activity.kind != .other { names.append("cadence") }
        return names
    }

    private func known(_ series: [Double?]?) -> [Double?]? { series.flatMap { $0.contains { $0 != nil } ? $0 : nil } }

    private var altitude: CoursePlot? {
        guard activity.kind != .swim, let metres = known(streams.altitude_m) else { return nil }
        let values = figures.system == .metric ? metres : metres.map { $0.map { $0 / Figures.metresPerFoot } }
        let highest = values.compactMap { $0 }.max() ?? 0
        return plot(
            "Altitude", "alt", figures.heightUnit, .int, values,
            "climb \(figures.climb(activity.climb_m).text) · highest \(Figures.load(highest).value)")
    }

    private var heartrate: CoursePlot? {
        guard let values = known(streams.heartrate_bpm) else { return nil }
        let words =
            "mean \(Figures.heartrate(activity.heartrate_bpm ?? mean(values)).text) · max "
            + Figures.load(values.compactMap { $0 }.max()).value
        return plot("Heart rate", "hr", "bpm", .int, values, words)
    }

    private var power: CoursePlot? {
        guard activity.kind == .ride || activity.kind == .other, let values = known(streams.power_w) else { return nil }
        let normalized = activity.normalizedPower_w.map { " · normalised \(Figures.load($0).value)" } ?? ""
        let estimated = activity.hasPowerMeter ? "" : " · estimated by Strava"
        let average = "mean \(Figures.power(activity.power_w ?? mean(values)).text)"
        return plot("Power", "power", "W", .int, values, average + normalized + estimated)
    }

    private var speed: CoursePlot? {
        guard let speeds = known(streams.speed_mps) else { return nil }
        let average = figures.speed(activity.speed_mps, of: activity.kind).text
        guard activity.kind.hasPace else {
            let values = speeds.map { $0.map { $0 * 3_600 / figures.metresPerUnit } }
            let words = "mean \(average) · max \(figures.speed(speeds.compactMap { $0 }.max(), of: activity.kind).value)"
            return plot("Speed", "speed", figures.system == .metric ? "km/h" : "mph", .tenth, values, words)
        }
        let length = activity.kind == .swim ? figures.system == .metric ? 100 : 100 * Figures.metresPerYard : figures.metresPerUnit
        let unit = figures.speed(1, of: activity.kind).unit
        // Slower than this is standing.
        func pace(_ speed: Double?) -> Double? { speed.flatMap { $0 > 0.4 ? length / $0 : nil } }
        let values = speeds.map(pace)
        guard known(values) != nil else { return nil }
        let adjusted = activity.kind != .run ? nil : streams.gradeAdjustedSpeeds?.map(pace)
        return CoursePlot(
            track: track("Pace", "speed", unit, "mean \(average)" + adjustedWords, otherName: adjusted == nil ? nil : "grade-adjusted"),
            form: .time, isReversed: true, values: values, others: adjusted, limits: limits(values))
    }

    private var adjustedWords: String {
        guard activity.kind == .run, let seconds = activity.adjustedPace_s_per_km, seconds > 0 else { return "" }
        return " · grade-adjusted \(figures.pace(1_000 / seconds).text)"
    }

    private var cadence: CoursePlot? {
        guard let sent = known(streams.cadence_rpm) else { return nil }
        let isSteps = activity.kind == .run || activity.kind == .walk
        let values = isSteps ? sent.map { $0.map { $0 * 2 } } : sent
        let turning = values.filter { ($0 ?? 0) > 0 }
        return plot(
            "Cadence", "cadence", isSteps ? "spm" : "rpm", .int, values,
            "mean \(Figures.load(mean(values)).value) · without zeros \(Figures.load(mean(turning)).value)")
    }

    // MARK: Parts

    private func plot(
        _ name: String, _ tone: String, _ unit: String, _ form: CoursePlot.Form, _ values: [Double?], _ words: String
    ) -> CoursePlot {
        CoursePlot(
            track: track(name, tone, unit, words, otherName: nil), form: form, isReversed: false, values: values, others: nil, limits: nil)
    }

    private func track(_ name: String, _ tone: String, _ unit: String, _ words: String, otherName: String?) -> CourseCard.Track {
        CourseCard.Track(name: name, tone: tone, unit: unit, words: words, label: "\(name) in \(unit): \(words)", otherName: otherName)
    }

    private func mean(_ values: [Double?]) -> Double? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }

    /// Without the slowest twentieth: a stop would flatten the rest.
    private func limits(_ values: [Double?]) -> (least: Double, most: Double)? {
        let known = values.compactMap { $0 }.sorted()
        guard let fastest = known.first else { return nil }
        let slowest = known[min(known.count - 1, known.count * 95 / 100)]
        let step = slowest - fastest > 120 ? 60.0 : 15
        return ((fastest / step).rounded(.down) * step, max((slowest / step).rounded(.up) * step, fastest + step))
    }
}

/// The figures of the plots at regular distances or times, for those who read.
struct CourseTable: Sendable {
    private static let steps: [Double] = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1_000]
    private static let linesMax = 24

    let plots: [CoursePlot]
    let streams: CourseStreams
    let figures: Figures
    let isByWay: Bool

    var table: DataTable? {
        let unit = isByWay ? figures.metresPerUnit : 60
        let along = isByWay ? streams.distance_m ?? [] : streams.time_s
        guard let end = along.last(where: { $0 != nil }) ?? nil, end > 0 else { return nil }
        let step = (Self.steps.first { $0 * unit * Double(Self.linesMax) >= end } ?? 5_000) * unit
        var (lines, next) = ([[String]](), 0.0)
        for place in along.indices {
            guard let here = along[place], here >= next, lines.count < DataTable.linesMax else { continue }
            let first = isByWay ? figures.distance(here).value : Figures.time(here).value
            let second = isByWay ? [Figures.time(streams.time_s[place]).value] : []
            lines.append([first] + second + plots.map { $0.text($0.values[place]) })
            next = ((here / step).rounded(.down) + 1) * step
        }
        let heads = (isByWay ? [figures.distanceUnit, "Time"] : ["Time"]) + plots.map { "\($0.track.name), \($0.track.unit)" }
        return DataTable("Course", heads: heads, lines: lines)
    }
}
