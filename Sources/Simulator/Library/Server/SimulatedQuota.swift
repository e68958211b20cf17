import Foundation

/// Counts requests in natural quarter hours and UTC days, in two buckets (docs/strava-api.md 2). A value; `now` is a parameter.
struct SimulatedQuota: Sendable {
    /// A request that was counted: whether it is within the limits, and the headers of its answer.
    struct Count: Sendable {
        let isAllowed: Bool
        let headers: [(name: String, value: String)]
    }

    private struct Usage {
        var quarterHour = 0
        var day = 0
    }

    private static let windowsMax = 1000

    var limits: SimulatedLimits?
    /// Every quarter hour with a request, oldest first; the last thousand.
    private(set) var windows: [SimulatedQuotaWindow] = []
    private var overall = Usage()
    private var read = Usage()
    private var quarter_s: Int64 = 0
    private var day_s: Int64 = 0
    private var countedTotal = 0

    init(limits: SimulatedLimits?) { self.limits = limits }

    /// Counts one request. A refused one counts all the same.
    mutating func received(isRead: Bool, now_s: Int64) -> Count {
        roll(now_s)
        overall.quarterHour += 1
        overall.day += 1
        if isRead {
            read.quarterHour += 1
            read.day += 1
        }
        let isAllowed = isWithinLimits(isRead: isRead)
        if isAllowed { windows[windows.count - 1].allowed += 1 } else { windows[windows.count - 1].refused += 1 }
        countedTotal += 1
        return Count(isAllowed: isAllowed, headers: headers(isRead: isRead))
    }

    /// Another program spends requests of the same application.
    mutating func spentElsewhere(_ count: Int, now_s: Int64) {
        roll(now_s)
        overall.quarterHour += count
        overall.day += count
        read.quarterHour += count
        read.day += count
        windows[windows.count - 1].elsewhere += count
    }

    private mutating func roll(_ now_s: Int64) {
        let quarter = CivilTime.floorDivide(now_s, 900) * 900
        if quarter != quarter_s || windows.isEmpty {
            quarter_s = quarter
            overall.quarterHour = 0
            read.quarterHour = 0
            windows.append(SimulatedQuotaWindow(startsAt: Date(epoch_s: quarter)))
            if windows.count > Self.windowsMax { windows.removeFirst() }
        }
        let day = CivilTime.midnight(now_s)
        if day != day_s {
            day_s = day
            overall.day = 0
            read.day = 0
        }
    }

    private func isWithinLimits(isRead: Bool) -> Bool {
        guard let limits else { return true }
        if overall.quarterHour > limits.quarterHour || overall.day > limits.day { return false }
        return !isRead || (read.quarterHour <= limits.readQuarterHour && read.day <= limits.readDay)
    }

    /// A call that is not a read shows an empty read usage: `","`.
    private func headers(isRead: Bool) -> [(name: String, value: String)] {
        let limits = self.limits ?? .unlimited
        let headers = [
            ("X-RateLimit-Limit", "\(limits.quarterHour),\(limits.day)"),
            ("X-RateLimit-Usage", "\(overall.quarterHour),\(overall.day)"),
            ("X-ReadRateLimit-Limit", "\(limits.readQuarterHour),\(limits.readDay)"),
            ("X-ReadRateLimit-Usage", isRead ? "\(read.quarterHour),\(read.day)" : ","),
        ]
        return headers.map { (spelled($0), $1) }
    }

    /// In turn as documented, as recorded, and as HTTP/2 has it.
    private func spelled(_ name: String) -> String {
        switch countedTotal % 3 {
        case 0: name
        case 1: name.split(separator: "-").map(\.capitalized).joined(separator: "-")
        default: name.lowercased()
        }
    }
}

/// The requests of one quarter hour.
public struct SimulatedQuotaWindow: Sendable, Equatable {
    public let startsAt: Date
    /// Counted and answered.
    public fileprivate(set) var allowed = 0
    /// Answered with 429; they count for the day.
    public fileprivate(set) var refused = 0
    /// Spent by other programs of the same application.
    public fileprivate(set) var elsewhere = 0
}
