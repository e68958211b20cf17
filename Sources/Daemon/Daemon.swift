import Assistant
import ControlAPI
import ControlServer
import Core
import Database
import Foundation
import Gateway
import Governor
import HTTPTransport
import Identity
import Logging
import Metering
import Migrations
import ServiceLifecycle
import StravaAPI
import Sync
import Synchronization
import Vault
import Warehouse
import Web

/// What a daemon is started with.
struct DaemonStart: Sendable {
    let configuration: Configuration
    let isDemo: Bool
    let source: ConfigurationSource
    let isDemoAsked: Bool
    /// Reads the settings again.
    let readSettings: @Sendable () throws -> ConfigurationSource
    let console: Console
    let stop: Stop
    let logger: Logger
    let metrics: MetricsRegistry
    let meters = DaemonMeters()
    let clock = WallClock.system
    let at = WallClock.system.now
    let notices = Notices()
}

/// The daemon's parts, built in one place and run as one group: services start in the order of the list and stop in reverse.
struct Daemon: Sendable {
    private let start: DaemonStart
    /// Holds the lock on the state directory.
    private let identity: InstanceIdentity
    private let store: DataStore
    private let services: [any Service]
    private let notifier: SystemdNotifier
    private let reloader: Reloader
    private let opened: OpenedParts

    /// Builds all parts in three steps: the store, what fetches and processes, the servers. Closes what was opened if a step fails.
    static func build(_ start: DaemonStart) async throws -> Daemon {
        // Before anything is changed: the socket tells whether another daemon is running.
        let socket = try ControlSocket.open(path: start.configuration.controlSocket)
        let opened = OpenedParts()
        do {
            let found = try Preflight(configuration: start.configuration, isDemo: start.isDemo).all()
            let identity = try InstanceIdentity(stateDirectory: start.configuration.stateDirectory)
            let store = try await openStore(start, found, opened)
            let keyring = try await found.keyring.take(for: store.database, logger: start.logger)
            let notifier = SystemdNotifier()
            let reloader = try Reloader(start, notifier)
            let ingest = try await Ingest.open(start, store, keyring, owner: identity.id, notifier, opened, reloader)
            let servers = try await Servers.open(start, store, ingest, keyring, socket, notifier, reloader)
            // The scheduler is last, so that a stop begins with it and all others still serve its drain.
            let services: [any Service] = ingest.services + servers.services + [ingest.housekeeper, ingest.scheduler]
            return Daemon(
                start: start, identity: identity, store: store, services: services, notifier: notifier, reloader: reloader, opened: opened)
        } catch {
            await opened.close()
            socket.remove()
            throw error
        }
    }

    /// Runs until it is told to stop, or until a service fails.
    func run() async throws {
        // Signals and the last resort are `Stop`'s: the group's own would be a crash.
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: $0 is SchemaWatch ? .gracefullyShutdownGroup : .cancelGroup)
            }, logger: start.logger)
        configuration.maximumGracefulShutdownDuration = Stop.gracefulMax
        let group = ServiceGroup(configuration: configuration)
        let running = Task { try await group.run() }
        start.stop.setSteps(
            Stop.Steps(
                begin: {
                    notifier.stopping()
                    Task { await group.triggerGracefulShutdown() }
                },
                hurry: { running.cancel() },
                cut: { Task { await store.cut() } }))
        start.stop.setReload {
            if !start.stop.hasBegun { Task { await reloader.reload() } }
        }
        try await running.value
    }

    /// Closes what outlives the services.
    func close() async {
        notifier.stopping()
        await opened.close()
    }

    private static func openStore(_ start: DaemonStart, _ found: Preflight.Found, _ opened: OpenedParts) async throws -> DataStore {
        let store = try await DataStore.open(
            start.configuration, shareDirectory: found.shareDirectory, listens: true, notices: start.notices, logger: start.logger)
        opened.add {
            if store.ownsServer { start.stop.waitForServer() }
            await store.close()
        }
        let applied = try await store.migrate()
        if !applied.isEmpty { start.logger.log(.info, "migrations applied", [.count: applied.count]) }
        if let sentence = try await store.missingRights(pendingCount: 0) {
            start.logger.log(.error, "the database's role lacks rights", [.reason: sentence])
        }
        do { try await store.reader?.check() } catch {
            start.logger.log(.error, "athletes can't read their own data", [.reason: "\(error)"])
        }
        return store
    }
}

/// How to close what was opened so far.
private final class OpenedParts: Sendable {
    private let closers = Mutex<[@Sendable () async -> Void]>([])

    func add(_ close: @escaping @Sendable () async -> Void) { closers.withLock { $0.append(close) } }

    /// Closes all parts, the last one first.
    func close() async {
        let closers = closers.withLock { closers in
            defer { closers = [] }
            return closers
        }
        for close in closers.reversed() { await close() }
    }
}

/// The parts that fetch from Strava, store and transform.
private struct Ingest: Sendable {
    let strava: StravaClient
    /// Where its API is.
    let stravaAPIURL: String
    let governor: RateLimitGovernor
    let vault: TokenVault
    let registry: AthleteRegistry
    let keeper: KeyringKeeper
    let eraser: AthleteEraser
    let silver: SilverRunner
    let housekeeper: Housekeeper
    let scheduler: SyncScheduler
    let environment: SyncEnvironment
    /// This process's name in leases.
    let instance: UUID
    /// Checks ID tokens; nil: none are accepted.
    let idTokens: IDTokenVerifier?
    /// Those that run before the servers.
    let services: [any Service]

    static func open(
        _ start: DaemonStart, _ store: DataStore, _ keyring: Keyring, owner: UUID, _ notifier: SystemdNotifier, _ opened: OpenedParts,
        _ reloader: Reloader
    ) async throws -> Ingest {
        let (configuration, clock, logger) = (start.configuration, start.clock, start.logger)
        let demo = start.isDemo ? try await DemoStrava.start(stateDirectory: configuration.stateDirectory, now: clock.now) : nil
        if let demo { opened.add { await demo.stop() } }
        let http = HTTPClient(inFlightMax: configuration.requestsInFlight, userAgent: "fitnessd/\(ProductVersion.current)")
        opened.add { await http.shutdown() }
        let access = demo?.configuration ?? configuration.strava
        let strava = StravaClient(configuration: access, http: http, clock: clock, logger: logger)
        let governor = RateLimitGovernor(database: store.steering, clock: clock, limit: configuration.limit, logger: logger)
        let vault = TokenVault(database: store.database, keyring: keyring, strava: strava, clock: clock, logger: logger)
        opened.add { await vault.finish() }
        let restore = try await startGovernor(governor, start, store, strava, vault)
        let keeper = KeyringKeeper(database: store.database, keyring: keyring, instance: owner, clock: clock, logger: logger)
        try await keeper.register()
        let registry = AthleteRegistry(database: store.database, vault: vault, clock: clock)
        try await demo?.connectAthletes(registry)
        let feed = SilverFeed()
        let eraser = eraser(start, store, vault, feed)
        let erasures = ErasureKeeper(eraser: eraser)
        if restore.isWaiting { await erasures.replayAtStart() }
        let silver = SilverRunner(database: store.database, shareDirectory: store.shareDirectory, feed: feed, clock: clock, logger: logger)
        let retention = RetentionKeeper(database: store.database, policy: configuration.retention, clock: clock, logger: logger)
        let environment = SyncEnvironment(
            database: store.database, steering: store.steering, strava: strava, governor: governor, vault: vault,
            writer: WarehouseWriter(database: store.database, silverFeed: feed, clock: clock, logger: logger),
            clock: clock, settings: settings(configuration, isDemo: start.isDemo), logger: logger)
        let scheduler = SyncScheduler(environment: environment, owner: owner, heartbeat: { notifier.watchdog() })
        let housekeeper = Housekeeper(environment: environment, scheduler: scheduler)
        await housekeeper.start()
        let ingest = Ingest(
            strava: strava, stravaAPIURL: access.apiURL, governor: governor, vault: vault, registry: registry, keeper: keeper,
            eraser: eraser, silver: silver, housekeeper: housekeeper, scheduler: scheduler, environment: environment, instance: owner,
            idTokens: idTokens(start, opened),
            services: [governor, keeper, silver, retention, erasures, restore] + (demo.map { [$0] } ?? []))
        await ingest.follow(reloader, http, retention, isDemo: start.isDemo)
        return ingest
    }

    private func follow(_ reloader: Reloader, _ http: HTTPClient, _ retention: RetentionKeeper, isDemo: Bool) async {
        await reloader.add { configuration in
            let settings = Self.settings(configuration, isDemo: isDemo)
            return {
                LogLevel.shared.replace(with: configuration.logLevel)
                if !isDemo, let secret = configuration.clientSecret { strava.adopt(clientSecret: secret) }
                http.setInFlightMax(configuration.requestsInFlight)
                retention.adopt(configuration.retention)
                await scheduler.adopt(settings)
            }
        }
    }

    /// Lets the governor read the ledger, after it was seen whether that is one of a restored backup.
    private static func startGovernor(
        _ governor: RateLimitGovernor, _ start: DaemonStart, _ store: DataStore, _ strava: StravaClient, _ vault: TokenVault
    ) async throws -> RestoreGuard {
        let restore = RestoreGuard(
            database: store.database, strava: strava, governor: governor, vault: vault, notices: start.notices, clock: start.clock,
            logger: start.logger)
        try await restore.notice()
        try await governor.start()
        return restore
    }

    private static func eraser(_ start: DaemonStart, _ store: DataStore, _ vault: TokenVault, _ feed: SilverFeed) -> AthleteEraser {
        let file = ReceiptFile(path: StateDirectory(start.configuration.stateDirectory).receiptsPath)
        return AthleteEraser(database: store.database, vault: vault, feed: feed, file: file, clock: start.clock, logger: start.logger)
    }

    private static func idTokens(_ start: DaemonStart, _ opened: OpenedParts) -> IDTokenVerifier? {
        guard let issuer = start.configuration.idTokens else { return nil }
        let http = HTTPClient(inFlightMax: 1, queuedMax: 4, userAgent: "fitnessd/\(ProductVersion.current)")
        opened.add { await http.shutdown() }
        return IDTokenVerifier(issuer, http: http, clock: start.clock, logger: start.logger)
    }

    private static func settings(_ configuration: Configuration, isDemo: Bool) -> SyncSettings {
        var settings = SyncSettings(athletesInWork: configuration.athletesInWork)
        settings.sampleCount = configuration.sample
        settings.fetchesActivityZones = configuration.fetchesActivityZones
        settings.history = configuration.history
        settings.callsInFlight = configuration.requestsInFlight
        if configuration.retention.apiDays != nil { settings.mirrorDeletions() }
        // The demo's athletes record every minute or so: look often enough to show it.
        if isDemo { (settings.listInterval_s, settings.listShare) = (20, 1) }
        return settings
    }
}

/// The parts that answer requests or report what the daemon does.
private struct Servers: Sendable {
    let services: [any Service]

    static func open(
        _ start: DaemonStart, _ store: DataStore, _ ingest: Ingest, _ keyring: Keyring, _ socket: ControlSocket,
        _ notifier: SystemdNotifier, _ reloader: Reloader
    ) async throws -> Servers {
        let (configuration, clock, logger) = (start.configuration, start.clock, start.logger)
        let status = StatusReader(database: store.database, clock: clock)
        let desk = EventDesk(database: store.database, clock: clock, backlog: ingest.scheduler.events)
        let callback = try await desk.address(verifyToken: configuration.webhookVerifyToken)
        let (listening, hasOpened) = AsyncStream.makeStream(of: Void.self)
        let control = ControlServer(
            socket: socket, adminGroupID: configuration.adminGroupID, onListening: { hasOpened.yield() },
            dependencies: try dependencies(start, store, ingest, keyring, status, callback, reloader), logger: logger)
        let gateway = try gateway(start, store, ingest, keyring, status, control.local, events: (desk, callback)) { hasOpened.yield() }
        if let gateway {
            await reloader.add { configuration in
                let settings = try gatewaySettings(store, configuration, logger)
                return { gateway.adopt(settings) }
            }
        }
        let servers: [any Service] = [control] + (gateway.map { [$0] } ?? [])
        let places = ProgressDisplay.Places(
            psql: store.privateURL, dashboards: await store.dashboardAccess().url, web: configuration.addresses.adminURL,
            isWebOpen: configuration.publicURL.isLoopback,
            controlSocket: configuration.controlSocket)
        return Servers(
            services: servers + [
                SchemaWatch(
                    check: try MigrationCheck(directory: store.shareDirectory), database: store.steering, notices: start.notices,
                    clock: clock,
                    logger: logger),
                ClockWatch(database: store.steering, governor: ingest.governor, clock: clock, logger: logger),
                StatusReporter(
                    status: status, governor: ingest.governor, notifier: notifier, listening: listening, serverCount: servers.count,
                    clock: clock, logger: logger),
                ProgressDisplay(
                    status: status, governor: ingest.governor, database: store.database, console: start.console, places: places,
                    clock: clock, isAlwaysOn: start.isDemo, logger: logger),
            ])
    }

    private static func dependencies(
        _ start: DaemonStart, _ store: DataStore, _ ingest: Ingest, _ keyring: Keyring, _ status: StatusReader,
        _ callback: EventDesk.Address, _ reloader: Reloader
    ) throws -> ControlDependencies {
        let examinations = Examinations(
            store: store, keyring: keyring, governor: ingest.governor, migrations: try MigrationCheck(directory: store.shareDirectory),
            stateDirectory: StateDirectory(start.configuration.stateDirectory).path, stravaURL: ingest.stravaAPIURL, clock: start.clock)
        let publicURL = start.configuration.addresses.web == nil ? nil : start.configuration.publicURL
        return ControlDependencies(
            version: ProductVersion.current, startedAt: start.at, clock: start.clock, database: store.database, registry: ingest.registry,
            keeper: ingest.keeper, eraser: ingest.eraser, governor: ingest.governor,
            links: publicURL.map { ConnectLinks(publicURL: $0, keyring: keyring) },
            webhook: WebhookControl(strava: ingest.strava, publicURL: publicURL?.text, address: callback), silver: ingest.silver.health,
            notices: start.notices,
            backupSource: store.backupSource(receiptsPath: StateDirectory(start.configuration.stateDirectory).receiptsPath), status: status,
            examinations: examinations.all, settings: { ingest.environment.settings }, instance: ingest.instance,
            clusterDirectory: store.clusterDirectory(start.configuration), dashboards: { await store.dashboardAccess() },
            reload: { await reloader.reload().message },
            pages: PageAddresses(admin: start.configuration.addresses.adminURL, athletes: publicURL?.text))
    }

    /// Nil when no address is configured.
    private static func gateway(
        _ start: DaemonStart, _ store: DataStore, _ ingest: Ingest, _ keyring: Keyring, _ status: StatusReader,
        _ control: LocalControl, events: (desk: EventDesk, address: EventDesk.Address), onListening: @escaping @Sendable () -> Void
    ) throws -> Gateway? {
        let configuration = start.configuration
        if configuration.addresses.listened.isEmpty { return nil }
        let migrations = try MigrationCheck(directory: store.shareDirectory)
        let (strava, governor, silver, registry) = (ingest.strava, ingest.governor, ingest.silver, ingest.registry)
        let (eraser, runs) = (ingest.eraser, RunDesk(database: store.database, clock: start.clock))
        return Gateway(
            addresses: configuration.addresses, publicURL: configuration.publicURL, database: store.database, strava: strava,
            keyring: keyring, settings: try gatewaySettings(store, configuration, start.logger), clock: start.clock, logger: start.logger,
            authenticator: Authenticator(
                database: store.database, idTokens: ingest.idTokens, clock: start.clock, logger: start.logger),
            athletes: (registry, ingest.vault),
            ownData: OwnDataServices(
                reader: store.reader, thresholds: ThresholdDesk(database: store.database, clock: start.clock),
                requestSync: { try await runs.request($0, by: "athlete").run }, erase: { try await eraser.erase($0, by: .athlete) }),
            web: try WebFiles(shareDirectory: store.shareDirectory, version: ProductVersion.current),
            control: { target, body, account in
                let answer = try await control.answer(target, body: body, by: account)
                return (answer.status, answer.body)
            },
            register: { try await registry.register($0) },
            events: events,
            pendingMigrations: {
                if let reason = start.notices.unready { throw NotReady(reason) }
                return try await store.missing(migrations)
            },
            figures: {
                start.meters.show(isSilverStopped: silver.health.incident != nil)
                _ = await governor.snapshot()
                _ = try await status.figures()
            },
            metrics: { start.metrics.text() },
            onListening: { _ in onListening() })
    }

    private static func gatewaySettings(_ store: DataStore, _ configuration: Configuration, _ logger: Logger) throws -> GatewaySettings {
        GatewaySettings(
            who: configuration.who, origins: configuration.origins, assistants: try assistants(store, configuration, logger),
            mapTiles: configuration.mapTiles)
    }

    private static func assistants(_ store: DataStore, _ configuration: Configuration, _ logger: Logger) throws -> AssistantService {
        if configuration.modelAccess == .off { return .closed }
        guard let reader = store.reader else { return .noReader }
        return .open(
            try AssistantServer(
                reader: reader, access: configuration.modelAccess, shareDirectory: store.shareDirectory, version: ProductVersion.current,
                logger: logger))
    }
}
