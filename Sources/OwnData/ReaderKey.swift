import Core
import Database
import Digest
import SyncStore

/// The key of the MACs that bind an athlete to a transaction. It is made by the database; the daemon's own login reads it once.
actor ReaderKey {
    private struct Pads: Sendable {
        let inner: [UInt8]
        let outer: [UInt8]
    }

    private let database: Database
    private var pads: Pads?

    init(database: Database) { self.database = database }

    /// HMAC-SHA256 (RFC 2104) over athlete, rights and transaction, as `sync.is_reader_mac` computes it.
    func mac(_ athlete: AthleteID, rights: Int32, transaction: Int64) async throws -> [UInt8] {
        let pads = try await known()
        let message = Self.bytes(athlete.rawValue) + Self.bytes(rights) + Self.bytes(transaction)
        return SHA256.digest(of: pads.outer + SHA256.digest(of: pads.inner + message))
    }

    /// After a binding was refused: the next one reads the key again, which another database than before may have.
    func forget() { pads = nil }

    private func known() async throws -> Pads {
        if let pads { return pads }
        guard let row = try await database.query(ReaderTable.key).first else {
            throw DatabaseError(
                .statement, "sync.reader_key is empty: it is filled by the first migrations, and must be restored from a backup")
        }
        let (inner, outer) = try row.decode([UInt8].self, [UInt8].self)
        let read = Pads(inner: inner, outer: outer)
        pads = read
        return read
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }
}
