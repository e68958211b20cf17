import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import StravaAPI

/// Requests and answers on the wire.
struct StravaClientTests {
    private let json = [("Content-Type", "application/json; charset=utf-8")]

    @Test func `a read sends the token in its header and nowhere else`() async throws {
        try await withScriptedStrava(script: { _ in [.answer(200, headers: [("Date", "Sat, 18 Oct 2025 23:02:45 GMT")], #"{"id":1}"#)] }) {
            server, strava in
            let answer = try await strava.get(.athlete, token: Secret("geheim"))
            #expect(answer.call == .athlete)
            #expect(answer.status == 200)
            #expect(answer.body == bytes(#"{"id":1}"#))
            #expect(answer.rateLimit == nil)
            #expect(answer.serverDate == instant("2025-10-18T23:02:45Z"))
            #expect(answer.fetchedAt == instant("2026-11-23T12:00:00Z"))
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.target == "/api/v3/athlete")
            #expect(request.header("Authorization") == "Bearer geheim")
            #expect(request.headers.count { $0.value.contains("geheim") } == 1)
            #expect(!request.target.contains("geheim") && request.body.isEmpty)
        }
    }

    @Test func `the quota is read from answers and from refusals`() async throws {
        let quota = [("X-Ratelimit-Limit", "600,30000"), ("x-ratelimit-usage", "692,29300"), ("Date", "Mon, 23 Nov 2026 12:07:00 GMT")]
        try await withScriptedStrava(script: { _ in [.answer(429, headers: quota, #"{"message":"Rate Limit Exceeded"}"#)] }) {
            server, strava in
            let error = await failure { try await strava.get(.athlete, token: Secret("t")) }
            #expect(error?.code == .rateLimited)
            #expect(error?.status == 429)
            #expect(error?.reachedStrava == .yes)
            #expect(error?.rateLimit?.overall == .init(quarterLimit: 600, dayLimit: 30_000, quarterUsage: 692, dayUsage: 29_300))
            #expect(error?.serverDate == instant("2026-11-23T12:07:00Z"))
            #expect(error?.retryAdvice == .retryAfter(instant("2026-11-23T12:15:00Z")))
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [
        ("<html>login</html>", StravaError.Code.maintenance), ("", .unreadable), ("[]", .unreadable), (#"{"id":1"#, .unreadable),
        ("null", .unreadable),
    ])
    func `a 200 with a body of another shape is an error`(body: String, code: StravaError.Code) async throws {
        try await withScriptedStrava(script: { _ in [.answer(200, body)] }) { _, strava in
            let error = await failure { try await strava.get(.athlete, token: Secret("t")) }
            #expect(error?.code == code)
            #expect(error?.status == 200)
        }
    }

    @Test func `a missing scope is named`() async throws {
        let body =
            #"{"message":"Authorization Error","errors":[{"resource":"AccessToken","field":"activity:read_permission","code":"missing"}]}"#
        try await withScriptedStrava(script: { _ in [.answer(401, body)] }) { _, strava in
            let error = await failure { try await strava.get(.activities(page: 1), token: Secret("t")) }
            #expect(error?.code == .scopeMissing)
            #expect(error?.missingScope == "activity:read")
            #expect(error?.description == "strava: scope_missing (activities, status 401)")
        }
    }

    @Test func `after a connection that broke following the request, it is unknown whether the call was counted`() async throws {
        try await withScriptedStrava(script: { _ in [.reset] }) { server, strava in
            let error = await failure { try await strava.get(.athlete, token: Secret("t")) }
            #expect(error?.code == .network)
            #expect(error?.reachedStrava == .unknown)
            #expect(error?.transport?.code == .reset)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a call that could not be sent was not counted`() async throws {
        try await withScriptedStrava(script: { _ in [.close] }) { server, strava in
            server.stop()
            let error = await failure { try await strava.get(.athlete, token: Secret("t")) }
            #expect(error?.code == .network)
            #expect(error?.reachedStrava == .no)
        }
    }

    @Test func `a cancelled call is reported as cancelled`() async throws {
        let gate = Gate()
        try await withScriptedStrava(script: { _ in [.wait(gate)] }) { server, strava in
            let call = Task { await failure { try await strava.get(.athlete, token: Secret("t")) } }
            await server.waitForRequests(1)
            call.cancel()
            let error = await call.value
            #expect(error?.code == .cancelled)
            #expect(error?.reachedStrava == .unknown)
            gate.open()
        }
    }

    @Test func `no error contains a token, an address or a body`() async throws {
        let bodies = [
            "geheim", #"{"message":"geheim","errors":[{"resource":"AccessToken","field":"geheim!","code":"missing"}]}"#, "<html>geheim",
        ]
        for status in [201, 400, 401, 403, 404, 500] {
            for body in bodies {
                try await withScriptedStrava(script: { _ in [.answer(status, body)] }) { server, strava in
                    let error = try #require(await failure { try await strava.get(.gear("geheim"), token: Secret("geheim")) })
                    let refused = try #require(await failure { try await strava.refresh(Secret("geheim")) })
                    for error in [error, refused] {
                        var dumped = ""
                        dump(error, to: &dumped)
                        #expect(!"\(error) \(String(reflecting: error)) \(dumped)".contains("geheim"))
                        #expect(!dumped.contains("127.0.0.1"))
                    }
                }
            }
        }
    }
}
