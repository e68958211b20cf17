import Algorithms
import Core
import Foundation
import Sync
import SyncStore

/// One athlete: what Strava has of them, and the rows of `sync` that the plan reads.
struct ModelAthlete {
    /// By their start, oldest first; all are visible at Strava.
    private(set) var activities: [ModelActivity] = []
    var cursor = SyncCursor()
    /// Profile, zones and stats; gear comes with the profile.
    var objects = AthleteObject.always.map { ObjectStanding($0) }
    var request: SyncRequest?
    /// Mean activities a day.
    let perDay: Double
    /// Seconds since the simulation's start; nil as long as the athlete has not connected.
    var connectedAt_s: Double?
    /// How many of the newest activities at the time of connecting have not landed yet.
    var newestLeft = 0
    /// Calls that are known to be missing.
    private(set) var callsMissing = 0
    /// Calls made for this athlete.
    var calls = 0
    /// Calls that the history alone needs.
    private(set) var historyCalls = 0
    /// Activities that a list has named.
    private var listedCount = 0

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

    /// Connects the athlete and marks the newest activities, which a new athlete waits for.
    mutating func connect(at now_s: Double, newestCount: Int) {
        connectedAt_s = now_s
        newestLeft = min(newestCount, activities.count)
        for index in activities.indices.suffix(newestCount) { activities[index].kind = .newest }
    }

    /// Everything has landed long ago.
    mutating func landAll(at now_s: Int32) {
        for index in activities.indices { activities[index].firstListed_s = now_s }
        listedCount = activities.count
    }

    // MARK: What the sync does

    /// Reads one page of the list, newest first. Returns how many activities it names.
    mutating func list(page: Int, perPage: Int, after_s: Double?, now_s: Double) -> Int {
        let first = after_s.map { firstIndex(from: Int32($0.rounded(.down)) + 1) } ?? 0
        let end = activities.count - (page - 1) * perPage
        guard end > first else { return 0 }
        let range = max(first, end - perPage)..<end
        for index in range {
            if activities[index].firstListed_s == nil { listedCount += 1 }
            callsMissing += activities[index].listed(at: Int32(now_s))
        }
        return range.count
    }

    /// A detail or streams landed. Returns the activity when nothing more of it is missing.
    mutating func land(_ index: Int, _ endpoint: CompletenessEndpoint) -> ModelActivity? {
        let before = activities[index].callsMissing
        if endpoint == .detail { activities[index].lacksDetail = false } else { activities[index].lacksStreams = false }
        callsMissing -= before - activities[index].callsMissing
        guard before > 0, activities[index].callsMissing == 0 else { return nil }
        if activities[index].kind == .newest { newestLeft -= 1 }
        return activities[index]
    }

    /// The profile, the zones or the stats landed.
    mutating func landed(_ object: AthleteObject, at now: Date) {
        objects = objects.map { $0.object == object ? ObjectStanding(object, state: .landed, checkedAt: now) : $0 }
    }

    /// The index of the first activity that started then or later.
    func firstIndex(from start_s: Int32) -> Int {
        activities.partitioningIndex { $0.start_s >= start_s }
    }

    var newestListedStart_s: Int32? { activities.last { $0.firstListed_s != nil }?.start_s }

    // MARK: What a turn reads

    /// As `TurnQueries.workRowsMax`.
    private static let workRowsMax = 120

    /// As `TurnQueries`: what counts as recent.
    private static let recent_s = 28 * 86_400.0

    func state(now: Date, settings: SyncSettings) -> SyncState {
        var state = SyncState(cursor: cursor)
        state.objects = objects
        state.request = request
        readWork(into: &state, now: now, settings: settings)
        return state
    }

    func readWork(into state: inout SyncState, now: Date, settings: SyncSettings) {
        let origin = World.origin
        let threshold = newestListed(count: settings.newestFirstCount)
        (state.work, state.isWorkComplete) = work(settings.history, newestSince_s: threshold, now_s: Int32(now.timeIntervalSince(origin)))
        state.newestThreshold = threshold.map { origin.addingTimeInterval(Double($0)) } ?? .distantPast
        let newest = activities.last { $0.firstListed_s != nil }?.firstListed_s
        state.newestFirstListedAt = newest.map { origin.addingTimeInterval(Double($0)) }
        state.recentCount = recentCount(now: now)
    }

    private func recentCount(now: Date) -> Int {
        activities.count - firstIndex(from: Int32(now.timeIntervalSince(World.origin) - Self.recent_s))
    }

    /// Nothing of a list that is read to its end is missing.
    var isComplete: Bool { callsMissing == 0 && cursor.historyCompleteAt != nil }

    /// What forecasts need.
    func work(now: Date) -> AthleteWork {
        AthleteWork(
            missing: callsMissing, listed: listedCount, recent: recentCount(now: now), hasWalked: cursor.historyCompleteAt != nil)
    }

    /// What is missing, newest start first; details of the past behind all streams, or not at all.
    private func work(_ history: HistoryChoice, newestSince_s: Int32?, now_s: Int32) -> (items: [WorkItem], isComplete: Bool) {
        var (items, behind, rows) = ([WorkItem](), [WorkItem](), 0)
        if callsMissing == 0 { return (items, true) }
        for activity in activities.reversed() where activity.callsMissing > 0 {
            var item = item(activity)
            if history != .full, isPast(activity, newestSince_s: newestSince_s, now_s: now_s),
                let tries = item.missing.removeValue(forKey: .detail), history == .streamsFirst, behind.count < Self.workRowsMax
            {
                var detail = item
                detail.missing = [.detail: tries]
                behind.append(detail)
            }
            rows += item.missing.count
            if rows > Self.workRowsMax { return (items, false) }
            if !item.missing.isEmpty { items.append(item) }
        }
        return (items + behind, behind.count < Self.workRowsMax)
    }

    /// As `CompletenessTable.postponePastDetails`.
    private func isPast(_ activity: ModelActivity, newestSince_s: Int32?, now_s: Int32) -> Bool {
        let complete_s = cursor.firstCompleteAt.map { $0.timeIntervalSince(World.origin) } ?? .infinity
        return activity.start_s < newestSince_s ?? .min && activity.start_s <= now_s - 7 * 86_400
            && Double(activity.firstListed_s ?? .max) <= complete_s
    }

    private func item(_ activity: ModelActivity) -> WorkItem {
        let origin = World.origin
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

/// One activity at Strava, and how much of it has landed. Times are whole seconds since the simulation's start; millions of these are held.
struct ModelActivity {
    /// Which row of the report counts its age.
    enum Kind: Int, CaseIterable {
        /// Among the newest of a new athlete.
        case newest
        /// Recorded while the athlete is connected.
        case fresh
        /// Uploaded more than a day after it began, or edited.
        case late
        /// All others of the past.
        case history
    }

    let start_s: Int32
    /// Since when this version is at Strava for us to fetch.
    var since_s: Int32
    /// When a list first named it; nil as long as none has.
    var firstListed_s: Int32?
    var kind: Kind
    /// Entered by hand: without streams.
    let isManual: Bool
    /// The list names other figures than before.
    var isEdited = false
    var lacksDetail = false
    var lacksStreams = false

    init(start_s: Int32, since_s: Int32, kind: Kind, isManual: Bool) {
        self.start_s = start_s
        self.since_s = since_s
        self.kind = kind
        self.isManual = isManual
    }

    var callsMissing: Int { (lacksDetail ? 1 : 0) + (lacksStreams ? 1 : 0) }

    /// A list page named it. Returns how many more calls that makes necessary.
    mutating func listed(at now_s: Int32) -> Int {
        if firstListed_s != nil && !isEdited { return 0 }
        let before = callsMissing
        if firstListed_s == nil { firstListed_s = now_s }
        isEdited = false
        lacksDetail = true
        lacksStreams = !isManual
        return callsMissing - before
    }
}
