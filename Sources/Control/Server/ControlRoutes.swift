import ControlAPI
import Core
import Database
import Foundation
import Governor
import Hummingbird
import Logging
import NIOCore
import ServerGuard
import Sync
import Vault
import Warehouse

/// The handlers of all routes: decode, call one thing, encode. Each topic has a file with its handlers and their queries.
struct ControlRoutes: Sendable {
    let dependencies: ControlDependencies
    let gate: ControlGate
    let logger: Logger

    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.add(middleware: RequestIDs())
        router.add(middleware: ControlMeters().middleware())
        router.add(middleware: RefusalMiddleware(logger: logger))
        for route in ControlRoute.allCases {
            router.on(RouterPath(route.path), method: route.method == "GET" ? .get : .post) { request, context in
                try await dispatch(route, request, context) { try await respond(route, $0, context) }
            }
        }
        return router
    }

    /// The switch is over `ControlRoute`, so that no route can be forgotten.
    private func respond(_ route: ControlRoute, _ request: Request, _ context: ControlContext) async throws -> Response {
        let one = try route.isAboutOneAthlete ? RequestReading.athlete(context) : nil  // nil: about all athletes
        return switch route {
        case .status: try ControlResponse.json(try await status())
        case .limits: try ControlResponse.json(await limits())
        case .quarantine: try ControlResponse.json(try await quarantine(request))
        case .quarantineEntry: try ControlResponse.json(try await quarantineEntry(request))
        case .quarantineRetry: try ControlResponse.json(try await retryQuarantine(request), status: .accepted)
        case .quarantineRetryAll: try ControlResponse.json(try await retryAllQuarantine(request), status: .accepted)
        case .quarantineDrop: try ControlResponse.json(try await dropQuarantine(request), status: .accepted)
        case .athletes: try ControlResponse.json(try await athletes(request))
        case .athlete: try ControlResponse.json(try await athlete(RequestReading.athlete(context)))
        case .thresholds, .setThreshold, .removeThreshold: try await threshold(route, request, context)
        case .erasurePlan, .eraseAthlete, .erasures, .replayErasures: try await erasure(route, request, context)
        case .explanation: try ControlResponse.json(try await explanation(RequestReading.athlete(context)))
        case .export: try await export(RequestReading.athlete(context), request, context.connection)
        case .priceAll, .priceAthlete: try ControlResponse.json(try await price(one, request))
        case .importAthletes: try ControlResponse.json(try await importAthletes(request))
        case .importPredecessor: try ControlResponse.json(try await importPredecessor(request))
        case .connect: try ControlResponse.json(try await connect(request))
        case .syncAll, .syncAthlete: try ControlResponse.json(try await sync(one, request), status: .accepted)
        case .audit, .historyAll, .historyAthlete, .events, .doctor, .progressAll, .progressAthlete, .version, .values, .dashboard:
            try await watch(route, one, request, context)
        case .retryAthlete: try ControlResponse.json(try await retry(RequestReading.athlete(context)), status: .accepted)
        case .pauseAll, .pauseAthlete: try ControlResponse.json(try await pause(one, request, by: context.peer), status: .accepted)
        case .resumeAll, .resumeAthlete: try ControlResponse.json(try await resume(one), status: .accepted)
        case .rebuildAll, .rebuildAthlete: try ControlResponse.json(try await rebuild(one, request), status: .accepted)
        case .rebuildReportAll, .rebuildReportAthlete: try ControlResponse.json(try await rebuildReport(one, request))
        case .vault, .verifyVault, .rotateVault: try await vault(route)
        case .webhook: try ControlResponse.json(try await webhook())
        case .subscribe: try ControlResponse.json(try await subscribe())
        case .unsubscribe: try ControlResponse.json(try await unsubscribe(request))
        case .tokens: try ControlResponse.json(try await tokens(request))
        case .issueToken: try ControlResponse.json(try await issueToken(request), status: .created)
        case .revokeToken: try ControlResponse.json(try await revokeToken(request), status: .accepted)
        case .backups, .makeBackup, .storeBackup, .recordBackup: try await backup(route, request, context)
        case .reload: try ControlResponse.json(try await reload())
        case .adminLink, .athleteLink: try ControlResponse.json(try await link(one, request, by: context.peer), status: .created)
        }
    }
}

extension ControlRoutes {
    /// What an admin looks at to see what happened, what happens and what there is.
    private func watch(_ route: ControlRoute, _ one: Int64?, _ request: Request, _ context: ControlContext) async throws -> Response {
        switch route {
        case .audit: try ControlResponse.json(try await audit(request))
        case .events: try await events(request, context.connection)
        case .doctor: try ControlResponse.json(await doctor())
        case .progressAll, .progressAthlete: try await progress(one, request)
        case .version: try ControlResponse.json(version())
        case .values: try ControlResponse.json(try await values(request))
        case .dashboard: try ControlResponse.json(try await dashboard())
        default: try ControlResponse.json(try await history(one, request))
        }
    }
}

/// Everything that the handlers use, as concrete values; built once, where the daemon is put together.
public struct ControlDependencies: Sendable {
    let version: String
    let startedAt: Date
    let clock: WallClock
    let database: Database
    let registry: AthleteRegistry
    let keeper: KeyringKeeper
    let eraser: AthleteEraser
    let governor: RateLimitGovernor
    let links: ConnectLinks?
    let webhook: WebhookControl?
    let silver: SilverHealth?
    let notices: Notices
    let backups: BackupDesk
    let status: StatusReader
    let completion: CompletionReader
    let instance: UUID?
    let clusterDirectory: URL?
    let exports: Exports
    let eventStreams = Slots(ControlRoutes.eventStreamsMax)
    let examinations: [Examination]
    let dashboards: @Sendable () async -> DashboardAccess
    let reload: (@Sendable () async -> ReloadMessage)?
    let pages: PageAddresses

    /// - Parameters:
    ///   - version: the daemon's version, for `status`.
    ///   - startedAt: when the daemon started.
    ///   - keeper: this instance's keyring.
    ///   - links: makes connect links; nil when the public listener is off.
    ///   - webhook: the subscription to Strava's events; nil: there can't be one.
    ///   - silver: whether the transform works; nil: this daemon runs none.
    ///   - notices: what `status` shows of the process as a whole.
    ///   - backupSource: the private cluster; nil: the database is on the operator's server.
    ///   - status: counts for `status`; nil: a reader of its own.
    ///   - examinations: what `doctor` looks at beside what is known here.
    ///   - settings: those of the sync now, for forecasts.
    ///   - instance: this process's name in leases; nil: every lease counts as its own.
    ///   - clusterDirectory: where the private cluster's files are; nil: the database is the operator's.
    ///   - dashboards: where dashboards reach the private cluster.
    ///   - exportStall: how long an export waits for its reader; nil: a minute.
    ///   - reload: reads the settings again; nil: they can't be.
    ///   - pages: where links to the daemon's pages lead.
    public init(
        version: String, startedAt: Date, clock: WallClock, database: Database, registry: AthleteRegistry, keeper: KeyringKeeper,
        eraser: AthleteEraser, governor: RateLimitGovernor, links: ConnectLinks?, webhook: WebhookControl? = nil,
        silver: SilverHealth? = nil, notices: Notices = Notices(), backupSource: BackupDesk.Source? = nil,
        status: StatusReader? = nil, examinations: [Examination] = [],
        settings: @escaping @Sendable () -> SyncSettings = { SyncSettings() }, instance: UUID? = nil, clusterDirectory: URL? = nil,
        dashboards: @escaping @Sendable () async -> DashboardAccess = { .ownServer }, exportStall: Duration? = nil,
        reload: (@Sendable () async -> ReloadMessage)? = nil, pages: PageAddresses = PageAddresses(admin: nil, athletes: nil)
    ) {
        self.version = version
        self.startedAt = startedAt
        self.clock = clock
        self.database = database
        self.registry = registry
        self.keeper = keeper
        self.eraser = eraser
        self.governor = governor
        self.links = links
        self.webhook = webhook
        self.silver = silver
        self.notices = notices
        backups = BackupDesk(database: database, source: backupSource, version: version, clock: clock)
        self.status = status ?? StatusReader(database: database, clock: clock)
        self.examinations = examinations
        self.dashboards = dashboards
        completion = CompletionReader(database: database, governor: governor, settings: settings, clock: clock)
        self.instance = instance
        self.clusterDirectory = clusterDirectory
        exports = Exports(stall: exportStall ?? Exports.stallDefault)
        self.reload = reload
        self.pages = pages
    }
}

/// A request's context: what handlers know about its connection.
struct ControlContext: RequestContext {
    /// Where a context comes from: the connection, and who is at its other end.
    struct Source: RequestContextSource {
        /// Nil: one of the daemon's own pages asks.
        let channel: (any Channel)?
        let peer: ControlPeer
        let logger: Logger
    }

    var coreContext: CoreRequestContextStorage
    private let channel: (any Channel)?
    let peer: ControlPeer

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        peer = source.peer
    }

    /// For what is streamed to its reader.
    var connection: any Channel {
        get throws {
            guard let channel else { throw ControlRefusal.badRequest("this is only to be had over the control socket: use fitnessctl") }
            return channel
        }
    }
}

/// Messages as HTTP responses.
enum ControlResponse {
    static func json(_ message: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(try ControlJSON.encode(message), status)
    }

    static func refusal(_ code: ControlErrorCode, _ message: String) -> Response {
        let body = try? ControlJSON.encode(ErrorMessage(code: code, message: message))
        return response(body ?? [], .init(code: code.status))
    }

    private static func response(_ body: [UInt8], _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: body + [UInt8(ascii: "\n")])))
    }
}
