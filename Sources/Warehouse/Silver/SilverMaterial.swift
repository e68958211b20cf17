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
    private(set) var streams: [AnswerKey: DecodedStreams] = [:]
    private(set) var unreadable: [Unreadable] = []

    mutating func read(_ key: AnswerKey, body: [UInt8]) {
        do {
            if key.endpoint == BronzeEndpoint.streams.rawValue {
                streams[key] = try StreamDecoder.decode(body)
            } else {
                documents[key] = try DocumentReader.reduce(body)
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

/// Makes an activity's detail small before it goes to PostgreSQL as jsonb: the lists that silver does not use are cut out.
/// They make up nine tenths of a detail, and jsonb is slow to build.
enum DocumentReader {
    /// Fields of a detail that no file of `sql/silver` reads.
    static let unusedFields = [
        "segment_efforts", "best_efforts", "similar_activities", "photos", "stats_visibility", "partner_brand_tag", "highlighted_kudosers",
    ]

    /// The answer's object as JSON text without the unused fields.
    static func reduce(_ body: [UInt8]) throws(WarehouseError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        let names = unusedFields.map { $0.withCString { strdup($0) } }
        defer { for name in names { free(name) } }
        let status = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            fsj_object_without(body, body.count, names.baseAddress, names.count, &text, &length)
        }
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
