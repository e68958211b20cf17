/// Body of `POST /v1/connect`: the application's own name for the person.
public struct ConnectRequest: Codable, Sendable, Equatable {
    public let uid: String

    public init(uid: String) { self.uid = uid }
}

/// The link that the person opens in a browser to connect with Strava.
public struct ConnectMessage: Codable, Sendable, Equatable {
    public let url: String

    public init(url: String) { self.url = url }
}
