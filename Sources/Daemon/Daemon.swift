import ControlAPI
import ControlServer
import Core
import Database
import Foundation
import Gateway
import Governor
import HTTPTransport
import Logging
import ServiceLifecycle
import StravaAPI
import Sync
import Vault
import Warehouse

/// The daemon's parts, built in one place and run as one group: services start in the order of the list and stop in reverse.
struct Daemon: Sendable {
    let services: [any Service]
    let store: DataStore
    let http: HTTPClient
    let vault: TokenVault
    let demo: DemoStrava?
    let identity: InstanceIdentity
    let notifier: SystemdNotifier
    let logger: Logger

    static func build(_ configuration: Configuration, isDemo: Bool, console: Console, logger: Logger) async throws -> Daemon {
        // First of all the socket: it says whether another daemon is running, before anything is touched.
        let socket = try ControlSocket.open(path: configuration.controlSocket)
        do {
            try Preflight(configuration: configuration, isDemo: isDemo).all()
            let identity = try InstanceIdentity(stateDirectory: configuration.stateDirectory)
            let store = try await openStore(configuration, console: console, logger: logger)
            do {
                return try await assemble(
                    configuration, identity: identity, isDemo: isDemo, socket: socket, store: store, console: console, logger: logger)
            } catch {
                await store.close()
                throw error
            }
        } catch {
            socket.remove()
            throw error
        }
    }

    private static func openStore(_ configuration: Configuration, console: Console, logger: Logger) async throws -> DataStore {
        let store = try await DataStore.open(configuration, logger: logger)
        do {
            let applied = try await store.migrate()
            if !applied.isEmpty { logger.log(.info, "migrations applied", [.count: applied.count]) }
            if let sentence = try await store.missingRights(pendingCount: 0) {
                logger.log(.error, "the database's role lacks rights", [.reason: sentence])
            }
            return store
        } catch {
            await store.close()
            throw error
        }
    }

    private static func assemble(
        _ configuration: Configuration, identity: InstanceIdentity, isDemo: Bool, socket: ControlSocket, store: DataStore, console: Console,
        logger: Logger
    ) async throws -> Daemon {
        let clock = WallClock.system
        let startedAt = clock.now
        let keyring = try await StartKeyring(configuration: configuration, database: store.database).taken(logger)
        let demo = isDemo ? try await DemoStrava.start(stateDirectory: configuration.stateDirectory, now: clock.now) : nil
        let http = HTTPClient(inFlightMax: configuration.requestsInFlight, userAgent: "fitnessd/\(ProductVersion.current)")
        let strava = StravaClient(configuration: demo?.configuration ?? configuration.strava, http: http, clock: clock, logger: logger)
        let governor = RateLimitGovernor(database: store.steering, clock: clock, limit: configuration.limit, logger: logger)
        try await governor.start()
        let vault = TokenVault(database: store.database, keyring: keyring, strava: strava, clock: clock, logger: logger)
        let feed = SilverFeed()
        let writer = WarehouseWriter(database: store.database, silverFeed: feed, clock: clock, logger: logger)
        let silver = SilverRunner(
            database: store.database, shareDirectory: store.shareDirectory, feed: feed, clock: clock, logger: logger)
        let registry = AthleteRegistry(database: store.database, vault: vault, clock: clock)
        let notifier = SystemdNotifier()
        let scheduler = SyncScheduler(
            environment: SyncEnvironment(
                database: store.database, steering: store.steering, strava: strava, governor: governor, vault: vault, writer: writer,
                clock: clock, settings: settings(configuration, isDemo: isDemo), logger: logger),
            owner: identity.id, heartbeat: { notifier.watchdog() })
        try await demo?.connectAthletes(registry)
        let progress = ProgressReader(database: store.database, governor: governor, clock: clock)
        let publicURL = try PublicURL(configuration.publicURL)
        let events = EventDesk(database: store.database, clock: clock)
        let address = try await events.address(verifyToken: configuration.webhookVerifyToken)
        let migrations = try MigrationCheck(directory: store.shareDirectory)
        let addresses = configuration.addresses
        let isPublic = addresses.web != nil
        let (openings, opening) = AsyncStream.makeStream(of: Void.self)
        let control = ControlServer(
            socket: socket, onListening: { opening.yield() },
            dependencies: ControlDependencies(
                version: ProductVersion.current, startedAt: startedAt, clock: clock, database: store.database, registry: registry,
                governor: governor, publicURL: isPublic ? publicURL : nil,
                webhook: WebhookControl(strava: strava, publicURL: isPublic ? publicURL.text : nil, address: address), silver: silver.health
            ),
            logger: logger)
        let retention = RetentionKeeper(database: store.database, policy: configuration.retention, clock: clock, logger: logger)
        var services: [any Service] = [governor, silver, retention, control]
        if let demo { services.append(demo) }
        let hasGateway = addresses.web != nil || addresses.adminAddress != nil
        if hasGateway {
            services.append(
                Gateway(
                    addresses: addresses, publicURL: publicURL, database: store.database, strava: strava, clock: clock, logger: logger,
                    register: { try await registry.register($0, athlete: $1, uid: $2, scope: $3, arrival: .awaited) },
                    events: (events, address),
                    pendingMigrations: { try await store.missing(migrations) },
                    figures: {
                        var figures = try await progress.figures(startedAt: startedAt, calls: strava.tally.calls)
                        figures.isSilverStopped = silver.health.incident != nil
                        return figures
                    },
                    onListening: { _ in opening.yield() }))
        }
        let places = Places(psql: store.privateURL, web: addresses.adminURL, controlSocket: configuration.controlSocket)
        services.append(ClockWatch(database: store.database, governor: governor, clock: clock, logger: logger))
        services.append(
            StatusReporter(
                progress: progress, notifier: notifier, openings: openings, doors: hasGateway ? 2 : 1, clock: clock, logger: logger))
        services.append(ProgressDisplay(progress: progress, console: console, places: places, clock: clock, always: isDemo, logger: logger))
        // Last, so that a stop begins with it: what its drain lands finds everything else at work.
        services.append(scheduler)
        return Daemon(
            services: services, store: store, http: http, vault: vault, demo: demo, identity: identity, notifier: notifier,
            logger: logger)
    }

    /// Runs until it is told to stop, or until a service fails.
    func run(_ stop: Stop) async throws {
        // Signals are `stop`'s, and so is the last resort: the group's own would be a crash.
        var configuration = ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: logger)
        configuration.maximumGracefulShutdownDuration = Stop.gracefulMax
        let group = ServiceGroup(configuration: configuration)
        let running = Task { try await group.run() }
        stop.setSteps(
            Stop.Steps(
                begin: {
                    notifier.stopping()
                    Task { await group.triggerGracefulShutdown() }
                },
                hurry: { running.cancel() },
                cut: { Task { await store.cut() } }))
        try await running.value
    }

    /// What outlives the services, in the order in which it is used no more.
    func close(_ stop: Stop) async {
        notifier.stopping()
        await vault.finish()
        await http.shutdown()
        await demo?.stop()
        if store.embedded != nil { stop.waitForServer() }
        await store.close()
    }

    private static func settings(_ configuration: Configuration, isDemo: Bool) -> SyncSettings {
        var settings = SyncSettings(athletesInWork: configuration.athletesInWork)
        settings.sampleCount = configuration.sample
        // The demo's athletes record every minute or so: look often enough to see it.
        if isDemo { (settings.listInterval_s, settings.listShare) = (20, 1) }
        return settings
    }
}
