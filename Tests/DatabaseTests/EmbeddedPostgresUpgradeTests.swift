import Core
import Database
import Foundation
import Synchronization
import TestKit
import Testing

@testable import EmbeddedPostgres

/// A private cluster whose server's programs change: scripts in a folder of the test wrap the real ones.
@Suite struct EmbeddedPostgresUpgradeTests {
    private struct StandIn {
        let folder: URL
        let real: ServerInstallation

        init(in folder: URL) async throws {
            self.folder = folder.appending(path: "bin")
            real = try await .find()
            try FileManager.default.createDirectory(
                at: self.folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            try write("initdb", "exec \(real.program("initdb")) \"$@\"")
            try upgrade(to: "1")
        }

        func upgrade(to revision: String) throws {
            let version = "postgres (PostgreSQL) \(real.major).\(revision) (test)"
            let asked = "echo asked >> \(folder.path)/asked; echo '\(version)'"
            try write("postgres", "if [ \"$1\" = --version ]; then \(asked); else exec \(real.program("postgres")) \"$@\"; fi")
        }

        /// How often the server's program was run to learn its version.
        var askedCount: Int {
            (try? String(contentsOf: folder.appending(path: "asked"), encoding: .utf8))?.split(separator: "\n").count ?? 0
        }

        func write(_ name: String, _ script: String) throws {
            try ClusterFiles.write("#!/bin/sh\n\(script)\n", to: folder.appending(path: name).path, mode: 0o755)
        }

        func server(
            in folder: URL, checkInterval: Duration, listener: DashboardListener? = nil, notices: Notices = Notices()
        ) -> EmbeddedPostgres {
            EmbeddedPostgres(
                stateDirectory: folder.appending(path: "state"), purpose: .lasting, listener: listener,
                programs: .init(patterns: [self.folder.path], checkInterval: checkInterval, settleInterval: .milliseconds(50)),
                notices: notices, logger: quietLogger)
        }
    }

    private func withServer(
        checkInterval: Duration, listener: DashboardListener? = nil, notices: Notices = Notices(),
        _ body: (StandIn, EmbeddedPostgres, Database, Int32) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let programs = try await StandIn(in: folder)
            let server = programs.server(in: folder, checkInterval: checkInterval, listener: listener, notices: notices)
            let database = Database(url: try await server.start(), connectionsMax: 2, logger: quietLogger)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(programs, server, database, try #require(await server.serverPID)))
            } catch { result = .failure(error) }
            await database.close()
            await server.stop()
            try result.get()
        }
    }

    private func answersAnew(_ server: EmbeddedPostgres, _ database: Database, before pid: Int32) async throws {
        try await eventually("another server answers", within: .seconds(60)) {
            guard let now = await server.serverPID, now != pid else { return false }
            return (try? await database.query("SELECT n FROM kept").count) == 1
        }
    }

    @Test func `a server whose programs were upgraded is restarted once, with its data`() async throws {
        try await withServer(checkInterval: .milliseconds(50)) { programs, server, database, pid in
            try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
            try programs.upgrade(to: "2")
            try await answersAnew(server, database, before: pid)
            let upgraded = await server.serverPID
            try programs.upgrade(to: "2")
            try await Task.sleep(for: .milliseconds(500))
            #expect(await server.serverPID == upgraded, "the same version again is no upgrade")
        }
    }

    @Test func `dashboards reach an upgraded server as before`() async throws {
        let port = try LoopbackSocket.freePort()
        let listener = try #require(DashboardListener("127.0.0.1:\(port)"))
        try await withServer(checkInterval: .milliseconds(50), listener: listener) { programs, server, database, pid in
            try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
            try programs.upgrade(to: "2")
            try await answersAnew(server, database, before: pid)
            #expect(await server.dashboardObstacle == nil)
            let settings = try await database.query("SELECT current_setting('listen_addresses'), current_setting('port')::integer")[0]
            #expect(try settings.decode(String.self, Int.self) == ("127.0.0.1", Int(port)))
        }
    }

    @Test func `a missing library causes a check of the programs without waiting for the next one`() async throws {
        try await withServer(checkInterval: .seconds(3600)) { programs, server, database, pid in
            try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
            let error = await #expect(throws: DatabaseError.self) { try await database.query("LOAD '/nowhere/library'") }
            #expect(error?.sqlState == "58P01")
            try await Task.sleep(for: .seconds(2))
            #expect(await server.serverPID == pid, "trouble without an upgrade restarts nothing")
            try programs.upgrade(to: "2")
            _ = try? await database.query("LOAD '/nowhere/library'")
            try await answersAnew(server, database, before: pid)
        }
    }

    @Test func `a restart waits for transactions, fails no statement, and is told before, meanwhile and after`() async throws {
        let notices = Notices()
        try await withServer(checkInterval: .milliseconds(50), notices: notices) { programs, server, database, pid in
            try await database.query("CREATE TABLE kept (n bigint)")
            let reasons = Mutex<[String?]>([])
            await server.holdSessions(
                .init(
                    hold: {
                        reasons.withLock { $0.append(notices.unready) }
                        await database.hold(patience: .seconds(60))
                    }, resume: { await database.resume() }))
            #expect(notices.current.isEmpty)
            let work = Task {
                for number in Int64(0)..<40 {
                    try await database.transaction {
                        try await $0.query("INSERT INTO kept VALUES (\(number))")
                        try await $0.query("SELECT pg_sleep(0.05)")
                    }
                }
            }
            try programs.upgrade(to: "2")
            try await eventually("another server runs") { await server.serverPID != pid && notices.unready == nil }
            try await work.value
            #expect(try await database.query("SELECT n FROM kept").count == 40)
            #expect(reasons.withLock { $0 } == ["the database server was upgraded and is being restarted"])
            #expect(notices.current.map(\.code) == [.databaseUpgraded])
            #expect(notices.current[0].text.contains(".1 (test) to ") && notices.current[0].text.contains(".2 (test)"))
        }
    }

    @Test func `programs whose file has not changed are not run`() async throws {
        try await withServer(checkInterval: .milliseconds(20)) { programs, server, database, pid in
            let asked = programs.askedCount
            try await Task.sleep(for: .milliseconds(400))
            #expect(asked > 0 && programs.askedCount == asked)
            try programs.upgrade(to: "1")
            try await eventually("a new file is looked at") { programs.askedCount > asked }
            #expect(await server.serverPID == pid, "the same version is no upgrade")
        }
    }

    @Test func `while programs are missing the process is not ready`() async throws {
        let notices = Notices()
        try await withServer(checkInterval: .milliseconds(50), notices: notices) { programs, server, database, pid in
            try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
            try FileManager.default.removeItem(at: programs.folder.appending(path: "postgres"))
            try await eventually("it is told") { notices.unready == "programs of the database server are missing" }
            try programs.upgrade(to: "1")
            try await eventually("it is over") { notices.current.isEmpty }
            #expect(await server.serverPID == pid)
            try FileManager.default.removeItem(at: programs.folder.appending(path: "postgres"))
            try await eventually("it is told again") { notices.unready != nil }
            try programs.upgrade(to: "2")
            try await answersAnew(server, database, before: pid)
            try await eventually("ready") { notices.unready == nil }
        }
    }

    @Test func `while libraries can't be loaded the process is not ready`() async throws {
        let notices = Notices()
        try await withServer(checkInterval: .seconds(3600), notices: notices) { programs, server, database, pid in
            // A library that is not there, as new sessions see it.
            try await database.query("UPDATE pg_proc SET probin = '$libdir/nothing' WHERE probin = '$libdir/plpgsql'")
            await database.hold(patience: .seconds(10))
            await database.resume()
            await #expect(throws: DatabaseError.self) { try await database.query("DO $$ BEGIN END $$") }
            try await eventually("it is told") { notices.unready == "the database server can't load its libraries" }
            #expect(notices.current.first?.text.contains("install postgresql-\(programs.real.major) again") == true)
            try await database.query("UPDATE pg_proc SET probin = '$libdir/plpgsql' WHERE probin = '$libdir/nothing'")
            try await eventually("it is over") { notices.current.isEmpty }
            #expect(await server.serverPID == pid)
        }
    }

    @Test(arguments: ["14", "99"])
    func `a cluster of another major version is refused with the steps that move its data`(version: String) async throws {
        try await withTemporaryFolder { folder in
            let programs = try await StandIn(in: folder)
            try await programs.server(in: folder, checkInterval: .seconds(60)).startAndStop()
            let data = folder.appending(path: "state/postgres/data")
            try Data("\(version)\n".utf8).write(to: data.appending(path: "PG_VERSION"))
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await programs.server(in: folder, checkInterval: .seconds(60)).start()
            }
            let text = try #require(error?.message)
            #expect(
                text.contains("was made by PostgreSQL \(version), whose server is not installed, and PostgreSQL \(programs.real.major)"))
            for step in [
                "  apt-get install postgresql-\(version)\n", "  fitnessctl backup /var/backups/fitnessd-\(version).dump\n",
                "  mv \(data.path) \(data.path)-\(version)\n", "  fitnessd restore /var/backups/fitnessd-\(version).dump\n",
            ] { #expect(text.contains(step), "\(text)") }
            #expect(FileManager.default.fileExists(atPath: data.path))
            // Nothing was locked or changed: with its own version it starts again.
            try Data("\(programs.real.major)\n".utf8).write(to: data.appending(path: "PG_VERSION"))
            try await programs.server(in: folder, checkInterval: .seconds(60)).startAndStop()
        }
    }

    @Test(arguments: ["", "fifteen"]) func `a cluster without a readable version is refused`(version: String) async throws {
        try await withTemporaryFolder { folder in
            let programs = try await StandIn(in: folder)
            try await programs.server(in: folder, checkInterval: .seconds(60)).startAndStop()
            let data = folder.appending(path: "state/postgres/data").path
            try Data(version.utf8).write(to: URL(filePath: data + "/PG_VERSION"))
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await programs.server(in: folder, checkInterval: .seconds(60)).start()
            }
            #expect(error?.message.contains("so \(data) is no complete cluster") == true, "\(String(describing: error))")
        }
    }

    @Test func `a disk that is full while the cluster is made is named in the error`() async throws {
        try await withTemporaryFolder { folder in
            let programs = try await StandIn(in: folder)
            try programs.write(
                "initdb",
                """
                echo 'creating configuration files ... ok'
                echo 'running bootstrap script ... 2026-01-01 UTC [1] FATAL:  could not extend file "base/1/1255": No space left on device'
                echo '2026-01-01 UTC [1] HINT:  Check free disk space.'
                echo 'child process exited with exit code 1'
                echo 'initdb: removing contents of data directory "data"'
                echo 'initdb: removing nothing else'
                exit 1
                """)
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await programs.server(in: folder, checkInterval: .seconds(60)).start()
            }
            #expect(error?.message.contains("No space left on device") == true, "\(String(describing: error))")
        }
    }
}

extension EmbeddedPostgres {
    fileprivate func startAndStop() async throws {
        _ = try await start()
        await stop()
    }
}
