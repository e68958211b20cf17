import Core
import Database
import Foundation

/// An activity on the work list, whose athlete the transaction has locked. Activity 0 stands for the athlete's own objects.
struct SilverWork: Sendable, Hashable {
    let athleteID: AthleteID
    let activityID: Int64
    /// Its rows on the list, one for each landing. A later landing adds another.
    let rows: [Int64]
}

/// An answer in bronze without its body.
struct AnswerHead: Sendable {
    let key: AnswerKey
    let sha256: [UInt8]
    let fetchedAt: Date
}

/// From which answers, and by which transform version, silver's rows of an activity were made.
struct SilverState: Sendable {
    let summarySHA256: [UInt8]?
    let detailSHA256: [UInt8]?
    let version: Int16
    let streamsSHA256: [UInt8]?
    let streamsVersion: Int16?
}

/// The version of the decoder and the files of `sql/silver`. Raise it when they make other rows of the same answers: rows of an older
/// version are made again at the next start.
enum TransformVersion {
    static let current: Int16 = 7
}

/// One activity of a batch, as it is in bronze and in silver, and the answers that are needed to make it. Pure.
struct ChangedActivity: Sendable {
    let athleteID: AthleteID
    let source: Int16
    let activityID: Int64
    var summary: AnswerHead?
    var detail: AnswerHead?
    var streams: AnswerHead?
    var silver: SilverState?
    var hasTombstone: Bool

    var isGone: Bool { hasTombstone || (summary == nil && detail == nil) }

    var isStale: Bool {
        guard let silver else { return true }
        return silver.summarySHA256 != summary?.sha256 || silver.detailSHA256 != detail?.sha256
            || silver.version != TransformVersion.current
    }

    var lapsAreStale: Bool {
        guard let silver else { return true }
        return silver.detailSHA256 != detail?.sha256 || silver.version != TransformVersion.current
    }

    var streamsAreStale: Bool {
        guard let streams, !isGone else { return false }
        return silver?.streamsSHA256 != streams.sha256 || silver?.streamsVersion != TransformVersion.current
    }

    var detailIsNewer: Bool {
        guard let detail, let summary else { return detail != nil }
        return detail.fetchedAt >= summary.fetchedAt
    }

    /// Answers whose bodies are needed.
    var needed: [AnswerHead] {
        if isGone { return [] }
        return (isStale ? [summary, detail].compactMap(\.self) : []) + (streamsAreStale ? [streams].compactMap(\.self) : [])
    }
}

/// The batch's activities and athletes as they are in bronze and silver. Pure; made from the rows of three queries.
struct SilverInventory: Sendable {
    private struct Key: Hashable {
        let athleteID: AthleteID
        let source: Int16
        let activityID: Int64
    }

    let activities: [ChangedActivity]
    let athletes: [ChangedAthlete]

    /// - Parameter whateverSilverHas: everything is made again.
    init(of work: [SilverWork], heads: Rows, tombstones: Rows, states: Rows, whateverSilverHas: Bool) throws {
        let gone = try Set(
            tombstones.map { row in
                let (athlete, activity) = try row.decode(AthleteID.self, Int64.self)
                return Key(athleteID: athlete, source: DataSource.stravaAPI.rawValue, activityID: activity)
            })
        var activities: [Key: ChangedActivity] = [:]
        var athletes: [Key: ChangedAthlete] = [:]
        func add(_ key: Key, _ change: (inout ChangedActivity) -> Void) {
            let new = ChangedActivity(
                athleteID: key.athleteID, source: key.source, activityID: key.activityID, hasTombstone: gone.contains(key))
            change(&activities[key, default: new])
        }
        for head in try heads.map(Self.head) {
            let key = Key(athleteID: head.key.athleteID, source: head.key.source, activityID: head.key.objectID)
            let athlete = Key(athleteID: key.athleteID, source: key.source, activityID: 0)
            if athletes[athlete] == nil { athletes[athlete] = ChangedAthlete(athleteID: key.athleteID, source: key.source) }
            switch BronzeEndpoint(rawValue: head.key.endpoint) {
            case .activitySummary: add(key) { $0.summary = head }
            case .activity: add(key) { $0.detail = head }
            case .streams: add(key) { $0.streams = head }
            case .athlete: athletes[athlete]?.profile = head
            case .athleteZones, .activityZones, .gear, .athleteStats, nil: break
            }
        }
        // An athlete may have sums to make and no work left.
        for work in work where !athletes.keys.contains(where: { $0.athleteID == work.athleteID }) {
            let key = Key(athleteID: work.athleteID, source: DataSource.stravaAPI.rawValue, activityID: 0)
            athletes[key] = ChangedAthlete(athleteID: work.athleteID, source: key.source)
        }
        for row in states {
            let (key, state) = try Self.state(row)
            add(key) { $0.silver = whateverSilverHas ? nil : state }
        }
        self.activities = activities.values.sorted { ($0.athleteID, $0.activityID, $0.source) < ($1.athleteID, $1.activityID, $1.source) }
        self.athletes = athletes.values.sorted { ($0.athleteID, $0.source) < ($1.athleteID, $1.source) }
    }

    /// Answers whose bodies are needed.
    var needed: [AnswerHead] { activities.flatMap(\.needed) + athletes.compactMap(\.profile) }

    /// Streams answers whose arrays must be stored.
    var streamHeads: [AnswerHead] { activities.filter(\.streamsAreStale).compactMap(\.streams) }

    private static func head(_ row: Row) throws -> AnswerHead {
        let (athlete, source, endpoint, object, sha256, fetchedAt) = try row.decode(
            AthleteID.self, Int16.self, Int16.self, Int64.self, [UInt8].self, Date.self)
        let key = AnswerKey(athleteID: athlete, source: source, endpoint: endpoint, objectID: object)
        return AnswerHead(key: key, sha256: sha256, fetchedAt: fetchedAt)
    }

    private static func state(_ row: Row) throws -> (Key, SilverState) {
        let (athlete, source, activity, summary, detail, version, streams, streamsVersion) = try row.decode(
            AthleteID.self, Int16.self, Int64.self, [UInt8]?.self, [UInt8]?.self, Int16.self, [UInt8]?.self, Int16?.self)
        let state = SilverState(
            summarySHA256: summary, detailSHA256: detail, version: version, streamsSHA256: streams, streamsVersion: streamsVersion)
        return (Key(athleteID: athlete, source: source, activityID: activity), state)
    }
}
