import Foundation

/// The quota as it stands, for a price in hours.
public struct QuotaSituation: Sendable, Equatable {
    /// Calls in a quarter hour, and those of this one that are used.
    public var quarterLimit: Int
    public var quarterUsed: Int
    /// Calls in a UTC day, and those of today that are used.
    public var dayLimit: Int
    public var dayUsed: Int
    /// When the day ends.
    public var dayEndsAt: Date
    /// Calls a day that the ordinary work of all athletes takes.
    public var ordinaryPerDay: Int
    /// Whether calls are spread evenly over the day, as work for all athletes is once a day's budget would run out.
    public var isSpread: Bool

    public init(
        quarterLimit: Int, quarterUsed: Int, dayLimit: Int, dayUsed: Int, dayEndsAt: Date, ordinaryPerDay: Int, isSpread: Bool
    ) {
        self.quarterLimit = quarterLimit
        self.quarterUsed = quarterUsed
        self.dayLimit = dayLimit
        self.dayUsed = dayUsed
        self.dayEndsAt = dayEndsAt
        self.ordinaryPerDay = ordinaryPerDay
        self.isSpread = isSpread
    }
}

/// How long calls take under a quota. Pure; an estimate, since Strava's answers and other work decide.
public struct PricePlan: Sendable {
    /// Ordinary work never leaves less than this share of a day to the rest.
    private static let freeShareMin = 0.05
    private static let day_s: Double = 86_400
    private static let quarter_s: Double = 900

    public let quota: QuotaSituation
    public let now: Date

    public init(quota: QuotaSituation, now: Date) {
        self.quota = quota
        self.now = now
    }

    /// Seconds until `calls` more calls are made.
    public func duration_s(calls: Int) -> Double {
        if calls <= 0 { return 0 }
        let left_s = max(1, quota.dayEndsAt.timeIntervalSince(now))
        let free = freeToday(left_s)
        if Double(calls) <= free { return withinDay(calls: Double(calls), free: free, left_s: left_s) }
        let rest = Double(calls) - free
        let days = (rest / freePerDay).rounded(.down)
        let last = rest - days * freePerDay
        return left_s + days * Self.day_s + withinDay(calls: last, free: freePerDay, left_s: Self.day_s, quarterUsed: 0)
    }

    /// What ordinary work leaves of a whole day.
    private var freePerDay: Double {
        let limit = Double(max(1, quota.dayLimit))
        return max(1, max(limit * Self.freeShareMin, limit - Double(quota.ordinaryPerDay)))
    }

    private func freeToday(_ left_s: Double) -> Double {
        let left = Double(max(0, quota.dayLimit - quota.dayUsed))
        let ordinary = Double(quota.ordinaryPerDay) * min(1, left_s / Self.day_s)
        return max(left * Self.freeShareMin, left - ordinary)
    }

    private func withinDay(calls: Double, free: Double, left_s: Double, quarterUsed: Int? = nil) -> Double {
        if calls <= 0 { return 0 }
        if quota.isSpread { return left_s * calls / max(free, 1) }
        let now = Double(max(0, quota.quarterLimit - (quarterUsed ?? quota.quarterUsed)))
        if calls <= now { return 0 }
        return ((calls - now) / Double(max(1, quota.quarterLimit))).rounded(.up) * Self.quarter_s
    }
}
