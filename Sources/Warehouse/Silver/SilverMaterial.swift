import CSimdjson
import Core
import Foundation
import Streams
import SyncStore

/// The answers of a batch, read: documents as JSON text, streams as arrays, and the unreadable ones with the reason.
struct SilverMaterial: Sendable {
    struct Unreadable: Sendable {
        let key: AnswerKey
        let reason: String
    }

    private var documents: [AnswerKey: String] = [:]
    private var lists: [AnswerKey: String] = [:]
    private(set) var streams: [AnswerKey: DecodedStreams] = [:]
    private(set) var unreadable: [Unreadable] = []

    mutating func read(_ key: AnswerKey, body: [UInt8]) {
        do {
            if key.endpoint == BronzeEndpoint.streams.rawValue {
                streams[key] = try StreamDecoder.decode(body)
            } else {
                documents[key] = try DocumentReader.reduce(body)
                if key.endpoint == BronzeEndpoint.activity.rawValue { lists[key] = try DocumentReader.lists(body) }
            }
        } catch {
            unreadable.append(Unreadable(key: key, reason: "\(error)"))
        }
    }

    mutating func read(_ key: AnswerKey, _ content: SilverFeed.Content) {
        switch content {
        case .document(let body): read(key, body: body)
        case .streams(let arrays): streams[key] = arrays
        }
    }

    /// PostgreSQL's parser, which is stricter, refused this document.
    mutating func refuse(_ key: AnswerKey) {
        unreadable.append(Unreadable(key: key, reason: "warehouse unreadable: PostgreSQL can't read the answer as jsonb"))
    }

    func text(_ head: AnswerHead?) -> String? { head.flatMap { documents[$0.key] } }

    /// The long lists of a detail.
    func lists(_ head: AnswerHead?) -> String? { head.flatMap { lists[$0.key] } }

    /// Answers that could be read.
    var readable: [AnswerKey] {
        let refused = Set(unreadable.map(\.key))
        return (Array(documents.keys) + Array(streams.keys)).filter { !refused.contains($0) }
    }
}

extension AnswerKey {
    /// The endpoint's name in the completeness ledger and in the quarantine.
    var ledgerName: String {
        switch BronzeEndpoint(rawValue: endpoint) {
        case .activitySummary: CompletenessEndpoint.summary.rawValue
        case .activity: CompletenessEndpoint.detail.rawValue
        case .streams: CompletenessEndpoint.streams.rawValue
        case .activityZones: CompletenessEndpoint.zones.rawValue
        case .athlete, .athleteZones, .gear, .athleteStats, nil: "athlete"
        }
    }

    var quarantineKey: QuarantineKey { QuarantineKey(athleteID, ledgerName, objectID) }
}

/// Makes an activity's detail small before it goes to PostgreSQL as jsonb, which is slow to build: the long lists, which make up nine tenths
/// of it, go by themselves with the fields that silver reads, and what silver does not read is cut out.
enum DocumentReader {
    /// Fields of a detail that are not part of the document: the long lists, and what no file of `sql/silver` reads.
    static let cutFields = [
        "segment_efforts", "best_efforts", "similar_activities", "stats_visibility", "partner_brand_tag", "highlighted_kudosers",
    ]

    /// Fields of the long lists that `sql/silver/21_effort.sql` reads.
    static let listFields =
        [
            "id", "name", "elapsed_time", "moving_time", "start_date", "start_date_local", "distance", "start_index", "end_index",
            "average_cadence", "device_watts", "average_watts", "average_heartrate", "max_heartrate", "pr_rank", "kom_rank", "hidden",
            "visibility", "achievements", "segment.id", "segment.name", "segment.activity_type", "segment.distance",
            "segment.average_grade", "segment.maximum_grade", "segment.elevation_high", "segment.elevation_low", "segment.start_latlng",
            "segment.end_latlng", "segment.climb_category", "segment.city", "segment.state", "segment.country", "segment.private",
            "segment.hazardous", "segment.starred",
        ].map { "segment_efforts[].\($0)" }
        + [
            "id", "name", "elapsed_time", "moving_time", "start_date", "start_date_local", "distance", "start_index", "end_index",
            "pr_rank",
            "achievements",
        ].map { "best_efforts[].\($0)" }

    /// Elements of a list that are read.
    static let elementsMax = 10_000

    /// The answer's object as JSON text without the fields that are cut out.
    static func reduce(_ body: [UInt8]) throws(WarehouseError) -> String {
        try read { text, length in
            cutNames.withUnsafeBufferPointer { fsj_object_without(body, body.count, $0.baseAddress, $0.count, &text, &length) }
        }
    }

    /// The long lists as JSON text, an object of lists whose elements have `listFields` only; nil when all are empty.
    static func lists(_ body: [UInt8]) throws(WarehouseError) -> String? {
        let text = try read { text, length in
            listNames.withUnsafeBufferPointer {
                fsj_lists_read(body, body.count, $0.baseAddress, $0.count, elementsMax, &text, &length)
            }
        }
        return text.isEmpty ? nil : text
    }

    // As C strings, made once. nonisolated(unsafe): never changed nor freed.
    private nonisolated(unsafe) static let cutNames = cStrings(cutFields)
    private nonisolated(unsafe) static let listNames = cStrings(listFields)

    private static func cStrings(_ texts: [String]) -> [UnsafePointer<CChar>?] { texts.map { UnsafePointer(strdup($0)) } }

    private static func read(_ body: (inout UnsafeMutablePointer<CChar>?, inout Int) -> fsj_status) throws(WarehouseError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        let status = body(&text, &length)
        guard status == FSJ_OK, let text else { throw Self.error(status) }
        defer { fsj_text_free(text) }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }

    private static func error(_ status: fsj_status) -> WarehouseError {
        switch status {
        case FSJ_WRONG_SHAPE: WarehouseError(.unreadable, "the answer is JSON of another shape than expected")
        case FSJ_NO_MEMORY: WarehouseError(.unreadable, "the answer does not fit into memory")
        default: WarehouseError(.unreadable, "the answer is not JSON")
        }
    }
}
