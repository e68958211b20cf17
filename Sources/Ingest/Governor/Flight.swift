import Foundation

/// A permitted call that is not settled, and where it counts once it is. Pure.
struct Flight: Sendable {
    /// A call of unknown outcome may still arrive at Strava for this long after it ended here, in seconds.
    static let unknownGrace_s = 60.0
    /// An answer dated this many seconds before a window's end was certainly written within the window: `Date` is cut to the second.
    static let dateMargin_s = 2.0

    let permit: Permit
    let quarter: QuotaWindow
    let sentAt: Moment
    let reportsUsage: Bool
    /// Calls of other instances that were known to have arrived when this one was sent.
    let othersSettled: (quarter: Int, day: Int)
    /// Sent beyond limits in doubt.
    let isProbe: Bool

    /// The windows in which a call counts. A call that did not certainly end within its window may have arrived in the next one too; its
    /// headers then say nothing certain about either.
    struct Placement {
        /// The call certainly arrived in its quarter hour.
        let arrivedInQuarter: Bool
        let quarter: QuotaWindow
        /// The headers speak of `quarter`.
        let quarterIsCertain: Bool
        let day: QuotaWindow
        let dayIsCertain: Bool
        /// Uptime from which a usage header includes the call, in seconds.
        let endedAt_s: Double
        /// Strava put the call into this quarter hour, neither its own nor the next: it counts there as well.
        let otherQuarter: QuotaWindow?
    }

    func placement(of outcome: CallOutcome, place: ServerClock.Place, now: Moment) -> Placement {
        let date_s = outcome.serverDate?.timeIntervalSince1970
        let dated = date_s.map { QuotaWindow(.quarter, containing: $0) }
        let isInside = place == .inside(quarter) && (dated ?? quarter) == quarter && outcome.isAnswered
        let isDatedBeforeEnd = date_s.map { $0 + Self.dateMargin_s <= Double(quarter.end_s) } ?? false
        let counted = isInside || dated == quarter ? quarter : quarter.next
        let isDatedSameDay = (dated?.day ?? quarter.day) == quarter.day
        let isInsideDay = isInside || (quarter.day == quarter.next.day && outcome.isAnswered && isDatedSameDay)
        return Placement(
            arrivedInQuarter: isInside || (isDatedBeforeEnd && dated == quarter), quarter: counted, quarterIsCertain: isInside,
            day: isInsideDay ? quarter.day : counted.day, dayIsCertain: isInsideDay,
            endedAt_s: outcome.isAnswered ? now.uptime_s : now.uptime_s + Self.unknownGrace_s,
            otherQuarter: dated.flatMap { $0 == quarter || $0 == quarter.next ? nil : $0 })
    }

    /// When Strava gave the answer, by its own clock in seconds since 1970.
    func answeredAt_s(_ outcome: CallOutcome, clock: ServerClock, now: Moment) -> ClosedRange<Double> {
        if let date = outcome.serverDate?.timeIntervalSince1970 { return date...date }
        let (first, last) = (clock.reading(at: sentAt).lowerBound, clock.reading(at: now).upperBound)
        return min(first, last)...last
    }
}
