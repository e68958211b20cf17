import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// From the connect link to a sealed token, through the simulator's consent page.
@Suite struct ConnectFlowTests {
    private let athlete = GatewayFixture.athlete

    @Test func `a person who consents is connected and the sync begins`() async throws {
        try await withGateway { gateway in
            let callback = try await gateway.callback(try await gateway.redirectAfterConsent())
            #expect(callback.status == 200)
            #expect(callback.text.contains("<h1>Connected</h1>"))
            #expect(callback.text.contains("of <strong>Athlete 1</strong> is connected as <strong>user-1</strong>"))
            #expect(!callback.text.contains("ticked"))
            let rows = try await gateway.database.query("SELECT uid, scope, state FROM sync.athlete WHERE athlete_id = \(athlete)")
            let (uid, scope, state) = try rows[0].decode(String.self, String.self, String.self)
            #expect(uid == "user-1" && state == "active")
            #expect(scope == "read,activity:read,activity:read_all,profile:read_all")
            let due = try await gateway.database.query("SELECT priority FROM sync.schedule WHERE athlete_id = \(athlete)")
            #expect(try due[0].decode(Int.self) == 0)
            let token = try await gateway.vault.accessToken(for: athlete)
            #expect(!token.isEmpty)
            #expect(try await gateway.openStateCount == 0)
        }
    }

    @Test func `the consent link requests the needed scopes and returns to the public address`() async throws {
        try await withGateway { gateway in
            let connect = try await gateway.begin()
            let link = try #require(connect.headers["Location"].flatMap(URLComponents.init(string:)))
            let query = Dictionary(uniqueKeysWithValues: (link.queryItems ?? []).map { ($0.name, $0.value ?? "") })
            #expect(link.string?.hasPrefix(gateway.simulator.oauthURL + "/authorize?") == true)
            #expect(query["scope"] == "read,activity:read,activity:read_all,profile:read_all")
            #expect(query["redirect_uri"] == "http://127.0.0.1:9/oauth/callback")
            #expect(query["response_type"] == "code" && query["client_id"] == gateway.simulator.options.clientID)
            #expect(query["state"].flatMap { ConnectSecret($0) } != nil)
            #expect(!link.string!.contains(gateway.simulator.options.clientSecret))
        }
    }

    @Test func `the database keeps only the state's hash`() async throws {
        try await withGateway { gateway in
            let connect = try await gateway.begin()
            let link = try #require(connect.headers["Location"].flatMap(URLComponents.init(string:)))
            let text = try #require(link.queryItems?.first { $0.name == "state" }?.value)
            let rows = try await gateway.database.query("SELECT state_sha256, uid, expires_at FROM sync.connect_state")
            let (hash, uid, expiresAt) = try rows[0].decode([UInt8].self, String.self, Date.self)
            let expected = try await gateway.database.query("SELECT sha256(\(Array(text.utf8)))")
            let expectedHash = try expected[0].decode([UInt8].self)
            #expect(hash == expectedHash)
            #expect(uid == "user-1" && expiresAt == GatewayFixture.start.addingTimeInterval(600))
        }
    }

    @Test func `a callback that arrives many times at once is exchanged once`() async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await gateway.callback(redirect).status } }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 20])
            #expect(gateway.simulator.requests.count { $0.endpoint == "token" } == 1)
            #expect(try await gateway.callback(redirect).text.contains("<h1>Connected</h1>"))
        }
    }

    @Test func `a state expires after ten minutes`() async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            gateway.clock.advance(by: .seconds(600))
            let late = try await gateway.callback(redirect)
            #expect(late.status == 400 && late.text.contains("no longer valid"))
            #expect(try await gateway.tokenCount == 0)
        }
    }

    @Test(arguments: [
        "", "state=&code=x&scope=read", "state=forged&code=x&scope=activity:read", "state=\(String(repeating: "a", count: 43))&code=x",
    ])
    func `a callback that nobody began stores nothing and asks Strava nothing`(query: String) async throws {
        try await withGateway { gateway in
            let callback = try await gateway.get("/oauth/callback?" + query)
            #expect(callback.status == 400)
            #expect(gateway.simulator.requestCount == 0)
            #expect(try await gateway.tokenCount == 0)
        }
    }

    @Test func `a person who denies access gets a friendly page, and nothing is stored`() async throws {
        try await withGateway { gateway in
            gateway.simulator.autoApprove = .deny
            let callback = try await gateway.callback(try await gateway.redirectAfterConsent())
            #expect(callback.status == 200 && callback.text.contains("Not connected"))
            #expect(callback.text.contains("/connect?uid=user-1&amp;expires="))
            #expect(try await gateway.tokenCount == 0)
            #expect(try await gateway.openStateCount == 0)
        }
    }

    @Test(arguments: [StravaScopes.read, [.read, .profileReadAll]])
    func `without permission to read activities nothing is stored, and the page says what is missing`(scopes: StravaScopes) async throws {
        try await withGateway { gateway in
            gateway.simulator.autoApprove = .athlete(athlete, scopes)
            let callback = try await gateway.callback(try await gateway.redirectAfterConsent())
            #expect(callback.status == 400)
            #expect(callback.text.contains("<code>activity:read</code>") && callback.text.contains("<code>activity:read_all</code>"))
            #expect(gateway.simulator.requests.count { $0.endpoint == "token" } == 0)
            #expect(try await gateway.tokenCount == 0)
            #expect(try await gateway.openStateCount == 0)
        }
    }

    @Test func `with other permissions missing it works, and the page says what is left out`() async throws {
        try await withGateway { gateway in
            gateway.simulator.autoApprove = .athlete(athlete, [.read, .activityRead])
            let callback = try await gateway.callback(try await gateway.redirectAfterConsent())
            #expect(
                callback.status == 200 && callback.text.contains("privacy zones") && callback.text.contains("heart rate and power zones"))
            let rows = try await gateway.database.query("SELECT scope FROM sync.athlete")
            #expect(try rows[0].decode(String.self) == "read,activity:read")
        }
    }

    @Test func `who connects while their data is being erased is told to come back, and the link stays good`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            try await gateway.database.query("UPDATE sync.athlete SET state = 'erasing', uid = NULL")
            let link = try gateway.link()
            let early = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            #expect(early.status == 409 && early.text.contains("is being deleted here"))
            #expect(try await gateway.get(link).status == 200)
            #expect(try await gateway.database.query("SELECT FROM sync.athlete WHERE state = 'erasing'").count == 1)
        }
    }

    @Test func `a person who connects again is told so, and the athlete's row stays`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.callback(try await gateway.redirectAfterConsent())
            let again = try await gateway.callback(try await gateway.redirectAfterConsent())
            #expect(again.status == 200 && again.text.contains("Connected again"))
            #expect(try await gateway.tokenCount == 1)
        }
    }

    @Test(arguments: [
        (Fault.Response.html(503), 502), (.reset, 502), (.malformed, 502),
        (.status(403, "{\"message\":\"Limit of connected athletes exceeded\",\"errors\":[]}"), 503),
        (
            .status(
                401, "{\"message\":\"Authorization Error\",\"errors\":[{\"resource\":\"Application\",\"field\":\"\",\"code\":\"invalid\"}]}"
            ), 500
        ),
        (
            .status(
                400,
                "{\"message\":\"Bad Request\",\"errors\":[{\"resource\":\"AuthorizationCode\",\"field\":\"code\",\"code\":\"invalid\"}]}"),
            400
        ),
    ])
    func `a failed exchange stores nothing and says what to do`(response: Fault.Response, status: Int) async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            gateway.simulator.faults.append(Fault(match: .token, times: 1, response: response))
            let callback = try await gateway.callback(redirect)
            #expect(callback.status == status && callback.text.contains("Nothing was stored"))
            #expect(try await gateway.tokenCount == 0)
        }
    }
}
