import NIOCore

/// The client that a connection or request is counted for: an IPv4 address, or the /64 of an IPv6 address, since a client has a whole /64.
public struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    /// Whether the client is on this machine, as a reverse proxy may be.
    public let isLoopback: Bool

    /// The peer's address as the kernel reports it. Connections without one, as on a Unix socket, count as one client.
    public init(_ address: SocketAddress?) {
        switch address {
        case .v4(let address): self.init(v4: withUnsafeBytes(of: address.address.sin_addr) { Array($0) })
        case .v6(let address): self.init(v6: withUnsafeBytes(of: address.address.sin6_addr) { Array($0) })
        default:
            self.init(text: "local", isLoopback: true)
        }
    }

    /// An address as a proxy writes it, with or without brackets and a port; nil when it is not one.
    public init?(forwarded text: some StringProtocol) {
        var host = text.trimmingPrefix { $0 == " " || $0 == "\t" }
        while host.last == " " || host.last == "\t" { host = host.dropLast() }
        if host.first == "[" {
            guard let end = host.firstIndex(of: "]") else { return nil }
            host = host[host.index(after: host.startIndex)..<end]
        } else if host.count(where: { $0 == ":" }) == 1, let colon = host.firstIndex(of: ":") {
            host = host[..<colon]
        }
        guard host.utf8.count <= 64, let address = try? SocketAddress(ipAddress: String(host), port: 0) else { return nil }
        self.init(address)
    }

    public var description: String { text }

    private init(text: String, isLoopback: Bool) {
        self.text = text
        self.isLoopback = isLoopback
    }

    private init(v4 bytes: [UInt8]) {
        self.init(text: bytes.map(String.init).joined(separator: "."), isLoopback: bytes.first == 127)
    }

    private init(v6 bytes: [UInt8]) {
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10...11] == [0xff, 0xff]
        if isMapped {
            self.init(v4: Array(bytes[12...]))
        } else {
            let groups = stride(from: 0, to: 8, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
            let isLoopback = bytes == [UInt8](repeating: 0, count: 15) + [1]
            self.init(text: groups.joined(separator: ":") + "::/64", isLoopback: isLoopback)
        }
    }
}
