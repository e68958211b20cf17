import Core
import Foundation
import HTTPTransport

/// Push subscriptions, and the events that the world causes (docs/strava-api.md 4).
struct WebhookEndpoints: Sendable {
    let world: SimulatorWorld
    let options: SimulatorOptions
    let clock: WallClock
    let state: SimulatorState
    let queue: WebhookQueue

    private var now_s: Int64 { clock.now.epoch_s }

    /// POST: the callback is validated while the caller waits.
    func subscribe(_ request: SimulatorRequest) async throws -> SimulatorAnswer {
        let parameters = request.parameters
        try options.checkClient(parameters)
        guard let callback = parameters["callback_url"], callback.utf8.count <= 255, callback.hasPrefix("http") else {
            throw SimulatedError.badRequest("PushSubscription", "callback url", "invalid")
        }
        guard queue.subscription == nil else { throw SimulatedError.badRequest("PushSubscription", "", "already exists") }
        try await validate(callback, verifyToken: parameters["verify_token"] ?? "")
        guard let subscription = queue.subscribe(callback, now_s: now_s) else {
            throw SimulatedError.badRequest("PushSubscription", "", "already exists")
        }
        var json = JSONWriter()
        subscription.write(clientID: options.clientID, into: &json)
        return quotaless(.json(json.bytes, status: 201))
    }

    func list(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        try options.checkClient(request.parameters)
        var json = JSONWriter()
        json.array { list in queue.subscription?.write(clientID: options.clientID, into: &list) }
        return quotaless(.json(json.bytes))
    }

    func unsubscribe(_ id: Int, _ request: SimulatorRequest) throws -> SimulatorAnswer {
        try options.checkClient(request.parameters)
        guard queue.unsubscribe(id) else { throw SimulatedError.notFound("PushSubscription") }
        return quotaless(SimulatorAnswer(status: 204, body: []))
    }

    /// These calls were recorded with an overall usage of `0,0`.
    private func quotaless(_ answer: SimulatorAnswer) -> SimulatorAnswer {
        let limits = state.withLock { $0.quota.limits } ?? .unlimited
        var answer = answer
        answer.headers = [("X-Ratelimit-Limit", "\(limits.quarterHour),\(limits.day)"), ("X-Ratelimit-Usage", "0,0")]
        return answer
    }

    /// The callback must answer 200 and echo the challenge within two seconds.
    private func validate(_ callback: String, verifyToken: String) async throws {
        let challenge = state.withLock { state in
            state.challengeCount += 1
            return SimulatedToken.hex(
                (0..<8).map { UInt8(truncatingIfNeeded: SplitMix64.mix(world.seed &+ state.challengeCount) >> ($0 * 8)) })
        }
        let query = "hub.mode=subscribe&hub.challenge=\(challenge)&hub.verify_token=\(PercentCoding.encode(verifyToken))"
        let http = HTTPClient(inFlightMax: 1, userAgent: "strava-simulator webhooks")
        var request = HTTPRequest(method: .get, url: callback + (callback.contains("?") ? "&" : "?") + query)
        request.timeout = options.webhooks.timeout
        let response = try? await http.send(request)
        await http.shutdown()
        guard let response else { throw SimulatedError.badRequest("PushSubscription", "callback url", "not verifiable") }
        guard response.status == 200 else {
            throw SimulatedError.badRequest("PushSubscription", "callback url", "GET to callback URL does not return 200")
        }
        let echoed = try? JSONDecoder().decode([String: String].self, from: Data(response.body))
        guard echoed?["hub.challenge"] == challenge else {
            throw SimulatedError.badRequest("PushSubscription", "callback url", "not verifiable")
        }
    }

    // MARK: Events

    /// Sends an event, but only for an athlete who granted a scope to read activities.
    func announce(_ event: WorldEvent) {
        let athlete = event.recipe.athlete
        guard let scopes = state.withLock({ $0.tokens.scopes(of: athlete) }), scopes.canReadActivities else { return }
        let seesPrivate = scopes.contains(.activityReadAll)
        if let event = WebhookEvent.from(event, seesPrivate: seesPrivate, at_s: now_s) { queue.add(event) }
    }

    /// Announces live activities as they appear, until cancelled; returns at once when the world has none.
    func announceLive() async {
        guard let live = world.live else { return }
        var announced = Set(world.athleteIDs.flatMap { world.recipes(of: $0, at: clock.now).map(\.id) })
        let turn_s = max(1, live.interval_s / Double(max(1, world.athleteIDs.count)))
        while (try? await clock.sleep(for: .seconds(turn_s))) != nil {
            for athlete in world.athleteIDs {
                for recipe in world.recipes(of: athlete, at: clock.now) where announced.insert(recipe.id).inserted {
                    announce(.created(recipe))
                }
            }
        }
    }
}
