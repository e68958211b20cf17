import Core
import Foundation
import StravaAPI
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

/// A pass over the list: the walk over all of it, newest first, or a look for what is new.
public struct ListPass: Sendable, Equatable {
    public enum Kind: String, Sendable { case walk, incremental }
    public let kind: Kind
    /// From 1.
    public var page: Int
    /// Only activities that started after this instant; nil for the walk.
    public let after: Date?
    /// Only activities that started before this instant; nil: all.
    public let before: Date?
    /// When a look that reaches back behind the newest start was begun; nil: one that does not, or a walk.
    public let lookBackBegunAt: Date?

    /// Whether it goes on by start behind a full page: it begins with activities that the page before has named.
    let followsFullPage: Bool

    /// Whether it is the pass's first page.
    var isFirst: Bool { page == 1 && !followsFullPage }

    public init(
        kind: Kind, page: Int, after: Date?, before: Date? = nil, lookBackBegunAt: Date? = nil, isContinued: Bool = false
    ) {
        self.before = before
        self.kind = kind
        self.page = page
        self.after = after
        self.lookBackBegunAt = lookBackBegunAt
        // Only a walk that goes on by start has an upper bound.
        self.followsFullPage = page == 1 && (isContinued || kind == .walk && before != nil)
    }

    /// A look's next page. After a full one it goes on by start with a day's overlap, as a walk does (see `WalkPosition`), if the page shows
    /// which way the list is sorted.
    /// - Parameters:
    ///   - starts: of the page's activities, in Strava's order: oldest first with `after` alone, else newest first (docs/strava-api.md 3.2).
    ///   - isFull: whether it held as many elements as were asked for.
    package func next(starts: [Date], isFull: Bool, now: Date) -> ListPass {
        let byPlace = ListPass(kind: kind, page: page + 1, after: after, before: before, lookBackBegunAt: lookBackBegunAt)
        guard isFull, let first = starts.first, let last = starts.last, first != last else { return byPlace }
        var (after, before) = (after, before)
        if zip(starts, starts.dropFirst()).allSatisfy(<=) {
            // Strava refuses an `after` in the future, and a recording device's clock may be years ahead.
            let bound = min(last.addingTimeInterval(-WalkPosition.overlap_s), now.addingTimeInterval(-SyncPlan.clockError_s))
            if bound <= after ?? .distantPast { return byPlace }
            after = bound
        } else if zip(starts, starts.dropFirst()).allSatisfy(>=) {
            let bound = last.addingTimeInterval(WalkPosition.overlap_s)
            if bound >= before ?? .distantFuture { return byPlace }
            before = bound
        } else {
            return byPlace
        }
        return ListPass(kind: kind, page: 1, after: after, before: before, lookBackBegunAt: lookBackBegunAt, isContinued: true)
    }
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
    /// Start of the oldest among the athlete's newest activities, which come before the rest of the walk.
    public var newestThreshold: Date?
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
}
