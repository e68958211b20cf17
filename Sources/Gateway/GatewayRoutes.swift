import Hummingbird
import Logging

/// Which address is answered by what.
struct GatewayRoutes: Sendable {
    let connect: ConnectFlow
    let readiness: Readiness
    let figures: FiguresCache
    let webhooks: WebhookRoutes?
    let logger: Logger

    func router() -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: RequestGuard())
        router.add(middleware: ErrorPages(logger: logger))
        router.get("/") { _, _ in StatusPage.page(try await figures.current()).response }
        router.get("/style.css") { _, _ in StyleSheet.response }
        router.get("/connect") { request, _ in try await connect.connect(ConnectQuery(request)) }
        router.get("/oauth/callback") { request, _ in try await connect.callback(ConnectQuery(request)).response }
        router.get("/healthz") { _, _ in Self.plain(.ok, "ok\n") }
        router.get("/readyz") { _, _ in await ready() }
        router.get("/metrics") { _, _ in
            Self.plain(.ok, MetricsText.render(try await figures.current()), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        webhooks?.add(to: router)
        return router
    }

    private func ready() async -> Response {
        switch await readiness.check() {
        case .ready: Self.plain(.ok, "ready\n")
        case .databaseUnreachable: Self.plain(.serviceUnavailable, "not ready: the database can't be reached\n")
        case .diskFull: Self.plain(.serviceUnavailable, "not ready: the database's disk is full\n")
        case .migrationsPending(let count): Self.plain(.serviceUnavailable, "not ready: \(count) migrations are not applied\n")
        }
    }

    private static func plain(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
