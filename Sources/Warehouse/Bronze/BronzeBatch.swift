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
    /// The body's streams, if they have been decoded already.
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

/// Everything that one step of an athlete's turn changes; it commits as a whole or not at all.
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

/// The changes that a committed batch made.
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

/// Kinds of API objects in `bronze_strava.answer`; the numbers are stored, so they never change (table `bronze_strava.endpoint`).
public enum BronzeEndpoint: Int16, CaseIterable, Sendable {
    /// One element of a list page, not the page.
    case activitySummary = 1
    case activity = 2
    case streams = 3
    case athlete = 4
    case athleteZones = 5
    case activityZones = 6
    case gear = 7
    case athleteStats = 8

    /// Whether the object's id is an activity's id; the others belong to the athlete.
    public var isOfActivity: Bool {
        switch self {
        case .activitySummary, .activity, .streams, .activityZones: true
        case .athlete, .athleteZones, .gear, .athleteStats: false
        }
    }

    /// The name under which `metrics.metrics` counts it.
    var metricsName: String {
        switch self {
        case .activitySummary: "activity_summary"
        case .activity: "activity"
        case .streams: "streams"
        case .athlete: "athlete_summary"
        case .athleteZones: "athlete_zones"
        case .activityZones: "activity_zones"
        case .gear: "gear"
        case .athleteStats: "athlete_stats"
        }
    }

    /// The athlete's own object of this kind; nil for answers about activities.
    var objectKind: AthleteObject.Kind? { AthleteObject.Kind.allCases.first { $0.endpoint == self } }
}

/// Where a row comes from (table `bronze_strava.source`).
public enum DataSource: Int16, Sendable {
    case stravaAPI = 1
    case stravaArchive = 2
    case file = 3
}

extension AthleteObject.Kind {
    var endpoint: BronzeEndpoint {
        switch self {
        case .profile: .athlete
        case .zones: .athleteZones
        case .stats: .athleteStats
        case .gear: .gear
        }
    }
}

extension AthleteObject {
    public var endpoint: BronzeEndpoint { kind.endpoint }
}
