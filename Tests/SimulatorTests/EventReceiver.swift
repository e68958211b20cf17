import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

/// A subscriber's callback: answers validations, keeps events.
final class EventReceiver: Sendable {
    enum Manner: Sendable {
        case friendly
        /// Answers everything with this status.
        case refusing(Int)
        /// Passes validation, then answers events with this status.
        case refusingEvents(Int)
        case wrongChallenge
        /// Never answers; the connection stays open until the test ends.
        case silent
    }

    private struct State {
        var bodies: [[UInt8]] = []
        var validations: [String] = []
        var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
    }

    let url: String
    private let manner: Manner
    private let state: Mutex<State>

    init(port: Int, manner: Manner) {
        url = "http://127.0.0.1:\(port)/hook"
        self.manner = manner
        state = Mutex(State())
    }

    /// The verify tokens received.
    var validations: [String] { state.withLock { $0.validations } }

    var events: [[String: Any]] {
        state.withLock { $0.bodies }.compactMap { try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] }
    }

    /// Waits for the event with this number, 1 the first.
    func event(_ number: Int) async throws -> [String: Any] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.bodies.count >= number { return true }
                state.watchers.append((number, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        return events[number - 1]
    }

    func answer(_ query: String, _ body: [UInt8]) async -> (status: Int, body: String) {
        // Until the server is cancelled.
        if case .silent = manner { try? await Task.sleep(for: .seconds(3600)) }
        if case .refusing(let status) = manner { return (status, "") }
        if let challenge = query.firstMatch(of: /hub\.challenge=([^&]+)/)?.1 {
            let token = query.firstMatch(of: /hub\.verify_token=([^&]+)/)?.1 ?? ""
            state.withLock { $0.validations.append(String(token).removingPercentEncoding ?? "") }
            if case .wrongChallenge = manner { return (200, #"{"hub.challenge":"another"}"#) }
            return (200, #"{"hub.challenge":"\#(challenge)"}"#)
        }
        let woken = state.withLock { state in
            state.bodies.append(body)
            let count = state.bodies.count
            defer { state.watchers.removeAll { $0.count <= count } }
            return state.watchers.filter { $0.count <= count }.map(\.wake)
        }
        for wake in woken { wake.resume() }
        if case .refusingEvents(let status) = manner { return (status, "") }
        return (200, "")
    }
}

/// Runs a callback on a free port around a test.
func withReceiver(_ manner: EventReceiver.Manner = .friendly, _ body: (EventReceiver) async throws -> Void) async throws {
    let (ports, report) = AsyncStream.makeStream(of: Int.self)
    let current = Mutex<EventReceiver?>(nil)
    let server = try HTTPServerBuilder.http1().buildServer(
        configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quietLogger,
        responder: { request, writer, _ in
            var request = request
            let body = Array(try await request.collectBody(upTo: 1 << 16).readableBytesView)
            let (status, text) = await current.withLock { $0 }?.answer(request.uri.query ?? "", body) ?? (503, "")
            let head = HTTPResponse(
                status: .init(code: status), headerFields: [.contentLength: "\(text.utf8.count)", .contentType: "application/json"])
            try await writer.write(response: head, body: .init(byteBuffer: ByteBuffer(string: text)))
        },
        onServerRunning: { report.yield($0.localAddress?.port ?? 0) })
    let running = Task { try await server.run() }
    let port = try #require(await ports.first { _ in true })
    let receiver = EventReceiver(port: port, manner: manner)
    current.withLock { $0 = receiver }
    do { try await body(receiver) } catch {
        running.cancel()
        _ = await running.result
        throw error
    }
    running.cancel()
    _ = await running.result
}
