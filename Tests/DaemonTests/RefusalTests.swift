import Foundation
import TestKit
import Testing

/// Settings that can't be used: one sentence that says what to do, exit code 1, and nothing changed.
@Suite struct RefusalTests {
    private static let credentials = ["FITNESSD_STRAVA_CLIENT_ID": "1", "FITNESSD_STRAVA_CLIENT_SECRET": "hush"]

    private func run(_ environment: [String: String], _ arguments: [String] = ["run"]) async throws -> (code: Int32, output: String) {
        let state = "/tmp/fd-\(UUID().uuidString.prefix(8))"
        let given = ["FITNESSD_STATE_DIR": state, "FITNESSD_HTTP_LISTEN": "off"].merging(environment) { _, new in new }
        let result = try await DaemonProcess.run("fitnessd", arguments, environment: given)
        if FileManager.default.fileExists(atPath: state) {
            let left = try FileManager.default.contentsOfDirectory(atPath: state)
            #expect(!left.contains("postgres"), "nothing was begun")
            try FileManager.default.removeItem(atPath: state)
        }
        return result
    }

    @Test(arguments: [
        (["FITNESSD_STRAVA_CLIENT_ID": "1"], "FITNESSD_STRAVA_CLIENT_SECRET is not"),
        (["FITNESSD_STRAVA_CLIENT_SECRET": "hush"], "FITNESSD_STRAVA_CLIENT_ID is not"),
        (["FITNESSD_STRAVA_CLIENT_ID": "abc", "FITNESSD_STRAVA_CLIENT_SECRET": "hush"], "must be the number"),
        (["FITNESSD_HTTP_LISTEN": "8080"], "FITNESSD_HTTP_LISTEN"),
        (["FITNESSD_ADMIN_GROUP": "no-such-group"], "FITNESSD_ADMIN_GROUP must name a group of this machine"),
        (["FITNESSD_STRAVA_LIMIT": "many"], "FITNESSD_STRAVA_LIMIT must be two numbers"),
        (["FITNESSD_STRAVA_API_URL": "ftp://strava"], "FITNESSD_STRAVA_API_URL must be"),
        (["FITNESSD_RETENTION_API_DAYS": "0"], "FITNESSD_RETENTION_API_DAYS must be a whole number from 1"),
        (["FITNESSD_REQUESTS_IN_FLIGHT": "0"], "FITNESSD_REQUESTS_IN_FLIGHT must be a whole number from 1 to 256"),
        (["FITNESSD_ATHLETES_IN_WORK": "2"], "FITNESSD_ATHLETES_IN_WORK must be a whole number from 3"),
        (["FITNESSD_SAMPLE": "few"], "FITNESSD_SAMPLE must be a whole number"),
        (["FITNESSD_ACTIVITY_ZONES": "yes"], "FITNESSD_ACTIVITY_ZONES must be one of on, off"),
        (["FITNESSD_ID_TOKEN_ISSUER": "https://i.example.org"], "set all three, or FITNESSD_FIREBASE_PROJECT, or none"),
        (["FITNESSD_FIREBASE_PROJECT": "my-app", "FITNESSD_ID_TOKEN_AUDIENCE": "x"], "remove it, or the others"),
        (["FITNESSD_FIREBASE_PROJECT": "my app"], "FITNESSD_FIREBASE_PROJECT must be"),
        (
            [
                "FITNESSD_ID_TOKEN_ISSUER": "i", "FITNESSD_ID_TOKEN_AUDIENCE": "a",
                "FITNESSD_ID_TOKEN_JWKS_URL": "http://keys.example.org/",
            ], "http is for this machine's loopback only"
        ),
        (["FITNESSD_CORS_ORIGIN": "app.example.org"], "FITNESSD_CORS_ORIGIN must be"),
        (["FITNESSD_MAP_TILES": "http://tiles.example.org/{z}/{x}/{y}.png"], "FITNESSD_MAP_TILES must be an https address"),
        (["FITNESSD_OPERATOR_NAME": "A\u{1B}[31mnn"], "FITNESSD_OPERATOR_NAME must have 1 to 100 printable"),
        (["FITNESSD_PRIVACY_URL": "javascript:alert(1)"], "FITNESSD_PRIVACY_URL must be the http or https address"),
        (["FITNESSD_LOG_LEVEL": "loud"], "FITNESSD_LOG_LEVEL must be one of"),
        (["FITNESSD_STATE_DIR": "here"], "absolute path"),
        (["FITNESSD_DASHBOARD_LISTEN": "0.0.0.0:5433"], "FITNESSD_DASHBOARD_LISTEN must be a loopback address with a port"),
        (["FITNESSD_DASHBOARD_LISTEN": "127.0.0.1:0"], "such as 127.0.0.1:5433, or off: the private PostgreSQL has no TLS"),
        (
            ["FITNESSD_DASHBOARD_LISTEN": "127.0.0.1:5433", "FITNESSD_DATABASE_URL": "postgresql:///x"],
            "FITNESSD_DASHBOARD_LISTEN is for the private cluster, and FITNESSD_DATABASE_URL is set"
        ),
        (
            ["FITNESSD_DASHBOARD_LISTEN": "127.0.0.1:5433", "FITNESSD_HTTP_LISTEN": "127.0.0.1:5433"],
            "FITNESSD_HTTP_LISTEN and FITNESSD_DASHBOARD_LISTEN have the same port, 5433: change one"
        ),
        (["FITNESSD_DATABASE_URL_FILE": "/nonexistent/url"], "FITNESSD_DATABASE_URL_FILE"),
        (["NOTIFY_SOCKET": "/nonexistent/notify"], "no Strava credentials"),
        (["FITNESSD_DATABASE_URL": "postgresql://127.0.0.1:1/none"], "--demo"),
    ])
    func `a wrong setting is named`(environment: [String: String], sentence: String) async throws {
        let result = try await run(environment)
        #expect(result.code == 1)
        #expect(result.output.contains(sentence), "\(result.output)")
        #expect(result.output.split(separator: "\n").count == 1 && !result.output.contains("hush"))
    }

    @Test(arguments: [
        (["FITNESSD_RETENTION_API_DAY": "7"], "did you mean FITNESSD_RETENTION_API_DAYS?"),
        (["FITNESSD_STRAVA_CLIENTID": "7"], "did you mean FITNESSD_STRAVA_CLIENT_ID?"),
        (["FITNESSD_DB_URL": "7"], "did you mean FITNESSD_DATABASE_URL?"),
        (["fitnessd_sample": "7"], "did you mean FITNESSD_SAMPLE?"),
        (["FITNESSD_HTTP_PORT": "7"], "FITNESSD_HTTP_PORT in the environment is not a setting"),
        (["FITNESSD_QQ": "7"], "have the table of settings"),
    ])
    func `a misspelt setting is an error that names the nearest`(environment: [String: String], sentence: String) async throws {
        for command in ["run", "check"] {
            let result = try await run(environment, [command])
            #expect(result.code == 1 && result.output.contains(sentence), "\(result.output)")
        }
    }

    @Test func `variables that orchestrators set for a service of this name are ignored`() async throws {
        let injected = [
            "FITNESSD_PORT": "tcp://10.0.0.1:8080", "FITNESSD_PORT_8080_TCP": "tcp://10.0.0.1:8080",
            "FITNESSD_PORT_8080_TCP_ADDR": "10.0.0.1",
            "FITNESSD_SERVICE_HOST": "10.0.0.1", "FITNESSD_SERVICE_PORT_HTTP": "8080", "FITNESSD_DB_SERVICE_HOST": "10.0.0.2",
            "FITNESSD_DB_PORT": "tcp://10.0.0.2:5432", "FITNESSD_DB_PORT_5432_TCP_PROTO": "tcp",
        ]
        let result = try await run(injected, ["check"])
        #expect(result.code == 0, "\(result.output)")
    }

    @Test func `lines for the journal have levels and no program name`() async throws {
        let pipe = Pipe()
        var status = stat()
        try #require(fstat(pipe.fileHandleForWriting.fileDescriptor, &status) == 0)
        let process = try DaemonProcess(
            "fitnessd", ["run"],
            environment: [
                "FITNESSD_STATE_DIR": "/nonexistent/fitnessd", "FITNESSD_SAMPLE": "x",
                "JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)",
            ],
            output: pipe.fileHandleForWriting)
        #expect(try await process.waitForEnd() == 1)
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == "<3>FITNESSD_SAMPLE must be a whole number from 1 to 1000000\n")
    }

    @Test func `output that was sent elsewhere than to the journal has no levels`() async throws {
        let result = try await run(["FITNESSD_SAMPLE": "x", "JOURNAL_STREAM": "8:1"])
        #expect(result.output == "fitnessd: FITNESSD_SAMPLE must be a whole number from 1 to 1000000\n")
    }

    @Test func `all faults are reported at once`() async throws {
        let result = try await run(["FITNESSD_SAMPLE": "x", "FITNESSD_LOG_LEVEL": "loud", "FITNESSD_SAMPEL": "1"])
        #expect(result.code == 1)
        for sentence in ["3 settings", "FITNESSD_SAMPLE must", "FITNESSD_LOG_LEVEL must", "FITNESSD_SAMPEL in"] {
            #expect(result.output.contains(sentence), "\(result.output)")
        }
    }

    @Test(arguments: [
        ("export FITNESSD_SAMPLE=3", "line 1 of PATH begins with export"),
        ("FITNESSD_SAMPLE=3 # few", "line 1 of PATH has a # after its value"),
        ("\n\nFITNESSD_SAMPLE=\"3", "line 3 of PATH has a quote"), ("FITNESSD_SAMPLE", "line 1 of PATH is not KEY=value"),
        ("FITNESSD_SAMPEL=3", "did you mean FITNESSD_SAMPLE?"), ("DATABASE_URL=x", "did you mean FITNESSD_DATABASE_URL?"),
        ("FITNESSD_LOG_LEVEL=info\r\nFITNESSD_SAMPLE=x\r\n", "FITNESSD_SAMPLE must be"), ("FITNESSD_STATE_DIR='here'", "absolute path"),
    ])
    func `a line of the file that systemd would misread is named`(text: String, sentence: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "fitnessd.env").path
            try Data(text.utf8).write(to: URL(filePath: path))
            var environment = ["HOME": folder.path]
            if !text.contains("STATE_DIR") { environment["FITNESSD_STATE_DIR"] = folder.path }
            let result = try await DaemonProcess.run("fitnessd", ["run", "--config", path], environment: environment)
            #expect(result.code == 1 && result.output.contains(sentence.replacing("PATH", with: path)), "\(result.output)")
            #expect(result.output.split(separator: "\n").count == 1)
        }
    }

    @Test func `a file is read as systemd reads it`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "fitnessd.env").path
            let state = folder.appending(path: "a # b").path
            let text =
                "\u{FEFF}# one\n; two\n\n  FITNESSD_STATE_DIR = \"\(state)\"\nFITNESSD_HTTP_LISTEN=o\\\nff\nFITNESSD_LOG_LEVEL='war'ning\n"
            try Data(text.utf8).write(to: URL(filePath: path))
            let result = try await DaemonProcess.run("fitnessd", ["check", "--config", path], environment: ["HOME": folder.path])
            #expect(result.code == 0 && result.output.contains("\(state)/demo will be made"), "\(result.output)")
        }
    }

    @Test func `without the right to lock memory, one sentence names the limit`() async throws {
        let settings = ["FITNESSD_HTTP_LISTEN=off", "FITNESSD_STATE_DIR=/tmp/fd-\(UUID().uuidString.prefix(8))"]
        let unprivileged = geteuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
        for command in [["run", "--demo"], ["check"]] {
            let program = [try builtProgram("fitnessd").path] + command
            let ended = try await TestKit.run("/usr/bin/prlimit", ["--memlock=0"] + unprivileged + ["env"] + settings + program)
            #expect(ended.status == 1 && ended.output.contains("RLIMIT_MEMLOCK"), "\(ended)")
        }
    }

    @Test func `an unreachable database is one sentence`() async throws {
        let keyring = "/tmp/keyring-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: keyring) }
        #expect(try await DaemonProcess.run("fitnessd", ["keygen", keyring], environment: [:]).code == 0)
        let settings = ["FITNESSD_DATABASE_URL": "postgresql://someone:hush@127.0.0.1:1/none", "FITNESSD_VAULT_KEY": keyring]
        let result = try await run(Self.credentials.merging(settings) { _, new in new })
        #expect(result.code == 1)
        #expect(result.output.contains("check FITNESSD_DATABASE_URL") && !result.output.contains("hush"), "\(result.output)")
    }

    @Test func `an operator's database needs an existing keyring`() async throws {
        try await withTestDatabaseURL(isMigrated: false) { url in
            let result = try await run(Self.credentials.merging(["FITNESSD_DATABASE_URL": url]) { _, new in new })
            #expect(result.code == 1)
            #expect(result.output.contains("fitnessd keygen"), "\(result.output)")
        }
    }

    @Test func `a keyring that others can read is refused, a new one is private`() async throws {
        let path = "/tmp/keyring-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try await DaemonProcess.run("fitnessd", ["keygen", path], environment: [:]).code == 0)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try await DaemonProcess.run("fitnessd", ["keygen", path], environment: [:]).code == 1, "it never replaces a file")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let result = try await run(["FITNESSD_VAULT_KEY": path], ["check"])
        #expect(result.code == 1 && result.output.contains("chmod 600"), "\(result.output)")
    }

    @Test func `an unknown command is wrong usage`() async throws {
        #expect(try await DaemonProcess.run("fitnessd", ["dance"], environment: [:]).code == 2)
        #expect(try await DaemonProcess.run("fitnessd", ["--help"], environment: [:]).code == 0)
    }
}
