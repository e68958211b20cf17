import Foundation

/// One instant by two clocks of this machine: the wall clock, which may be wrong or be set, and the uptime in seconds, which only runs
/// forward. All decisions take it as a parameter.
package struct Moment: Sendable, Equatable {
    package let wall: Date
    package let uptime_s: Double

    package init(wall: Date, uptime_s: Double) {
        self.wall = wall
        self.uptime_s = uptime_s
    }

    /// The wall clock's time in `seconds`.
    func wall(after seconds: Double) -> Date { wall.addingTimeInterval(seconds) }
}

/// Strava's time as an interval: from the `Date` headers of answers, carried forward by uptime, so that setting the local clock changes
/// nothing. Before the first answer it is the local clock's time, give or take 1.5 s. Pure.
struct ServerClock: Sendable {
    /// Where an instant lies among the quarter hours.
    enum Place: Equatable {
        case inside(QuotaWindow)
        /// Within the uncertainty around the end of `window`; certain again in `wait_s` seconds.
        case edge(of: QuotaWindow, wait_s: Double)
    }

    /// Nothing is sent this close to a window's edge, on either side: Strava's counter is not known to the millisecond.
    private static let edgeMargin_s = 1.0
    /// How far the local clock may be off before Strava's time is known.
    private static let localUncertainty_s = 1.5
    /// A local clock that differs by no more than this widens the interval.
    private static let localTrust_s = 5.0
    /// Clock drift as a share: more than that of any ordinary machine.
    private static let drift = 1e-4
    /// Answers slower than this say too little about the time.
    private static let sampleWidthMax_s = 10.0

    private struct Bounds {
        var lower: Double
        var upper: Double
        var measuredAt_s: Double
    }

    /// Server time minus uptime, in seconds since 1970.
    private var bounds: Bounds?
    private var outliers = 0

    /// Strava's time at the earliest and at the latest, in seconds since 1970.
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

    /// An answer carried `date`: Strava's time cut to the second, at some instant between `sentAt` and `now`.
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

    /// Overlapping samples narrow the interval, near ones widen it (Strava has more than one server), far ones are ignored until the third in
    /// a row, which replaces it.
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
