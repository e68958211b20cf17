import ControlAPI
import Core
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import ServerGuard
import ServiceLifecycle
import Sync
import Synchronization

/// Serves the control API on an open `ControlSocket` until graceful shutdown: then no new connections are accepted, requests in progress end,
/// and streams are cut.
public struct ControlServer: Service {
    /// Connections served at once; one more is answered with 503.
    static let connectionsMax = 64
    /// Connections of one user served at once, so that one user can't shut out the others.
    static let userConnectionsMax = 48

    private let socket: ControlSocket
    private let logger: Logger
    private let gate: ControlGate
    private let routes: ControlRoutes
    /// The same control API for the daemon's own pages.
    public let local: LocalControl
    private let places = ConnectionPlaces(countMax: connectionsMax, clientCountMax: userConnectionsMax)
    private let onListening: @Sendable () -> Void

    /// How often to check that the socket's file still exists.
    private static let watchInterval: Duration = .seconds(1)

    /// - Parameters:
    ///   - adminGroupID: the group whose members may change things; nil: members of the socket's group may.
    ///   - onListening: called once, when connections are accepted.
    public init(
        socket: ControlSocket, adminGroupID: UInt32? = nil, onListening: @escaping @Sendable () -> Void = {},
        dependencies: ControlDependencies, logger: Logger
    ) {
        self.socket = socket
        self.onListening = onListening
        self.logger = logger
        gate = ControlGate(
            policy: PeerPolicy(ownUserID: geteuid(), socketGroupID: socket.groupID, adminGroupID: adminGroupID),
            desk: AuditDesk(database: dependencies.database, clock: dependencies.clock), clock: dependencies.clock)
        routes = ControlRoutes(dependencies: dependencies, gate: gate, logger: logger)
        local = LocalControl(routes: routes, logger: logger)
    }

    public func run() async throws {
        let listeners = Listeners(socket)
        defer { listeners.socket.remove() }
        let (servers, opened) = AsyncStream.makeStream(of: Server.self)
        opened.yield(try await listen(socket, listeners))
        logger.log(.info, "control socket open", [.socket: socket.path])
        onListening()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await cancelWhenGracefulShutdown { await watch(listeners, opened) }
                    opened.finish()
                }
                for await server in servers { group.addTask { await accept(server) } }
            }
        } onGracefulShutdown: {
            listeners.close()
        }
    }

    // MARK: Listening

    private typealias Connection = HTTP1Channel.Value
    private typealias Server = NIOAsyncChannel<Connection, Never>

    private func listen(_ socket: ControlSocket, _ listeners: Listeners) async throws -> Server {
        let quiescing = listeners.replace(with: socket)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: UnixSocketCalls.backlogMax)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(socket.descriptor) { [places, logger] in Self.channel(places) { _, _, _ in }.setup(channel: $0, logger: logger) }
    }

    /// Creates the socket's file again when it was removed: otherwise a running daemon could no longer be reached.
    private func watch(_ listeners: Listeners, _ opened: AsyncStream<Server>.Continuation) async {
        let outage = Outage("control socket was removed and can't be created again", over: "control socket exists again")
        while (try? await Task.sleep(for: Self.watchInterval)) != nil {
            do {
                guard let renewed = try listeners.socket.renewed() else { continue }
                opened.yield(try await listen(renewed, listeners))
                logger.log(.warning, "control socket was removed, created again", [.socket: renewed.path])
                outage.isOver(logger)
            } catch {
                outage.met(error, logger)
            }
        }
    }

    /// The listening sockets: the current one, and those whose files were removed and that still have connections.
    private final class Listeners: Sendable {
        private struct Current {
            var socket: ControlSocket
            var quiescing: ServerQuiescingHelper?
            var isClosed = false
        }

        private let current: Mutex<Current>

        init(_ socket: ControlSocket) { current = Mutex(Current(socket: socket)) }

        var socket: ControlSocket { current.withLock { $0.socket } }

        /// Makes `socket` the current one. The previous one accepts no more connections and ends with its last one.
        func replace(with socket: ControlSocket) -> ServerQuiescingHelper {
            let quiescing = ServerQuiescingHelper(group: MultiThreadedEventLoopGroup.singleton)
            let (previous, isClosed) = current.withLock { current in
                defer { (current.socket, current.quiescing) = (socket, quiescing) }
                return (current.quiescing, current.isClosed)
            }
            previous?.initiateShutdown(promise: nil)
            if isClosed { quiescing.initiateShutdown(promise: nil) }
            return quiescing
        }

        /// Requests in progress end, new connections are not accepted.
        func close() {
            current.withLock { current in
                current.isClosed = true
                return current.quiescing
            }?.initiateShutdown(promise: nil)
        }
    }

    // MARK: Serving

    private func accept(_ server: NIOAsyncChannel<Connection, Never>) async {
        await withDiscardingTaskGroup { connections in
            do {
                try await server.executeThenClose { inbound in
                    for try await connection in inbound {
                        connections.addTask { await serve(connection) }
                    }
                }
            } catch {
                if Task.isCancelled { return }
                logger.log(.error, "control socket failed", error, [.socket: socket.path])
            }
        }
    }

    private func serve(_ connection: Connection) async {
        guard let credentials = try? await PeerCredentials.read(connection.channel) else {
            logger.log(.warning, "control connection refused, the kernel does not say whose it is", [.socket: socket.path])
            return await refuse(connection) { _ in ControlRefusal(.notAllowed, "fitnessd can't tell who you are") }
        }
        let peer = await gate.peer(credentials, on: connection.channel.eventLoop)
        guard peer.may(.reader) else { return await refuse(connection) { await turnAway(peer, $0) } }
        guard places.enter(connection.channel, client: "user \(peer.userID)") else {
            let refusal = ControlRefusal(
                .busy,
                "fitnessd already serves \(Self.connectionsMax) control connections, or \(Self.userConnectionsMax) of yours; try again soon"
            )
            return await refuse(connection) { _ in refusal }
        }
        let serving = Self.channel(places) { request, writer, channel in
            // The request may have arrived before its connection was given a place.
            places.note(channel, isWaiting: false)
            let source = ControlContext.Source(channel: channel, peer: peer, logger: logger)
            let response = try await local.responder.respond(to: request, context: ControlContext(source: source))
            try await writer.write(response: response.head, body: response.body)
        }
        await serving.handle(value: connection, logger: logger)
    }

    /// Records what somebody asked for who may ask for nothing.
    private func turnAway(_ peer: ControlPeer, _ request: Request) async -> ControlRefusal {
        let path = request.uri.path
        do {
            try await routes.refuse(ControlRoute.of(method: request.method.rawValue, path: path), peer, path: path)
        } catch {
            return ControlRefusal(error, request)
        }
    }

    /// Answers every request of the connection with a refusal.
    private func refuse(_ connection: Connection, _ refusal: @escaping @Sendable (Request) async -> ControlRefusal) async {
        let refusing = HTTP1Channel { request, writer, _ in
            let refusal = await refusal(request)
            var response = ControlResponse.refusal(refusal.code, refusal.message)
            response.headers[.connection] = "close"
            try await writer.write(response: response.head, body: response.body)
        }
        await refusing.handle(value: connection, logger: logger)
    }

    /// A connection without a request is closed after a while. Bodies and responses have no deadline: an import may come from a slow pipe, and
    /// an export has a limit of its own.
    private static let times = RequestTimes(head: .seconds(10), nextHead: .seconds(60), body: nil, answer: nil)
    /// A body is given up when no byte of it arrives for this long.
    private static let idleMax = TimeAmount.seconds(60)

    /// Hummingbird's HTTP/1.1 channel: one request, one response, written as it is produced.
    private static func channel(_ places: ConnectionPlaces, _ responder: @escaping HTTPChannelHandler.Responder) -> HTTP1Channel {
        HTTP1Channel(
            responder: responder,
            configuration: .init(additionalChannelHandlers: [RequestDeadlines(times, places: places)], idleTimeout: idleMax))
    }
}
