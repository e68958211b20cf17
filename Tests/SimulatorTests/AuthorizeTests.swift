import Core
import Foundation
import HTTPTransport
import Simulator
import Testing

/// GET and POST /oauth/authorize, deauthorize and revoke (docs/strava-api.md 1.1 and 1.4).
struct AuthorizeTests {
    private static let form = [
        ("client_id", "12345"), ("redirect_uri", "http://localhost:8080/oauth/callback"), ("response_type", "code"),
        ("state", "once"), ("asked", "read,activity:read,activity:read_all"),
    ]

    @Test func `the page shows a tick box for each scope asked for`() async throws {
        try await withSimulator { visitor in
            let query = "client_id=12345&response_type=code&redirect_uri=http://localhost/back&scope=read,activity:read&state=%3C%22"
            let page = try await visitor.http.send(.init(url: "\(visitor.simulator.oauthURL)/authorize?\(query)"))
            #expect(page.status == 200)
            #expect(page.text.contains(#"type="checkbox" name="scope" value="activity:read""#))
            #expect(!page.text.contains("profile:read_all"))
            #expect(page.text.contains("&lt;&quot;"))
        }
    }

    @Test func `only what was ticked is granted`() async throws {
        try await withSimulator { visitor in
            let ticked = [("scope", "read"), ("scope", "activity:read"), ("athlete_id", "101"), ("decision", "authorize")]
            let answer = try await visitor.post("/oauth/authorize", Self.form + ticked)
            #expect(answer.status == 302)
            let location = try #require(answer.headers["location"])
            let code = try #require(location.firstMatch(of: /code=([0-9a-f]{40})/)?.1)
            #expect(location == "http://localhost:8080/oauth/callback?state=once&code=\(code)&scope=read,activity:read")
            let tokens = try await visitor.token([("grant_type", "authorization_code"), ("code", String(code))]).object
            let token = tokens["access_token"] as? String
            #expect(try await visitor.get("/athlete/activities", token: token).status == 200)
            #expect(try await visitor.get("/athlete/zones", token: token).status == 401)
        }
    }

    @Test func `a denial redirects without a code`() async throws {
        try await withSimulator { visitor in
            let answer = try await visitor.post("/oauth/authorize", Self.form + [("decision", "cancel")])
            #expect(answer.headers["location"] == "http://localhost:8080/oauth/callback?state=once&error=access_denied")
            #expect(try await visitor.authorize("scope=read&auto_approve=deny") == "http://localhost/back?state=&error=access_denied")
        }
    }

    @Test func `an empty state is returned empty`() async throws {
        try await withSimulator { (visitor) async throws in
            #expect(try await visitor.authorize("scope=read&auto_approve=101").hasPrefix("http://localhost/back?state=&code="))
            visitor.simulator.autoApprove = .athlete(anyone, [.read])
            #expect(try await visitor.authorize("scope=read,activity:read&state=s").hasSuffix("&scope=read"))
        }
    }

    @Test(arguments: [
        ("client_id=1&response_type=code&redirect_uri=http://localhost/&scope=read", "Application/client_id/invalid"),
        ("client_id=12345&response_type=code&redirect_uri=http://evil.example/&scope=read", "Application/redirect_uri/invalid"),
        ("client_id=12345&response_type=code&redirect_uri=http://notfit.example/&scope=read", "Application/redirect_uri/invalid"),
        ("client_id=12345&redirect_uri=http://localhost/&scope=read", "Application/response_type/invalid"),
        ("client_id=12345&response_type=code&redirect_uri=http://localhost/&scope=everything", "Authorize/scope/invalid"),
    ])
    func `a wrong request never redirects`(query: String, line: String) async throws {
        var options = SimulatorOptions()
        options.callbackDomain = "fit.example"
        try await withSimulator(options: options) { visitor in
            let answer = try await visitor.http.send(.init(url: "\(visitor.simulator.oauthURL)/authorize?\(query)&auto_approve=101"))
            #expect(answer.status == 400)
            #expect(answer.errorLine == line)
            #expect(answer.headers["location"] == nil)
        }
    }

    @Test func `redirects go to the registered domain and its subdomains`() async throws {
        var options = SimulatorOptions()
        options.callbackDomain = "fit.example"
        try await withSimulator(options: options) { visitor in
            for host in ["fit.example", "www.fit.example:8443"] {
                let query = "client_id=12345&response_type=code&redirect_uri=https://\(host)/back&scope=read&auto_approve=101"
                let answer = try await visitor.http.send(.init(url: "\(visitor.simulator.oauthURL)/authorize?\(query)"))
                #expect(answer.headers["location"]?.hasPrefix("https://\(host)/back?state=&code=") == true)
            }
        }
    }

    @Test func `a full application takes no new athlete but lets its own reconnect`() async throws {
        var options = SimulatorOptions()
        options.capacity = 1
        try await withSimulator(athletes: 2, options: options) { visitor in
            let early = try await visitor.authorize("scope=read&auto_approve=102")
            _ = visitor.simulator.issueTokens(for: anyone)
            let query = "client_id=12345&response_type=code&redirect_uri=http://localhost/back&scope=read&auto_approve=102"
            let refused = try await visitor.http.send(.init(url: "\(visitor.simulator.oauthURL)/authorize?\(query)"))
            #expect(refused.status == 403)
            #expect((refused.object["message"] as? String)?.contains("Limit of connected athletes exceeded") == true)
            let code = try #require(early.firstMatch(of: /code=([0-9a-f]{40})/)?.1)
            let tooLate = try await visitor.token([("grant_type", "authorization_code"), ("code", String(code))])
            #expect(tooLate.status == 403)
            #expect(try await visitor.authorize("scope=read&auto_approve=101").contains("code="))
        }
    }

    @Test func `deauthorize revokes both tokens and answers with the access token`() async throws {
        try await withSimulator { visitor in
            let issued = visitor.simulator.issueTokens(for: anyone)
            let answer = try await visitor.post("/oauth/deauthorize", [], authorization: "Bearer \(issued.accessToken)")
            #expect(answer.object["access_token"] as? String == issued.accessToken)
            #expect(answer.headers["x-ratelimit-usage"] == "1,1")
            #expect(answer.headers["x-readratelimit-usage"] == "1,1")
            #expect(try await visitor.get("/athlete", token: issued.accessToken).status == 401)
            #expect(try await visitor.refresh(issued.refreshToken).status == 400)
            #expect(!visitor.simulator.isConnected(anyone))
        }
    }

    @Test func `revoke needs Basic credentials and takes either token, even an unknown one`() async throws {
        try await withSimulator { visitor in
            let basic = "Basic " + Data("12345:simulated-client-secret".utf8).base64EncodedString()
            let issued = visitor.simulator.issueTokens(for: anyone)
            let form = [("token", issued.refreshToken), ("token_type_hint", "refresh_token")]
            let stranger = try await visitor.post("/oauth/revoke", form)
            #expect(stranger.status == 401)
            #expect(stranger.text == #"{"message":"Authorization Error","errors":[]}"#)
            #expect(try await visitor.post("/oauth/revoke", [], authorization: basic).status == 400)
            let done = try await visitor.post("/oauth/revoke", form, authorization: basic)
            #expect(done.status == 200)
            #expect(done.body.isEmpty)
            #expect(try await visitor.get("/athlete", token: issued.accessToken).status == 401)
            #expect(try await visitor.post("/oauth/revoke", form, authorization: basic).status == 200)
            #expect(try await visitor.post("/oauth/revoke", [("token", "unknown")], authorization: basic).status == 200)
        }
    }

    @Test func `an athlete who reconnects gets new tokens with other scopes`() async throws {
        try await withSimulator { (visitor) async throws in
            let old = visitor.simulator.issueTokens(for: anyone)
            visitor.simulator.deauthorize(anyone)
            let new = visitor.simulator.issueTokens(for: anyone, scopes: [.read])
            #expect(try await visitor.get("/athlete", token: new.accessToken).status == 200)
            #expect(try await visitor.get("/athlete/activities", token: new.accessToken).status == 401)
            #expect(try await visitor.get("/athlete", token: old.accessToken).status == 401)
        }
    }
}
