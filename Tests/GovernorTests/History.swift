import Core
import Foundation
import HeapModule
import StravaAPI
import TestKit

@testable import Governor

/// One random history in virtual time: instances with a backlog, the quota ledger they share, Strava, and trouble.
struct History {
    enum Event {
        case wake(UUID)
        case arrival(UUID, Permit, reports: Bool, known: Known, isProbe: Bool)
        case answer(UUID, Permit, CallOutcome, told: Known)
        case foreign, poll, restart, clockStep, limitChange, collapse
        case restore(overall: RateLimit, read: RateLimit)
    }

    /// What an instance knows from headers, its own or through the ledger: the foreign calls of each window, and the newest of the limits that
    /// Strava has set one after another; 0: none, only the configuration.
    struct Known {
        var foreign: [QuotaWindow: Int] = [:]
        var limits = 0

        mutating func merge(_ other: Known) {
            foreign.merge(other.foreign) { max($0, $1) }
            limits = max(limits, other.limits)
        }
    }

    struct Instance {
        let id: UUID
        var budget: RateBudget
        /// The local wall clock minus Strava's.
        var offset_s: Double
        var nextWake_s = Double.infinity
        var reports: [UInt64: Bool] = [:]
        var hasHeardDate = false
        var known = Known()
    }

    let seed: UInt64
    var random: SeededRandom
    let troubles: Troubles
    let policy: DayPolicy
    let configured: RateLimit
    var strava: StravaModel
    var book: QuotaLedgerModel
    /// What the ledger knows from the instances.
    var bookKnown = Known()
    var instances: [UUID: Instance] = [:]
    var events = EventQueue<Event>()
    var now_s: Double
    let end_s: Double
    var calls = 0
    private var started = 0
    /// Calls sent beyond limits in doubt, by when they arrived.
    private(set) var probes: [QuotaWindow: Int] = [:]
    /// Arrivals over the limit without an excuse.
    var violations: [String] = []

    init(
        seed: UInt64, limit: RateLimit, read: RateLimit? = nil, configured: RateLimit? = nil, hours: Double, troubles: Troubles,
        policy: DayPolicy = .spend, start_s: Double = quarterStart.timeIntervalSince1970
    ) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        self.troubles = troubles
        self.policy = policy
        self.configured = configured ?? limit
        strava = StravaModel(overall: limit, read: read ?? limit)
        book = QuotaLedgerModel(configured: configured ?? limit)
        now_s = start_s
        end_s = start_s + hours * 3600
        for _ in 0..<troubles.instances { startInstance() }
        schedule(.foreign, perHour: troubles.foreignPerHour)
        schedule(.poll, perHour: troubles.pollsPerHour)
        schedule(.restart, perHour: troubles.restartsPerHour)
        schedule(.clockStep, perHour: troubles.clockStepsPerHour)
        schedule(.limitChange, perHour: troubles.limitChangesPerHour)
        schedule(.collapse, perHour: troubles.collapsesPerHour)
    }

    mutating func run() async {
        var handled = 0
        while let (time_s, event) = events.next(), time_s < end_s {
            now_s = time_s
            handle(event)
            handled += 1
            // Other tests' servers need the threads, too, and drop their clients when they get none.
            if handled.isMultiple(of: Self.eventsAtOnce) { await Task.yield() }
        }
    }

    private static let eventsAtOnce = 200

    // MARK: Events

    private mutating func handle(_ event: Event) {
        switch event {
        case .wake(let id): wake(id)
        case .arrival(let id, let permit, let reports, let known, let isProbe): arrive(id, permit, reports, known, isProbe)
        case .answer(let id, let permit, let outcome, let told): settle(id, permit, outcome, told)
        case .foreign:
            // Other users respect the limit, too.
            if strava.arrivals[QuotaWindow(.quarter, containing: now_s)] ?? 0 < strava.read.quarter / 2 {
                _ = strava.arrive(at: now_s, isForeign: true)
            }
            schedule(.foreign, perHour: troubles.foreignPerHour)
        case .poll: poll()
        case .restart: restart()
        case .clockStep: stepClock()
        case .limitChange: changeLimit()
        case .collapse: collapse()
        case .restore(let overall, let read): strava.limit(overall: overall, read: read)
        }
    }

    private mutating func startInstance() {
        started += 1
        // The name is the number, so that a history runs the same way each time.
        let id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(started >> 8 & 255), UInt8(started & 255)))
        let offset_s = Double.random(in: -1.2...1.2, using: &random)
        instances[id] = Instance(
            id: id, budget: RateBudget(configured: configured, policy: policy), offset_s: offset_s)
        events.add(.wake(id), at: now_s)
    }

    private mutating func restart() {
        schedule(.restart, perHour: troubles.restartsPerHour)
        guard let victim = names.randomElement(using: &random) else { return }
        // Half of them crash. A clean stop settles what is in flight, then gives back what is unused.
        if Bool.random(using: &random), var instance = instances[victim] {
            for flight in instance.budget.flights.values { _ = instance.budget.settle(flight.permit, .unknown, at: moment(instance)) }
            for turn in instance.budget.closingRequests(at: moment(instance)) { _ = book.exchange(turn, by: victim) }
        }
        instances[victim] = nil
        startInstance()
    }

    /// The instances in a fixed order, for the same reason.
    private var names: [UUID] { instances.keys.sorted { $0.uuidString < $1.uuidString } }

    private mutating func stepClock() {
        schedule(.clockStep, perHour: troubles.clockStepsPerHour)
        for id in names where instances[id]?.hasHeardDate == true {
            instances[id]?.offset_s = [Double.random(in: -4000...4000, using: &random), 0, 2.5].randomElement(using: &random) ?? 0
        }
    }

    private mutating func changeLimit() {
        schedule(.limitChange, perHour: troubles.limitChangesPerHour)
        let factor = Double.random(in: 0.6...1.8, using: &random)
        let dayFactor = Bool.random(using: &random) ? 1 : factor
        let read = RateLimit(
            quarter: max(5, Int(Double(strava.read.quarter) * factor)), day: max(5, Int(Double(strava.read.day) * dayFactor)))
        strava.limit(overall: RateLimit(quarter: read.quarter * 2, day: read.day * 2), read: read)
    }

    mutating func schedule(_ event: Event, perHour: Double) {
        guard perHour > 0 else { return }
        events.add(event, at: now_s - log(Double.random(in: 0.0001...1, using: &random)) * 3600 / perHour)
    }

    private mutating func poll() {
        schedule(.poll, perHour: troubles.pollsPerHour)
        guard let name = names.randomElement(using: &random), var instance = instances[name] else { return }
        instance.reports[instance.budget.request(.incremental, athlete: AthleteID(10))] = true
        pump(&instance)
        instances[name] = instance
    }

    // MARK: Calls

    private mutating func wake(_ id: UUID) {
        guard var instance = instances[id] else { return }
        if instance.nextWake_s <= now_s { instance.nextWake_s = .infinity }
        let now = moment(instance)
        if let tell = instance.budget.ledgerDueAt_s(at: now), tell <= now.uptime_s { talk(&instance, want: nil) }
        pump(&instance)
        instances[id] = instance
    }

    private mutating func pump(_ instance: inout Instance) {
        var asked = 0
        while instance.budget.flightCount < troubles.flightsMax {
            topUp(&instance)
            switch instance.budget.next(at: moment(instance)) {
            case .grant(_, let permit): send(permit, &instance)
            case .askLedger(let calls):
                asked += 1
                if asked > 50 { return plan(&instance, in: 1) }
                talk(&instance, want: calls)
            case .wait(let until, _):
                let delay = until == .distantFuture ? 60 : until.timeIntervalSince(moment(instance).wall)
                return plan(&instance, in: delay)
            case .idle: return
            }
        }
        plan(&instance, in: 60)
    }

    private mutating func topUp(_ instance: inout Instance) {
        let mustReport = troubles.streamsShare < 1 && troubles.pollsPerHour == 0
        while instance.budget.waitingCount < 24 || (mustReport && !instance.reports.values.contains(true)) {
            let requestClass = RequestClass.allCases.randomElement(using: &random) ?? .history
            let reports = Double.random(in: 0...1, using: &random) >= troubles.streamsShare
            let athlete = AthleteID(Int64.random(in: 1...9, using: &random))
            let id = instance.budget.request(requestClass, athlete: athlete, reportsUsage: reports)
            instance.reports[id] = reports
        }
    }

    private mutating func send(_ permit: Permit, _ instance: inout Instance) {
        calls += 1
        let reports = instance.reports.removeValue(forKey: permit.id) ?? true
        let up_s = Double.random(in: troubles.latency_s, using: &random) / 2
        if Double.random(in: 0...1, using: &random) < troubles.unsentShare {
            events.add(.answer(instance.id, permit, .notSent, told: Known()), at: now_s + up_s)
        } else {
            let isProbe = instance.budget.flights[permit.id]?.isProbe ?? false
            events.add(.arrival(instance.id, permit, reports: reports, known: instance.known, isProbe: isProbe), at: now_s + up_s)
        }
    }

    /// Checks the invariant on each arrival: our calls, and the foreign calls known from headers when the call was permitted, stay within the
    /// limit. If Strava has lowered the limit since, the one known when the call was permitted applies: an instance can't respect a limit that
    /// no answer has named, to it or to the ledger it has read. One probe a quarter hour is excused.
    private mutating func arrive(_ id: UUID, _ permit: Permit, _ reports: Bool, _ known: Known, _ isProbe: Bool) {
        let answer = strava.arrive(at: now_s)
        for window in [QuotaWindow(.quarter, containing: now_s), QuotaWindow(.day, containing: now_s)] {
            if isProbe { probes[window, default: 0] += 1 }
            if window.span == .quarter, probes[window] ?? 0 > 1 { violations.append("\(window.start_s): two probes") }
            let foreign = known.foreign[window] ?? 0
            let limit = max(strava.limit(window), known.limits == 0 ? configured[window.span] : strava.limit(window, known.limits))
            if !isProbe, strava.ours(window) + foreign > limit + (probes[window] ?? 0) {
                violations.append("\(window.span) \(window.start_s): \(strava.ours(window)) ours + \(foreign) foreign > \(limit)")
            }
        }
        let down_s = Double.random(in: troubles.latency_s, using: &random) / 2
        let date = Double.random(in: 0...1, using: &random) < troubles.dateShare ? answer.date : nil
        if Double.random(in: 0...1, using: &random) < troubles.lostShare {
            events.add(.answer(id, permit, .networkFailed(sent: true), told: Known()), at: now_s + 5)
        } else {
            let isAbsurd =
                troubles.absurdHeaderShare > 0 && Double.random(in: 0...1, using: &random) < troubles.absurdHeaderShare
            let headers = isAbsurd ? absurd(answer.headers) : answer.headers
            let outcome = CallOutcome.answered(status: answer.status, rateLimit: reports ? headers : nil, serverDate: date)
            let told = reports ? Known(foreign: answer.foreign, limits: isAbsurd ? 0 : answer.limits) : Known()
            events.add(.answer(id, permit, outcome, told: told), at: now_s + down_s)
        }
    }

    private mutating func settle(_ id: UUID, _ permit: Permit, _ outcome: CallOutcome, _ told: Known) {
        guard var instance = instances[id] else { return }
        _ = instance.budget.settle(permit, outcome, at: moment(instance))
        if outcome.serverDate != nil { instance.hasHeardDate = true }
        instance.known.merge(told)
        pump(&instance)
        instances[id] = instance
    }

    private mutating func talk(_ instance: inout Instance, want: Int?) {
        let now = moment(instance)
        let turns = instance.budget.ledgerRequests(want: want, at: now)
        let answers = turns.map { ($0, book.exchange($0, by: instance.id)) }
        if !turns.isEmpty { bookKnown.merge(instance.known) }
        if Double.random(in: 0...1, using: &random) < troubles.ledgerFailureShare {
            instance.budget.ledgerFailed(turns, retryIn_s: 1, at: now)
        } else {
            instance.budget.received(answers, at: now)
            if !turns.isEmpty { instance.known.merge(bookKnown) }
        }
    }

    private mutating func plan(_ instance: inout Instance, in delay_s: Double) {
        let tell_s = instance.budget.ledgerDueAt_s(at: moment(instance)).map { $0 - now_s } ?? .infinity
        let at_s = now_s + max(0.001, min(delay_s, tell_s))
        guard at_s < instance.nextWake_s || instance.nextWake_s <= now_s else { return }
        instance.nextWake_s = at_s
        events.add(.wake(instance.id), at: at_s)
    }

    /// The uptime is Strava's time here: it only runs forward, which is all that the budget requires.
    private func moment(_ instance: Instance) -> Moment {
        Moment(wall: Date(timeIntervalSince1970: now_s + instance.offset_s), uptime_s: now_s)
    }

    // MARK: Limits

    // Impossible limits: named once by mistake, or really in force for a while.

    private mutating func collapse() {
        schedule(.collapse, perHour: troubles.collapsesPerHour)
        events.add(.restore(overall: strava.overall, read: strava.read), at: now_s + .random(in: 60...3000, using: &random))
        let least = Int.random(in: 1...4, using: &random)
        strava.limit(overall: strava.overall, read: RateLimit(quarter: least, day: Bool.random(using: &random) ? least : strava.read.day))
    }

    /// The same usage with impossible limits.
    private mutating func absurd(_ headers: RateLimitHeaders) -> RateLimitHeaders {
        let day = headers.overall?.dayLimit ?? 1
        let (quarterLimit, dayLimit) = [(1, 1), (2, 2), (1, day), (day, 1)].randomElement(using: &random) ?? (1, 1)
        func pair(_ old: RateLimitHeaders.Pair?) -> RateLimitHeaders.Pair {
            .init(quarterLimit: quarterLimit, dayLimit: dayLimit, quarterUsage: old?.quarterUsage, dayUsage: old?.dayUsage)
        }
        return RateLimitHeaders(overall: pair(headers.overall), read: pair(headers.read))
    }
}

/// What may go wrong in a random history. All shares are per call or per event.
struct Troubles {
    var instances = 1
    var flightsMax = 16
    var streamsShare = 0.0
    /// Polls: calls beside the backlog that report the usage.
    var pollsPerHour = 0.0
    var foreignPerHour = 0.0
    var lostShare = 0.0
    var unsentShare = 0.0
    var restartsPerHour = 0.0
    var clockStepsPerHour = 0.0
    var limitChangesPerHour = 0.0
    /// How often Strava's limits really drop implausibly far for some time.
    var collapsesPerHour = 0.0
    /// Share of headers that name impossible limits.
    var absurdHeaderShare = 0.0
    var ledgerFailureShare = 0.0
    var dateShare = 1.0
    var latency_s = 0.05...0.6
}

/// Events in the order of their times.
struct EventQueue<Event> {
    private struct Entry: Comparable {
        let time_s: Double
        let order: Int
        let event: Event
        static func < (left: Entry, right: Entry) -> Bool { (left.time_s, left.order) < (right.time_s, right.order) }
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
    }

    private var heap = Heap<Entry>()
    private var order = 0

    mutating func add(_ event: Event, at time_s: Double) {
        order += 1
        heap.insert(Entry(time_s: time_s, order: order, event: event))
    }

    mutating func next() -> (time_s: Double, event: Event)? { heap.popMin().map { ($0.time_s, $0.event) } }
}
