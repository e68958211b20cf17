import Core
import Foundation
import HTTPTransport
import TestKit

/// Runs `body` with a scripted server and a client, and ends both.
func withServer(
    inFlightMax: Int = 8, queuedMax: Int = 64, script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step],
    _ body: (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    let client = HTTPClient(inFlightMax: inFlightMax, queuedMax: queuedMax, userAgent: "transport-tests/1")
    do {
        try await body(server, client)
        await client.shutdown()
        server.stop()
    } catch {
        await client.shutdown()
        server.stop()
        throw error
    }
}

extension HTTPClient {
    /// The error of a request that must fail; nil when it was answered.
    func failure(of request: HTTPRequest) async -> HTTPTransportError? {
        do {
            _ = try await send(request)
            return nil
        } catch {
            return error as? HTTPTransportError
        }
    }

    func text(of request: HTTPRequest) async throws -> String {
        String(decoding: try await send(request).body, as: UTF8.self)
    }
}

/// A port on which no server listens.
func deafPort() throws -> UInt16 {
    let server = try ScriptedServer { _ in [.close] }
    server.stop()
    return server.port
}
