import Core
import Foundation
import StravaAPI
import SyncStore
import Warehouse

/// How far an athlete's list has been read; the row of `sync.cursor`.
public struct SyncCursor: Sendable, Equatable {
    /// Next page (from 1) of the walk over the whole list; nil: no walk is under way.
    public var walkPage: Int?
    /// The page counts among what started before this instant; nil: among all.
    public var walkBefore: Date?
    /// Start of the oldest activity that the walk has reached without a gap.
    public var walkOldestAt: Date?
    public var walkStartedAt: Date?
    public var newestStartAt: Date?
    public var listedAt: Date?
    /// When the last look that reached back further than the newest start was begun.
    public var lookedBackAt: Date?
    /// When the last walk over the whole list ended.
    public var historyCompleteAt: Date?
    /// When the first one ended: what was first listed later is new, however old its date.
    public var firstCompleteAt: Date?

    public init(
        walkPage: Int? = nil, walkStartedAt: Date? = nil, newestStartAt: Date? = nil, listedAt: Date? = nil, lookedBackAt: Date? = nil,
        historyCompleteAt: Date? = nil, firstCompleteAt: Date? = nil
    ) {
        self.walkPage = walkPage
        self.walkStartedAt = walkStartedAt
        self.newestStartAt = newestStartAt
        self.listedAt = listedAt
        self.lookedBackAt = lookedBackAt
        self.historyCompleteAt = historyCompleteAt
        self.firstCompleteAt = firstCompleteAt ?? historyCompleteAt
    }
}

extension SyncCursor {
    mutating func apply(_ change: CursorChange) {
        change.walkPage.apply(to: &walkPage)
        change.walkBefore.apply(to: &walkBefore)
        change.walkOldestAt.apply(to: &walkOldestAt)
        change.walkStartedAt.apply(to: &walkStartedAt)
        change.listedAt.apply(to: &listedAt)
        change.lookedBackAt.apply(to: &lookedBackAt)
        change.historyCompleteAt.apply(to: &historyCompleteAt)
        firstCompleteAt = firstCompleteAt ?? historyCompleteAt
        switch change.newestStartAt {
        case .keep: break
        case .raise(let instant): newestStartAt = max(newestStartAt ?? instant, instant)
        case .reset(let instant): newestStartAt = instant
        }
    }
}

extension FieldChange {
    func apply(to field: inout Value) {
        if case .set(let value) = self { field = value }
    }
}

/// One activity with the endpoints that are still to be fetched.
public struct WorkItem: Sendable, Equatable {
    public let activityID: ActivityID
    public let startAt: Date
    public let firstListedAt: Date
    public let lastListedAt: Date
    /// What is still missing, with how often it was tried before.
    public var missing: [CompletenessEndpoint: Int]
    /// Strava had no streams, and a walk has ended since: the answer is believed now.
    public var isSecondLook: Bool

    public init(
        activityID: ActivityID, startAt: Date, firstListedAt: Date, lastListedAt: Date, missing: [CompletenessEndpoint: Int],
        isSecondLook: Bool = false
    ) {
        self.activityID = activityID
        self.startAt = startAt
        self.firstListedAt = firstListedAt
        self.lastListedAt = lastListedAt
        self.missing = missing
        self.isSecondLook = isSecondLook
    }
}

/// A kind of step that an admin may ask for alone.
public enum SyncStep: String, Sendable, Codable, CaseIterable {
    case list, detail, streams

    var endpoint: CompletenessEndpoint? {
        switch self {
        case .list: nil
        case .detail: .detail
        case .streams: .streams
        }
    }
}

/// What an admin asked for; kept in `sync.schedule.request` until it is done.
public struct SyncRequest: Sendable, Codable, Equatable {
    /// Walk the whole list again instead of only looking for what is new.
    public var full: Bool
    public var by: String
    /// When it was asked, in seconds since 1970.
    public var at: Double
    /// Only these steps; the rest waits for the athlete's ordinary rhythm. Nil: all.
    public var only: [SyncStep]?
    /// Asked of all athletes together: work like any other, that never takes what is kept for connect and manual calls.
    public var bulk: Bool?
    /// Only these streams, and the time that they refer to; nil: all.
    public var streams: [StreamKey]?

    public init(
        full: Bool, by: String, at: Double, only: [SyncStep]? = nil, bulk: Bool? = nil, streams: [StreamKey]? = nil
    ) {
        self.full = full
        self.by = by
        self.at = at
        self.only = only
        self.bulk = bulk
        self.streams = streams
    }

    /// As it stands in `sync.schedule.request`.
    var json: String { get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) } }

    public var askedAt: Date { Date(timeIntervalSince1970: at) }
    var isBulk: Bool { bulk ?? false }

    /// The keys that a streams call of this request names. Silver makes nothing of streams without their time.
    var streamKeys: [StreamKey] {
        guard let streams else { return StreamKey.allCases }
        return StreamKey.allCases.filter { $0 == .time || streams.contains($0) }
    }

    /// What the ledger says of streams that landed so; nil: all of them were asked for.
    var streamsReason: String? {
        streamKeys.count == StreamKey.allCases.count ? nil : Self.chosenPrefix + streamKeys.map(\.rawValue).joined(separator: ",")
    }

    /// Begins the ledger's reason for streams of which only some were asked for.
    static let chosenPrefix = "only "

    func wants(_ step: SyncStep) -> Bool { only?.contains(step) ?? true }
}

/// Everything that the plan decides from; read from Postgres, never guessed.
public struct SyncState: Sendable {
    public var cursor: SyncCursor
    /// The incremental pass that this turn is in.
    public var pass: ListPass?
    /// The athlete's own objects, as the ledger has them; the profile and the zones always.
    public var objects: [ObjectStanding] = [ObjectStanding(.profile), ObjectStanding(.zones)]
    /// Why the list could not be read in this turn; what is known already is fetched all the same.
    public var listTrouble: String?
    /// Due work, newest start first.
    public var work: [WorkItem] = []
    /// Whether `work` is all that is due; else there is more behind it.
    public var isWorkComplete = true
    /// Start of the oldest among the athlete's newest activities, which come before the rest of the walk.
    public var newestThreshold: Date?
    /// Start of the newest activity that has been listed and is not in the future.
    var newestListedAt: Date?
    /// Activities that started in the last 28 days; nil: not known, as of somebody who records daily.
    public var recentCount: Int?
    /// When the earliest of the work that is not yet due may be tried.
    public var earliestRetryAt: Date?
    public var request: SyncRequest?
    public var events = OpenEvents()
    /// The events that were known when the pass that is under way in this turn began.
    var eventsAtPassStart: [Int64] = []
    /// Those that were known when a pass of this turn began that has ended since.
    var eventsLookedAfter: Set<Int64> = []
    /// An event has come after which no look at the list was begun and ended.
    var isLookAnnounced: Bool { events.unlookedIDs.contains { !eventsLookedAfter.contains($0) } }

    public init(cursor: SyncCursor = SyncCursor()) { self.cursor = cursor }

    /// The endpoints of activities that this turn fetches.
    var endpointsWanted: [CompletenessEndpoint] {
        SyncStep.allCases.filter { request?.wants($0) ?? true }.compactMap(\.endpoint)
    }

    /// An endpoint of an activity is no longer missing, or not yet due again.
    public mutating func settled(_ activity: ActivityID, _ endpoint: CompletenessEndpoint) {
        guard let index = work.firstIndex(where: { $0.activityID == activity }) else { return }
        work[index].missing[endpoint] = nil
        if work[index].missing.isEmpty { work.remove(at: index) }
    }

    func standing(of object: AthleteObject) -> ObjectStanding { objects.first { $0.object == object } ?? ObjectStanding(object) }

    /// One of the athlete's own objects was asked for.
    public mutating func follow(_ change: ObjectChange, now: Date) {
        guard let index = objects.firstIndex(where: { $0.object == change.object }) else { return }
        objects[index].attempts = change.state == .failed ? objects[index].attempts + 1 : 0
        (objects[index].state, objects[index].nextTryAt, objects[index].checkedAt) = (change.state, change.nextTryAt, now)
    }
}
