import Core
import Database
import Foundation
import Logging
import Simulator
import TestKit

/// A folder of its own, an empty database, a simulated Strava, and the settings with which `fitnessd` meets them.
struct DaemonRig: Sendable {
    let folder: URL
    let database: Database
    let simulator: StravaSimulator
    var environment: [String: String]

    /// - Parameters:
    ///   - limits: what the simulated Strava enforces.
    ///   - strava: what the daemon is told about it.
    static func with(
        _ world: SimulatorWorld, limits: SimulatedLimits? = nil, strava: String = "100000,1000000",
        _ body: (DaemonRig) async throws -> Void
    ) async throws {
        try await withTestDatabaseURL(isMigrated: false) { url in
            // Short, because a socket's path has 107 bytes at most.
            let folder = URL(filePath: "/tmp/fd-\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var options = SimulatorOptions()
            options.limits = limits
            // Strava waits two seconds; a busy machine is no finding.
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
