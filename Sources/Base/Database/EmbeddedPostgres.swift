import CLibpq
import Core
import Foundation
import Logging

/// A private PostgreSQL cluster under the state directory: made when missing, started, watched, stopped.
///
/// It listens on one Unix socket in a folder only its account can enter, never on TCP, and never runs as root. One daemon at a time
/// holds it, by a lock that the kernel frees when the daemon dies; so a server found running on the data is a leftover, and stopped.
public actor EmbeddedPostgres {
    /// What the cluster is for.
    public enum Purpose: Sendable {
        /// Keeps data: durable commits, page checksums, started again when it dies.
        case lasting
        /// A test run: nothing is flushed to disk.
        case throwaway
    }

    public static let databaseName = "fitness"
    /// The cluster's first role and the owner of the database; the same name as in `db/roles.sql`.
    public static let ownerName = "fitness_owner"

    private let stateDirectory: String
    private let purpose: Purpose
    private let programs: Programs
    private let logger: Logger
    private var running: Running?
    private var supervisor: Task<Void, Never>?
    /// True from the stop of a server whose programs were upgraded until it runs by the new ones.
    private var isUpgrading = false

    /// Where servers are looked for, and how often the running one's programs are looked at.
    struct Programs: Sendable {
        var patterns = EmbeddedPostgresInstallation.packagePatterns
        var lookInterval = Duration.seconds(60)
        /// A package manager replaces file by file: the version must have stayed the same for so long.
        var settleInterval = Duration.seconds(3)
    }

    struct Running {
        let layout: EmbeddedPostgresLayout
        let lock: EmbeddedPostgresLock
        let launcher: EmbeddedPostgresLauncher
        var process: EmbeddedPostgresProcess
        /// Of the programs that `process` was started from.
        var version: String
    }

    public init(stateDirectory: URL, purpose: Purpose = .lasting, logger: Logger) {
        self.stateDirectory = stateDirectory.standardizedFileURL.path
        self.purpose = purpose
        self.programs = Programs()
        self.logger = logger
    }

    init(stateDirectory: URL, purpose: Purpose, programs: Programs, logger: Logger) {
        self.stateDirectory = stateDirectory.standardizedFileURL.path
        self.purpose = purpose
        self.programs = programs
        self.logger = logger
    }

    /// The major version of the server that a first start would use.
    /// - Throws: `DatabaseError(.embedded)` with a sentence that says what to install.
    public static func installedVersion() async throws -> Int { try await EmbeddedPostgresInstallation.find().major }

    /// Makes the cluster if there is none, starts the server and waits until it accepts connections.
    /// - Returns: the libpq URL of the database `fitness`.
    /// - Throws: `DatabaseError(.embedded)` with a sentence that says what to do.
    public func start() async throws -> String {
        if let running { return url(running.layout) }
        let (layout, account) = try EmbeddedPostgresPlace(state: stateDirectory).prepare()
        let lock = try EmbeddedPostgresLock(path: layout.lock)
        let stopped = try await EmbeddedPostgresLeftover(dataDirectory: layout.data).clear()
        if !stopped.isEmpty { logger.log(.notice, "stopped a database server left by an earlier run", [.count: stopped.count]) }
        let installation = try await installation(for: layout)
        let launcher = EmbeddedPostgresLauncher(
            layout: layout, account: account, installation: installation, purpose: purpose, logger: logger)
        try await launcher.createIfMissing()
        let process = try await launcher.launch()
        running = Running(layout: layout, lock: lock, launcher: launcher, process: process, version: installation.version)
        if purpose == .lasting { supervisor = Task { await self.watch() } }
        return url(layout)
    }

    /// Stops the server (fast shutdown: open transactions are rolled back) and waits for its end.
    public func stop() async {
        supervisor?.cancel()
        supervisor = nil
        guard let running else { return }
        self.running = nil
        await running.launcher.stop(running.process)
        running.lock.release()
    }

    /// The process number of the server, while it runs.
    public var serverPID: Int32? { running?.process.pid }

    /// The folder of the socket, for `psql -h`.
    public var socketDirectory: String? { running?.layout.socketDirectory }

    /// Where the cluster's files are, for whoever throws them away.
    public var clusterDirectory: String? { running?.layout.cluster }

    private func url(_ layout: EmbeddedPostgresLayout) -> String {
        layout.url(database: Self.databaseName, user: Self.ownerName)
    }

    /// The version that made the data, else the newest.
    private func installation(for layout: EmbeddedPostgresLayout) async throws -> EmbeddedPostgresInstallation {
        let version = try? String(contentsOfFile: "\(layout.data)/PG_VERSION", encoding: .utf8)
        let major = version.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return try await EmbeddedPostgresInstallation.find(major: major, patterns: programs.patterns)
    }

    // MARK: Watching

    private static let restartDelaySecondsMax = 30.0
    private static let troubleInterval = Duration.seconds(1)

    private func watch() async {
        await withTaskGroup { group in
            group.addTask { await self.supervise() }
            group.addTask { await self.followUpgrades() }
        }
    }

    /// Starts the server again when it ends by itself (killed for want of memory, say); waits longer after each failure.
    private func supervise() async {
        var delay_s = 1.0
        while let process = running?.process {
            let status = await process.waitForExit()
            guard running != nil, !Task.isCancelled else { return }
            if !isUpgrading {
                logger.log(.error, "database server ended by itself", [.status: status, .reason: running?.launcher.lastLines ?? ""])
            }
            do {
                if !isUpgrading { try await Task.sleep(for: .seconds(delay_s)) }
                isUpgrading = false
                try await restart()
                delay_s = 1
            } catch {
                logger.log(.error, "database server can't be started again", [.error: "\(error)"])
                delay_s = min(delay_s * 2, Self.restartDelaySecondsMax)
            }
        }
    }

    private func restart() async throws {
        guard let launcher = running?.launcher, let layout = running?.layout else { return }
        _ = try await EmbeddedPostgresLeftover(dataDirectory: layout.data).clear()
        let version = await launcher.installation.again()?.version
        let process = try await launcher.launch()
        if running == nil { return await launcher.stop(process) }
        running?.process = process
        if let version { running?.version = version }
    }

    /// Looks at the server's programs at each interval, and soon after the server said that one of its files is missing or unusable.
    private func followUpgrades() async {
        var lookedAt = ContinuousClock.now
        var troubles = 0
        while let launcher = running?.launcher, (try? await Task.sleep(for: min(Self.troubleInterval, programs.lookInterval))) != nil {
            let isTroubled = launcher.fileTroubles != troubles
            guard isTroubled || lookedAt.duration(to: .now) >= programs.lookInterval else { continue }
            troubles = launcher.fileTroubles
            lookedAt = .now
            await restartIfUpgraded()
        }
    }

    /// A server whose programs were upgraded under it goes on with the old ones, and what it loads from then on may not fit.
    private func restartIfUpgraded() async {
        guard let seen = running, let upgraded = await seen.launcher.installation.again()?.version, upgraded != seen.version,
            (try? await Task.sleep(for: programs.settleInterval)) != nil,
            await seen.launcher.installation.again()?.version == upgraded,
            let process = running?.process, process === seen.process, !process.hasExited
        else { return }
        logger.log(
            .notice, "database server's programs were upgraded, it is restarted",
            [.version: upgraded, .reason: "it ran \(seen.version)"])
        isUpgrading = true
        await seen.launcher.stop(process)
    }
}
