import Core
import Foundation
import TestKit
import Testing

@testable import StravaAPI

struct StravaOAuthTests {
    private static let pair = #"{"token_type":"Bearer","expires_at":1795456800,"refresh_token":"r2","access_token":"a2"}"#

    @Test func `the consent address has all fields, encoded`() async throws {
        try await withScriptedStrava(script: { _ in [] }) { server, strava in
            let url = strava.authorizeURL(
                redirectURI: "https://example.org/oauth/callback?x=1", state: "s&t é", scopes: ["read", "activity:read_all"])
            #expect(
                url == server.url + "/oauth/authorize?client_id=12345&redirect_uri=https%3A%2F%2Fexample.org%2Foauth%2Fcallback%3Fx%3D1"
                    + "&response_type=code&approval_prompt=auto&state=s%26t%20%C3%A9&scope=read,activity%3Aread_all")
            let items = try #require(URLComponents(string: url)?.queryItems)
            #expect(items.first { $0.name == "scope" }?.value == "read,activity:read_all")
            #expect(items.first { $0.name == "state" }?.value == "s&t é")
        }
    }

    @Test func `an exchange and a refresh send their form and return the pair`() async throws {
        try await withScriptedStrava(script: { _ in [.answer(200, Self.pair)] }) { server, strava in
            let exchanged = try await strava.exchange(code: "c/1")
            let refreshed = try await strava.refresh(Secret("r1"))
            #expect(exchanged.accessToken == Secret("a2") && refreshed.refreshToken == Secret("r2"))
            #expect(server.requests.map(\.target) == ["/oauth/token", "/oauth/token"])
            #expect(server.requests.allSatisfy { $0.method == "POST" && $0.header("Authorization") == nil })
            #expect(server.requests.allSatisfy { $0.header("Content-Type") == "application/x-www-form-urlencoded" })
            let application = "client_id=12345&client_secret=geheim%20%26%20secret&"
            let forms = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(
                forms == [
                    application + "grant_type=authorization_code&code=c%2F1", application + "grant_type=refresh_token&refresh_token=r1",
                ])
        }
    }

    @Test func `only an error that names the refresh token ends a grant`() async throws {
        let dead = #"{"message":"Bad Request","errors":[{"resource":"RefreshToken","field":"refresh_token","code":"invalid"}]}"#
        for (body, type, code) in [
            (dead, "application/json", StravaError.Code.refreshTokenDead), ("<html>400</html>", "text/html", .maintenance),
            ("", "text/plain", .unreadable),
        ] {
            try await withScriptedStrava(script: { _ in [.answer(400, headers: [("Content-Type", type)], body)] }) { _, strava in
                await #expect(failure { try await strava.refresh(Secret("r1")) }?.code == code)
            }
        }
    }

    @Test func `a refresh whose answer is lost is not repeated`() async throws {
        try await withScriptedStrava(script: { _ in [.reset] }) { server, strava in
            let error = await failure { try await strava.refresh(Secret("r1")) }
            #expect(error?.code == .network)
            #expect(error?.reachedStrava == .unknown)
            #expect(error?.endpoint == "token_refresh")
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a token answer without tokens is unreadable`() async throws {
        try await withScriptedStrava(script: { _ in [.answer(200, "{}")] }) { _, strava in
            let error = await failure { try await strava.exchange(code: "c") }
            #expect(error?.code == .unreadable)
            #expect(error?.status == 200)
        }
    }

    @Test func `a revocation sends the application's credentials and the token`() async throws {
        try await withScriptedStrava(script: { _ in [.answer(200)] }) { server, strava in
            try await #expect(strava.revoke(Secret("a1")) == .revoked)
            let request = try #require(server.requests.first)
            #expect(request.target == "/oauth/revoke")
            #expect(request.body == bytes("token=a1"))
            let credentials = Data("12345:geheim & secret".utf8).base64EncodedString()
            #expect(request.header("Authorization") == "Basic \(credentials)")
        }
    }

    @Test(arguments: [
        (200, #"{"access_token":"a1"}"#),
        (401, #"{"message":"Authorization Error","errors":[{"resource":"Athlete","field":"access_token","code":"invalid"}]}"#),
    ])
    func `without /oauth/revoke, deauthorize is used, and a dead token is not an error`(status: Int, body: String) async throws {
        try await withScriptedStrava(script: { [$0.target == "/oauth/revoke" ? .answer(404) : .answer(status, body)] }) { server, strava in
            try await #expect(strava.revoke(Secret("a1")) == .deauthorized)
            #expect(server.requests.map(\.target) == ["/oauth/revoke", "/oauth/deauthorize"])
            #expect(server.requests.last?.header("Authorization") == "Bearer a1")
        }
    }

    @Test func `a failed revocation is an error and is not tried the other way`() async throws {
        for (status, body, code) in [
            (503, "", StravaError.Code.maintenance), (401, #"{"message":"Authorization Error","errors":[]}"#, .clientSecretWrong),
        ] {
            try await withScriptedStrava(script: { _ in [.answer(status, body)] }) { server, strava in
                await #expect(failure { try await strava.revoke(Secret("a1")) }?.code == code)
                #expect(server.requests.count == 1)
            }
        }
    }
}
