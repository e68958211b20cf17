/// `GET /v1/webhook`, and response to a change of it: the application's subscription to Strava's events. The callback's path is a secret and
/// never included.
public struct WebhookMessage: Codable, Sendable, Equatable {
    public let subscribed: Bool
    /// Whether its events are sent to this daemon; false without a subscription.
    public let ours: Bool
    public let subscriptionID: Int64?
    /// Scheme, host and port of the callback.
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
    /// End the subscription even if its events are sent elsewhere.
    public let foreign: Bool

    public init(foreign: Bool) { self.foreign = foreign }
}
