import Core
import Foundation
import HTTPTransport

/// The application's one subscription to events (docs/strava-api.md 4). These calls do not count against the quota.
public struct PushSubscription: Sendable, Equatable {
    public let id: Int64
    /// Where its events go; it may hold a secret.
    public let callbackURL: String
}

extension StravaClient {
    private static let subscriptionsPath = "/push_subscriptions"
    /// Strava validates the callback while the caller waits.
    private static let subscriptionTimeout: Duration = .seconds(30)

    /// The application's subscription, if it has one. Throws `StravaError`.
    public func subscription() async throws -> PushSubscription? {
        let request = HTTPRequest(method: .get, url: "\(subscriptionsURL)?\(application)", timeout: Self.subscriptionTimeout)
        let response = try await send(request, door: .api, endpoint: "push_subscriptions")
        guard let list = (try? JSONParser.parse(response.body))?.list else {
            throw error(.unreadable, response, endpoint: "push_subscriptions")
        }
        return list.lazy.compactMap { entry in
            entry["id"]?.integer.map { PushSubscription(id: $0, callbackURL: entry["callback_url"]?.text ?? "") }
        }.first
    }

    /// Makes the subscription. Strava asks the callback for its challenge before it answers.
    ///
    /// Throws `StravaError`, `badRequest` when there is one already or the callback did not answer as it should.
    public func subscribe(callbackURL: String, verifyToken: Secret) async throws -> PushSubscription {
        let fields = [("callback_url", callbackURL), ("verify_token", verifyToken.reveal())]
        let request = HTTPRequest(
            method: .post, url: subscriptionsURL, headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("\(application)&\(PercentCoding.form(fields))".utf8), timeout: Self.subscriptionTimeout)
        let response = try await send(request, door: .api, endpoint: "push_subscriptions", success: [200, 201])
        guard let id = (try? JSONParser.parse(response.body))?["id"]?.integer else {
            throw error(.unreadable, response, endpoint: "push_subscriptions")
        }
        return PushSubscription(id: id, callbackURL: callbackURL)
    }

    /// Ends the subscription of this number. Throws `StravaError`, `notFound` when there is none.
    public func unsubscribe(_ id: Int64) async throws {
        let request = HTTPRequest(method: .delete, url: "\(subscriptionsURL)/\(id)?\(application)", timeout: Self.subscriptionTimeout)
        _ = try await send(request, door: .api, endpoint: "push_subscriptions", success: [200, 204])
    }

    private var subscriptionsURL: String { configuration.apiURL + Self.subscriptionsPath }

    private var application: String {
        PercentCoding.form([("client_id", configuration.clientID), ("client_secret", configuration.clientSecret.reveal())])
    }
}
