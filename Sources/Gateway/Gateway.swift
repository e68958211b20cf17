import Core
import Database
import Glibc
import Hummingbird
import HummingbirdCore
import Identity
import Logging
import NIOCore
import ServerGuard
import ServiceLifecycle
import StravaAPI
import Sync
import Vault
import Web

/// Settings of the gateway that a reload may change while it serves.
public struct GatewaySettings: Sendable {
    /// The operator, for the connect pages.
    public let who: InstallationOperator
    /// The web applications that may call the addresses for programs.
    public let origins: AllowedOrigins
    /// What answers `/mcp`.
    public let assistants: AssistantService
    /// Where maps get their tiles; nil: they are a grid.
    public let mapTiles: MapTiles?

    public init(
        who: InstallationOperator = InstallationOperator(), origins: AllowedOrigins = .none, assistants: AssistantService,
        mapTiles: MapTiles? = nil
    ) {
        self.who = who
        self.origins = origins
        self.assistants = assistants
        self.mapTiles = mapTiles
    }
}

/// The HTTP server: connect flow, athletes' pages, Strava's events and health for everybody; metrics and pages for the operator. It keeps no
/// state but the figures of the last seconds and of silver's lag.
public struct Gateway: Service {
    /// Stores the grant of a person who has consented, and makes the athlete due.
    public typealias Register = @Sendable (Consent) async throws -> ConsentResult
    /// The names of migrations that are not applied. Throws when the database can't be reached or written.
    public typealias PendingMigrations = @Sendable () async throws -> [String]
    /// Sets the gauges to what the database holds; called before metrics are read, at most every five seconds.
    public typealias Figures = @Sendable () async throws -> Void

    /// The bound ports; nil: no listener.
    public struct Ports: Sendable, Equatable {
        public internal(set) var web: Int?
        public internal(set) var admin: Int?
    }

    /// What the predecessor's router needs: it registers athletes, refreshes tokens and requests syncs.
    public typealias Athletes = (registry: AthleteRegistry, vault: TokenVault)

    private let addresses: GatewayAddresses
    let routes: GatewayRoutes
    private let settings: Live<GatewaySettings>
    private let onListening: @Sendable (Ports) async -> Void
    private let logger: Logger
    private let clock: WallClock
    /// Tests set shorter ones.
    var times = GatewayLimits.times

    /// - Parameters:
    ///   - keyring: signs connect links.
    ///   - authenticator: says who asks, on the routes that show or change an athlete's own data.
    ///   - ownData: what those routes stand on.
    ///   - settings: those that `adopt` may replace.
    ///   - events: where Strava's events go, and the callback's secrets; nil: events are not accepted.
    ///   - web: templates and assets of the pages.
    ///   - control: the control API, for the operator's pages.
    ///   - metrics: everything that is counted, as text.
    ///   - onListening: called with the bound ports once all addresses accept connections.
    public init(
        addresses: GatewayAddresses, publicURL: PublicURL, database: Database, strava: StravaClient, keyring: Keyring,
        settings: GatewaySettings, clock: WallClock = .system, logger: Logger = Logger(label: "gateway"),
        authenticator: Authenticator, athletes: Athletes, ownData: OwnDataServices, web: WebFiles, control: @escaping AskControl,
        register: @escaping Register, events: (desk: EventDesk, address: EventDesk.Address)? = nil,
        pendingMigrations: @escaping PendingMigrations, figures: @escaping Figures, metrics: @escaping @Sendable () -> String = { "" },
        onListening: @escaping @Sendable (Ports) async -> Void = { _ in }
    ) {
        self.addresses = addresses
        self.onListening = onListening
        self.logger = logger
        self.clock = clock
        let states = ConnectStates(database: database, clock: clock)
        let settings = Live(settings)
        self.settings = settings
        routes = GatewayRoutes(
            connect: ConnectFlow(
                states: states, links: ConnectLinks(publicURL: publicURL, keyring: keyring), strava: strava, publicURL: publicURL,
                settings: settings, register: register, logger: logger),
            readiness: Readiness(clock: clock, pendingMigrations: pendingMigrations),
            figures: CachedValue(.after(.seconds(5)), clock: clock, load: figures), metrics: metrics,
            router: RouterRoutes(
                authenticator: authenticator, exchange: CodeExchange(strava: strava, logger: logger), registry: athletes.registry,
                vault: athletes.vault, runs: RunDesk(database: database, clock: clock), logger: logger),
            settings: settings,
            webhooks: events.map { WebhookRoutes(desk: $0.desk, address: $0.address, logger: logger) },
            me: MeRoutes(services: ownData, authenticator: authenticator, clock: clock, logger: logger),
            assistants: AssistantRoutes(settings: settings, authenticator: authenticator, ownOrigin: publicURL.origin),
            site: Site(web, addresses, publicURL, database, authenticator, control, clock, logger), logger: logger)
    }

    /// Requests that begin from now on are answered by these settings.
    public func adopt(_ settings: GatewaySettings) { self.settings.replace(with: settings) }

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
            group.addTask { await cancelWhenGracefulShutdown { await sweepConnects() } }
            if addresses.admin != .off { group.addTask { await cancelWhenGracefulShutdown { await lookAtSilver() } } }
            // The first failure ends all listeners.
            for try await _ in group {}
        }
    }

    /// An address and the routes it serves.
    private struct Listener: Sendable {
        let address: ListenAddress
        let key: ListenAddress.Setting
        let hasWeb: Bool
        let hasAdmin: Bool
    }

    private var listeners: [Listener] {
        addresses.listened.map { key, address in
            Listener(address: address, key: key, hasWeb: key == .web, hasAdmin: key == .admin || addresses.admin == .withWeb)
        }
    }

    /// Each listener has its own limit of connections, so that a crowd at the public one doesn't keep the operator out.
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
                let message: Logger.Message = listener.hasWeb ? "gateway listens" : "gateway listens for the operator"
                logger.log(.info, message, [.host: listener.address.host, .port: port])
                await bound.add(port, isWeb: listener.hasWeb, isAdmin: listener.hasAdmin)
            },
            logger: logger)
        do { try await application.run() } catch let error as IOError { throw explain(error, listener) }
    }

    /// Deletes expired connects even when nobody begins another one.
    private func sweepConnects() async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: ConnectStates.lifetime)
                try await routes.connect.states.sweep()
            } catch is CancellationError {
                return
            } catch {
                logger.log(.debug, "expired connects not deleted", error)
            }
        }
    }

    /// Looks at silver's lag, for the overview's line.
    private func lookAtSilver() async {
        let outage = Outage("silver's lag can't be read", over: "silver's lag can be read again", level: .debug)
        while !Task.isCancelled {
            do {
                try await routes.site.lag.look(routes.site.database, now: clock.now)
                outage.isOver(logger)
            } catch {
                if !Task.isCancelled { outage.met(error, logger) }
            }
            do { try await clock.sleep(for: SilverLag.interval) } catch { return }
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

/// Collects ports until all listeners have one.
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

/// Limits on what unauthenticated clients can use.
enum GatewayLimits {
    /// Connections of one listener. A reverse proxy needs a handful.
    static let connectionsMax = 256
    /// Connections of one client. A browser opens six; a reverse proxy is one client for everybody behind it.
    static let clientConnectionsMax = 128
    /// Strava's redirect has a query of about 200 characters.
    static let targetBytesMax = 4 * 1024
    /// An event has about 300 bytes, a form of our pages less.
    static let bodyBytesMax = 16 * 1024
    /// A header arrives in one packet, over a bad mobile connection within seconds. An answer may wait 30 s for Strava.
    static let times = RequestTimes(head: .seconds(10), nextHead: .seconds(30), body: .seconds(10), answer: .seconds(90))

    static var decoder: HTTP1Channel.Configuration.DecoderConfiguration {
        .init(maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100)
    }
}
