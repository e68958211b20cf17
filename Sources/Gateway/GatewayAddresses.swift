import Core

/// Where the gateway listens: people and Strava at one address, the operator's figures at the same one or at an own.
public struct GatewayAddresses: Sendable, Equatable {
    public enum Admin: Sendable, Equatable {
        case off
        /// With the public pages, which only this machine can reach.
        case withWeb
        case own(ListenAddress)
    }

    /// Nil: no public HTTP.
    public let web: ListenAddress?
    public let admin: Admin

    public init(web: ListenAddress?, admin: Admin) {
        self.web = web
        self.admin = admin
    }

    /// - Parameters:
    ///   - admin: the value of `FITNESSD_ADMIN_LISTEN`; nil: unset.
    ///   - publicURL: who can reach the public pages.
    /// - Throws: `GatewayError` when the figures would be public, or the address is none.
    public static func resolve(web: ListenAddress?, admin: String?, publicURL: PublicURL) throws -> GatewayAddresses {
        guard let admin else {
            if publicURL.isLoopback { return GatewayAddresses(web: web, admin: web == nil ? .off : .withWeb) }
            return try separate(web, adminDefault, publicURL)
        }
        guard let address = try ListenAddress.parse(admin, key: .admin) else { return GatewayAddresses(web: web, admin: .off) }
        if address == web, publicURL.isLoopback { return GatewayAddresses(web: web, admin: .withWeb) }
        return try separate(web, address, publicURL)
    }

    /// Where the operator finds the figures.
    public var adminAddress: ListenAddress? {
        switch admin {
        case .off: nil
        case .withWeb: web
        case .own(let address): address
        }
    }

    /// The same as an address for a browser.
    public var adminURL: String? { adminAddress.map { "http://\($0.text)/" } }

    private static let adminDefault = ListenAddress(host: "127.0.0.1", port: 8081)

    private static func separate(_ web: ListenAddress?, _ admin: ListenAddress, _ publicURL: PublicURL) throws -> GatewayAddresses {
        let isPublic = admin.host.lowercased() == publicURL.host && admin.port == publicURL.port && !publicURL.isLoopback
        if isPublic || web.map(admin.overlaps) ?? false { throw GatewayError(.adminListenPublic, admin.text) }
        return GatewayAddresses(web: web, admin: .own(admin))
    }
}
