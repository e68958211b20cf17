import Core
import Foundation
import HTTPTransport
import StravaAPI
import Sync
import TestKit
import Testing

@testable import Gateway

@Suite struct WebhookRouteTests {
    private func path(_ gateway: GatewayFixture) -> String { "/webhooks/strava/" + gateway.webhook.pathSecret.reveal() }

    private func post(_ gateway: GatewayFixture, _ path: String, _ body: String) async throws -> Int {
        try await gateway.browser.send(HTTPRequest(method: .post, url: gateway.base + path, body: Array(body.utf8))).status
    }

    private func event(_ object: Int64, owner: Int64 = GatewayFixture.athlete.rawValue) -> String {
        """
        {"object_type":"activity","object_id":\(object),"aspect_type":"create","updates":{},"owner_id":\(owner),
         "subscription_id":"120475","event_time":1793000000}
        """
    }

    @Test func `Strava's challenge is echoed if path and verify token are right`() async throws {
        try await withGateway { gateway in
            let token = gateway.webhook.verifyToken.reveal()
            let query = "?hub.mode=subscribe&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.verify_token="
            let answer = try await gateway.get(path(gateway) + query + token)
            #expect(answer.status == 200 && answer.headers["Content-Type"] == "application/json")
            #expect(answer.text == #"{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}"#)
            #expect(try await gateway.get(path(gateway) + query + "wrong").status == 403)
            #expect(try await gateway.get("/webhooks/strava/guessed" + query + token).status == 404)
        }
    }

    @Test func `an event is stored once, and its athlete is due at once`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            try await gateway.database.query("UPDATE sync.schedule SET due_at = now() + interval '1 day', priority = 2")
            for _ in 0..<3 { #expect(try await post(gateway, path(gateway), event(5)) == 200) }
            let rows = try await gateway.database.query(
                "SELECT count(*), (SELECT priority FROM sync.schedule WHERE due_at <= \(gateway.clock.now)) FROM sync.event")
            #expect(try rows[0].decode(Int.self, Int.self) == (1, 1))
        }
    }

    @Test(arguments: [
        #"{"authorized":true}"#, #"{"title":"a\u0000b"}"#, #"{"title":"\ud83d"}"#, #"{"n":1e400000}"#, #"{"private":null,"x":[1]}"#, "[]",
    ])
    func `an event is accepted, whatever it says has changed`(updates: String) async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            let body = event(5).replacing("\"updates\":{}", with: "\"updates\":" + updates)
            #expect(body.contains(updates))
            #expect(try await post(gateway, path(gateway), body) == 200)
            #expect(try await gateway.database.query("SELECT count(*) FROM sync.event")[0].decode(Int.self) == 1)
        }
    }

    @Test func `events of unknown athletes are answered and dropped, malformed ones are refused`() async throws {
        try await withGateway { gateway in
            let stranger = try await post(gateway, path(gateway), event(5, owner: 404))
            #expect(stranger == 200)
            for body in ["", "[]", "{", "object_id=5"] { #expect(try await post(gateway, path(gateway), body) == 400, "\(body)") }
            for body in ["{}", #"{"object_type":"activity"}"#, event(5, owner: 404).replacing(":404", with: ":[404]")] {
                #expect(try await post(gateway, path(gateway), body) == 200, "\(body)")
            }
            #expect(try await post(gateway, path(gateway), String(repeating: " ", count: 20_000)) == 413)
            #expect(try await post(gateway, "/webhooks/strava/guessed", event(5)) == 404)
            #expect(try await gateway.database.query("SELECT count(*) FROM sync.event")[0].decode(Int.self) == 0)
        }
    }

    @Test(arguments: [
        ("object_id\":5", "object_id\":null"), ("object_id\":5", "object_id\":\"5\""), ("1793000000", "\"1793000000\""),
        ("create", "made up"),
    ])
    func `whatever form the values have, the athlete is looked at`(written: String, sent: String) async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            try await gateway.database.query("UPDATE sync.schedule SET due_at = now() + interval '1 day', priority = 2")
            let body = event(5).replacing("\"" + written, with: "\"" + sent).replacing(":" + written, with: ":" + sent)
            #expect(body != event(5))
            #expect(try await post(gateway, path(gateway), body) == 200)
            let due = try await gateway.database.query("SELECT FROM sync.schedule WHERE due_at <= \(gateway.clock.now) AND priority = 1")
            #expect(due.count == 1)
        }
    }

    @Test func `of a crowd of events none is lost, and each is written before it is answered`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for object in 1...600 { group.addTask { try await post(gateway, path(gateway), event(Int64(object / 2))) } }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 600])
            // Each object but the first and the last was announced twice.
            #expect(try await gateway.database.query("SELECT count(*) FROM sync.event")[0].decode(Int.self) == 301)
        }
    }

    @Test func `without a database, Strava is asked to send the event again`() async throws {
        try await withGateway { gateway in
            await gateway.database.close()
            let status = try await post(gateway, path(gateway), event(5))
            #expect(status >= 500)
        }
    }

    @Test func `the callback's path is made once, and the operator's verify token overrides ours`() async throws {
        try await withGateway { gateway in
            let desk = EventDesk(database: gateway.database, clock: gateway.clock)
            #expect(try await desk.address(verifyToken: nil) == gateway.webhook)
            let own = try await desk.address(verifyToken: Secret("own"))
            #expect(own.verifyToken.reveal() == "own" && own.pathSecret == gateway.webhook.pathSecret)
        }
    }
}
