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

/// A port on which nobody listens.
func deafPort() throws -> UInt16 {
    let server = try ScriptedServer { _ in [.close] }
    server.stop()
    return server.port
}

/// A generator that can be repeated from the seed that a failing test prints.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
