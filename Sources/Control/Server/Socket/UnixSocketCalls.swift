import Foundation

/// The system calls around a listening Unix socket.
enum UnixSocketCalls {
    /// Connections that wait to be accepted; more are turned away by the kernel.
    static let backlogMax: Int32 = 64

    /// sun_path holds 108 bytes with the closing zero (unix(7)).
    static func checkLength(_ path: String) throws {
        guard path.utf8.count > 107 || path.isEmpty else { return }
        throw ControlServerError(
            .pathTooLong, "the control socket's path has \(path.utf8.count) bytes, 1 to 107 are possible; choose another: \(path)")
    }

    /// Binds and listens at `path`. The mode is 0600 at birth and 0660 before anybody can be accepted.
    static func listen(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, stream, 0)
        guard descriptor >= 0 else { throw ControlServerError.system("create", path, errno) }
        let before = umask(0o177)
        let bound = withAddress(path) { bind(descriptor, $0, $1) }
        let code = errno
        umask(before)
        guard bound == 0 else {
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

    /// Tries to connect; 0 when somebody answers, else the error number.
    static func probe(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, stream, 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return withAddress(path) { connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    private static let stream =
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
