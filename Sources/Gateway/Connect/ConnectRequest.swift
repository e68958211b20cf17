import Core
import Digest
import HTTPTypes
import Hummingbird
import Vault

/// The checked query of `/connect` and `/oauth/callback`. Malformed values are nil.
struct ConnectQuery: Sendable {
    /// A link that this installation signed, expired or not.
    let link: ConnectLink?
    let state: ConnectSecret?
    let code: String?
    let scope: String?
    let error: String?

    init(_ request: Request, _ links: ConnectLinks) {
        let values = request.uri.queryParameters
        link = links.link { values[$0[...]].map(String.init) }
        state = values["state"].flatMap { ConnectSecret($0) }
        code = values["code"].map(String.init).flatMap { CodeExchange.isCode($0) ? $0 : nil }
        scope = values["scope"].map(String.init)
        error = values["error"].map { String($0.prefix(64)) }
    }
}

/// What a button of our pages sends.
struct ConnectForm: Sendable {
    enum Decision: String, Sendable {
        /// Move the uid.
        case move
        /// Leave everything as it is.
        case keep
        /// To Strava once more.
        case again
    }

    let token: String
    let decision: Decision?

    /// Nil: the body is no such form.
    static func read(_ request: Request) async throws -> ConnectForm? {
        var request = request
        let body = String(buffer: try await request.collectBody(upTo: GatewayLimits.bodyBytesMax))
        guard let form = PageForm(body), let token = form["token"] else { return nil }
        return ConnectForm(token: token, decision: form["decision"].flatMap(Decision.init(rawValue:)))
    }
}

/// The cookie that identifies a browser during a connect.
struct BrowserCookie: Sendable {
    /// The time for a connect, and once more for looking at its result.
    private static let lifetime_s = 2 * Int(ConnectStates.lifetime.seconds)

    private let cookie: HostCookie

    init(isSecure: Bool) { cookie = HostCookie("fitnessd-connect", isSecure: isSecure) }

    /// The browser's key; nil: it sent none.
    func read(_ request: Request) -> ConnectSecret? { cookie.value(request).flatMap { ConnectSecret($0) } }

    /// Sets the key, or extends its lifetime.
    func set(_ key: ConnectSecret, in response: inout Response) { cookie.set(key.text, lasts_s: Self.lifetime_s, in: &response) }
}

/// Proves that a form comes from a page that was shown in this browser: whoever doesn't have the cookie can't make it.
struct FormToken: Sendable, Equatable {
    let text: String

    /// - Parameter place: the page that has the form.
    init(_ browser: ConnectSecret, for place: String) {
        text = Hexadecimal.text(SHA256.digest(of: Array("form \(place) \(browser.text)".utf8)))
    }

    /// Takes the same time for every text of the right length.
    func matches(_ given: String) -> Bool { ConstantTime.isEqual(text.utf8, given.utf8) }
}
