import Core
import Glibc

/// Where the gateway listens: for athletes and Strava at one address, for the operator at the same one or another.
public struct GatewayAddresses: Sendable, Equatable {
    public enum Admin: Sendable, Equatable {
        case off
        /// At the address of the public pages, which only this machine can reach.
        case withWeb
        case own(ListenAddress)
    }

    /// Nil: no public pages.
    public let web: ListenAddress?
    public let admin: Admin

    public init(web: ListenAddress?, admin: Admin) {
        self.web = web
        self.admin = admin
    }

    /// - Parameters:
    ///   - admin: the value of `FITNESSD_ADMIN_LISTEN`; nil: unset.
    ///   - publicURL: decides who can reach the public pages.
    /// - Throws: `GatewayError` when the figures would be public, or the address is malformed.
    public static func resolve(web: ListenAddress?, admin: String?, publicURL: PublicURL) throws -> GatewayAddresses {
        guard let admin else {
            if publicURL.isLoopback { return GatewayAddresses(web: web, admin: web == nil ? .off : .withWeb) }
            return try separate(web, adminDefault, publicURL)
        }
        guard let address = try ListenAddress.parse(admin, key: .admin) else { return GatewayAddresses(web: web, admin: .off) }
        if address == web, publicURL.isLoopback { return GatewayAddresses(web: web, admin: .withWeb) }
        return try separate(web, address, publicURL)
    }

    /// The address of the operator's figures.
    public var adminAddress: ListenAddress? {
        switch admin {
        case .off: nil
        case .withWeb: web
        case .own(let address): address
        }
    }

    /// The same as a URL, for a browser on this machine.
    public var adminURL: String? { adminAddress.map { "http://\($0.reachable.text)/" } }

    /// The addresses to listen on, each with the setting that it comes from.
    public var listened: [(key: ListenAddress.Setting, address: ListenAddress)] {
        var listened: [(key: ListenAddress.Setting, address: ListenAddress)] = []
        if let web { listened.append((key: .web, address: web)) }
        if case .own(let address) = admin { listened.append((key: .admin, address: address)) }
        return listened
    }

    private static let adminDefault = ListenAddress(host: "127.0.0.1", port: 8081)

    private static func separate(_ web: ListenAddress?, _ admin: ListenAddress, _ publicURL: PublicURL) throws -> GatewayAddresses {
        let isPublic = admin.host.lowercased() == publicURL.host && admin.port == publicURL.port && !publicURL.isLoopback
        if isPublic || web.map(admin.overlaps) ?? false { throw GatewayError(.adminListenPublic, admin.text) }
        return GatewayAddresses(web: web, admin: .own(admin))
    }
}

/// Where an HTTP server listens: `host:port`. IPv6 hosts stand in brackets; port 0 takes any free port.
public struct ListenAddress: Sendable, Equatable {
    /// The setting that an address comes from.
    public enum Setting: String, Sendable {
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
    public static func parse(_ text: String, key: Setting = .web) throws -> ListenAddress? {
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

    /// As in settings and URLs.
    public var text: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// Whether the two can't be listened on at once: the same port on the same host, or on all hosts.
    func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        return Self.name(host) == Self.name(other.host) || Self.isAny(host) || Self.isAny(other.host)
    }

    /// An address at which a client of this machine reaches it.
    var reachable: ListenAddress {
        Self.isAny(host) ? ListenAddress(host: host == "::" ? "::1" : "127.0.0.1", port: port) : self
    }

    private static func isAny(_ host: String) -> Bool { ["0.0.0.0", "::", "*"].contains(host) }
    private static func name(_ host: String) -> String { host.lowercased() == "localhost" ? "127.0.0.1" : host.lowercased() }

    // MARK: Probing

    /// Checks that the address can be listened on, so that a start fails before it changes anything.
    ///
    /// - Throws: `GatewayError` when it can't.
    public func checkFree(key: Setting = .web) throws {
        guard port != 0 else { return }
        switch BindProbe.failure(host: host, port: port) {
        case EADDRINUSE: throw GatewayError(.addressInUse, "\(host):\(port)", key: key)
        case EADDRNOTAVAIL, EACCES: throw GatewayError(.addressNotAvailable, "\(host):\(port)", key: key)
        // The server meets any other error, and a name that doesn't resolve, too, and reports it.
        default: return
        }
    }
}

/// Why the gateway can't start, or refuses a connect.
public struct GatewayError: AdvisedError, CodedError, Equatable {
    public enum Code: String, Sendable {
        case listenAddressMalformed = "listen_address_malformed"
        case addressInUse = "address_in_use"
        case addressNotAvailable = "address_not_available"
        /// The operator's figures would be public.
        case adminListenPublic = "admin_listen_public"
        /// `FITNESSD_CORS_ORIGIN` names no origin.
        case originMalformed = "origin_malformed"
        /// The table of connect states is full.
        case tooManyConnects = "too_many_connects"
        /// One client has more connects open than it may.
        case tooManyConnectsOfClient = "too_many_connects_of_client"
    }

    public let code: Code
    let detail: String
    let key: ListenAddress.Setting

    init(_ code: Code, _ detail: String = "", key: ListenAddress.Setting = .web) {
        self.code = code
        self.detail = detail
        self.key = key
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .tooManyConnects, .tooManyConnectsOfClient: .retry
        default: .never
        }
    }

    public var description: String {
        switch code {
        case .listenAddressMalformed:
            "\(key.rawValue) must be host:port, such as 127.0.0.1:\(key == .web ? 8080 : 8081), or off"
        case .addressInUse: "another program listens on \(detail) already: stop it or set \(key.rawValue) to another port"
        case .addressNotAvailable: "this machine can't listen on \(detail): set \(key.rawValue) to one of its own addresses"
        case .adminListenPublic:
            """
            \(detail) is the public address, which must not show the operator's figures: set FITNESSD_ADMIN_LISTEN to an address of their \
            own, such as 127.0.0.1:8081, or to off
            """
        case .originMalformed: "FITNESSD_CORS_ORIGIN must be * or origins with commas between them, such as https://app.example.org"
        case .tooManyConnects, .tooManyConnectsOfClient: "too many people are connecting at the same time: try again in a few minutes"
        }
    }
}
