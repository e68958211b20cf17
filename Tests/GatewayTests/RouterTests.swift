import Core
import Foundation
import HTTPTransport
import Identity
import TestKit
import Testing

@testable import Gateway

@Suite struct RouterTests {
    // MARK: Refusals

    @Test(arguments: [
        ("", 900), ("{}", 900), ("[]", 900), ("[1]", 900), ("null", 900), ("\"x\"", 900), ("{", 900), ("target_api=data_run", 900),
        ("{\"payload\":{}}", 901), ("{\"target_api\":\"\"}", 901), ("{\"target_api\":null}", 901), ("{\"target_api\":7}", 901),
        ("{\"target_api\":[\"data_run\"]}", 901), ("{\"target_api\":\"no_such<b>\",\"payload\":{}}", 905),
        ("{\"target_api\":\"DATA_RUN\"}", 905),
    ])
    func `a body that can't be used has the predecessor's code and a valid status`(_ body: String, _ code: Int) async throws {
        try await RouterFixture.with { router in
            let answer = try await router.post(body, authorization: router.bearer("user-1"))
            #expect(answer.status == 400 && answer.number("code") == code && answer.text("error") == "Bad Request")
            #expect(answer.text("message")?.isEmpty == false && answer.object["diagnostics"] != nil)
            #expect(answer.headers["Content-Type"] == "application/json" && !answer.text.contains("no_such"))
        }
    }

    @Test(
        arguments: [
            (nil, 902), ("", 903), ("Basic dXNlcjpzZWNyZXQ=", 903), ("Bearersecret-1", 903), ("Bearer", 904), ("Bearer  ", 904),
        ] as [(String?, Int)])
    func `a header without a token has the predecessor's code, and is not sent back`(_ field: String?, _ code: Int) async throws {
        try await RouterFixture.with { router in
            let answer = try await router.post(#"{"target_api":"data_run","payload":{"x":"secret-2"}}"#, authorization: field)
            #expect(answer.status == 401 && answer.number("code") == code && answer.text("error") == "Unauthorized")
            #expect(answer.headers["WWW-Authenticate"] == "Bearer")
            #expect(!answer.text.contains("secret-") && !answer.text.contains("dXNl"))
        }
    }

    @Test func `a token that does not hold is unauthorized, whatever is wrong with it`() async throws {
        try await RouterFixture.with { router in
            let issuer = router.issuer
            let tokens = [
                "secret-1", "a.b.c", "fitnessd_secret", String(repeating: "secret", count: 1_100), issuer.unsigned() + ".",
                try await issuer.token(claims: ["aud": "\"other\""]), try await issuer.token(claims: ["exp": "1"]),
                try await issuer.token(header: ["alg": "\"none\""]),
            ]
            for token in tokens {
                let answer = try await router.post(#"{"target_api":"data_run","payload":{}}"#, authorization: "Bearer " + token)
                #expect(answer.status == 401 && answer.text("error") == "Unauthorized", "\(answer.text)")
                #expect(answer.object.keys.sorted() == ["diagnostics", "error", "message"] && !answer.text.contains("secret"))
                #expect(answer.headers["WWW-Authenticate"] == "Bearer error=\"invalid_token\"")
            }
        }
    }

    @Test func `other methods, and bodies that are too large, are refused in the same shape`() async throws {
        try await RouterFixture.with { router in
            let get = try await router.gateway.get("/api")
            #expect(get.status == 405 && get.headers["Allow"] == "POST" && get.number("code") == 405)
            let large = try await router.post(String(repeating: "x", count: 20_000), authorization: nil)
            #expect(large.status == 413 && large.number("code") == 413 && large.text("message")?.isEmpty == false)
            let none = try await router.gateway.get("/v1/none")
            #expect(none.status == 404 && none.text("error") == "code,message")
        }
    }

    @Test func `too many refused tokens of a client have to wait`() async throws {
        try await RouterFixture.with { router in
            for _ in 0..<30 { _ = try await router.post(#"{"target_api":"data_run"}"#, authorization: "Bearer x") }
            let answer = try await router.post(#"{"target_api":"data_run"}"#, authorization: "Bearer x")
            #expect(answer.status == 429 && answer.number("code") == 429 && answer.text("error") == "Too Many Requests")
            #expect(answer.object["diagnostics"] as? String == "retry_after_s" && answer.headers["Retry-After"] == "2")
        }
    }

    // MARK: Connecting

    @Test func `a code connects the athlete with the uid of the token`() async throws {
        try await RouterFixture.with { router in
            let answer = try await router.connect(GatewayFixture.athlete, as: "user-1")
            #expect(answer.status == 200 && answer.text == #"{"athlete":101,"message":"Strava connection successful"}"#)
            let rows = try await router.gateway.database.query("SELECT athlete_id, uid FROM sync.athlete")
            #expect(try rows.map { try $0.decode(Int64.self, String.self).1 } == ["user-1"])
            #expect(try await router.gateway.tokenCount == 1)
            #expect(try await router.connect(GatewayFixture.athlete, as: "user-1").status == 200)
        }
    }

    @Test func `an athlete of another uid, or a uid of another athlete, is not moved`() async throws {
        try await RouterFixture.with { router in
            _ = try await router.connect(GatewayFixture.athlete, as: "user-1")
            let taken = try await router.connect(GatewayFixture.athlete, as: "user-2")
            #expect(taken.status == 409 && taken.number("code") == 409 && taken.text("message")?.contains("another account") == true)
            let second = try await router.connect(GatewayFixture.other, as: "user-1")
            #expect(second.status == 409 && second.text("message")?.contains("another Strava athlete") == true)
            #expect(!taken.text.contains("user-") && !second.text.contains("101"))
            let rows = try await router.gateway.database.query("SELECT uid FROM sync.athlete")
            #expect(try rows.map { try $0.decode(String.self) } == ["user-1"])
        }
    }

    @Test func `what Strava does not accept or did not grant is said in a sentence`() async throws {
        try await RouterFixture.with { router in
            for payload in ["{}", #"{"code":""}"#, #"{"code":7}"#, #"{"code":"a b"}"#, "null", "[]", "7"] {
                let answer = try await router.ask("strava_auth_initiate", payload)
                #expect(answer.status == 400 && answer.text("message")?.hasPrefix("payload.code is missing") == true)
            }
            let unknown = try await router.ask("strava_auth_initiate", #"{"code":"secret-code"}"#)
            #expect(unknown.status == 400 && unknown.text("message")?.hasPrefix("Strava does not accept the code") == true)
            #expect(!unknown.text.contains("secret"))
            let less = try await router.code(GatewayFixture.athlete, scope: "read")
            let refused = try await router.ask("strava_auth_initiate", #"{"code":"\#(less)","scope":"read"}"#)
            #expect(refused.status == 400 && refused.text("message")?.contains("access to activities") == true)
            #expect(try await router.gateway.tokenCount == 0)
        }
    }

    @Test(
        arguments: [(true, "read", "read,activity:read_all"), (false, "read,activity:read", "read,activity:read"), (false, nil, "")]
            as [(Bool, String?, String)])
    func `scopes are as Strava's answer says, else as the client says, else for the first sync to find out`(
        _ answerHasScope: Bool, _ said: String?, _ stored: String
    ) async throws {
        try await RouterFixture.with(answerHasScope: answerHasScope) { router in
            let scope = said.map { ",\"scope\":\"\($0)\"" } ?? ""
            let answer = try await router.ask("strava_auth_initiate", "{\"code\":\"\(router.code(GatewayFixture.athlete))\"\(scope)}")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await router.gateway.database.query("SELECT scope FROM sync.athlete")[0].decode(String.self) == stored)
        }
    }

    @Test func `an API token can't decide whose athlete it is`() async throws {
        try await RouterFixture.with { router in
            _ = try await router.connect(GatewayFixture.athlete, as: "user-1")
            let bearer = try await router.bearer("user-1", Set(Scope.allCases))
            let answer = try await router.post(#"{"target_api":"strava_auth_initiate","payload":{"code":"c"}}"#, authorization: bearer)
            #expect(answer.status == 403 && answer.number("code") == 403)
        }
    }

    // MARK: Refreshing

    @Test(arguments: [("?data_source=strava", "{}"), ("?data_source=STRAVA", "null"), ("", #"{"data_source":"strava"}"#)])
    func `a token is refreshed when it needs to be`(_ query: String, _ payload: String) async throws {
        try await RouterFixture.with { router in
            _ = try await router.connect(GatewayFixture.athlete, as: "user-1")
            router.gateway.simulator.clearRequests()
            let fresh = try await router.ask("token_refresh", payload, query: query)
            #expect(fresh.status == 200 && fresh.text == #"{"message":"Token refreshed successfully for Strava."}"#)
            #expect(router.gateway.simulator.requests.isEmpty)
        }
    }

    @Test func `an old token is replaced, and a dead one is told`() async throws {
        try await RouterFixture.with { router in
            let gateway = router.gateway
            _ = try await router.connect(GatewayFixture.athlete, as: "user-1")
            try await gateway.database.query("UPDATE vault.token SET access_expires_at = \(GatewayFixture.start)")
            gateway.simulator.clearRequests()
            #expect(try await router.ask("token_refresh", #"{"data_source":"strava"}"#).status == 200)
            #expect(gateway.simulator.requests.count == 1)
            gateway.simulator.deauthorize(GatewayFixture.athlete)
            gateway.clock.advance(by: .seconds(86_400))
            let dead = try await router.ask("token_refresh", #"{"data_source":"strava"}"#)
            #expect(dead.status == 409 && dead.text("message")?.contains("connect with Strava again") == true)
        }
    }

    @Test func `only Strava is a source, and only a connected athlete has tokens`() async throws {
        try await RouterFixture.with { router in
            for (payload, query) in [("{}", ""), (#"{"data_source":"garmin"}"#, ""), (#"{"data_source":"strava"}"#, "?data_source=garmin")]
            {
                let answer = try await router.ask("token_refresh", payload, query: query)
                #expect(answer.status == 400 && answer.text("message")?.contains("data_source") == true && !answer.text.contains("garmin"))
            }
            #expect(try await router.ask("token_refresh", #"{"data_source":"strava"}"#).status == 404)
        }
    }

    // MARK: Other origins

    @Test func `a web application of the configured origin may call from a browser`() async throws {
        try await RouterFixture.with(origins: AllowedOrigins("https://app.example.org")) { router in
            let preflight = try await router.preflight("/api", origin: "https://evil.example.org")
            #expect(preflight.status == 204 && preflight.body.isEmpty)
            for field in [
                "Origin: https://app.example.org", "Methods: POST", "Headers: Authorization, Content-Type",
            ] { #expect(preflight.head.contains("Access-Control-Allow-\(field)\r\n"), "\(preflight.head)") }
            #expect(preflight.head.contains("Access-Control-Max-Age: 3600\r\n") && !preflight.head.contains("evil"))
            #expect(try await router.preflight("/v1/none", origin: "x").status == 404)
            for body in ["", #"{"target_api":"data_run"}"#, String(repeating: "x", count: 20_000)] {
                let answer = try await router.post(body, authorization: nil)
                #expect(answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org", "\(answer.status)")
            }
            #expect(try await router.gateway.get("/connect").headers["Access-Control-Allow-Origin"] == nil)
        }
    }

    @Test func `without a configured origin no other origin may call`() async throws {
        try await RouterFixture.with { router in
            let preflight = try await router.preflight("/api", origin: "https://app.example.org")
            #expect(preflight.status == 204 && !preflight.head.contains("Allow-Origin"))
        }
    }

    @Test(arguments: [
        "https://a.example.org", "https://a.example.org,http://localhost:3000", "*", "http://[::1]:3000", "https://a.b, https://c.d:8443",
    ])
    func `origins are scheme, host and port`(_ text: String) throws {
        let origins = try AllowedOrigins(text)
        #expect(origins.allowed("http://localhost:3000") == (text.contains("localhost") ? "http://localhost:3000" : origins.allowed(nil)))
    }

    @Test(arguments: [
        "", "app.example.org", "https://a.example.org/", "https://A", "*,https://a.b", "https://a.b,", "null", "https://a.b\r\nX: y",
    ])
    func `what is no origin is an error that names the setting`(_ text: String) {
        let error = #expect(throws: GatewayError.self) { try AllowedOrigins(text) }
        #expect(error?.description.hasPrefix("FITNESSD_CORS_ORIGIN must be") == true)
    }
}
