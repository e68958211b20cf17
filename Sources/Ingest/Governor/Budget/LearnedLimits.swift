import StravaAPI

/// The limits in force: as configured, then as Strava's headers say (STRAVA_API.md 2: read them, never hard-code).
package struct LearnedLimits: Sendable, Equatable {
    /// The limits of one span, in both buckets. All our calls count in both.
    package struct Bucketed: Sendable, Equatable {
        package var overall: Int
        /// Nil as long as no header named one.
        package var read: Int?

        /// The one that binds first.
        package var least: Int { min(overall, read ?? overall) }
    }

    package var quarter: Bucketed
    package var day: Bucketed
    /// When a header last named limits, in seconds since 1970; 0: only the configuration did.
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

    /// Takes over what the headers name; empty and absurd values change nothing. True when a limit changed.
    mutating func learn(_ headers: RateLimitHeaders, at seenAt_s: Double) -> Bool {
        let before = self
        if let value = believed(headers.overall?.quarterLimit) { quarter.overall = value }
        if let value = believed(headers.overall?.dayLimit) { day.overall = value }
        if let value = believed(headers.read?.quarterLimit) { quarter.read = value }
        if let value = believed(headers.read?.dayLimit) { day.read = value }
        let named = [headers.overall?.quarterLimit, headers.overall?.dayLimit, headers.read?.quarterLimit]
        if named.contains(where: { believed($0) != nil }) { self.seenAt_s = max(self.seenAt_s, seenAt_s) }
        return before.quarter != quarter || before.day != day
    }

    private func believed(_ value: Int?) -> Int? {
        value.flatMap { RateLimit.allowed.contains($0) ? $0 : nil }
    }
}
