import Foundation
import Warehouse

/// When the athlete's own objects are asked for: what was never asked, what failed and has waited, and what may have changed.
extension SyncPlan {
    func dueObject(_ state: SyncState, now: Date) -> AthleteObject? {
        state.objects.first { isDue($0, state: state, now: now) }?.object
    }

    private func isDue(_ standing: ObjectStanding, state: SyncState, now: Date) -> Bool {
        switch standing.state {
        case .pending: true
        case .failed: standing.nextTryAt.map { $0 <= now } ?? true
        case .landed, .empty, .gone, .expired: isOld(standing, state: state, now: now)
        // Only a new grant, or an admin, changes that.
        case .noScope, .quarantined: false
        }
    }

    /// Who asks for a sync of one athlete, or for a full one, wants what was set at Strava since: no event tells of an FTP or a weight.
    private func isAskedFor(_ state: SyncState, since checked: Date) -> Bool {
        guard let request = state.request, request.full || !request.isBulk else { return false }
        return checked < request.askedAt
    }

    /// The zones are asked for again after each walk. So is gear that was used since, for its mileage, unless the profile tells it: what
    /// shows the zones (`profile:read_all`) shows a profile with all gear in use (docs/strava-api.md 3.1, 3.5).
    private func isOld(_ standing: ObjectStanding, state: SyncState, now: Date) -> Bool {
        guard let checked = standing.checkedAt else { return true }
        if standing.object.kind != .gear, isAskedFor(state, since: checked) { return true }
        let hasWalkedSince = state.cursor.historyCompleteAt.map { $0 > checked } ?? false
        switch standing.object.kind {
        case .profile: return checked.addingTimeInterval(settings.profileInterval_s) <= now
        case .zones: return hasWalkedSince
        case .gear:
            let isInProfile = state.objects.contains { $0.object == .zones && $0.state == .landed }
            return hasWalkedSince && !isInProfile && standing.usedAt.map { $0 > checked } ?? false
        }
    }
}
