import Foundation

/// The group whose members may use a control socket.
enum SocketGroup {
    /// That of the socket, or of the folder that hides it. Nil where the group is root's, or has no name: then only root may.
    static func name(of path: String) -> String? {
        var status = stat()
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard lstat(path, &status) == 0 || stat(folder, &status) == 0, status.st_gid != 0, status.st_mode & 0o070 != 0 else { return nil }
        guard let entry = getgrgid(status.st_gid), let name = entry.pointee.gr_name else { return nil }
        return String(cString: name)
    }
}
