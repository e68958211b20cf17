import Foundation

/// How many athletes there are and how long their lists are together; estimates will do.
public struct FleetLoad: Sendable, Equatable {
    public var athletes: Int
    public var activities: Int

    public init(athletes: Int, activities: Int) {
        self.athletes = athletes
        self.activities = activities
    }

    /// Calls of one walk over all lists: pages of 200, of which each athlete's last is half full, and the empty one that ends it.
    var walkCalls: Double { Double(activities) / 200 + 1.5 * Double(athletes) }
}

/// The rhythm that the day's budget allows to all athletes together. Pure.
public struct SyncPace: Sendable, Equatable {
    /// Share of the day's calls that walks over the whole lists take.
    public static let walkShare = 0.04
    /// The week's rhythm is kept even if it costs more than its share, up to this one; beyond it the budget decides.
    public static let walkShareMax = 0.12
    /// An athlete of average habits is looked at this much less often than one who records daily.
    private static let averageHabit = 2.0

    /// Time between two walks over one athlete's list, in seconds.
    public let walkInterval_s: Double
    /// How much longer everybody's list interval is than it would be alone; 1 or more.
    public let listStretch: Double
    /// How much longer it is while Strava's events tell what is new; 1: they don't.
    public var eventStretch: Double = 1
    /// Calls of a day's looks and walks, of all athletes together.
    let callsPerDay: Double
    /// Mean calls of one look.
    let callsPerLook: Double

    /// The rhythm of an athlete alone.
    public init(settings: SyncSettings) {
        walkInterval_s = settings.walkInterval_s
        listStretch = 1
        callsPerDay = 0
        callsPerLook = Self.callsPerLook(interval_s: settings.listInterval_s)
    }

    /// The rhythm of all.
    /// - Parameter dayLimit: calls that Strava allows in a UTC day.
    public init(load: FleetLoad, dayLimit: Int, settings: SyncSettings) {
        let day = Double(max(1, dayLimit))
        let rolling = 86_400 * load.walkCalls / (day * Self.walkShare)
        let atLeast = 86_400 * load.walkCalls / (day * Self.walkShareMax)
        walkInterval_s = max(min(max(rolling, settings.walkIntervalMin_s), settings.walkInterval_s), atLeast)
        let interval_s = settings.listInterval_s * Self.averageHabit
        let looks = Double(load.athletes) * 86_400 / interval_s
        // The cost of a look and the interval hang on each other: the dearest look gives the first estimate.
        let stretchMax = max(1, looks * Self.callsPerLook(interval_s: .infinity) / (day * settings.listShare))
        callsPerLook = Self.callsPerLook(interval_s: interval_s * stretchMax)
        listStretch = max(1, looks * callsPerLook / (day * settings.listShare))
        callsPerDay = looks * callsPerLook / listStretch + 86_400 * load.walkCalls / walkInterval_s
    }

    /// One call, which answers with an empty page; a second one when it reaches back, or finds something: the more often the rarer it is.
    /// The numbers are those of a simulated week.
    private static func callsPerLook(interval_s: Double) -> Double { 1.15 + 0.35 * min(1, interval_s / 43_200) }

    /// Calls of looks and walks until the UTC day ends.
    package func callsLeftToday(at now: Date) -> Int {
        let spent_s = now.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400)
        return Int(callsPerDay * (86_400 - spent_s) / 86_400)
    }

    /// How often an athlete records decides how often it is looked at: with the root of the gap, from daily to hardly ever.
    /// - Parameter recentCount: activities that started in the last 28 days.
    static func habit(recentCount: Int) -> Double {
        min(8, max(1, (28 / max(Double(recentCount), 0.1)).squareRoot()))
    }

    /// Shortens an interval by up to a fifth, always by the same for the same athlete and beginning, so that those who began together
    /// (an import, the end of a downtime) come apart and the interval is never exceeded.
    static func spread(_ athlete: Int64, from beginning: Date) -> Double { 0.8 + 0.2 * chance(athlete, at: beginning) }

    /// Between 0 and 1 by the look of it, and always the same for the same athlete and second.
    static func chance(_ athlete: Int64, at instant: Date) -> Double {
        let second = UInt64(bitPattern: Int64(instant.timeIntervalSince1970.rounded(.down)))
        var hash = UInt64(bitPattern: athlete) &* 0x9e37_79b9_7f4a_7c15 ^ second &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        hash ^= hash >> 33
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
