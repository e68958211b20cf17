import Core
import Foundation
import Streams

/// The lease under which a batch was made; the write is refused when `sync.schedule` names another owner or a later fence.
public struct LeaseFence: Sendable, Hashable {
    public let owner: UUID
    public let fence: Int64

    public init(owner: UUID, fence: Int64) {
        self.owner = owner
        self.fence = fence
    }
}

/// One answer, or one element of a list page, exactly as received.
public struct BronzeAnswer: Sendable {
    public let endpoint: BronzeEndpoint
    public let objectID: Int64
    /// Path and query, without host and token.
    public let request: String
    /// HTTP status.
    public let status: Int
    public let fetchedAt: Date
    public let body: [UInt8]
    /// The body's streams, when they have been decoded already.
    let streams: StreamsAnswer?

    public init(
        endpoint: BronzeEndpoint, objectID: Int64, request: String, status: Int, fetchedAt: Date, body: [UInt8],
        streams: StreamsAnswer? = nil
    ) {
        self.streams = streams
        self.endpoint = endpoint
        self.objectID = objectID
        self.request = request
        self.status = status
        self.fetchedAt = fetchedAt
        self.body = body
    }
}

/// A list page named this activity.
///
/// New: it gets its rows in the completeness ledger (summary landed, detail pending, streams pending, or empty when manual).
/// Known with another fingerprint, or known as gone: detail and streams go back to pending.
public struct ListedRow: Sendable {
    public let activityID: ActivityID
    public let startAt: Date
    public let manual: Bool
    public let fingerprint: [UInt8]

    public init(activityID: ActivityID, startAt: Date, manual: Bool, fingerprint: [UInt8]) {
        self.activityID = activityID
        self.startAt = startAt
        self.manual = manual
        self.fingerprint = fingerprint
    }
}

/// A new state of one endpoint of one activity that a list has named before (or names in the same batch).
///
/// `.gone` for the summary puts the tombstone on the activity: `sync.activity.gone_at` is set and silver drops it.
public struct LedgerChange: Sendable {
    public let activityID: ActivityID
    public let endpoint: CompletenessEndpoint
    public let state: CompletenessState
    public let reason: String?
    public let nextTryAt: Date?
    public let countsAsAttempt: Bool

    public init(
        activityID: ActivityID, endpoint: CompletenessEndpoint, state: CompletenessState, reason: String? = nil,
        nextTryAt: Date? = nil, countsAsAttempt: Bool = false
    ) {
        self.activityID = activityID
        self.endpoint = endpoint
        self.state = state
        self.reason = reason
        self.nextTryAt = nextTryAt
        self.countsAsAttempt = countsAsAttempt
    }
}

/// Something set aside with its reason. `endpoint` is a completeness endpoint, `list`, or `silver` for a failed transform.
public struct QuarantineEntry: Sendable {
    public let endpoint: String
    public let objectID: Int64
    public let reason: String
    public let detail: String?
    public let body: [UInt8]?

    public init(endpoint: String, objectID: Int64, reason: String, detail: String? = nil, body: [UInt8]? = nil) {
        self.endpoint = endpoint
        self.objectID = objectID
        self.reason = reason
        self.detail = detail
        self.body = body
    }
}

/// All that one step of an athlete's sync changes; it commits as a whole or not at all.
public struct BronzeBatch: Sendable {
    public let athleteID: AthleteID
    public let lease: LeaseFence
    public var source: DataSource
    public var answers: [BronzeAnswer]
    public var listed: [ListedRow]
    public var ledger: [LedgerChange]
    public var cursor: CursorChange?
    public var quarantine: [QuarantineEntry]
    public var objects: [ObjectChange] = []
    public var gearUses: [GearUse] = []

    public init(
        athleteID: AthleteID, lease: LeaseFence, source: DataSource = .stravaAPI, answers: [BronzeAnswer] = [],
        listed: [ListedRow] = [], ledger: [LedgerChange] = [], cursor: CursorChange? = nil, quarantine: [QuarantineEntry] = []
    ) {
        self.athleteID = athleteID
        self.lease = lease
        self.source = source
        self.answers = answers
        self.listed = listed
        self.ledger = ledger
        self.cursor = cursor
        self.quarantine = quarantine
    }
}

/// What a committed batch changed.
public struct CommitReceipt: Sendable, Equatable {
    /// Answers that were not there before.
    public let inserted: Int
    /// Answers whose bytes differ from those that were there.
    public let changed: Int
    /// Answers whose bytes were there already; nothing was written for them.
    public let unchanged: Int
    /// Listed activities that no list had named before.
    public let newActivities: Int

    public init(inserted: Int, changed: Int, unchanged: Int, newActivities: Int) {
        self.inserted = inserted
        self.changed = changed
        self.unchanged = unchanged
        self.newActivities = newActivities
    }
}
