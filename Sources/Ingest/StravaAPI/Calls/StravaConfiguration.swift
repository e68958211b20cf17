import Core

/// Where Strava is and which application we are.
public struct StravaConfiguration: Sendable {
    public let apiURL: String
    public let oauthURL: String
    public let clientID: String
    public let clientSecret: Secret

    /// - Parameters:
    ///   - apiURL: the base of the calls, such as `https://www.strava.com/api/v3`; a slash at the end is dropped.
    ///   - oauthURL: the base of the token calls, such as `https://www.strava.com/oauth`.
    public init(apiURL: String, oauthURL: String, clientID: String, clientSecret: Secret) {
        self.apiURL = Self.withoutSlash(apiURL)
        self.oauthURL = Self.withoutSlash(oauthURL)
        self.clientID = clientID
        self.clientSecret = clientSecret
    }

    private static func withoutSlash(_ url: String) -> String {
        var url = url[...]
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}
