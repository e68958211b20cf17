import Core
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OwnData
import ServerGuard
import Web

/// A path and its handler.
struct Route: Sendable {
    typealias Answer = @Sendable (Request, GatewayContext) async throws -> Response

    let method: HTTPRequest.Method
    /// A component `:name` matches any text.
    let path: String
    /// Whether a path with this text in place of `:name` exists. A secret path doesn't exist for those who guess.
    var exists: @Sendable (Substring) -> Bool = { _ in true }
    let answer: Answer

    static func get(_ path: String, _ answer: @escaping Answer) -> Route { Route(method: .get, path: path, answer: answer) }

    static func post(_ path: String, _ answer: @escaping Answer) -> Route { Route(method: .post, path: path, answer: answer) }

    /// Whether a request for this path, with whatever method, comes here.
    func matches(_ asked: String) -> Bool {
        let parts = path.split(separator: "/")
        let given = asked.split(separator: "/")
        return parts.count == given.count && zip(parts, given).allSatisfy { $0.hasPrefix(":") ? exists($1) : $0 == $1 }
    }
}

/// The routes of the public listener, of the operator's, and of one that serves both.
struct GatewayRoutes: Sendable {
    let connect: ConnectFlow
    let readiness: Readiness
    let figures: CachedValue<Void>
    /// All metrics as text.
    let metrics: @Sendable () -> String
    let router: RouterRoutes
    let settings: Live<GatewaySettings>
    let webhooks: WebhookRoutes?
    let me: MeRoutes
    let assistants: AssistantRoutes
    let site: Site
    let logger: Logger
    /// One for all listeners.
    private let meters = GatewayMeters()

    func router(hasWeb: Bool, hasAdmin: Bool) -> Router<GatewayContext> {
        let routes = shared + site.shared(hasWeb: hasWeb, hasAdmin: hasAdmin) + (hasWeb ? web : []) + (hasAdmin ? admin : [])
        let router = Router(context: GatewayContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestIDs())
        router.add(middleware: meters.middleware())
        router.add(middleware: SecurityHeaders())
        router.add(middleware: CrossOrigin(settings: settings, routes: routes))
        router.add(middleware: HeadAnswers())
        router.add(middleware: RequestGuard())
        router.add(middleware: ErrorPages(routes: routes, pages: site.web.pages, logger: logger))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { try await route.answer($0, $1) }
        }
        return router
    }

    var shared: [Route] {
        [
            .get("/style.css") { _, _ in StyleSheet.response },
            .get("/healthz") { _, _ in Self.plain(.ok, "ok\n") },
            .get("/readyz") { _, _ in await ready() },
        ]
    }

    var web: [Route] {
        [
            .get("/connect") { request, _ in try await connect.open(request) },
            .post("/connect") { request, context in try await connect.begin(request, client: Self.client(request, context)) },
            .get("/oauth/callback") { request, _ in try await connect.callback(request) },
            .get("/connected/:result") { request, context in
                try await connect.result(context.parameters.get("result") ?? "", request)
            },
            .post("/connected/:result") { request, context in
                try await connect.decide(context.parameters.get("result") ?? "", request, client: Self.client(request, context))
            },
        ] + router.routes + (webhooks?.routes ?? []) + me.routes + assistants.routes
            + athletePages.routes(prefix: "/me") { request, _ in try await site.sessions.athlete(request) }
            + athletePages.ownRoutes { request, _ in try await site.sessions.athlete(request) }
    }

    private var athletePages: AthletePageRoutes {
        AthletePageRoutes(
            pages: me.services.reader.map { AthletePages(files: site.web, reader: $0) }, sessions: site.sessions, services: me.services,
            pauses: me.pauses, settings: settings, plain: site.web.pages, forecast: { await site.forecast($0) }, logger: logger)
    }

    /// Of the operator's listener.
    var admin: [Route] {
        [
            .get("/metrics") { _, _ in
                await refreshFigures()
                return Self.plain(.ok, metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
            }
        ] + site.admin
            + athletePages.routes(prefix: "/athletes/:athlete") { try await site.lookingAdmin($0, $1) }
    }

    /// How long metrics wait for figures from the database, which may hang: Prometheus gives up after 10 s by default.
    private static let figuresMax = Duration.seconds(5)

    /// Returns when the figures are fresh, can't be had, or take too long. What is counted in the process is worth reading without them.
    private func refreshFigures() async {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        // Not child tasks: waiting for a load can't be cancelled.
        let load = Task {
            do { try await figures.value() } catch { logger.log(.debug, "figures for metrics not read", error) }
            end.yield()
        }
        let limit = Task {
            try await Task.sleep(for: Self.figuresMax)
            end.yield()
        }
        for await _ in ended { break }
        load.cancel()
        limit.cancel()
    }

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")!

    /// The client that the request counts for. `X-Forwarded-For` is trusted from a proxy on this machine only, and of it only the last entry,
    /// which that proxy added.
    static func client(_ request: Request, _ context: GatewayContext) -> String {
        let peer = ClientAddress(context.channel.remoteAddress)
        guard peer.isLoopback, let forwarded = request.headers[values: forwardedFor].last else { return peer.text }
        return forwarded.split(separator: ",").last.flatMap { ClientAddress(forwarded: $0) }?.text ?? peer.text
    }

    private func ready() async -> Response {
        switch await readiness.check() {
        case .ready: Self.plain(.ok, "ready\n")
        case .databaseUnreachable: Self.plain(.serviceUnavailable, "not ready: the database can't be reached\n")
        case .diskFull: Self.plain(.serviceUnavailable, "not ready: the database's disk is full\n")
        case .held(let reason): Self.plain(.serviceUnavailable, "not ready: \(reason)\n")
        case .migrationsPending(let count): Self.plain(.serviceUnavailable, "not ready: \(count) migrations are not applied\n")
        }
    }

    private static func plain(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// A request's context: Hummingbird's own, and the connection, so that it can be closed.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var maxUploadSize: Int { GatewayLimits.bodyBytesMax }
}
