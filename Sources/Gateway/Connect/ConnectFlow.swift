import Core
import Digest
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import StravaAPI
import Sync
import Vault

/// A person's way to Strava and back: the page of a connect link, `/oauth/callback`, and the page that says how it ended or asks.
struct ConnectFlow: Sendable {
    let states: ConnectStates
    let links: ConnectLinks
    let strava: StravaClient
    let publicURL: PublicURL
    let settings: Live<GatewaySettings>
    let register: Gateway.Register
    let logger: Logger

    private static let refresh = HTTPField.Name("Refresh")!
    private var pages: ConnectPages { ConnectPages(who: settings.value.who, host: publicURL.host) }
    private var cookie: BrowserCookie { BrowserCookie(isSecure: publicURL.isHTTPS) }

    // MARK: The link

    /// Shows what a link is for. Begins nothing: mail programs and chats open links to show a preview.
    func open(_ request: Request) async throws -> Response {
        guard let link = ConnectQuery(request, links).link else { return pages.linkInvalid.response }
        if let refusal = try await refusal(of: link) { return refusal.response }
        let browser = cookie.read(request) ?? .random()
        var response = pages.start(link, startForm(link, browser)).response
        cookie.set(browser, in: &response)
        return response
    }

    /// Redirects the person who pressed the button to Strava's consent page.
    func begin(_ request: Request, client: String) async throws -> Response {
        guard let link = ConnectQuery(request, links).link else { return pages.linkInvalid.response }
        if let refusal = try await refusal(of: link) { return refusal.response }
        guard let browser = cookie.read(request), let form = try await ConnectForm.read(request),
            FormToken(browser, for: Self.place(link)).matches(form.token)
        else { return pages.formStale(again: links.address(of: link)).response }
        return try await begin(ConnectPurpose(link: link), browser, client: client)
    }

    private func refusal(of link: ConnectLink) async throws -> HTMLPage? {
        if states.clock.now >= link.expiresAt { return pages.linkExpired(link) }
        return try await states.isUsed(link) ? pages.linkUsed : nil
    }

    private func begin(_ purpose: ConnectPurpose, _ browser: ConnectSecret, client: String) async throws -> Response {
        do {
            let state = try await states.begin(purpose, browser: browser, client: client)
            let address = strava.authorizeURL(
                redirectURI: publicURL.callback, state: state.text, scopes: GrantedScopes.requested,
                // Who comes back for more permissions has to see the boxes again.
                isAlwaysAsked: purpose.renewedAthlete != nil)
            return redirect(to: address, browser)
        } catch let error as GatewayError where error.code == .tooManyConnects {
            logger.log(.warning, "too many connects at once", [.limit: ConnectStates.countMax])
            return pages.tooManyConnects.response
        } catch let error as GatewayError where error.code == .tooManyConnectsOfClient {
            logger.log(.notice, "too many connects from one client", [.limit: ConnectStates.clientCountMax])
            var response = pages.tooManyConnectsOfClient.response
            response.headers[.retryAfter] = String(Int(ConnectStates.lifetime.seconds))
            return response
        }
    }

    // MARK: Back from Strava

    /// Finishes the connect, once, and redirects the person to the result. Reloading that page changes nothing.
    func callback(_ request: Request) async throws -> Response {
        let query = ConnectQuery(request, links)
        let browser = cookie.read(request)
        guard let state = query.state else {
            return (query.error == nil ? pages.stateUnknown : pages.refusedByStrava).response
        }
        // HEAD must change nothing (RFC 9110, section 9.2.1), and link checkers send it.
        let isHead = request.method == .head
        let take = isHead ? try await states.look(state, browser: browser) : try await states.take(state, browser: browser)
        switch take {
        case .unknown: return pages.stateUnknown.response
        case .foreign: return pages.browserUnknown.response
        case .known: break
        case .taken(let purpose): try await finish(state.hash) { try await exchange(query, purpose) }
        }
        return redirect(to: publicURL.connected(Hexadecimal.text(state.hash)), browser)
    }

    /// How a connect ended, and the grant that waits for a decision.
    private typealias Ending = (outcome: ConnectOutcome, held: HeldGrant?)

    private func finish(_ hash: [UInt8], _ body: () async throws -> Ending) async throws {
        let ending: Ending
        do { ending = try await body() } catch let error as SyncError where error.code == .beingErased {
            // The person may begin again once that is done.
            ending = (ConnectOutcome(.interrupted), nil)
        } catch {
            // The code is used up: the remembered result asks the person to begin again.
            do { try await states.finish(hash, ConnectOutcome(.interrupted)) } catch {
                logger.log(.debug, "result of a connect not stored", error)
            }
            throw error
        }
        try await states.finish(hash, ending.outcome, held: ending.held)
    }

    private func exchange(_ query: ConnectQuery, _ purpose: ConnectPurpose) async throws -> Ending {
        if let error = query.error { return (ConnectOutcome(error == "access_denied" ? .denied : .refusedByStrava), nil) }
        guard let code = query.code else { return (ConnectOutcome(.codeRefused), nil) }
        // Checked before the exchange, so that a useless grant never becomes a token.
        let redirected = GrantedScopes(redirect: query.scope, answer: nil)
        if query.scope != nil, !redirected.canReadActivities {
            return (ConnectOutcome(.scopeMissing, scope: redirected.text), nil)
        }
        switch try await CodeExchange(strava: strava, logger: logger).exchange(code, scopes: .redirect(query.scope)) {
        case .refused(let outcome): return (outcome, nil)
        case .granted(let grant, let athlete, let granted):
            let consent = Consent(
                grant: .fresh(grant), athlete: athlete, scope: granted.text, link: purpose.link, renewedAthlete: purpose.renewedAthlete)
            return try await ending(of: consent, name: grant.athleteName)
        }
    }

    private func ending(of consent: Consent, name: String?) async throws -> Ending {
        let registered: ConsentResult
        do { registered = try await register(consent) } catch let error as SyncError where error.code == .beingErased {
            logger.log(.notice, "connect refused: the athlete is being erased", [.uid: consent.uid])
            return (ConnectOutcome(.beingErased), nil)
        }
        note(registered.registration, consent)
        let outcome = ConnectOutcome(
            result(for: registered.registration), athlete: consent.athlete, name: name, scope: consent.scope,
            hasMoved: registered.registration.moves.isEmpty ? nil : true)
        return (outcome, registered.held)
    }

    private func result(for registration: Registration) -> ConnectOutcome.Result {
        switch registration.outcome {
        case .added: .connected
        case .updated, .kept: .connectedAgain
        case .linkUsed: .linkUsed
        case .refused(.athleteHas): .athleteTaken
        case .refused(.uidBelongs): .uidTaken
        case .refused(.both): .bothTaken
        }
    }

    private func note(_ registration: Registration, _ consent: Consent) {
        let (athlete, uid) = (consent.athlete, consent.uid)
        for move in registration.moves {
            logger.log(
                .notice, "athlete moved to another uid", [.athleteID: move.athlete, .from: move.from, .uid: move.to ?? "none"])
        }
        switch registration.outcome {
        case .added, .updated, .kept:
            logger.log(
                .info, "athlete connected", [.athleteID: athlete, .uid: uid, .state: registration.outcome == .added ? "new" : "known"])
        case .linkUsed: logger.log(.notice, "connect link used twice", [.athleteID: athlete, .uid: uid])
        case .refused(.athleteHas(let other)):
            logger.log(.notice, "connect asks: the athlete has another uid", [.athleteID: athlete, .uid: uid, .from: other])
        case .refused(.uidBelongs(let other)):
            logger.log(.notice, "connect asks: the uid has another athlete", [.athleteID: athlete, .uid: uid, .from: other])
        case .refused(.both(let other, let holder)):
            logger.log(
                .notice, "connect asks: the athlete has another uid, and the uid another athlete",
                [.athleteID: athlete, .uid: uid, .from: "\(other), \(holder)"])
        }
    }

    // MARK: The result

    /// Shows how a connect ended, or asks, in the browser that began it.
    func result(_ name: String, _ request: Request) async throws -> Response {
        guard let hash = Hexadecimal.bytes(name, count: SHA256.byteCount) else { throw HTTPError(.notFound) }
        let browser = cookie.read(request)
        switch try await states.standing(hash, browser: browser) {
        case nil: return pages.resultUnknown.response
        case .underWay:
            var response = pages.underWay.response
            response.headers[Self.refresh] = "2"
            return response
        case .ended(let outcome, let purpose):
            let form = ConnectPages.Form(
                action: publicURL.connected(name), token: browser.map { FormToken($0, for: name).text } ?? "", targets: formTargets)
            return pages.page(outcome, purpose, link: links.address(of: purpose.link), form).response
        }
    }

    /// Does what the person has decided on the result's page.
    func decide(_ name: String, _ request: Request, client: String) async throws -> Response {
        guard let hash = Hexadecimal.bytes(name, count: SHA256.byteCount) else { throw HTTPError(.notFound) }
        guard let browser = cookie.read(request), let form = try await ConnectForm.read(request), let decision = form.decision,
            FormToken(browser, for: name).matches(form.token)
        else { return pages.formStale(again: nil).response }
        switch decision {
        case .move: try await move(hash, browser)
        case .keep: try await keep(hash, browser)
        case .again:
            if case .ended(let outcome, let purpose) = try await states.standing(hash, browser: browser),
                let athlete = outcome.isConnected ? outcome.athlete : purpose.renewedAthlete
            {
                return try await begin(ConnectPurpose(link: purpose.link, renewedAthlete: athlete), browser, client: client)
            }
        }
        return redirect(to: publicURL.connected(name), browser)
    }

    private func move(_ hash: [UInt8], _ browser: ConnectSecret) async throws {
        guard let released = try await states.release(hash, browser: browser) else { return }
        try await finish(hash) {
            guard let athlete = released.asked.athlete else { return (ConnectOutcome(.interrupted), nil) }
            let consent = Consent(
                grant: .held(released.held), athlete: athlete, scope: released.asked.scope ?? "", link: released.purpose.link,
                renewedAthlete: released.purpose.renewedAthlete, accepted: released.asked.conflict)
            return try await ending(of: consent, name: released.asked.name)
        }
    }

    private func keep(_ hash: [UInt8], _ browser: ConnectSecret) async throws {
        guard let released = try await states.release(hash, browser: browser) else { return }
        logger.log(.info, "connect declined: no uid moves", [.uid: released.purpose.uid])
        try await states.finish(hash, ConnectOutcome(.kept, athlete: released.asked.athlete, name: released.asked.name))
    }

    // MARK: Forms and addresses

    private func startForm(_ link: ConnectLink, _ browser: ConnectSecret) -> ConnectPages.Form {
        ConnectPages.Form(
            action: links.address(of: link), token: FormToken(browser, for: Self.place(link)).text, targets: formTargets)
    }

    private static func place(_ link: ConnectLink) -> String { "link \(Hexadecimal.text(link.id))" }

    /// A form may be sent to us, and browsers check where the answer redirects to, too.
    private var formTargets: [String] { [publicURL.origin, strava.consentOrigin].compactMap(\.self) }

    private func redirect(to address: String, _ browser: ConnectSecret?) -> Response {
        var response = Response(status: .seeOther, headers: [.location: address])
        if let browser { cookie.set(browser, in: &response) }
        return response
    }
}
