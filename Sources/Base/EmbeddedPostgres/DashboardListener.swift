import Core
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
        BindProbe.failure(host: host, port: port).map { code in
            code == EADDRINUSE ? "another program listens on \(text)" : "\(text): \(String(cString: strerror(code)))"
        }
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
}
