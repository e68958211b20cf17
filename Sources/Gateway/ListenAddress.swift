/// Where an HTTP server listens: `host:port`. IPv6 hosts stand in brackets; port 0 takes any free port.
public struct ListenAddress: Sendable, Equatable {
    /// The setting that an address comes from.
    public enum Key: String, Sendable {
        case web = "FITNESSD_HTTP_LISTEN"
        case admin = "FITNESSD_ADMIN_LISTEN"
    }

    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil for `off`.
    ///
    /// - Throws: `GatewayError` with a sentence that says what is expected.
    public static func parse(_ text: String, key: Key = .web) throws -> ListenAddress? {
        if text == "off" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw GatewayError(.listenAddressMalformed, key: key)
        }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw GatewayError(.listenAddressMalformed, key: key)
        }
        guard !host.isEmpty, host.utf8.count <= 253, host.allSatisfy({ $0.isASCII && !$0.isWhitespace && $0 != "/" }) else {
            throw GatewayError(.listenAddressMalformed, key: key)
        }
        return ListenAddress(host: String(host), port: Int(port))
    }

    /// As it is written in settings and addresses.
    public var text: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// Whether both can't be listened on: the same port on the same host, or on all hosts.
    func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        return Self.name(host) == Self.name(other.host) || Self.isAny(host) || Self.isAny(other.host)
    }

    private static func isAny(_ host: String) -> Bool { ["0.0.0.0", "::", "*"].contains(host) }
    private static func name(_ host: String) -> String { host.lowercased() == "localhost" ? "127.0.0.1" : host.lowercased() }
}
