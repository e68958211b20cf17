import Core
import Foundation

/// What may happen now.
package enum BudgetDecision: Sendable, Equatable {
    /// The waiting call with this number may go.
    case grant(UInt64, Permit)
    /// The ledger must be asked for this many calls first.
    case lease(calls: Int)
    /// Nothing may go before `until`, or before something is settled (`distantFuture`: only then).
    case wait(until: Date, WaitReason)
    /// Nothing waits.
    case idle
}

extension RateBudget {
    /// While what is left may be with another instance, the ledger is read again after this time, then after twice that, up to `rereadMax_s`.
    static let rereadEvery_s = 2.0
    static let rereadMax_s = 30.0
    /// The last certain call is kept this long before the window's end for one that tells the usage.
    static let lastCertainLeft_s = 60.0

    /// Decides about the next waiting call. Call it again after each grant, and after anything was told to the budget.
    package mutating func next(at moment: Moment) -> BudgetDecision {
        if queue.isEmpty { return .idle }
        var isProbe = false
        switch circuit.gate(at: moment.uptime_s) {
        case .pass: break
        case .probe: isProbe = true
        case .wait(let until_s, let probing):
            return wait(until_s.map { $0 - moment.uptime_s }, probing ? .circuitProbing : .circuitOpen, moment)
        }
        switch clock.place(at: moment) {
        case .edge(_, let wait_s): return wait(wait_s, .windowEdge, moment)
        case .inside(let quarter): return next(in: quarter, isProbe: isProbe, at: moment)
        }
    }

    private mutating func next(in quarter: QuotaWindow, isProbe: Bool, at moment: Moment) -> BudgetDecision {
        if scouted != quarter, flights.values.contains(where: { $0.quarter == quarter }) {
            return wait(nil, .scouting, moment)
        }
        let room = Room(self, quarter, left_s: left_s(of: quarter, at: moment), dayLeft_s: left_s(of: quarter.day, at: moment))
        if let blocked = blocked(room, at: moment) { return blocked }
        rereadAt_s = nil
        guard let requestClass = queue.nextClass(among: room.allows) else {
            let (left_s, reason) = room.opensIn
            return wait(left_s, reason, moment)
        }
        guard tally(quarter).tokens > 0 else { return ask(moment) }
        guard let waiter = candidate(requestClass, room, quarter, isProbe: isProbe) else {
            return wait(flights.isEmpty ? room.left_s - Self.lastCertainLeft_s : nil, .answers, moment)
        }
        return grant(waiter, quarter, moment)
    }

    /// Nothing at all may go: refused by Strava, spent, or nobody knows yet.
    private mutating func blocked(_ room: Room, at moment: Moment) -> BudgetDecision? {
        if room.isExhausted { return wait(room.dayIsExhausted ? room.dayLeft_s : room.left_s, .rateLimited, moment) }
        if room.free > 0 { return nil }
        // Another instance may give back what it leased, or tell what Strava has counted.
        if room.isUncertainElsewhere, rereadAt_s == nil {
            rereadAt_s = toldAt_s + min(Self.rereadMax_s, Self.rereadEvery_s * Double(1 << min(rereads, 8)))
        }
        if room.freeAtBest > 0 { return wait(flights.isEmpty ? room.left_s : nil, .answers, moment) }
        return room.dayFree <= 0 ? wait(room.dayLeft_s, .daySpent, moment) : wait(room.left_s, .quarterSpent, moment)
    }

    /// The call to send: the class's next one, except that a probe avoids the athlete who met the trouble, and that a window's
    /// first call, and one that goes alone because more would not be certain, are such whose answers say what is really used.
    private mutating func candidate(
        _ requestClass: RequestClass, _ room: Room, _ quarter: QuotaWindow, isProbe: Bool
    ) -> FairQueue.Waiter? {
        guard let first = queue.first(requestClass) else { return nil }
        if isProbe, let troubled = circuit.troubled, first.athlete == troubled {
            return queue.first { room.allows($0.requestClass) && $0.athlete != troubled } ?? first
        }
        if scouted == quarter {
            if leavesCertainty(first, room, quarter) { return first }
            if !flights.isEmpty { return nil }
        }
        let reporting = queue.first { room.allows($0.requestClass) && $0.reportsUsage }
        let mayGoSilently = scouted != quarter || room.free > 1 || room.left_s <= Self.lastCertainLeft_s
        return reporting ?? (mayGoSilently ? first : nil)
    }

    /// Whether at least one call will still be certain after this one, however the calls without headers turn out to be
    /// counted. With that one, sent alone, the real usage can always be learned; without it the rest of the window were lost.
    private func leavesCertainty(_ waiter: FairQueue.Waiter, _ room: Room, _ quarter: QuotaWindow) -> Bool {
        if room.freeAtBest <= room.free { return true }
        let silent = flights.values.reduce(0) { $0 + ($1.reportsUsage ? 0 : 1) }
        return room.free - silent - tally(quarter).uncoveredCount >= (waiter.reportsUsage ? 2 : 3)
    }

    private mutating func grant(_ waiter: FairQueue.Waiter, _ quarter: QuotaWindow, _ moment: Moment) -> BudgetDecision {
        queue.take(waiter)
        let permit = Permit(id: waiter.id, requestClass: waiter.requestClass, athlete: waiter.athlete)
        flights[permit.id] = Flight(permit: permit, quarter: quarter, sentAt: moment, reportsUsage: waiter.reportsUsage)
        circuit.granted(permit.id)
        granted[permit.requestClass.rawValue] += 1
        lastGrantAt_s = moment.uptime_s
        rereads = 0
        change(quarter) {
            $0.tokens -= 1
            $0.spent += 1
            if permit.requestClass.isUrgent { $0.urgentSpent += 1 }
        }
        change(quarter.day) {
            $0.spent += 1
            if permit.requestClass.isUrgent { $0.urgentSpent += 1 }
        }
        return .grant(waiter.id, permit)
    }

    private func ask(_ moment: Moment) -> BudgetDecision {
        if isAsking { return wait(nil, .ledger, moment) }
        if moment.uptime_s < askAgainAt_s { return wait(askAgainAt_s - moment.uptime_s, .ledger, moment) }
        return .lease(calls: blockCalls)
    }

    /// Calls leased at once: 2 % of the quarter's limit, so that a crash loses no more; at most 16 while that is more than a
    /// thousandth of the limit, so that a PostgreSQL round trip is shared by some calls and large limits cost next to nothing.
    var blockCalls: Int {
        let limit = limits.quarter.least
        return max(1, min(limit / 50, max(16, limit / 1000), 10_000))
    }

    func left_s(of window: QuotaWindow, at moment: Moment) -> Double {
        Double(window.end_s) - clock.reading(at: moment).lowerBound
    }

    func wait(_ seconds: Double?, _ reason: WaitReason, _ moment: Moment) -> BudgetDecision {
        .wait(until: seconds.map { moment.wall(after: max($0, 0.001)) } ?? .distantFuture, reason)
    }
}
