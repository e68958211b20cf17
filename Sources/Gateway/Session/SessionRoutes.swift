import Core
import HTTPTypes
import Hummingbird
import Identity
import Logging
import Web

/// `/enter`, `/sign-in`, `/sign-out`: how a session begins and ends. A GET changes nothing: mail programs and chats open links to show a preview.
struct SessionRoutes: Sendable {
    let sessions: WebSessions
    let authenticator: Authenticator
    let pages: WebPages
    let logger: Logger
    /// What may be entered here.
    let admins: Bool
    let athletes: Bool

    /// Where a session leads that has just begun.
    private static let adminHome = "/"
    private static let athleteHome = "/me"

    var routes: [Route] {
        [
            .get("/enter") { request, context in try await look(request, context) },
            .post("/enter") { request, context in try await enter(request, context) },
            .get("/sign-in") { request, _ in signIn(request, fault: nil, status: .ok) },
            .post("/sign-in") { request, context in try await signIn(request, context) },
            .post("/sign-out") { request, _ in try await signOut(request) },
        ]
    }

    // MARK: Links

    /// For `enter.mustache`.
    private struct Entrance {
        let isAdmin: Bool
        let link: String
    }

    /// Shows the button that uses the link.
    private func look(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try sessions.hosts.require(request)
        guard let link = request.uri.queryParameters["link"].flatMap({ WebSecret($0) }) else { throw Self.linkUnknown }
        let standing = try await tried(request, context) { () -> WebSessionDesk.Standing? in
            let standing = try await sessions.desk.standing(of: link)
            return standing == .unknown ? nil : standing
        }
        guard case .usable(let isAdmin) = standing, isAdmin ? admins : athletes else { throw Self.refusal(of: standing) }
        let html = pages.page(
            .enter, Entrance(isAdmin: isAdmin, link: link.secret.reveal()),
            in: WebFrame(title: isAdmin ? "Sign in as an admin" : "Open your page", home: Self.home(isAdmin)))
        // The page's own address holds the link: nothing of it but its origin is told to anybody.
        return PageAnswer.response(html, referrer: "strict-origin")
    }

    /// Exchanges the link for a cookie.
    private func enter(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try sessions.hosts.requireOwnForm(request)
        guard let link = try await PageForm.read(request)["link"].flatMap({ WebSecret($0) }) else { throw Self.linkUnknown }
        let begun = try await tried(request, context) { try await sessions.desk.enter(link, admins: admins, athletes: athletes) }
        guard let begun else { throw Self.refusal(of: try await sessions.desk.standing(of: link)) }
        logger.log(.notice, begun.isAdmin ? "admin signed in with a link" : "athlete signed in with a link", [:])
        return opened(begun, next: Self.home(begun.isAdmin))
    }

    private static func home(_ isAdmin: Bool) -> String { isAdmin ? adminHome : athleteHome }

    private func opened(_ begun: WebSessionDesk.Begun, next: String) -> Response {
        var response = PageAnswer.redirect(to: next)
        let cookie = begun.isAdmin ? sessions.adminCookie : sessions.athleteCookie
        cookie.set(begun.secret.secret.reveal(), lasts_s: begun.lasts_s, in: &response)
        return response
    }

    private func tried<Found>(
        _ request: Request, _ context: GatewayContext, _ look: () async throws -> Found?
    ) async throws -> Found? {
        do {
            return try await authenticator.tried(client: GatewayRoutes.client(request, context), look)
        } catch let error as IdentityError { throw Self.refusal(error) }
    }

    // MARK: Tokens

    /// For `sign-in.mustache`.
    private struct Door {
        let admins: Bool
        let athletes: Bool
        let next: String
        let fault: String?
    }

    private func signIn(_ request: Request, fault: String?, status: HTTPResponse.Status) -> Response {
        signInPage(next: OwnPath.checked(PageForm(query: request)["next"]), fault, status)
    }

    private func signInPage(next: String?, _ fault: String?, _ status: HTTPResponse.Status) -> Response {
        let door = Door(admins: admins, athletes: athletes, next: next ?? "", fault: fault)
        let frame = WebFrame(title: athletes ? "Open your page" : "Sign in as an admin", home: Self.home(!athletes))
        return PageAnswer.response(pages.page(.signIn, door, in: frame), status: status)
    }

    /// Exchanges an API token for a cookie.
    private func signIn(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try sessions.hosts.requireOwnForm(request)
        guard athletes else { throw HTTPError(.notFound) }
        let form = try await PageForm.read(request)
        let next = OwnPath.checked(form["next"])
        guard let token = form["token"] else { return signInPage(next: next, "Paste the token that you were given.", .badRequest) }
        do {
            let client = GatewayRoutes.client(request, context)
            let caller = try await authenticator.caller(authorization: "Bearer \(token.filter { !$0.isWhitespace })", client: client)
            guard caller.tokenID != nil, caller.scopes.contains(.read) else {
                return signInPage(
                    next: next, "This token does not allow reading: ask the operator for one with the scope read.", .forbidden)
            }
            guard let begun = try await sessions.desk.begin(for: caller) else { throw IdentityError.invalid("no such athlete any more") }
            logger.log(.notice, "athlete signed in with an API token", [.tokenID: caller.tokenID ?? 0])
            return opened(begun, next: next ?? Self.athleteHome)
        } catch let error as IdentityError {
            if error.status == 401 { return signInPage(next: next, Self.words(error), .forbidden) }
            throw Self.refusal(error)
        }
    }

    private static func words(_ error: IdentityError) -> String {
        switch error {
        case .expired: "This token has expired. Ask the operator for a new one."
        default: "This is no token that holds here. Paste the whole text, which begins with fitnessd_, or ask the operator for a new one."
        }
    }

    // MARK: Out

    /// Ends the sessions whose form was sent.
    private func signOut(_ request: Request) async throws -> Response {
        try sessions.hosts.requireOwnForm(request)
        let form = try await PageForm.read(request)
        var response = PageAnswer.redirect(to: "/sign-in")
        var hasEnded = false
        for cookie in [sessions.adminCookie, sessions.athleteCookie] {
            guard let secret = sessions.secret(cookie, request), secret.isFormToken(form["csrf"] ?? "") else { continue }
            try await sessions.desk.end(secret)
            cookie.clear(in: &response)
            hasEnded = true
        }
        guard hasEnded else { throw PageRefusal.formStale }
        return response
    }

    // MARK: Refusals

    private static let linkUnknown = PageRefusal(
        status: .badRequest, title: "This link is not valid",
        text: "It may have been cut off when it was copied. Open the whole link, or ask for a new one.")
    private static let linkUsed = PageRefusal(
        status: .gone, title: "This link was used already",
        text: "A link works once. If that was not you, tell the operator; if it was, ask for a new one to sign in elsewhere.")
    private static let linkExpired = PageRefusal(
        status: .gone, title: "This link has expired", text: "Ask for a new one.")

    /// Why this link opens nothing here.
    private static func refusal(of standing: WebSessionDesk.Standing?) -> PageRefusal {
        switch standing {
        case .used: linkUsed
        case .expired: linkExpired
        case .usable, .unknown, nil: linkUnknown
        }
    }

    private static func refusal(_ error: IdentityError) -> PageRefusal {
        if case .tooManyRequests(let wait) = error {
            return PageRefusal(
                status: .tooManyRequests, title: "Too many tries",
                text: "Too many links or tokens that do not hold came from your network. Try again in a minute.",
                retryAfter_s: wait)
        }
        return PageRefusal(
            status: .serviceUnavailable, title: "Please try again shortly", text: "Part of this installation is unavailable right now.",
            retryAfter_s: error.retryAfter_s)
    }
}
