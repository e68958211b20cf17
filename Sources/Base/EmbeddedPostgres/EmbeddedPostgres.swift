import Core
import Database
import Foundation
import Logging

/// A private PostgreSQL cluster under the state directory: made when missing, started, supervised, stopped.
///
/// It listens on one Unix socket in a folder that only its account can enter, never on TCP, and never runs as root. One daemon at a time
/// holds the cluster's lock, which the kernel releases when the daemon dies. So a server found running on the data is left over from an
/// earlier run, and is stopped.
public actor EmbeddedPostgres {
    /// What the cluster is for.
    public enum Purpose: Sendable {
        /// Keeps data: durable commits, page checksums, restarted when it dies.
        case lasting
        /// A test run: nothing is flushed to disk.
        case throwaway
    }

    public static let databaseName = "fitness"
    /// The cluster's first role and the owner of the database, named as in `db/roles.sql`.
    public static let ownerName = "fitness_owner"
    /// The login of athletes' own reads, which `db/roles.sql` makes.
    public static let readerName = "fitness_reader"

    private let stateDirectory: String
    private let purpose: Purpose
    private let programs: Programs
    private let logger: Logger
    private var running: Running?
    private var supervisor: Task<Void, Never>?
    /// True from the stop of a server whose programs were upgraded until it runs the new ones.
    private var isUpgrading = false

    /// Where servers are searched, and how often the running server's programs are checked for an upgrade.
    struct Programs: Sendable {
        var patterns = ServerInstallation.packagePatterns
        var checkInterval = Duration.seconds(60)
        /// A package manager replaces one file after another: an upgrade counts when the version has not changed for this long.
        var settleInterval = Duration.seconds(3)
    }

    private struct Running {
        let layout: ClusterLayout
        let lock: FileLock
        let launcher: ServerLauncher
        var process: ServerProcess
        /// The version of the programs that `process` runs.
        var version: String
    }

    public init(stateDirectory: URL, purpose: Purpose = .lasting, logger: Logger) {
        self.init(stateDirectory: stateDirectory, purpose: purpose, programs: Programs(), logger: logger)
    }

    init(stateDirectory: URL, purpose: Purpose, programs: Programs, logger: Logger) {
        self.stateDirectory = stateDirectory.standardizedFileURL.path
        self.purpose = purpose
        self.programs = programs
        self.logger = logger
    }

    /// The major version of the server that a first start would use.
    ///
    /// - Throws: `DatabaseError(.embedded)` with a sentence that says what to install.
    public static func installedVersion() async throws -> Int { try await ServerInstallation.find().major }

    /// Makes the cluster if there is none, starts the server and waits until it accepts connections.
    ///
    /// - Returns: the libpq URL of the database `fitness`.
    /// - Throws: `DatabaseError(.embedded)` with a sentence that says what to do.
    public func start() async throws -> String {
        if let running { return url(running.layout) }
        let (layout, account) = try ClusterFolders(state: stateDirectory).prepare()
        let lock = try lock(layout)
        let stopped = try await LeftoverServer(dataDirectory: layout.data).clear()
        if !stopped.isEmpty { logger.log(.notice, "stopped a database server left by an earlier run", [.count: stopped.count]) }
        let installation = try await installation(for: layout)
        let launcher = ServerLauncher(
            layout: layout, account: account, installation: installation, purpose: purpose, logger: logger)
        try await launcher.createIfMissing()
        let process = try await launcher.launch()
        running = Running(layout: layout, lock: lock, launcher: launcher, process: process, version: installation.version)
        if purpose == .lasting { supervisor = Task { await self.supervise() } }
        return url(layout)
    }

    /// Stops the server by a fast shutdown, which rolls open transactions back, and waits for its end.
    public func stop() async {
        supervisor?.cancel()
        supervisor = nil
        guard let running else { return }
        self.running = nil
        await running.launcher.stop(running.process)
        running.lock.release()
    }

    /// The server's process id, while it runs.
    public var serverPID: Int32? { running?.process.pid }

    /// The libpq URL of the database by another login, while the server runs.
    public func url(as role: String) -> String? { running?.layout.url(database: Self.databaseName, user: role) }

    /// The folder of the socket, for `psql -h`.
    public var socketDirectory: String? { running?.layout.socketDirectory }

    /// The folder of the cluster's files, for a caller that removes them.
    public var clusterDirectory: String? { running?.layout.cluster }

    private func url(_ layout: ClusterLayout) -> String {
        layout.url(database: Self.databaseName, user: Self.ownerName)
    }

    /// The right to run a server on the cluster. The file holds the process id of its holder, for the message to the next one.
    private func lock(_ layout: ClusterLayout) throws -> FileLock {
        let lock: FileLock
        do {
            lock = try FileLock(path: layout.lock)
        } catch {
            if case .unusable(let code) = error { throw ClusterFiles.refused(layout.lock, code) }
            let holder = (try? String(contentsOfFile: layout.lock, encoding: .utf8)).flatMap { Int($0) }.map { " (process \($0))" } ?? ""
            throw DatabaseError(
                .embedded, "another fitnessd\(holder) uses \(layout.cluster): stop it, or set another FITNESSD_STATE_DIR")
        }
        let pid = Array(String(getpid()).utf8)
        ftruncate(lock.descriptor, 0)
        _ = write(lock.descriptor, pid, pid.count)
        return lock
    }

    /// The version that made the data, else the newest.
    private func installation(for layout: ClusterLayout) async throws -> ServerInstallation {
        let version = try? String(contentsOfFile: "\(layout.data)/PG_VERSION", encoding: .utf8)
        let major = version.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return try await ServerInstallation.find(major: major, patterns: programs.patterns)
    }

    // MARK: Supervision

    private static let restartDelaySecondsMax = 30.0
    private static let logInterval = Duration.seconds(1)

    private func supervise() async {
        await withTaskGroup { group in
            group.addTask { await self.restartWhenEnded() }
            group.addTask { await self.restartWhenUpgraded() }
        }
    }

    /// Restarts the server when it ends by itself, killed when memory runs out for example; waits longer after each failure.
    private func restartWhenEnded() async {
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
        _ = try await LeftoverServer(dataDirectory: layout.data).clear()
        let version = await launcher.installation.reexamined()?.version
        let process = try await launcher.launch()
        if running == nil { return await launcher.stop(process) }
        running?.process = process
        if let version { running?.version = version }
    }

    /// Checks the server's programs at each interval, and soon after the server has logged that one of its files is missing or unusable.
    private func restartWhenUpgraded() async {
        var checkedAt = ContinuousClock.now
        var faults = 0
        while let launcher = running?.launcher, (try? await Task.sleep(for: min(Self.logInterval, programs.checkInterval))) != nil {
            guard launcher.fileFaults != faults || checkedAt.duration(to: .now) >= programs.checkInterval else { continue }
            faults = launcher.fileFaults
            checkedAt = .now
            await restartIfUpgraded()
        }
    }

    /// A server whose programs were upgraded while it runs keeps the old ones in memory, and libraries that it loads later may not match.
    private func restartIfUpgraded() async {
        guard let seen = running, let upgraded = await seen.launcher.installation.reexamined()?.version, upgraded != seen.version,
            (try? await Task.sleep(for: programs.settleInterval)) != nil,
            await seen.launcher.installation.reexamined()?.version == upgraded,
            let process = running?.process, process === seen.process, !process.hasExited
        else { return }
        logger.log(
            .notice, "database server's programs were upgraded, it is restarted",
            [.version: upgraded, .reason: "it ran \(seen.version)"])
        isUpgrading = true
        await seen.launcher.stop(process)
    }
}
