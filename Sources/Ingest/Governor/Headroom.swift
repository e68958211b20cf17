/// How many calls one quarter hour and its day leave at one instant, and to which classes. Pure.
struct Headroom {
    /// Seconds until the window ends, by Strava's clock at the earliest.
    let left_s: Double
    let dayLeft_s: Double
    /// Calls that certainly fit both windows.
    let free: Int
    let dayFree: Int
    /// Calls that fit if every call of ours is in Strava's count already.
    let freeAtBest: Int
    /// Other instances hold calls, or made some that Strava's number may not include.
    let isUncertainElsewhere: Bool
    let isExhausted: Bool
    let dayIsExhausted: Bool
    private let quarterLimit: Int
    private let quarterUrgent: Int
    private let quarterFree: Int
    private let quarterReserve: Int
    private let dayReserve: Int
    /// Calls that the day's pace leaves now, and seconds until it leaves one; nil: the day is not paced.
    private let pace: (free: Int, opensIn_s: Double)?

    init(
        quarter: WindowTally, day: WindowTally, limits: LearnedLimits, policy: DayPolicy, expectedCalls: Int?, left_s: Double,
        dayLeft_s: Double
    ) {
        self.left_s = left_s
        self.dayLeft_s = dayLeft_s
        quarterFree = quarter.free(limits.quarter)
        dayFree = day.free(limits.day)
        free = min(quarterFree, dayFree)
        freeAtBest = min(quarter.freeAtBest(limits.quarter), day.freeAtBest(limits.day))
        isUncertainElsewhere = quarter.outstandingElsewhere > 0 || day.outstandingElsewhere > 0
        dayIsExhausted = day.exhausted
        isExhausted = quarter.exhausted || day.exhausted
        quarterLimit = limits.quarter.least
        quarterUrgent = quarter.urgentSpent
        quarterReserve = QuarterReserve.calls(limit: quarterLimit, urgentSpent: quarterUrgent, left_s: left_s)
        dayReserve = DayPace.reserve(dayLimit: limits.day.least, urgentSpent: day.urgentSpent, left_s: dayLeft_s)
        let isPaced = policy.paces(
            quarterLimit: limits.quarter.least, dayLimit: limits.day.least, dayFree: dayFree, expectedCalls: expectedCalls)
        pace = isPaced ? Self.pace(limits, used: day.used(limits.day), dayLeft_s: dayLeft_s) : nil
    }

    /// Whether a call of this class may go.
    func allows(_ requestClass: RequestClass) -> Bool {
        if requestClass.isUrgent { return free > 0 }
        return quarterFree > quarterReserve && dayFree > dayReserve && (pace?.free ?? 1) > 0
    }

    /// In how many seconds the non-urgent classes are allowed if nothing but time changes, and why not now. Urgent ones never wait while
    /// something is free.
    var opensIn: (left_s: Double, WaitReason) {
        if let pace, pace.free <= 0 { return (min(left_s, pace.opensIn_s), .dayPace) }
        if dayFree <= dayReserve { return (min(left_s, 60), .reserve) }
        let opensAtLeft_s = QuarterReserve.left_s(whenBelow: quarterFree, limit: quarterLimit, urgentSpent: quarterUrgent)
        return (max(left_s - opensAtLeft_s, 0.05), .reserve)
    }

    private static func pace(_ limits: LearnedLimits, used: Int, dayLeft_s: Double) -> (free: Int, opensIn_s: Double) {
        let (quarter, day) = (limits.quarter.least, limits.day.least)
        let opensAtLeft_s = DayPace.left_s(whenAllowed: used + 1, quarterLimit: quarter, dayLimit: day)
        let free = DayPace.allowance(quarterLimit: quarter, dayLimit: day, left_s: dayLeft_s) - used
        return (free, max(dayLeft_s - opensAtLeft_s, 0.05))
    }
}

/// How the day's budget is spent when it is smaller than 96 full quarter hours (30,000 a day is 312 a quarter hour, not 600).
/// Urgent calls are never paced.
public enum DayPolicy: String, Sendable, Codable, CaseIterable {
    /// As fast as the quarter hours allow, until the day is spent.
    case spend
    /// Evenly over the day. Later quarter hours may use what earlier ones left.
    case spread
    /// `spend` as long as the expected demand fits what is left of the day; else, or when the demand is unknown, `spread`.
    case automatic

    /// Whether non-urgent calls are held to the day's pace.
    func paces(quarterLimit: Int, dayLimit: Int, dayFree: Int, expectedCalls: Int?) -> Bool {
        if dayLimit >= 96 * quarterLimit { return false }
        switch self {
        case .spend: return false
        case .spread: return true
        case .automatic:
            guard let expectedCalls else { return true }
            // A tenth stays for demand that nobody foresees.
            return expectedCalls > dayFree - dayFree / 10
        }
    }
}

/// The line along which a day's budget is spent evenly, and the day's reserve.
enum DayPace {
    /// The line runs this far ahead of the clock, so that it ends before the day does.
    private static let ahead_s = 60.0
    private static let day_s = 86_400.0

    /// Calls of the day that may be used by now if another non-urgent one is to go.
    ///
    /// The line starts one quarter hour's limit (at most a tenth of the day) above zero, so that an installation with one athlete is not slow
    /// after midnight, and ends on the day's limit. It rises continuously, not by quarter hours, so that a call which becomes urgent goes next
    /// instead of waiting for a quarter hour to begin.
    static func allowance(quarterLimit: Int, dayLimit: Int, left_s: Double) -> Int {
        let headStart = headStart(quarterLimit, dayLimit)
        let share = min(max((day_s - left_s + ahead_s) / day_s, 0), 1)
        return headStart + Int(Double(dayLimit - headStart) * share)
    }

    /// How many seconds before the day's end the line reaches `calls`.
    static func left_s(whenAllowed calls: Int, quarterLimit: Int, dayLimit: Int) -> Double {
        let headStart = headStart(quarterLimit, dayLimit)
        return day_s + ahead_s - day_s * Double(calls - headStart) / Double(max(1, dayLimit - headStart))
    }

    private static func headStart(_ quarterLimit: Int, _ dayLimit: Int) -> Int { min(quarterLimit, dayLimit / 10) }

    /// Calls of the day kept for urgent ones: a twentieth, less the urgent calls made, shrinking with the rest of the day.
    static func reserve(dayLimit: Int, urgentSpent: Int, left_s: Double) -> Int {
        let whole = Double(max(0, dayLimit / 20 - urgentSpent))
        return Int((whole * min(max(left_s / day_s, 0), 1)).rounded(.down))
    }
}

/// The calls of a quarter hour kept for urgent ones: a twentieth (30 of 600), less the urgent calls made.
///
/// The reserve is released to the other classes from 90 to 30 seconds before the window's end. Thirty seconds are enough to spend a
/// twentieth at 1 call a second under 600 a quarter hour, the rate needed to use a window at all; so with a backlog nothing of it is lost,
/// and an urgent call waits at worst a minute for the next window.
enum QuarterReserve {
    private static let releasedFrom_s = 90.0
    private static let releasedBy_s = 30.0
    /// Below this limit a reserve of one call would be a large share.
    private static let limitMin = 10

    static func calls(limit: Int, urgentSpent: Int, left_s: Double) -> Int {
        let whole = whole(limit: limit, urgentSpent: urgentSpent)
        let share = min(max((left_s - releasedBy_s) / (releasedFrom_s - releasedBy_s), 0), 1)
        return Int((Double(whole) * share).rounded(.up))
    }

    /// How many seconds before the window's end the reserve has shrunk below `free` calls.
    static func left_s(whenBelow free: Int, limit: Int, urgentSpent: Int) -> Double {
        let whole = whole(limit: limit, urgentSpent: urgentSpent)
        guard whole > 0, free > 0 else { return 0 }
        return releasedBy_s + (releasedFrom_s - releasedBy_s) * min(1, Double(free - 1) / Double(whole))
    }

    private static func whole(limit: Int, urgentSpent: Int) -> Int {
        limit < limitMin ? 0 : max(0, max(1, limit / 20) - urgentSpent)
    }
}
