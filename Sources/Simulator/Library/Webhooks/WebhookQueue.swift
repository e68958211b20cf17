import Core
import Foundation
import HTTPTransport
import Synchronization

/// The one subscription, and the events on their way to its callback. Without a subscription events are dropped, as at Strava.
final class WebhookQueue: Sendable {
    private struct Delivery: Sendable {
        let url: String
        let body: [UInt8]
    }

    private struct State {
        var subscription: SimulatedSubscription?
        var subscriptionCount = 0
        var eventCount = 0
        var heldBack: Delivery?
        var input: AsyncStream<Delivery>.Continuation?
    }

    /// Deliveries at once; of those that wait the newest ten thousand are kept.
    private static let inFlightMax = 16
    private static let waitingMax = 10_000
    private let policy: WebhookPolicy
    private let clock: WallClock
    private let state = Mutex(State())

    init(policy: WebhookPolicy, clock: WallClock) {
        self.policy = policy
        self.clock = clock
    }

    // MARK: The subscription

    var subscription: SimulatedSubscription? { state.withLock { $0.subscription } }

    /// Nil when there is one already.
    func subscribe(_ callbackURL: String, now_s: Int64) -> SimulatedSubscription? {
        state.withLock { state in
            guard state.subscription == nil else { return nil }
            state.subscriptionCount += 1
            let subscription = SimulatedSubscription(id: 131_299 + state.subscriptionCount, callbackURL: callbackURL, created_s: now_s)
            state.subscription = subscription
            return subscription
        }
    }

    func unsubscribe(_ id: Int) -> Bool {
        state.withLock { state in
            guard state.subscription?.id == id else { return false }
            state.subscription = nil
            return true
        }
    }

    // MARK: Events

    func add(_ event: WebhookEvent) {
        state.withLock { state in
            guard let subscription = state.subscription else { return }
            state.eventCount += 1
            if policy.loseEvery > 0, state.eventCount % policy.loseEvery == 0 { return }
            let delivery = Delivery(url: subscription.callbackURL, body: event.body(subscription: subscription.id))
            if policy.isDisordered, state.heldBack == nil {
                state.heldBack = delivery
                return
            }
            for delivery in [delivery, state.heldBack].compactMap({ $0 }) {
                for _ in 0..<max(1, policy.copies) { state.input?.yield(delivery) }
            }
            state.heldBack = nil
        }
    }

    /// Delivers until cancelled.
    func run() async {
        let (deliveries, input) = AsyncStream.makeStream(of: Delivery.self, bufferingPolicy: .bufferingNewest(Self.waitingMax))
        state.withLock { $0.input = input }
        // One at a time, so that the order is wrong in the way that was asked for.
        let inFlightMax = policy.isDisordered ? 1 : Self.inFlightMax
        let http = HTTPClient(inFlightMax: inFlightMax, userAgent: "strava-simulator webhooks")
        await withTaskGroup(of: Void.self) { group in
            var inFlight = 0
            for await delivery in deliveries {
                if inFlight >= inFlightMax {
                    await group.next()
                    inFlight -= 1
                }
                inFlight += 1
                group.addTask { await self.deliver(delivery, http) }
            }
        }
        state.withLock { $0.input = nil }
        await http.shutdown()
    }

    /// After the third attempt the event is lost.
    private func deliver(_ delivery: Delivery, _ http: HTTPClient) async {
        for gap in policy.gaps + [.zero] {
            var request = HTTPRequest(method: .post, url: delivery.url)
            request.headers = [("Content-Type", "application/json")]
            request.body = delivery.body
            request.timeout = policy.timeout
            if let response = try? await http.send(request), response.status == 200 { return }
            guard gap != .zero, (try? await clock.sleep(for: gap)) != nil else { return }
        }
    }
}

/// The one subscription of the application.
struct SimulatedSubscription: Sendable {
    let id: Int
    let callbackURL: String
    let created_s: Int64

    func write(clientID: String, into json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("resource_state", 2)
            $0.field("application_id", Int(clientID) ?? 0)
            $0.field("callback_url", callbackURL)
            $0.field("created_at", CivilTime.iso(created_s))
            $0.field("updated_at", CivilTime.iso(created_s))
        }
    }
}
