import Database
import EmbeddedPostgres
import Foundation
import Synchronization

/// Leaves nothing behind: the server and its folder go with the test process; what a killed process left goes with the next one.
enum TestServerCleanup {
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
        let names = (try? FileManager.default.contentsOfDirectory(atPath: temporaryRoot.path)) ?? []
        for name in names where name.hasPrefix(TestServer.folderPrefix) {
            let folder = temporaryRoot.appending(path: name)
            let lock = open(folder.appending(path: "postgres/lock").path, O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(at: folder) }
            close(lock)
        }
    }
}
