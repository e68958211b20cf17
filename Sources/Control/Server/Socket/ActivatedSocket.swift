import Foundation

/// A listening socket that the service manager opened and handed over: `LISTEN_PID` is us, `LISTEN_FDS` counts from descriptor 3
/// (sd_listen_fds(3)).
struct ActivatedSocket {
    static let firstDescriptor: Int32 = 3

    let descriptor: Int32
    let path: String

    /// Nil when nothing was handed over. Throws when what was handed over is not one listening Unix socket.
    static func find(environment: [String: String], descriptor: Int32 = firstDescriptor) throws -> ActivatedSocket? {
        guard environment["LISTEN_PID"] == String(getpid()), let count = environment["LISTEN_FDS"].flatMap(Int.init), count > 0
        else { return nil }
        guard count == 1, let path = listeningPath(descriptor) else {
            throw ControlServerError(
                .notASocket,
                "the service manager must hand over exactly one listening Unix socket; look at ListenStream= in fitnessd.socket")
        }
        // The manager hands it over blocking and open on exec.
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
