import StravaAPI

/// The application's quota as configured: calls in a natural quarter hour and calls in a UTC day. Limits in Strava's headers replace it.
public struct RateLimit: Sendable, Equatable {
    /// Calls in a quarter hour that starts at :00, :15, :30 or :45.
    public let quarter: Int
    /// Calls in a day that starts at midnight UTC.
    public let day: Int

    public init(quarter: Int, day: Int) {
        self.quarter = quarter
        self.day = day
    }

    /// Reads `600,30000`. Nil unless both are whole numbers from 1 to `limitMax`.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            Int(part.filter { $0 != " " })
        }
        guard parts.count == 2, let quarter = parts[0], let day = parts[1],
            Self.allowed.contains(quarter), Self.allowed.contains(day)
        else { return nil }
        self.init(quarter: quarter, day: day)
    }

    /// For benchmarks against a simulator without limits: costs next to nothing per call.
    public static let unlimited = RateLimit(quarter: limitMax, day: limitMax)

    /// Larger numbers, in the configuration or in a header, are ignored.
    public static let limitMax = 1_000_000_000
    static let allowed = 1...limitMax
}

/// The limits in force: as configured, then as Strava's headers say (docs/strava-api.md 2: read them, never hard-code). Pure.
///
/// Answers overtake one another, and instances receive them at different times. So a limit is lowered at once, and raised only by an answer
/// that is certainly newer. A limit that drops implausibly far is in doubt: it holds, but the previous one is kept, and one probe a quarter
/// hour may go beyond it, until an answer names plausible limits again, or the same ones in a later quarter hour.
package struct LearnedLimits: Sendable, Equatable {
    /// The limits of one span, in both buckets. All our calls count in both.
    package struct Bucketed: Sendable, Equatable {
        package var overall: Int
        /// Nil as long as no header named one.
        package var read: Int?

        /// The one that binds first.
        package var least: Int { min(overall, read ?? overall) }

        fileprivate func lesser(_ other: Bucketed) -> Bucketed {
            Bucketed(overall: min(overall, other.overall), read: read.map { min($0, other.read ?? $0) } ?? other.read)
        }
    }

    /// What held before implausible limits, which are in force now.
    package struct Doubt: Sendable, Equatable {
        /// The limits that held before.
        package var quarter: Bucketed
        package var day: Bucketed
        /// When the implausible ones were first named, by Strava's clock in whole seconds since 1970.
        package var since_s: Int

        subscript(span: QuotaSpan) -> Bucketed { span == .quarter ? quarter : day }
    }

    /// Two answers whose times differ by no more than this may have been counted in either order: `Date` is cut to the second, and
    /// Strava has more than one server.
    private static let orderMargin_s = 2.0
    /// No application has a limit below this one.
    private static let leastPlausible = 5
    /// A limit that headers named before does not plausibly drop below one part in this many...
    private static let plausibleShare = 20
    /// ...unless to one that Strava gives: 100 calls a quarter hour and 1,000 a day are its smallest tier.
    private static let tierMin = (quarter: 100, day: 1_000)
    /// Implausible limits count as repeated when they are named again this much later, in seconds, and in another quarter hour.
    private static let repeatedAfter_s = 60.0

    package var quarter: Bucketed
    package var day: Bucketed
    /// When a header last named limits, by Strava's clock in seconds since 1970; 0: never.
    package var seenAt_s: Double = 0
    /// Nil: the limits are plausible or confirmed.
    package var doubt: Doubt?

    package init(_ configured: RateLimit) {
        quarter = Bucketed(overall: configured.quarter, read: nil)
        day = Bucketed(overall: configured.day, read: nil)
    }

    subscript(span: QuotaSpan) -> Bucketed { span == .quarter ? quarter : day }

    /// Learns the limits in the headers of an answer that Strava gave within `at_s` (seconds since 1970); empty and impossible values change
    /// nothing. True when a limit changed, or came into doubt or out of it.
    mutating func learn(_ headers: RateLimitHeaders, at_s: ClosedRange<Double>) -> Bool {
        guard Self.named(by: headers) else { return false }
        var told = self
        if let value = Self.possible(headers.overall?.quarterLimit) { told.quarter.overall = value }
        if let value = Self.possible(headers.overall?.dayLimit) { told.day.overall = value }
        if let value = Self.possible(headers.read?.quarterLimit) { told.quarter.read = value }
        if let value = Self.possible(headers.read?.dayLimit) { told.day.read = value }
        let before = self
        told.doubt = doubt(about: told, at_s)
        let isNewer = seenAt_s == 0 || at_s.lowerBound > seenAt_s + Self.orderMargin_s
        take(told, isNewer: isNewer, at_s: at_s.upperBound)
        return (before.quarter, before.day) != (quarter, day) || (before.doubt == nil) != (doubt == nil)
    }

    /// Whether these headers name a possible limit.
    static func named(by headers: RateLimitHeaders?) -> Bool {
        [headers?.overall, headers?.read].contains { possible($0?.quarterLimit) != nil || possible($0?.dayLimit) != nil }
    }

    /// Strava refused a call, so the limits are true. Returns true when they were in doubt.
    mutating func confirm(at_s: Double) -> Bool {
        guard doubt != nil else { return false }
        doubt = nil
        seenAt_s = max(seenAt_s, at_s)
        return true
    }

    /// A call beyond these limits was answered, so the previous ones hold again. Returns true when the limits were in doubt.
    mutating func disprove(at_s: Double) -> Bool {
        guard let doubt else { return false }
        (quarter, day, self.doubt) = (doubt.quarter, doubt.day, nil)
        seenAt_s = max(seenAt_s, at_s)
        return true
    }

    /// Merges what another instance has learned, or the ledger knows: the same rule as sync.quota_learn() in PostgreSQL. Of two configured
    /// limits the later one holds.
    package mutating func merge(_ other: LearnedLimits) {
        if other.seenAt_s == 0 || seenAt_s == 0 {
            if seenAt_s == 0 { self = other }
        } else if other.seenAt_s >= seenAt_s - Self.orderMargin_s {
            take(other, isNewer: other.seenAt_s > seenAt_s + Self.orderMargin_s, at_s: other.seenAt_s)
        }
    }

    // MARK: Parts

    /// Takes all of `told` when it is certainly newer, else the lesser of each limit. The time advances only when all of `told` was taken.
    private mutating func take(_ told: LearnedLimits, isNewer: Bool, at_s: Double) {
        let least = (quarter: quarter.lesser(told.quarter), day: day.lesser(told.day))
        let isWhole = isNewer || least == (told.quarter, told.day)
        doubt = isNewer ? told.doubt : sharedDoubt(told)
        (quarter, day) = isNewer ? (told.quarter, told.day) : least
        if isWhole { seenAt_s = max(seenAt_s, at_s) }
    }

    /// The doubt that is left when limits of about the same time are merged: none when both are the same and one of them is without doubt;
    /// else the lesser of what held before.
    private func sharedDoubt(_ told: LearnedLimits) -> Doubt? {
        if doubt == nil && told.doubt == nil { return nil }
        let isSame = (quarter, day) == (told.quarter, told.day)
        if isSame && (doubt == nil || told.doubt == nil) { return nil }
        return Doubt(
            quarter: (doubt?.quarter ?? quarter).lesser(told.doubt?.quarter ?? told.quarter),
            day: (doubt?.day ?? day).lesser(told.doubt?.day ?? told.day),
            since_s: max(doubt?.since_s ?? 0, told.doubt?.since_s ?? 0))
    }

    /// The doubt about limits that an answer just named; nil: they are plausible, or confirmed by being repeated.
    private func doubt(about told: LearnedLimits, _ at_s: ClosedRange<Double>) -> Doubt? {
        let held = doubt ?? Doubt(quarter: quarter, day: day, since_s: Int(at_s.upperBound))
        let isPlausible =
            isPlausible(told.quarter.overall, after: held.quarter.overall, tierMin: Self.tierMin.quarter)
            && isPlausible(told.day.overall, after: held.day.overall, tierMin: Self.tierMin.day)
            && isPlausible(told.quarter.read, after: held.quarter.least, tierMin: Self.tierMin.quarter)
            && isPlausible(told.day.read, after: held.day.least, tierMin: Self.tierMin.day)
        if isPlausible { return nil }
        guard doubt != nil, (quarter, day) == (told.quarter, told.day) else {
            return Doubt(quarter: held.quarter, day: held.day, since_s: Int(at_s.upperBound))
        }
        let first = QuotaWindow(.quarter, containing: Double(held.since_s))
        let isRepeated =
            at_s.lowerBound >= Double(held.since_s) + Self.repeatedAfter_s
            && QuotaWindow(.quarter, containing: at_s.lowerBound) > first
        return isRepeated ? nil : held
    }

    private func isPlausible(_ told: Int?, after held: Int, tierMin: Int) -> Bool {
        guard let told, told < held else { return true }
        if told < Self.leastPlausible { return false }
        // The configured limit is a guess at the application's tier; only a header's is a measure.
        return seenAt_s == 0 || told >= tierMin || told * Self.plausibleShare >= held
    }

    private static func possible(_ value: Int?) -> Int? {
        value.flatMap { RateLimit.allowed.contains($0) ? $0 : nil }
    }
}
