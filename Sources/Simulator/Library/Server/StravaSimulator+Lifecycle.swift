import Core
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Start and stop. The serving task is the one unstructured task here: `start()` must return while it goes on, and `stop()`
/// ends and awaits it.
extension StravaSimulator {
    /// Listens on 127.0.0.1 and returns the port. Throws what binding throws (address in use). After a stop it comes back at
    /// the same port.
    @discardableResult
    public func start() async throws -> Int {
        if let port = running.withLock({ $0?.port }) { return port }
        let (ports, report) = AsyncStream.makeStream(of: Int.self)
        let server = try makeServer { report.yield($0) }
        let task = Task {
            defer { report.finish() }
            try await self.serve(server)
        }
        guard let port = await ports.first(where: { _ in true }) else {
            try await task.value
            throw CancellationError()
        }
        running.withLock { $0 = RunningServer(port: port, task: task) }
        lastPort.withLock { $0 = port }
        return port
    }

    /// Ends all connections, opens all gates and waits until the server is gone.
    public func stop() async {
        let server = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let server else { return }
        for gate in state.withLock({ $0.gates }) { gate.open() }
        server.task.cancel()
        // The end of a cancelled server is no failure, whatever it throws.
        _ = await server.task.result
    }

    /// As a service: listens until the group shuts down gracefully or the task is cancelled.
    public func run() async throws {
        let port = try await start()
        logger.log(.info, "simulated strava listens", [.port: port])
        try? await gracefulShutdown()
        await stop()
    }

    /// `http://127.0.0.1:PORT`
    public var baseURL: String {
        guard let port = running.withLock({ $0?.port }) else { preconditionFailure("the simulator is not started") }
        return "http://127.0.0.1:\(port)"
    }
    /// For `FITNESSD_STRAVA_API_URL`.
    public var apiURL: String { baseURL + "/api/v3" }
    /// For `FITNESSD_STRAVA_OAUTH_URL`.
    public var oauthURL: String { baseURL + "/oauth" }

    private func serve(_ server: any Service) async throws {
        world.observe { self.announce($0) }
        defer { world.observe(nil) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await self.webhooks.run() }
            group.addTask { await self.announceLive() }
            try await group.next()
            group.cancelAll()
        }
    }

    private func makeServer(_ report: @escaping @Sendable (Int) -> Void) throws -> any Service {
        let port = lastPort.withLock { $0 } ?? options.port
        var quiet = logger
        quiet.logLevel = .critical
        return try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet,
            responder: { request, writer, channel in try await self.handle(request, writer, channel) },
            onServerRunning: { channel in report(channel.localAddress?.port ?? 0) })
    }

    // MARK: The wire

    /// Forms and JSON of clients are small.
    private static let bodyBytesMax = 1 << 20

    private func handle(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        var request = request
        let body = try await request.collectBody(upTo: Self.bodyBytesMax)
        let answer = await answer(
            SimulatorRequest(
                method: request.method.rawValue, path: request.uri.path, rawQuery: request.uri.query ?? "",
                authorization: request.headers[.authorization], contentType: request.headers[.contentType],
                body: Array(body.readableBytesView)))
        var head = HTTPResponse(status: .init(code: answer.status), headerFields: fields(answer))
        switch answer.delivery {
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
        fields[.date] = CivilTime.httpDate(now_s)
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return fields
    }
}

/// Thrown to make the server drop a connection.
private struct BrokenConnection: Error {}
