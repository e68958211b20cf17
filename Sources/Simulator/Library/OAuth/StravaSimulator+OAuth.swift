import Core
import Foundation

/// The OAuth endpoints (docs/strava-api.md 1).
extension StravaSimulator {
    /// GET /oauth/authorize: the consent page, or at once the redirect when a test asked for that.
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

    /// POST of the consent page: a tick box each, and the athlete who gives consent.
    func approve(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        let asked = try AuthorizeRequest.read(request.form, options: options).get()
        guard request.form["decision"] == "authorize" else { return .redirect(to: asked.denied()) }
        guard let athlete = request.form["athlete_id"].flatMap(Int64.init).map(AthleteID.init(_:)) else {
            throw StravaFault.badRequest("Athlete", "athlete_id", "invalid")
        }
        let ticked = StravaScopes(request.form.all("scope").joined(separator: ",")) ?? []
        return try grant(asked, athlete, asked.scopes.intersection(ticked))
    }

    private func approval(_ query: FormFields) -> AutoApproval? {
        guard let wish = query["auto_approve"] else { return autoApprove }
        if wish == "deny" { return .deny }
        return Int64(wish).map { .athlete(AthleteID($0), query["grant"].flatMap { StravaScopes($0) }) }
    }

    private func grant(_ asked: AuthorizeRequest, _ athlete: AthleteID, _ scopes: StravaScopes) throws -> SimulatorAnswer {
        guard world.spec(athlete) != nil else { throw StravaFault.badRequest("Athlete", "athlete_id", "invalid") }
        let code = try state.withLock { state in
            guard state.hasRoom(for: athlete) else { throw StravaFault.capacity }
            return state.tokens.issueCode(athlete, scopes, now_s: now_s)
        }
        return .redirect(to: asked.granted(code: code, scopes))
    }

    // MARK: Tokens

    /// POST /oauth/token, both grants.
    func token(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        let parameters = request.parameters
        try checkClient(parameters)
        return switch parameters["grant_type"] {
        case "authorization_code": .json(try exchange(parameters["code"] ?? ""))
        case "refresh_token": .json(try refresh(parameters["refresh_token"] ?? ""))
        default: throw StravaFault.wrongClient
        }
    }

    private func exchange(_ code: String) throws -> [UInt8] {
        let issued = try state.withLock { state in
            guard let grant = state.tokens.redeem(code, now_s: now_s) else {
                throw StravaFault.badRequest("AuthorizationCode", "code", "invalid")
            }
            guard state.hasRoom(for: grant.athlete) else { throw StravaFault.capacity }
            return state.tokens.issue(grant.athlete, grant.scopes, now_s: now_s)
        }
        return tokenBody(issued, withAthlete: true)
    }

    private func refresh(_ token: String) throws -> [UInt8] {
        let issued = state.withLock { $0.tokens.refresh(token, rotation: $0.rotation, now_s: now_s) }
        guard let issued, world.spec(issued.athlete) != nil else {
            throw StravaFault.badRequest("RefreshToken", "refresh_token", "invalid")
        }
        return tokenBody(issued, withAthlete: false)
    }

    /// `athlete` comes with a code's exchange only, never with a refresh.
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

    func checkClient(_ parameters: FormFields) throws {
        guard parameters["client_id"] == options.clientID, let secret = parameters["client_secret"] else { throw StravaFault.wrongClient }
        guard secret == options.clientSecret else { throw StravaFault.wrongSecret }
    }

    // MARK: Ends

    /// POST /oauth/deauthorize: counted, answered with the token that died.
    func deauthorize(_ athlete: AthleteID, _ request: SimulatorRequest) -> SimulatorAnswer {
        deauthorize(athlete)
        return .json(JSONWriter.object { $0.field("access_token", request.accessToken?.text) })
    }

    /// POST /oauth/revoke, RFC 7009: an unknown token is no error.
    func revoke(_ request: SimulatorRequest) throws -> SimulatorAnswer {
        guard let credentials = request.basicCredentials, credentials == (options.clientID, options.clientSecret) else {
            throw StravaFault(status: 401, message: "Authorization Error")
        }
        guard let token = request.form["token"], !token.isEmpty else { throw StravaFault.badRequest("Token", "token", "missing") }
        if let athlete = state.withLock({ $0.tokens.revoke(token: token) }) { webhooks.add(.deauthorized(athlete, at_s: now_s)) }
        return .json([])
    }
}
