import Foundation
import StravaAPI

@testable import Governor

/// Strava's quota: counts every arrival by its own clock, refuses calls over the limit, reports the count.
struct StravaModel {
    private(set) var overall: RateLimit
    private(set) var read: RateLimit
    /// The smaller limit of both buckets: the first one, the one after the first change, and so on.
    private var limits: [RateLimit]
    private(set) var arrivals: [QuotaWindow: Int] = [:]
    private(set) var foreign: [QuotaWindow: Int] = [:]
    private(set) var refused = 0

    struct Answer {
        let status: Int
        let headers: RateLimitHeaders
        let date: Date
        /// Foreign calls that this answer's number includes.
        let foreign: [QuotaWindow: Int]
        /// Which limits, counted from 1, its headers name.
        let limits: Int
    }

    init(overall: RateLimit, read: RateLimit) {
        (self.overall, self.read, limits) = (overall, read, [])
        limit(overall: overall, read: read)
    }

    mutating func limit(overall: RateLimit, read: RateLimit) {
        (self.overall, self.read) = (overall, read)
        limits.append(RateLimit(quarter: min(overall.quarter, read.quarter), day: min(overall.day, read.day)))
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
        return Answer(status: isOver ? 429 : 200, headers: headers, date: date, foreign: known, limits: limits.count)
    }

    func ours(_ window: QuotaWindow) -> Int { (arrivals[window] ?? 0) - (foreign[window] ?? 0) }

    /// The limit in force, or the one of that number.
    func limit(_ window: QuotaWindow, _ number: Int? = nil) -> Int { limits[(number ?? limits.count) - 1][window.span] }
}

extension RateLimit {
    subscript(span: QuotaSpan) -> Int { span == .quarter ? quarter : day }
}
