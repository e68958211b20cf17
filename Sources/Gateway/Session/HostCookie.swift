import HTTPTypes
import Hummingbird

/// A cookie for this host alone, which no script of a page reads. It holds a secret and says nothing about the person.
///
/// `SameSite=Lax`: browsers don't send it with forms of other sites, but do when Strava redirects back.
struct HostCookie: Sendable {
    let name: String
    private let isSecure: Bool

    /// Browsers accept a `__Host-` cookie only over https, and only from this host (RFC 6265bis, section 4.1.3.2).
    init(_ name: String, isSecure: Bool) {
        self.name = isSecure ? "__Host-\(name)" : name
        self.isSecure = isSecure
    }

    /// Nil: the browser sent none.
    func value(_ request: Request) -> String? { request.cookies[name]?.value }

    func set(_ value: String, lasts_s: Int, in response: inout Response) {
        let secure = isSecure ? "; Secure" : ""
        response.headers[values: .setCookie].append("\(name)=\(value); Path=/; Max-Age=\(lasts_s); HttpOnly; SameSite=Lax\(secure)")
    }

    func clear(in response: inout Response) { set("", lasts_s: 0, in: &response) }
}
