import Core
import Database
import EmbeddedPostgres
import Foundation
import Migrations
import Synchronization

/// The one PostgreSQL of this test process: private, on a socket, in memory or at least not flushed to disk, gone with the process.
///
/// It is started by the first test that asks. Its template database is migrated once; each test gets a clone.
actor TestServer {
    static let shared = TestServer()
    static let folderPrefix = "fitnessd-test-server-"
    private static let memoryRoot = URL(filePath: "/dev/shm")
    /// Free memory that the server's folder gets: some ten databases of 20 MB at a time, and the log.
    private static let memoryBytesMin: UInt64 = 2 << 30
    private static let templateName = "fitness_template"

    private struct Started {
        let url: String
        let control: Database
    }

    private var starting: Task<Started, any Error>?
    private var number = 0

    /// Makes a database of its own for one test.
    /// - Parameter isMigrated: a clone of the template, else empty.
    func makeDatabase(isMigrated: Bool) async throws -> (name: String, url: String) {
        let started = try await started()
        number += 1
        let name = "test_\(number)"
        let template = isMigrated ? Self.templateName : "template0"
        try await started.control.query("CREATE DATABASE \(raw: name) TEMPLATE \(raw: template) STRATEGY file_copy")
        return (name, databaseURL(name, besides: started.url))
    }

    /// Connections that a test left open are ended.
    func dropDatabase(_ name: String) async throws {
        try await started().control.query("DROP DATABASE \(raw: name) WITH (FORCE)")
    }

    private func started() async throws -> Started {
        if let starting { return try await starting.value }
        let task = Task { try await Self.start() }
        starting = task
        return try await task.value
    }

    private static func start() async throws -> Started {
        TestServerCleanup.removeAbandoned()
        let folder = try makeTemporaryFolder(prefix: folderPrefix, in: root)
        let server = EmbeddedPostgres(stateDirectory: folder, purpose: .throwaway, logger: quietLogger)
        do {
            let url = try await server.start()
            TestServerCleanup.atExit(server: server, pid: await server.serverPID, folder: folder)
            try await migrateTemplate(at: url)
            return Started(url: url, control: Database(url: url, connectionsMax: 2, applicationName: "testkit", logger: quietLogger))
        } catch {
            throw TestServerError(description: "tests need a PostgreSQL server of their own: \(error)")
        }
    }

    /// In memory, if there is enough: each clone is a thousand files that soon go, and ext4 searches longer for an inode the more files were
    /// deleted within the last minutes. On a disk that takes two thirds of the processor.
    private static var root: URL {
        var memory = statvfs()
        guard statvfs(memoryRoot.path, &memory) == 0, memory.f_bavail * memory.f_frsize >= memoryBytesMin else { return temporaryRoot }
        return memoryRoot
    }

    /// Folders of servers, also of those that were killed.
    static var folders: [URL] {
        [temporaryRoot, memoryRoot].flatMap { root in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
            return names.filter { $0.hasPrefix(folderPrefix) }.map { root.appending(path: $0) }
        }
    }

    private static func migrateTemplate(at url: String) async throws {
        let control = Database(url: url, connectionsMax: 1, applicationName: "testkit", logger: quietLogger)
        try await control.query("CREATE DATABASE \(raw: templateName) TEMPLATE template0")
        await control.close()
        let template = Database(url: databaseURL(templateName, besides: url), connectionsMax: 1, logger: quietLogger)
        _ = try await Migrator(directory: checkout, database: template, logger: quietLogger).migrate()
        await template.close()
    }
}

private struct TestServerError: Error, CustomStringConvertible {
    let description: String
}

/// Removes the server and its folder when the test process ends; what a killed process left is removed by the next one.
private enum TestServerCleanup {
    private struct Target {
        /// Keeps the actor, and with it the lock that says "in use".
        let server: EmbeddedPostgres
        let pid: pid_t?
        let folder: URL
    }

    private static let target = Mutex<Target?>(nil)
    private static let stopSeconds = 5.0

    static func atExit(server: EmbeddedPostgres, pid: pid_t?, folder: URL) {
        target.withLock { $0 = Target(server: server, pid: pid, folder: folder) }
        atexit { TestServerCleanup.run() }
    }

    /// Runs at exit(3), where nothing can be awaited: immediate shutdown, since nobody needs the data any more.
    private static func run() {
        guard let target = target.withLock({ $0 }) else { return }
        if let pid = target.pid {
            kill(pid, SIGQUIT)
            let deadline = Date().addingTimeInterval(stopSeconds)
            while kill(pid, 0) == 0, Date() < deadline { usleep(5_000) }
        }
        try? FileManager.default.removeItem(at: target.folder)
    }

    /// Folders of test processes that were killed: nobody holds their lock.
    static func removeAbandoned() {
        for folder in TestServer.folders {
            let descriptor = open(folder.appending(path: "postgres/lock").path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0, let lock = try? FileLock(descriptor: descriptor) else { continue }
            try? FileManager.default.removeItem(at: folder)
            lock.release()
        }
    }
}

/// The URL of another database of the same server.
public func databaseURL(_ name: String, besides url: String) -> String {
    String(url[..<(url.lastIndex(of: "/") ?? url.endIndex)]) + "/" + name
}
