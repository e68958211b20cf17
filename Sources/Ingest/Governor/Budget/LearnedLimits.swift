import StravaAPI

/// The limits in force: as configured, then as Strava's headers say (STRAVA_API.md 2: read them, never hard-code).
///
/// Answers overtake one another, and instances hear at different times. So a limit sinks at once, and rises only on the word of an
/// answer that is certainly newer.
package struct LearnedLimits: Sendable, Equatable {
    /// The limits of one span, in both buckets. All our calls count in both.
    package struct Bucketed: Sendable, Equatable {
        package var overall: Int
        /// Nil as long as no header named one.
        package var read: Int?

        /// The one that binds first.
        package var least: Int { min(overall, read ?? overall) }
    }

    /// Two answers whose times differ by no more than this may have been counted in either order: `Date` is cut to the second, and
    /// Strava has more than one server.
    static let orderMargin_s = 2.0

    package var quarter: Bucketed
    package var day: Bucketed
    /// When a header last named limits, by Strava's clock in seconds since 1970; 0: only the configuration did.
    package var seenAt_s: Double = 0

    package init(_ configured: RateLimit) {
        quarter = Bucketed(overall: configured.quarter, read: nil)
        day = Bucketed(overall: configured.day, read: nil)
    }

    subscript(span: QuotaSpan) -> Bucketed {
        switch span {
        case .quarter: quarter
        case .day: day
        }
    }

    /// Takes over what the headers of an answer name that Strava gave within `at_s`; empty and absurd values change nothing. True
    /// when a limit changed.
    mutating func learn(_ headers: RateLimitHeaders, at_s: ClosedRange<Double>) -> Bool {
        var told = self
        if let value = believed(headers.overall?.quarterLimit) { told.quarter.overall = value }
        if let value = believed(headers.overall?.dayLimit) { told.day.overall = value }
        if let value = believed(headers.read?.quarterLimit) { told.quarter.read = value }
        if let value = believed(headers.read?.dayLimit) { told.day.read = value }
        let named = [headers.overall?.quarterLimit, headers.overall?.dayLimit, headers.read?.quarterLimit]
        guard named.contains(where: { believed($0) != nil }) else { return false }
        let before = self
        let isNewer = seenAt_s == 0 || at_s.lowerBound > seenAt_s + Self.orderMargin_s
        take(told, isNewer: isNewer, at_s: at_s.upperBound)
        return before.quarter != quarter || before.day != day
    }

    /// Takes over what another instance has learned, or the ledger knows: the same rule as sync.quota_learn() in PostgreSQL. Among
    /// configured limits the last told hold.
    package mutating func merge(_ other: LearnedLimits) {
        if other.seenAt_s == 0 || seenAt_s == 0 {
            if seenAt_s == 0 { self = other }
        } else if other.seenAt_s >= seenAt_s - Self.orderMargin_s {
            take(other, isNewer: other.seenAt_s > seenAt_s + Self.orderMargin_s, at_s: other.seenAt_s)
        }
    }

    // MARK: Parts

    /// All of what was told when it is certainly newer, else the lesser of each. The time only moves on with what was told as a whole.
    private mutating func take(_ told: LearnedLimits, isNewer: Bool, at_s: Double) {
        let least = (quarter: lesser(quarter, told.quarter), day: lesser(day, told.day))
        let isWhole = isNewer || least == (told.quarter, told.day)
        (quarter, day) = isNewer ? (told.quarter, told.day) : least
        if isWhole { seenAt_s = max(seenAt_s, at_s) }
    }

    private func lesser(_ one: Bucketed, _ other: Bucketed) -> Bucketed {
        Bucketed(
            overall: min(one.overall, other.overall), read: one.read.map { min($0, other.read ?? $0) } ?? other.read)
    }

    private func believed(_ value: Int?) -> Int? {
        value.flatMap { RateLimit.allowed.contains($0) ? $0 : nil }
    }
}
