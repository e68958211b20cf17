import Core
import Database
import Foundation

/// What bronze and silver have of the batch's activities and athletes. Pure, made from the rows of three queries.
struct SilverInventory: Sendable {
    private struct Key: Hashable {
        let athleteID: AthleteID
        let source: Int16
        let activityID: Int64
    }

    let activities: [ChangedActivity]
    let athletes: [ChangedAthlete]

    /// - Parameter whateverSilverHas: all is to be made anew.
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
            athletes[athlete, default: ChangedAthlete(athleteID: key.athleteID, source: key.source)].profile =
                head.key.endpoint == BronzeEndpoint.athlete.rawValue ? head : athletes[athlete]?.profile
            switch BronzeEndpoint(rawValue: head.key.endpoint) {
            case .activitySummary: add(key) { $0.summary = head }
            case .activity: add(key) { $0.detail = head }
            case .streams: add(key) { $0.streams = head }
            case .athlete, .athleteZones, .activityZones, .gear, nil: break
            }
        }
        // Sums may have waited for work of which nothing is left.
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

    /// Answers whose bodies have to be read.
    var needed: [AnswerHead] { activities.flatMap(\.needed) + athletes.compactMap(\.profile) }

    /// Streams answers whose arrays have to be stored.
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
