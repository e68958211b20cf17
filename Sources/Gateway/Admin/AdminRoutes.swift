import ControlAPI
import Core
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Logging
import ServerGuard
import Web

/// The operator's pages. Looking needs no session while the installation is this machine's own; changing something always does.
struct AdminRoutes: Sendable {
    let pages: WebPages
    let sessions: WebSessions
    let control: AdminControl
    let reader: AdminReader
    let database: Database
    /// Whether `FITNESSD_PUBLIC_URL` is an address of this machine only.
    let isLoopback: Bool
    let clock: WallClock
    let logger: Logger
    let streams = LiveStreams()

    static let signIn = "/sign-in"

    var routes: [Route] {
        [
            .get("/") { request, context in try await overview(request, context) },
            .get("/parts/athletes") { request, context in try await athletes(request, context) },
            .get("/live") { request, context in try await live(request, context) },
            .get("/connect-link") { request, _ in try await connectForm(request) },
            .get("/explain/:id") { request, context in try await explain(request, context) },
            .post("/actions/:name") { request, context in try await act(request, context) },
        ]
    }

    // MARK: Who may look

    /// The admin at the browser; nil: somebody on this machine who looks.
    ///
    /// - Throws: `PageRefusal` under another name; `SignInFirst` where looking needs a session.
    func visitor(_ request: Request, _ context: GatewayContext) async throws -> AdminVisitor? {
        try sessions.hosts.require(request)
        if let admin = try await sessions.admin(request) { return admin }
        guard isLoopback, Self.isFromHere(request, context) else { throw SignInFirst() }
        return nil
    }

    /// Not through a proxy, which may serve others.
    private static func isFromHere(_ request: Request, _ context: GatewayContext) -> Bool {
        let forwarded = ["X-Forwarded-For", "Forwarded", "X-Real-IP"].contains { name in
            HTTPField.Name(name).map { request.headers[$0] != nil } ?? false
        }
        return !forwarded && ClientAddress(context.channel.remoteAddress).isLoopback
    }

    // MARK: Pages

    private func overview(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let visitor = try await visitor(request, context)
        let state = try await reader.state()
        let filter = AthleteFilter(request)
        let said = Said(request)?.sentence
        let model = Overview(
            state, list: try await list(filter, state, visitor), visitor: visitor, said: said)
        return PageAnswer.response(pages.page(.adminOverview, model, in: frame("fitnessd: overview", "/", visitor, bar: model.bar, state)))
    }

    /// For `admin/athletes.mustache` alone.
    private struct ListPart {
        let list: AthleteList
        let csrf: String
    }

    /// The list alone, for the script that keeps it fresh.
    private func athletes(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let visitor = try await visitor(request, context)
        let state = try await reader.state()
        let model = ListPart(list: try await list(AthleteFilter(request), state, visitor), csrf: visitor?.csrf ?? "")
        return PageAnswer.response(pages.part(.adminAthletes, model))
    }

    private func list(_ filter: AthleteFilter, _ state: AdminState, _ visitor: AdminVisitor?) async throws -> AthleteList {
        let (rows, total) = try await AthleteListQuery.read(database, filter, now: clock.now)
        return AthleteList(
            filter, rows, total: total, now: clock.now, isPaused: state.status.paused != nil, canChange: visitor != nil)
    }

    func frame(
        _ title: String, _ path: String, _ visitor: AdminVisitor?, bar: WebFrame.Bar? = nil, _ state: AdminState? = nil
    ) -> WebFrame {
        let who = visitor.map { ["Signed in as \($0.account.name.map(AdminText.line) ?? "account \($0.account.id)")"] } ?? []
        let up = state.map { ["fitnessd \($0.status.version)", "up \(AdminText.span(Double($0.status.uptimeS)))"] } ?? []
        return WebFrame(
            title: title, home: "/",
            nav: [.init("Overview", "/", isCurrent: path == "/"), .init("Athletes", "/#athletes"), .init("Errors", "/#errors")],
            bar: bar, scripts: ["admin.js"],
            button: visitor.map { .init("Sign out", action: "/sign-out", csrf: $0.csrf) },
            foot: up + who + ["Times are UTC"], footLinks: [.init("/metrics", "/metrics"), .init("/healthz", "/healthz")])
    }
}

/// Thrown where only those may look who are signed in.
struct SignInFirst: Error {}

/// What was just done, as the query of the page says it: words of a closed list, so that nobody can put a sentence on the page.
struct Said: Sendable {
    enum Deed: String, Sendable {
        case pause, resume, sync, retry
        case retrySetAside = "retry-set-aside"
    }

    let deed: Deed
    /// Nil: all athletes.
    let athlete: Int64?

    init(_ deed: Deed, athlete: Int64?) {
        self.deed = deed
        self.athlete = athlete
    }

    init?(_ request: Request) {
        guard let deed = request.uri.queryParameters["said"].flatMap({ Deed(rawValue: String($0)) }) else { return nil }
        self.init(deed, athlete: request.uri.queryParameters["athlete"].flatMap { Int64($0) })
    }

    var path: String { "/?said=\(deed.rawValue)\(athlete.map { "&athlete=\($0)" } ?? "")" }

    var sentence: String {
        switch (deed, athlete) {
        case (.pause, nil): "All syncing is paused. Athletes in work finish the call in flight."
        case (.pause, let athlete?): "Athlete \(athlete) is paused."
        case (.resume, nil): "Syncing goes on."
        case (.resume, let athlete?): "Athlete \(athlete) is synced again."
        case (.sync, nil): "A sync of all athletes is asked for."
        case (.sync, let athlete?): "A sync of athlete \(athlete) is asked for."
        case (.retry, let athlete): "What failed for athlete \(athlete.map { "\($0)" } ?? "") is tried again now."
        case (.retrySetAside, let athlete): "What was set aside of athlete \(athlete.map { "\($0)" } ?? "") is tried again now."
        }
    }
}
