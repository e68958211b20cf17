/// Where the public HTTP server listens: `FITNESSD_HTTP_LISTEN`, `host:port`. IPv6 hosts stand in brackets; port 0 takes any free port.
public struct ListenAddress: Sendable, Equatable {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil for `off`.
    ///
    /// - Throws: `GatewayError` with a sentence that says what is expected.
    public static func parse(_ text: String) throws -> ListenAddress? {
        if text == "off" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw GatewayError(.listenAddressMalformed)
        }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw GatewayError(.listenAddressMalformed)
        }
        guard !host.isEmpty, host.utf8.count <= 253, host.allSatisfy({ $0.isASCII && !$0.isWhitespace && $0 != "/" }) else {
            throw GatewayError(.listenAddressMalformed)
        }
        return ListenAddress(host: String(host), port: Int(port))
    }
}
