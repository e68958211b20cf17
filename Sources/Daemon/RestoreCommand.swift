import ArgumentParser
import ControlAPI
import ControlServer
import Core
import Digest
import Foundation
import Logging
import Migrations

/// `fitnessd restore FILE`: fills a new private cluster from a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Fill a new private PostgreSQL from a backup of `fitnessctl backup`.",
        discussion: """
            The daemon must be stopped, and its private PostgreSQL empty or not made yet: a database is never replaced. The backup is checked against \
            its manifest first. Put the keyring back before, or say with FITNESSD_VAULT_KEY where it is. Afterwards fitnessd makes no call until the \
            next quarter hour, and learns with its first one what was spent of Strava's quota since the backup.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Restore a file that has no manifest: nothing tells then whether it is complete.")
    var withoutManifest = false

    @Argument(help: "The backup; its manifest is FILE.json.", completion: .file(extensions: ["dump"]))
    var file: String

    func run() async throws {
        let configuration = try common.configuration()
        if configuration.databaseURL != nil { throw ConfigurationError(Self.ownServer(file)) }
        guard !ControlSocket.isServed(configuration.controlSocket) else {
            throw ConfigurationError("fitnessd is running on this state directory: stop it first")
        }
        let logger = LoggingSystem.start(configuration, output: .shared)
        let preflight = Preflight(configuration: configuration, isDemo: false)
        let shareDirectory = try preflight.shareDirectory()
        _ = try preflight.stateDirectory()
        try Self.requireOwnAccount(StateDirectory(configuration.stateDirectory).path)
        let backup = try BackupToRestore(file, withoutManifest: withoutManifest)
        defer { backup.close() }
        if let schema = backup.manifest?.schema { try MigrationCheck(directory: shareDirectory).requireKnown(schema: schema) }
        if backup.manifest != nil { print("checking \(PlainText.of(file))") }
        try backup.check()
        try await DataStore.with(configuration, shareDirectory: shareDirectory, logger: logger) { store in
            try await Self.restore(backup, into: store, preflight)
        }
    }

    private static func restore(_ backup: BackupToRestore, into store: DataStore, _ preflight: Preflight) async throws {
        guard try await store.isEmpty() else {
            let data = StateDirectory(preflight.configuration.stateDirectory).path + "/postgres/data"
            throw ConfigurationError(
                "the private PostgreSQL holds a database already, and a restore replaces none: move it away first (mv \(data) \(data).before)"
            )
        }
        print("restoring")
        let applied = try await store.restore(from: backup.descriptor)
        let taken = backup.manifest.map { ", as it was at \(ControlTime.text($0.takenAt))" } ?? ""
        print("restored\(taken)")
        for name in applied { print("applied \(name)") }
        print(try await keyringSentence(store, preflight))
        print(Self.next(StateDirectory(preflight.configuration.stateDirectory).receiptsPath))
    }

    /// Whether the keyring that the daemon will use opens the restored tokens.
    private static func keyringSentence(_ store: DataStore, _ preflight: Preflight) async throws -> String {
        do {
            if let warning = try await preflight.keyring().check(against: store.database) { return "WRONG keyring: \(warning)" }
            return "ok    keyring: it opens the restored tokens"
        } catch {
            return "WRONG keyring: \(error)"
        }
    }

    /// Root would make a cluster that the service's account can't use.
    private static func requireOwnAccount(_ path: String) throws {
        var status = stat()
        guard geteuid() == 0, stat(path, &status) == 0, status.st_uid != 0 else { return }
        let name = Accounts.userName(status.st_uid) ?? String(status.st_uid)
        throw ConfigurationError(
            """
            the state directory \(path) belongs to \(name): run this as that account, with a copy of the backup that it can read \
            (runuser -u \(name) -- env FITNESSD_STATE_DIR=\(path) fitnessd restore FILE)
            """)
    }

    private static func next(_ receipts: String) -> String {
        """
        Before you start fitnessd: put the newest erasures.jsonl at \(receipts), so that nobody who was erased after the backup comes back \
        (or run `fitnessctl erasures replay FILE` at once). Revoke API tokens again that were revoked after the backup: fitnessctl tokens list.
        """
    }

    private static func ownServer(_ file: String) -> String {
        """
        FITNESSD_DATABASE_URL is set, and fitnessd restores only its private PostgreSQL. On a server of your own, into an empty database:
          createdb fitness && psql -d fitness -f db/roles.sql
          pg_restore --single-transaction --exit-on-error --dbname=fitness \(file)
          fitnessd migrate && psql -d fitness -f db/roles.sql
        """
    }
}

/// A backup's file, open, and its manifest.
private struct BackupToRestore {
    /// A manifest has some hundred bytes.
    private static let manifestBytesMax = 64 << 10
    private static let pieceBytes = 1 << 20

    let path: String
    let descriptor: Int32
    /// Nil: without one, as was asked.
    let manifest: BackupMessage?

    init(_ path: String, withoutManifest: Bool) throws {
        self.path = path
        manifest = withoutManifest ? nil : try Self.manifest(path + ".json")
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
    }

    func close() { Foundation.close(descriptor) }

    /// - Throws: `ConfigurationError` when the file is not what the manifest describes, or no dump in the custom format.
    func check() throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw ConfigurationError("\(path) is no file") }
        var beginning = [UInt8](repeating: 0, count: 5)
        guard pread(descriptor, &beginning, 5, 0) == 5, beginning == Array("PGDMP".utf8) else {
            throw ConfigurationError("\(path) is no dump in pg_dump's custom format")
        }
        guard let manifest else { return }
        if let bytes = manifest.bytes, bytes != Int64(status.st_size) {
            throw ConfigurationError(
                "\(path) has \(status.st_size) bytes, and its manifest says \(bytes): it is damaged, use another backup")
        }
        guard let expected = manifest.sha256, try Hexadecimal.text(digest()) == expected else {
            throw ConfigurationError("the SHA-256 of \(path) is not the one in its manifest: it is damaged, use another backup")
        }
    }

    private func digest() throws -> [UInt8] {
        let digest = RunningSHA256()
        var offset = 0
        while true {
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, Self.pieceBytes, offset))
            }
            if piece.isEmpty { return digest.finish() }
            digest.append(piece)
            offset += piece.count
        }
    }

    private static func manifest(_ path: String) throws -> BackupMessage {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw ConfigurationError("the manifest \(path) can't be read (\(reason)): put it beside the backup, or add --without-manifest")
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        let bytes = [UInt8](try handle.read(upToCount: manifestBytesMax) ?? Data())
        do { return try ControlJSON.decode(BackupMessage.self, from: bytes) } catch {
            throw ConfigurationError("\(path) is no manifest of a backup: add --without-manifest to restore without one")
        }
    }

    private static func unreadable(_ path: String, _ code: Int32) -> ConfigurationError {
        ConfigurationError("\(path) can't be read: \(String(cString: strerror(code)))")
    }
}
