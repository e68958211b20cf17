import Core
import Foundation
import HTTPTransport
import TestKit

@testable import StravaAPI

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The instant of an ISO text, for expected values.
func instant(_ text: String) -> Date { try! Date(text, strategy: .iso8601) }

/// Runs `body` with a client whose Strava is a scripted server, at noon of a fixed day.
func withScriptedStrava(
    script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step],
    _ body: (ScriptedServer, StravaClient) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    let http = HTTPClient(userAgent: "strava-api-tests/1")
    let configuration = StravaConfiguration(
        apiURL: server.url + "/api/v3/", oauthURL: server.url + "/oauth", clientID: "12345", clientSecret: Secret("geheim & secret"))
    let client = StravaClient(
        configuration: configuration, http: http, clock: .manual(at: instant("2026-11-23T12:00:00Z")), logger: quietLogger)
    do {
        try await body(server, client)
    } catch {
        await http.shutdown()
        server.stop()
        throw error
    }
    await http.shutdown()
    server.stop()
}

/// The error of a call that must fail; nil when it did not, or with another kind of error.
func failure<Answer>(
    isolation: isolated (any Actor)? = #isolation, of call: () async throws -> Answer
) async -> StravaError? {
    do {
        _ = try await call()
        return nil
    } catch {
        return error as? StravaError
    }
}
