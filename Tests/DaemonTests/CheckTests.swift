import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

/// Where `fitnessd run` refuses, `fitnessd check` says so in the same sentence.
@Suite struct CheckTests {
    private static let world = SimulatorWorld(
        seed: 3, epoch: Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded()), athleteCount: 1, activitiesEach: 2,
        points: 10...20)

    /// Runs both with these settings and expects the sentence of each.
    private func refused(_ rig: DaemonRig, _ settings: [String: String] = [:], _ sentence: String) async throws {
        let environment = rig.environment.merging(settings) { _, new in new }
        let check = try await DaemonProcess.run("fitnessd", ["check"], environment: environment)
        #expect(check.code == 1 && check.output.contains("WRONG") && check.output.contains(sentence), "\(sentence): \(check.output)")
        let run = try await DaemonProcess.run("fitnessd", ["run"], environment: environment)
        #expect(run.code == 1 && run.output.contains(sentence), "\(sentence): \(run.output)")
        #expect(run.output.components(separatedBy: sentence).count == 2, "said once: \(run.output)")
        for noise in ["CancellationError", "leases not released"] { #expect(!run.output.contains(noise), "\(run.output)") }
    }

    @Test func `where run works, check finds no fault, before the first start and while the daemon runs`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            var environment = rig.environment
            environment["FITNESSD_HTTP_LISTEN"] = "127.0.0.1:\(try LoopbackSocket.freePort())"
            environment["FITNESSD_OPERATOR_NAME"] = "Riverside Runners"
            func check() async throws {
                let result = try await DaemonProcess.run("fitnessd", ["check"], environment: environment)
                #expect(result.code == 0 && !result.output.contains("WRONG"), "\(result.output)")
                #expect(result.output.contains("would run the daemon") && !result.output.contains("hush"))
                #expect(result.output.contains("which show nothing of Strava's API (FITNESSD_MODEL_ACCESS=own)"))
                #expect(result.output.contains("connect page: run by Riverside Runners, links no privacy page (FITNESSD_PRIVACY_URL)"))
            }
            try await check()
            let daemon = try await rig.start(environment)
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await check()
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            try await check()
        }
    }

    @Test func `both refuse unusable paths`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let file = rig.folder.appending(path: "file").path
            try Data("precious".utf8).write(to: URL(filePath: file))
            try await refused(rig, ["FITNESSD_STATE_DIR": file + "/state"], "\(file) is not a folder")
            try await refused(rig, ["FITNESSD_CONTROL_SOCKET": file], "\(file) exists and is not a socket")
            try await refused(rig, ["FITNESSD_SHARE_DIR": rig.folder.path], "which holds no db/migrations")
            for name in ["instance", "demo-epoch"] {
                let state = rig.folder.appending(path: "state-\(name)")
                try FileManager.default.createDirectory(at: state, withIntermediateDirectories: false)
                try FileManager.default.createSymbolicLink(atPath: state.appending(path: name).path, withDestinationPath: file)
                try await refused(rig, ["FITNESSD_STATE_DIR": state.path], "\(name) is a symbolic link")
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "precious")
        }
    }

    @Test func `both refuse an address in use, in one sentence`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let port = try #require(URL(string: rig.simulator.apiURL)?.port)
            try await refused(rig, ["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"], "another program listens on 127.0.0.1:\(port) already")
        }
    }

    @Test func `both refuse a keyring that does not open the stored tokens, before an athlete is touched`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let daemon = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            let states = "SELECT string_agg(state || coalesce(state_reason, ''), ',') FROM sync.athlete"
            let before = try await rig.database.query("\(raw: states)").first?.decode(String?.self)
            let other = rig.folder.appending(path: "other").path
            #expect(try await DaemonProcess.run("fitnessd", ["keygen", other], environment: [:]).code == 0)
            try await refused(rig, ["FITNESSD_VAULT_KEY": other], "opens none of the stored tokens")
            let lines = try ["keyring", "other"].map { try String(contentsOf: rig.folder.appending(path: $0), encoding: .utf8) }
            let keys = lines.map { $0.split(separator: "\n").last?.split(separator: " ").map(String.init) ?? [] }
            let mixed = rig.folder.appending(path: "mixed").path
            try Data("\(keys[0][0]) \(keys[1][1])\n".utf8).write(to: URL(filePath: mixed))
            chmod(mixed, 0o600)
            try await refused(rig, ["FITNESSD_VAULT_KEY": mixed], "is not the key of that name")
            #expect(try await rig.database.query("\(raw: states)").first?.decode(String?.self) == before)
        }
    }

    @Test func `check reports a role that lacks rights`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let database = try #require(rig.environment["FITNESSD_DATABASE_URL"])
            #expect(try await DaemonProcess.run("fitnessd", ["migrate"], environment: rig.environment).code == 0)
            let role = "check_\(UUID().uuidString.prefix(8).lowercased())"
            try await rig.database.query("CREATE ROLE \(raw: role) LOGIN")
            let start = try #require(database.range(of: "://")?.upperBound)
            let end = try #require(database.firstIndex(of: "@"))
            let url = database.replacingCharacters(in: start..<end, with: role)
            let result = try await DaemonProcess.run(
                "fitnessd", ["check"], environment: rig.environment.merging(["FITNESSD_DATABASE_URL": url]) { _, new in new })
            try await rig.database.query("DROP ROLE \(raw: role)")
            #expect(result.code == 1 && result.output.contains("WRONG database"), "\(result.output)")
        }
    }

    @Test func `check says what athletes need to read their own data, and whether their login works`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            func check(_ reader: String?) async throws -> (code: Int32, output: String) {
                var environment = rig.environment
                environment["FITNESSD_READER_DATABASE_URL"] = reader
                return try await DaemonProcess.run("fitnessd", ["check"], environment: environment)
            }
            #expect(try await DaemonProcess.run("fitnessd", ["migrate"], environment: rig.environment).code == 0)
            let unset = try await check(nil)
            #expect(unset.code == 0 && unset.output.contains("ok    own data: FITNESSD_READER_DATABASE_URL is not set"), "\(unset.output)")
            let owner = try #require(rig.environment["FITNESSD_DATABASE_URL"])
            let (start, end) = (try #require(owner.range(of: "://")?.upperBound), try #require(owner.firstIndex(of: "@")))
            let reader = owner.replacingCharacters(in: start..<end, with: "fitness_reader")
            let wide = try await check(owner)
            #expect(
                wide.code == 1 && wide.output.contains("WRONG own data") && wide.output.contains("must be fitness_reader"), "\(wide.output)"
            )
            try await makeRoles(in: rig.database, then: "ALTER ROLE fitness_reader LOGIN")
            let good = try await check(reader)
            #expect(good.code == 0 && good.output.contains("fitness_reader reads one athlete at a time"), "\(good.output)")
            try await rig.database.query("REVOKE USAGE ON SCHEMA silver FROM fitness_reader")
            let poor = try await check(reader)
            #expect(poor.code == 1 && poor.output.contains("run db/roles.sql"), "\(poor.output)")
            var alone = rig.environment
            alone["FITNESSD_DATABASE_URL"] = nil
            alone["FITNESSD_READER_DATABASE_URL"] = reader
            let half = try await DaemonProcess.run("fitnessd", ["check"], environment: alone)
            #expect(half.code == 1 && half.output.contains("set both, or neither"), "\(half.output)")
        }
    }

    @Test func `check treats a demo as a demo, and refuses where run refuses`() async throws {
        try await withTemporaryFolder { folder in
            let settings = ["FITNESSD_STATE_DIR": folder.path, "FITNESSD_HTTP_LISTEN": "off", "HOME": folder.path]
            let demo = try await DaemonProcess.run("fitnessd", ["check"], environment: settings)
            #expect(demo.code == 0 && demo.output.contains("would run the demo"), "\(demo.output)")
            let service = try await DaemonProcess.run("fitnessd", ["check"], environment: settings.merging(["INVOCATION_ID": "1"]) { $1 })
            #expect(service.code == 1 && service.output.contains("no Strava credentials"), "\(service.output)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "nothing was changed")
        }
    }

    @Test func `the daemon and check report a clock that differs from Strava's`() async throws {
        let past = Date(timeIntervalSinceNow: -7_200)
        let simulator = StravaSimulator(world: Self.world, clock: .manual(at: past), logger: quietLogger)
        _ = try await simulator.start()
        try await DaemonRig.with(Self.world) { rig in
            let settings = ["FITNESSD_STRAVA_API_URL": simulator.apiURL]
            let check = try await DaemonProcess.run("fitnessd", ["check"], environment: rig.environment.merging(settings) { $1 })
            #expect(check.code == 1 && check.output.contains("the clock of Strava is 7"), "\(check.output)")
            let daemon = try await rig.start(settings)
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("the log says it", within: .seconds(60)) { daemon.output.contains("clocks differ by more than a minute") }
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            #expect(daemon.output.components(separatedBy: "clocks differ").count == 2, "once")
        }
        await simulator.stop()
    }
}

@Suite struct MigrateTests {
    @Test func `migrate applies missing migrations, and then says that there are none`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL(isMigrated: false) { url in
                let environment = [
                    "FITNESSD_STATE_DIR": folder.path, "FITNESSD_LOG_LEVEL": "warning", "FITNESSD_DATABASE_URL": url,
                ]
                let first = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                #expect(first.code == 0 && first.output.contains("applied 0001_create_schemas"), "\(first.output)")
                let again = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                #expect(again.code == 0 && again.output == "nothing to do: the database is up to date\n", "\(again.output)")
            }
        }
    }
}
