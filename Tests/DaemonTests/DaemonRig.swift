import Core
import Database
import Foundation
import Logging
import Simulator
import Synchronization
import TestKit
import Testing

/// A folder of its own, an empty database, a simulated Strava, and the settings with which `fitnessd` meets them.
struct DaemonRig: Sendable {
    let folder: URL
    let database: Database
    let simulator: StravaSimulator
    var environment: [String: String]

    /// - Parameters:
    ///   - limits: what the simulated Strava enforces.
    ///   - strava: the limit that the daemon is configured with.
    static func with(
        _ world: SimulatorWorld, limits: SimulatedLimits? = nil, strava: String = "100000,1000000",
        _ body: (DaemonRig) async throws -> Void
    ) async throws {
        try await withTestDatabaseURL(isMigrated: false) { url in
            // Short, since a socket's path has at most 107 bytes.
            let folder = URL(filePath: "/tmp/fd-\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var options = SimulatorOptions()
            options.limits = limits
            // Strava waits two seconds; a busy machine may take longer.
            options.webhooks.timeout = .seconds(30)
            let simulator = StravaSimulator(world: world, options: options, logger: quietLogger)
            _ = try await simulator.start()
            let database = Database(url: url, applicationName: "test", logger: quietLogger)
            var rig = DaemonRig(
                folder: folder, database: database, simulator: simulator,
                environment: settings(folder, url: url, simulator: simulator, options: options))
            rig.environment["FITNESSD_STRAVA_LIMIT"] = strava
            let result: Result<Void, any Error>
            do {
                _ = try await DaemonProcess.run("fitnessd", ["keygen", folder.appending(path: "keyring").path], environment: [:])
                result = .success(try await body(rig))
            } catch { result = .failure(error) }
            await database.close()
            await simulator.stop()
            try FileManager.default.removeItem(at: folder)
            try result.get()
        }
    }

    private static func settings(
        _ folder: URL, url: String, simulator: StravaSimulator, options: SimulatorOptions
    ) -> [String: String] {
        [
            "FITNESSD_DATABASE_URL": url, "FITNESSD_STATE_DIR": folder.path, "FITNESSD_HTTP_LISTEN": "127.0.0.1:0",
            "FITNESSD_CONTROL_SOCKET": folder.appending(path: "control.sock").path,
            "FITNESSD_STRAVA_CLIENT_ID": options.clientID, "FITNESSD_STRAVA_CLIENT_SECRET": options.clientSecret,
            "FITNESSD_STRAVA_API_URL": simulator.apiURL, "FITNESSD_STRAVA_OAUTH_URL": simulator.oauthURL,
            "FITNESSD_VAULT_KEY": folder.appending(path: "keyring").path,
            // For tests that take the database away.
            "FITNESSD_DASHBOARD_LISTEN": "off",
            "FITNESSD_LOG_FORMAT": "json", "HOME": folder.path,
        ]
    }

    /// Starts the daemon and waits until it serves its control socket.
    func start(_ extra: [String: String] = [:]) async throws -> DaemonProcess {
        let process = try DaemonProcess("fitnessd", ["run"], environment: environment.merging(extra) { _, new in new })
        try await eventually("fitnessd serves its control socket") {
            try await control("status").code == 0
        }
        return process
    }

    /// The daemon's process number, found by the lock on its state directory.
    func pid() async throws -> pid_t {
        var status = stat()
        try #require(stat(folder.appending(path: "instance").path, &status) == 0)
        let locks = try String(contentsOfFile: "/proc/locks", encoding: .utf8)
        let line = try #require(locks.split(separator: "\n").first { $0.contains("FLOCK") && $0.contains(":\(status.st_ino) ") })
        return try #require(pid_t(line.split(separator: " ")[4]))
    }

    /// Runs `fitnessctl` against this rig's daemon.
    func control(_ arguments: String...) async throws -> (code: Int32, output: String) {
        try await DaemonProcess.run("fitnessctl", arguments, environment: environment)
    }

    /// One JSON line for each athlete of the world, as `fitnessctl athletes import` takes them.
    func importFile() throws -> String {
        let lines = simulator.world.athleteIDs.map { athlete in
            let tokens = simulator.issueTokens(for: athlete)
            return """
                {"uid":"u\(athlete)","athlete_id":\(athlete),"access_token":"\(tokens.accessToken)","refresh_token":"\(tokens.refreshToken)",\
                "expires_at":\(Int(tokens.expiresAt.timeIntervalSince1970)),"scope":"read,activity:read_all"}
                """
        }
        let file = folder.appending(path: "athletes.jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        return file.path
    }

    /// Whether every activity of every athlete is in silver and nothing is due.
    func isComplete() async throws -> Bool {
        let expected = simulator.world.athleteIDs.reduce(0) { $0 + simulator.truth(for: $1).count }
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM silver.activity), (SELECT count(*) FROM sync.transform_work),
                (SELECT count(*) FROM sync.completeness WHERE state = 'pending'),
                (SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NULL)
            """)
        return try rows[0].decode(Int.self, Int.self, Int.self, Int.self) == (expected, 0, 0, 0)
    }

    func differences() async throws -> [String] {
        var found: [String] = []
        for athlete in simulator.world.athleteIDs {
            found += try await SilverTruth(database).differences(athlete, simulator.truth(for: athlete))
        }
        return found
    }
}

/// A built program of this package, running as a process of its own.
final class DaemonProcess: Sendable {
    private let process: Mutex<Process>
    private let text = Mutex("")
    private let hasSaidAll = Mutex(false)
    let pid: Int32

    /// Starts `.build/…/<program>` with this environment and nothing of ours.
    /// - Parameters:
    ///   - input: its standard input; nil: empty.
    ///   - output: where both its outputs go; nil: to `output`.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], input: FileHandle? = nil, output: FileHandle? = nil
    ) throws {
        let process = Process()
        process.executableURL = try program.hasPrefix("/") ? URL(filePath: program) : builtProgram(program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { _, new in new
        }
        let pipe = Pipe()
        let sink: Any = output ?? pipe
        process.standardOutput = sink
        process.standardError = sink
        process.standardInput = input ?? FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
        self.process = Mutex(process)
        // Nobody else closes it.
        if output != nil { try pipe.fileHandleForWriting.close() }
        follow(pipe) { [self] piece in
            if let piece { text.withLock { $0 += String(decoding: piece, as: UTF8.self) } } else { hasSaidAll.withLock { $0 = true } }
        }
    }

    /// Standard output and error so far.
    var output: String { text.withLock { $0 } }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end; a process that does not end is killed and fails the test.
    func waitForEnd(within limit: Duration = .seconds(30)) async throws -> Int32 {
        do {
            try await eventually("the process ends", within: limit) { !process.withLock { $0.isRunning } }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return process.withLock { $0.terminationStatus }
    }

    /// Runs a program to its end: exit code and output.
    static func run(_ program: String, _ arguments: [String], environment: [String: String]) async throws -> (code: Int32, output: String) {
        let process = try DaemonProcess(program, arguments, environment: environment)
        let code = try await process.waitForEnd(within: .seconds(180))
        // The end of the output may arrive a moment after the process has ended.
        try await eventually("all output is here") { process.hasSaidAll.withLock { $0 } }
        return (code, process.output)
    }
}
