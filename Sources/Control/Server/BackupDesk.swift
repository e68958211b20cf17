import ControlAPI
import Core
import Database
import Digest
import Foundation
import SyncStore

/// Backups: one dump of the private cluster at a time, and the notes in `sync.backup` of those that were stored.
///
/// A dump counts once its reader says that all of it is stored. Until then what is known of it is in memory; a daemon that ends before notes
/// nothing.
public actor BackupDesk {
    /// Where dumps come from: the private cluster.
    public struct Source: Sendable {
        /// A dump under way.
        public struct Dump: Sendable {
            let serverVersion: String
            /// The next bytes; nil at the end. Throws when the dump is incomplete.
            let next: @Sendable () async throws -> [UInt8]?
            let cancel: @Sendable () -> Void

            public init(
                serverVersion: String, next: @escaping @Sendable () async throws -> [UInt8]?, cancel: @escaping @Sendable () -> Void
            ) {
                self.serverVersion = serverVersion
                self.next = next
                self.cancel = cancel
            }
        }

        let begin: @Sendable () async throws -> Dump
        let receiptsPath: String

        /// - Parameter receiptsPath: the receipts of erasures, to be kept beside the backups.
        public init(receiptsPath: String, begin: @escaping @Sendable () async throws -> Dump) {
            self.begin = begin
            self.receiptsPath = receiptsPath
        }
    }

    /// What is known of a dump.
    struct Origin: Sendable {
        let takenAt: Date
        let schema: String?
        let serverVersion: String
        let keyIDs: [String]
        let keyring: String
    }

    private struct Finished {
        let id: UUID
        let origin: Origin
        let bytes: Int64
        let sha256: [UInt8]
    }

    /// Finished dumps whose readers have not said yet that they are stored.
    private static let finishedMax = 4
    private static let madeBy = "fitnessctl"

    private let database: Database
    private let source: Source?
    private let version: String
    private let clock: WallClock
    private var isUnderWay = false
    private var finished: [Finished] = []

    /// - Parameters:
    ///   - source: nil: the database is on a server of the operator's.
    ///   - version: of the daemon.
    public init(database: Database, source: Source?, version: String, clock: WallClock) {
        self.database = database
        self.source = source
        self.version = version
        self.clock = clock
    }

    /// Begins a dump. Whoever calls it calls `ended`.
    ///
    /// - Throws: `ControlRefusal` when there is no private cluster or another dump is under way; the source's errors.
    func begin(keyIDs: [String], keyring: String) async throws -> (dump: Source.Dump, origin: Origin) {
        guard let source else { throw Self.ownServer }
        if isUnderWay { throw ControlRefusal(.busy, "another backup is being made; try again when it has ended") }
        isUnderWay = true
        do {
            let schema = try await database.query("SELECT name FROM public.fitnessd_migration ORDER BY number DESC LIMIT 1")
            let takenAt = clock.now
            let dump = try await source.begin()
            let origin = Origin(
                takenAt: takenAt, schema: try schema.first?.decode(String.self), serverVersion: dump.serverVersion, keyIDs: keyIDs,
                keyring: keyring)
            return (dump, origin)
        } catch {
            isUnderWay = false
            throw error
        }
    }

    func ended() { isUnderWay = false }

    /// All of the dump was sent.
    func finished(_ id: UUID, _ origin: Origin, bytes: Int64, sha256: [UInt8]) {
        finished.append(Finished(id: id, origin: origin, bytes: bytes, sha256: sha256))
        if finished.count > Self.finishedMax { finished.removeFirst() }
    }

    /// Notes that the dump is stored. May be repeated.
    func stored(_ id: UUID, bytes: Int64) async throws -> BackupMessage {
        guard let dump = finished.first(where: { $0.id == id }) else {
            throw ControlRefusal(.notFound, "fitnessd has sent no such backup completely since its start: make another one")
        }
        guard dump.bytes == bytes else { throw ControlRefusal.badRequest("\(dump.bytes) bytes were sent, and \(bytes) stored") }
        let now = clock.now
        try await note(id, takenAt: dump.origin.takenAt, storedAt: now, madeBy: Self.madeBy, bytes: bytes, sha256: dump.sha256)
        return BackupMessage(
            backupID: id.uuidString.lowercased(), takenAt: dump.origin.takenAt, storedAt: now, madeBy: Self.madeBy, bytes: bytes,
            sha256: Hexadecimal.text(dump.sha256), schema: dump.origin.schema, version: version, serverVersion: dump.origin.serverVersion,
            keyIDs: dump.origin.keyIDs, keyring: dump.origin.keyring, receipts: source?.receiptsPath)
    }

    /// Notes a backup that another program has made.
    func record(_ request: BackupRecordRequest) async throws -> BackupMessage {
        guard (1...BackupRecordRequest.nameCharactersMax).contains(request.madeBy.count), PlainText.of(request.madeBy) == request.madeBy
        else {
            throw ControlRefusal.badRequest("made_by must have 1 to \(BackupRecordRequest.nameCharactersMax) printable characters")
        }
        if let bytes = request.bytes, bytes < 0 { throw ControlRefusal.badRequest("bytes must not be negative") }
        let (id, now) = (UUID(), clock.now)
        try await note(id, takenAt: now, storedAt: now, madeBy: request.madeBy, bytes: request.bytes, sha256: nil)
        return BackupMessage(
            backupID: id.uuidString.lowercased(), takenAt: now, storedAt: now, madeBy: request.madeBy, bytes: request.bytes, sha256: nil)
    }

    func list() async throws -> BackupsMessage {
        let rows = try await database.query(
            """
            SELECT backup_id, taken_at, stored_at, made_by, bytes, encode(sha256, 'hex') FROM sync.backup
            ORDER BY taken_at DESC LIMIT \(BackupsMessage.countMax)
            """)
        return BackupsMessage(
            backups: try rows.map { row in
                let (id, takenAt, storedAt, madeBy, bytes, sha256) = try row.decode(
                    UUID.self, Date.self, Date.self, String.self, Int64?.self, String?.self)
                return BackupMessage(
                    backupID: id.uuidString.lowercased(), takenAt: takenAt, storedAt: storedAt, madeBy: madeBy, bytes: bytes, sha256: sha256
                )
            })
    }

    private func note(_ id: UUID, takenAt: Date, storedAt: Date, madeBy: String, bytes: Int64?, sha256: [UInt8]?) async throws {
        let statements = BackupTable.note(id, takenAt: takenAt, storedAt: storedAt, madeBy: madeBy, bytes: bytes, sha256: sha256)
        _ = try await database.withConnection { try await $0.pipeline(statements) }
    }

    private static let ownServer = ControlRefusal(
        .failed,
        """
        fitnessctl backup dumps the private PostgreSQL, and this fitnessd works on a server of yours. Dump it as the owner of its tables: pg_dump \
        --format=custom --file=fitness.dump postgresql://fitness_owner@HOST/DATABASE (docs/backup.md says more); then note it: fitnessctl backup \
        --record pg_dump
        """)
}
