import Foundation

/// The folder that holds what a daemon keeps beside the database: who it is, its keyring, a private cluster.
struct StateDirectory: Sendable {
    /// What is written or read there by name. A link in its place would lead a write, or a key, to another file.
    private static let names = ["instance", "vault.keyring", "demo-epoch", "demo"]

    let path: String

    init(_ url: URL) {
        let path = url.path
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// - Throws: `ConfigurationError` when it can't be used, or made. Nothing is changed.
    func check() throws {
        let folder = nearestFolder
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ConfigurationError("\(folder) is not a folder: set FITNESSD_STATE_DIR to a folder that fitnessd may write")
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw notWritable(errno) }
        for name in Self.names { try refuseLink(name) }
    }

    /// Makes the folder if need be, for this account only.
    func make() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw notWritable() }
        for name in Self.names { try refuseLink(name) }
    }

    /// Opens a file there, made when missing, and never follows a link.
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

    /// The folder itself, or the one in which it would be made.
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
