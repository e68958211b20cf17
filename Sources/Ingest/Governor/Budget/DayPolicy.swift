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
    /// What non-urgent calls may have used of the day by the end of this quarter.
    ///
    /// The line starts one quarter's limit (at most a tenth of the day) above zero, so that an installation with one athlete
    /// does not crawl after midnight, and ends on the day's limit.
    static func allowance(quarter: QuotaWindow, quarterLimit: Int, dayLimit: Int) -> Int {
        let index = (quarter.start_s - quarter.day.start_s) / quarter.span.length_s
        let headStart = min(quarterLimit, dayLimit / 10)
        return headStart + (dayLimit - headStart) * (index + 1) / 96
    }

    /// What is kept of the day for urgent calls: a twentieth, less what they had, shrinking with the rest of the day.
    static func reserve(dayLimit: Int, urgentSpent: Int, left_s: Double) -> Int {
        let whole = Double(max(0, dayLimit / 20 - urgentSpent))
        return Int((whole * min(max(left_s / 86_400, 0), 1)).rounded(.down))
    }
}
