import Core
import Foundation
import Governor
import Warehouse

/// What an athlete's sync does next.
public enum NextStep: Sendable, Equatable {
    case list(ListPass)
    case profile
    case fetch(WorkItem)
    /// Nothing is due; look again at this instant.
    case done(nextDueAt: Date)
}

/// Decides an athlete's next request from the cursor, the completeness ledger and what was asked for. Pure: no clock, no database, no network.
///
/// Order: the list's first page, the newest activities, the rest of the list, then all else newest first. A new athlete's latest training is
/// therefore here after a few dozen calls, however long the history is.
public struct SyncPlan: Sendable {
    public let settings: SyncSettings

    public init(settings: SyncSettings) { self.settings = settings }

    public func next(_ state: SyncState, now: Date) -> NextStep {
        if state.listTrouble == nil, let step = nextListStep(state, now: now) { return step }
        if state.request?.only == nil, profileIsDue(state, now: now) { return .profile }
        if let item = firstWanted(state) { return .fetch(item) }
        return .done(nextDueAt: nextDue(state, now: now))
    }

    private func nextListStep(_ state: SyncState, now: Date) -> NextStep? {
        if let pass = state.pass { return .list(pass) }
        if let request = state.request, !request.wants(.list) { return nil }
        if let page = state.cursor.walkPage {
            if page > 1, let item = newestWork(state) { return .fetch(item) }
            return .list(ListPass(kind: .walk, page: page, after: nil))
        }
        if walkIsDue(state, now: now) { return .list(ListPass(kind: .walk, page: 1, after: nil)) }
        if listIsDue(state, now: now) { return .list(ListPass(kind: .incremental, page: 1, after: after(state, now: now))) }
        return nil
    }

    /// The class of a step's calls for the governor. An admin's request speeds up what is new; a history stays history.
    public func requestClass(_ step: NextStep, state: SyncState, now: Date) -> RequestClass {
        if case .fetch(let item) = step, !isRecent(item, state: state, now: now) { return .history }
        if let request = state.request, !request.isBulk { return .connect }
        guard case .list(let pass) = step, pass.kind == .walk, state.cursor.historyCompleteAt != nil else { return .incremental }
        return .repair
    }

    // MARK: Parts of the decision

    private func newestWork(_ state: SyncState) -> WorkItem? {
        guard let item = firstWanted(state), let threshold = state.newestThreshold, item.startAt >= threshold else { return nil }
        return item
    }

    /// The newest work, without the endpoints that a request leaves out.
    private func firstWanted(_ state: SyncState) -> WorkItem? {
        let wanted = state.endpointsWanted
        for var item in state.work {
            item.missing = item.missing.filter { wanted.contains($0.key) }
            if !item.missing.isEmpty { return item }
        }
        return nil
    }

    private func walkIsDue(_ state: SyncState, now: Date) -> Bool {
        guard let complete = state.cursor.historyCompleteAt else { return true }
        if let request = state.request, request.full {
            return (state.cursor.walkStartedAt ?? .distantPast) < request.askedAt
        }
        return complete.addingTimeInterval(settings.walkInterval_s) <= now
    }

    private func listIsDue(_ state: SyncState, now: Date) -> Bool {
        guard let listed = state.cursor.listedAt else { return true }
        if let request = state.request, listed < request.askedAt { return true }
        return listed.addingTimeInterval(listInterval(state, now: now)) <= now
    }

    private func profileIsDue(_ state: SyncState, now: Date) -> Bool {
        guard let fetched = state.profileFetchedAt else { return true }
        return fetched.addingTimeInterval(settings.profileInterval_s) <= now
    }

    /// Strava answers 400 to an `after` in the future (STRAVA_API.md 3.2); `newestStartAt` never is, but clocks differ.
    private func after(_ state: SyncState, now: Date) -> Date? {
        state.cursor.newestStartAt.map { min($0.addingTimeInterval(-settings.lookBack_s), now.addingTimeInterval(-settings.lookBack_s)) }
    }

    /// Who trains often is looked at often: the interval widens with the age of the newest activity.
    public func listInterval(_ state: SyncState, now: Date) -> Double {
        let age_days = state.cursor.newestStartAt.map { now.timeIntervalSince($0) / 86_400 } ?? .infinity
        switch age_days {
        case ..<7: return settings.listInterval_s
        case ..<30: return settings.listInterval_s * 2
        case ..<120: return settings.listInterval_s * 4
        default: return settings.listInterval_s * 8
        }
    }

    /// New work, as opposed to history: listed after the first walk had ended, or of the last days.
    private func isRecent(_ item: WorkItem, state: SyncState, now: Date) -> Bool {
        if let threshold = state.newestThreshold, item.startAt >= threshold { return true }
        if let complete = state.cursor.historyCompleteAt, item.firstListedAt > complete { return true }
        return now.timeIntervalSince(item.startAt) < 7 * 86_400
    }

    private func nextDue(_ state: SyncState, now: Date) -> Date {
        let list = (state.cursor.listedAt ?? now).addingTimeInterval(listInterval(state, now: now))
        let walk = (state.cursor.historyCompleteAt ?? now).addingTimeInterval(settings.walkInterval_s)
        return [list, walk, state.earliestRetryAt ?? .distantFuture].min() ?? list
    }
}
