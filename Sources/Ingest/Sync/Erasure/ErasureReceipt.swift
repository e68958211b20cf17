import Core
import Database
import Foundation
import SyncStore

/// What remains of an erased athlete: a row of `sync.erasure`, and a line of a `ReceiptFile`.
public struct ErasureReceipt: Codable, Sendable, Equatable {
    /// Random.
    public let erasureID: UUID
    /// Order of the receipts in this database.
    public let number: Int64
    /// HMAC-SHA256 of the athlete under a key derived from the keyring's `keyID`: 64 hexadecimal digits.
    public let athleteTag: String
    public let keyID: String
    public let requestedBy: ErasureOrigin
    public let requestedAt: Date
    /// Nil: the rows are not deleted yet.
    public let erasedAt: Date?
    public let revocation: ErasureRevocation
    /// When the revocation ended; nil: not yet.
    public let revocationAt: Date?
    /// Rows deleted, by table.
    public let rows: [String: Int]

    enum CodingKeys: String, CodingKey {
        case revocation, rows
        case erasureID = "erasure_id"
        case number = "erasure_no"
        case athleteTag = "athlete_tag"
        case keyID = "key_id"
        case requestedBy = "requested_by"
        case requestedAt = "requested_at"
        case erasedAt = "erased_at"
        case revocationAt = "revocation_at"
    }

    /// For `init(_:)`, of `sync.erasure`.
    static let columns = """
        erasure_id, erasure_no, encode(athlete_tag, 'hex'), key_id, requested_by, requested_at, erased_at, revocation, revocation_at,
        row_counts::text
        """

    /// A row of `columns`.
    init(_ row: Row) throws {
        let origin: String
        let end: String
        let counts: String
        (erasureID, number, athleteTag, keyID, origin, requestedAt, erasedAt, end, revocationAt, counts) = try row.decode(
            UUID.self, Int64.self, String.self, String.self, String.self, Date.self, Date?.self, String.self, Date?.self, String.self)
        guard let requestedBy = ErasureOrigin(rawValue: origin), let revocation = ErasureRevocation(rawValue: end) else {
            throw DatabaseError(.decoding, "a receipt with words that this version does not know")
        }
        (self.requestedBy, self.revocation) = (requestedBy, revocation)
        rows = try JSONDecoder().decode([String: Int].self, from: Data(counts.utf8))
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// The receipts of this installation beside the database, so that erasures can be repeated after a backup was restored: one JSON object a line.
/// A receipt that has changed is written again; the later line counts.
public struct ReceiptFile: Sendable {
    /// Far more than a file will ever have: a receipt has about a kilobyte.
    static let bytesMax = 1 << 30

    private let path: String

    public init(path: String) { self.path = path }

    /// Appends lines and waits until they are on the disk. The file is made with mode 0600; a symbolic link is refused.
    func append(_ receipts: [ErasureReceipt]) throws {
        let descriptor = try opened(O_WRONLY | O_APPEND | O_CREAT)
        defer { close(descriptor) }
        let text = try receipts.map { try ErasureReceipt.json($0) + "\n" }.joined()
        do {
            try DurableFile.write(Array(text.utf8), to: descriptor)
            try DurableFile.sync(descriptor)
            try DurableFile.syncFolder(of: path)
        } catch { throw failure("written", error) }
    }

    /// All that it holds; empty when there is none yet.
    func contents() throws -> [UInt8] {
        if access(path, F_OK) != 0, errno == ENOENT { return [] }
        let descriptor = try opened(O_RDONLY)
        defer { close(descriptor) }
        let data = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).read(upToCount: Self.bytesMax)
        return Array(data ?? Data())
    }

    private func opened(_ flags: Int32) throws -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure("opened", DurableFile.Failure(number: errno)) }
        return descriptor
    }

    private func failure(_ what: String, _ failure: DurableFile.Failure) -> SyncError {
        SyncError(.receiptNotFiled, "the receipts of erasures can't be \(what) (\(failure.text)): check \(path)")
    }
}
