import Foundation

/// Who this daemon is, across restarts: a number kept in the state directory, and a lock on it for as long as the process lives.
///
/// Leases in Postgres carry it. After a crash the next start on the same state directory finds its predecessor's leases and frees them at
/// once, which is safe because the lock proves that the predecessor is dead; others' leases run out by themselves.
final class InstanceIdentity: Sendable {
    let id: UUID
    private let descriptor: Int32

    init(stateDirectory: URL) throws {
        let directory = StateDirectory(stateDirectory)
        try directory.make()
        let descriptor = try directory.open("instance")
        // The kernel gives the lock back when the process ends, however it ends.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Self.inUse(directory.path)
        }
        guard let id = Self.read(descriptor) ?? Self.write(UUID(), to: descriptor) else {
            close(descriptor)
            throw directory.notWritable()
        }
        self.id = id
        self.descriptor = descriptor
    }

    /// Fails when a daemon runs on this state directory. Nothing is changed.
    static func checkFree(_ stateDirectory: URL) throws {
        let directory = StateDirectory(stateDirectory)
        let descriptor = Glibc.open(directory.path + "/instance", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { throw inUse(directory.path) }
        flock(descriptor, LOCK_UN)
    }

    private static func inUse(_ path: String) -> ConfigurationError {
        ConfigurationError("another fitnessd is running on \(path): stop it, or give this one a FITNESSD_STATE_DIR of its own")
    }

    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func read(_ descriptor: Int32) -> UUID? {
        var bytes = [UInt8](repeating: 0, count: 36)
        guard pread(descriptor, &bytes, 36, 0) == 36 else { return nil }
        return UUID(uuidString: String(decoding: bytes, as: UTF8.self))
    }

    private static func write(_ id: UUID, to descriptor: Int32) -> UUID? {
        let bytes = Array(id.uuidString.utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, fsync(descriptor) == 0 else {
            return nil
        }
        return id
    }
}
