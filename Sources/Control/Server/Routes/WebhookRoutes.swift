import ControlAPI
import Core
import Foundation
import Hummingbird
import StravaAPI
import Sync

/// The subscription to Strava's events. An application has at most one; its state is not stored but requested from Strava each time.
public struct WebhookControl: Sendable {
    let strava: StravaClient
    /// The address under which Strava reaches this daemon, without the secret path; nil: the public listener is off.
    let publicURL: String?
    let address: EventDesk.Address

    public init(strava: StravaClient, publicURL: String?, address: EventDesk.Address) {
        self.strava = strava
        self.publicURL = publicURL
        self.address = address
    }

    /// Contains a secret: for Strava only.
    var callbackURL: String? { publicURL.map { "\($0)/webhooks/strava/\(address.pathSecret.reveal())" } }
}

extension ControlRoutes {
    func webhook() async throws -> WebhookMessage {
        try await message(try await translatingErrors { try await webhookControl.strava.subscription() })
    }

    func subscribe() async throws -> WebhookMessage {
        let control = try webhookControl
        guard let callback = control.callbackURL else {
            throw ControlRefusal(.unavailable, "the public listener is off; set FITNESSD_HTTP_LISTEN and restart fitnessd")
        }
        let existing = try await translatingErrors { try await control.strava.subscription() }
        if let existing, existing.callbackURL != callback {
            throw ControlRefusal(
                .badRequest, "the application's events are sent elsewhere; fitnessctl webhook unsubscribe --foreign ends that")
        }
        if let existing { return try await message(existing) }
        return try await message(
            try await translatingErrors {
                try await control.strava.subscribe(callbackURL: callback, verifyToken: control.address.verifyToken)
            })
    }

    func unsubscribe(_ request: Request) async throws -> WebhookMessage {
        let body: UnsubscribeRequest = try await RequestReading.message(request, ifEmpty: UnsubscribeRequest(foreign: false))
        let control = try webhookControl
        if let existing = try await translatingErrors({ try await control.strava.subscription() }) {
            guard body.foreign || existing.callbackURL == control.callbackURL else {
                throw ControlRefusal(.badRequest, "the application's events are sent elsewhere; --foreign ends that anyway")
            }
            try await translatingErrors { try await control.strava.unsubscribe(existing.id) }
        }
        return try await message(nil)
    }

    private var webhookControl: WebhookControl {
        get throws {
            guard let control = dependencies.webhook else { throw ControlRefusal(.unavailable, "this fitnessd takes no events") }
            return control
        }
    }

    private func message(_ subscription: WebhookSubscription?) async throws -> WebhookMessage {
        let health = try await EventHealth.read(dependencies.database, now: dependencies.clock.now)
        return WebhookMessage(
            subscribed: subscription != nil, ours: subscription.map { $0.callbackURL == dependencies.webhook?.callbackURL } ?? false,
            subscriptionID: subscription?.id, address: subscription.flatMap { Self.origin($0.callbackURL) }, events: .init(health))
    }

    /// Scheme, host and port of an address, whose path may be a secret.
    private static func origin(_ address: String) -> String? {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme, let host = parts.host else { return nil }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// Turns Strava's errors into sentences that say what to do.
    private func translatingErrors<Result>(_ call: () async throws -> Result) async throws -> Result {
        do { return try await call() } catch let error as StravaError {
            switch error.code {
            case .badRequest:
                throw ControlRefusal(
                    .failed, "Strava refused the subscription: FITNESSD_PUBLIC_URL must be reachable from the internet, without a login")
            case .clientSecretWrong:
                throw ControlRefusal(.failed, "Strava does not know this FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET")
            default: throw ControlRefusal(.unavailable, "the request to Strava failed (\(error.code.rawValue)); try again later")
            }
        }
    }
}
