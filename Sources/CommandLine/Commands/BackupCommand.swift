import ArgumentParser
import ControlAPI
import Foundation
import Synchronization

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Back up the private PostgreSQL to a file, while the daemon works.",
        discussion: """
            The file is a dump in pg_dump's custom format, for this account only (mode 0600), and appears under its name once it is complete; its \
            manifest is PATH.json. A file that exists is not replaced. `fitnessd restore FILE` restores it. The keyring, without which no token in \
            it can be opened, is not in it: keep a copy of that elsewhere.

            A database on a server of your own is backed up by your own means; note that with --record, so that its age is known.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The file, or a folder for a file named by the time; default: the current folder.", completion: .file())
    var path: String?

    @Option(help: ArgumentHelp("Afterwards, keep only the newest N backups named by the time in the folder.", valueName: "n"))
    var keep: Int?

    @Flag(help: "List the last backups instead.")
    var list = false

    @Option(help: ArgumentHelp("Only note that a backup was made now by this program.", valueName: "name"))
    var record: String?

    /// `pg_dump` may work for long on a large table before there is more to send.
    private static let idleMax: Duration = .seconds(600)

    func validate() throws {
        let isDump = !list && record == nil
        if list, record != nil { throw ValidationError("Either list backups or record one.") }
        if !isDump, path != nil || keep != nil { throw ValidationError("A path and --keep go with a backup only.") }
        if let keep, !(1...10_000).contains(keep) { throw ValidationError("--keep takes a number from 1 to 10000.") }
        if keep != nil, !BackupFile.isFolder(path ?? ".") { throw ValidationError("--keep requires a folder as PATH.") }
    }

    func run() async throws {
        if list { return try await options.show(ControlTarget(.backups), as: BackupsMessage.self) { BackupText.text($0, now: Date()) } }
        if let record {
            return try await options.show(
                ControlTarget(.recordBackup), body: BackupRecordRequest(madeBy: record, bytes: nil), as: BackupMessage.self
            ) { "noted a backup by \($0.madeBy)" }
        }
        try await dump()
    }

    private func dump() async throws {
        let file = try BackupFile(path ?? ".", now: Date())
        let progress = BackupProgress(isShown: isatty(STDERR_FILENO) == 1 && !options.json)
        do {
            let id = UUID().uuidString.lowercased()
            let client = ControlClient(socketPath: options.client.socketPath, idleTimeout: Self.idleMax)
            try await client.download(ControlTarget(.makeBackup, query: [("id", id)])) { piece in
                try file.write(piece)
                progress.add(piece.count)
            }
            let bytes = try file.sync()
            progress.end()
            let manifest = try await options.client.bytes(
                ControlTarget(.storeBackup), body: BackupStoredRequest(backupID: id, bytes: bytes))
            try file.finish(manifest: manifest)
            try show(file, manifest)
        } catch let error as ControlClientError where error.code == .broken {
            progress.end()
            file.discard()
            throw CommandFailure("the backup is incomplete and was removed; fitnessd's log says why", requestID: error.requestID)
        } catch {
            progress.end()
            file.discard()
            throw error
        }
    }

    private func show(_ file: BackupFile, _ manifest: [UInt8]) throws {
        let message: BackupMessage = try ControlClient.decoded(manifest)
        Terminal.print(options.json ? Terminal.line(manifest) : BackupText.text(message, path: file.path))
        guard let keep else { return }
        for removed in try BackupFile.prune(folder: path ?? ".", keeping: keep) where !options.json {
            Terminal.print("removed \(PlainText.of(removed))")
        }
    }
}

/// Backups as text.
private enum BackupText {
    static func text(_ backup: BackupMessage, path: String) -> String {
        let size = backup.bytes.map { Phrase.number(Int($0)) + " bytes" } ?? ""
        let lines = [
            "\(PlainText.of(path)): \(size), manifest \(PlainText.of(path)).json",
            backup.keyring.map {
                "Not in it: the keyring \($0). Keep a copy of it in another place; without it athletes must connect again."
            },
            backup.receipts.map {
                "Nor the receipts of erasures, \($0): keep a copy, so that a restore brings back nobody who was erased."
            },
        ]
        return lines.compactMap(\.self).joined(separator: "\n")
    }

    static func text(_ message: BackupsMessage, now: Date) -> String {
        if message.backups.isEmpty { return "no backup is noted" }
        var table = TextTable(["taken", "by", "bytes", "sha256"], numbers: [2], times: [0])
        for backup in message.backups {
            table.add([
                Phrase.cell(backup.takenAt, now: now), backup.madeBy, backup.bytes.map { Phrase.number(Int($0)) } ?? "-",
                backup.sha256.map { String($0.prefix(12)) } ?? "-",
            ])
        }
        return table.text
    }
}

/// Says on standard error, on a terminal, how much has been written.
private final class BackupProgress: Sendable {
    private static let stepBytes = 1 << 20

    private let isShown: Bool
    private let bytes = Mutex((all: 0, shown: 0))

    init(isShown: Bool) { self.isShown = isShown }

    func add(_ count: Int) {
        guard isShown else { return }
        let all = bytes.withLock { bytes -> Int? in
            bytes.all += count
            guard bytes.all - bytes.shown >= Self.stepBytes else { return nil }
            bytes.shown = bytes.all
            return bytes.all
        }
        if let all { write("\r\u{1B}[K\(Phrase.number(all)) bytes") }
    }

    func end() {
        if isShown, bytes.withLock({ $0.shown > 0 }) { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
