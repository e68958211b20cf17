import Database
import Foundation
import TestKit
import Testing

@testable import EmbeddedPostgres

@Suite struct EmbeddedPostgresTests {
    /// Runs a cluster under `state` for the time of `body`.
    private func withServer<Answer>(
        in state: URL, _ body: (EmbeddedPostgres, Database) async throws -> Answer
    ) async throws -> Answer {
        let server = EmbeddedPostgres(stateDirectory: state, purpose: .throwaway, logger: quietLogger)
        let url = try await server.start()
        let database = Database(url: url, connectionsMax: 2, logger: quietLogger)
        let result: Result<Answer, any Error>
        do { result = .success(try await body(server, database)) } catch { result = .failure(error) }
        await database.close()
        await server.stop()
        return try result.get()
    }

    private func expectOneRow(_ sql: SQL, in database: Database) async throws {
        let rows = try await database.query(sql)
        #expect(rows.count == 1)
    }

    @Test func `data written before a stop is present after the next start`() async throws {
        try await withTemporaryFolder { folder in
            try await withServer(in: folder) { _, database in
                _ = try await database.query("CREATE TABLE kept AS SELECT 7::bigint AS n")
            }
            let numbers = try await withServer(in: folder) { _, database in
                try await database.query("SELECT n FROM kept").map { try $0.decode(Int64.self) }
            }
            #expect(numbers == [7])
        }
    }

    @Test func `the database is in UTF-8, with page checksums, not on TCP unless asked and never run by root`() async throws {
        try await withTemporaryFolder { folder in
            try await withServer(in: folder) { server, database in
                let row = try #require(
                    try await database.query(
                        """
                        SELECT pg_encoding_to_char(encoding), current_setting('data_checksums'), current_setting('listen_addresses'),
                               current_setting('unix_socket_permissions'), upper('straße ä'), current_setting('TimeZone')
                        FROM pg_database WHERE datname = current_database()
                        """
                    ).first)
                let answer = try row.decode(String.self, String.self, String.self, String.self, String.self, String.self)
                #expect(answer == ("UTF8", "on", "", "0700", "STRASSE Ä", "UTC") || answer == ("UTF8", "on", "", "0700", "STRAßE Ä", "UTC"))
                let pid = try #require(await server.serverPID)
                var status = stat()
                try #require(stat("/proc/\(pid)", &status) == 0)
                #expect(status.st_uid != 0)
                let socket = try #require(await server.socketDirectory)
                try #require(stat(socket, &status) == 0)
                #expect(status.st_mode & 0o777 == 0o700)
            }
        }
    }

    @Test func `a second daemon on the same state directory is refused while the first continues`() async throws {
        try await withTemporaryFolder { folder in
            try await withServer(in: folder) { _, database in
                let second = EmbeddedPostgres(stateDirectory: folder, purpose: .throwaway, logger: quietLogger)
                let error = await #expect(throws: DatabaseError.self) { _ = try await second.start() }
                #expect(error?.message.contains("another fitnessd (process \(getpid())) uses") == true)
                try await expectOneRow("SELECT 1", in: database)
            }
        }
    }

    @Test func `a server left running by a killed daemon is stopped and its data kept`() async throws {
        try await withTemporaryFolder { folder in
            let layout = try await withServer(in: folder) { _, database in
                try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
                return try ClusterFolders(state: folder.path).prepare()
            }
            // The leftover: the same server, started without taking the lock.
            let orphan = ServerLauncher(
                layout: layout.0, account: layout.1, installation: try await .find(), purpose: .throwaway, logger: quietLogger)
            let process = try await orphan.launch()
            try await withServer(in: folder) { server, database in
                #expect(process.hasExited)
                #expect(await server.serverPID != process.pid)
                try await expectOneRow("SELECT n FROM kept", in: database)
            }
        }
    }

    @Test func `a server killed with its postmaster.pid left behind starts again, whatever process has its number now`() async throws {
        try await withTemporaryFolder { folder in
            let pidFile = try await withServer(in: folder) { server, database in
                try await database.query("CREATE TABLE kept AS SELECT 1 AS n")
                try await database.query("CHECKPOINT")
                let cluster = try #require(await server.clusterDirectory)
                let pid = try #require(await server.serverPID)
                kill(pid, SIGKILL)
                return "\(cluster)/data/postmaster.pid"
            }
            // Our own process id: a running process that is no server of this cluster.
            let text = try String(contentsOfFile: pidFile, encoding: .utf8)
            let changed = ([String(getpid())] + text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init))
            try changed.joined(separator: "\n").write(toFile: pidFile, atomically: false, encoding: .utf8)
            try await withServer(in: folder) { _, database in
                try await expectOneRow("SELECT n FROM kept", in: database)
            }
        }
    }

    @Test func `a lasting server that dies is restarted`() async throws {
        try await withTemporaryFolder { folder in
            let server = EmbeddedPostgres(stateDirectory: folder, purpose: .lasting, logger: quietLogger)
            let url = try await server.start()
            let first = try #require(await server.serverPID)
            kill(first, SIGKILL)
            try await eventually("another server runs") {
                guard let pid = await server.serverPID, pid != first else { return false }
                return true
            }
            let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
            try await expectOneRow("SELECT 1", in: database)
            await database.close()
            await server.stop()
            #expect(await server.serverPID == nil)
        }
    }

    @Test func `a cluster that was being made when the daemon died is made again`() async throws {
        try await withTemporaryFolder { folder in
            let (layout, account) = try ClusterFolders(state: folder.path).prepare()
            try ClusterFiles.makeDirectory(layout.unfinishedData, mode: 0o700, owner: (account.userID, account.groupID))
            try Data("15\n".utf8).write(to: URL(filePath: layout.unfinishedData).appending(path: "PG_VERSION"))
            try await withServer(in: folder) { _, database in
                try await expectOneRow("SELECT 1", in: database)
            }
            #expect(!FileManager.default.fileExists(atPath: layout.unfinishedData))
        }
    }

    @Test func `a state directory that is too long for a socket or holds a comma works`() async throws {
        try await withTemporaryFolder { folder in
            let state = folder.appending(path: String(repeating: "long name, with spaces and % ", count: 5) + "end")
            try await withServer(in: state) { server, database in
                let socket = try #require(await server.socketDirectory)
                #expect("\(socket)/.s.PGSQL.5432".utf8.count <= ClusterLayout.socketPathBytesMax)
                try await expectOneRow("SELECT 1", in: database)
                try FileManager.default.removeItem(atPath: socket)
            }
        }
    }

    @Test func `a missing server is a sentence that says what to install`() async throws {
        let error = await #expect(throws: DatabaseError.self) {
            try await ServerInstallation.find(patterns: ["/nowhere/*/bin"], path: "/nowhere")
        }
        #expect(error?.message.contains("install postgresql-15, or set FITNESSD_DATABASE_URL") == true)
    }

    @Test func `the log keeps to two files of one megabyte`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fitnessd-log-\(UInt32.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = ServerLog(path: folder.appending(path: "server.log").path)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99_999) + [UInt8(ascii: "\n")]
        for _ in 0..<50 { line.withUnsafeBytes { log.append($0) } }
        Array("the end\n".utf8).withUnsafeBytes { log.append($0) }
        let sizes = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.fileSizeKey]).map {
            try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        }
        #expect(sizes.count == 2)
        #expect(sizes.allSatisfy { $0 > 0 && $0 <= 1 << 20 })
        #expect(log.lastLines.hasSuffix("the end"))
    }

    @Test func `a stopped (SIGSTOP) server is continued and shuts down in order`() async throws {
        try await withTemporaryFolder { folder in
            let server = EmbeddedPostgres(stateDirectory: folder, purpose: .throwaway, logger: quietLogger)
            let url = try await server.start()
            let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
            let backend = try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            for pid in [backend, try #require(await server.serverPID)] { kill(pid, SIGSTOP) }
            let start = ContinuousClock.now
            await database.cut()
            await server.stop()
            #expect(start.duration(to: .now) < .seconds(15))
        }
    }
}
