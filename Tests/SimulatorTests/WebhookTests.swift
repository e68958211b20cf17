import Core
import Foundation
import Simulator
import TestKit
import Testing

/// Push subscriptions and events (docs/strava-api.md 4).
struct WebhookTests {
    /// Callbacks may take longer than Strava's two seconds here, so that a busy machine does not fail the test.
    private static var patient: SimulatorOptions {
        var options = SimulatorOptions()
        options.webhooks.timeout = .seconds(60)
        return options
    }

    private func subscribe(_ visitor: Visitor, to receiver: EventReceiver, token: String = "verify me") async throws -> Int {
        let form = visitor.credentials + [("callback_url", receiver.url), ("verify_token", token)]
        let answer = try await visitor.post("/api/v3/push_subscriptions", form)
        try #require(answer.status == 201, "\(answer.text)")
        return try #require(answer.object["id"] as? Int)
    }

    private var queryCredentials: String { "client_id=12345&client_secret=simulated-client-secret" }

    @Test func `a subscription is validated while the caller waits, viewed, and deleted`() async throws {
        try await withSimulator(options: Self.patient) { visitor in
            try await withReceiver { receiver in
                let id = try await subscribe(visitor, to: receiver)
                #expect(receiver.validations == ["verify me"])
                let viewed = try await visitor.get("/push_subscriptions?\(queryCredentials)", token: nil)
                #expect((viewed.json as? [[String: Any]])?.first?["callback_url"] as? String == receiver.url)
                #expect(viewed.headers["x-ratelimit-usage"] == "0,0")
                let again = try await visitor.post(
                    "/api/v3/push_subscriptions", visitor.credentials + [("callback_url", receiver.url), ("verify_token", "x")])
                #expect(again.status == 400)
                #expect(again.errorLine == "PushSubscription//already exists")
                let url = "\(visitor.simulator.apiURL)/push_subscriptions/\(id)?\(queryCredentials)"
                #expect(try await visitor.http.send(.init(method: .delete, url: url)).status == 204)
                #expect(try await visitor.get("/push_subscriptions?\(queryCredentials)", token: nil).text == "[]")
            }
        }
    }

    @Test(arguments: [
        (EventReceiver.Manner.refusing(404), "GET to callback URL does not return 200"), (.wrongChallenge, "not verifiable"),
    ])
    func `a callback that fails validation is not subscribed`(manner: EventReceiver.Manner, code: String) async throws {
        try await withSimulator(options: Self.patient) { visitor in
            try await withReceiver(manner) { receiver in
                let form = visitor.credentials + [("callback_url", receiver.url), ("verify_token", "v")]
                let answer = try await visitor.post("/api/v3/push_subscriptions", form)
                #expect(answer.status == 400)
                #expect(answer.errorLine == "PushSubscription/callback url/\(code)")
                #expect(visitor.simulator.subscribedCallback == nil)
            }
        }
    }

    @Test func `a callback must answer in time`() async throws {
        var options = SimulatorOptions()
        #expect(options.webhooks.timeout == .seconds(2))
        options.webhooks.timeout = .milliseconds(100)
        try await withSimulator(options: options) { visitor in
            try await withReceiver(.silent) { receiver in
                let form = visitor.credentials + [("callback_url", receiver.url), ("verify_token", "v")]
                let answer = try await visitor.post("/api/v3/push_subscriptions", form)
                #expect(answer.errorLine == "PushSubscription/callback url/not verifiable")
            }
        }
    }

    @Test func `uploads, titles, deletions and deauthorisation are announced, crops are not`() async throws {
        try await withSimulator(options: Self.patient) { visitor in
            try await withReceiver { receiver in
                _ = visitor.simulator.issueTokens(for: anyone)
                let subscription = try await subscribe(visitor, to: receiver)
                let world = visitor.simulator.world
                let id = world.addActivity(to: anyone, NewActivity(startAt: monday.addingTimeInterval(-900)))
                let created = try await receiver.event(1)
                #expect(created["aspect_type"] as? String == "create")
                #expect(created["object_id"] as? Int64 == id.rawValue)
                #expect(created["owner_id"] as? Int == 101)
                #expect(created["subscription_id"] as? Int == subscription)
                #expect((created["updates"] as? [String: String])?.isEmpty == true)
                #expect(created["event_time"] as? Int == Int(monday.timeIntervalSince1970))
                world.crop(id, keeping: 0.5)
                world.changeGear(id, to: nil)
                world.rename(id, to: "Messy")
                #expect(try await receiver.event(2)["updates"] as? [String: String] == ["title": "Messy"])
                world.makePrivate(id)
                #expect(try await receiver.event(3)["updates"] as? [String: String] == ["private": "true"])
                world.delete(id)
                #expect(try await receiver.event(4)["aspect_type"] as? String == "delete")
                visitor.simulator.deauthorize(anyone)
                let left = try await receiver.event(5)
                #expect(left["object_type"] as? String == "athlete")
                #expect(left["updates"] as? [String: String] == ["authorized": "false"])
            }
        }
    }

    @Test func `without read_all a hidden activity is announced as deleted`() async throws {
        try await withSimulator(options: Self.patient) { visitor in
            try await withReceiver { receiver in
                _ = visitor.simulator.issueTokens(for: anyone, scopes: [.read, .activityRead])
                _ = try await subscribe(visitor, to: receiver)
                let id = visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday))
                #expect(try await receiver.event(1)["aspect_type"] as? String == "create")
                visitor.simulator.world.makePrivate(id)
                #expect(try await receiver.event(2)["aspect_type"] as? String == "delete")
                visitor.simulator.world.setVisibility(id, .everyone)
                #expect(try await receiver.event(3)["aspect_type"] as? String == "create")
            }
        }
    }

    @Test func `an event that the callback refuses is sent three times, about a minute apart`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock, options: Self.patient) { visitor in
            try await withReceiver(.refusingEvents(500)) { receiver in
                _ = visitor.simulator.issueTokens(for: anyone)
                _ = try await subscribe(visitor, to: receiver)
                visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday))
                _ = try await receiver.event(1)
                await clock.waitForSleepers()
                #expect(clock.deadlines == [monday.addingTimeInterval(62)])
                clock.advance(by: .seconds(62))
                _ = try await receiver.event(2)
                await clock.waitForSleepers()
                #expect(clock.deadlines == [monday.addingTimeInterval(137)])
                clock.advance(by: .seconds(75))
                let third = try await receiver.event(3)
                #expect(third["object_id"] as? Int64 == (try await receiver.event(1))["object_id"] as? Int64)
                #expect(clock.deadlines == [])
            }
        }
    }

    @Test func `events can arrive in the wrong order`() async throws {
        var options = Self.patient
        options.webhooks.isDisordered = true
        try await withSimulator(options: options) { visitor in
            try await withReceiver { receiver in
                _ = visitor.simulator.issueTokens(for: anyone)
                _ = try await subscribe(visitor, to: receiver)
                let id = visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday))
                visitor.simulator.world.delete(id)
                _ = try await receiver.event(2)
                #expect(receiver.events.compactMap { $0["aspect_type"] as? String } == ["delete", "create"])
            }
        }
    }

    @Test func `events can arrive twice or not at all`() async throws {
        var options = Self.patient
        options.webhooks.copies = 2
        options.webhooks.loseEvery = 3
        try await withSimulator(options: options) { visitor in
            try await withReceiver { receiver in
                _ = visitor.simulator.issueTokens(for: anyone)
                _ = try await subscribe(visitor, to: receiver)
                let ids = (1...4).map {
                    visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday.addingTimeInterval(Double(-$0)))).rawValue
                }
                _ = try await receiver.event(6)
                let seen = try receiver.events.map { try #require($0["object_id"] as? Int64) }
                #expect(seen.sorted() == [ids[0], ids[0], ids[1], ids[1], ids[3], ids[3]])
            }
        }
    }

    @Test func `live activities are announced when they appear`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(live: LivePlan(interval_s: 60), clock: clock, options: Self.patient) { visitor in
            try await withReceiver { receiver in
                _ = visitor.simulator.issueTokens(for: anyone)
                _ = try await subscribe(visitor, to: receiver)
                await clock.waitForSleepers()
                clock.advance(by: .seconds(60))
                let newest = try #require(visitor.simulator.truth(for: anyone).first)
                #expect(try await receiver.event(1)["object_id"] as? Int64 == newest.id.rawValue)
            }
        }
    }
}
