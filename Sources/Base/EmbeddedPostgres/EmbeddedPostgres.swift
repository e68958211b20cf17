import Core
import Database
import Foundation
import Logging

/// A private PostgreSQL cluster under the state directory: made when missing, started, supervised, stopped.
///
/// It listens on one Unix socket in a folder that only its account can enter, and, if that is asked for, on loopback for dashboards; it never
/// runs as root. One daemon at a time holds the cluster's lock, which the kernel releases when the daemon dies. So a server found running on
/// the data is left over from an earlier run, and is stopped.
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
    private let listener: DashboardListener?
    private let programs: Programs
    private let notices: Notices
    private let logger: Logger
    private var running: Running?
    private var supervisor: Task<Void, Never>?
    private var sessions = SessionHold()
    /// Why the running server doesn't listen for dashboards although it should, as the end of a sentence; nil: it does.
    public private(set) var dashboardObstacle: String?
    /// From the stop of a server whose programs were upgraded until it runs the new ones: when it began.
    private var upgradeBeganAt: ContinuousClock.Instant?

    /// Where servers are searched, and how often the running server's programs are checked for an upgrade.
    struct Programs: Sendable {
        var patterns = ServerInstallation.packagePatterns
        var checkInterval = Duration.seconds(60)
        /// A package manager replaces one file after another: an upgrade counts when the version has not changed for this long.
        var settleInterval = Duration.seconds(3)
    }

    /// What is to happen to the sessions of this process around a restart that is planned, so that no statement fails.
    public struct SessionHold: Sendable {
        let hold: @Sendable () async -> Void
        let resume: @Sendable () async -> Void

        /// - Parameters:
        ///   - hold: begins no further transaction, and returns when those under way have ended or have taken too long.
        ///   - resume: sessions may begin again. Called once or more often after `hold`.
        public init(hold: @escaping @Sendable () async -> Void = {}, resume: @escaping @Sendable () async -> Void = {}) {
            self.hold = hold
            self.resume = resume
        }
    }

    private struct Running {
        let layout: ClusterLayout
        let lock: FileLock
        let launcher: ServerLauncher
        var process: ServerProcess
        /// The programs that `process` runs: their version, and their file as it was just before the start.
        var version: String
        var stamp: ServerInstallation.Stamp?
        /// The file when its version was last read.
        var examined: ServerInstallation.Stamp?
    }

    /// - Parameters:
    ///   - listener: where dashboards reach the server; nil: nowhere.
    ///   - notices: where a restart after an upgrade, missing programs and an address that can't be had are told.
    public init(
        stateDirectory: URL, purpose: Purpose = .lasting, listener: DashboardListener? = nil, notices: Notices = Notices(), logger: Logger
    ) {
        self.init(
            stateDirectory: stateDirectory, purpose: purpose, listener: listener, programs: Programs(), notices: notices, logger: logger)
    }

    init(
        stateDirectory: URL, purpose: Purpose, listener: DashboardListener? = nil, programs: Programs, notices: Notices = Notices(),
        logger: Logger
    ) {
        self.listener = listener
        self.stateDirectory = stateDirectory.standardizedFileURL.path
        self.purpose = purpose
        self.programs = programs
        self.notices = notices
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
        do { running = try await launch(layout, account, lock) } catch {
            lock.release()
            throw error
        }
        if purpose == .lasting { supervisor = Task { await self.supervise() } }
        return url(layout)
    }

    private func launch(_ layout: ClusterLayout, _ account: ServerAccount, _ lock: FileLock) async throws -> Running {
        let stopped = try await LeftoverServer(dataDirectory: layout.data).clear()
        if !stopped.isEmpty { logger.log(.notice, "stopped a database server left by an earlier run", [.count: stopped.count]) }
        let installation = try await ClusterVersion(layout: layout).server(patterns: programs.patterns)
        let launcher = ServerLauncher(
            layout: layout, account: account, installation: installation, purpose: purpose, logger: logger)
        try await launcher.createIfMissing()
        let stamp = installation.stamp
        let process = try await launch(launcher)
        return Running(
            layout: layout, lock: lock, launcher: launcher, process: process, version: installation.version, stamp: stamp, examined: stamp)
    }

    /// Starts the server. An address that can't be had is told, and the server starts without it.
    private func launch(_ launcher: ServerLauncher) async throws -> ServerProcess {
        guard let listener else { return try await launcher.launch() }
        var obstacle = listener.obstacle()
        if obstacle == nil {
            do {
                let process = try await launcher.launch(listener)
                dashboardObstacle = nil
                notices.withdraw(.dashboardsUnreachable)
                return process
            } catch let error as DatabaseError where launcher.hasFailedToListen { obstacle = error.message }
        }
        let process = try await launcher.launch()
        let text = "dashboards can't reach the private PostgreSQL: \(obstacle ?? "")"
        dashboardObstacle = obstacle
        if notices.post(.dashboardsUnreachable, text + "; free the address, or set FITNESSD_DASHBOARD_LISTEN, and restart fitnessd") {
            logger.log(.warning, "dashboards can't reach the database server", [.reason: obstacle ?? ""])
        }
        return process
    }

    /// Sets what happens to sessions around a planned restart.
    public func holdSessions(_ sessions: SessionHold) { self.sessions = sessions }

    /// Stops the server by a fast shutdown, which rolls open transactions back, and waits for its end.
    public func stop() async {
        supervisor?.cancel()
        supervisor = nil
        guard let running else { return }
        self.running = nil
        await running.launcher.stop(running.process)
        running.lock.release()
    }

    // MARK: Backups

    /// Begins a dump of the database (`pg_dump`, custom format), as it is at this moment.
    ///
    /// - Throws: `DatabaseError(.embedded)` when the server does not run or `pg_dump` can't be started.
    public func beginDump() async throws -> ClusterDump {
        guard let running else { throw DatabaseError(.embedded, "the private PostgreSQL does not run") }
        return try await ClusterDump.begin(running.launcher, version: running.version)
    }

    /// Fills the database, which must be empty, from an open file with a dump. All or nothing: after a failure it is empty again.
    ///
    /// - Throws: `DatabaseError(.embedded)` with what `pg_restore` reported.
    public func restore(from file: Int32) async throws {
        guard let running else { throw DatabaseError(.embedded, "the private PostgreSQL does not run") }
        try await running.launcher.restore(from: file)
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
            if upgradeBeganAt == nil {
                logger.log(.error, "database server ended by itself", [.status: status, .reason: running?.launcher.lastLines ?? ""])
            }
            do {
                if upgradeBeganAt == nil { try await Task.sleep(for: .seconds(delay_s)) }
                try await restart()
                delay_s = 1
            } catch {
                logger.log(.error, "database server can't be started again", error)
                delay_s = min(delay_s * 2, Self.restartDelaySecondsMax)
            }
            upgradeBeganAt = nil
            await sessions.resume()
        }
    }

    private func restart() async throws {
        guard let before = running else { return }
        _ = try await LeftoverServer(dataDirectory: before.layout.data).clear()
        let installation = before.launcher.installation
        let stamp = installation.stamp
        let version = await installation.reexamined()?.version ?? before.version
        let process = try await launch(before.launcher)
        // Stopped meanwhile.
        guard running != nil else { return await before.launcher.stop(process) }
        running?.process = process
        running?.version = version
        running?.stamp = stamp
        running?.examined = stamp
        for code in [Notice.Code.databaseRestarting, .databaseBroken] { notices.withdraw(code) }
        if version != before.version { tellUpgrade(from: before.version, to: version) }
    }

    private func tellUpgrade(from former: String, to version: String) {
        let took_ms = upgradeBeganAt.map { Int($0.duration(to: .now).seconds * 1_000) } ?? 0
        logger.log(.notice, "database server runs the upgraded programs", [.version: version, .durationMS: took_ms])
        notices.post(
            .databaseUpgraded, "PostgreSQL was upgraded from \(former) to \(version), and the private server restarted",
            shown_s: Self.upgradeShown_s)
    }

    // MARK: Upgrades

    /// How long `fitnessctl status` shows an upgrade.
    private static let upgradeShown_s: Double = 86_400

    /// Looks at the server's programs at each interval, and soon after the server has logged that one of its files is missing or unusable; in
    /// trouble each second.
    private func restartWhenUpgraded() async {
        var checkedAt = ContinuousClock.now
        var faults = 0
        while let launcher = running?.launcher, (try? await Task.sleep(for: min(Self.logInterval, programs.checkInterval))) != nil {
            let hasFault = launcher.fileFaults != faults || isSuspect
            guard hasFault || checkedAt.duration(to: .now) >= programs.checkInterval else { continue }
            (faults, checkedAt) = (launcher.fileFaults, .now)
            await checkPrograms(hasFault: hasFault)
        }
    }

    private var isSuspect: Bool { notices.current.contains { $0.code == .databaseBroken || $0.code == .databaseRestarting } }

    /// A server whose programs were upgraded while it runs keeps the old ones in memory, and libraries that it loads later may not match.
    /// Without a fault, programs whose file has not changed are not run.
    private func checkPrograms(hasFault: Bool) async {
        // While the server is being started again, sessions stay held.
        guard let seen = running, upgradeBeganAt == nil, !seen.process.hasExited else { return }
        let stamp = seen.launcher.installation.stamp
        if stamp == seen.examined, !hasFault { return }
        guard let found = await seen.launcher.installation.reexamined() else {
            return report(
                "the programs of the private PostgreSQL are missing from \(seen.launcher.installation.programs): install them again",
                unready: "programs of the database server are missing")
        }
        guard running?.process === seen.process else { return }
        if found.version != seen.version { return await upgrade(seen, to: found.version) }
        running?.examined = stamp
        notices.withdraw(.databaseRestarting)
        if !hasFault || seen.process.hasExited { return }
        if await canLoadLibraries(seen) {
            if notices.withdraw(.databaseBroken) { logger.log(.notice, "database server's programs work again", [:]) }
        } else if stamp != seen.stamp {
            await upgrade(seen, to: found.version)
        } else {
            report(
                "the private PostgreSQL can't load its libraries, as \(seen.layout.log) says: install postgresql-\(found.major) again",
                unready: "the database server can't load its libraries")
        }
    }

    private func report(_ text: String, unready: String) {
        if notices.post(.databaseBroken, text, unready: unready) {
            logger.log(.error, "database server's programs are missing or unusable", [.reason: text])
        }
    }

    /// Whether a new session can use PL/pgSQL, which is a library. Other trouble is no answer, and is reported by those who meet it.
    private func canLoadLibraries(_ seen: Running) async -> Bool {
        let database = Database(url: url(seen.layout), connectionsMax: 1, applicationName: "fitnessd check", logger: logger)
        var can = true
        do { try await database.query("DO $$ BEGIN END $$") } catch {
            can = !ServerLog.fileFaultStates.contains((error as? DatabaseError)?.sqlState ?? "")
        }
        await database.close()
        return can
    }

    /// Stops the server once its programs have settled and no session is at work; `restartWhenEnded` starts it again.
    private func upgrade(_ seen: Running, to version: String) async {
        let text = "PostgreSQL was upgraded from \(seen.version) to \(version): the private server is being restarted"
        if notices.post(.databaseRestarting, text, unready: "the database server was upgraded and is being restarted") {
            logger.log(
                .notice, "database server's programs were upgraded, it is restarted",
                [.version: version, .reason: "it ran \(seen.version)"])
        }
        guard (try? await Task.sleep(for: programs.settleInterval)) != nil,
            await seen.launcher.installation.reexamined()?.version == version
        else { return }
        let began = ContinuousClock.now
        await sessions.hold()
        guard let process = running?.process, process === seen.process, !process.hasExited, !Task.isCancelled else {
            return await sessions.resume()
        }
        upgradeBeganAt = began
        await seen.launcher.stop(process)
    }
}
