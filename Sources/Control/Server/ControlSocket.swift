import Core
import Foundation

/// The listening Unix socket and its file: at most one is served per path. Owns the descriptor until a server takes it, the lock file beside
/// the path as long as the process serves, and the socket's file until `remove()`.
public struct ControlSocket: Sendable {
    public let path: String
    /// Listening, non-blocking, closed on exec.
    let descriptor: Int32
    /// The group whose members may connect.
    var groupID: UInt32
    /// Nil if the socket was passed in by the service manager, which owns the file.
    private let lock: FileLock?
    private let file: FileIdentity?

    /// Opens the socket at `path`, or takes the one that the service manager passes in (sd_listen_fds(3)). A socket file that nobody serves is
    /// replaced.
    ///
    /// - Throws: `ControlServerError`, `.alreadyServed` when another process serves the socket.
    public static func open(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ControlSocket {
        if let activated = try ActivatedSocket.find(environment: environment) {
            return ControlSocket(
                path: activated.path, descriptor: activated.descriptor, groupID: FileIdentity.of(activated.path)?.groupID ?? getegid(),
                lock: nil, file: nil)
        }
        try UnixSocketCalls.checkLength(path)
        try createFolder(of: path)
        let lock = try takeLock(path)
        do {
            try replaceStaleFile(path)
            let descriptor = try UnixSocketCalls.listen(path)
            let file = FileIdentity.of(path)
            return ControlSocket(
                path: path, descriptor: descriptor, groupID: file?.groupID ?? getegid(), lock: lock, file: file)
        } catch {
            lock.release()
            throw error
        }
    }

    /// Creates the socket again if its file was removed or replaced by a stale one, by a cleaner of temporary folders or a person; the lock too,
    /// if it was removed. Nil while the file is in place.
    ///
    /// - Throws: `ControlServerError`, `.alreadyServed` when another process has taken the path in the meantime.
    func renewed() throws -> ControlSocket? {
        guard let lock, FileIdentity.of(path) != file else { return nil }
        try Self.createFolder(of: path)
        let isLockInPlace = FileIdentity.of(descriptor: lock.descriptor) == FileIdentity.of(Self.lockName(path))
        let renewedLock = isLockInPlace ? lock : try Self.takeLock(path)
        do {
            try Self.replaceStaleFile(path)
            let descriptor = try UnixSocketCalls.listen(path)
            if !isLockInPlace { lock.release() }
            return ControlSocket(
                path: path, descriptor: descriptor, groupID: groupID, lock: renewedLock, file: FileIdentity.of(path))
        } catch {
            if !isLockInPlace { renewedLock.release() }
            throw error
        }
    }

    /// Whether a daemon serves the socket at `path`.
    public static func isServed(_ path: String) -> Bool {
        (try? UnixSocketCalls.checkLength(path)) != nil && UnixSocketCalls.probe(path) == 0
    }

    /// Removes the file, if it is still the one created here, and unlocks the path for another daemon. Call once, after serving.
    public func remove() {
        guard let lock else { return }
        if let file, FileIdentity.of(path) == file { unlink(path) }
        lock.release()
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

    /// Prevents two daemons from removing each other's file between the probe and bind.
    private static func takeLock(_ path: String) throws -> FileLock {
        do {
            return try FileLock(path: lockName(path))
        } catch .held {
            throw alreadyServed(path)
        } catch .unusable(let code) {
            throw ControlServerError.system("lock", path, code)
        }
    }

    private static func lockName(_ path: String) -> String { path + ".lock" }

    private static func replaceStaleFile(_ path: String) throws {
        switch try presence(path) {
        case .none: return
        case .stale: unlink(path)
        case .served: throw alreadyServed(path)
        }
    }

    private static func alreadyServed(_ path: String) -> ControlServerError {
        ControlServerError(.alreadyServed, "another fitnessd is already serving \(path); stop it or choose another control socket")
    }

    // MARK: Inspection

    /// The state of a control socket's path.
    public enum Presence: Sendable {
        case none
        /// A socket that nobody serves; the next start replaces it.
        case stale
        case served
    }

    /// Checks whether `open` would succeed at `path`, without changing anything.
    ///
    /// - Throws: `ControlServerError` like `open`, except when another process serves the socket.
    public static func inspect(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Presence {
        if try ActivatedSocket.find(environment: environment) != nil { return .none }
        try UnixSocketCalls.checkLength(path)
        let presence = try presence(path)
        if case .served = presence { return presence }
        try checkFolder(of: path)
        return presence
    }

    private static func presence(_ path: String) throws -> Presence {
        guard let file = FileIdentity.of(path) else { return .none }
        guard file.isSocket else {
            throw ControlServerError(.notASocket, "\(path) exists and is not a socket; remove it or choose another control socket")
        }
        switch UnixSocketCalls.probe(path) {
        // A full backlog or another owner: the socket is served.
        case 0, EAGAIN, EACCES, EPERM: return .served
        case ECONNREFUSED: return .stale
        case ENOENT: return .none
        case let code: throw ControlServerError.system("probe", path, code)
        }
    }

    private static func checkFolder(of path: String) throws {
        var folder = URL(filePath: path).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path) { folder = folder.deletingLastPathComponent() }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ControlServerError(
                .notPossible, "\(folder.path) is not a folder, so the control socket \(path) can't be created there; choose another")
        }
        guard access(folder.path, W_OK | X_OK) == 0 else { throw ControlServerError.system("create", path, errno) }
    }
}

/// Why the control socket can't be opened. The description is one sentence that says what to do.
public struct ControlServerError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        case pathTooLong = "path_too_long"
        case alreadyServed = "already_served"
        case notASocket = "not_a_socket"
        case notPossible = "not_possible"
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public var retryAdvice: RetryAdvice { .never }

    /// A system call failed with the error number `code`.
    static func system(_ step: String, _ path: String, _ code: Int32) -> ControlServerError {
        ControlServerError(.notPossible, "can't \(step) the control socket \(path): \(String(cString: strerror(code)))")
    }
}

/// Identifies a file, so that only the file created here is removed.
struct FileIdentity: Sendable, Equatable {
    private let device: UInt64
    private let inode: UInt64
    let groupID: UInt32
    let isSocket: Bool

    /// The file at `path`, without following a symbolic link; nil: none.
    static func of(_ path: String) -> FileIdentity? {
        var status = stat()
        return lstat(path, &status) == 0 ? FileIdentity(status) : nil
    }

    /// The open file `descriptor`, which may have been removed.
    static func of(descriptor: Int32) -> FileIdentity? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileIdentity(status) : nil
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        groupID = status.st_gid
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }
}
