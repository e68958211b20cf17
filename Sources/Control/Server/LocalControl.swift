import ControlAPI
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Sync

/// The control API for the daemon's own pages: the same checks, handlers, audit and log as over the socket, without a connection.
public struct LocalControl: Sendable {
    /// A status of HTTP and a body of JSON, as the socket would answer.
    public struct Answer: Sendable {
        public let status: Int
        public let body: [UInt8]
    }

    let responder: RouterResponder<ControlContext>
    private let logger: Logger

    /// - Parameter dependencies: what the handlers use.
    public init(dependencies: ControlDependencies, logger: Logger) {
        // Who asks is known: nobody has to be told apart by groups.
        let policy = PeerPolicy(ownUserID: geteuid(), socketGroupID: getegid(), adminGroupID: nil)
        let desk = AuditDesk(database: dependencies.database, clock: dependencies.clock)
        self.init(
            routes: ControlRoutes(
                dependencies: dependencies, gate: ControlGate(policy: policy, desk: desk, clock: dependencies.clock), logger: logger),
            logger: logger)
    }

    init(routes: ControlRoutes, logger: Logger) {
        responder = routes.router().buildResponder()
        self.logger = logger
    }

    /// - Parameter account: who may change things; nil: nobody, the page only looks.
    public func answer(_ target: ControlTarget, body: [UInt8] = [], by account: AdminAccount?) async throws -> Answer {
        let peer =
            account.map { ControlPeer(userID: $0.id, name: $0.name, access: .admin) }
            ?? ControlPeer(userID: geteuid(), name: nil, access: .reader)
        var head = HTTPRequest(method: target.route.method == "GET" ? .get : .post, scheme: nil, authority: nil, path: target.path)
        if !body.isEmpty { head.headerFields[.contentType] = "application/json" }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let context = ControlContext(source: ControlContext.Source(channel: nil, peer: peer, logger: logger))
        let response = try await responder.respond(to: request, context: context)
        let collected = CollectedBody()
        try await response.body.write(CollectingWriter(body: collected))
        return Answer(status: response.status.code, body: await collected.bytes)
    }
}

/// What a handler has written.
private actor CollectedBody {
    private(set) var bytes: [UInt8] = []

    func append(_ buffer: ByteBuffer) { bytes += buffer.readableBytesView }
}

private struct CollectingWriter: ResponseBodyWriter {
    let body: CollectedBody

    mutating func write(_ buffer: ByteBuffer) async throws { await body.append(buffer) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
