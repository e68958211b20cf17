import Foundation

/// Who this daemon is, across restarts: a number kept in the state directory, and a lock on it for as long as the process lives.
///
/// Leases in Postgres carry it. After a crash the next start on the same state directory finds its predecessor's leases and frees them at
/// once, which is safe because the lock proves that the predecessor is dead; others' leases run out by themselves.
final class InstanceIdentity: Sendable {
    let id: UUID
    private let descriptor: Int32

    init(stateDirectory: URL) throws {
        let path = stateDirectory.appending(path: "instance").path
        let sentence = "the state directory \(stateDirectory.path) is not writable: check FITNESSD_STATE_DIR and who may write there"
        do {
            try FileManager.default.createDirectory(
                at: stateDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw ConfigurationError(sentence) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ConfigurationError(sentence) }
        // The kernel gives the lock back when the process ends, however it ends.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ConfigurationError(
                "another fitnessd is running on \(stateDirectory.path): stop it, or give this one a FITNESSD_STATE_DIR of its own")
        }
        guard let id = Self.read(descriptor) ?? Self.write(UUID(), to: descriptor) else {
            close(descriptor)
            throw ConfigurationError(sentence)
        }
        self.id = id
        self.descriptor = descriptor
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
