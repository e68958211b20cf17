import Foundation

/// The windows of Strava's quota: natural quarters of an hour and UTC days (docs/strava-api.md 2).
enum RateWindow {
    private static let quarterS = 900.0
    private static let dayS = 86_400.0

    /// When a refused call may go again: the next UTC midnight when the day's quota is used up, else the next quarter.
    static func end(after refusedAt: Date, headers: RateLimitHeaders?) -> Date {
        let dayIsUsedUp = [headers?.overall, headers?.read].contains { pair in
            guard let usage = pair?.dayUsage, let limit = pair?.dayLimit else { return false }
            return usage >= limit
        }
        let length = dayIsUsedUp ? dayS : quarterS
        return Date(timeIntervalSince1970: ((refusedAt.timeIntervalSince1970 / length).rounded(.down) + 1) * length)
    }
}
