import Core
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import StravaAPI
import Sync

/// A person's way to Strava and back: `/connect`, `/oauth/callback` and the result page.
struct ConnectFlow: Sendable {
    let states: ConnectStates
    let strava: StravaClient
    let publicURL: PublicURL
    let register: Gateway.Register
    let logger: Logger

    private static let refresh = HTTPField.Name("Refresh")!
    private var cookie: BrowserCookie { BrowserCookie(isSecure: publicURL.isHTTPS) }

    /// Redirects the person to Strava's consent page.
    func connect(_ request: Request, client: String) async throws -> Response {
        guard let uid = ConnectQuery(request).uid else { return ConnectPages.uidMalformed.response }
        let browser = cookie.read(request) ?? .random()
        do {
            let state = try await states.begin(uid: uid, browser: browser, client: client)
            let address = strava.authorizeURL(redirectURI: publicURL.callback, state: state.text, scopes: GrantedScopes.requested)
            return redirect(to: address, browser)
        } catch let error as GatewayError where error.code == .tooManyConnects {
            logger.log(.warning, "too many connects at once", [.limit: ConnectStates.countMax])
            return ConnectPages.tooManyConnects.response
        } catch let error as GatewayError where error.code == .tooManyConnectsOfClient {
            logger.log(.notice, "too many connects from one client", [.limit: ConnectStates.clientCountMax])
            var response = ConnectPages.tooManyConnectsOfClient.response
            response.headers[.retryAfter] = String(Int(ConnectStates.lifetime.seconds))
            return response
        }
    }

    /// Finishes the connect, once, and redirects the person to the result. Reloading that page changes nothing.
    func callback(_ request: Request) async throws -> Response {
        let query = ConnectQuery(request)
        let browser = cookie.read(request)
        guard let state = query.state else {
            return (query.error == nil ? ConnectPages.stateUnknown : ConnectPages.refusedByStrava).response
        }
        // HEAD must change nothing (RFC 9110, section 9.2.1), and link checkers send it.
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
            // The code is used up: the remembered result asks the person to begin again.
            do { try await states.finish(state, ConnectOutcome(.interrupted)) } catch {
                logger.log(.debug, "result of a connect not stored", [.error: "\(error)"])
            }
            throw error
        }
        try await states.finish(state, outcome)
    }

    private func decide(_ query: ConnectQuery, _ uid: UID) async throws -> ConnectOutcome {
        if let error = query.error { return ConnectOutcome(error == "access_denied" ? .denied : .refusedByStrava) }
        guard let code = query.code else { return ConnectOutcome(.codeRefused) }
        // Checked before the exchange, so that a useless grant never becomes a token.
        let redirected = GrantedScopes(redirect: query.scope, answer: nil)
        if query.scope != nil, !redirected.canReadActivities { return ConnectOutcome(.scopeMissing, scope: redirected.text) }
        return try await exchange(code, scope: query.scope, uid: uid)
    }

    private func exchange(_ code: String, scope: String?, uid: UID) async throws -> ConnectOutcome {
        let grant: TokenGrant
        do { grant = try await strava.exchange(code: code) } catch let error as StravaError {
            logger.log(.warning, "connect code not exchanged", [.code: error.code.rawValue])
            return ConnectOutcome(result(for: error))
        }
        let granted = GrantedScopes(redirect: scope, answer: grant.scope)
        guard granted.canReadActivities else { return ConnectOutcome(.scopeMissing, scope: granted.text) }
        guard let athlete = grant.athleteID else {
            logger.log(.error, "token answer names no athlete", [:])
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

    /// A result's name is the hash of its state, which is useless without the browser's cookie.
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

/// The checked query of `/connect` and `/oauth/callback`. Malformed values are nil.
private struct ConnectQuery: Sendable {
    /// Strava's codes have 40 characters today.
    private static let codeBytesMax = 512

    let uid: UID?
    let state: ConnectSecret?
    let code: String?
    let scope: String?
    let error: String?

    init(_ request: Request) {
        let values = request.uri.queryParameters
        uid = values["uid"].flatMap { UID($0) }
        state = values["state"].flatMap { ConnectSecret($0) }
        code = values["code"].flatMap { Self.isCode($0) ? String($0) : nil }
        scope = values["scope"].map(String.init)
        error = values["error"].map { String($0.prefix(64)) }
    }

    private static func isCode(_ text: Substring) -> Bool {
        (1...codeBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}

/// The cookie that identifies a browser during a connect. It says nothing about the person. `SameSite=Lax`: browsers send it when Strava
/// redirects back, but not with requests from other pages.
private struct BrowserCookie: Sendable {
    /// The time for a connect, and once more for looking at its result.
    private static let lifetime_s = 2 * Int(ConnectStates.lifetime.seconds)

    let isSecure: Bool

    /// Browsers accept a `__Host-` cookie only over https, and only from this host (RFC 6265bis, section 4.1.3.2).
    var name: String { isSecure ? "__Host-fitnessd-connect" : "fitnessd-connect" }

    /// The browser's key; nil: it sent none.
    func read(_ request: Request) -> ConnectSecret? { request.cookies[name].flatMap { ConnectSecret($0.value) } }

    /// Sets the key, or extends its lifetime.
    func set(_ key: ConnectSecret, in response: inout Response) {
        let secure = isSecure ? "; Secure" : ""
        response.headers[.setCookie] = "\(name)=\(key.text); Path=/; Max-Age=\(Self.lifetime_s); HttpOnly; SameSite=Lax\(secure)"
    }
}
