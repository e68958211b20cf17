import Foundation
import Governor
import Sync
import Warehouse

/// Whose turn it is, and what happens in a turn: the rules of `SyncScheduler` and `AthleteSync`, with the real plan.
extension Simulation {
    /// As `SyncScheduler.demandInterval_s`.
    private static let demandInterval_s = 30.0
    /// As `ScheduleQueries.knownDemand`: more are not counted.
    private static let demandMax = 100_000
    /// What Strava gives a page at most (docs/strava-api.md 3.2).
    private static let perPage = 200
    /// As `AthleteSync` after trouble of the whole application.
    private static let troubleWait_s = 5.0

    /// As `SyncScheduler.paceInterval_s`.
    private static let paceInterval_s = 900.0

    mutating func tick() {
        if now_s - pacedAt_s >= Self.paceInterval_s {
            pacedAt_s = now_s
            pace = SyncPace(load: world.load, dayLimit: scenario.limit.day, settings: scenario.settings)
        }
        if now_s - demandToldAt_s >= Self.demandInterval_s {
            demandToldAt_s = now_s
            let (calls, unwalked) = world.missing
            governor.expect(calls: unwalked > 0 || calls >= Self.demandMax ? nil : calls + pace.callsLeftToday(at: now))
        }
        claim()
        events.add(.tick, at: now_s + scenario.settings.tick_s)
    }

    mutating func claim() {
        for (lane, rule) in scenario.settings.lanes.enumerated() {
            let free = rule.places - inWork[lane]
            guard free > 0 else { continue }
            for claim in schedule.claim(count: free, priorities: rule.priorities, now_s: now_s) {
                inWork[lane] += 1
                measures.turns += 1
                let state = world.athletes[claim.athlete].state(now: now, newestCount: scenario.settings.newestFirstCount)
                let plan = plan(of: claim.athlete)
                advance(Turn(athlete: claim.athlete, priority: claim.priority, lane: lane, plan: plan, state: state))
            }
        }
    }

    /// As `AthleteSync.walk`: asks the plan and starts the calls of its step, or ends the turn.
    private mutating func advance(_ old: Turn) {
        var turn = old
        if turn.state.work.isEmpty && turn.state.pass == nil { readWork(&turn) }
        turn.step = turn.plan.next(turn.state, now: now)
        if case .done(let nextDueAt) = turn.step {
            world.athletes[turn.athlete].request = nil
            return end(turn, priority: 2, due_s: nextDueAt.timeIntervalSince1970)
        }
        let requestClass = turn.plan.requestClass(turn.step, state: turn.state, now: now)
        if isOver(turn, requestClass) {
            return end(turn, priority: requestClass.rawValue, due_s: now_s)
        }
        let calls = calls(of: turn.step, athlete: turn.athlete)
        turn.open = calls.count
        turn.requests += calls.count
        turns[turn.athlete] = turn
        for call in calls {
            let id = governor.request(requestClass, athlete: call.athlete, reportsUsage: call.reportsUsage)
            waiting[id] = call
        }
    }

    /// As in `AthleteSync.walk`.
    private func isOver(_ turn: Turn, _ requestClass: RequestClass) -> Bool {
        let settings = scenario.settings
        if turn.requests >= settings.requestsPerTurnMax { return true }
        if requestClass.rawValue > turn.priority && requestClass == .history { return true }
        guard turn.requests >= settings.requestsPerTurnShared, turn.state.pass == nil else { return false }
        return schedule.isAnyoneDue(priority: turn.priority, now_s: now_s)
    }

    private func calls(of step: NextStep, athlete: Int) -> [Call] {
        switch step {
        case .list(let pass): [Call(athlete: athlete, target: .list(pass))]
        case .object(let object): [Call(athlete: athlete, target: .object(object))]
        case .fetch(let item):
            [CompletenessEndpoint.detail, .streams].filter { item.missing[$0] != nil }
                .map { Call(athlete: athlete, target: .activity(item, $0)) }
        case .done: []
        }
    }

    private mutating func end(_ turn: Turn, priority: Int, due_s: Double) {
        turns[turn.athlete] = nil
        inWork[turn.lane] -= 1
        schedule.add(turn.athlete, priority: priority, due_s: due_s)
    }

    private func readWork(_ turn: inout Turn) {
        world.athletes[turn.athlete].readWork(
            into: &turn.state, now: now, newestCount: scenario.settings.newestFirstCount)
    }

    // MARK: Answers

    mutating func answered(_ call: Call, _ permit: Permit, _ outcome: CallOutcome) {
        governor.settle(permit, outcome, at: now_s)
        guard var turn = turns[call.athlete] else { return }
        turn.open -= 1
        if outcome.isRateLimited { turn.isRefused = true } else { land(call, &turn) }
        turns[call.athlete] = turn
        if turn.open > 0 { return }
        if turn.isRefused { end(turn, priority: turn.priority, due_s: now_s + Self.troubleWait_s) } else { advance(turn) }
        claim()
    }

    private mutating func land(_ call: Call, _ turn: inout Turn) {
        switch call.target {
        case .list(let pass): land(pass, &turn)
        case .object(let object):
            world.athletes[call.athlete].landed(object, at: now)
            turn.state.objects = world.athletes[call.athlete].objects
        case .activity(let item, let endpoint):
            turn.state.work.removeAll { $0.activityID == item.activityID }
            landed(Int32(item.activityID.rawValue), endpoint, call.athlete)
        }
    }

    /// As `AthleteSync.list`: an empty page ends the pass.
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
            if pass.kind == .walk { (cursor.walkPage, cursor.historyCompleteAt) = (nil, now) }
        } else if pass.kind == .walk {
            cursor.walkPage = pass.page + 1
        }
        if pass.kind == .walk && pass.page == 1 { cursor.walkStartedAt = now }
        world.athletes[turn.athlete].cursor = cursor
        turn.state.cursor = cursor
        // Nothing is deleted in the model, so that it may count pages by place.
        turn.state.pass = pass.kind == .incremental && count > 0 ? pass.next(starts: [], isFull: false, now: now) : nil
        readWork(&turn)
    }

    private mutating func landed(_ start_s: Int32, _ endpoint: CompletenessEndpoint, _ athlete: Int) {
        let index = world.athletes[athlete].firstIndex(from: start_s)
        guard let activity = world.athletes[athlete].land(index, endpoint) else { return }
        measures.ages_s[activity.kind.rawValue].append(age_s(activity, athlete))
        guard activity.kind == .newest, world.athletes[athlete].newestLeft == 0, newcomers.remove(athlete) != nil else { return }
        measures.newcomers_s.append(elapsed_s - (world.athletes[athlete].connectedAt_s ?? 0))
    }

    /// Seconds since this version could first have been fetched.
    func age_s(_ activity: ModelActivity, _ athlete: Int) -> Double {
        elapsed_s - max(Double(activity.since_s), world.athletes[athlete].connectedAt_s ?? 0)
    }
}
