import Foundation

/// How many athletes there are and how long their lists are in all. Estimates will do.
public struct FleetLoad: Sendable, Equatable {
    public var athletes: Int
    public var activities: Int
    /// How many of the athletes have an activity that started in the last 7 days.
    public var training: Int

    /// - Parameter training: nil: all.
    public init(athletes: Int, activities: Int, training: Int? = nil) {
        self.athletes = athletes
        self.activities = activities
        self.training = training ?? athletes
    }

    /// Calls of one walk over all lists: pages of 200, the last of each athlete half full, and the empty page that ends the walk.
    var walkCalls: Double { Double(activities) / 200 + 1.5 * Double(athletes) }
}

/// How often lists are looked at and walked, so that all athletes together fit into the day's quota. Pure.
public struct SyncPace: Sendable, Equatable {
    /// Share of the day's calls for walks over whole lists.
    public static let walkShare = 0.04
    /// Walks once a week may take up to this share; with more athletes than that allows, walks become rarer.
    public static let walkShareMax = 0.12
    /// Share of the day's calls for profiles of athletes with a new activity that are read sooner than after `profileInterval_s`.
    public static let profileShare = 0.02
    /// The average athlete is looked at this many times less often than one who records daily.
    private static let averageHabit = 2.0

    /// Time between two walks over one athlete's list, in seconds.
    public let walkInterval_s: Double
    /// Factor by which each athlete's list interval is longer than for an athlete alone; at least 1.
    public let listStretch: Double
    /// Further factor while Strava's events announce new activities; 1: they don't.
    public var eventStretch: Double = 1
    /// Time between two reads of the profile of an athlete with a new activity, in seconds. Whoever has one has trained in the last 7 days, so
    /// the number of those athletes bounds the reads of a day.
    public let profileInterval_s: Double
    /// Calls a day for looks and walks of all athletes.
    let callsPerDay: Double
    /// Calls a day for profiles and stats of all athletes, at most.
    let ownCallsPerDay: Double
    /// Mean number of calls of a look.
    let callsPerLook: Double

    /// The pace for an athlete alone.
    public init(settings: SyncSettings) {
        walkInterval_s = settings.walkInterval_s
        listStretch = 1
        profileInterval_s = settings.profileIntervalMin_s
        (callsPerDay, ownCallsPerDay) = (0, 0)
        callsPerLook = Self.callsPerLook(interval_s: settings.listInterval_s)
    }

    /// The pace for all athletes.
    ///
    /// - Parameter dayLimit: calls that Strava allows in a UTC day.
    public init(load: FleetLoad, dayLimit: Int, settings: SyncSettings) {
        let day = Double(max(1, dayLimit))
        let rolling = 86_400 * load.walkCalls / (day * Self.walkShare)
        let atLeast = 86_400 * load.walkCalls / (day * Self.walkShareMax)
        walkInterval_s = max(min(max(rolling, settings.walkIntervalMin_s), settings.walkInterval_s), atLeast)
        let interval_s = settings.listInterval_s * Self.averageHabit
        let looks = Double(load.athletes) * 86_400 / interval_s
        // The cost of a look and the interval depend on each other: the most expensive look gives the first estimate.
        let stretchMax = max(1, looks * Self.callsPerLook(interval_s: .infinity) / (day * settings.listShare))
        callsPerLook = Self.callsPerLook(interval_s: interval_s * stretchMax)
        listStretch = max(1, looks * callsPerLook / (day * settings.listShare))
        callsPerDay = looks * callsPerLook / listStretch + 86_400 * load.walkCalls / walkInterval_s
        let sooner_s = max(settings.profileIntervalMin_s, 86_400 * Double(load.training) / (day * Self.profileShare))
        profileInterval_s = min(sooner_s, settings.profileInterval_s)
        ownCallsPerDay =
            86_400 * (Double(load.training) / profileInterval_s + Double(2 * load.athletes - load.training) / settings.profileInterval_s)
    }

    /// Calls of a look: one if the page is empty, a second one if it reaches back or finds something, which rarer looks do more often. The numbers
    /// come from a simulated week.
    private static func callsPerLook(interval_s: Double) -> Double { 1.15 + 0.35 * min(1, interval_s / 43_200) }

    /// Calls for looks, walks, profiles and stats until the UTC day ends.
    package func callsLeftToday(at now: Date) -> Int {
        let spent_s = now.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400)
        return Int((callsPerDay + ownCallsPerDay) * (86_400 - spent_s) / 86_400)
    }

    /// The factor by which an athlete is looked at less often than one who records daily: the square root of the mean gap in days, at most 8.
    ///
    /// - Parameter recentCount: activities that started in the last 28 days.
    static func habit(recentCount: Int) -> Double {
        min(8, max(1, (28 / max(Double(recentCount), 0.1)).squareRoot()))
    }

    /// A factor from 0.8 to 1 for an interval, so that athletes whose intervals began together (at an import or after a downtime) spread out. The
    /// same for the same athlete and beginning.
    static func spread(_ athlete: Int64, from beginning: Date) -> Double { 0.8 + 0.2 * chance(athlete, at: beginning) }

    /// A number between 0 and 1 that looks random and is the same for the same athlete and second.
    static func chance(_ athlete: Int64, at instant: Date) -> Double {
        let second = UInt64(bitPattern: Int64(instant.timeIntervalSince1970.rounded(.down)))
        var hash = UInt64(bitPattern: athlete) &* 0x9e37_79b9_7f4a_7c15 ^ second &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        hash ^= hash >> 33
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
