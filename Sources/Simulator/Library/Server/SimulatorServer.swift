import Core
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The HTTP server on 127.0.0.1: starts, stops, and comes back at the same port.
///
/// The serving task is the one unstructured task of the simulator: `start` returns while it runs, `stop` cancels and awaits it.
final class SimulatorServer: Sendable {
    private struct Serving {
        let port: Int
        let task: Task<Void, any Error>
    }

    /// Thrown to make the server drop a connection.
    private struct BrokenConnection: Error {}

    /// Forms and JSON of clients are small.
    private static let bodyBytesMax = 1 << 20

    private let firstPort: Int
    private let clock: WallClock
    private let logger: Logger
    private let running = Mutex<Serving?>(nil)
    private let lastPort = Mutex<Int?>(nil)

    /// - Parameter port: 0 takes a free one.
    init(port: Int, clock: WallClock, logger: Logger) {
        firstPort = port
        self.clock = clock
        var quiet = logger
        quiet.logLevel = .critical
        self.logger = quiet
    }

    /// Nil while it is stopped.
    var port: Int? { running.withLock { $0?.port } }

    /// Listens and returns the port.
    /// - Parameters:
    ///   - work: runs beside the server and ends when it is cancelled.
    /// - Throws: what binding throws (address in use).
    func start(
        answer: @escaping @Sendable (SimulatorRequest) async -> SimulatorAnswer, beside work: @escaping @Sendable () async -> Void
    ) async throws -> Int {
        if let port { return port }
        let (ports, report) = AsyncStream.makeStream(of: Int.self)
        let server = try makeServer(answer) { report.yield($0) }
        let task = Task {
            defer { report.finish() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask { await work() }
                try await group.next()
                group.cancelAll()
            }
        }
        guard let port = await ports.first(where: { _ in true }) else {
            try await task.value
            throw CancellationError()
        }
        running.withLock { $0 = Serving(port: port, task: task) }
        lastPort.withLock { $0 = port }
        return port
    }

    /// Ends all connections and waits until the server is gone.
    func stop() async {
        let server = running.withLock { running in
            defer { running = nil }
            return running
        }
        server?.task.cancel()
        // The end of a cancelled server is not a failure, whatever it throws.
        _ = await server?.task.result
    }

    private func makeServer(
        _ answer: @escaping @Sendable (SimulatorRequest) async -> SimulatorAnswer, _ report: @escaping @Sendable (Int) -> Void
    ) throws -> any Service {
        let port = lastPort.withLock { $0 } ?? firstPort
        return try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            responder: { request, writer, channel in
                var request = request
                let body = try await request.collectBody(upTo: Self.bodyBytesMax)
                let answer = await answer(
                    SimulatorRequest(
                        method: request.method.rawValue, path: request.uri.path, rawQuery: request.uri.query ?? "",
                        authorization: request.headers[.authorization], contentType: request.headers[.contentType],
                        body: Array(body.readableBytesView)))
                try await self.write(answer, writer, channel)
            },
            onServerRunning: { channel in report(channel.localAddress?.port ?? 0) })
    }

    private func write(_ answer: SimulatorAnswer, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        var head = HTTPResponse(status: .init(code: answer.status), headerFields: fields(answer))
        switch answer.extent {
        case .whole:
            head.headerFields[.contentLength] = String(answer.body.count)
            try await writer.write(response: head, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        case .truncated:
            head.headerFields[.contentLength] = String(answer.body.count)
            var bodyWriter = try await writer.writeHead(head)
            try await bodyWriter.write(ByteBuffer(bytes: answer.body.prefix(answer.body.count / 2)))
            throw BrokenConnection()
        case .reset:
            // Zero linger: the peer sees a reset, not an orderly end.
            try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            throw BrokenConnection()
        }
    }

    private func fields(_ answer: SimulatorAnswer) -> HTTPFields {
        var fields = HTTPFields()
        fields[.contentType] = answer.contentType
        fields[.date] = CivilTime.httpDate(clock.now.epoch_s)
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return fields
    }
}
