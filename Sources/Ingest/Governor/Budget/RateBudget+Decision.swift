import Core
import Foundation

/// What may happen now.
package enum BudgetDecision: Sendable, Equatable {
    /// The waiting call with this number may go.
    case grant(UInt64, Permit)
    /// The ledger must be asked for this many calls first; 0: it must be read.
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
    /// A header shows calls of other instances too. What the ledger told about them may be this old when the call is sent; else it is read
    /// again, so that few of them are counted twice.
    static let freshFor_s = 1.0
    /// The last certain call is kept this long before the window's end for one that tells the usage.
    static let lastCertainLeft_s = 60.0

    /// Decides about the next waiting call. Call it again after each grant, and after anything was told to the budget.
    package mutating func next(at moment: Moment) -> BudgetDecision {
        wantsProbe = false
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
        case .inside(let quarter):
            let decision = next(in: quarter, isProbe: isProbe, at: moment)
            return limits.doubt == nil ? decision : probe(insteadOf: decision, in: quarter, at: moment)
        }
    }

    private mutating func next(in quarter: QuotaWindow, isProbe: Bool, at moment: Moment) -> BudgetDecision {
        if scouted != quarter, flights.values.contains(where: { $0.quarter == quarter }) {
            return wait(nil, .scouting, moment)
        }
        let room = Room(self, quarter, left_s: left_s(of: quarter, at: moment), dayLeft_s: left_s(of: quarter.day, at: moment))
        if let blocked = blocked(room, quarter, at: moment) { return blocked }
        rereadAt_s = nil
        guard let requestClass = queue.nextClass(among: room.allows) else {
            let (left_s, reason) = room.opensIn
            return wait(left_s, reason, moment)
        }
        guard let waiter = candidate(requestClass, room, quarter, isProbe: isProbe, moment.uptime_s) else {
            guard flights(in: quarter).isEmpty else { return wait(nil, .answers, moment) }
            planReread(room)
            return wait(room.left_s - Self.lastCertainLeft_s, .answers, moment)
        }
        if tally(quarter).tokens == 0 { return ask(room, moment) }
        if waiter.reportsUsage, room.isUncertainElsewhere, moment.uptime_s > max(toldAt_s + Self.freshFor_s, askAgainAt_s) {
            return isAsking ? wait(nil, .ledger, moment) : .lease(calls: 0)
        }
        return grant(waiter, quarter, moment)
    }

    /// Nothing at all may go: refused by Strava, spent, or nobody knows yet.
    private mutating func blocked(_ room: Room, _ quarter: QuotaWindow, at moment: Moment) -> BudgetDecision? {
        if room.isExhausted { return wait(room.dayIsExhausted ? room.dayLeft_s : room.left_s, .rateLimited, moment) }
        if room.free > 0 { return nil }
        planReread(room)
        if room.freeAtBest > 0 { return wait(flights(in: quarter).isEmpty ? room.left_s : nil, .answers, moment) }
        return room.dayFree <= 0 ? wait(room.dayLeft_s, .daySpent, moment) : wait(room.left_s, .quarterSpent, moment)
    }

    /// Another instance may give back what it leased, or tell what Strava has counted.
    private mutating func planReread(_ room: Room) {
        guard room.isUncertainElsewhere, rereadAt_s == nil else { return }
        rereadAt_s = toldAt_s + min(Self.rereadMax_s, Self.rereadEvery_s * Double(1 << min(rereads, 8)))
    }

    /// The call to send: the class's next one, except that a probe avoids the athlete who met the trouble, and that a window's
    /// first call, and one that goes alone because more would not be certain, are such whose answers say what is really used.
    private mutating func candidate(
        _ requestClass: RequestClass, _ room: Room, _ quarter: QuotaWindow, isProbe: Bool, _ now_s: Double
    ) -> FairQueue.Waiter? {
        guard let first = queue.first(requestClass) else { return nil }
        if isProbe, let troubled = circuit.troubled, first.athlete == troubled {
            return queue.first { room.allows($0.requestClass) && $0.athlete != troubled } ?? first
        }
        if scouted == quarter, leavesCertainty(first, in: quarter, at: now_s), leavesCertainty(first, in: quarter.day, at: now_s) {
            return first
        }
        if !queue.reports(among: room.allows) {
            let isUrgent = requestClass.isUrgent && room.free > 1
            return scouted != quarter || isUrgent || room.left_s <= Self.lastCertainLeft_s ? first : nil
        }
        if scouted == quarter, !flights(in: quarter).isEmpty { return nil }
        return queue.first { room.allows($0.requestClass) && $0.reportsUsage }
    }

    /// Whether at least one call will still be certain after this one, however many calls without headers a header shows that nobody
    /// knows to be in it. With that one, sent alone, the real usage can always be learned; without it the rest of the window were lost.
    private func leavesCertainty(_ waiter: FairQueue.Waiter, in window: QuotaWindow, at now_s: Double) -> Bool {
        let tally = tally(window)
        let free = tally.free(limits[window.span])
        if free - 1 - self.flights.count - 1 - tally.uncoveredCount - tally.unsettledElsewhere >= 1 { return true }
        let flights = flights(in: window)
        let reporting = flights.filter(\.reportsUsage)
        let isAlone = tally.outstandingOfOthers == 0
        // Nobody's header comes, so nothing more is counted twice.
        if isAlone, !waiter.reportsUsage, reporting.isEmpty { return free > 1 }
        let silent = flights.count - reporting.count + (waiter.reportsUsage ? 0 : 1)
        // What ended before a call was sent is known to be in its header's number; other instances know what they have read.
        let sentAt_s = min(reporting.map(\.sentAt.uptime_s).min() ?? now_s, isAlone ? now_s : now_s - 2 * Self.tellEvery_s)
        return free - 1 - silent - tally.uncoveredCount(sentAt_s: sentAt_s) - tally.unsettledElsewhere >= 1
    }

    func flights(in window: QuotaWindow) -> [Flight] {
        flights.values.filter { (window.span == .quarter ? $0.quarter : $0.quarter.day) == window }
    }

    mutating func grant(
        _ waiter: FairQueue.Waiter, _ quarter: QuotaWindow, _ moment: Moment, beyondDoubt isProbe: Bool = false
    ) -> BudgetDecision {
        queue.take(waiter)
        let permit = Permit(id: waiter.id, requestClass: waiter.requestClass, athlete: waiter.athlete)
        let othersSettled = (tally(quarter).othersSettled, tally(quarter.day).othersSettled)
        flights[permit.id] = Flight(
            permit: permit, quarter: quarter, sentAt: moment, reportsUsage: waiter.reportsUsage, othersSettled: othersSettled,
            isProbe: isProbe)
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

    private func ask(_ room: Room, _ moment: Moment) -> BudgetDecision {
        if isAsking { return wait(nil, .ledger, moment) }
        if moment.uptime_s < askAgainAt_s { return wait(askAgainAt_s - moment.uptime_s, .ledger, moment) }
        // Smaller blocks where little is left: what one instance holds, another can't use.
        return .lease(calls: min(blockCalls, max(1, room.free / 4)))
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
