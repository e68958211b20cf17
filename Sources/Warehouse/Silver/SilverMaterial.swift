import Core
import Streams
import SyncStore

/// The needed answers of a batch, read: documents as JSON text, streams as arrays, and what could not be read, with its reason.
struct SilverMaterial: Sendable {
    struct Unreadable: Sendable {
        let key: AnswerKey
        let reason: String
    }

    private(set) var documents: [AnswerKey: String] = [:]
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

    /// PostgreSQL's stricter parser does not take this document.
    mutating func refuse(_ key: AnswerKey) {
        unreadable.append(Unreadable(key: key, reason: "warehouse unreadable: PostgreSQL can't read the answer as jsonb"))
    }

    func text(_ head: AnswerHead?) -> String? { head.flatMap { documents[$0.key] } }

    /// Answers that were read and are in order.
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
        case .athlete, .athleteZones, .gear, nil: "athlete"
        }
    }

    var quarantineKey: QuarantineKey { QuarantineKey(athleteID, ledgerName, objectID) }
}
