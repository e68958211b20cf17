import Core
import Database
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import StravaAPI
import Sync

/// The public HTTP server: the connect flow, health, metrics and the status page. It holds no state of its own.
public struct Gateway: Service {
    /// Stores a grant for an athlete under the uid and the granted scopes, and lets the sync begin. True when the athlete is new.
    public typealias Register = @Sendable (_ grant: TokenGrant, _ athlete: AthleteID, _ uid: String, _ scope: String) async throws -> Bool
    /// The names of migrations that are not applied. Throws when the database can't be reached.
    public typealias PendingMigrations = @Sendable () async throws -> [String]
    /// The figures for `/metrics` and the status page; called at most every five seconds.
    public typealias Figures = @Sendable () async throws -> GatewayFigures

    private let listen: ListenAddress
    private let routes: GatewayRoutes
    private let onListening: @Sendable (Int) async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - events: who takes Strava's events, and at which address; nil: nobody does.
    ///   - onListening: called with the bound port once connections are accepted.
    public init(
        listen: ListenAddress, publicURL: PublicURL, database: Database, strava: StravaClient, clock: WallClock = .system,
        logger: Logger = Logger(label: "gateway"), register: @escaping Register,
        events: (desk: EventDesk, address: EventDesk.Address)? = nil, pendingMigrations: @escaping PendingMigrations,
        figures: @escaping Figures, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.listen = listen
        self.onListening = onListening
        self.logger = logger
        let states = ConnectStates(database: database, clock: clock)
        routes = GatewayRoutes(
            connect: ConnectFlow(states: states, strava: strava, publicURL: publicURL, register: register, logger: logger),
            readiness: Readiness(pendingMigrations: pendingMigrations),
            figures: FiguresCache(clock: clock, load: figures),
            webhooks: events.map { WebhookRoutes(desk: $0.desk, address: $0.address, logger: logger) },
            logger: logger)
    }

    /// Serves until graceful shutdown.
    ///
    /// - Throws: `GatewayError` when the address can't be listened on.
    public func run() async throws {
        let application = Application(
            router: routes.router(), server: .http1(configuration: GatewayLimits.http),
            configuration: ApplicationConfiguration(
                address: .hostname(listen.host, port: listen.port),
                availableConnectionsDelegate: MaximumAvailableConnections(GatewayLimits.connectionsMax, logger: logger)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? listen.port
                logger.log(.info, "gateway listens", [.host: listen.host, .port: port])
                await onListening(port)
            },
            logger: logger)
        do { try await application.run() } catch let error as IOError { throw explain(error) }
    }

    private func explain(_ error: IOError) -> any Error {
        let place = "\(listen.host):\(listen.port)"
        return switch error.errnoCode {
        case EADDRINUSE: GatewayError(.addressInUse, place)
        case EADDRNOTAVAIL, EACCES: GatewayError(.addressNotAvailable, place)
        default: error
        }
    }
}
