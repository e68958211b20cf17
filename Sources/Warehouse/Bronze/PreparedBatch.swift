import Core
import Digest
import Streams
import SyncStore

/// A batch prepared outside the writer: with hashes, and of several entries for one key only the last (pages shift while they are read, so
/// that an activity may occur twice).
struct PreparedBatch: Sendable {
    let batch: BronzeBatch
    let answers: [PreparedAnswer]
    let listed: [ListedRow]
    let ledger: [LedgerChange]
    let quarantine: [QuarantineEntry]
    let bytes: Int

    var athleteID: AthleteID { batch.athleteID }

    @concurrent
    static func prepare(_ batch: BronzeBatch) async -> PreparedBatch { PreparedBatch(batch) }

    private init(_ batch: BronzeBatch) {
        self.batch = batch
        answers = Self.lastOfEach(batch.answers) { AnswerKey(batch.athleteID, batch.source, $0) }
            .map { PreparedAnswer(key: AnswerKey(batch.athleteID, batch.source, $0), answer: $0) }
        listed = Self.lastOfEach(batch.listed, by: \.activityID)
        ledger = Self.lastOfEach(batch.ledger) { Pair($0.activityID.rawValue, $0.endpoint.rawValue) }
        quarantine = Self.lastOfEach(batch.quarantine) { Pair($0.objectID, $0.endpoint) }
        bytes = batch.answers.reduce(0) { $0 + $1.body.count }
    }

    private struct Pair: Hashable {
        let id: Int64
        let name: String
        init(_ id: Int64, _ name: String) {
            self.id = id
            self.name = name
        }
    }

    private static func lastOfEach<Item, Key: Hashable>(_ items: [Item], by key: (Item) -> Key) -> [Item] {
        var seen: Set<Key> = []
        return items.reversed().filter { seen.insert(key($0)).inserted }.reversed()
    }
}

/// The primary key of `bronze_strava.answer`.
struct AnswerKey: Hashable, Sendable {
    let athleteID: AthleteID
    let source: Int16
    let endpoint: Int16
    let objectID: Int64

    init(athleteID: AthleteID, source: Int16, endpoint: Int16, objectID: Int64) {
        self.athleteID = athleteID
        self.source = source
        self.endpoint = endpoint
        self.objectID = objectID
    }

    init(_ athleteID: AthleteID, _ source: DataSource, _ answer: BronzeAnswer) {
        self.init(athleteID: athleteID, source: source.rawValue, endpoint: answer.endpoint.rawValue, objectID: answer.objectID)
    }
}

/// One answer with its key and hash. A streams answer also has its arrays, which the landing counts and silver stores.
struct PreparedAnswer: Sendable {
    let key: AnswerKey
    let answer: BronzeAnswer
    let sha256: [UInt8]
    /// Nil for other endpoints. The bytes are kept even if they can't be decoded; silver deals with the failure.
    let streams: Result<DecodedStreams, StreamsError>?

    init(key: AnswerKey, answer: BronzeAnswer) {
        self.key = key
        self.answer = answer
        sha256 = SHA256.digest(of: answer.body)
        streams = answer.endpoint == .streams ? (answer.streams ?? StreamsAnswer(body: answer.body)).result : nil
    }

    /// The activity whose silver is stale with this answer; 0 stands for the athlete's own objects.
    var transformID: Int64 { answer.endpoint.isOfActivity ? answer.objectID : 0 }
}
