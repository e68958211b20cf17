import Core
import Foundation

/// The parameters of GET /oauth/authorize, checked (docs/strava-api.md 1.1).
struct AuthorizeRequest: Sendable {
    let clientID: String
    let redirectURI: String
    let state: String
    let scopes: StravaScopes

    var formFields: [(String, String)] {
        [
            ("client_id", clientID), ("redirect_uri", redirectURI), ("state", state), ("response_type", "code"),
            ("asked", scopes.text),
        ]
    }

    /// Reads the page's own form too, where the asked scopes travel as `asked`.
    static func read(_ parameters: FormFields, options: SimulatorOptions) -> Result<AuthorizeRequest, StravaFault> {
        guard parameters["client_id"] == options.clientID else { return .failure(.badRequest("Application", "client_id", "invalid")) }
        guard let redirect = parameters["redirect_uri"], isAllowed(redirect, domain: options.callbackDomain) else {
            return .failure(.badRequest("Application", "redirect_uri", "invalid"))
        }
        guard parameters["response_type"] == "code" else { return .failure(.badRequest("Application", "response_type", "invalid")) }
        guard let scopes = StravaScopes(parameters["asked"] ?? parameters["scope"] ?? "") else {
            return .failure(.badRequest("Authorize", "scope", "invalid"))
        }
        return .success(
            .init(clientID: options.clientID, redirectURI: redirect, state: parameters["state"] ?? "", scopes: scopes))
    }

    /// `state` comes back even when empty; the scopes are those granted.
    func granted(code: String, _ scopes: StravaScopes) -> String {
        redirect("state=\(percentEncoded(state))&code=\(code)&scope=\(scopes.text)")
    }

    func denied() -> String { redirect("state=\(percentEncoded(state))&error=access_denied") }

    private func redirect(_ query: String) -> String { redirectURI + (redirectURI.contains("?") ? "&" : "?") + query }

    private func percentEncoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? ""
    }

    /// The host must be the registered domain or below it; localhost and 127.0.0.1 always may.
    private static func isAllowed(_ uri: String, domain: String?) -> Bool {
        guard let parts = URLComponents(string: uri), ["http", "https"].contains(parts.scheme), let host = parts.host else { return false }
        if host == "localhost" || host == "127.0.0.1" { return true }
        guard let domain else { return false }
        return host == domain || host.hasSuffix("." + domain)
    }
}
