import Core
import Foundation

/// The whole decision about the application's quota, as a value: who waits, what may go now, what it costs, what to ask the ledger.
///
/// Invariant: a call is only permitted with a token leased from the ledger, when by Strava's own count, with every call of ours
/// that may not be in it yet, it is still within both windows and both buckets; but for one probe a quarter hour while a limit is in doubt
/// (`LearnedLimits`). Times come in as `Moment`; nothing is awaited here.
package struct RateBudget: Sendable {
    /// A permitted call that is not settled.
    struct Flight: Sendable {
        let permit: Permit
        let quarter: QuotaWindow
        let sentAt: Moment
        let reportsUsage: Bool
        /// Calls of other instances that were known to have arrived when this one was sent.
        let othersSettled: (quarter: Int, day: Int)
        /// Sent beyond limits that are in doubt.
        let isProbe: Bool
    }

    package internal(set) var limits: LearnedLimits
    package var policy: DayPolicy
    var clock = ServerClock()
    var circuit = Circuit()
    var queue = FairQueue()
    var flights: [UInt64: Flight] = [:]
    /// The newest quarters and days that matter, oldest first: a call may be settled after its window.
    var quarters: [WindowTally] = []
    var days: [WindowTally] = []
    /// The quarter whose first call was answered; before that, one call goes alone and shows what others have spent.
    var scouted: QuotaWindow?
    /// Calls that all athletes together still need, as the scheduler counts them; nil: nobody knows.
    var expectedCalls: Int?
    var granted = [Int](repeating: 0, count: RequestClass.allCases.count)

    // The probe while limits are in doubt.
    /// The quarter hour for which the ledger gave us the probe, until it is sent.
    var probeGiven: QuotaWindow?
    /// The latest quarter hour whose probe some instance has had.
    var probed: QuotaWindow?
    /// The next turn with the ledger asks for the probe.
    var wantsProbe = false

    // The talk with the ledger.
    var isAsking = false
    var sequence = 0
    /// No new request for tokens before this uptime, after one that brought nothing.
    var askAgainAt_s = -Double.infinity
    /// When the ledger is read again although nothing is asked or told: another instance may have given back.
    var rereadAt_s: Double?
    /// Times the ledger was read again since the last grant, for the back-off.
    var rereads = 0
    var toldAt_s = -Double.infinity
    var lastGrantAt_s = -Double.infinity
    /// Quarters about which the ledger does not know the newest.
    var untold: Set<QuotaWindow> = []

    private var nextID: UInt64 = 0

    package init(configured: RateLimit, policy: DayPolicy = .automatic) {
        limits = LearnedLimits(configured)
        self.policy = policy
    }

    // MARK: Waiting calls

    package var waitingCount: Int { queue.count }
    package var flightCount: Int { flights.count }

    /// Puts a call in line; the number stands for it in `BudgetDecision.grant` and `cancel`.
    ///
    /// - Parameters:
    ///   - weight: share among the athletes of the class; 1 is ordinary.
    ///   - reportsUsage: whether the answer will carry rate-limit headers. Streams answers do not (docs/strava-api.md 2).
    package mutating func request(
        _ requestClass: RequestClass, athlete: AthleteID, weight: Double = 1, reportsUsage: Bool = true
    ) -> UInt64 {
        nextID += 1
        let bounded = weight.isFinite ? min(max(weight, 0.01), 100) : 1
        queue.append(
            .init(id: nextID, requestClass: requestClass, athlete: athlete, weight: bounded, reportsUsage: reportsUsage))
        return nextID
    }

    /// Takes a waiting call out of line. False when it was granted already.
    package mutating func cancel(_ id: UInt64) -> Bool { queue.cancel(id) }

    /// Tells how many calls are still needed in all, so that a day's budget that suffices is not spread. Nil: unknown.
    package mutating func expect(calls: Int?) { expectedCalls = calls.map { max(0, $0) } }

    // MARK: Windows

    /// The window's tally; an empty one when it is new.
    func tally(_ window: QuotaWindow) -> WindowTally {
        let known = window.span == .quarter ? quarters : days
        return known.last { $0.window == window } ?? WindowTally(window)
    }

    /// Changes the window's tally, which is made when it is new. Only the newest four are kept.
    mutating func change(_ window: QuotaWindow, _ body: (inout WindowTally) -> Void) {
        switch window.span {
        case .quarter: Self.change(&quarters, window, body)
        case .day: Self.change(&days, window, body)
        }
    }

    private static func change(_ list: inout [WindowTally], _ window: QuotaWindow, _ body: (inout WindowTally) -> Void) {
        if let index = list.lastIndex(where: { $0.window == window }) { return body(&list[index]) }
        var fresh = WindowTally(window)
        body(&fresh)
        list.append(fresh)
        list.sort { $0.window < $1.window }
        if list.count > 4 { list.removeFirst() }
    }
}
