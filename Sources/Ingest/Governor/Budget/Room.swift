/// What one quarter hour and its day leave at one instant, and for which classes.
struct Room {
    let left_s: Double
    let dayLeft_s: Double
    /// Calls that certainly fit into both windows.
    let free: Int
    let dayFree: Int
    /// Calls that fit if every call of ours is in Strava's count already.
    let freeAtBest: Int
    /// Whether other instances hold calls, or have made some that Strava's number may not show.
    let isUncertainElsewhere: Bool
    let isExhausted: Bool
    let dayIsExhausted: Bool
    private let quarterLimit: Int
    private let quarterUrgent: Int
    private let quarterFree: Int
    private let quarterReserve: Int
    private let dayReserve: Int
    /// What the day's pace leaves now, and in how many seconds it leaves something; nil: the day is not paced.
    private let pace: (free: Int, opensIn_s: Double)?

    init(_ budget: RateBudget, _ window: QuotaWindow, left_s: Double, dayLeft_s: Double) {
        let (quarter, day, limits) = (budget.tally(window), budget.tally(window.day), budget.limits)
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
        pace = Self.isPaced(budget, dayFree: dayFree) ? Self.pace(limits, used: day.used(limits.day), dayLeft_s: dayLeft_s) : nil
    }

    /// Whether a call of this class may go.
    func allows(_ requestClass: RequestClass) -> Bool {
        if requestClass.isUrgent { return free > 0 }
        return quarterFree > quarterReserve && dayFree > dayReserve && (pace?.free ?? 1) > 0
    }

    /// When the classes that wait are allowed, as far as time alone brings it, and why not now. Only non-urgent ones can be told to
    /// wait while something is free.
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

    private static func isPaced(_ budget: RateBudget, dayFree: Int) -> Bool {
        if budget.limits.day.least >= 96 * budget.limits.quarter.least { return false }
        switch budget.policy {
        case .spend: return false
        case .spread: return true
        case .automatic:
            guard let expected = budget.expectedCalls else { return true }
            // A tenth stays for what nobody foresees.
            return expected > dayFree - dayFree / 10
        }
    }
}
