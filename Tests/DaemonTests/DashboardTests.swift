import Core
import Database
import Foundation
import TestKit
import Testing

/// The private cluster of the real process, as a dashboard on the same machine reaches it.
@Suite struct DashboardTests {
    private func with<Answer>(_ url: String, _ body: (Database) async throws -> Answer) async throws -> Answer {
        let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
        let result: Result<Answer, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    @Test func `a dashboard reads silver by the printed URL, nothing else, and nobody else logs in`() async throws {
        try await DashboardDemo.with { demo in
            let daemon = try await demo.start()
            let url = try await demo.url()
            #expect(url.hasPrefix("postgresql://fitness_dashboard@127.0.0.1:\(demo.port)/fitness?passfile=/tmp/"), "\(url)")
            #expect(daemon.output.contains("  dashboards: \(url)\n"), "the summary has it")
            let file = demo.state + "/dashboard.pgpass"
            let line = try String(contentsOfFile: file, encoding: .utf8)
            let password = try #require(line.wholeMatch(of: #/\*:\*:fitness:fitness_dashboard:([A-Za-z0-9_-]{43})\n/#)).1
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(!daemon.output.contains(password) && !url.contains(password))
            let json = try await demo.control("dashboard-url", "--json")
            #expect(json.output.contains(#""passfile":"\#(file)""#) && !json.output.contains(password), "\(json.output)")
            try await with(url) { dashboard in
                try await readsSilver(dashboard)
            }
            try await refusesEleventhSession(url)
            for wrong in [
                "postgresql://fitness_dashboard:wrong@127.0.0.1:\(demo.port)/fitness",
                url.replacing("/fitness?", with: "/postgres?"), url.replacing("fitness_dashboard@", with: "fitness_owner:\(password)@"),
                url.replacing("fitness_dashboard@", with: "fitness_reader:\(password)@"),
                url.replacing("fitness_dashboard@", with: "fitnessd:\(password)@"),
            ] {
                let error = await #expect(throws: DatabaseError.self) { try await with(wrong) { try await $0.query("SELECT 1") } }
                #expect(error?.code == .authentication, "\(String(describing: error))")
            }
            try await demo.stop(daemon)
            let again = try await demo.start()
            #expect(try String(contentsOfFile: file, encoding: .utf8) == line, "the same password")
            let count = try await with(url) { try await $0.query("SELECT FROM silver.activity").count }
            #expect(count > 100)
            try await demo.stop(again)
        }
    }

    private func readsSilver(_ dashboard: Database) async throws {
        let row = try await dashboard.query(
            "SELECT host(inet_server_addr()), current_setting('statement_timeout'), (SELECT count(*) FROM silver.activity_stream)")[0]
        let (address, timeout, count) = try row.decode(String.self, String.self, Int.self)
        #expect(address == "127.0.0.1" && timeout == "1min" && count > 100)
        for relation in ["bronze_strava.answer", "vault.token", "sync.athlete", "sync.reader_key", "pg_authid"] {
            let error = await #expect(throws: DatabaseError.self) { try await dashboard.query("SELECT * FROM \(raw: relation)") }
            #expect(error?.sqlState == "42501", "\(relation): \(String(describing: error))")
        }
        for role in ["fitness_owner", "fitnessd", "fitness_reader"] {
            await #expect(throws: DatabaseError.self) { try await dashboard.query("SET ROLE \(raw: role)") }
        }
    }

    private func refusesEleventhSession(_ url: String) async throws {
        var open: [Database] = []
        var refusal: DatabaseError?
        for _ in 0..<11 {
            let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
            open.append(database)
            do { try await database.query("SELECT 1") } catch { refusal = error as? DatabaseError }
        }
        // While the daemon has many connections, the half that is kept for it is reached before the role's ten.
        let reasons = ["too many connections for role", "remaining connection slots are reserved"]
        #expect(reasons.contains { refusal?.message.contains($0) == true }, "\(String(describing: refusal))")
        for database in open { await database.close() }
    }

    @Test func `a taken port is a warning, in the log, in status, in check and as the answer of dashboard-url`() async throws {
        let (socket, port) = try LoopbackSocket.listen()
        defer { close(socket) }
        try await DashboardDemo.with { demo in
            var demo = demo
            demo.environment["FITNESSD_DASHBOARD_LISTEN"] = "127.0.0.1:\(port)"
            let check = try await DaemonProcess.run("fitnessd", ["check", "--demo"], environment: demo.environment)
            let sentence = "another program listens on 127.0.0.1:\(port)"
            #expect(check.output.contains("note  dashboards: \(sentence): fitnessd will start without it"), "\(check.output)")
            #expect(check.code == 0, "\(check.output)")
            let daemon = try await demo.start()
            #expect(daemon.output.contains("dashboards can't reach the database server") && !daemon.output.contains("  dashboards: "))
            let status = try await demo.control("status")
            #expect(status.output.contains("dashboards can't reach the private PostgreSQL: \(sentence)"), "\(status.output)")
            let answer = try await demo.control("dashboard-url")
            #expect(answer.code == 1 && answer.output.contains(sentence), "\(answer.output)")
            try await demo.stop(daemon)
        }
    }

    @Test func `off, the cluster is on no port, and dashboard-url says which setting that is`() async throws {
        try await DashboardDemo.with { demo in
            var demo = demo
            demo.environment["FITNESSD_DASHBOARD_LISTEN"] = "off"
            let daemon = try await demo.start()
            let answer = try await demo.control("dashboard-url")
            #expect(answer.code == 1 && answer.output.contains("FITNESSD_DASHBOARD_LISTEN is off"), "\(answer.output)")
            #expect(!FileManager.default.fileExists(atPath: demo.state + "/dashboard.pgpass"))
            try await demo.stop(daemon)
        }
    }
}
