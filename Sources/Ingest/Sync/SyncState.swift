import Core
import Foundation
import StravaAPI
import SyncStore

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
    /// When the last look that reached back behind the newest start began.
    public var lookedBackAt: Date?
    /// When the last walk over the whole list ended.
    public var historyCompleteAt: Date?
    /// When the first walk ended: an activity first listed later is new, however old its start.
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
    /// The missing endpoints, with the number of tries so far.
    public var missing: [CompletenessEndpoint: Int]
    /// Strava had no streams before the last walk; if it has none now, that is believed.
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

/// The state of one of the athlete's own objects; a row of `sync.athlete_object`.
public struct ObjectStanding: Sendable, Equatable {
    public let object: AthleteObject
    public var state: CompletenessState
    public var attempts: Int
    public var nextTryAt: Date?
    /// When Strava last answered.
    public var checkedAt: Date?
    /// Start of the newest activity with this gear.
    public var usedAt: Date?

    public init(
        _ object: AthleteObject, state: CompletenessState = .pending, attempts: Int = 0, nextTryAt: Date? = nil, checkedAt: Date? = nil,
        usedAt: Date? = nil
    ) {
        self.object = object
        self.state = state
        self.attempts = max(0, attempts)
        self.nextTryAt = nextTryAt
        self.checkedAt = checkedAt
        self.usedAt = usedAt
    }

    /// The change after a failed call; nil: the error concerns more than this object and ends the turn. What is set aside stays so: it is
    /// asked for again in its rhythm only.
    func failed(_ error: StravaError, now: Date) -> ObjectChange? {
        if error.isApplicationWide { return nil }
        switch error.code {
        case .notFound: return ObjectChange(object, .gone, reason: "404")
        case .scopeMissing:
            // Strava names a permission; the athlete is asked for a scope (docs/strava-api.md 1.6).
            let scope = object == .zones ? "profile:read_all" : error.missingScope
            return ObjectChange(object, .noScope, reason: scope ?? "scope missing")
        case .paymentRequired: return ObjectChange(object, .noScope, reason: "payment required")
        case .serverError, .unreadable, .badRequest, .forbidden:
            if state == .quarantined { return ObjectChange(object, .quarantined, reason: error.code.rawValue) }
            let wait_s = OutcomeRules.failureWait_s * Double(1 << min(attempts, Self.doublingsMax))
            return ObjectChange(object, .failed, reason: error.code.rawValue, nextTryAt: now.addingTimeInterval(wait_s))
        default: return nil
        }
    }

    /// The change after a wrong answer: stored data stays, and the object is fetched again a few times.
    func answeredWrongly(_ fault: WrongAnswer, now: Date) -> ObjectChange {
        let waits = OutcomeRules.wrongAnswerWaits_s
        guard state != .quarantined, attempts < waits.count else { return ObjectChange(object, .quarantined, reason: fault.rawValue) }
        return ObjectChange(object, .failed, reason: fault.rawValue, nextTryAt: now.addingTimeInterval(waits[attempts]))
    }

    /// Limits the wait between two tries to about two days.
    private static let doublingsMax = 9
}

extension AthleteObject {
    func call(of athlete: AthleteID) -> StravaCall {
        switch kind {
        case .profile: .athlete
        case .zones: .athleteZones
        case .stats: .athleteStats(athlete)
        case .gear: .gear(name)
        }
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
    /// Only these steps; the others wait for the athlete's next ordinary turn. Nil: all.
    public var only: [SyncStep]?
    /// Requested for all athletes at once: ordinary work, which does not use the reserve for connect and manual calls.
    public var bulk: Bool?
    /// Only these streams, and always the time stream; nil: all.
    public var streams: [StreamKey]?
    /// The id of the HTTP request that asked, which the turn's log lines have, too.
    public var requestID: String?
    /// What this request fetches of the past, and in which order; nil: as set for all.
    public var history: HistoryChoice?

    public init(
        full: Bool, by: String, at: Double, only: [SyncStep]? = nil, bulk: Bool? = nil, streams: [StreamKey]? = nil,
        history: HistoryChoice? = nil, requestID: String? = LogContext.current.requestID?.description
    ) {
        self.history = history
        self.full = full
        self.by = by
        self.at = at
        self.only = only
        self.bulk = bulk
        self.streams = streams
        self.requestID = requestID
    }

    /// As it stands in `sync.schedule.request`.
    var json: String { get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) } }

    public var askedAt: Date { Date(timeIntervalSince1970: at) }
    var isBulk: Bool { bulk ?? false }

    /// The keys of this request's streams calls. Silver can't use streams without time.
    var streamKeys: [StreamKey] {
        guard let streams else { return StreamKey.allCases }
        return StreamKey.allCases.filter { $0 == .time || streams.contains($0) }
    }

    /// The ledger's reason for streams landed by this request; nil: all streams were requested.
    var streamsReason: String? {
        streamKeys.count == StreamKey.allCases.count ? nil : Self.chosenPrefix + streamKeys.map(\.rawValue).joined(separator: ",")
    }

    /// How the ledger's reason begins when only some streams were requested.
    static let chosenPrefix = "only "

    func wants(_ step: SyncStep) -> Bool { only?.contains(step) ?? true }

    /// What is fetched of the past: as requested, else as set for all. Who asks for details alone wants those of the past, too.
    package func pastWanted(setting: HistoryChoice) -> HistoryChoice {
        history ?? (only?.contains(.detail) ?? false ? .full : setting)
    }
}

/// Everything that the plan decides from, as read from PostgreSQL.
public struct SyncState: Sendable {
    public var cursor: SyncCursor
    /// The incremental pass that this turn is in.
    public var pass: ListPass?
    /// The athlete's own objects in the ledger; profile, zones and stats are always among them.
    public var objects: [ObjectStanding] = AthleteObject.always.map { ObjectStanding($0) }
    /// Why the list could not be read in this turn; known work is fetched all the same.
    public var listTrouble: String?
    /// Due work, newest start first; behind it details of the past that wait for all streams, and activities of which only the zones are missing.
    public var work: [WorkItem] = []
    /// Whether `work` is all due work; otherwise one read did not hold it.
    public var isWorkComplete = true
    /// Start of the oldest of the athlete's newest activities (`SyncSettings.newestFirstCount`), which come before the rest of the list.
    public var newestThreshold: Date?
    /// Start of the newest activity that has been listed and is not in the future.
    var newestListedAt: Date?
    /// When a list first named it.
    public var newestFirstListedAt: Date?
    /// Activities that started in the last 28 days; nil: unknown, treated as daily.
    public var recentCount: Int?
    /// When the next work becomes due.
    public var earliestRetryAt: Date?
    public var request: SyncRequest?
    public var events = OpenEvents()
    /// The events that were known when this turn's current pass began.
    var eventsAtPassStart: [Int64] = []
    /// The events that were known when a pass began that this turn has finished.
    var eventsLookedAfter: Set<Int64> = []
    /// An event has arrived since the last finished pass began.
    var isLookAnnounced: Bool { events.unlookedIDs.contains { !eventsLookedAfter.contains($0) } }

    public init(cursor: SyncCursor = SyncCursor()) { self.cursor = cursor }

    /// The endpoints of activities that this turn fetches.
    var endpointsWanted: [CompletenessEndpoint] {
        SyncStep.allCases.filter { request?.wants($0) ?? true }.compactMap(\.endpoint)
    }

    /// An endpoint of an activity has landed or failed, and is not due in this turn any more.
    public mutating func settled(_ activity: ActivityID, _ endpoint: CompletenessEndpoint) {
        guard let index = work.firstIndex(where: { $0.activityID == activity && $0.missing[endpoint] != nil }) else { return }
        work[index].missing[endpoint] = nil
        if work[index].missing.isEmpty { work.remove(at: index) }
    }

    func standing(of object: AthleteObject) -> ObjectStanding { objects.first { $0.object == object } ?? ObjectStanding(object) }

    /// Applies a committed change of one of the athlete's own objects.
    public mutating func follow(_ change: ObjectChange, now: Date) {
        guard let index = objects.firstIndex(where: { $0.object == change.object }) else { return }
        objects[index].attempts = change.state == .failed ? objects[index].attempts + 1 : 0
        (objects[index].state, objects[index].nextTryAt, objects[index].checkedAt) = (change.state, change.nextTryAt, now)
    }
}
