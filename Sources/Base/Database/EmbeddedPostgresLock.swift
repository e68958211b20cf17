import Foundation

/// The right to run a server on a cluster: one daemon at a time. The kernel frees it when its holder dies, however it dies.
final class EmbeddedPostgresLock: Sendable {
    private let descriptor: Int32

    /// - Throws: when another process holds it, naming that process.
    init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw EmbeddedPostgresFiles.refused(path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { Int($0) }.map { " (process \($0))" } ?? ""
            close(descriptor)
            throw DatabaseError(
                .embedded,
                "another fitnessd\(holder) uses \(URL(filePath: path).deletingLastPathComponent().path): stop it, "
                    + "or set another FITNESSD_STATE_DIR")
        }
        ftruncate(descriptor, 0)
        let number = Array(String(getpid()).utf8)
        _ = write(descriptor, number, number.count)
    }

    /// Called once, at the end of the server. Unlocked by name: closing alone would leave the lock with a child process that was just
    /// being made and has not yet closed what it inherited.
    func release() {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
