import Core
import Foundation

/// The OAuth endpoints (docs/strava-api.md 1).
struct OAuthEndpoints: Sendable {
    let world: SimulatorWorld
    let options: SimulatorOptions
    let clock: WallClock
    let state: SimulatorState
    let webhooks: WebhookQueue

    private var now_s: Int64 { clock.now.epoch_s }

    /// GET /oauth/authorize: the consent page, or the redirect without one when a test asked for that.
    func authorize(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        let asked = try AuthorizeRequest.read(request.query, options: options).get()
        if let approval = approval(request.query) {
            switch approval {
            case .deny: return .redirect(to: asked.denied())
            case .athlete(let athlete, let most):
                return try grant(asked, athlete, most.map { asked.scopes.intersection($0) } ?? asked.scopes)
            }
        }
        return .html(ConsentPage.html(asked, athletes: world.athleteIDs))
    }

    /// POST of the consent page: the athlete who consents, and the scopes that were ticked.
    func approve(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        let asked = try AuthorizeRequest.read(request.form, options: options).get()
        guard request.form["decision"] == "authorize" else { return .redirect(to: asked.denied()) }
        guard let athlete = request.form["athlete_id"].flatMap(Int64.init).map(AthleteID.init(_:)) else {
            throw SimulatedError.badRequest("Athlete", "athlete_id", "invalid")
        }
        let ticked = StravaScopes(request.form.all("scope").joined(separator: ",")) ?? []
        return try grant(asked, athlete, asked.scopes.intersection(ticked))
    }

    private func approval(_ query: FormFields) -> AutoApproval? {
        guard let wish = query["auto_approve"] else { return state.withLock { $0.autoApprove } }
        if wish == "deny" { return .deny }
        return Int64(wish).map { .athlete(AthleteID($0), query["grant"].flatMap { StravaScopes($0) }) }
    }

    private func grant(_ asked: AuthorizeRequest, _ athlete: AthleteID, _ scopes: StravaScopes) throws -> SimulatorAnswer {
        guard world.spec(athlete) != nil else { throw SimulatedError.badRequest("Athlete", "athlete_id", "invalid") }
        let code = try state.withLock { state in
            guard state.admits(athlete) else { throw SimulatedError.capacity }
            return state.tokens.issueCode(athlete, scopes, now_s: now_s)
        }
        return .redirect(to: asked.granted(code: code, scopes))
    }

    // MARK: Tokens

    /// POST /oauth/token, both grants.
    func token(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        let parameters = request.parameters
        try options.checkClient(parameters)
        return switch parameters["grant_type"] {
        case "authorization_code": .json(try exchange(parameters["code"] ?? ""))
        case "refresh_token": .json(try refresh(parameters["refresh_token"] ?? ""))
        default: throw SimulatedError.wrongClient
        }
    }

    private func exchange(_ code: String) throws -> [UInt8] {
        let issued = try state.withLock { state in
            guard let grant = state.tokens.redeem(code, now_s: now_s) else {
                throw SimulatedError.badRequest("AuthorizationCode", "code", "invalid")
            }
            guard state.admits(grant.athlete) else { throw SimulatedError.capacity }
            return state.tokens.issue(grant.athlete, grant.scopes, now_s: now_s)
        }
        return tokenBody(issued, withAthlete: true)
    }

    private func refresh(_ token: String) throws -> [UInt8] {
        let issued = state.withLock { $0.tokens.refresh(token, rotation: $0.rotation, now_s: now_s) }
        guard let issued, world.spec(issued.athlete) != nil else {
            throw SimulatedError.badRequest("RefreshToken", "refresh_token", "invalid")
        }
        return tokenBody(issued, withAthlete: false)
    }

    /// `athlete` comes with the exchange of a code only, never with a refresh.
    private func tokenBody(_ issued: IssuedTokens, withAthlete: Bool) -> [UInt8] {
        JSONWriter.object { json in
            json.field("token_type", "Bearer")
            json.field("expires_at", issued.expiresAt.epoch_s)
            json.field("expires_in", issued.expiresAt.epoch_s - now_s)
            json.field("refresh_token", issued.refreshToken)
            json.field("access_token", issued.accessToken)
            if options.tokenAnswerHasScope { json.field("scope", issued.scopes.names.joined(separator: " ")) }
            guard withAthlete, let spec = world.spec(issued.athlete), let ordinal = world.ordinal(issued.athlete) else { return }
            json.field("athlete", object: { AthleteJSON(spec: spec, ordinal: ordinal).write(isDetailed: false, into: &$0) })
        }
    }

    // MARK: Revocation

    /// The athlete revokes the application's access: all tokens die, and an event is sent.
    func deauthorize(_ athlete: AthleteID) {
        state.withLock { $0.tokens.revoke(athlete) }
        webhooks.add(.deauthorized(athlete, at_s: now_s))
    }

    /// POST /oauth/deauthorize: answers with the token that died.
    func deauthorize(_ athlete: AthleteID, _ request: SimulatorRequest) -> SimulatorAnswer {
        deauthorize(athlete)
        return .json(JSONWriter.object { $0.field("access_token", request.accessToken?.text) })
    }

    /// POST /oauth/revoke (RFC 7009): an unknown token is not an error.
    func revoke(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        guard let credentials = request.basicCredentials, credentials == (options.clientID, options.clientSecret) else {
            throw SimulatedError(status: 401, message: "Authorization Error")
        }
        guard let token = request.form["token"], !token.isEmpty else { throw SimulatedError.badRequest("Token", "token", "missing") }
        if let athlete = state.withLock({ $0.tokens.revoke(token: token) }) { webhooks.add(.deauthorized(athlete, at_s: now_s)) }
        return .json([])
    }
}

/// The parameters of GET /oauth/authorize, checked (docs/strava-api.md 1.1).
private struct AuthorizeRequest {
    let clientID: String
    let redirectURI: String
    let state: String
    let scopes: StravaScopes

    /// Hidden fields of the consent page's form, which carries the scopes asked for as `asked`.
    var formFields: [(String, String)] {
        [
            ("client_id", clientID), ("redirect_uri", redirectURI), ("state", state), ("response_type", "code"),
            ("asked", scopes.text),
        ]
    }

    /// Reads the query, and the form of the consent page as well.
    static func read(_ parameters: FormFields, options: SimulatorOptions) -> Result<AuthorizeRequest, SimulatedError> {
        guard parameters["client_id"] == options.clientID else { return .failure(.badRequest("Application", "client_id", "invalid")) }
        guard let redirect = parameters["redirect_uri"], isAllowed(redirect, domain: options.callbackDomain) else {
            return .failure(.badRequest("Application", "redirect_uri", "invalid"))
        }
        guard parameters["response_type"] == "code" else { return .failure(.badRequest("Application", "response_type", "invalid")) }
        guard let scopes = StravaScopes(parameters["asked"] ?? parameters["scope"] ?? "") else {
            return .failure(.badRequest("Authorize", "scope", "invalid"))
        }
        return .success(
            .init(clientID: options.clientID, redirectURI: redirect, state: parameters["state"] ?? "", scopes: scopes))
    }

    /// `state` is returned even when empty; the scopes are those granted.
    func granted(code: String, _ scopes: StravaScopes) -> String {
        redirect("state=\(PercentCoding.encode(state))&code=\(code)&scope=\(scopes.text)")
    }

    func denied() -> String { redirect("state=\(PercentCoding.encode(state))&error=access_denied") }

    private func redirect(_ query: String) -> String { redirectURI + (redirectURI.contains("?") ? "&" : "?") + query }

    /// The host must be the registered domain or a subdomain of it; localhost and 127.0.0.1 are always allowed.
    private static func isAllowed(_ uri: String, domain: String?) -> Bool {
        guard let parts = URLComponents(string: uri), ["http", "https"].contains(parts.scheme), let host = parts.host else { return false }
        if host == "localhost" || host == "127.0.0.1" { return true }
        guard let domain else { return false }
        return host == domain || host.hasSuffix("." + domain)
    }
}

/// The page that asks for consent: a choice of athletes, and a tick box for each scope.
private enum ConsentPage {
    static func html(_ request: AuthorizeRequest, athletes: [AthleteID]) -> String {
        let hidden = request.formFields.map { "<input type=\"hidden\" name=\"\(escape($0.0))\" value=\"\(escape($0.1))\">" }
        let choices = athletes.prefix(200).map { "<option value=\"\($0)\">athlete \($0)</option>" }
        let boxes = request.scopes.names.map {
            "<p><label><input type=\"checkbox\" name=\"scope\" value=\"\($0)\" checked> \($0)</label></p>"
        }
        return """
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Simulated Strava: authorize</title></head><body>
            <h1>Simulated Strava</h1><p>An application asks for access to an athlete of this simulated world.</p>
            <form method="post" action="/oauth/authorize">\(hidden.joined())
            <p><label>You are <select name="athlete_id">\(choices.joined())</select></label></p>
            \(boxes.joined())
            <p><button name="decision" value="authorize">Authorize</button> <button name="decision" value="cancel">Cancel</button></p>
            </form></body></html>
            """
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
