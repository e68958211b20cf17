import Foundation

/// An exclusive lock on a file (flock(2)), held by one process at a time. The kernel releases it when the process ends, however it ends.
public final class FileLock: Sendable {
    /// The locked file's descriptor, open for reading and writing while the lock is held.
    public let descriptor: Int32

    /// Opens `path`, made with mode 0600 when it is missing, and locks it without waiting. A symbolic link is refused.
    ///
    /// - Throws: `FileLockError`.
    public convenience init(path: String) throws(FileLockError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable(errno: errno) }
        try self.init(descriptor: descriptor)
    }

    /// Locks a file that is open, without waiting. Takes over the descriptor, and closes it when the lock is held by another process.
    ///
    /// - Throws: `FileLockError.held`.
    public init(descriptor: Int32) throws(FileLockError) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .held
        }
        self.descriptor = descriptor
    }

    /// Releases the lock and closes the file. Call once.
    ///
    /// Unlocked explicitly: a child process that is just being made may hold a copy of the descriptor, and with it the lock.
    public func release() {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// Why a file could not be locked.
public enum FileLockError: Error, Equatable {
    /// Another process holds the lock.
    case held
    /// The file could not be opened (errno of open(2)).
    case unusable(errno: Int32)
}
