/// How the day's budget is spent when it is smaller than 96 full quarter hours (30,000 a day is 312 a quarter, not 600).
/// Urgent calls are never paced.
public enum DayPolicy: String, Sendable, Codable, CaseIterable {
    /// As fast as the quarter hours allow, until the day is spent.
    case spend
    /// Evenly over the day. What one quarter leaves, later ones may use.
    case spread
    /// `spend` as long as the expected demand fits into what is left of the day; else, or when nobody knows, `spread`.
    case automatic
}

/// The even line over the day, and the day's reserve.
enum DayPace {
    /// The line runs this far ahead of the clock, so that its end is reached before the day's.
    static let ahead_s = 60.0
    private static let day_s = 86_400.0

    /// What non-urgent calls may have used of the day so far.
    ///
    /// The line starts one quarter's limit (at most a tenth of the day) above zero, so that an installation with one athlete
    /// does not crawl after midnight, and ends on the day's limit. It rises all the time, not by quarter hours: what becomes urgent
    /// meanwhile goes next instead of waiting for a quarter hour to begin.
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

    /// What is kept of the day for urgent calls: a twentieth, less what they had, shrinking with the rest of the day.
    static func reserve(dayLimit: Int, urgentSpent: Int, left_s: Double) -> Int {
        let whole = Double(max(0, dayLimit / 20 - urgentSpent))
        return Int((whole * min(max(left_s / 86_400, 0), 1)).rounded(.down))
    }
}
