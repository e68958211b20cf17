import Core
import Database
import Foundation
import SyncStore
import Vault

/// Erases athletes again whom a restored backup has brought back: compares the tags of receipts with those of all athletes.
///
/// An athlete who was added after a receipt's erasure has connected again since, and stays.
public struct ErasureReplay: Sendable {
    /// What a replay has found and done.
    public struct Report: Sendable, Equatable {
        /// Receipts, each counted once.
        public var receipts = 0
        /// Lines that are no receipts.
        public var bad = 0
        /// Athletes that were found, and how many of them are erased by now; the keeper finishes the others.
        public var found = 0
        public var erased = 0
        /// Keys that receipts name and the keyring lacks: their athletes can't be found.
        public var missingKeys: [String] = []
        /// Receipts made with them.
        public var unmatchable = 0
    }

    /// The part of a receipt that a replay needs.
    private struct Line: Decodable {
        let athleteTag: String
        let keyID: String
        let requestedAt: Date

        enum CodingKeys: String, CodingKey {
            case athleteTag = "athlete_tag"
            case keyID = "key_id"
            case requestedAt = "requested_at"
        }
    }

    /// Receipts in one replay: 100 MB of memory.
    public static let receiptsMax = 1_000_000
    /// Athletes read at once.
    private static let pageMax = 1_000

    private let eraser: AthleteEraser
    /// When the athlete of each tag was last erased.
    private var erasedAt: [[UInt8]: Date] = [:]
    private var keyOfTag: [[UInt8]: String] = [:]
    private var bad = 0
    private let decoder: JSONDecoder

    public init(eraser: AthleteEraser) {
        self.eraser = eraser
        decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
    }

    /// Takes one line of a file of receipts. False: there are too many.
    public mutating func add(_ line: some Collection<UInt8>) -> Bool {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return true }
        guard let receipt = try? decoder.decode(Line.self, from: Data(line)),
            let tag = Hexadecimal.bytes(receipt.athleteTag.lowercased(), count: Keyring.tagByteCount)
        else {
            bad += 1
            return true
        }
        if erasedAt[tag] == nil, erasedAt.count >= Self.receiptsMax { return false }
        erasedAt[tag] = max(erasedAt[tag] ?? receipt.requestedAt, receipt.requestedAt)
        keyOfTag[tag] = receipt.keyID
        return true
    }

    /// Erases every athlete whom a receipt names.
    ///
    /// - Throws: `DatabaseError`; those erased before stay erased, and the replay may be repeated.
    public func run() async throws -> Report {
        var report = Report(receipts: erasedAt.count, bad: bad)
        let known = eraser.vault.tagKeyIDs
        let lost = keyOfTag.values.filter { !known.contains($0) }
        (report.missingKeys, report.unmatchable) = (Set(lost).sorted(), lost.count)
        if erasedAt.isEmpty { return report }
        var last = AthleteID(.min)
        while true {
            let rows = try await eraser.database.query(
                """
                SELECT athlete_id, created_at FROM sync.athlete WHERE athlete_id > \(last) ORDER BY athlete_id LIMIT \(Self.pageMax)
                """)
            let athletes = try rows.map { try $0.decode(AthleteID.self, Date.self) }
            guard let end = athletes.last else { return report }
            for (athlete, createdAt) in athletes where isErased(athlete, createdAt) {
                try Task.checkCancellation()
                report.found += 1
                if try await eraser.erase(athlete, by: .replay).erasedAt != nil { report.erased += 1 }
            }
            last = end.0
        }
    }

    private func isErased(_ athlete: AthleteID, _ createdAt: Date) -> Bool {
        eraser.vault.erasureTags(of: athlete).contains { tag in erasedAt[tag].map { createdAt < $0 } ?? false }
    }
}
