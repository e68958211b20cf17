import Core
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import StravaAPI
import Sync

/// The way of a person to Strava and back: `/connect`, `/oauth/callback` and the page that says how it ended.
struct ConnectFlow: Sendable {
    let states: ConnectStates
    let strava: StravaClient
    let publicURL: PublicURL
    let register: Gateway.Register
    let logger: Logger

    private static let refresh = HTTPField.Name("Refresh")!
    private var cookie: BrowserCookie { BrowserCookie(isSecure: publicURL.isHTTPS) }

    /// Sends the person on to Strava's consent page.
    func connect(_ request: Request, client: String) async throws -> Response {
        guard let uid = ConnectQuery(request).uid else { return ConnectPages.uidMalformed.response }
        let browser = cookie.read(request) ?? .random()
        do {
            let state = try await states.begin(uid: uid, browser: browser, client: client)
            let address = strava.authorizeURL(redirectURI: publicURL.callback, state: state.text, scopes: GrantedScopes.asked)
            return redirect(to: address, browser)
        } catch let error as GatewayError where error.code == .tooManyConnects {
            logger.log(.warning, "too many connects at once", [.limit: ConnectStates.countMax])
            return ConnectPages.tooManyConnects.response
        } catch let error as GatewayError where error.code == .tooManyConnectsOfClient {
            logger.log(.notice, "too many connects of one client", [.limit: ConnectStates.clientCountMax])
            var response = ConnectPages.tooManyConnectsOfClient.response
            response.headers[.retryAfter] = String(Int(ConnectStates.lifetime.seconds))
            return response
        }
    }

    /// Takes the person back, once, and leads them to the result. Reloading that changes nothing any more.
    func callback(_ request: Request) async throws -> Response {
        let query = ConnectQuery(request)
        let browser = cookie.read(request)
        guard let state = query.state else {
            return (query.error == nil ? ConnectPages.stateUnknown : ConnectPages.refusedByStrava).response
        }
        // A HEAD changes nothing (RFC 9110, section 9.2.1): link checkers send them.
        let isHead = request.method == .head
        let take = isHead ? try await states.look(state, browser: browser) : try await states.take(state, browser: browser)
        switch take {
        case .unknown: return ConnectPages.stateUnknown.response
        case .foreign: return ConnectPages.browserUnknown.response
        case .known: break
        case .taken(let uid): try await finish(state, query, uid)
        }
        return redirect(to: publicURL.connected(Self.name(of: state)), browser)
    }

    /// Shows how a connect ended, to the browser that began it.
    func result(_ name: String, _ request: Request) async throws -> Response {
        guard let hash = Self.hash(name) else { throw HTTPError(.notFound) }
        switch try await states.standing(hash, browser: cookie.read(request)) {
        case nil: return ConnectPages.resultUnknown.response
        case .underWay:
            var response = ConnectPages.underWay.response
            response.headers[Self.refresh] = "2"
            return response
        case .ended(let outcome, let uid): return ConnectPages.page(outcome, uid, again: publicURL.connect(uid: uid)).response
        }
    }

    // MARK: Deciding

    private func finish(_ state: ConnectSecret, _ query: ConnectQuery, _ uid: UID) async throws {
        let outcome: ConnectOutcome
        do { outcome = try await decide(query, uid) } catch {
            // The code is used up: what is remembered tells the person to begin again.
            do { try await states.finish(state, ConnectOutcome(.interrupted)) } catch {
                logger.log(.debug, "the end of a connect is not stored", [.error: "\(error)"])
            }
            throw error
        }
        try await states.finish(state, outcome)
    }

    private func decide(_ query: ConnectQuery, _ uid: UID) async throws -> ConnectOutcome {
        if let error = query.error { return ConnectOutcome(error == "access_denied" ? .denied : .refusedByStrava) }
        guard let code = query.code else { return ConnectOutcome(.codeRefused) }
        // Known before the code is exchanged: a grant that is of no use never becomes a token.
        let redirected = GrantedScopes(redirect: query.scope, answer: nil)
        if query.scope != nil, !redirected.canReadActivities { return ConnectOutcome(.scopeMissing, scope: redirected.text) }
        return try await exchange(code, scope: query.scope, uid: uid)
    }

    private func exchange(_ code: String, scope: String?, uid: UID) async throws -> ConnectOutcome {
        let grant: TokenGrant
        do { grant = try await strava.exchange(code: code) } catch let error as StravaError {
            logger.log(.warning, "a connect code could not be exchanged", [.code: error.code.rawValue])
            return ConnectOutcome(result(for: error))
        }
        let granted = GrantedScopes(redirect: scope, answer: grant.scope)
        guard granted.canReadActivities else { return ConnectOutcome(.scopeMissing, scope: granted.text) }
        guard let athlete = grant.athleteID else {
            logger.log(.error, "a token answer names no athlete", [:])
            return ConnectOutcome(.stravaUnavailable)
        }
        let registration = try await register(grant, athlete, uid, granted.text)
        return ConnectOutcome(
            result(for: registration, athlete, uid), athlete: athlete, name: grant.athleteName, scope: granted.text)
    }

    private func result(for registration: Registration, _ athlete: AthleteID, _ uid: UID) -> ConnectOutcome.Result {
        switch registration.outcome {
        case .added, .updated, .kept:
            let isNew = registration.outcome == .added
            logger.log(.info, "athlete connected", [.athleteID: athlete, .uid: uid, .state: isNew ? "new" : "known"])
            return isNew ? .connected : .connectedAgain
        case .refused(.athleteHas(let other)):
            logger.log(.warning, "connect refused: the athlete has another uid", [.athleteID: athlete, .uid: uid, .from: other])
            return .athleteTaken
        case .refused(.uidBelongs(let other)):
            logger.log(.warning, "connect refused: the uid has another athlete", [.athleteID: athlete, .uid: uid, .from: other])
            return .uidTaken
        }
    }

    private func result(for error: StravaError) -> ConnectOutcome.Result {
        switch error.code {
        case .codeInvalid, .badRequest: .codeRefused
        case .capacityExceeded: .athletesFull
        case .clientSecretWrong: .credentialsRefused
        default: .stravaUnavailable
        }
    }

    // MARK: Addresses

    private func redirect(to address: String, _ browser: ConnectSecret?) -> Response {
        var response = Response(status: .seeOther, headers: [.location: address])
        if let browser { cookie.set(browser, in: &response) }
        return response
    }

    /// A result is named by its state's hash, which is of no use to anybody without the browser's cookie.
    private static func name(of state: ConnectSecret) -> String {
        state.hash.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
    }

    private static func hash(_ name: String) -> [UInt8]? {
        let digits = Array(name.utf8)
        guard digits.count == 64 else { return nil }
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
        return bytes.count == 32 ? bytes : nil
    }
}
