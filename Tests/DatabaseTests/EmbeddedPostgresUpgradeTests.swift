import Database
import Foundation
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
            try write("postgres", "if [ \"$1\" = --version ]; then echo '\(version)'; else exec \(real.program("postgres")) \"$@\"; fi")
        }

        func write(_ name: String, _ script: String) throws {
            try ClusterFiles.write("#!/bin/sh\n\(script)\n", to: folder.appending(path: name).path, mode: 0o755)
        }

        func server(in folder: URL, checkInterval: Duration) -> EmbeddedPostgres {
            EmbeddedPostgres(
                stateDirectory: folder.appending(path: "state"), purpose: .lasting,
                programs: .init(patterns: [self.folder.path], checkInterval: checkInterval, settleInterval: .milliseconds(50)),
                logger: quietLogger)
        }
    }

    private func withServer(
        checkInterval: Duration, _ body: (StandIn, EmbeddedPostgres, Database, Int32) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let programs = try await StandIn(in: folder)
            let server = programs.server(in: folder, checkInterval: checkInterval)
            let database = Database(url: try await server.start(), connectionsMax: 1, logger: quietLogger)
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
