import Core
import Foundation
import Sync
import Warehouse

/// What `TurnQueries` reads from PostgreSQL, read from the model.
extension ModelAthlete {
    /// As `TurnQueries.workRowsMax`.
    private static let workRowsMax = 120

    /// As `TurnQueries`: what counts as recent.
    private static let recent_s = 28 * 86_400.0

    func state(now: Date, newestCount: Int) -> SyncState {
        var state = SyncState(cursor: cursor)
        state.objects = objects
        state.request = request
        readWork(into: &state, now: now, newestCount: newestCount)
        return state
    }

    func readWork(into state: inout SyncState, now: Date, newestCount: Int) {
        let origin = World.origin
        state.work = work(origin: origin)
        let threshold = newestListed(count: newestCount)
        state.newestThreshold = threshold.map { origin.addingTimeInterval(Double($0)) } ?? .distantPast
        let monthAgo_s = now.timeIntervalSince(origin) - Self.recent_s
        state.recentCount = activities.count - firstIndex(from: Int32(monthAgo_s))
    }

    /// What is missing, newest start first.
    private func work(origin: Date) -> [WorkItem] {
        var (items, rows) = ([WorkItem](), 0)
        if callsMissing == 0 { return items }
        for activity in activities.reversed() where activity.callsMissing > 0 {
            rows += activity.callsMissing
            if rows > Self.workRowsMax { break }
            items.append(item(activity, origin))
        }
        return items
    }

    private func item(_ activity: ModelActivity, _ origin: Date) -> WorkItem {
        var missing: [CompletenessEndpoint: Int] = [:]
        if activity.lacksDetail { missing[.detail] = 0 }
        if activity.lacksStreams { missing[.streams] = 0 }
        let firstListedAt = origin.addingTimeInterval(Double(activity.firstListed_s ?? 0))
        return WorkItem(
            activityID: ActivityID(Int64(activity.start_s)), startAt: origin.addingTimeInterval(Double(activity.start_s)),
            firstListedAt: firstListedAt, lastListedAt: firstListedAt, missing: missing)
    }

    /// The start of the oldest among the `count` newest that a list has named; nil when there are fewer.
    private func newestListed(count: Int) -> Int32? {
        var left = count
        for activity in activities.reversed() where activity.firstListed_s != nil {
            left -= 1
            if left == 0 { return activity.start_s }
        }
        return nil
    }
}
