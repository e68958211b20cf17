import Glibc

/// Where dashboards reach the private cluster over TCP: an address of this machine's loopback interface, for one role and one database.
///
/// The cluster has no TLS. So no other address is taken: what dashboards read would cross the network in the clear.
public struct DashboardListener: Sendable, Equatable {
    /// The one role that is admitted over TCP, which `db/roles.sql` makes.
    public static let roleName = "fitness_dashboard"

    /// A numeric address: one of 127.0.0.0/8, or ::1.
    public let host: String
    /// Never 0: the server takes no free port by itself.
    public let port: Int

    /// Reads `host:port`; IPv6 stands in brackets, and `localhost` is 127.0.0.1. Nil: no loopback address, or no port.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
        let host = text[..<colon].lowercased()
        switch host {
        case "localhost": self.host = "127.0.0.1"
        case "[::1]": self.host = "::1"
        default:
            guard Self.isLoopback(host) else { return nil }
            self.host = host
        }
        self.port = Int(port)
    }

    /// As in settings and URLs.
    public var text: String { "\(isIPv6 ? "[\(host)]" : host):\(port)" }

    /// Why the server can't listen there now, as the end of a sentence; nil: it can.
    public func obstacle() -> String? {
        let family = isIPv6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return reason(errno) }
        defer { close(descriptor) }
        // As the server itself does, so that connections which have just ended are no obstacle.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor) == 0 ? nil : reason(errno)
    }

    // MARK: For the server's configuration

    /// The lines of pg_hba.conf for connections over TCP: the first one that fits decides.
    var access: String {
        let addresses = isIPv6 ? "::1/128" : "127.0.0.0/8"
        return """
            host \(EmbeddedPostgres.databaseName) \(Self.roleName) \(addresses) scram-sha-256
            host all all all reject

            """
    }

    private var isIPv6: Bool { host.contains(":") }

    private static func isLoopback(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    private func reason(_ code: Int32) -> String {
        code == EADDRINUSE ? "another program listens on \(text)" : "\(text): \(String(cString: strerror(code)))"
    }

    private func bind(_ descriptor: Int32) -> Int32 {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return Self.bind(descriptor, &address)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return Self.bind(descriptor, &address)
    }

    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
}
