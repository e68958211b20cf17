import Foundation
import StravaAPI

@testable import Governor

/// Strava as far as the quota goes: counts every arrival by its own clock, refuses what is over, tells what it counted.
struct StravaModel {
    var overall: RateLimit
    var read: RateLimit
    private(set) var arrivals: [QuotaWindow: Int] = [:]
    private(set) var foreign: [QuotaWindow: Int] = [:]
    private(set) var refused = 0

    struct Answer {
        let status: Int
        let headers: RateLimitHeaders
        let date: Date
        /// Foreign calls that this answer's number includes.
        let foreign: [QuotaWindow: Int]
    }

    mutating func arrive(at time_s: Double, isForeign: Bool = false) -> Answer {
        let (quarter, day) = (QuotaWindow(.quarter, containing: time_s), QuotaWindow(.day, containing: time_s))
        for window in [quarter, day] {
            arrivals[window, default: 0] += 1
            if isForeign { foreign[window, default: 0] += 1 }
        }
        let (inQuarter, inDay) = (arrivals[quarter] ?? 0, arrivals[day] ?? 0)
        let isOver = inQuarter > min(overall.quarter, read.quarter) || inDay > min(overall.day, read.day)
        if isOver && !isForeign { refused += 1 }
        let headers = headers(
            inQuarter, inDay, limit: (overall.quarter, overall.day), read: ((read.quarter, read.day), (inQuarter, inDay)))
        let known = [quarter: foreign[quarter] ?? 0, day: foreign[day] ?? 0]
        let date = Date(timeIntervalSince1970: time_s.rounded(.down))
        return Answer(status: isOver ? 429 : 200, headers: headers, date: date, foreign: known)
    }

    func ours(_ window: QuotaWindow) -> Int { (arrivals[window] ?? 0) - (foreign[window] ?? 0) }

    func limit(_ window: QuotaWindow) -> Int {
        window.span == .quarter ? min(overall.quarter, read.quarter) : min(overall.day, read.day)
    }
}
