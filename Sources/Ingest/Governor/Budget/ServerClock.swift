import Foundation

/// What time it is at Strava, as an interval: from the `Date` headers of answers, carried forward by uptime so that setting the
/// local clock changes nothing. Before the first answer only the local clock is there, and believed within 1.5 s.
struct ServerClock: Sendable {
    /// Where an instant lies among the quarter hours.
    enum Place: Equatable {
        case inside(QuotaWindow)
        /// Within the uncertainty around the end of `window`; certain again in `wait_s` seconds.
        case edge(of: QuotaWindow, wait_s: Double)
    }

    /// Around an edge nothing is sent for this long on both sides, since nobody knows Strava's counter to the millisecond.
    static let edgeMargin_s = 1.0
    /// How far the local clock is believed before Strava has told the time.
    static let localUncertainty_s = 1.5
    /// A local clock that is off by no more than this is believed too, where that is the more careful thing.
    static let localTrust_s = 5.0
    /// Clocks drift: 100 millionths is more than any ordinary machine.
    static let drift = 1e-4
    /// Answers slower than this tell too little about the time.
    static let sampleWidthMax_s = 10.0

    private struct Bounds {
        var lower: Double
        var upper: Double
        var measuredAt_s: Double
    }

    /// Server time minus uptime, in seconds since 1970.
    private var bounds: Bounds?
    private var outliers = 0

    /// The earliest and the latest that it may be at Strava, in seconds since 1970.
    func reading(at moment: Moment) -> ClosedRange<Double> {
        let wall = moment.wall.timeIntervalSince1970
        guard let bounds else { return (wall - Self.localUncertainty_s)...(wall + Self.localUncertainty_s) }
        let slack = max(0, moment.uptime_s - bounds.measuredAt_s) * Self.drift
        let lower = moment.uptime_s + bounds.lower - slack
        let upper = moment.uptime_s + bounds.upper + slack
        guard abs(wall - (lower + upper) / 2) <= Self.localTrust_s else { return lower...upper }
        return min(lower, wall)...max(upper, wall)
    }

    func place(at moment: Moment) -> Place {
        let reading = reading(at: moment)
        let first = QuotaWindow(.quarter, containing: reading.lowerBound - Self.edgeMargin_s)
        let last = QuotaWindow(.quarter, containing: reading.upperBound + Self.edgeMargin_s)
        if first == last { return .inside(first) }
        let edge = last.previous
        return .edge(of: edge, wait_s: Double(edge.end_s) + Self.edgeMargin_s - reading.lowerBound + 0.001)
    }

    /// Strava's clock minus the local one, in seconds.
    func offset_s(at moment: Moment) -> Double? {
        guard let bounds else { return nil }
        return moment.uptime_s + (bounds.lower + bounds.upper) / 2 - moment.wall.timeIntervalSince1970
    }

    /// An answer carried `date`. It was written, cut to the second, somewhere between the sending and now.
    mutating func heard(_ date: Date, sentAt: Moment, now: Moment) {
        let second = date.timeIntervalSince1970
        let sample = Bounds(lower: second - now.uptime_s, upper: second + 1 - sentAt.uptime_s, measuredAt_s: now.uptime_s)
        guard let known = bounds else {
            bounds = sample
            return
        }
        guard sample.upper - sample.lower <= Self.sampleWidthMax_s else { return }
        let slack = max(0, now.uptime_s - known.measuredAt_s) * Self.drift
        merge(sample, with: Bounds(lower: known.lower - slack, upper: known.upper + slack, measuredAt_s: now.uptime_s))
    }

    /// Agreeing samples narrow the interval, near ones widen it (Strava has more than one server), far ones need two witnesses more.
    private mutating func merge(_ sample: Bounds, with known: Bounds) {
        let gap = max(sample.lower - known.upper, known.lower - sample.upper)
        if gap <= 0 {
            outliers = 0
            bounds = Bounds(
                lower: max(sample.lower, known.lower), upper: min(sample.upper, known.upper), measuredAt_s: sample.measuredAt_s)
        } else if gap <= 3 {
            bounds = Bounds(
                lower: min(sample.lower, known.lower), upper: max(sample.upper, known.upper), measuredAt_s: sample.measuredAt_s)
        } else {
            outliers += 1
            if outliers >= 3 {
                outliers = 0
                bounds = sample
            }
        }
    }
}
