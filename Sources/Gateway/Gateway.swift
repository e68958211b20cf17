import Core
import Database
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServerGuard
import ServiceLifecycle
import StravaAPI
import Sync

/// The HTTP server: the connect flow, Strava's events and health for everybody, metrics and the status page for the operator. It holds no
/// state of its own.
public struct Gateway: Service {
    /// Stores a grant for an athlete under the uid and the granted scopes, and lets the sync begin.
    public typealias Register =
        @Sendable (_ grant: TokenGrant, _ athlete: AthleteID, _ uid: UID, _ scope: String) async throws -> Registration
    /// The names of migrations that are not applied. Throws when the database can't be reached.
    public typealias PendingMigrations = @Sendable () async throws -> [String]
    /// The figures for `/metrics` and the status page; called at most every five seconds.
    public typealias Figures = @Sendable () async throws -> GatewayFigures

    /// The ports that were bound; nil: not listened there.
    public struct Ports: Sendable, Equatable {
        public internal(set) var web: Int?
        public internal(set) var admin: Int?
    }

    private let addresses: GatewayAddresses
    private let routes: GatewayRoutes
    private let onListening: @Sendable (Ports) async -> Void
    private let logger: Logger
    private let clock: WallClock
    /// Shorter in tests.
    var times = GatewayLimits.times

    /// - Parameters:
    ///   - events: who takes Strava's events, and at which address; nil: nobody does.
    ///   - onListening: called with the bound ports once connections are accepted at all addresses.
    public init(
        addresses: GatewayAddresses, publicURL: PublicURL, database: Database, strava: StravaClient, clock: WallClock = .system,
        logger: Logger = Logger(label: "gateway"), register: @escaping Register,
        events: (desk: EventDesk, address: EventDesk.Address)? = nil, pendingMigrations: @escaping PendingMigrations,
        figures: @escaping Figures, onListening: @escaping @Sendable (Ports) async -> Void = { _ in }
    ) {
        self.addresses = addresses
        self.onListening = onListening
        self.logger = logger
        self.clock = clock
        let states = ConnectStates(database: database, clock: clock)
        routes = GatewayRoutes(
            connect: ConnectFlow(states: states, strava: strava, publicURL: publicURL, register: register, logger: logger),
            readiness: Readiness(pendingMigrations: pendingMigrations),
            figures: CachedValue(.after(.seconds(5)), clock: clock, load: figures),
            webhooks: events.map { WebhookRoutes(desk: $0.desk, address: $0.address, logger: logger) },
            logger: logger)
    }

    /// Serves until graceful shutdown.
    ///
    /// - Throws: `GatewayError` when an address can't be listened on.
    public func run() async throws {
        let listeners = self.listeners
        let bound = BoundPorts(count: listeners.count, whenAll: onListening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in listeners {
                group.addTask { try await serve(listener, bound) }
            }
            group.addTask { await cancelWhenGracefulShutdown { await forgetConnects() } }
            // The first failure ends all.
            for try await _ in group {}
        }
    }

    /// One address with what is there.
    private struct Listener: Sendable {
        let address: ListenAddress
        let key: ListenAddress.Key
        let hasWeb: Bool
        let hasAdmin: Bool
    }

    private var listeners: [Listener] {
        let web = addresses.web.map { Listener(address: $0, key: .web, hasWeb: true, hasAdmin: addresses.admin == .withWeb) }
        guard case .own(let address) = addresses.admin else { return web.map { [$0] } ?? [] }
        return (web.map { [$0] } ?? []) + [Listener(address: address, key: .admin, hasWeb: false, hasAdmin: true)]
    }

    /// Each address has places of its own: a crowd at the public one does not keep the operator out.
    private func serve(_ listener: Listener, _ bound: BoundPorts) async throws {
        let places = ConnectionPlaces(countMax: GatewayLimits.connectionsMax, clientCountMax: GatewayLimits.clientConnectionsMax)
        let application = Application(
            router: routes.router(hasWeb: listener.hasWeb, hasAdmin: listener.hasAdmin),
            server: HTTPServerBuilder {
                GuardedChannel(responder: $0, decoder: GatewayLimits.decoder, times: times, places: places)
            },
            configuration: ApplicationConfiguration(address: .hostname(listener.address.host, port: listener.address.port)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? listener.address.port
                let what = listener.hasWeb ? "gateway listens" : "gateway listens for the operator"
                logger.log(.info, "\(what)", [.host: listener.address.host, .port: port])
                await bound.add(port, isWeb: listener.hasWeb, isAdmin: listener.hasAdmin)
            },
            logger: logger)
        do { try await application.run() } catch let error as IOError { throw explain(error, listener) }
    }

    /// Connects that nobody finished are forgotten even when nobody begins another one.
    private func forgetConnects() async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: ConnectStates.lifetime)
                try await routes.connect.states.sweep()
            } catch is CancellationError {
                return
            } catch {
                logger.log(.debug, "expired connects could not be forgotten", [.error: "\(error)"])
            }
        }
    }

    private func explain(_ error: IOError, _ listener: Listener) -> any Error {
        switch error.errnoCode {
        case EADDRINUSE: GatewayError(.addressInUse, listener.address.text, key: listener.key)
        case EADDRNOTAVAIL, EACCES: GatewayError(.addressNotAvailable, listener.address.text, key: listener.key)
        default: error
        }
    }
}

/// Waits until all addresses are bound.
private actor BoundPorts {
    private var ports = Gateway.Ports()
    private var missing: Int
    private let whenAll: @Sendable (Gateway.Ports) async -> Void

    init(count: Int, whenAll: @escaping @Sendable (Gateway.Ports) async -> Void) {
        missing = count
        self.whenAll = whenAll
    }

    func add(_ port: Int, isWeb: Bool, isAdmin: Bool) async {
        if isWeb { ports.web = port }
        if isAdmin { ports.admin = port }
        missing -= 1
        if missing == 0 { await whenAll(ports) }
    }
}
