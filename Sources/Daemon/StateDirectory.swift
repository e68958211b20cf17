import Core
import Foundation

/// The folder for what a daemon keeps outside the database: its identity, and by default its keyring and a private cluster.
struct StateDirectory: Sendable {
    /// Files and folders used there by name. A symbolic link in place of one could divert a write, or a key, to another file.
    private static let names = ["instance", "vault.keyring", "erasures.jsonl", "demo-epoch", "demo", dashboardPasswordName]
    /// The password file of dashboards.
    static let dashboardPasswordName = "dashboard.pgpass"

    let path: String

    init(_ url: URL) {
        let path = url.path
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The receipts of erasures.
    var receiptsPath: String { path + "/erasures.jsonl" }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Changes nothing.
    ///
    /// - Throws: `ConfigurationError` when the folder can't be used or created.
    func check() throws {
        let folder = nearestFolder
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ConfigurationError("\(folder) is not a folder: set FITNESSD_STATE_DIR to a folder that fitnessd may write")
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw notWritable(errno) }
        for name in Self.names { try refuseLink(name) }
    }

    /// Creates the folder if it is missing, for this account only.
    func make() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw notWritable() }
        for name in Self.names { try refuseLink(name) }
    }

    /// Opens a file there, creating it if it is missing. Follows no link.
    func open(_ name: String) throws -> Int32 {
        let file = path + "/" + name
        let descriptor = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw errno == ELOOP ? isLink(file) : notWritable(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            close(descriptor)
            throw ConfigurationError("\(file) is not a file of fitnessd's own: remove it, or set another FITNESSD_STATE_DIR")
        }
        return descriptor
    }

    /// Makes the text all that an open file holds, and waits until it is on the disk. A lock on the file is kept. A crash may leave a part of the
    /// text: whoever reads the file takes none that is not whole.
    func rewrite(_ descriptor: Int32, _ text: String) throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw notWritable(errno) }
        do {
            try DurableFile.write(Array(text.utf8), to: descriptor)
            try DurableFile.sync(descriptor)
        } catch { throw notWritable(error.number) }
    }

    func notWritable(_ code: Int32? = nil) -> ConfigurationError {
        let reason = code.map { " (\(String(cString: strerror($0))))" } ?? ""
        return ConfigurationError("the state directory \(path) is not writable\(reason): check FITNESSD_STATE_DIR and who may write there")
    }

    private func refuseLink(_ name: String) throws {
        let file = path + "/" + name
        var status = stat()
        if lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { throw isLink(file) }
    }

    private func isLink(_ file: String) -> ConfigurationError {
        let keyring = file.hasSuffix("/vault.keyring") ? ", or set FITNESSD_VAULT_KEY to the keyring itself" : ""
        return ConfigurationError(
            "\(file) is a symbolic link, which fitnessd does not follow: remove it\(keyring)")
    }

    /// The folder itself, or the nearest one above it that exists.
    private var nearestFolder: String {
        var folder = URL(filePath: path)
        while folder.path != "/", !Self.isThere(folder.path) { folder = folder.deletingLastPathComponent() }
        return folder.path
    }

    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}

/// The identity of this installation across restarts: a UUID in the state directory, locked for as long as the process lives.
///
/// Leases carry it. After a crash the next start on the same state directory releases its predecessor's leases at once, which is safe because
/// the lock proves that the predecessor is dead. Leases of other installations expire by themselves.
final class InstanceIdentity: Sendable {
    let id: UUID
    private let lock: FileLock

    init(stateDirectory: URL) throws {
        let directory = StateDirectory(stateDirectory)
        try directory.make()
        let descriptor = try directory.open("instance")
        do { lock = try FileLock(descriptor: descriptor) } catch { throw Self.inUse(directory.path) }
        let kept = Self.read(descriptor)
        id = kept ?? UUID()
        // If this fails, `deinit` releases the lock.
        if kept == nil { try directory.rewrite(descriptor, id.uuidString) }
    }

    /// Changes nothing.
    ///
    /// - Throws: `ConfigurationError` when a daemon runs on this state directory.
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

    deinit { lock.release() }

    private static func read(_ descriptor: Int32) -> UUID? {
        var bytes = [UInt8](repeating: 0, count: 36)
        guard pread(descriptor, &bytes, 36, 0) == 36 else { return nil }
        return UUID(uuidString: String(decoding: bytes, as: UTF8.self))
    }
}
