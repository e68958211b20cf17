import Database
import Foundation
import HTTPTransport
import TestKit
import Testing

/// The demo as `make run` starts it, with nothing configured: a PostgreSQL and a Strava of its own.
@Suite struct DemoTests {
    @Test func `the demo fills silver, stops on Ctrl-C, and fetches nothing twice when started again`() async throws {
        try await DemoFolder.with { folder in
            // A damaged file of an earlier start is written anew.
            try FileManager.default.createDirectory(
                atPath: folder.state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
            try Data("1e99".utf8).write(to: URL(filePath: folder.state + "/demo-epoch"))
            let first = try await summary(folder.environment)
            #expect(first.output.contains("No Strava credentials are configured"))
            let fetched = try await streams(first.output)
            #expect(fetched.count > 150)
            let simulator = try #require(try first.simulator())
            first.signal(SIGINT)
            #expect(try await first.waitForEnd(within: .seconds(15)) == 0)
            #expect(first.output.contains("stopped cleanly"))
            #expect(kill(simulator, 0) != 0, "the simulator ends before fitnessd does")
            let second = try await summary(folder.environment)
            let again = try await streams(second.output)
            #expect(fetched.allSatisfy { again[$0.key] == $0.value }, "the same answers, fetched at the same time as before")
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd(within: .seconds(15)) == 0)
        }
    }

    @Test func `an athlete of the demo reads their own data, by a login that the private cluster has made`() async throws {
        try await DemoFolder.with { folder in
            let port = try LoopbackSocket.freePort()
            let environment = folder.environment.merging(["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"]) { $1 }
            let demo = try await summary(environment)
            let owner = String(try #require(demo.output.split(separator: "\n").last { $0.contains("psql \"") }).split(separator: "\"")[1])
            let database = Database(url: owner, logger: quietLogger)
            let token = "fitnessd_" + String(repeating: "a", count: 43)
            try await database.query(
                """
                INSERT INTO sync.api_token (athlete_id, token_sha256, uid, scopes, created_at, expires_at)
                SELECT athlete_id, sha256(convert_to(\(token), 'UTF8')), uid, '{read}', now(), now() + interval '1 day' FROM sync.athlete
                ORDER BY athlete_id LIMIT 1
                """)
            await database.close()
            let http = HTTPClient(userAgent: "demo-tests")
            let answer = try await http.send(
                HTTPRequest(
                    url: "http://127.0.0.1:\(port)/v1/me/activities?limit=200", headers: [("Authorization", "Bearer \(token)")]))
            await http.shutdown()
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.status == 200 && text.matches(of: #/"id":/#).count > 30, "\(answer.status) \(text.prefix(200))")
            let reader = Database(url: owner.replacing("fitness_owner@", with: "fitness_reader@"), logger: quietLogger)
            let error = await #expect(throws: DatabaseError.self) { try await reader.query("SELECT FROM silver.activity") }
            #expect(error?.sqlState == "28000")
            await reader.close()
            demo.signal(SIGTERM)
            #expect(try await demo.waitForEnd(within: .seconds(15)) == 0)
        }
    }

    @Test func `kill -9 of the daemon ends its simulator, whose end ends the daemon with a sentence`() async throws {
        try await DemoFolder.with { folder in
            let first = try await summary(folder.environment)
            let simulator = try #require(try first.simulator())
            let commandLine = try String(contentsOfFile: "/proc/\(simulator)/cmdline", encoding: .utf8)
            #expect(!commandLine.contains("secret") && !commandLine.contains("token"), "\(commandLine)")
            first.signal(SIGKILL)
            _ = try await first.waitForEnd()
            try await eventually("the simulator ends") { kill(simulator, 0) != 0 }
            let second = try await summary(folder.environment)
            kill(try #require(try second.simulator()), SIGKILL)
            #expect(try await second.waitForEnd(within: .seconds(30)) == 1)
            #expect(
                second.output.contains("fitnessd: strava-simulator, the demo's Strava, ended unexpectedly (signal 9)"),
                "\(second.output)")
        }
    }

    @Test func `without the simulator beside it the demo refuses, and check says so`() async throws {
        let built = try builtProgram("fitnessd")
        let alone = built.deletingLastPathComponent().appending(path: "alone-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: alone, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: alone) }
        let program = alone.appending(path: "fitnessd").path
        try FileManager.default.linkItem(atPath: built.path, toPath: program)
        try await DemoFolder.with { folder in
            for command in ["run", "check"] {
                let ended = try await DaemonProcess.run(program, [command, "--demo"], environment: folder.environment)
                #expect(ended.code == 1 && ended.output.contains("the demo needs the program strava-simulator"), "\(ended.output)")
            }
        }
    }

    private func summary(_ environment: [String: String]) async throws -> DaemonProcess {
        let process = try DaemonProcess("fitnessd", ["run"], environment: environment)
        try await eventually("the summary from silver is printed", within: .seconds(120)) { process.output.contains("Look further:") }
        return process
    }

    /// When each activity's streams were fetched.
    private func streams(_ output: String) async throws -> [Int64: Date] {
        let line = try #require(output.split(separator: "\n").last { $0.contains("psql \"") })
        let url = String(line.split(separator: "\"")[1])
        let database = Database(url: url, logger: quietLogger)
        let rows = try await database.query("SELECT object_id, fetched_at FROM bronze_strava.answer WHERE endpoint = 3")
        let times = Dictionary(try rows.map { try $0.decode(Int64.self, Date.self) }) { first, _ in first }
        await database.close()
        return times
    }
}

extension DaemonProcess {
    /// The process number of the demo's Strava, which one of the daemon's threads has started.
    fileprivate func simulator() throws -> pid_t? {
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
        let children = threads.flatMap { thread in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { pid_t($0) }
        }
        return children.first { child in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child)/exe"))?.hasSuffix("/strava-simulator") ?? false
        }
    }
}
