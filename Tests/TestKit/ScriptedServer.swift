import Foundation
import Synchronization

/// A TCP server on a loopback port that answers each HTTP request with exactly the bytes a test gives, so that a client can be tried
/// against answers no HTTP library would send. One thread a connection; it records what it receives.
public final class ScriptedServer: Sendable {
    /// One request as it came over the wire.
    public struct Request: Sendable {
        public let method: String
        /// Path and query.
        public let target: String
        public let headers: [(name: String, value: String)]
        public let body: [UInt8]
        /// Which connection brought it, from 1.
        public let connection: Int

        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// What to do once a request is complete, in order. After the last step the connection waits for its next request.
    public enum Step: Sendable {
        case send([UInt8])
        case wait(Gate)
        /// Closes the connection in order.
        case close
        /// Closes it with a TCP reset.
        case reset

        public static func send(_ text: String) -> Step { .send(Array(text.utf8)) }

        /// A complete answer with a length.
        public static func answer(_ status: Int, headers: [(String, String)] = [], _ body: String = "") -> Step {
            answer(status, headers: headers, Array(body.utf8))
        }

        public static func answer(_ status: Int, headers: [(String, String)] = [], _ body: [UInt8]) -> Step {
            let fields = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
            return .send(Array("HTTP/1.1 \(status) Scripted\r\n\(fields)Content-Length: \(body.count)\r\n\r\n".utf8) + body)
        }
    }

    private struct State {
        var requests: [Request] = []
        var inWork = 0
        var inWorkMost = 0
        var descriptors: Set<Int32> = []
        var isStopped = false
        var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
    }

    public let port: UInt16
    private let listener: Int32
    private let script: @Sendable (Request) -> [Step]
    private let state = Mutex(State())

    /// Listens on 127.0.0.1 at a free port. `script` is called on a connection's thread.
    public init(_ script: @escaping @Sendable (Request) -> [Step]) throws {
        self.script = script
        (listener, port) = try LoopbackSocket.listen()
        Thread.detachNewThread { self.acceptAll() }
    }

    public var url: String { "http://127.0.0.1:\(port)" }
    public var requests: [Request] { state.withLock { $0.requests } }
    /// The most requests that were received and not yet answered at one time.
    public var inWorkMost: Int { state.withLock { $0.inWorkMost } }

    /// Waits until at least `count` requests have been received.
    public func waitForRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.requests.count < count { state.watchers.append((count, continuation)) }
                return state.requests.count >= count
            }
            if isReached { continuation.resume() }
        }
    }

    /// Ends the listener and all connections; the threads close what they own. May be called again: by then the numbers may be somebody
    /// else's, so the first call alone touches them, and under the lock that a thread takes before it closes one.
    public func stop() {
        state.withLock { state in
            if state.isStopped { return }
            state.isStopped = true
            for descriptor in state.descriptors.union([listener]) { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    // MARK: On the server's threads

    private func acceptAll() {
        var count = 0
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else {
                if state.withLock({ $0.isStopped }) { break }
                continue
            }
            count += 1
            let connection = count
            let isOpen = state.withLock { state in
                if !state.isStopped { state.descriptors.insert(descriptor) }
                return !state.isStopped
            }
            guard isOpen else {
                close(descriptor)
                break
            }
            Thread.detachNewThread { self.serve(descriptor, connection: connection) }
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32, connection: Int) {
        let socket = LoopbackSocket(descriptor)
        while let request = socket.nextRequest(connection: connection) {
            received(request)
            let goesOn = script(request).allSatisfy { perform($0, on: socket) }
            state.withLock { $0.inWork -= 1 }
            guard goesOn else { break }
        }
        _ = state.withLock { $0.descriptors.remove(descriptor) }
        socket.close()
    }

    /// False when the connection has ended.
    private func perform(_ step: Step, on socket: LoopbackSocket) -> Bool {
        switch step {
        case .send(let bytes): return socket.send(bytes)
        case .wait(let gate):
            gate.pass()
            return true
        case .close: return false
        case .reset:
            socket.resetOnClose()
            return false
        }
    }

    private func received(_ request: Request) {
        let watchers = state.withLock { state in
            state.requests.append(request)
            state.inWork += 1
            state.inWorkMost = max(state.inWorkMost, state.inWork)
            let count = state.requests.count
            defer { state.watchers.removeAll { $0.count <= count } }
            return state.watchers.filter { $0.count <= count }
        }
        for watcher in watchers { watcher.wake.resume() }
    }
}
