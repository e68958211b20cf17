import Core
import Foundation

/// System calls for a listening Unix socket.
enum UnixSocketCalls {
    /// Connections waiting to be accepted; the kernel refuses more.
    static let backlogMax: Int32 = 64

    /// sun_path holds 108 bytes including the terminating zero (unix(7)).
    static func checkLength(_ path: String) throws {
        guard path.utf8.count > 107 || path.isEmpty else { return }
        throw ControlServerError(
            .pathTooLong, "the control socket's path has \(path.utf8.count) bytes; it must have 1 to 107: \(path)")
    }

    /// Binds and listens at `path`. The file is created with mode 0600 and has 0660 before any connection can be accepted.
    static func listen(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, stream, 0)
        guard descriptor >= 0 else { throw ControlServerError.system("create", path, errno) }
        // Linux makes the file with the mode of the socket. The umask would be the whole process's, and so of what it makes meanwhile.
        let bound = fchmod(descriptor, 0o600) == 0 ? withAddress(path) { bind(descriptor, $0, $1) } : -1
        guard bound == 0 else {
            let code = errno
            close(descriptor)
            throw ControlServerError.system("bind", path, code)
        }
        guard chmod(path, 0o660) == 0, Glibc.listen(descriptor, backlogMax) == 0 else {
            let code = errno
            close(descriptor)
            unlink(path)
            throw ControlServerError.system("listen on", path, code)
        }
        return descriptor
    }

    /// Tries to connect; returns 0 if the socket is served, else the error number.
    static func probe(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, stream, 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return withAddress(path) { connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    private static let stream =
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    /// The result of a call that returns -1 when it fails.
    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        UnixSocketAddress(path)?.withPointer(body) ?? -1
    }
}

/// A listening socket opened by the service manager: `LISTEN_PID` is this process, and `LISTEN_FDS` sockets begin at descriptor 3
/// (sd_listen_fds(3)).
struct ActivatedSocket {
    let descriptor: Int32
    let path: String

    /// Nil when no socket was passed in. Throws unless it is exactly one listening Unix socket.
    static func find(environment: [String: String], descriptor: Int32 = 3) throws -> ActivatedSocket? {
        guard environment["LISTEN_PID"] == String(getpid()), let count = environment["LISTEN_FDS"].flatMap(Int.init), count > 0
        else { return nil }
        guard count == 1, let path = listeningPath(descriptor) else {
            throw ControlServerError(
                .notASocket,
                "the service manager must pass in exactly one listening Unix socket; check ListenStream= in fitnessd.socket")
        }
        // The service manager passes it in blocking and inherited on exec.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return ActivatedSocket(descriptor: descriptor, path: path)
    }

    private static func listeningPath(_ descriptor: Int32) -> String? {
        var listening: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0, listening == 1 else { return nil }
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard named == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        return withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
