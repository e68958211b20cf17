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
import Synchronization

/// Serves the control API on an open `ControlSocket` until graceful shutdown: no new connections, requests under way end, streams are cut.
public struct ControlServer: Service {
    /// Connections served at once; one more is answered with 503.
    public static let connectionsMax = 64
    /// Connections of one user served at once, so that one user's do not shut out the others.
    static let userConnectionsMax = 48

    private let socket: ControlSocket
    private let logger: Logger
    private let policy: PeerPolicy
    private let served: HTTP1Channel
    private let places = ConnectionPlaces(countMax: connectionsMax, clientCountMax: userConnectionsMax)
    private let onListening: @Sendable () -> Void

    /// Time between two looks whether the socket's file is still there.
    private static let watchInterval: Duration = .seconds(1)

    /// - Parameter onListening: called once, when connections are accepted.
    public init(
        socket: ControlSocket, onListening: @escaping @Sendable () -> Void = {}, dependencies: ControlDependencies, logger: Logger
    ) {
        self.socket = socket
        self.onListening = onListening
        self.logger = logger
        policy = PeerPolicy(ownUserID: geteuid(), socketGroupID: socket.groupID)
        served = ControlResponder.channel(
            ControlRoutes(dependencies: dependencies, logger: logger).router(), places: places, logger: logger)
    }

    public func run() async throws {
        let doors = ControlDoors(socket)
        defer { doors.socket.remove() }
        let (servers, opened) = AsyncStream.makeStream(of: Server.self)
        opened.yield(try await listen(socket, doors))
        logger.log(.info, "control socket open", [.socket: socket.path])
        onListening()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await cancelWhenGracefulShutdown { await watch(doors, opened) }
                    opened.finish()
                }
                for await server in servers { group.addTask { await accept(server) } }
            }
        } onGracefulShutdown: {
            doors.close()
        }
    }

    private typealias Connection = HTTP1Channel.Value
    private typealias Server = NIOAsyncChannel<Connection, Never>

    private func listen(_ socket: ControlSocket, _ doors: ControlDoors) async throws -> Server {
        let quiescing = doors.open(socket)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: UnixSocketCalls.backlogMax)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(socket.descriptor) { served.setup(channel: $0, logger: logger) }
    }

    /// Makes the socket's file again when it was removed: without it nobody could ask a daemon that runs.
    private func watch(_ doors: ControlDoors, _ opened: AsyncStream<Server>.Continuation) async {
        let outage = Outage("control socket was removed and can't be made again", over: "control socket is there again")
        while (try? await Task.sleep(for: Self.watchInterval)) != nil {
            do {
                guard let renewed = try doors.socket.renewed() else { continue }
                opened.yield(try await listen(renewed, doors))
                logger.log(.warning, "control socket was removed, made again", [.socket: renewed.path])
                outage.isOver(logger)
            } catch {
                outage.met(error, logger)
            }
        }
    }

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
                logger.log(.error, "control socket failed", [.socket: socket.path, .error: "\(error)"])
            }
        }
    }

    private func serve(_ connection: Connection) async {
        guard let peer = try? await PeerCredentials.read(connection.channel), policy.allows(peer) else {
            logger.log(.warning, "control connection refused", [.socket: socket.path])
            return await refuse(
                connection, .notAllowed, "you may not ask this fitnessd: be root, its own user or a member of the socket's group")
        }
        guard places.enter(connection.channel, client: "user \(peer.userID)") else {
            return await refuse(
                connection, .busy,
                "fitnessd serves \(Self.connectionsMax) control connections already, or \(Self.userConnectionsMax) of yours; try again soon"
            )
        }
        await served.handle(value: connection, logger: logger)
    }

    private func refuse(_ connection: Connection, _ code: ControlErrorCode, _ message: String) async {
        await ControlResponder.refusing(code, message).handle(value: connection, logger: logger)
    }
}
