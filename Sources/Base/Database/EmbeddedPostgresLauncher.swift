import CLibpq
import Core
import Foundation
import Logging

/// Makes a cluster, starts its server and stops it: the acts of `EmbeddedPostgres`, without its state.
struct EmbeddedPostgresLauncher: Sendable {
    /// Recovery after a crash reads at most the write-ahead log (1 GB): minutes on a slow disk.
    private static let startSecondsMax = 600.0
    private static let pollInterval = Duration.milliseconds(10)
    /// A fast shutdown writes what is in memory (128 MB) once.
    private static let fastStopSeconds = 30.0
    private static let immediateStopSeconds = 5.0

    let layout: EmbeddedPostgresLayout
    let account: EmbeddedPostgresAccount
    let installation: EmbeddedPostgresInstallation
    let purpose: EmbeddedPostgres.Purpose
    let logger: Logger
    private let log: EmbeddedPostgresLog

    init(
        layout: EmbeddedPostgresLayout, account: EmbeddedPostgresAccount, installation: EmbeddedPostgresInstallation,
        purpose: EmbeddedPostgres.Purpose, logger: Logger
    ) {
        self.layout = layout
        self.account = account
        self.installation = installation
        self.purpose = purpose
        self.logger = logger
        log = EmbeddedPostgresLog(path: layout.log)
    }

    var lastLines: String { log.lastLines }

    // MARK: Making

    /// Makes the cluster and its database under another name first, so that a crash half-way leaves nothing that looks whole.
    func createIfMissing() async throws {
        if EmbeddedPostgresFiles.status(layout.data) != nil { return }
        logger.log(.info, "making a private PostgreSQL cluster", [.path: layout.cluster, .version: installation.major])
        try await clearUnfinished()
        try EmbeddedPostgresFiles.makeDirectory(layout.unfinishedData, mode: 0o700, owner: (account.userID, account.groupID))
        try await step("initdb", [installation.program("initdb"), "-D", layout.unfinishedData] + initdbArguments)
        let create = "CREATE DATABASE \(EmbeddedPostgres.databaseName)"
        let single = "echo '\(create)' | exec \"$1\" --single -D \"$2\" postgres"
        try await step("create database", ["/bin/sh", "-c", single, "sh", installation.program("postgres"), layout.unfinishedData])
        guard rename(layout.unfinishedData, layout.data) == 0 else { throw EmbeddedPostgresFiles.refused(layout.data, errno) }
    }

    /// Text is compared byte by byte (fast indexes, the same order on each machine); letters know their upper case.
    private var initdbArguments: [String] {
        let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        defer { if let locale { freelocale(locale) } }
        return [
            "--username=\(EmbeddedPostgres.ownerName)", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--lc-ctype=\(locale == nil ? "C" : "C.UTF-8")", "--data-checksums",
        ] + (purpose == .throwaway ? ["--no-sync"] : [])
    }

    /// Emptied by the account itself: root deleting in a folder of somebody else could be led astray by links.
    private func clearUnfinished() async throws {
        guard EmbeddedPostgresFiles.linkStatus(layout.unfinishedData) != nil else { return }
        try await step("clear", ["/usr/bin/find", layout.unfinishedData, "-mindepth", "1", "-delete"])
        rmdir(layout.unfinishedData)
    }

    private func step(_ name: String, _ program: [String]) async throws {
        let answer = try await EmbeddedPostgresProcess.run(account.command(program))
        guard answer.status == 0 else {
            let lines = answer.output.split(separator: "\n").suffix(3).joined(separator: " | ")
            throw DatabaseError(.embedded, "\(name) in \(layout.cluster) failed (status \(answer.status)): \(lines)")
        }
    }

    // MARK: Starting

    /// Starts the server and waits until it accepts connections.
    func launch() async throws -> EmbeddedPostgresProcess {
        try writeConfiguration()
        let command = account.command([installation.program("postgres")] + EmbeddedPostgresSettings.arguments(layout))
        let log = self.log
        let process = try await EmbeddedPostgresProcess.start(command) { log.append($0) }
        do {
            try await waitUntilReady(process)
            return process
        } catch {
            await stop(process)
            throw error
        }
    }

    private func writeConfiguration() throws {
        let settings = EmbeddedPostgresSettings(purpose: purpose)
        let files = [
            "postgresql.conf": settings.configuration, "pg_hba.conf": EmbeddedPostgresSettings.access, "pg_ident.conf": "",
        ]
        for (name, text) in files { try EmbeddedPostgresFiles.write(text, to: "\(layout.cluster)/\(name)", mode: 0o644) }
    }

    private func waitUntilReady(_ process: EmbeddedPostgresProcess) async throws {
        let url = layout.url(database: EmbeddedPostgres.databaseName, user: EmbeddedPostgres.ownerName) + "?connect_timeout=2"
        let start = ContinuousClock.now
        var isRecoveryTold = false
        while PQping(url) != PQPING_OK {
            if process.hasExited { throw DatabaseError(.embedded, "the server ended while starting: \(log.lastLines)") }
            let waited = start.duration(to: .now)
            guard waited.seconds < Self.startSecondsMax else {
                throw DatabaseError(.embedded, "the server does not accept connections: \(log.lastLines)")
            }
            if waited.seconds > 3, !isRecoveryTold {
                logger.log(.notice, "database server is recovering", [.path: layout.cluster])
                isRecoveryTold = true
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    // MARK: Stopping

    /// Fast shutdown (SIGINT), then immediate (SIGQUIT), then the end of all patience. Also runs in a cancelled task.
    func stop(_ process: EmbeddedPostgresProcess) async {
        process.wake()
        for (signal, patience_s) in [(SIGINT, Self.fastStopSeconds), (SIGQUIT, Self.immediateStopSeconds), (SIGKILL, 1)] {
            process.send(signal)
            if await process.waitForExit(within: patience_s) { return }
            logger.log(.warning, "database server did not stop in time", [.signal: signal])
        }
    }
}
