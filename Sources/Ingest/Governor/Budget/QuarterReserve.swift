/// What is kept of a quarter hour for urgent calls: a twentieth (30 of 600), less what they had already.
///
/// It flows down to the other classes in the window's last 90 seconds and is gone 30 seconds before the end. Those 30 seconds
/// are enough to spend a twentieth at no more than 1 call a second under 600 a quarter, the very rate that is needed to use a
/// window at all; so with a backlog nothing of it is lost, and an urgent call waits at worst a minute for the next window.
enum QuarterReserve {
    static let flowsFrom_s = 90.0
    static let goneBefore_s = 30.0
    /// Below this limit a reserve of one call would be a large share.
    static let limitMin = 10

    static func calls(limit: Int, urgentSpent: Int, left_s: Double) -> Int {
        let whole = whole(limit: limit, urgentSpent: urgentSpent)
        let share = min(max((left_s - goneBefore_s) / (flowsFrom_s - goneBefore_s), 0), 1)
        return Int((Double(whole) * share).rounded(.up))
    }

    /// How many seconds before the window's end the reserve has shrunk below `free` calls.
    static func left_s(whenBelow free: Int, limit: Int, urgentSpent: Int) -> Double {
        let whole = whole(limit: limit, urgentSpent: urgentSpent)
        guard whole > 0, free > 0 else { return 0 }
        return goneBefore_s + (flowsFrom_s - goneBefore_s) * min(1, Double(free - 1) / Double(whole))
    }

    private static func whole(limit: Int, urgentSpent: Int) -> Int {
        limit < limitMin ? 0 : max(0, max(1, limit / 20) - urgentSpent)
    }
}
