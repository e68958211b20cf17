import StravaAPI

/// The highest usage that a header named in one window, in both buckets. Counters only rise, so a late or disordered header,
/// which is lower, changes nothing.
package struct WindowUsage: Sendable, Equatable {
    package var overall = 0
    package var read = 0

    package init(overall: Int = 0, read: Int = 0) {
        self.overall = overall
        self.read = read
    }

    package mutating func merge(_ other: WindowUsage) {
        overall = max(overall, other.overall)
        read = max(read, other.read)
    }

    /// What `headers` say about `span`; nil when they say nothing. Absurd numbers are taken for the greatest sensible one.
    init?(_ headers: RateLimitHeaders?, _ span: QuotaSpan) {
        let named = [headers?.overall, headers?.read].map { pair in
            let value = span == .quarter ? pair?.quarterUsage : pair?.dayUsage
            return value.map { min(max($0, 0), RateLimit.limitMax) }
        }
        guard named.contains(where: { $0 != nil }) else { return nil }
        self.init(overall: named[0] ?? 0, read: named[1] ?? 0)
    }

    /// Whether a bucket has reached its limit.
    func reaches(_ limits: LearnedLimits.Bucketed) -> Bool {
        overall >= limits.overall || read >= (limits.read ?? .max)
    }
}
