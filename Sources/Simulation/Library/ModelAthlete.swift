import Core
import Foundation
import Sync
import Warehouse

/// One athlete: what Strava has of them, and the rows of `sync` that the plan reads.
struct ModelAthlete {
    /// By their start, oldest first; all are visible at Strava.
    private(set) var activities: [ModelActivity] = []
    var cursor = SyncCursor()
    /// Profile and zones; gear comes with the profile.
    var objects = [ObjectStanding(.profile), ObjectStanding(.zones)]
    var request: SyncRequest?
    /// Mean activities a day.
    let perDay: Double
    /// Seconds since the simulation's start; nil as long as the athlete has not connected.
    var connectedAt_s: Double?
    /// Of the newest activities at the time of connecting, how many are not here yet.
    var newestLeft = 0
    /// Calls that are known to be missing.
    private(set) var callsMissing = 0
    /// Calls made for this athlete.
    var calls = 0
    /// Calls that the history alone needs.
    private(set) var historyCalls = 0

    init(perDay: Double) { self.perDay = perDay }

    // MARK: What happens at Strava

    mutating func give(history: [ModelActivity]) {
        activities = history
        historyCalls = history.reduce(0) { $0 + ($1.isManual ? 1 : 2) }
    }

    mutating func upload(_ activity: ModelActivity) {
        let index = firstIndex(from: activity.start_s)
        // The start stands for the activity's number.
        if index < activities.count, activities[index].start_s == activity.start_s { return }
        activities.insert(activity, at: index)
    }

    mutating func edit(at index: Int, now_s: Int32) {
        activities[index].isEdited = true
        activities[index].since_s = now_s
        activities[index].kind = .late
    }

    /// The newest activities are what a new athlete waits for.
    mutating func connect(at now_s: Double, newestCount: Int) {
        connectedAt_s = now_s
        newestLeft = min(newestCount, activities.count)
        for index in activities.indices.suffix(newestCount) { activities[index].kind = .newest }
    }

    /// Everything is here since long ago.
    mutating func landAll(at now_s: Int32) {
        for index in activities.indices { activities[index].firstListed_s = now_s }
    }

    // MARK: What the sync does

    /// One page of the list, newest first. Answers how many activities it names.
    mutating func list(page: Int, perPage: Int, after_s: Double?, now_s: Double) -> Int {
        let first = after_s.map { firstIndex(from: Int32($0.rounded(.down)) + 1) } ?? 0
        let end = activities.count - (page - 1) * perPage
        guard end > first else { return 0 }
        let range = max(first, end - perPage)..<end
        for index in range { callsMissing += activities[index].listed(at: Int32(now_s)) }
        return range.count
    }

    /// A detail or its streams landed. Answers the activity when nothing more of it is missing.
    mutating func land(_ index: Int, _ endpoint: CompletenessEndpoint) -> ModelActivity? {
        let before = activities[index].callsMissing
        if endpoint == .detail { activities[index].lacksDetail = false } else { activities[index].lacksStreams = false }
        callsMissing -= before - activities[index].callsMissing
        guard before > 0, activities[index].callsMissing == 0 else { return nil }
        if activities[index].kind == .newest { newestLeft -= 1 }
        return activities[index]
    }

    /// The profile or the zones landed.
    mutating func landed(_ object: AthleteObject, at now: Date) {
        objects = objects.map { $0.object == object ? ObjectStanding(object, state: .landed, checkedAt: now) : $0 }
    }

    /// The index of the first activity that started then or later.
    func firstIndex(from start_s: Int32) -> Int {
        var (low, high) = (0, activities.count)
        while low < high {
            let middle = (low + high) / 2
            if activities[middle].start_s < start_s { low = middle + 1 } else { high = middle }
        }
        return low
    }

    var newestListedStart_s: Int32? { activities.last { $0.firstListed_s != nil }?.start_s }
}
