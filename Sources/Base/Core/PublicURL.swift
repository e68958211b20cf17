import Foundation

/// The address at which people and Strava reach the gateway: `FITNESSD_PUBLIC_URL`, without a trailing slash.
public struct PublicURL: Sendable, Equatable {
    public let text: String
    /// Scheme, host and port, as in a content security policy.
    public var origin: String { Self.origin(of: text) ?? text }
    /// The host, in lower case and without the brackets of an IPv6 address.
    public let host: String
    public let port: Int
    public let isHTTPS: Bool

    /// - Throws: `PublicURLError` unless it is an http or https address with a host and without query, fragment or user.
    public init(_ text: String) throws {
        guard let parts = URLComponents(string: text), parts.scheme == "https" || parts.scheme == "http",
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil, text.utf8.count <= 1024
        else { throw PublicURLError() }
        self.text = text.hasSuffix("/") ? String(text.dropLast()) : text
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased()
        isHTTPS = parts.scheme == "https"
        port = parts.port ?? (isHTTPS ? 443 : 80)
    }

    /// Scheme, host and port of an address, in ASCII; nil: it is none.
    public static func origin(of address: String) -> String? {
        guard var parts = URLComponents(string: address), parts.scheme != nil, parts.host != nil else { return nil }
        (parts.path, parts.query, parts.fragment, parts.user, parts.password) = ("", nil, nil, nil, nil)
        return parts.string
    }

    /// Whether it is an address of this machine only (RFC 6761, section 6.3, for `localhost`).
    public var isLoopback: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || isIPv4 && octets[0] == "127"
    }

    /// Strava redirects people here. Its host must be in the callback domain that the application has registered at Strava.
    public var callback: String { text + "/oauth/callback" }

    /// The page on which a person begins to connect, with the parameters of a connect link.
    public func connect(_ parameters: [(String, String)]) -> String { text + "/connect?" + PercentCoding.form(parameters) }

    /// The page that says how a connect ended.
    public func connected(_ result: String) -> String { text + "/connected/" + result }
}

/// A text that is no public address.
public struct PublicURLError: AdvisedError, Equatable {
    public var description: String {
        "FITNESSD_PUBLIC_URL must be an http or https address without a query, such as https://fit.example.org"
    }
    public var retryAdvice: RetryAdvice { .never }
}
