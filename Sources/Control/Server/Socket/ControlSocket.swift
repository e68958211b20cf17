import Foundation

/// The listening Unix socket and its file: at most one live one per path. Owns the descriptor until a server takes it, the lock beside the
/// path for as long as the process serves, and the file until `remove()`.
public struct ControlSocket: Sendable {
    public let path: String
    /// Listening, non-blocking, closed on exec.
    let descriptor: Int32
    /// The group whose members may ask.
    var groupID: UInt32
    /// Handed over by the service manager: the file is not ours to remove.
    let isActivated: Bool
    private let lock: Int32
    private let file: FileIdentity?

    /// Opens the socket at `path`, or takes the one that the service manager hands over (sd_listen_fds(3)). Throws `ControlServerError`,
    /// `.alreadyServed` when another process serves it. A socket file that nobody serves is replaced.
    public static func open(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ControlSocket {
        if let activated = try ActivatedSocket.find(environment: environment) {
            return ControlSocket(
                path: activated.path, descriptor: activated.descriptor, groupID: FileIdentity.of(activated.path)?.groupID ?? getegid(),
                isActivated: true, lock: -1, file: nil)
        }
        try UnixSocketCalls.checkLength(path)
        try createFolder(of: path)
        let lock = try takeLock(path)
        do {
            try replaceStaleFile(path)
            let descriptor = try UnixSocketCalls.listen(path)
            let file = FileIdentity.of(path)
            return ControlSocket(
                path: path, descriptor: descriptor, groupID: file?.groupID ?? getegid(), isActivated: false, lock: lock, file: file)
        } catch {
            close(lock)
            throw error
        }
    }

    /// The socket made again, when its file is gone or is another's stale one (a cleaner of temporary folders, a person): the file, and the
    /// lock when that was removed as well. Nil while the file is in place.
    ///
    /// - Throws: `ControlServerError`, `.alreadyServed` when another process has taken the path meanwhile.
    func renewed() throws -> ControlSocket? {
        guard !isActivated, FileIdentity.of(path) != file else { return nil }
        try Self.createFolder(of: path)
        let isLockInPlace = FileIdentity.of(descriptor: lock) == FileIdentity.of(Self.lockName(path))
        let renewedLock = isLockInPlace ? lock : try Self.takeLock(path)
        do {
            try Self.replaceStaleFile(path)
            let descriptor = try UnixSocketCalls.listen(path)
            if !isLockInPlace { close(lock) }
            return ControlSocket(
                path: path, descriptor: descriptor, groupID: groupID, isActivated: false, lock: renewedLock, file: FileIdentity.of(path))
        } catch {
            if !isLockInPlace { close(renewedLock) }
            throw error
        }
    }

    /// Whether a daemon answers at `path`.
    public static func isServed(_ path: String) -> Bool {
        (try? UnixSocketCalls.checkLength(path)) != nil && UnixSocketCalls.probe(path) == 0
    }

    /// Removes the file, if it is still the one made here, and lets another daemon have the path. Call once, after serving.
    public func remove() {
        guard !isActivated else { return }
        if let file, FileIdentity.of(path) == file { unlink(path) }
        // By name: a child process that is just being made may hold a copy of the descriptor.
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func createFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw ControlServerError(.notPossible, "can't create the folder \(folder) for the control socket; create it or choose another")
        }
    }

    /// The lock closes the gap between "nobody answers" and "bind", in which two daemons could remove each other's file.
    private static func takeLock(_ path: String) throws -> Int32 {
        let lock = Glibc.open(lockName(path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw ControlServerError.system("lock", path, errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw alreadyServed(path)
        }
        return lock
    }

    private static func lockName(_ path: String) -> String { path + ".lock" }

    private static func replaceStaleFile(_ path: String) throws {
        guard let file = FileIdentity.of(path) else { return }
        guard file.isSocket else {
            throw ControlServerError(.notASocket, "\(path) exists and is not a socket; remove it or choose another control socket")
        }
        switch UnixSocketCalls.probe(path) {
        case 0: throw alreadyServed(path)
        case ECONNREFUSED: unlink(path)
        case ENOENT: break
        // A full backlog or a foreign owner: somebody is there.
        case EAGAIN, EACCES, EPERM: throw alreadyServed(path)
        case let code: throw ControlServerError.system("try", path, code)
        }
    }

    private static func alreadyServed(_ path: String) -> ControlServerError {
        ControlServerError(.alreadyServed, "another fitnessd is already serving \(path); stop it or choose another control socket")
    }
}
