import Core
import Foundation
import Governor
import Sync
import SyncStore

/// A simulated week, or any other time, with the daemon's own decisions: `RateBudget` says which call may go, `TurnRules` what a turn does next
/// and how it ends, `SyncPlan` what an athlete needs, and the scheduler's lanes who is in work. Strava, the athletes and PostgreSQL are models
/// in memory; time jumps from event to event.
package struct SimulatedWeek {
    private enum Event {
        /// The scheduler looks, once a tick.
        case tick
        /// The governor asked to be looked at.
        case wake
        case arrival(Call, Permit)
        case answer(Call, Permit, CallOutcome)
        case upload(Int, World.Upload)
        case edit(Int, start_s: Int32)
        case newcomer
        case foreign
        case quarterEnd
        case sample
        case estimate
    }

    /// One request to Strava.
    private struct Call {
        let athlete: Int
        let call: TurnCall

        var reportsUsage: Bool { call.strava(nil, of: AthleteID(Int64(athlete))).reportsUsage }
    }

    /// One athlete in work: what `AthleteSync` holds during a turn.
    private struct Turn {
        let athlete: Int
        /// With which priority the athlete was claimed, and in which of the scheduler's lanes.
        let priority: Int
        let lane: Int
        var rules: TurnRules
        var state: SyncState
    }

    /// Which windows had more to do than budget from their beginning to their end.
    private struct Backlog {
        /// At the last quarter hour's edge there was more to do than a quarter hour's limit.
        var isLong = false
        /// Since this UTC day began, at each edge.
        var isLongAllDay = false
    }

    private let scenario: Scenario
    private let end_s: Double
    private var world: World
    private var strava: ModelStrava
    private var governor: ModelGovernor
    private var schedule = ModelSchedule()
    private var events = TimeQueue<Event>()
    private var now_s = World.origin_s
    private var turns: [Int: Turn] = [:]
    /// Athletes in work in each lane of the scheduler.
    private var inWork: [Int]
    /// Calls that wait for a permit, by the number the governor gave them.
    private var waiting: [UInt64: Call] = [:]
    private var backlog = Backlog()
    private var measures = Measures()
    private var wakeAt_s = Double.infinity
    private var demandToldAt_s = -Double.infinity
    private var pace: SyncPace
    private var pacedAt_s = -Double.infinity
    /// Athletes who connected during the simulation and whose newest activities are missing.
    private var newcomers: Set<Int> = []

    package init(_ scenario: Scenario, seed: UInt64) {
        self.scenario = scenario
        end_s = World.origin_s + scenario.hours * 3600
        world = World(scenario, seed: seed)
        pace = SyncPace(load: world.load(at: 0), dayLimit: scenario.limit.day, settings: scenario.settings)
        strava = ModelStrava(limit: scenario.limit)
        governor = ModelGovernor(
            limit: scenario.limit, policy: scenario.policy, clockError_s: .random(in: -0.5...0.5, using: &world.random))
        inWork = scenario.settings.lanes.map { _ in 0 }
        begin()
    }

    /// Runs to the end, yielding from time to time. Call it once.
    package mutating func run() async -> Measures {
        var handled = 0
        while let (time_s, event) = events.first, time_s < end_s {
            events.removeFirst()
            now_s = time_s
            handle(event)
            handled += 1
            if handled.isMultiple(of: Self.eventsAtOnce) { await Task.yield() }
        }
        finish()
        return measures
    }

    private static let eventsAtOnce = 200

    private func plan(of athlete: Int) -> SyncPlan {
        SyncPlan(settings: scenario.settings, pace: pace, athlete: AthleteID(Int64(athlete)))
    }

    private var now: Date { Date(timeIntervalSince1970: now_s) }
    /// Seconds since the start.
    private var elapsed_s: Double { now_s - World.origin_s }

    // MARK: Parts

    private mutating func begin() {
        for athlete in world.athletes.indices {
            switch scenario.start {
            case .empty: connect(athlete, .bulk)
            case .loaded:
                world.load(athlete, pace: pace)
                schedule.add(athlete, priority: 2, due_s: firstDue_s(athlete))
            }
            planUpload(athlete)
        }
        if scenario.hasGiant { connect(world.addAthlete(activities: scenario.historyMax), .alone) }
        for event in [Event.tick, .sample, .quarterEnd] { events.add(event, at: now_s) }
        if scenario.estimateEvery_s > 0 { events.add(.estimate, at: now_s + 900) }
        planNewcomer()
        planForeign()
    }

    /// A loaded athlete's next look, at random within the ordinary interval.
    private mutating func firstDue_s(_ athlete: Int) -> Double {
        let state = world.athletes[athlete].state(now: now, settings: scenario.settings)
        return now_s + .random(in: 0...plan(of: athlete).listInterval(state), using: &world.random)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .tick: tick()
        case .wake: if wakeAt_s <= now_s { wakeAt_s = .infinity }
        case .arrival(let call, let permit): arrive(call, permit)
        case .answer(let call, let permit, let outcome): answered(call, permit, outcome)
        case .upload(let athlete, let upload): uploaded(upload, athlete)
        case .edit(let athlete, let start_s): world.edit(start_s: start_s, athlete: athlete, at: elapsed_s)
        case .newcomer: newcomer()
        case .foreign: foreign()
        case .quarterEnd: quarterEnded()
        case .sample: sample()
        case .estimate: estimate()
        }
        pump()
    }

    /// Sends the calls that the governor permits.
    private mutating func pump() {
        for (id, permit) in governor.pump(at: now_s) {
            guard let call = waiting.removeValue(forKey: id) else { continue }
            turns[call.athlete]?.rules.sent(call.call.target)
            measures.calls += 1
            measures.callsByClass[permit.requestClass.rawValue] += 1
            world.athletes[call.athlete].calls += 1
            events.add(.arrival(call, permit), at: now_s + .random(in: scenario.latency_s, using: &world.random) / 2)
        }
        guard governor.wakeAt_s < wakeAt_s else { return }
        wakeAt_s = governor.wakeAt_s
        events.add(.wake, at: wakeAt_s)
    }

    private mutating func arrive(_ call: Call, _ permit: Permit) {
        let outcome = strava.arrive(at: now_s, reportsUsage: call.reportsUsage)
        events.add(.answer(call, permit, outcome), at: now_s + .random(in: scenario.latency_s, using: &world.random) / 2)
    }

    // MARK: Turns

    /// As `Housekeeper`'s demand.
    private static let demandInterval_s = 30.0
    /// As `ScheduleQueries.knownDemand`: more are not counted.
    private static let demandMax = 100_000
    /// What Strava gives a page at most (docs/strava-api.md 3.2).
    private static let perPage = 200
    /// As `AthleteSync` after trouble of the whole application.
    private static let troubleWait_s = 5.0

    /// As `Housekeeper`'s pace.
    private static let paceInterval_s = 900.0

    private mutating func tick() {
        if now_s - pacedAt_s >= Self.paceInterval_s {
            pacedAt_s = now_s
            pace = SyncPace(load: world.load(at: elapsed_s), dayLimit: scenario.limit.day, settings: scenario.settings)
        }
        if now_s - demandToldAt_s >= Self.demandInterval_s {
            demandToldAt_s = now_s
            let (calls, unwalked) = world.missing
            governor.expect(calls: unwalked > 0 || calls >= Self.demandMax ? nil : calls + pace.callsLeftToday(at: now))
        }
        claim()
        events.add(.tick, at: now_s + scenario.settings.tick_s)
    }

    private mutating func claim() {
        for (lane, rule) in scenario.settings.lanes.enumerated() {
            let free = rule.places - inWork[lane]
            guard free > 0 else { continue }
            for claim in schedule.claim(count: free, priorities: rule.priorities, now_s: now_s) {
                inWork[lane] += 1
                measures.turns += 1
                let state = world.athletes[claim.athlete].state(now: now, settings: scenario.settings)
                let rules = TurnRules(plan: plan(of: claim.athlete), claimPriority: claim.priority)
                advance(Turn(athlete: claim.athlete, priority: claim.priority, lane: lane, rules: rules, state: state))
            }
        }
    }

    /// As `AthleteSync`: does what the rules say until they wait for an answer or end the turn.
    private mutating func advance(_ old: Turn) {
        var turn = old
        while true {
            switch turn.rules.next(turn.state, situation(turn)) {
            case .begin(let calls, let requestClass):
                for call in calls.map({ Call(athlete: turn.athlete, call: $0) }) {
                    let id = governor.request(requestClass, athlete: call.athlete, reportsUsage: call.reportsUsage)
                    waiting[id] = call
                }
            case .read:
                readWork(&turn)
                turn.rules.stateWasRead()
            case .wait, .withdraw:
                turns[turn.athlete] = turn
                return
            case .end(let ending): return end(turn, ending)
            }
        }
    }

    /// Nothing is paused or stopped in the model.
    private func situation(_ turn: Turn) -> TurnRules.Situation {
        TurnRules.Situation(
            now: now, isAnyoneDue: schedule.isAnyoneDue(priority: turn.priority, now_s: now_s),
            turnCount: turns.count + (turns[turn.athlete] == nil ? 1 : 0))
    }

    private mutating func end(_ turn: Turn, _ ending: TurnRules.Ending) {
        turns[turn.athlete] = nil
        inWork[turn.lane] -= 1
        switch ending {
        case .done(let nextDueAt):
            world.athletes[turn.athlete].request = nil
            schedule.add(turn.athlete, priority: 2, due_s: nextDueAt.timeIntervalSince1970)
        case .more(let priority), .stopped(let priority): schedule.add(turn.athlete, priority: priority, due_s: now_s)
        case .failed: schedule.add(turn.athlete, priority: turn.priority, due_s: now_s + Self.troubleWait_s)
        }
    }

    private func readWork(_ turn: inout Turn) {
        world.athletes[turn.athlete].readWork(into: &turn.state, now: now, settings: scenario.settings)
    }

    // MARK: Answers

    private mutating func answered(_ call: Call, _ permit: Permit, _ outcome: CallOutcome) {
        governor.settle(permit, outcome, at: now_s)
        guard var turn = turns[call.athlete] else { return }
        if outcome.isRateLimited {
            turn.rules.dropped(call.call.target)
            turn.rules.failed()
        } else {
            land(call, &turn)
            turn.rules.landed(call.call.target)
        }
        advance(turn)
        claim()
    }

    private mutating func land(_ call: Call, _ turn: inout Turn) {
        switch call.call {
        case .list(let pass): land(pass, &turn)
        case .object(let object):
            measures.noteOwnCall(object.kind, day: Int(elapsed_s / 86_400))
            world.athletes[call.athlete].landed(object, at: now)
            turn.state.objects = world.athletes[call.athlete].objects
        case .activity(let item, let endpoint):
            turn.state.settled(item.activityID, endpoint)
            landed(Int32(item.activityID.rawValue), endpoint, call.athlete)
        }
    }

    /// As `ListStep`: an empty page ends the pass.
    private mutating func land(_ pass: ListPass, _ turn: inout Turn) {
        let after_s = pass.after.map { $0.timeIntervalSince(World.origin) }
        let count = world.athletes[turn.athlete].list(page: pass.page, perPage: Self.perPage, after_s: after_s, now_s: elapsed_s)
        if pass.kind == .incremental {
            measures.lookCalls += 1
            measures.looks += count == 0 ? 1 : 0
        }
        var cursor = turn.state.cursor
        if count == 0 {
            let newest = world.athletes[turn.athlete].newestListedStart_s.map { World.origin.addingTimeInterval(Double($0)) }
            cursor.newestStartAt = newest.map { max($0, cursor.newestStartAt ?? $0) } ?? cursor.newestStartAt
            cursor.listedAt = now
            cursor.lookedBackAt = pass.lookBackBegunAt ?? cursor.lookedBackAt
            if pass.kind == .walk {
                (cursor.walkPage, cursor.historyCompleteAt, cursor.firstCompleteAt) = (nil, now, cursor.firstCompleteAt ?? now)
            }
        } else if pass.kind == .walk {
            cursor.walkPage = pass.page + 1
        }
        if pass.kind == .walk && pass.page == 1 { cursor.walkStartedAt = now }
        world.athletes[turn.athlete].cursor = cursor
        turn.state.cursor = cursor
        // Nothing is deleted in the model, so pages can be counted by position.
        turn.state.pass = pass.kind == .incremental && count > 0 ? pass.next(starts: [], isFull: false, now: now) : nil
    }

    private mutating func landed(_ start_s: Int32, _ endpoint: CompletenessEndpoint, _ athlete: Int) {
        let index = world.athletes[athlete].firstIndex(from: start_s)
        if endpoint == .streams { measures.curves += 1 }
        let landed = world.athletes[athlete].land(index, endpoint)
        if scenario.estimateEvery_s > 0, world.athletes[athlete].isComplete { measures.trial.complete(athlete, at: elapsed_s) }
        guard let activity = landed else { return }
        measures.ages_s[activity.kind.rawValue].append(age_s(activity, athlete))
        guard activity.kind == .newest, world.athletes[athlete].newestLeft == 0, newcomers.remove(athlete) != nil else { return }
        measures.newcomers_s.append(elapsed_s - (world.athletes[athlete].connectedAt_s ?? 0))
    }

    /// Seconds since this version could first have been fetched.
    private func age_s(_ activity: ModelActivity, _ athlete: Int) -> Double {
        elapsed_s - max(Double(activity.since_s), world.athletes[athlete].connectedAt_s ?? 0)
    }

    // MARK: What comes from outside

    /// As `AthleteRegistry.register`: due at once.
    private mutating func connect(_ athlete: Int, _ arrival: Arrival) {
        world.athletes[athlete].connect(at: elapsed_s, newestCount: scenario.settings.newestFirstCount)
        if arrival == .awaited {
            world.athletes[athlete].request = SyncRequest(full: false, by: "connect", at: now.timeIntervalSince1970)
        }
        schedule.add(athlete, priority: arrival.priority, due_s: now_s)
    }

    private mutating func newcomer() {
        let athlete = world.addAthlete()
        newcomers.insert(athlete)
        connect(athlete, .awaited)
        planUpload(athlete)
        planNewcomer()
        claim()
    }

    private mutating func uploaded(_ upload: World.Upload, _ athlete: Int) {
        let (start_s, editIn_s) = world.upload(upload, athlete: athlete, at: elapsed_s)
        if let editIn_s { events.add(.edit(athlete, start_s: start_s), at: now_s + editIn_s) }
        planUpload(athlete)
    }

    private mutating func planUpload(_ athlete: Int) {
        let (wait_s, upload) = world.nextUpload(of: athlete)
        events.add(.upload(athlete, upload), at: now_s + wait_s)
    }

    private mutating func planNewcomer() {
        if scenario.newcomersPerDay > 0 { events.add(.newcomer, at: now_s + 86_400 / scenario.newcomersPerDay) }
    }

    private mutating func foreign() {
        strava.arriveForeign(at: now_s)
        planForeign()
    }

    private mutating func planForeign() {
        guard scenario.foreignPerHour > 0 else { return }
        events.add(.foreign, at: now_s + world.random.wait(mean: 3600 / scenario.foreignPerHour))
    }

    // MARK: Measuring

    private static let sampleEvery_s = 6 * 3600.0

    /// At each quarter hour's edge, the first one at the start.
    private mutating func quarterEnded() {
        let edge_s = now_s
        let toDo = world.missing.calls + schedule.overdue(at: now_s)
        let isLong = toDo >= scenario.limit.quarter
        if edge_s > World.origin_s { closeQuarter(QuotaWindow(.quarter, containing: edge_s - 1), isLong: isLong) }
        backlog.isLong = isLong
        if Int(edge_s) % 86_400 == 0 { backlog.isLongAllDay = true }
        backlog.isLongAllDay = backlog.isLongAllDay && isLong
        events.add(.quarterEnd, at: edge_s + 900)
    }

    /// A quarter hour is judged by its own limit only where nothing else binds: the day is not paced, and what it keeps for urgent calls
    /// (`DayPace.reserve`, a twentieth) is not reached.
    private mutating func closeQuarter(_ quarter: QuotaWindow, isLong: Bool) {
        let inDay = strava.count(quarter.day)
        if backlog.isLong, isLong, scenario.policy == .spend, inDay * 100 < scenario.limit.day * 94 {
            measures.quarterShares.append(Double(strava.count(quarter)) / Double(scenario.limit.quarter))
        }
        if quarter.end_s == quarter.day.end_s, backlog.isLongAllDay, isLong {
            measures.dayShares.append(Double(inDay) / Double(scenario.limit.day))
        }
    }

    /// As `CompletionReader`.
    private mutating func estimate() {
        events.add(.estimate, at: now_s + scenario.estimateEvery_s)
        guard case .success(let outlook) = QuotaOutlook.of(governor.snapshot(at: now_s)) else { return }
        let ahead = schedule.sharesAhead(priority: RequestClass.history.priority)
        let work = world.work(at: now).map { athlete, work in
            var work = work
            work.ahead = ahead[athlete] ?? 0
            return (athlete, work)
        }
        let forecast = CompletionForecast(
            work.map(\.1), outlook: outlook, settings: scenario.settings, pace: pace, horizon_s: 2 * scenario.hours * 3600)
        for (athlete, work) in work where work.hasWalked && work.missing > 0 {
            measures.trial.note(athlete, ends_s: elapsed_s + forecast.seconds(work), at: elapsed_s)
        }
    }

    private mutating func sample() {
        for athlete in world.athletes where athlete.connectedAt_s != nil {
            let since = athlete.cursor.listedAt?.timeIntervalSince(World.origin) ?? athlete.connectedAt_s ?? 0
            if elapsed_s > 0 { measures.listAges_s.append(elapsed_s - since) }
        }
        events.add(.sample, at: now_s + Self.sampleEvery_s)
    }

    /// Activities that have not landed count with their age at the end; without them, starvation would look good.
    private mutating func finish() {
        now_s = end_s
        for (index, athlete) in world.athletes.enumerated() where athlete.connectedAt_s != nil {
            for activity in athlete.activities where activity.firstListed_s == nil || activity.isEdited || activity.callsMissing > 0 {
                measures.missing[activity.kind.rawValue] += 1
                measures.ages_s[activity.kind.rawValue].append(age_s(activity, index))
            }
        }
        measures.refused = strava.refused
        measures.newcomersWaiting = newcomers.count
        let share = measures.calls / max(1, world.athletes.count)
        measures.equalDemand = world.athletes.prefix(scenario.athletes).filter { scenario.start == .empty && $0.historyCalls > 2 * share }
            .map(\.calls)
    }
}
