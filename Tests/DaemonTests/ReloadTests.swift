import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// SIGHUP: what may change while the daemon runs does, and nothing does when a setting is wrong.
@Suite struct ReloadTests {
    private static let world = SimulatorWorld(
        seed: 12, epoch: Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded()), athleteCount: 1, activitiesEach: 6,
        points: 10...20)

    /// A daemon without a terminal and its settings file.
    private struct Running {
        let rig: DaemonRig
        let file: URL
        let process: DaemonProcess
        let pid: pid_t

        func write(_ lines: [String]) throws { try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file) }

        /// Changes the file, and waits until the daemon says that it has read it.
        func reload(_ lines: [String], says phrase: String) async throws {
            try write(lines)
            let before = process.output.components(separatedBy: phrase).count
            kill(pid, SIGHUP)
            try await eventually("it says: \(phrase)") { process.output.components(separatedBy: phrase).count > before }
        }
    }

    private func withDaemon(
        _ lines: [String], _ extra: [String: String] = [:], _ body: (Running) async throws -> Void
    ) async throws {
        try await DaemonRig.with(Self.world) { rig in
            let file = rig.folder.appending(path: "fitnessd.env")
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
            let process = try DaemonProcess(
                "/usr/bin/setsid", ["--wait", builtProgram("fitnessd").path, "run", "--config", file.path],
                environment: rig.environment.merging(extra) { $1 })
            try await eventually("fitnessd serves its control socket") { try await rig.control("status").code == 0 }
            let running = Running(rig: rig, file: file, process: process, pid: try await rig.pid())
            let result: Result<Void, any Error>
            do { result = .success(try await body(running)) } catch { result = .failure(error) }
            kill(running.pid, SIGTERM)
            #expect(try await process.waitForEnd() == 0)
            try result.get()
            #expect(!process.output.contains("Fatal error"), "\(process.output)")
        }
    }

    @Test func `a sample that is lifted lets the rest be fetched, and a wrong file changes nothing`() async throws {
        try await withDaemon(["FITNESSD_SAMPLE=2", "FITNESSD_REQUESTS_IN_FLIGHT=2"]) { daemon in
            let rig = daemon.rig
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            func beyondSample() async throws -> Int {
                try await rig.database.query("SELECT DISTINCT activity_id FROM sync.completeness WHERE reason = 'beyond the sample'").count
            }
            try await eventually("two are here, four wait") { try await beyondSample() == 4 }
            try await daemon.reload(["FITNESSD_SAMPLE=few", "FITNESSD_LOG_LEVL=debug"], says: "settings not reloaded")
            #expect(daemon.process.output.contains("FITNESSD_SAMPLE must be a whole number"))
            #expect(daemon.process.output.contains("did you mean FITNESSD_LOG_LEVEL?"))
            #expect(try await beyondSample() == 4)
            try await daemon.reload(["FITNESSD_REQUESTS_IN_FLIGHT=1", "FITNESSD_LOG_LEVEL=debug"], says: "settings reloaded")
            #expect(daemon.process.output.contains("FITNESSD_REQUESTS_IN_FLIGHT, FITNESSD_SAMPLE, FITNESSD_LOG_LEVEL"))
            try await eventually("all is here", within: .seconds(60)) { try await rig.isComplete() }
            #expect(daemon.process.output.contains(#""level":"debug""#))
        }
    }

    @Test func `what needs a restart is named until it is taken back`() async throws {
        try await withDaemon([]) { daemon in
            try await daemon.reload(["FITNESSD_STRAVA_OAUTH_URL=http://127.0.0.1:1"], says: "settings reloaded")
            #expect(!daemon.process.output.contains("need a restart"), "the environment comes first")
            try await daemon.reload(["FITNESSD_PUBLIC_URL=https://fit.example.org"], says: "changed settings need a restart")
            let line = daemon.process.output.split(separator: "\n").last { $0.contains("need a restart") } ?? ""
            #expect(line.contains("FITNESSD_PUBLIC_URL") && !line.contains("ADMIN_LISTEN"), "what follows from it is not named: \(line)")
            try await daemon.reload(["FITNESSD_WEBHOOK_VERIFY_TOKEN=hush"], says: "changed settings need a restart")
            #expect(daemon.process.output.contains("FITNESSD_WEBHOOK_VERIFY_TOKEN") && !daemon.process.output.contains("hush"))
            try await daemon.reload(["FITNESSD_WEBHOOK_VERIFY_TOKEN=hush", "FITNESSD_SAMPLE=3"], says: "changed settings need a restart")
            try await daemon.reload([], says: "settings reloaded")
            #expect(daemon.process.output.components(separatedBy: "changed settings need a restart").count == 4)
            try FileManager.default.removeItem(at: daemon.file)
            kill(daemon.pid, SIGHUP)
            try await eventually("a missing file is told") { daemon.process.output.contains("can't be read: check its path") }
        }
    }

    @Test func `fitnessctl reload says what was applied, what needs a restart, and what is wrong`() async throws {
        try await withDaemon(["FITNESSD_SAMPLE=2"]) { daemon in
            try daemon.write(["FITNESSD_SAMPLE=3", "FITNESSD_WEBHOOK_VERIFY_TOKEN=hush"])
            let good = try await daemon.rig.control("reload")
            #expect(good.code == 0 && good.output.contains("Applied FITNESSD_SAMPLE\n"), "\(good.output)")
            #expect(good.output.contains("Restart fitnessd to apply FITNESSD_WEBHOOK_VERIFY_TOKEN") && !good.output.contains("hush"))
            try daemon.write(["FITNESSD_SAMPLE=hush"])
            let bad = try await daemon.rig.control("reload")
            #expect(
                bad.code == 1 && bad.output.contains("nothing changed") && bad.output.contains("FITNESSD_SAMPLE must be"), "\(bad.output)")
            let json = try await daemon.rig.control("reload", "--json")
            #expect(json.code == 1 && json.output.contains(#""applied":[]"#) && json.output.contains("\"refused\":[\""), "\(json.output)")
            #expect(!(bad.output + json.output).contains("hush"))
        }
    }

    @Test func `a client secret that was renewed at Strava is read from its file`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "secret")
            try Data("outdated".utf8).write(to: file)
            let extra = ["FITNESSD_STRAVA_CLIENT_SECRET": "", "FITNESSD_STRAVA_CLIENT_SECRET_FILE": file.path]
            try await withDaemon([], extra) { daemon in
                #expect(try await daemon.rig.control("webhook").code == 1)
                try Data(daemon.rig.simulator.options.clientSecret.utf8).write(to: file)
                let reload = try await daemon.rig.control("reload")
                #expect(reload.output.contains("Applied FITNESSD_STRAVA_CLIENT_SECRET\n"), "\(reload.output)")
                let webhook = try await daemon.rig.control("webhook")
                #expect(webhook.code == 0, "\(webhook.output)")
            }
        }
    }

    @Test func `pages and the addresses for programs follow`() async throws {
        let port = try LoopbackSocket.freePort()
        try await withDaemon(["FITNESSD_OPERATOR_NAME=Riverside Runners"], ["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"]) { daemon in
            let http = HTTPClient(userAgent: "test")
            func page() async throws -> String {
                let link = try await daemon.rig.control("athletes", "connect", "--uid", "anna").output
                let url = try #require(link.firstMatch(of: #/http\S+/#).map { String($0.0) })
                return String(decoding: try await http.send(HTTPRequest(method: .get, url: url)).body, as: UTF8.self)
            }
            func preflight() async throws -> String? {
                let origin = [("Origin", "https://app.example.org")]
                return try await http.send(HTTPRequest(method: .get, url: "http://127.0.0.1:\(port)/v1/me", headers: origin))
                    .headers["Access-Control-Allow-Origin"]
            }
            #expect(try await page().contains("Riverside Runners"))
            #expect(try await preflight() == nil)
            try await daemon.reload(
                ["FITNESSD_OPERATOR_NAME=Hill Climbers", "FITNESSD_CORS_ORIGIN=https://app.example.org", "FITNESSD_MODEL_ACCESS=off"],
                says: "settings reloaded")
            let text = try await page()
            #expect(text.contains("Hill Climbers") && !text.contains("Riverside Runners"))
            #expect(try await preflight() == "https://app.example.org")
            let assistant = try await http.send(HTTPRequest(method: .post, url: "http://127.0.0.1:\(port)/mcp", body: Array("{}".utf8)))
            #expect(assistant.status == 404)
            await http.shutdown()
        }
    }

    @Test func `systemd hears that a reload begins and ends, and why it failed`() async throws {
        try await withTemporaryFolder { folder in
            let socket = try NotifySocket(name: folder.appending(path: "n").path)
            try await withDaemon([], ["NOTIFY_SOCKET": socket.name]) { daemon in
                try await eventually("it is ready") { socket.hears("READY=1") }
                try await daemon.reload(["FITNESSD_SAMPLE=few"], says: "settings not reloaded")
                try await eventually("the reload has ended") {
                    _ = socket.hears("STATUS=")
                    return socket.count("READY=1") == 2
                }
                let reloading = try #require(socket.heard.firstIndex { $0.contains(#/^RELOADING=1\nMONOTONIC_USEC=[0-9]+$/#) })
                #expect(reloading < socket.heard.lastIndex(of: "READY=1") ?? 0)
                #expect(socket.heard.contains { $0.hasPrefix("STATUS=settings not reloaded at") && $0.contains("FITNESSD_SAMPLE") })
                try await eventually("later statuses say it, too", within: .seconds(60)) {
                    _ = socket.hears("")
                    return socket.heard.contains { $0.hasPrefix("STATUS=settings not reloaded at") && $0.contains("athletes") }
                }
                try await daemon.reload([], says: "settings reloaded")
                try await eventually("and it ends with a good reload") {
                    _ = socket.hears("")
                    return socket.count("READY=1") == 3
                }
            }
        }
    }

    @Test func `many signals at once do no harm`() async throws {
        try await withDaemon([]) { daemon in
            for count in 0..<200 {
                if count % 10 == 0 { try daemon.write(["FITNESSD_SAMPLE=\(count + 1)"]) }
                kill(daemon.pid, SIGHUP)
            }
            try await daemon.reload(["FITNESSD_SAMPLE=5"], says: "settings reloaded")
            #expect(try await daemon.rig.control("status").code == 0)
        }
    }
}
