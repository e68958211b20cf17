import Core
import Foundation
import Hummingbird
import Logging
import StravaAPI

/// The way of a person to Strava and back: `/connect` and `/oauth/callback`.
struct ConnectFlow: Sendable {
    let states: ConnectStates
    let strava: StravaClient
    let publicURL: PublicURL
    let register: Gateway.Register
    let logger: Logger

    /// Sends the person on to Strava's consent page.
    func connect(_ query: ConnectQuery) async throws -> Response {
        guard let uid = query.uid else { return ConnectPages.uidMalformed.response }
        do {
            let state = try await states.begin(uid: uid)
            let address = strava.authorizeURL(
                redirectURI: publicURL.callback, state: state.text, scopes: GrantedScopes.asked)
            return Response(status: .seeOther, headers: [.location: address])
        } catch let error as GatewayError where error.code == .tooManyConnects {
            logger.log(.warning, "too many connects at once", [.limit: ConnectStates.openMax])
            return ConnectPages.tooManyConnects.response
        }
    }

    /// Takes the person back. The state is used up first, whatever the rest says.
    func callback(_ query: ConnectQuery) async throws -> Page {
        var uid: UID?
        if let state = query.state { uid = try await states.take(state) }
        if let error = query.error {
            return error == "access_denied" ? ConnectPages.denied(uid.map(publicURL.connect)) : ConnectPages.refusedByStrava
        }
        guard let uid else { return ConnectPages.stateUnknown }
        guard let code = query.code else { return ConnectPages.codeRefused }
        // Known before the code is exchanged: a grant that is of no use never becomes a token.
        let redirected = GrantedScopes(redirect: query.scope, answer: nil)
        if query.scope != nil, !redirected.canReadActivities {
            return ConnectPages.scopeMissing(redirected, again: publicURL.connect(uid: uid))
        }
        return try await exchange(code, scope: query.scope, uid: uid)
    }

    private func exchange(_ code: String, scope: String?, uid: UID) async throws -> Page {
        let grant: TokenGrant
        do { grant = try await strava.exchange(code: code) } catch let error as StravaError {
            logger.log(.warning, "a connect code could not be exchanged", [.code: error.code.rawValue])
            return page(for: error)
        }
        let granted = GrantedScopes(redirect: scope, answer: grant.scope)
        guard granted.canReadActivities else { return ConnectPages.scopeMissing(granted, again: publicURL.connect(uid: uid)) }
        guard let athlete = grant.athleteID else {
            logger.log(.error, "a token answer names no athlete", [:])
            return ConnectPages.stravaUnavailable
        }
        let isNew = try await register(grant, athlete, uid.text, granted.text)
        logger.log(.info, "athlete connected", [.athleteID: athlete, .state: isNew ? "new" : "known"])
        return ConnectPages.connected(granted, isNew: isNew, again: publicURL.connect(uid: uid))
    }

    private func page(for error: StravaError) -> Page {
        switch error.code {
        case .codeInvalid, .badRequest: ConnectPages.codeRefused
        case .capacityExceeded: ConnectPages.athletesFull
        case .clientSecretWrong: ConnectPages.credentialsRefused
        default: ConnectPages.stravaUnavailable
        }
    }
}
