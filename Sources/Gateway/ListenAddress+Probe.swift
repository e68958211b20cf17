import Glibc

extension ListenAddress {
    /// Fails when the address can't be listened on now: told before anything is begun, and not by a service that fails later.
    ///
    /// - Throws: `GatewayError`.
    public func checkFree(key: Key = .web) throws {
        guard port != 0 else { return }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        // A name that doesn't resolve is told by the server itself.
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { return }
        defer { freeaddrinfo(found) }
        switch Self.bindOnce(first.pointee) {
        case 0: return
        case EADDRINUSE: throw GatewayError(.addressInUse, "\(host):\(port)", key: key)
        case EADDRNOTAVAIL, EACCES: throw GatewayError(.addressNotAvailable, "\(host):\(port)", key: key)
        // Whatever else it is, the server meets it, too.
        default: return
        }
    }

    /// The error number of a bind that is undone at once, with the option that the server sets as well.
    private static func bindOnce(_ address: addrinfo) -> Int32 {
        let descriptor = socket(address.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
    }
}
