import Foundation

/// How many calls the quota leaves as time passes, for forecasts. Pure: it follows the windows, the day's pace and the reserves by the rules of
/// `Headroom`, with calls as fractions, and knows nothing of calls in flight.
public struct QuotaOutlook: Sendable, Equatable {
    private static let quarter_s = 900.0
    private static let day_s = 86_400.0
    /// Foreign calls of a day that has just begun say little about the rest of it.
    private static let foreignSince_s = 3_600.0

    public let quarterLimit: Int
    public let dayLimit: Int
    private let policy: DayPolicy
    /// Calls that others make with the same application, per day.
    private let foreignPerDay: Double
    private var quarterUsed: Double
    private var dayUsed: Double
    /// No call goes before: Strava has refused one.
    private let blockedUntil_s: Double
    /// Seconds since 1970.
    public private(set) var now_s: Double

    /// From the governor's state. Fails with the obstacle when nothing can be forecast.
    public static func of(_ snapshot: GovernorSnapshot) -> Result<QuotaOutlook, QuotaObstacle> {
        guard let quarter = snapshot.windows.first(where: { $0.span == .quarter }),
            let day = snapshot.windows.first(where: { $0.span == .day }), quarter.limit > 0, day.limit > 0,
            snapshot.waitingReason != .limitsInDoubt
        else { return .failure(.quotaUnknown) }
        if snapshot.circuit.state != .closed { return .failure(.stravaUnavailable) }
        return .success(QuotaOutlook(quarter, day, policy: snapshot.policy, at: snapshot.at))
    }

    private init(_ quarter: WindowSnapshot, _ day: WindowSnapshot, policy: DayPolicy, at now: Date) {
        now_s = now.timeIntervalSince1970
        (quarterLimit, dayLimit) = (quarter.limit, day.limit)
        self.policy = policy
        (quarterUsed, dayUsed) = (Double(quarter.used), Double(day.used))
        let since_s = max(Self.foreignSince_s, now.timeIntervalSince(day.startsAt))
        foreignPerDay = Double(day.foreign) * Self.day_s / since_s
        let blocked = [quarter, day].filter(\.exhausted).map(\.resetsAt.timeIntervalSince1970).max()
        blockedUntil_s = blocked ?? -.infinity
    }

    /// Calls of a whole day that others leave.
    public var callsPerDay: Double { max(1, Double(min(dayLimit, 96 * quarterLimit)) - foreignPerDay) }

    /// Moves on, but not past the end of a quarter hour.
    ///
    /// - Parameter expectedCalls: calls still needed today, as the scheduler tells the governor; nil: unknown.
    /// - Returns: by how many seconds, and the calls that nobody waits for which may be made until then.
    public mutating func advance(by most_s: Double, expectedCalls: Int?) -> (seconds: Double, free: Double) {
        let (quarterEnds_s, dayEnds_s) = (Self.end(of: Self.quarter_s, at: now_s), Self.end(of: Self.day_s, at: now_s))
        let began_s = now_s
        // The very end, so that it is recognised.
        now_s = min(now_s + most_s, quarterEnds_s)
        let seconds = now_s - began_s
        let foreign = min(foreignPerDay * seconds / Self.day_s, max(0, Double(quarterLimit) - quarterUsed))
        quarterUsed += foreign
        dayUsed += foreign
        let free = freeCalls(quarterLeft_s: quarterEnds_s - now_s, dayLeft_s: dayEnds_s - now_s, expectedCalls)
        return (seconds, free)
    }

    private func freeCalls(quarterLeft_s: Double, dayLeft_s: Double, _ expectedCalls: Int?) -> Double {
        if now_s <= blockedUntil_s { return 0 }
        let quarterReserve = QuarterReserve.calls(limit: quarterLimit, urgentSpent: 0, left_s: quarterLeft_s)
        let dayReserve = DayPace.reserve(dayLimit: dayLimit, urgentSpent: 0, left_s: dayLeft_s)
        let dayFree = Double(dayLimit) - dayUsed
        var free = min(Double(quarterLimit - quarterReserve) - quarterUsed, dayFree - Double(dayReserve))
        if policy.paces(quarterLimit: quarterLimit, dayLimit: dayLimit, dayFree: Int(dayFree), expectedCalls: expectedCalls) {
            let line = DayPace.allowance(quarterLimit: quarterLimit, dayLimit: dayLimit, left_s: dayLeft_s)
            free = min(free, Double(line) - dayUsed)
        }
        return max(0, free)
    }

    /// Counts calls of ours in the windows that the last step lies in, and opens new ones at their ends.
    public mutating func spend(_ calls: Double) {
        quarterUsed += calls
        dayUsed += calls
        if now_s.truncatingRemainder(dividingBy: Self.quarter_s) == 0 { quarterUsed = 0 }
        if now_s.truncatingRemainder(dividingBy: Self.day_s) == 0 { dayUsed = 0 }
    }

    /// Seconds until the UTC day ends.
    public var dayLeft_s: Double { Self.end(of: Self.day_s, at: now_s) - now_s }

    private static func end(of length_s: Double, at time_s: Double) -> Double {
        ((time_s / length_s).rounded(.down) + 1) * length_s
    }
}

/// Why no forecast can be made.
public enum QuotaObstacle: String, Error, Sendable {
    /// The limits are not known, or in doubt.
    case quotaUnknown = "quota_unknown"
    /// Others use the application's whole quota, or nearly so, and nothing says that they will stop.
    case quotaTaken = "quota_taken"
    /// Calls to Strava are stopped, and nobody knows for how long.
    case stravaUnavailable = "strava_unavailable"
}
