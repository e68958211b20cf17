import Core
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OwnData
import StravaAPI
import Sync
import Web

/// The pages of an athlete: `/me` for the athlete, and below another prefix for an admin who looks at them.
struct AthletePageRoutes: Sendable {
    /// Who asks; nil: nobody is signed in.
    typealias Visit = @Sendable (Request, GatewayContext) async throws -> AthleteVisitor?

    /// Nil: there is no login that reads own data.
    let pages: AthletePages?
    let sessions: WebSessions
    let services: OwnDataServices
    /// Shared with `/v1/me/sync`.
    let pauses: SyncPauses
    let settings: Live<GatewaySettings>
    let plain: WebPages
    /// When the rest of an athlete's history will be here; nil: it can't be asked.
    let forecast: @Sendable (AthleteID) async -> HistoryForecast?
    let logger: Logger

    /// A request for a page, by somebody who may see it.
    private struct Asked: Sendable {
        let visitor: AthleteVisitor
        let page: PageVisitor
        let query: PageQuery
        let request: Request
        let context: GatewayContext
    }

    // MARK: Routes

    /// The pages below a prefix, whose component `:athlete`, if it has one, stands for the visitor's athlete.
    func routes(prefix: String, visit: @escaping Visit) -> [Route] {
        func get(_ path: String, isPart: Bool = false, _ answer: @escaping @Sendable (AthletePages, Asked) async throws -> Response)
            -> Route
        {
            .get(prefix + path) { request, context in
                try await answered(request, context, prefix, visit, isPart: isPart) { try await answer($0, $1) }
            }
        }
        return [
            get("") { pages, asked in
                try await html(
                    pages.overview(asked.page, asked.query, csrf: asked.visitor.csrf) { await forecast(asked.visitor.athlete) })
            },
            get("/activities") { try await html($0.activities($1.page, $1.query, csrf: $1.visitor.csrf)) },
            get("/activities/:id") { try await activity($0, $1) },
            get("/parts/:name", isPart: true) { try await part($0, $1) },
            get("/data/:name", isPart: true) { try await data($0, $1) },
        ]
    }

    /// What the athlete alone may do: the pages of `/me` have these forms.
    func ownRoutes(visit: @escaping Visit) -> [Route] {
        let prefix = "/me"
        return [
            .get(prefix + "/account") { request, context in
                try await answered(request, context, prefix, visit, isPart: false) { pages, asked in
                    try await html(pages.account(asked.page, csrf: asked.visitor.csrf, fault: nil))
                }
            },
            .post(prefix + "/account") { request, context in
                try await answered(request, context, prefix, visit, isPart: false) { try await end($0, $1) }
            },
            .post(prefix + "/sync") { request, context in
                try await answered(request, context, prefix, visit, isPart: false) { try await sync($1) }
            },
        ]
    }

    private func answered(
        _ request: Request, _ context: GatewayContext, _ prefix: String, _ visit: Visit, isPart: Bool,
        _ answer: (AthletePages, Asked) async throws -> Response
    ) async throws -> Response {
        try sessions.hosts.require(request)
        guard let visitor = try await visit(request, context) else { return Self.turnedAway(request, isPart: isPart) }
        guard let pages else { throw Self.pagesOff }
        let base = prefix.replacing(":athlete", with: "\(visitor.athlete)")
        guard let pairs = PageForm.pairs(request.uri.query ?? "") else { throw Self.queryUnreadable }
        let asked = Asked(
            visitor: visitor, page: PageVisitor(athlete: visitor.athlete, showsPlaces: visitor.showsPlaces, base: base),
            query: PageQuery(pairs), request: request, context: context)
        do {
            return try await answer(pages, asked)
        } catch let error as DatabaseError where error.code == .authentication {
            logger.log(.error, "athletes can't read their own data", error)
            throw Self.pagesOff
        }
    }

    /// Somebody who is not signed in: pages lead to the form, and scripts are told.
    private static func turnedAway(_ request: Request, isPart: Bool) -> Response {
        if isPart, request.uri.queryParameters["frame"] == nil { return Response(status: .unauthorized) }
        let isRead = request.method == .get || request.method == .head
        let target = request.uri.path + (request.uri.query.map { "?\($0)" } ?? "")
        return PageAnswer.redirect(to: "/sign-in" + (isRead && target.utf8.count <= 500 ? "?next=" + PercentCoding.encode(target) : ""))
    }

    private static let pagesOff = PageRefusal(
        status: .serviceUnavailable, title: "Athletes' pages are off here",
        text: "The operator has to set FITNESSD_READER_DATABASE_URL, the login that reads an athlete's own data (db/README.md).")
    private static let queryUnreadable = PageRefusal(
        status: .badRequest, title: "This address can't be read",
        text: "What follows the question mark is damaged, or too much. Open the page without it.", link: ("My page", "/me"))
    private static let noSuchPage = PageRefusal(
        status: .notFound, title: "There is no such page", text: "The list of activities has all that are here.", link: ("My page", "/me"))

    private static func tokenLacks(_ scope: String) -> PageRefusal {
        PageRefusal(
            status: .forbidden, title: "Your token does not allow this",
            text: "You signed in with a token without the scope \(scope). Ask the operator for a token that has it, or for a link.",
            link: ("My page", "/me"))
    }

    // MARK: Answers

    private func html(_ text: String) -> Response {
        PageAnswer.response(text, imageHost: settings.value.mapTiles?.host)
    }

    private func activity(_ pages: AthletePages, _ asked: Asked) async throws -> Response {
        guard let activity = asked.context.parameters.get("id").flatMap({ ActivityID(digits: $0) }),
            let page = try await pages.activity(
                activity, asked.page, asked.query, csrf: asked.visitor.csrf, tiles: settings.value.mapTiles?.template)
        else { throw Self.noSuchPage }
        return html(page)
    }

    private func part(_ pages: AthletePages, _ asked: Asked) async throws -> Response {
        let found = try await pages.part(
            asked.context.parameters.get("name") ?? "", asked.page, asked.query, csrf: asked.visitor.csrf,
            tiles: settings.value.mapTiles?.template, isFramed: asked.query["frame"] != nil)
        guard let found else { throw Self.noSuchPage }
        return html(found)
    }

    private func data(_ pages: AthletePages, _ asked: Asked) async throws -> Response {
        guard let json = try await pages.data(asked.context.parameters.get("name") ?? "", asked.page, asked.query) else {
            throw Self.noSuchPage
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(string: json)))
    }

    // MARK: Changes

    /// Makes the athlete due now, at most every five minutes.
    private func sync(_ asked: Asked) async throws -> Response {
        _ = try await sessions.form(asked.request, csrf: asked.visitor.csrf)
        guard asked.visitor.scopes.contains(.sync) else { throw Self.tokenLacks("sync") }
        if let wait = pauses.take(asked.visitor.athlete) {
            throw PageRefusal(
                status: .tooManyRequests, title: "A sync was asked for already",
                text: "That was less than \(SyncPauses.pause_s / 60) minutes ago: new activities are here shortly.",
                link: ("My page", "/me"), retryAfter_s: wait)
        }
        do { _ = try await services.requestSync(asked.visitor.athlete) } catch {
            pauses.forget(asked.visitor.athlete)
            throw error
        }
        return PageAnswer.redirect(to: "/me?asked=sync")
    }

    /// Disconnects and erases the athlete, if the box is ticked.
    private func end(_ pages: AthletePages, _ asked: Asked) async throws -> Response {
        let form = try await sessions.form(asked.request, csrf: asked.visitor.csrf)
        guard asked.visitor.scopes.contains(.erase) else { throw Self.tokenLacks("erase") }
        guard form["confirm"] == "delete" else {
            let page = try await pages.account(
                asked.page, csrf: asked.visitor.csrf, fault: "Nothing was deleted: tick the box first, then press the button.")
            return PageAnswer.response(page, status: .badRequest)
        }
        let receipt = try await services.erase(asked.visitor.athlete)
        let number = receipt.erasureID.uuidString.lowercased()
        let text =
            receipt.erasedAt == nil
            ? "Most of it is gone, and the rest follows within minutes." : "Nothing of you is held here any more."
        var response = PageAnswer.response(
            plain.page(
                .message, Ended(title: "Your data is deleted", text: "\(text) The number of the receipt is \(number)."),
                in: WebFrame(title: "Your data is deleted", home: "/")))
        sessions.athleteCookie.clear(in: &response)
        return response
    }

    /// For `message.mustache`.
    private struct Ended {
        let title: String
        let text: String
    }
}
