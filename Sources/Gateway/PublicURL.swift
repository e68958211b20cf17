import Foundation

/// The address under which people and Strava reach the gateway: `FITNESSD_PUBLIC_URL`. Kept without a slash at its end.
public struct PublicURL: Sendable, Equatable {
    public let text: String

    /// - Throws: `GatewayError` unless it is an http or https address with a host and without query, fragment or user.
    public init(_ text: String) throws {
        guard let parts = URLComponents(string: text), parts.scheme == "https" || parts.scheme == "http",
            parts.host?.isEmpty == false, parts.query == nil, parts.fragment == nil, parts.user == nil, text.utf8.count <= 1024
        else { throw GatewayError(.publicURLMalformed) }
        self.text = text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Where Strava sends people back to. Its host must lie in the callback domain that the application has registered at Strava.
    public var callback: String { text + "/oauth/callback" }

    /// The link that a person follows to connect.
    public func connect(uid: UID) -> String { text + "/connect?uid=" + uid.queryText }
}
