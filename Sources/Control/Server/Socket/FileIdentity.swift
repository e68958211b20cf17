import Foundation

/// Which file a path names now, so that only the file made here is removed.
struct FileIdentity: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    let groupID: UInt32
    let isSocket: Bool

    /// Nil when there is no such file. Symbolic links are not followed.
    static func of(_ path: String) -> FileIdentity? {
        var status = stat()
        return lstat(path, &status) == 0 ? FileIdentity(status) : nil
    }

    /// The file that is open as `descriptor`, which may have no name any more.
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
