import Core
import Foundation
import Governor
import SyncStore

/// What an athlete's sync does next.
public enum NextStep: Sendable, Equatable {
    case list(ListPass)
    case object(AthleteObject)
    case fetch(WorkItem)
    /// Nothing is due; look again at this instant.
    case done(nextDueAt: Date)
}

/// Decides an athlete's next request from the cursor, the completeness ledger and what was asked for. Pure: no clock, no database, no network.
///
/// Order: the profile of an athlete whose grant was never tried, which says whose it is; the list's first page, the newest activities,
/// the rest of the list, then all else newest first, Strava's zones of activities last. A new athlete's latest training is therefore here after a few dozen calls, however
/// long the history is.
public struct SyncPlan: Sendable {
    public let settings: SyncSettings
    public let pace: SyncPace
    private let athlete: AthleteID?

    /// - Parameters:
    ///   - pace: the intervals that the day's budget allows to all athletes together; nil: those of an athlete alone.
    ///   - athlete: shortens the intervals a little, by an amount that depends on the athlete, so that not everybody is due at once; nil: exact.
    public init(settings: SyncSettings, pace: SyncPace? = nil, athlete: AthleteID? = nil) {
        self.settings = settings
        self.pace = pace ?? SyncPace(settings: settings)
        self.athlete = athlete
    }

    public func next(_ state: SyncState, now: Date) -> NextStep {
        next(state, now: now, besides: []) ?? .done(nextDueAt: nextDue(state, now: now))
    }

    /// The next step while the calls for `open` are under way; nil: one of them decides what comes next. `done` says that there is nothing to do
    /// besides them.
    func next(_ state: SyncState, now: Date, besides open: Set<TurnCall.Target>) -> NextStep? {
        if let profile = unknownOwner(state) { return open.contains(.object(profile)) ? nil : .object(profile) }
        if state.listTrouble == nil, let step = nextListStep(state, now: now, besides: open) {
            guard case .list = step, open.contains(.list) else { return step }
            // New activities need not wait until the list has been read to its end.
            guard let item = firstWanted(state, besides: open), isRecent(item, state: state, now: now) else { return nil }
            return .fetch(item)
        }
        if state.request?.only == nil, let object = dueObject(state, now: now, besides: open) { return .object(object) }
        if let item = firstWanted(state, besides: open) ?? firstWithZones(state, besides: open) { return .fetch(item) }
        return .done(nextDueAt: nextDue(state, now: now))
    }

    /// The profile, as long as Strava has not said whose grant it is: a misplaced token must not store anything.
    private func unknownOwner(_ state: SyncState) -> AthleteObject? {
        state.objects.contains { $0.object == .profile && $0.state == .pending } ? .profile : nil
    }

    /// How long an empty history is doubted, in seconds; until then it is looked at again at growing intervals.
    static let emptyHistoryDoubt_s: Double = 3_600
    private static let emptyHistoryWaitMin_s: Double = 300

    /// When an empty history is looked at again: after 5 minutes, then after twice the time that has passed; nil: the history is not empty, or
    /// known to be.
    private func emptyHistoryDueAt(_ state: SyncState) -> Date? {
        let cursor = state.cursor
        guard cursor.historyCompleteAt == nil, cursor.walkPage == nil, let listed = cursor.listedAt, let begun = cursor.walkStartedAt
        else { return nil }
        return listed.addingTimeInterval(max(Self.emptyHistoryWaitMin_s, 2 * listed.timeIntervalSince(begun)))
    }

    private func nextListStep(_ state: SyncState, now: Date, besides open: Set<TurnCall.Target>) -> NextStep? {
        if let pass = state.pass { return .list(pass) }
        if let request = state.request, !request.wants(.list) { return nil }
        if let due = emptyHistoryDueAt(state), due > now, !isAskedFor(state) { return nil }
        let isWalkWanted = state.cursor.historyCompleteAt == nil || isWalkRequested(state)
        if !isWalkWanted, listIsDue(state, now: now) {
            // Even before a walk that is due: after a downtime, new activities come first and walks follow.
            return .list(look(state, now: now))
        }
        if let page = state.cursor.walkPage {
            if page > 1 || state.cursor.walkBefore != nil, let item = newestWork(state, besides: open) { return .fetch(item) }
            return .list(ListPass(kind: .walk, page: page, after: nil, before: state.cursor.walkBefore))
        }
        if isWalkWanted || isWalkWantedByEvent(state) || walkIsDue(state, now: now) {
            return .list(ListPass(kind: .walk, page: 1, after: nil))
        }
        return nil
    }

    /// The request class of a step's calls. An admin's request speeds up new activities, not history.
    public func requestClass(_ step: NextStep, state: SyncState, now: Date) -> RequestClass {
        if case .fetch(let item) = step, item.missing[.zones] != nil || !isRecent(item, state: state, now: now) { return .history }
        if let request = state.request, !request.isBulk { return .connect }
        if case .list(let pass) = step, pass.kind == .walk, state.cursor.historyCompleteAt != nil { return .repair }
        return state.events.receivedAt != nil && state.cursor.historyCompleteAt != nil ? .live : .incremental
    }

    // MARK: Parts of the decision

    private func newestWork(_ state: SyncState, besides open: Set<TurnCall.Target>) -> WorkItem? {
        guard let item = firstWanted(state, besides: open), let threshold = state.newestThreshold, item.startAt >= threshold
        else { return nil }
        return item
    }

    /// The newest work, without endpoints that the request excludes or that are under way.
    private func firstWanted(_ state: SyncState, besides open: Set<TurnCall.Target>) -> WorkItem? {
        let wanted = state.endpointsWanted
        for var item in state.work {
            let id = item.activityID
            item.missing = item.missing.filter { wanted.contains($0.key) && !open.contains(.activity(id, $0.key)) }
            if !item.missing.isEmpty { return item }
        }
        return nil
    }

    /// The newest activity whose zones are missing; they come after everything else.
    private func firstWithZones(_ state: SyncState, besides open: Set<TurnCall.Target>) -> WorkItem? {
        if state.request?.only != nil { return nil }
        for var item in state.work where item.missing[.zones] != nil && !open.contains(.activity(item.activityID, .zones)) {
            item.missing = item.missing.filter { $0.key == .zones }
            return item
        }
        return nil
    }

    /// A walk was requested and has not ended since.
    private func isWalkRequested(_ state: SyncState) -> Bool {
        guard let request = state.request, request.full else { return false }
        if state.cursor.walkPage != nil { return true }
        return (state.cursor.walkStartedAt ?? .distantPast) < request.askedAt
    }

    /// An event named an activity that no look has found, because it was uploaded late or made visible again. It may be anywhere in the list.
    private func isWalkWantedByEvent(_ state: SyncState) -> Bool {
        state.events.unlistedAt.map { (state.cursor.walkStartedAt ?? .distantPast) < $0 } ?? false
    }

    private func walkIsDue(_ state: SyncState, now: Date) -> Bool { walkDueAt(state).map { $0 <= now } ?? true }

    private func walkDueAt(_ state: SyncState) -> Date? {
        state.cursor.historyCompleteAt.map { $0.addingTimeInterval(pace.walkInterval_s * spread(from: $0)) }
    }

    private func listDueAt(_ state: SyncState) -> Date? {
        state.cursor.listedAt.map { $0.addingTimeInterval(listInterval(state) * spread(from: $0)) }
    }

    private func spread(from beginning: Date) -> Double {
        athlete.map { SyncPace.spread($0.rawValue, from: beginning) } ?? 1
    }

    /// An admin or an event has asked for a look since the last one.
    private func isAskedFor(_ state: SyncState) -> Bool {
        guard let listed = state.cursor.listedAt else { return true }
        return state.isLookAnnounced || state.request.map { listed < $0.askedAt } ?? false
    }

    private func listIsDue(_ state: SyncState, now: Date) -> Bool {
        if isAskedFor(state) { return true }
        return listDueAt(state).map { $0 <= now } ?? true
    }

    /// Strava answers 400 to an `after` in the future (docs/strava-api.md 3.2). `newestStartAt` never is, but clocks differ:
    /// at most by this.
    static let clockError_s: Double = 3_600
    /// At least one of this many looks in a row reaches back, however long the interval.
    private static let looksPerLookBack: Double = 4

    /// The first page of a look for new activities.
    ///
    /// Only an empty page ends a list (docs/strava-api.md 3.2). A list of activities that started after the newest known start is usually empty,
    /// so a look costs one call. An activity that reaches Strava after a later one (a second device; a hidden start, which Strava moves to the
    /// first second of the day) is found by looks that reach back from time to time: to the last such look, less `lookBack_s`. They miss nothing
    /// that was uploaded within `lookBack_s` of its start; walks find the rest.
    private func look(_ state: SyncState, now: Date) -> ListPass {
        let newest = state.cursor.newestStartAt.map { min($0, now.addingTimeInterval(-Self.clockError_s)) }
        guard let newest, isLookBackDue(state, now: now) else { return ListPass(kind: .incremental, page: 1, after: newest) }
        let from = (lookedBackAt(state) ?? newest).addingTimeInterval(-settings.lookBack_s)
        return ListPass(kind: .incremental, page: 1, after: min(newest, from), lookBackBegunAt: now)
    }

    private func isLookBackDue(_ state: SyncState, now: Date) -> Bool {
        guard let last = lookedBackAt(state) else { return true }
        if let request = state.request, last < request.askedAt { return true }
        if let unlisted = state.events.unlistedAt, last < unlisted { return true }
        return last.addingTimeInterval(max(settings.lookBackInterval_s, Self.looksPerLookBack * listInterval(state))) <= now
    }

    /// When the last look reached back; a finished walk counts as one.
    private func lookedBackAt(_ state: SyncState) -> Date? {
        let walked = state.cursor.walkPage == nil ? state.cursor.walkStartedAt : nil
        return [state.cursor.lookedBackAt, walked].compactMap(\.self).max()
    }

    /// Time between two looks, in seconds: shorter for athletes who record often, longer for all when there are many.
    public func listInterval(_ state: SyncState) -> Double {
        settings.listInterval_s * max(pace.listStretch, pace.eventStretch)
            * (state.recentCount.map { SyncPace.habit(recentCount: $0) } ?? 1)
    }

    /// New work, as opposed to history: first listed after the first walk had ended, or started in the last 7 days.
    private func isRecent(_ item: WorkItem, state: SyncState, now: Date) -> Bool {
        if let threshold = state.newestThreshold, item.startAt >= threshold { return true }
        if let complete = state.cursor.firstCompleteAt, item.firstListedAt > complete { return true }
        return now.timeIntervalSince(item.startAt) < HistoryChoice.new_s
    }

    private func nextDue(_ state: SyncState, now: Date) -> Date {
        let list = emptyHistoryDueAt(state) ?? listDueAt(state) ?? now.addingTimeInterval(listInterval(state))
        return [list, walkDueAt(state), state.earliestRetryAt].compactMap(\.self).min() ?? list
    }
}

/// When the athlete's own objects are fetched: never fetched before, failed and due again, or possibly changed.
extension SyncPlan {
    /// How many own objects every athlete has, gear aside.
    public static let ownObjectsMin = AthleteObject.always.count

    func dueObject(_ state: SyncState, now: Date, besides open: Set<TurnCall.Target> = []) -> AthleteObject? {
        state.objects.first { !open.contains(.object($0.object)) && isDue($0, state: state, now: now) }?.object
    }

    private func isDue(_ standing: ObjectStanding, state: SyncState, now: Date) -> Bool {
        switch standing.state {
        case .pending: true
        case .failed: standing.nextTryAt.map { $0 <= now } ?? true
        case .landed, .empty, .gone, .expired: isOld(standing, state: state, now: now)
        // The athlete may have mended it at Strava.
        case .quarantined where standing.object == .profile: isOld(standing, state: state, now: now)
        // Until there is a new grant or an admin retries.
        case .noScope, .quarantined: false
        }
    }

    /// Whether a sync was asked for since; no event announces a new FTP or weight.
    private func isAskedFor(_ state: SyncState, since checked: Date) -> Bool { state.request.map { checked < $0.askedAt } ?? false }

    /// The profile is fetched with each sync that was asked for, sooner when there is a new activity, and after `profileInterval_s` at the
    /// latest; the stats by that interval alone. Zones are fetched again after each walk, and when a sync of one athlete, or a full one, was
    /// asked for. Gear used since a walk is fetched for its distance, unless the profile contains it: the scope that allows reading zones
    /// (`profile:read_all`) also puts all gear in use into the profile (docs/strava-api.md 3.1, 3.5).
    private func isOld(_ standing: ObjectStanding, state: SyncState, now: Date) -> Bool {
        guard let checked = standing.checkedAt else { return true }
        let hasWalkedSince = state.cursor.historyCompleteAt.map { $0 > checked } ?? false
        switch standing.object.kind {
        case .profile:
            let interval_s = hasTrained(state, since: checked) ? pace.profileInterval_s : settings.profileInterval_s
            return isAskedFor(state, since: checked) || checked.addingTimeInterval(interval_s) <= now
        case .stats: return checked.addingTimeInterval(settings.profileInterval_s) <= now
        case .zones:
            let isWide = state.request.map { $0.full || !$0.isBulk } ?? false
            return hasWalkedSince || isWide && isAskedFor(state, since: checked)
        case .gear:
            let isInProfile = state.objects.contains { $0.object == .zones && $0.state == .landed }
            return hasWalkedSince && !isInProfile && standing.usedAt.map { $0 > checked } ?? false
        }
    }

    /// The newest activity was first listed after `checked`, and not as a part of the history.
    private func hasTrained(_ state: SyncState, since checked: Date) -> Bool {
        guard let listed = state.newestFirstListedAt, let complete = state.cursor.firstCompleteAt else { return false }
        return listed > max(checked, complete)
    }
}
