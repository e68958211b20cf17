import Core
import Foundation
import Simulator
import TestKit
import Testing

/// POST /oauth/token and the validity of access tokens (docs/strava-api.md 1.2 to 1.5).
struct TokenTests {
    @Test(arguments: ["/oauth/token", "/api/v3/oauth/token"])
    func `both addresses exchange a code, but only once`(path: String) async throws {
        try await withSimulator { visitor in
            let code = try await visitor.code()
            let form = [("grant_type", "authorization_code"), ("code", code)]
            let answer = try await visitor.token(form, path: path).object
            #expect(answer["token_type"] as? String == "Bearer")
            #expect(answer["expires_in"] as? Int == 21_600)
            #expect(answer["expires_at"] as? Int == Int(monday.timeIntervalSince1970) + 21_600)
            #expect((answer["athlete"] as? [String: Any])?["id"] as? Int == 101)
            #expect((answer["athlete"] as? [String: Any])?["resource_state"] as? Int == 2)
            #expect((answer["refresh_token"] as? String)?.wholeMatch(of: /[0-9a-f]{40}/) != nil)
            let token = try #require(answer["access_token"] as? String)
            #expect(try await visitor.get("/athlete", token: token).status == 200)
            let again = try await visitor.token(form, path: path)
            #expect(again.status == 400)
            #expect(again.errorLine == "AuthorizationCode/code/invalid")
        }
    }

    @Test func `a code expires`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock) { visitor in
            let code = try await visitor.code()
            clock.advance(by: .seconds(3600))
            let answer = try await visitor.token([("grant_type", "authorization_code"), ("code", code)])
            #expect(answer.errorLine == "AuthorizationCode/code/invalid")
        }
    }

    @Test func `with more than an hour left a refresh returns the same access token`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock) { visitor in
            let issued = visitor.simulator.issueTokens(for: anyone)
            clock.advance(by: .seconds(7200))
            let answer = try await visitor.refresh(issued.refreshToken).object
            #expect(answer["access_token"] as? String == issued.accessToken)
            #expect(answer["expires_in"] as? Int == 14_400)
            #expect(answer["refresh_token"] as? String == issued.refreshToken)
            #expect(answer["athlete"] == nil)
        }
    }

    @Test func `a refresh in the last hour returns a new pair, and the old refresh token is dead at once`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock) { visitor in
            let issued = visitor.simulator.issueTokens(for: anyone)
            clock.advance(by: .seconds(18_000))
            let answer = try await visitor.refresh(issued.refreshToken).object
            let (access, refresh) = (answer["access_token"] as? String, answer["refresh_token"] as? String)
            #expect(access != issued.accessToken)
            #expect(refresh != issued.refreshToken)
            #expect(answer["expires_in"] as? Int == 21_600)
            let dead = try await visitor.refresh(issued.refreshToken)
            #expect(dead.status == 400)
            #expect(dead.errorLine == "RefreshToken/refresh_token/invalid")
            #expect(try await visitor.refresh(refresh ?? "").status == 200)
            // Newer and older access tokens both work until each expires.
            #expect(try await visitor.get("/athlete", token: issued.accessToken).status == 200)
            #expect(try await visitor.get("/athlete", token: access).status == 200)
            clock.advance(by: .seconds(3600))
            #expect(try await visitor.get("/athlete", token: issued.accessToken).errorLine == "Athlete/access_token/invalid")
            #expect(try await visitor.get("/athlete", token: access).status == 200)
        }
    }

    @Test func `rotation can be switched off, or on for every refresh`() async throws {
        try await withSimulator { visitor in
            let expired = visitor.simulator.issueTokens(for: anyone, expiresIn: -1)
            visitor.simulator.rotation = .never
            let kept = try await visitor.refresh(expired.refreshToken).object
            #expect(kept["refresh_token"] as? String == expired.refreshToken)
            #expect(kept["access_token"] as? String != expired.accessToken)
            visitor.simulator.rotation = .always
            let replaced = try await visitor.refresh(expired.refreshToken).object
            #expect(replaced["access_token"] as? String == kept["access_token"] as? String)
            #expect(replaced["refresh_token"] as? String != expired.refreshToken)
            #expect(try await visitor.refresh(expired.refreshToken).status == 400)
        }
    }

    @Test func `each mistake of an application has an answer of its own`() async throws {
        try await withSimulator { visitor in
            let refresh = [("grant_type", "refresh_token"), ("refresh_token", "none")]
            let id = ("client_id", visitor.simulator.options.clientID)
            let cases: [(form: [(String, String)], status: Int, line: String)] = [
                ([], 400, "Application/client_id/invalid"),
                ([("client_id", "99"), ("client_secret", "x")] + refresh, 400, "Application/client_id/invalid"),
                ([id] + refresh, 400, "Application/client_id/invalid"),
                ([id, ("client_secret", "wrong")] + refresh, 401, "Application//invalid"),
                (visitor.credentials + [("grant_type", "password")], 400, "Application/client_id/invalid"),
                (visitor.credentials, 400, "Application/client_id/invalid"),
                (visitor.credentials + refresh, 400, "RefreshToken/refresh_token/invalid"),
            ]
            for (form, status, line) in cases {
                let answer = try await visitor.post("/oauth/token", form)
                #expect(answer.status == status)
                #expect(answer.errorLine == line)
                #expect(answer.headers["x-ratelimit-usage"] == nil)
            }
            #expect(visitor.simulator.quotaWindows.isEmpty)
        }
    }

    @Test func `a dead token and a missing scope have different answers`() async throws {
        try await withSimulator { visitor in
            let dead = visitor.simulator.issueTokens(for: anyone, expiresIn: -1).accessToken
            for token in [dead, "0123456789012345678901234567890123456789", "x", nil] {
                let answer = try await visitor.get("/athlete", token: token)
                #expect(answer.status == 401)
                #expect(answer.errorLine == "Athlete/access_token/invalid")
            }
            let reader = visitor.simulator.issueTokens(for: anyone, scopes: .read).accessToken
            let noList = try await visitor.get("/athlete/activities", token: reader)
            #expect(noList.status == 401)
            #expect(noList.errorLine == "AccessToken/activity:read_permission/missing")
            #expect(try await visitor.get("/athlete/zones", token: reader).status == 401)
            #expect(try await visitor.get("/athlete", token: reader).object["resource_state"] as? Int == 2)
        }
    }

    @Test func `tokens survive a restart of the simulator`() async throws {
        let world = SimulatorWorld(seed: 9, epoch: monday, athleteCount: 1, activitiesEach: 3)
        let before = StravaSimulator(world: world, clock: .manual(at: monday)).issueTokens(for: anyone)
        try await withSimulator(world: world) { (visitor) async throws in
            #expect(try await visitor.get("/athlete", token: before.accessToken).status == 200)
            #expect(try await visitor.refresh(before.refreshToken).status == 200)
            visitor.simulator.deauthorize(anyone)
            #expect(try await visitor.get("/athlete", token: before.accessToken).status == 401)
            #expect(try await visitor.refresh(before.refreshToken).status == 400)
        }
    }

    @Test func `the log says where a request carried its token, and never the token`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            _ = try await visitor.get("/athlete", token: token)
            _ = try await visitor.get("/athlete?access_token=\(token)", token: nil)
            _ = try await visitor.post("/oauth/deauthorize", [("access_token", token)])
            #expect(visitor.simulator.requests.map(\.tokenPlace) == [.header, .query, .body])
            #expect(visitor.simulator.requests.allSatisfy { $0.status == 200 && !$0.query.contains(token) })
            #expect(visitor.simulator.counters == ["athlete 200": 2, "deauthorize 200": 1])
        }
    }
}

extension Visitor {
    /// A code for the first athlete, by way of the consent page's redirect.
    func code(scope: String = "read,activity:read_all") async throws -> String {
        let location = try await authorize("scope=\(scope)&auto_approve=101")
        return try #require(location.split(separator: "code=").last?.split(separator: "&").first.map(String.init))
    }

    /// Where GET /oauth/authorize redirects to.
    func authorize(_ query: String) async throws -> String {
        let url = "\(simulator.oauthURL)/authorize?client_id=12345&response_type=code&redirect_uri=http://localhost/back&\(query)"
        let answer = try await http.send(.init(url: url))
        return try #require(answer.headers["location"], "status \(answer.status)")
    }
}
