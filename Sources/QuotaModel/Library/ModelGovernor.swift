import Core
import Foundation
import Governor

/// The governor without its actor: the real `RateBudget`, the ledger's rule in memory (`QuotaLedgerModel`), and the loop of
/// `RateLimitGovernor` as one call that returns what may go now and when to look again.
struct ModelGovernor {
    private var budget: RateBudget
    private var ledger: QuotaLedgerModel
    private let instance = UUID()
    /// The local clock minus Strava's, in seconds: no machine's clock is right.
    private let clockError_s: Double
    /// When to call `pump` again if nothing happens before, in seconds since 1970.
    private(set) var wakeAt_s = Double.infinity

    /// As `RateLimitGovernor.heartbeat_s`.
    private static let heartbeat_s = 60.0
    /// More talks with the ledger than this in one look would be a loop without an end.
    private static let talksMax = 50

    init(limit: RateLimit, policy: DayPolicy, clockError_s: Double) {
        budget = RateBudget(configured: limit, policy: policy)
        ledger = QuotaLedgerModel(configured: limit)
        self.clockError_s = clockError_s
    }

    mutating func request(_ requestClass: RequestClass, athlete: Int, reportsUsage: Bool) -> UInt64 {
        budget.request(requestClass, athlete: AthleteID(Int64(athlete)), reportsUsage: reportsUsage)
    }

    mutating func settle(_ permit: Permit, _ outcome: CallOutcome, at now_s: Double) {
        _ = budget.settle(permit, outcome, at: moment(now_s))
    }

    mutating func expect(calls: Int?) { budget.expect(calls: calls) }

    func snapshot(at now_s: Double) -> GovernorSnapshot { budget.snapshot(at: moment(now_s), waitingFor: nil) }

    /// All calls that may go now, with the numbers that `request` gave them.
    mutating func pump(at now_s: Double) -> [(id: UInt64, permit: Permit)] {
        let now = moment(now_s)
        if let tell_s = budget.ledgerDueAt_s(at: now), tell_s <= now_s { talk(want: nil, now) }
        var granted: [(UInt64, Permit)] = []
        var talks = 0
        wakeAt_s = now_s + Self.heartbeat_s
        deciding: while true {
            switch budget.next(at: now) {
            case .grant(let id, let permit): granted.append((id, permit))
            case .askLedger(let calls):
                talks += 1
                if talks > Self.talksMax { break deciding }
                talk(want: calls, now)
            case .wait(let until, _):
                if until != .distantFuture { wakeAt_s = min(wakeAt_s, now_s + until.timeIntervalSince(now.wall)) }
                break deciding
            case .idle: break deciding
            }
        }
        wakeAt_s = max(now_s + 0.001, min(wakeAt_s, budget.ledgerDueAt_s(at: now) ?? .infinity))
        return granted
    }

    private mutating func talk(want: Int?, _ now: Moment) {
        let requests = budget.ledgerRequests(want: want, at: now)
        budget.received(requests.map { ($0, ledger.exchange($0, by: instance)) }, at: now)
    }

    /// The uptime is Strava's time here: it only runs forward, which is all that the budget asks of it.
    private func moment(_ now_s: Double) -> Moment {
        Moment(wall: Date(timeIntervalSince1970: now_s + clockError_s), uptime_s: now_s)
    }
}
