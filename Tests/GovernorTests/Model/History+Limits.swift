import Core
import Foundation
import StravaAPI
import TestKit

@testable import Governor

/// Limits that can't be: named once by mistake, or really in force for a while.
extension History {
    mutating func collapse() {
        schedule(.collapse, perHour: troubles.collapsesPerHour)
        events.add(.restore(overall: strava.overall, read: strava.read), at: now_s + .random(in: 60...3000, using: &random))
        let least = Int.random(in: 1...4, using: &random)
        strava.limit(overall: strava.overall, read: RateLimit(quarter: least, day: Bool.random(using: &random) ? least : strava.read.day))
    }

    /// The same usage under limits that can't be.
    mutating func absurd(_ headers: RateLimitHeaders) -> RateLimitHeaders {
        let day = headers.overall?.dayLimit ?? 1
        let (quarterLimit, dayLimit) = [(1, 1), (2, 2), (1, day), (day, 1)].randomElement(using: &random) ?? (1, 1)
        func pair(_ old: RateLimitHeaders.Pair?) -> RateLimitHeaders.Pair {
            .init(quarterLimit: quarterLimit, dayLimit: dayLimit, quarterUsage: old?.quarterUsage, dayUsage: old?.dayUsage)
        }
        return RateLimitHeaders(overall: pair(headers.overall), read: pair(headers.read))
    }
}
