import CLibpq
import Core
import Database
import Foundation
import Logging
import Synchronization

/// Makes a cluster, starts its server and stops it: the operations of `EmbeddedPostgres`, without its state.
struct ServerLauncher: Sendable {
    /// Recovery after a crash reads at most the write-ahead log of 1 GB, which takes minutes on a slow disk.
    private static let startSecondsMax = 600.0
    private static let pollInterval = Duration.milliseconds(10)
    /// A fast shutdown writes the shared buffers (128 MB) once.
    private static let fastStopSeconds = 30.0
    private static let immediateStopSeconds = 5.0

    let layout: ClusterLayout
    let account: ServerAccount
    let installation: ServerInstallation
    let purpose: EmbeddedPostgres.Purpose
    let logger: Logger
    private let log: ServerLog

    init(
        layout: ClusterLayout, account: ServerAccount, installation: ServerInstallation,
        purpose: EmbeddedPostgres.Purpose, logger: Logger
    ) {
        self.layout = layout
        self.account = account
        self.installation = installation
        self.purpose = purpose
        self.logger = logger
        log = ServerLog(path: layout.log)
    }

    /// The last lines of the server's log, joined for a one-line error.
    var lastLines: String { log.lastLines }
    /// How often the server has logged a missing or unusable file of its own.
    var fileFaults: Int { log.fileFaults }

    // MARK: Creation

    /// Makes the cluster and its database under another name first, so that a crash leaves nothing that looks complete.
    func createIfMissing() async throws {
        if ClusterFiles.status(layout.data) != nil { return }
        logger.log(.info, "making a private PostgreSQL cluster", [.path: layout.cluster, .version: installation.major])
        try await clearUnfinished()
        try ClusterFiles.makeDirectory(layout.unfinishedData, mode: 0o700, owner: (account.userID, account.groupID))
        try await step("initdb", [installation.program("initdb"), "-D", layout.unfinishedData] + initdbArguments)
        let create = "CREATE DATABASE \(EmbeddedPostgres.databaseName)"
        let single = "echo '\(create)' | exec \"$1\" --single -D \"$2\" postgres"
        try await step("create database", ["/bin/sh", "-c", single, "sh", installation.program("postgres"), layout.unfinishedData])
        guard rename(layout.unfinishedData, layout.data) == 0 else { throw ClusterFiles.refused(layout.data, errno) }
    }

    /// Collation by bytes (fast indexes, the same order on each machine), with upper and lower case of all letters.
    private var initdbArguments: [String] {
        let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        defer { if let locale { freelocale(locale) } }
        return [
            "--username=\(EmbeddedPostgres.ownerName)", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--lc-ctype=\(locale == nil ? "C" : "C.UTF-8")", "--data-checksums",
        ] + (purpose == .throwaway ? ["--no-sync"] : [])
    }

    /// Removed by the server's account: root deleting in another account's folder could be misled by symbolic links.
    private func clearUnfinished() async throws {
        guard ClusterFiles.linkStatus(layout.unfinishedData) != nil else { return }
        try await step("clear", ["/usr/bin/find", layout.unfinishedData, "-mindepth", "1", "-delete"])
        rmdir(layout.unfinishedData)
    }

    private func step(_ name: String, _ program: [String]) async throws {
        let answer = try await ServerProcess.run(account.command(program))
        guard answer.status == 0 else {
            throw DatabaseError(
                .embedded, "\(name) in \(layout.cluster) failed (status \(answer.status)): \(Self.reason(in: answer.output))")
        }
    }

    /// The lines that are errors, else the last three: after its error, initdb reports at length how it cleans up.
    static func reason(in output: String) -> String {
        let lines = output.split(separator: "\n")
        let errors = lines.filter { line in ["PANIC:", "FATAL:", "ERROR:", "error:"].contains { line.contains($0) } }
        return (errors.isEmpty ? lines.suffix(3) : errors.prefix(3)).joined(separator: " | ")
    }

    // MARK: Start

    /// Starts the server and waits until it accepts connections.
    ///
    /// - Parameter listener: where it listens on TCP; nil: nowhere.
    func launch(_ listener: DashboardListener? = nil) async throws -> ServerProcess {
        try writeConfiguration(listener)
        try nameSocket(listener)
        let command = account.command([installation.program("postgres")] + ServerSettings.arguments(layout, listener))
        let log = self.log
        let process = try await ServerProcess.start(command) { log.append($0) }
        do {
            try await waitUntilReady(process)
            return process
        } catch {
            await stop(process)
            throw error
        }
    }

    /// Whether the last start failed because the server could not listen on TCP.
    var hasFailedToListen: Bool { log.lastLines.contains("could not create any TCP/IP sockets") }

    /// The server names its socket for the port that it has on TCP. A link gives it the one name by which everybody finds it.
    private func nameSocket(_ listener: DashboardListener?) throws {
        let usual = layout.socketPath(port: ClusterLayout.port)
        guard unlink(usual) == 0 || errno == ENOENT else { throw ClusterFiles.refused(usual, errno) }
        guard let listener, listener.port != ClusterLayout.port else { return }
        guard symlink(ClusterLayout.socketName(listener.port), usual) == 0 else { throw ClusterFiles.refused(usual, errno) }
    }

    private func writeConfiguration(_ listener: DashboardListener?) throws {
        let settings = ServerSettings(purpose: purpose)
        let files = [
            "postgresql.conf": settings.configuration, "pg_hba.conf": ServerSettings.access + (listener?.access ?? ""), "pg_ident.conf": "",
        ]
        for (name, text) in files { try ClusterFiles.write(text, to: "\(layout.cluster)/\(name)", mode: 0o644) }
    }

    private func waitUntilReady(_ process: ServerProcess) async throws {
        let url = layout.url(database: EmbeddedPostgres.databaseName, user: EmbeddedPostgres.ownerName) + "?connect_timeout=2"
        let start = ContinuousClock.now
        var hasReportedRecovery = false
        while PQping(url) != PQPING_OK {
            if process.hasExited { throw DatabaseError(.embedded, "the server ended while starting: \(log.lastLines)") }
            let waited = start.duration(to: .now)
            guard waited.seconds < Self.startSecondsMax else {
                throw DatabaseError(.embedded, "the server does not accept connections: \(log.lastLines)")
            }
            if waited.seconds > 3, !hasReportedRecovery {
                logger.log(.notice, "database server is recovering", [.path: layout.cluster])
                hasReportedRecovery = true
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    // MARK: Stop

    /// Fast shutdown (SIGINT), then immediate shutdown (SIGQUIT), then SIGKILL. Also runs in a cancelled task.
    func stop(_ process: ServerProcess) async {
        process.resume()
        for (signal, patience_s) in [(SIGINT, Self.fastStopSeconds), (SIGQUIT, Self.immediateStopSeconds), (SIGKILL, 1)] {
            process.send(signal)
            if await process.waitForExit(within: patience_s) { return }
            logger.log(.warning, "database server did not stop in time", [.signal: signal])
        }
    }
}

/// The server's configuration files, written by us at each start. Settings of `ALTER SYSTEM` are kept beside them.
private struct ServerSettings {
    let purpose: EmbeddedPostgres.Purpose

    /// Settings that `ALTER SYSTEM` must not change, since arguments override every file: where it listens, and a socket for its owner only.
    static func arguments(_ layout: ClusterLayout, _ listener: DashboardListener?) -> [String] {
        [
            "-D", layout.data, "-c", "config_file=\(layout.cluster)/postgresql.conf",
            "-c", "hba_file=\(layout.cluster)/pg_hba.conf", "-c", "ident_file=\(layout.cluster)/pg_ident.conf",
            "-c", "listen_addresses=\(listener?.host ?? "")", "-c", "port=\(listener?.port ?? ClusterLayout.port)",
            "-c", "unix_socket_directories=\(layout.socketDirectory)", "-c", "unix_socket_permissions=0700",
        ]
    }

    /// The socket's folder (0700) decides who may connect by it; no other account gets as far as this file. Who does may log in as any role: it
    /// could be the superuser anyway. What the daemon runs for others has no way back to the socket.
    static let access = "# Written by fitnessd at each start.\nlocal all all trust\n"

    var configuration: String {
        "# Written by fitnessd at each start: use ALTER SYSTEM for changes of your own.\n" + common
            + (purpose == .lasting ? lasting : throwaway)
    }

    /// Errors are logged without statements and details, which can hold values of rows, positions among them.
    private let common = """
        cluster_name = 'fitnessd'
        timezone = 'UTC'
        log_timezone = 'UTC'
        datestyle = 'iso, ymd'
        lc_messages = 'C'
        log_destination = 'stderr'
        logging_collector = off
        log_line_prefix = '%m [%p] %e '
        log_error_verbosity = terse
        log_min_error_statement = panic
        log_checkpoints = off
        shared_buffers = 128MB
        dynamic_shared_memory_type = posix
        random_page_cost = 1.1
        jit = off

        """

    /// For a machine of 1 to 2 GB that does other work as well. Commits are durable: a token pair that is used before it is stored is lost.
    /// Half of the connections are for the daemon, which is the superuser, so that no dashboard can make it wait; whoever connects over TCP and
    /// does not log in is soon cut. Statistics are made within seconds: without them a join of one athlete's activities compares each with each,
    /// and pages that show 2,000 take half a second for the first minute.
    private let lasting = """
        max_connections = 60
        superuser_reserved_connections = 30
        authentication_timeout = 15s
        effective_cache_size = 512MB
        work_mem = 8MB
        maintenance_work_mem = 64MB
        wal_compression = on
        max_wal_size = 1GB
        checkpoint_timeout = 15min
        autovacuum_vacuum_scale_factor = 0.05
        autovacuum_naptime = 10s

        """

    private let throwaway = """
        max_connections = 300
        fsync = off
        synchronous_commit = off
        full_page_writes = off
        wal_level = minimal
        max_wal_senders = 0
        checkpoint_timeout = 1h
        max_wal_size = 512MB

        """
}

/// The server's log: `server.log` beside the data, at most two files of 1 MiB. Keeps the last lines for error messages, and counts the
/// lines that report a missing or unusable file of the server's own.
final class ServerLog: Sendable {
    private struct State {
        var descriptor: Int32
        var size_bytes: Int
        var tail: [UInt8] = []
        var fileFaults = 0
    }

    /// SQLSTATEs: undefined and duplicate file, internal error (PostgreSQL documentation, Appendix A). A server whose programs were replaced
    /// while it runs loads libraries that don't match, and reports one of these.
    static let fileFaultStates = ["58P01", "58P02", "XX000"]

    private static let fileBytesMax = 1 << 20
    private static let tailBytesMax = 2_048

    private let path: String
    private let state: Mutex<State>

    init(path: String) {
        self.path = path
        let descriptor = Self.open(path)
        state = Mutex(State(descriptor: descriptor, size_bytes: max(0, Int(lseek(descriptor, 0, SEEK_END)))))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// A full disk or a lost folder must not stop the database: lines that can't be written are dropped.
    func append(_ chunk: UnsafeRawBufferPointer) {
        let text = String(decoding: chunk, as: UTF8.self)
        // As `log_line_prefix` writes them.
        let isFault = Self.fileFaultStates.contains { text.contains(" \($0) ") }
        state.withLock { state in
            if isFault { state.fileFaults += 1 }
            state.tail = Array((state.tail + chunk).suffix(Self.tailBytesMax))
            if state.size_bytes + chunk.count > Self.fileBytesMax { rotate(&state) }
            state.size_bytes += max(0, write(state.descriptor, chunk.baseAddress, chunk.count))
        }
    }

    var fileFaults: Int { state.withLock { $0.fileFaults } }

    var lastLines: String {
        let text = state.withLock { String(decoding: $0.tail, as: UTF8.self) }
        return text.split(separator: "\n").suffix(3).joined(separator: " | ")
    }

    private func rotate(_ state: inout State) {
        close(state.descriptor)
        rename(path, path + ".1")
        state.descriptor = Self.open(path)
        state.size_bytes = 0
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }
}
