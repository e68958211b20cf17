import Foundation

/// The few file calls that the private PostgreSQL needs, with errors as sentences.
enum EmbeddedPostgresFiles {
    static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    static func linkStatus(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// Makes `path` a folder of `owner` with exactly this mode. A folder of somebody else, or a link, is refused:
    /// in a shared place like /tmp it may be a trap.
    static func makeDirectory(_ path: String, mode: mode_t, owner: (uid: uid_t, gid: gid_t)) throws {
        if mkdir(path, mode) == 0 {
            // Only as root: a sandboxed service may not even ask (systemd's @privileged).
            guard owner.uid == geteuid() || chown(path, owner.uid, owner.gid) == 0 else { throw refused(path, errno) }
        } else if errno != EEXIST {
            throw refused(path, errno)
        }
        guard let status = linkStatus(path), status.st_mode & S_IFMT == S_IFDIR, status.st_uid == owner.uid else {
            throw DatabaseError(.embedded, "\(path) exists and is not a folder of ours: remove or rename it")
        }
        guard chmod(path, mode) == 0 else { throw refused(path, errno) }
    }

    /// Writes a file whole: beside its place, then renamed into it.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw refused(temporary, errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0,
            rename(temporary, path) == 0
        else { throw refused(path, errno) }
    }

    static func refused(_ path: String, _ code: Int32) -> DatabaseError {
        DatabaseError(.embedded, "can't use \(path): \(String(cString: strerror(code)))")
    }
}
