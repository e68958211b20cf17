import Core
import Foundation
import Governor
import StravaAPI
import SyncStore

/// One call of a turn, with what is needed to judge its answer.
public enum TurnCall: Sendable {
    case list(ListPass)
    case object(AthleteObject)
    case activity(WorkItem, CompletenessEndpoint)

    /// What a call is about.
    public enum Target: Sendable, Hashable {
        case list
        case object(AthleteObject)
        case activity(ActivityID, CompletenessEndpoint)
    }

    public var target: Target {
        switch self {
        case .list: .list
        case .object(let object): .object(object)
        case .activity(let item, let endpoint): .activity(item.activityID, endpoint)
        }
    }
}

extension TurnCall {
    package func strava(_ request: SyncRequest?, of athlete: AthleteID) -> StravaCall {
        switch self {
        case .list(let pass): .activities(page: pass.page, perPage: ListStep.perPage, after: pass.after, before: pass.before)
        case .object(let object): object.call(of: athlete)
        case .activity(let item, .streams): .streams(item.activityID, keys: request?.streamKeys ?? StreamKey.allCases)
        case .activity(let item, .zones): .activityZones(item.activityID)
        case .activity(let item, _): .activity(item.activityID)
        }
    }

    /// Start of its activity; the list and own objects come before all.
    var startAt: Date {
        if case .activity(let item, _) = self { item.startAt } else { .distantFuture }
    }
}

extension NextStep {
    /// The step's calls, which may be made side by side.
    public var calls: [TurnCall] {
        switch self {
        case .list(let pass): [.list(pass)]
        case .object(let object): [.object(object)]
        case .fetch(let item): [.detail, .streams, .zones].filter { item.missing[$0] != nil }.map { .activity(item, $0) }
        case .done: []
        }
    }
}

/// What one turn does next, when it gives way to others and how it ends. Pure; the daemon and the simulated week share it.
///
/// A turn is a pipeline: calls are begun until as many are open as the turn may have, and each is open until its answer has landed. No call is
/// open twice, so nothing is fetched twice.
public struct TurnRules: Sendable {
    /// What a decision depends on besides the athlete's state.
    public struct Situation: Sendable {
        public var now: Date
        /// The lease holds, and neither the athlete nor everything is paused.
        public var mayGoOn: Bool
        /// Another athlete of the claim's priority is due and not in work.
        public var isAnyoneDue: Bool
        /// The daemon is stopping.
        public var isDraining: Bool
        /// Turns that this process has in work, this one included; they share the calls in flight.
        public var turnCount: Int

        public init(now: Date, mayGoOn: Bool = true, isAnyoneDue: Bool = false, isDraining: Bool = false, turnCount: Int = 1) {
            self.now = now
            self.mayGoOn = mayGoOn
            self.isAnyoneDue = isAnyoneDue
            self.isDraining = isDraining
            self.turnCount = turnCount
        }
    }

    public enum Move: Sendable {
        case begin([TurnCall], RequestClass)
        /// Read the athlete's state again: a landing has changed it.
        case read
        /// Nothing to do until another call is answered or landed.
        case wait
        /// Give up the calls that have not been sent, then go on: the turn ends once the others have landed.
        case withdraw
        case end(Ending)
    }

    public enum Ending: Sendable, Equatable {
        /// Nothing is due before this instant.
        case done(nextDueAt: Date)
        /// There is more to do, at this priority: others come first.
        case more(priority: Int)
        /// The turn may not go on; it is due again at this priority.
        case stopped(priority: Int)
        /// A call failed in a way that concerns more than its target.
        case failed
    }

    /// `waiting` for a token, a permit and a place in flight. Can transition to: `sent`, or out.
    /// `sent` to Strava. Can transition to: `answered`.
    /// `answered`, which includes a failure. Can transition to: out, once it has landed or turned out to bring nothing.
    private enum Stage { case waiting, sent, answered }

    private let plan: SyncPlan
    private let claimPriority: Int
    private var open: [TurnCall.Target: Stage] = [:]
    private var begun = 0
    /// Those of `begun` that are not more urgent than the claim. More urgent calls, as a look in a turn of history, come on top, so that each turn
    /// brings its athlete equally far.
    private var begunShared = 0
    private var ending: Ending?
    /// Something has landed since the state was read.
    private var isOutdated = false
    /// The list has landed since: nothing can be decided before the state is read again.
    private var isListOutdated = false

    /// - Parameter claimPriority: with which priority the athlete was claimed.
    public init(plan: SyncPlan, claimPriority: Int) {
        self.plan = plan
        self.claimPriority = claimPriority
    }

    // MARK: Decisions

    public mutating func next(_ state: SyncState, _ situation: Situation) -> Move {
        if situation.isDraining { end(as: .stopped(priority: claimPriority)) }
        if let ending { return close(ending) }
        if isListOutdated { return .read }
        // A list that is about to land decides what comes next.
        guard open[.list] != .answered, let step = plan.next(state, now: situation.now, besides: Set(open.keys)) else { return .wait }
        if case .done(let nextDueAt) = step { return finish(state, nextDueAt: nextDueAt) }
        let requestClass = plan.requestClass(step, state: state, now: situation.now)
        if !situation.mayGoOn {
            end(as: .stopped(priority: requestClass.priority))
            return close(.stopped(priority: requestClass.priority))
        }
        if givesWay(before: requestClass, state, situation) {
            return open.isEmpty ? .end(.more(priority: requestClass.priority)) : .wait
        }
        let calls = step.calls
        if !open.isEmpty, open.count + calls.count > callsMax(situation.turnCount) { return .wait }
        for call in calls { open[call.target] = .waiting }
        begun += calls.count
        if requestClass.priority >= claimPriority { begunShared += calls.count }
        return .begin(calls, requestClass)
    }

    public func requestClass(_ step: NextStep, state: SyncState, now: Date) -> RequestClass {
        plan.requestClass(step, state: state, now: now)
    }

    /// Nothing is left to begin. Whether that is the end shows a state that no landing has changed since.
    private func finish(_ state: SyncState, nextDueAt: Date) -> Move {
        if open.isEmpty { return isOutdated ? .read : .end(.done(nextDueAt: nextDueAt)) }
        return isOutdated && !state.isWorkComplete ? .read : .wait
    }

    private func close(_ ending: Ending) -> Move {
        if open.isEmpty { return .end(ending) }
        return open.values.contains(.waiting) ? .withdraw : .wait
    }

    private func givesWay(before requestClass: RequestClass, _ state: SyncState, _ situation: Situation) -> Bool {
        if begun >= plan.settings.requestsPerTurnMax { return true }
        if requestClass == .history, requestClass.priority > claimPriority { return true }
        // A pass for what is new begins again with each turn, so a turn is not ended in the middle of one.
        return begunShared >= plan.settings.requestsPerTurnShared && state.pass == nil && situation.isAnyoneDue
    }

    /// Calls that a turn may have open: its share of all calls in flight, and at least one activity's.
    private func callsMax(_ turnCount: Int) -> Int {
        let share = plan.settings.callsInFlight / max(1, turnCount)
        return max(2, min(plan.settings.callsInFlightPerAthlete, share))
    }

    // MARK: What has happened

    public mutating func sent(_ target: TurnCall.Target) { open[target] = .sent }

    public mutating func answered(_ target: TurnCall.Target) { open[target] = .answered }

    /// The answers that may land now. An activity's answers land together; none waits for a call that has not been sent.
    public var landable: Set<TurnCall.Target> {
        Set(open.filter { $0.value == .answered && !isAccompanied($0.key) }.keys)
    }

    private func isAccompanied(_ target: TurnCall.Target) -> Bool {
        guard case .activity(let id, let endpoint) = target, endpoint != .zones else { return false }
        return open[.activity(id, endpoint == .detail ? .streams : .detail)] == .sent
    }

    /// Whether a call besides the list's is at Strava.
    public var isAnySent: Bool { open.values.contains(.sent) }

    /// The answer is in PostgreSQL.
    public mutating func landed(_ target: TurnCall.Target) {
        open[target] = nil
        isOutdated = true
        if target == .list { isListOutdated = true }
    }

    /// The call was not made, or brought nothing.
    public mutating func dropped(_ target: TurnCall.Target) { open[target] = nil }

    public mutating func stateWasRead() { (isOutdated, isListOutdated) = (false, false) }

    /// A call failed in a way that ends the turn.
    public mutating func failed() { end(as: .failed) }

    private mutating func end(as ending: Ending) { self.ending = self.ending ?? ending }
}

extension RequestClass {
    /// Its place in `sync.schedule.priority`.
    public var priority: Int { rawValue }
}
