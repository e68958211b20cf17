import Foundation

extension ControlSocket {
    /// What is at a control socket's path.
    public enum Presence: Sendable {
        case none
        /// A socket that nobody serves; the next start replaces it.
        case stale
        case served
    }

    /// Whether `open` would succeed at `path`. Changes nothing.
    ///
    /// - Throws: `ControlServerError` where `open` would throw; not when another process serves the socket.
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

    static func presence(_ path: String) throws -> Presence {
        guard let file = FileIdentity.of(path) else { return .none }
        guard file.isSocket else {
            throw ControlServerError(.notASocket, "\(path) exists and is not a socket; remove it or choose another control socket")
        }
        switch UnixSocketCalls.probe(path) {
        // A full backlog or a foreign owner: somebody is there.
        case 0, EAGAIN, EACCES, EPERM: return .served
        case ECONNREFUSED: return .stale
        case ENOENT: return .none
        case let code: throw ControlServerError.system("try", path, code)
        }
    }

    private static func checkFolder(of path: String) throws {
        var folder = URL(filePath: path).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path) { folder = folder.deletingLastPathComponent() }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ControlServerError(
                .notPossible, "\(folder.path) is not a folder, so the control socket \(path) can't be made there; choose another")
        }
        guard access(folder.path, W_OK | X_OK) == 0 else { throw ControlServerError.system("make", path, errno) }
    }
}
