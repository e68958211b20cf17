import ControlAPI
import Core
import Foundation
import Hummingbird
import StravaAPI
import Sync

/// The subscription to Strava's events. An application has one; nothing of it is kept here: Strava is asked each time.
public struct WebhookControl: Sendable {
    let strava: StravaClient
    /// Where Strava reaches this daemon, without the secret path; nil: the public listener is off.
    let publicURL: String?
    let address: EventDesk.Address

    public init(strava: StravaClient, publicURL: String?, address: EventDesk.Address) {
        self.strava = strava
        self.publicURL = publicURL
        self.address = address
    }

    /// Holds a secret: it goes to Strava and nowhere else.
    var callbackURL: String? { publicURL.map { "\($0)/webhooks/strava/\(address.pathSecret.reveal())" } }
}

extension ControlRoutes {
    func webhook() async throws -> WebhookMessage { try await message(try await told { try await webhookControl.strava.subscription() }) }

    func subscribe() async throws -> WebhookMessage {
        let control = try webhookControl
        guard let callback = control.callbackURL else {
            throw ControlRefusal(.unavailable, "the public listener is off; set FITNESSD_HTTP_LISTEN and restart fitnessd")
        }
        let existing = try await told { try await control.strava.subscription() }
        if let existing, existing.callbackURL != callback {
            throw ControlRefusal(
                .badRequest, "the application's events go somewhere else; end that with fitnessctl webhook unsubscribe --foreign")
        }
        if let existing { return try await message(existing) }
        return try await message(
            try await told { try await control.strava.subscribe(callbackURL: callback, verifyToken: control.address.verifyToken) })
    }

    func unsubscribe(_ request: Request) async throws -> WebhookMessage {
        let asked: UnsubscribeRequest = try await RequestReading.message(request, ifEmpty: UnsubscribeRequest(foreign: false))
        let control = try webhookControl
        if let existing = try await told({ try await control.strava.subscription() }) {
            guard asked.foreign || existing.callbackURL == control.callbackURL else {
                throw ControlRefusal(.badRequest, "the application's events go somewhere else; --foreign ends that all the same")
            }
            try await told { try await control.strava.unsubscribe(existing.id) }
        }
        return try await message(nil)
    }

    private var webhookControl: WebhookControl {
        get throws {
            guard let control = dependencies.webhook else { throw ControlRefusal(.unavailable, "events are not taken here") }
            return control
        }
    }

    private func message(_ subscription: WebhookSubscription?) async throws -> WebhookMessage {
        let health = try await EventHealth.read(dependencies.database, now: dependencies.clock.now)
        return WebhookMessage(
            subscribed: subscription != nil, ours: subscription.map { $0.callbackURL == dependencies.webhook?.callbackURL } ?? false,
            subscriptionID: subscription?.id, address: subscription.flatMap { Self.origin($0.callbackURL) }, events: .init(health))
    }

    /// Scheme, host and port of an address: its path may be a secret.
    private static func origin(_ address: String) -> String? {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme, let host = parts.host else { return nil }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// Strava's refusals in a sentence that says what to do.
    private func told<Answer>(_ call: () async throws -> Answer) async throws -> Answer {
        do { return try await call() } catch let error as StravaError {
            switch error.code {
            case .badRequest:
                throw ControlRefusal(
                    .failed, "Strava refuses the subscription: FITNESSD_PUBLIC_URL must be reachable from the internet, without a login")
            case .clientSecretWrong:
                throw ControlRefusal(.failed, "Strava does not know this FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET")
            default: throw ControlRefusal(.unavailable, "Strava did not answer as it should (\(error.code.rawValue)); try again later")
            }
        }
    }
}
