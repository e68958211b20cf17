import Foundation

/// Counts requests in natural quarter hours and UTC days, in two buckets (docs/strava-api.md 2). A value; `now` comes in.
struct QuotaBook: Sendable {
    struct Counts: Sendable, Equatable {
        var quarterHour = 0
        var day = 0
    }

    var limits: SimulatedLimits?
    private(set) var overall = Counts()
    private(set) var read = Counts()
    private var quarter_s: Int64 = 0
    private var day_s: Int64 = 0
    /// Every quarter hour with a request, oldest first; the last thousand.
    private(set) var windows: [QuotaWindow] = []
    private static let windowsMax = 1000

    init(limits: SimulatedLimits?) { self.limits = limits }

    /// Counts one request; false when it is over a limit. A refused one counts all the same.
    mutating func received(isRead: Bool, now_s: Int64) -> Bool {
        roll(now_s)
        overall.quarterHour += 1
        overall.day += 1
        if isRead {
            read.quarterHour += 1
            read.day += 1
        }
        let isAllowed = isWithinLimits(isRead: isRead)
        if isAllowed { windows[windows.count - 1].allowed += 1 } else { windows[windows.count - 1].refused += 1 }
        return isAllowed
    }

    /// Another user of the same application spends requests.
    mutating func spentElsewhere(_ count: Int, now_s: Int64) {
        roll(now_s)
        overall.quarterHour += count
        overall.day += count
        read.quarterHour += count
        read.day += count
        windows[windows.count - 1].elsewhere += count
    }

    mutating func roll(_ now_s: Int64) {
        let quarter = CivilTime.floorDivide(now_s, 900) * 900
        if quarter != quarter_s || windows.isEmpty {
            quarter_s = quarter
            overall.quarterHour = 0
            read.quarterHour = 0
            windows.append(QuotaWindow(startsAt: Date(epoch_s: quarter)))
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

    /// The four headers. A call that isn't a read tells an empty read usage: `","`.
    func headers(isRead: Bool) -> [(name: String, value: String)] {
        let limits = self.limits ?? .unlimited
        return [
            ("X-RateLimit-Limit", "\(limits.quarterHour),\(limits.day)"),
            ("X-RateLimit-Usage", "\(overall.quarterHour),\(overall.day)"),
            ("X-ReadRateLimit-Limit", "\(limits.readQuarterHour),\(limits.readDay)"),
            ("X-ReadRateLimit-Usage", isRead ? "\(read.quarterHour),\(read.day)" : ","),
        ]
    }
}
