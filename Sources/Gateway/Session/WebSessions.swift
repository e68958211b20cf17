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

/// Who is at a browser, by the cookies of its requests.
struct WebSessions: Sendable {
    let desk: WebSessionDesk
    let hosts: TrustedHosts
    let athleteCookie: HostCookie
    let adminCookie: HostCookie

    init(desk: WebSessionDesk, publicURL: PublicURL, addresses: GatewayAddresses) {
        self.desk = desk
        hosts = TrustedHosts(publicURL: publicURL, addresses: addresses)
        athleteCookie = HostCookie("session", isSecure: publicURL.isHTTPS)
        // An address of its own is reached on this machine or through a tunnel, without TLS.
        adminCookie = HostCookie("admin-session", isSecure: publicURL.isHTTPS && addresses.admin == .withWeb)
    }

    /// Nil: no athlete is signed in: send the browser to `/sign-in?next=…`.
    func athlete(_ request: Request) async throws -> AthleteVisitor? {
        guard let secret = secret(athleteCookie, request), let session = try await desk.session(secret),
            case .athlete(let athlete, let showsPlaces) = session.holder
        else { return nil }
        return AthleteVisitor(athlete: athlete, showsPlaces: showsPlaces, csrf: secret.formToken, scopes: session.scopes)
    }

    /// Nil: no admin is signed in.
    func admin(_ request: Request) async throws -> AdminVisitor? {
        guard let secret = secret(adminCookie, request), let session = try await desk.session(secret),
            case .admin(let id, let name) = session.holder
        else { return nil }
        return AdminVisitor(account: AdminAccount(id: id, name: name), csrf: secret.formToken)
    }

    /// Nil: the browser sent none that can be ours.
    func secret(_ cookie: HostCookie, _ request: Request) -> WebSecret? { cookie.value(request).flatMap { WebSecret($0) } }

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
