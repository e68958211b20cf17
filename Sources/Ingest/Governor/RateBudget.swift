import Core
import Foundation
import StravaAPI

/// Decides which calls to Strava may be made, as a pure value: which calls wait, which may go now, what to tell and ask the quota ledger.
///
/// Invariant: no request over the limit, ever. A call is permitted only with a call taken from the quota ledger, which counts for all
/// instances on one database, and only if it fits both windows (quarter hour and UTC day) and both buckets (overall and read) in the worst
/// case: earlier calls of ours that Strava's usage headers may not include yet count as spent, and so do calls of unknown outcome.
///
/// One exception: while a limit named by a header is in doubt (`LearnedLimits.Doubt`), one call each quarter hour, the probe, goes beyond
/// it and stays within the limit that held before. Its answer settles the doubt.
///
/// Time comes in as `Moment`; nothing is awaited here.
package struct RateBudget: Sendable {
    /// Other instances' calls are known from the ledger. When that knowledge is older than this, in seconds, the ledger is read again before
    /// a call that reports usage is sent, so that few calls are counted twice.
    private static let ledgerAgeMax_s = 1.0
    /// The last certain call is kept until this many seconds before the window's end for a call that reports usage.
    private static let lastCertainLeft_s = 60.0
    /// The first probe waits this long after the doubt began, in seconds, so that its answer is certainly the newer one.
    private static let probeDelay_s = 5.0
    /// A call that nobody settled for this long, in seconds, counts as spent with unknown outcome.
    private static let flightMax_s = 600.0

    package private(set) var limits: LearnedLimits
    private let policy: DayPolicy
    private var clock = ServerClock()
    private var circuit = Circuit()
    private var queue = FairQueue()
    private var tallies = WindowTallies()
    private var schedule = LedgerSchedule()
    /// Permitted calls that are not settled, by the permit's number.
    private(set) var flights: [UInt64: Flight] = [:]
    /// The newest quarter hour in which a call was answered. Before its first answer, which shows what others have spent, only one call is
    /// in flight.
    private var answeredQuarter: QuotaWindow?
    /// Calls that all athletes together still need, as the scheduler counts them; nil: unknown.
    private var expectedCalls: Int?
    private var granted = [Int](repeating: 0, count: RequestClass.allCases.count)
    private var lastID: UInt64 = 0

    /// The quarter hour for which the ledger granted us the probe, until the probe is sent.
    private var probeHeld: QuotaWindow?
    /// The latest quarter hour whose probe was granted to any instance.
    private var probedQuarter: QuotaWindow?
    /// The ledger may lack calls that were made: until a header has shown the usage, one call at a time goes, and only one whose answer does.
    private var awaitsUsage = false
    /// The next request to the ledger asks for the probe.
    private var asksForProbe = false

    /// - Parameter configured: the limits in force until headers name others.
    package init(configured: RateLimit, policy: DayPolicy = .automatic) {
        limits = LearnedLimits(configured)
        self.policy = policy
    }

    // MARK: Waiting calls

    package var waitingCount: Int { queue.count }
    package var flightCount: Int { flights.count }
    /// Whether calls of this athlete wait.
    func isWaiting(_ athlete: AthleteID) -> Bool { queue.holds(athlete) }

    /// Adds a waiting call. The number identifies it in `BudgetDecision.grant` and `cancel`.
    ///
    /// - Parameter reportsUsage: whether the answer will carry rate-limit headers. Streams answers do not (docs/strava-api.md 2).
    package mutating func request(_ requestClass: RequestClass, athlete: AthleteID, reportsUsage: Bool = true) -> UInt64 {
        lastID += 1
        queue.append(.init(id: lastID, requestClass: requestClass, athlete: athlete, reportsUsage: reportsUsage))
        return lastID
    }

    /// Removes a waiting call. False when it was granted already.
    package mutating func cancel(_ id: UInt64) -> Bool { queue.cancel(id) }

    /// Sets how many calls are still needed in all, so that a day's budget that suffices is not spread. Nil: unknown.
    package mutating func expect(calls: Int?) { expectedCalls = calls.map { max(0, $0) } }

    /// The ledger is that of a restored backup: only a header knows what was spent since.
    package mutating func awaitUsage() { awaitsUsage = true }

    // MARK: Decision

    /// Decides about the next waiting call. To be called again after each grant, and after any change to the budget.
    package mutating func next(at moment: Moment) -> BudgetDecision {
        asksForProbe = false
        if queue.isEmpty { return .idle }
        var isCircuitProbe = false
        switch circuit.gate(at: moment.uptime_s) {
        case .pass: break
        case .probe: isCircuitProbe = true
        case .wait(let until_s, let probing):
            return wait(until_s.map { $0 - moment.uptime_s }, probing ? .circuitProbing : .circuitOpen, moment)
        }
        switch clock.place(at: moment) {
        case .edge(_, let wait_s): return wait(wait_s, .windowEdge, moment)
        case .inside(let quarter):
            let decision = next(in: quarter, isCircuitProbe: isCircuitProbe, at: moment)
            return limits.doubt == nil ? decision : probe(insteadOf: decision, in: quarter, at: moment)
        }
    }

    private mutating func next(in quarter: QuotaWindow, isCircuitProbe: Bool, at moment: Moment) -> BudgetDecision {
        if answeredQuarter != quarter || awaitsUsage, flights.values.contains(where: { $0.quarter == quarter }) {
            return wait(nil, awaitsUsage ? .restored : .scouting, moment)
        }
        let headroom = Headroom(
            quarter: tallies[quarter], day: tallies[quarter.day], limits: limits, policy: policy, expectedCalls: expectedCalls,
            left_s: left_s(of: quarter, at: moment), dayLeft_s: left_s(of: quarter.day, at: moment))
        if let blocked = blocked(headroom, quarter, at: moment) { return blocked }
        schedule.cancelReread()
        guard let requestClass = queue.nextClass(among: headroom.allows) else {
            let (left_s, reason) = headroom.opensIn
            return wait(left_s, reason, moment)
        }
        if awaitsUsage, !queue.reports(among: headroom.allows) { return wait(nil, .restored, moment) }
        guard let waiter = candidate(requestClass, headroom, quarter, isCircuitProbe: isCircuitProbe, moment.uptime_s) else {
            guard flights(in: quarter).isEmpty else { return wait(nil, .answers, moment) }
            if headroom.isUncertainElsewhere { schedule.planReread() }
            return wait(headroom.left_s - Self.lastCertainLeft_s, .answers, moment)
        }
        if tallies[quarter].held == 0 { return ask(headroom, moment) }
        if waiter.reportsUsage, headroom.isUncertainElsewhere, schedule.isOlder(than: Self.ledgerAgeMax_s, at: moment.uptime_s) {
            return schedule.isUnderWay ? wait(nil, .ledger, moment) : .askLedger(calls: 0)
        }
        return grant(waiter, quarter, moment)
    }

    /// Why no call at all may go: refused by Strava, spent, or unknown until answers arrive. Nil: some may.
    private mutating func blocked(_ headroom: Headroom, _ quarter: QuotaWindow, at moment: Moment) -> BudgetDecision? {
        if headroom.dayIsExhausted { return wait(headroom.dayLeft_s, .rateLimited, moment) }
        // After a restore the ledger has the quarter hour closed as if Strava had refused a call in it.
        if headroom.isExhausted { return wait(headroom.left_s, awaitsUsage ? .restored : .rateLimited, moment) }
        if headroom.free > 0 { return nil }
        // Another instance may give calls back, or report what Strava has counted.
        if headroom.isUncertainElsewhere { schedule.planReread() }
        if headroom.freeAtBest > 0 { return wait(flights(in: quarter).isEmpty ? headroom.left_s : nil, .answers, moment) }
        return headroom.dayFree <= 0 ? wait(headroom.dayLeft_s, .daySpent, moment) : wait(headroom.left_s, .quarterSpent, moment)
    }

    /// The call to send: the next one of the class, with two exceptions. A probe of the circuit is made for another athlete than the one who
    /// met the trouble. A window's first call, and the last one that is certain to fit, must report usage.
    private mutating func candidate(
        _ requestClass: RequestClass, _ headroom: Headroom, _ quarter: QuotaWindow, isCircuitProbe: Bool, _ now_s: Double
    ) -> FairQueue.Waiter? {
        if awaitsUsage { return queue.first { headroom.allows($0.requestClass) && $0.reportsUsage } }
        guard let first = queue.first(requestClass) else { return nil }
        if isCircuitProbe, let troubled = circuit.troubled, first.athlete == troubled {
            return queue.first { headroom.allows($0.requestClass) && $0.athlete != troubled } ?? first
        }
        let isFirstAnswered = answeredQuarter == quarter
        if isFirstAnswered, leavesCertainty(first, in: quarter, at: now_s), leavesCertainty(first, in: quarter.day, at: now_s) {
            return first
        }
        if !queue.reports(among: headroom.allows) {
            let isUrgent = requestClass.isUrgent && headroom.free > 1
            return !isFirstAnswered || isUrgent || headroom.left_s <= Self.lastCertainLeft_s ? first : nil
        }
        if isFirstAnswered, !flights(in: quarter).isEmpty { return nil }
        return queue.first { headroom.allows($0.requestClass) && $0.reportsUsage }
    }

    /// Whether at least one more call will certainly fit after this one, however many calls without headers a usage header includes that we
    /// can't tell apart. That call, sent alone, reports the true usage; without it the rest of the window could not be used.
    private func leavesCertainty(_ waiter: FairQueue.Waiter, in window: QuotaWindow, at now_s: Double) -> Bool {
        let tally = tallies[window]
        let free = tally.free(limits[window.span])
        // The cheap test first: it holds as long as much is left.
        if free - 1 - self.flights.count - 1 - tally.uncoveredCount - tally.unsettledElsewhere >= 1 { return true }
        let flights = flights(in: window)
        let reporting = flights.filter(\.reportsUsage)
        let isAlone = tally.outstandingOfOthers == 0
        // No header will arrive, so nothing more is counted twice.
        if isAlone, !waiter.reportsUsage, reporting.isEmpty { return free > 1 }
        let silent = flights.count - reporting.count + (waiter.reportsUsage ? 0 : 1)
        // A header includes what ended before its call was sent; other instances know only what they have read from the ledger.
        let sentAt_s = min(
            reporting.map(\.sentAt.uptime_s).min() ?? now_s, isAlone ? now_s : now_s - 2 * LedgerSchedule.tellInterval_s)
        return free - 1 - silent - tally.uncoveredCount(sentAt_s: sentAt_s) - tally.unsettledElsewhere >= 1
    }

    private func flights(in window: QuotaWindow) -> [Flight] {
        flights.values.filter { (window.span == .quarter ? $0.quarter : $0.quarter.day) == window }
    }

    private mutating func grant(
        _ waiter: FairQueue.Waiter, _ quarter: QuotaWindow, _ moment: Moment, asProbe isProbe: Bool = false
    ) -> BudgetDecision {
        queue.take(waiter)
        let permit = Permit(id: waiter.id, requestClass: waiter.requestClass, athlete: waiter.athlete)
        flights[permit.id] = Flight(
            permit: permit, quarter: quarter, sentAt: moment, reportsUsage: waiter.reportsUsage,
            othersSettled: (tallies[quarter].othersSettled, tallies[quarter.day].othersSettled), isProbe: isProbe)
        circuit.granted(permit.id)
        granted[permit.requestClass.rawValue] += 1
        schedule.granted(at: moment.uptime_s)
        for window in [quarter, quarter.day] { tallies.change(window) { $0.permitted(isUrgent: permit.requestClass.isUrgent) } }
        return .grant(waiter.id, permit)
    }

    private func ask(_ headroom: Headroom, _ moment: Moment) -> BudgetDecision {
        if let delay_s = schedule.delay_s(at: moment.uptime_s) { return wait(delay_s, .ledger, moment) }
        // Smaller blocks where little is left: what one instance holds, another can't use.
        return .askLedger(calls: min(blockCalls, max(1, headroom.free / 4)))
    }

    /// Calls asked for at once: 2 % of the quarter's limit, so that a crash loses no more; at most 16 while that is more than a thousandth
    /// of the limit, so that calls share a round trip to PostgreSQL and large limits cost next to nothing.
    private var blockCalls: Int {
        let limit = limits.quarter.least
        return max(1, min(limit / 50, max(16, limit / 1000), 10_000))
    }

    private func left_s(of window: QuotaWindow, at moment: Moment) -> Double {
        Double(window.end_s) - clock.reading(at: moment).lowerBound
    }

    /// - Parameter seconds: nil or infinite: until something is settled or the ledger replies.
    private func wait(_ seconds: Double?, _ reason: WaitReason, _ moment: Moment) -> BudgetDecision {
        guard let seconds, seconds.isFinite else { return .wait(until: .distantFuture, reason) }
        return .wait(until: moment.wall(after: max(seconds, 0.001)), reason)
    }

    // MARK: Probe of limits in doubt

    /// What happens instead of `decision` while limits are in doubt.
    private mutating func probe(insteadOf decision: BudgetDecision, in quarter: QuotaWindow, at moment: Moment) -> BudgetDecision {
        guard let doubt = limits.doubt, case .wait(_, let reason) = decision, isLackOfQuota(reason, quarter) else { return decision }
        if flights.values.contains(where: \.isProbe) { return wait(nil, .answers, moment) }
        guard tallies[quarter].free(doubt.quarter) > 0, tallies[quarter.day].free(doubt.day) > 0 else { return decision }
        if probeHeld == quarter, tallies[quarter].held > 0,
            let waiter = queue.first(where: \.reportsUsage) ?? queue.first(where: { _ in true })
        {
            probeHeld = nil
            return grant(waiter, quarter, moment, asProbe: true)
        }
        if let probedQuarter, probedQuarter >= quarter { return wait(left_s(of: quarter, at: moment), .limitsInDoubt, moment) }
        let early_s = Double(doubt.since_s) + Self.probeDelay_s - clock.reading(at: moment).lowerBound
        if early_s > 0 { return wait(min(early_s, left_s(of: quarter, at: moment)), .limitsInDoubt, moment) }
        if let delay_s = schedule.delay_s(at: moment.uptime_s) { return wait(delay_s, .ledger, moment) }
        asksForProbe = true
        return .askLedger(calls: 1)
    }

    private func isLackOfQuota(_ reason: WaitReason, _ quarter: QuotaWindow) -> Bool {
        switch reason {
        case .quarterSpent, .daySpent, .reserve, .dayPace: true
        case .answers: flights(in: quarter).isEmpty
        case .ledger, .windowEdge, .scouting, .restored, .rateLimited, .circuitOpen, .circuitProbing, .limitsInDoubt: false
        }
    }

    /// Whether the probe's outcome ended the doubt. A probe that was not sent may still be made. One that was answered without naming
    /// limits, as streams are, disproves the limits in doubt.
    private mutating func probeEnded(_ flight: Flight, _ outcome: CallOutcome, answeredAt_s: Double) -> Bool {
        if !outcome.isSpent {
            probeHeld = flight.quarter
            return false
        }
        guard case .answered(let status, let headers, _) = outcome, status < 500, status != 429 else { return false }
        return LearnedLimits.named(by: headers) ? false : limits.disprove(at_s: answeredAt_s)
    }

    // MARK: Quota ledger

    /// What to tell the ledger now, oldest quarter first. The replies go to `received`, a failure to `ledgerFailed`; until then nothing
    /// further is to be sent.
    ///
    /// - Parameter want: calls to ask for in the present quarter (none near a window's edge); nil: only tell.
    package mutating func ledgerRequests(want: Int? = nil, at moment: Moment) -> [QuotaRequest] {
        schedule.began(at: moment.uptime_s)
        defer { asksForProbe = false }
        var present: QuotaWindow?
        if case .inside(let quarter) = clock.place(at: moment) { present = quarter }
        if want == nil, schedule.isIdle(at: moment.uptime_s) { returnHeld(of: tallies.quarters) }
        returnHeld(of: tallies.quarters.filter { $0 != present })
        var told = schedule.takeUntold().intersection(tallies.quarters)
        if let present { told.insert(present) }
        return told.sorted().map { request($0, want: $0 == present ? want ?? 0 : 0) }
    }

    /// The last requests of a clean stop: they give back every call that was taken and not made.
    package mutating func closingRequests(at moment: Moment) -> [QuotaRequest] {
        returnHeld(of: tallies.quarters)
        schedule.began(at: moment.uptime_s)
        return schedule.takeUntold().intersection(tallies.quarters).sorted().map { request($0, want: 0) }
    }

    /// The ledger replied.
    package mutating func received(_ replies: [(request: QuotaRequest, reply: QuotaReply)], at moment: Moment) {
        schedule.ended()
        for (request, reply) in replies {
            limits.merge(reply.limits)
            tallies.change(request.quarter) { $0.received(reply.quarter, granted: reply.granted) }
            tallies.change(request.day) { $0.received(reply.day) }
            probedQuarter = [probedQuarter, reply.probed].compactMap(\.self).max()
            if reply.isProbe { probeHeld = request.quarter }
            if request.want > 0, reply.granted == 0 { schedule.nothingGranted(at: moment.uptime_s) }
        }
    }

    /// The ledger did not reply. Calls it may have granted are not used; the totals in the next requests correct its count.
    package mutating func ledgerFailed(_ requests: [QuotaRequest], retryIn_s: Double, at moment: Moment) {
        schedule.failed(untold: requests.map(\.quarter), retryAt_s: moment.uptime_s + retryIn_s)
    }

    /// The uptime, in seconds, at which the ledger must be told or read although nothing is asked; nil: there is nothing to tell.
    package func ledgerDueAt_s(at moment: Moment) -> Double? {
        schedule.dueAt_s(holdsCalls: tallies.quarters.contains { tallies[$0].held > 0 })
    }

    private mutating func returnHeld(of quarters: [QuotaWindow]) {
        for quarter in quarters where tallies[quarter].held > 0 {
            tallies.change(quarter) { $0.returnHeld() }
            schedule.changed(quarter)
            if probeHeld == quarter { probeHeld = nil }
        }
    }

    private mutating func request(_ window: QuotaWindow, want: Int) -> QuotaRequest {
        let (quarter, day) = (tallies[window], tallies[window.day])
        return QuotaRequest(
            quarter: window, sequence: schedule.nextSequence(), kept: quarter.spent + quarter.held, settled: quarter.settled,
            quarterIncluded: quarter.included, dayIncluded: day.included, quarterAllIncluded: quarter.allIncluded,
            dayAllIncluded: day.allIncluded, quarterUsage: quarter.usage, dayUsage: day.usage,
            quarterExhausted: quarter.exhausted, dayExhausted: day.exhausted, limits: limits, want: want,
            wantsProbe: asksForProbe && want > 0)
    }

    // MARK: Settlement

    /// A permitted call ended. Settling a permit twice changes nothing.
    package mutating func settle(_ permit: Permit, _ outcome: CallOutcome, at moment: Moment) -> [BudgetIncident] {
        guard let flight = flights.removeValue(forKey: permit.id) else { return [] }
        if WindowUsage(outcome.rateLimit, .day) != nil { awaitsUsage = false }
        if let date = outcome.serverDate { clock.heard(date, sentAt: flight.sentAt, now: moment) }
        var incidents: [BudgetIncident] = []
        if learns(from: outcome, of: flight, at: moment) {
            incidents.append(limits.doubt == nil ? .limitsChanged(limits) : .limitsDoubted(limits))
        }
        if outcome.isSpent { count(flight, outcome, at: moment) } else { returnCall(flight, at: moment) }
        if outcome.isAnswered { answeredQuarter = max(answeredQuarter ?? flight.quarter, flight.quarter) }
        if outcome.isRateLimited { incidents += refused(flight, outcome) }
        let event = circuit.settled(permit.id, outcome.verdict, athlete: permit.athlete, at: moment.uptime_s)
        if let event { incidents.append(BudgetIncident(event, kind: outcome.networkTrouble, at: moment)) }
        return incidents
    }

    /// Settles calls that nobody settled in time, as unknown. Returns how many.
    package mutating func settleAbandoned(at moment: Moment) -> Int {
        let abandoned = flights.values.filter { moment.uptime_s - $0.sentAt.uptime_s > Self.flightMax_s }
        for flight in abandoned { _ = settle(flight.permit, .unknown, at: moment) }
        return abandoned.count
    }

    /// Takes over what the outcome says about the limits. True when they changed, or came into doubt or out of it.
    private mutating func learns(from outcome: CallOutcome, of flight: Flight, at moment: Moment) -> Bool {
        let answeredAt_s = flight.answeredAt_s(outcome, clock: clock, now: moment)
        var hasChanged = false
        if let headers = outcome.rateLimit { hasChanged = limits.learn(headers, at_s: answeredAt_s) }
        if outcome.isRateLimited { hasChanged = limits.confirm(at_s: answeredAt_s.upperBound) || hasChanged }
        if flight.isProbe { hasChanged = probeEnded(flight, outcome, answeredAt_s: answeredAt_s.upperBound) || hasChanged }
        return hasChanged
    }

    private mutating func count(_ flight: Flight, _ outcome: CallOutcome, at moment: Moment) {
        let placement = flight.placement(of: outcome, place: clock.place(at: moment), now: moment)
        if placement.arrivedInQuarter { tallies.change(flight.quarter) { $0.arrived() } }
        include(flight, placement.quarterIsCertain ? outcome : nil, in: placement.quarter, endedAt_s: placement.endedAt_s)
        include(flight, placement.dayIsCertain ? outcome : nil, in: placement.day, endedAt_s: placement.endedAt_s)
        if let other = placement.otherQuarter {
            tallies.change(other) { $0.arrivedUnplanned() }
            if other.day != flight.quarter.day { tallies.change(other.day) { $0.arrivedUnplanned() } }
            schedule.changed(other)
        }
        schedule.changed(flight.quarter)
    }

    /// Adds what the headers say to a window. A call without headers waits until another answer's usage includes it.
    private mutating func include(_ flight: Flight, _ outcome: CallOutcome?, in window: QuotaWindow, endedAt_s: Double) {
        let usage = WindowUsage(outcome?.rateLimit, window.span).flatMap { isPlausible($0, outcome, window.span) ? $0 : nil }
        tallies.change(window) { tally in
            if let usage {
                let othersSettled = window.span == .quarter ? flight.othersSettled.quarter : flight.othersSettled.day
                tally.observed(usage, sentAt_s: flight.sentAt.uptime_s, othersSettled: othersSettled)
            } else {
                tally.ended(at: endedAt_s)
            }
        }
    }

    /// A usage above the limit comes with a refusal. With any other answer it is as wrong as an impossible limit, and is ignored.
    private func isPlausible(_ usage: WindowUsage, _ outcome: CallOutcome?, _ span: QuotaSpan) -> Bool {
        if outcome?.isRateLimited ?? false { return true }
        let held = limits.doubt?[span] ?? limits[span]
        let (overall, read) = (outcome?.rateLimit?.overall, outcome?.rateLimit?.read)
        let told = span == .quarter ? (overall?.quarterLimit, read?.quarterLimit) : (overall?.dayLimit, read?.dayLimit)
        return usage.overall <= max(held.overall, told.0 ?? 0) && usage.read <= max(held.read ?? held.overall, told.1 ?? 0)
    }

    /// The call was not made: it may be made again as long as its window lasts.
    private mutating func returnCall(_ flight: Flight, at moment: Moment) {
        let isCurrent = clock.place(at: moment) == .inside(flight.quarter)
        for window in [flight.quarter, flight.quarter.day] {
            tallies.change(window) { $0.withdrawn(isUrgent: flight.permit.requestClass.isUrgent, isCurrent: isCurrent) }
        }
        schedule.changed(flight.quarter)
    }

    /// A 429 ends the window whose limit is reached: the day if the headers say so, else the quarter hour.
    private mutating func refused(_ flight: Flight, _ outcome: CallOutcome) -> [BudgetIncident] {
        let quarter = outcome.serverDate.map { QuotaWindow(.quarter, containing: $0.timeIntervalSince1970) } ?? flight.quarter
        let isDay = WindowUsage(outcome.rateLimit, .day)?.reaches(limits.day) ?? false
        let window = isDay ? quarter.day : quarter
        schedule.changed(quarter)
        if tallies[window].exhausted { return [] }
        tallies.change(window) { $0.refused() }
        return [.rateLimited(window.span, until: window.endsAt)]
    }

    // MARK: Snapshot

    /// The state for people and metrics.
    ///
    /// - Parameter waitingFor: what the first waiting call waits for, as last decided; nil: nothing waits.
    package func snapshot(at moment: Moment, waitingFor: (until: Date, reason: WaitReason)?) -> GovernorSnapshot {
        let quarter =
            switch clock.place(at: moment) {
            case .inside(let quarter), .edge(let quarter, _): quarter
            }
        return GovernorSnapshot(
            at: moment.wall, windows: [snapshot(of: quarter, at: moment), snapshot(of: quarter.day, at: moment)], inFlight: flights.count,
            waiting: byClass { queue.count($0) }, granted: byClass { granted[$0.rawValue] }, circuit: circuit.snapshot(at: moment),
            waitingUntil: waitingFor.flatMap { $0.until == .distantFuture ? nil : $0.until }, waitingReason: waitingFor?.reason,
            policy: policy, clockOffset_s: clock.offset_s(at: moment))
    }

    /// The counts of one window; empty ones when nothing was counted in it.
    func tally(_ window: QuotaWindow) -> WindowTally { tallies[window] }

    private func snapshot(of window: QuotaWindow, at moment: Moment) -> WindowSnapshot {
        let (tally, limits) = (tallies[window], limits[window.span])
        let quarters = window.span == .day ? tallies.quarters.filter { $0.day == window } : [window]
        let left_s = window.endsAt.timeIntervalSince(moment.wall)
        let reserve =
            window.span == .day
            ? DayPace.reserve(dayLimit: limits.least, urgentSpent: tally.urgentSpent, left_s: left_s)
            : QuarterReserve.calls(limit: limits.least, urgentSpent: tally.urgentSpent, left_s: left_s)
        return WindowSnapshot(
            span: window.span, startsAt: window.startsAt, resetsAt: window.endsAt, limit: limits.least,
            overallLimit: limits.overall, readLimit: limits.read, used: tally.used(limits), foreign: tally.foreign,
            reserved: flights(in: window).count, leased: quarters.reduce(0) { $0 + tallies[$1].held },
            kept: max(0, min(reserve, tally.free(limits))), exhausted: tally.exhausted)
    }

    private func byClass(_ count: (RequestClass) -> Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: RequestClass.allCases.map { ($0.name, count($0)) })
    }
}
