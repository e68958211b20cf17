import Core
import HTTPTypes
import Hummingbird

/// The cookie by which a browser is known again during a connect. It says nothing about a person, and it is sent along when Strava leads
/// the person back (SameSite=Lax), but with no request that another page makes.
struct BrowserCookie: Sendable {
    /// As long as a connect may take, and once more for looking at its result.
    private static let lifetime_s = 2 * Int(ConnectStates.lifetime.seconds)

    let isSecure: Bool

    /// RFC 6265bis, section 4.1.3.2: a browser takes a `__Host-` cookie over https only, and from this host alone.
    var name: String { isSecure ? "__Host-fitnessd-connect" : "fitnessd-connect" }

    /// The browser's key, if it sent one.
    func read(_ request: Request) -> ConnectSecret? { request.cookies[name].flatMap { ConnectSecret($0.value) } }

    /// Gives the browser its key, or lets the key live on.
    func set(_ key: ConnectSecret, in response: inout Response) {
        let secure = isSecure ? "; Secure" : ""
        response.headers[.setCookie] = "\(name)=\(key.text); Path=/; Max-Age=\(Self.lifetime_s); HttpOnly; SameSite=Lax\(secure)"
    }
}
