import Glibc

/// Tries whether a TCP address could be listened on now, so that an obstacle is told before a server meets it.
public enum BindProbe {
    /// Binds as a server does, and closes at once.
    ///
    /// - Parameters:
    ///   - host: a name or a numeric address, IPv6 without brackets.
    ///   - port: not 0, which any server may have.
    /// - Returns: the error number; nil: it worked, or the host has no address.
    public static func failure(host: String, port: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { return nil }
        defer { freeaddrinfo(found) }
        return failure(first.pointee)
    }

    private static func failure(_ address: addrinfo) -> Int32? {
        let descriptor = socket(address.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As servers do, so that connections which have just ended are no obstacle.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? nil : errno
    }
}
