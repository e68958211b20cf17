import Core
import Foundation
import Streams
import SyncStore

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
