import ControlAPI
import Core
import Digest
import HTTPTypes
import Hummingbird
import Identity
import Logging

/// An athlete at a browser, or an admin who looks at an athlete's pages.
struct AthleteVisitor: Sendable {
    let athlete: AthleteID
    let showsPlaces: Bool
    /// What each form of a page has to send; empty: there is no session, and no form.
    let csrf: String
    /// What the session may do beside reading.
    var scopes: Set<Scope> = []
}

/// An admin at a browser.
struct AdminVisitor: Sendable {
    let account: AdminAccount
    /// What each form of a page has to send.
    let csrf: String
}

/// The cookie of a session. It holds a secret and says nothing about the person. `SameSite=Lax`: browsers don't send it with forms of other sites.
struct SessionCookie: Sendable {
    let name: String
    let isSecure: Bool

    /// Browsers accept a `__Host-` cookie only over https, and only from this host (RFC 6265bis, section 4.1.3.2).
    static func athlete(isSecure: Bool) -> SessionCookie {
        SessionCookie(name: isSecure ? "__Host-session" : "session", isSecure: isSecure)
    }

    static func admin(isSecure: Bool) -> SessionCookie {
        SessionCookie(name: isSecure ? "__Host-admin-session" : "admin-session", isSecure: isSecure)
    }

    func read(_ request: Request) -> WebSecret? { request.cookies[name].flatMap { WebSecret($0.value) } }

    func set(_ secret: WebSecret, lasts_s: Int, in response: inout Response) {
        add("\(name)=\(secret.secret.reveal()); Path=/; Max-Age=\(lasts_s); HttpOnly; SameSite=Lax", in: &response)
    }

    func clear(in response: inout Response) { add("\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", in: &response) }

    private func add(_ text: String, in response: inout Response) {
        response.headers[values: .setCookie].append(text + (isSecure ? "; Secure" : ""))
    }
}

/// Who is at a browser, by the cookies of its requests.
struct WebSessions: Sendable {
    let desk: WebSessionDesk
    let hosts: TrustedHosts
    let athleteCookie: SessionCookie
    let adminCookie: SessionCookie

    init(desk: WebSessionDesk, publicURL: PublicURL, addresses: GatewayAddresses) {
        self.desk = desk
        hosts = TrustedHosts(publicURL: publicURL, addresses: addresses)
        athleteCookie = .athlete(isSecure: publicURL.isHTTPS)
        // An address of its own is reached on this machine or through a tunnel, without TLS.
        adminCookie = .admin(isSecure: publicURL.isHTTPS && addresses.admin == .withWeb)
    }

    /// Nil: no athlete is signed in: send the browser to `/sign-in?next=…`.
    func athlete(_ request: Request) async throws -> AthleteVisitor? {
        guard let secret = athleteCookie.read(request), let session = try await desk.session(secret),
            case .athlete(let athlete, let showsPlaces) = session.holder
        else { return nil }
        return AthleteVisitor(athlete: athlete, showsPlaces: showsPlaces, csrf: secret.formToken, scopes: session.scopes)
    }

    /// Nil: no admin is signed in.
    func admin(_ request: Request) async throws -> AdminVisitor? {
        guard let secret = adminCookie.read(request), let session = try await desk.session(secret),
            case .admin(let id, let name) = session.holder
        else { return nil }
        return AdminVisitor(account: AdminAccount(id: id, name: name), csrf: secret.formToken)
    }

    /// The form of a page of this session.
    ///
    /// - Parameter csrf: the session's form token; the form must have it as its field `csrf`.
    /// - Throws: `PageRefusal` when the form comes from elsewhere.
    func form(_ request: Request, csrf: String) async throws -> PageForm {
        try hosts.requireOwnForm(request)
        let form = try await PageForm.read(request)
        guard let given = form["csrf"], ConstantTime.isEqual(given.utf8, csrf.utf8) else { throw PageRefusal.formStale }
        return form
    }
}
