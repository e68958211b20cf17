import Foundation
import TestKit
import Testing

/// Settings that can't be used: one sentence that says what to do, an exit code that is not 0, nothing half-done.
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
        (["FITNESSD_STRAVA_LIMIT": "many"], "FITNESSD_STRAVA_LIMIT must be two numbers"),
        (["FITNESSD_STRAVA_API_URL": "ftp://strava"], "FITNESSD_STRAVA_API_URL must be"),
        (["FITNESSD_RETENTION_API_DAYS": "0"], "FITNESSD_RETENTION_API_DAYS must be a whole number from 1"),
        (["FITNESSD_REQUESTS_IN_FLIGHT": "0"], "FITNESSD_REQUESTS_IN_FLIGHT must be a whole number from 1 to 256"),
        (["FITNESSD_ATHLETES_IN_WORK": "2"], "FITNESSD_ATHLETES_IN_WORK must be a whole number from 3"),
        (["FITNESSD_SAMPLE": "few"], "FITNESSD_SAMPLE must be a whole number"),
        (["FITNESSD_LOG_LEVEL": "loud"], "FITNESSD_LOG_LEVEL must be one of"),
        (["FITNESSD_STATE_DIR": "here"], "absolute path"),
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

    @Test func `an unreachable database is one sentence`() async throws {
        let result = try await run(
            Self.credentials.merging(["FITNESSD_DATABASE_URL": "postgresql://someone:hush@127.0.0.1:1/none"]) { _, new in new })
        #expect(result.code == 1)
        #expect(result.output.contains("check FITNESSD_DATABASE_URL") && !result.output.contains("hush"), "\(result.output)")
    }

    @Test func `an operator's database needs a keyring that is there`() async throws {
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

    @Test func `unknown words are wrong usage`() async throws {
        #expect(try await DaemonProcess.run("fitnessd", ["dance"], environment: [:]).code == 2)
        #expect(try await DaemonProcess.run("fitnessd", ["--help"], environment: [:]).code == 0)
    }
}
