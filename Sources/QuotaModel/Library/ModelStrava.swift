import Foundation
import Governor
import StravaAPI

/// Strava as far as the quota goes: counts each arrival in its quarter hour and its UTC day, refuses what is over the limit with 429
/// (which counts too), and says in its headers what it has counted. Streams answers carry no such headers (docs/strava-api.md 2).
struct ModelStrava {
    let limit: RateLimit
    private(set) var arrivals: [QuotaWindow: Int] = [:]
    private(set) var refused = 0

    init(limit: RateLimit) { self.limit = limit }

    func count(_ window: QuotaWindow) -> Int { arrivals[window] ?? 0 }

    mutating func arrive(at time_s: Double, reportsUsage: Bool) -> CallOutcome {
        let (quarter, day) = count(at: time_s)
        let isOver = quarter > limit.quarter || day > limit.day
        if isOver { refused += 1 }
        let pair = RateLimitHeaders.Pair(
            quarterLimit: limit.quarter, dayLimit: limit.day, quarterUsage: quarter, dayUsage: day)
        return .answered(
            status: isOver ? 429 : 200, rateLimit: reportsUsage ? RateLimitHeaders(overall: pair, read: pair) : nil,
            serverDate: Date(timeIntervalSince1970: time_s.rounded(.down)))
    }

    /// A call that somebody else made with the same application. Others keep to the limit too.
    mutating func arriveForeign(at time_s: Double) {
        if count(QuotaWindow(.quarter, containing: time_s)) < limit.quarter / 2 { _ = count(at: time_s) }
    }

    private mutating func count(at time_s: Double) -> (quarter: Int, day: Int) {
        let (quarter, day) = (QuotaWindow(.quarter, containing: time_s), QuotaWindow(.day, containing: time_s))
        arrivals[quarter, default: 0] += 1
        arrivals[day, default: 0] += 1
        return (count(quarter), count(day))
    }
}
