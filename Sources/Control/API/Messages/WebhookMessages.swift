/// `GET /v1/webhook` and the answers of its changes: the application's subscription to Strava's events. The path of the callback is a
/// secret and never shown.
public struct WebhookMessage: Codable, Sendable, Equatable {
    public let subscribed: Bool
    /// Its events come to this daemon; false also when there is no subscription.
    public let ours: Bool
    public let subscriptionID: Int64?
    /// Scheme, host and port that the events go to.
    public let address: String?
    public let events: StatusMessage.Events

    public init(subscribed: Bool, ours: Bool, subscriptionID: Int64?, address: String?, events: StatusMessage.Events) {
        self.subscribed = subscribed
        self.ours = ours
        self.subscriptionID = subscriptionID
        self.address = address
        self.events = events
    }

    enum CodingKeys: String, CodingKey {
        case subscribed, ours, address, events
        case subscriptionID = "subscription_id"
    }
}

/// Body of `POST /v1/webhook/unsubscribe`.
public struct UnsubscribeRequest: Codable, Sendable, Equatable {
    /// End the subscription also when its events go somewhere else.
    public let foreign: Bool

    public init(foreign: Bool) { self.foreign = foreign }
}
