import Core
import Foundation
import HTTPTransport

extension StravaClient {
    /// The address of Strava's consent page. `state` comes back with the redirect and must be one-time.
    public func authorizeURL(redirectURI: String, state: String, scopes: [String]) -> String {
        let fields = [
            ("client_id", configuration.clientID), ("redirect_uri", redirectURI), ("response_type", "code"),
            ("approval_prompt", "auto"),
            ("state", state),
        ]
        let scope = scopes.map(PercentCoding.encode).joined(separator: ",")
        return "\(configuration.oauthURL)/authorize?\(PercentCoding.form(fields))&scope=\(scope)"
    }

    /// Turns the code of a redirect into tokens; a code is good once. Throws `StravaError`, `codeInvalid` among others.
    public func exchange(code: String) async throws -> TokenGrant {
        try await grant([("grant_type", "authorization_code"), ("code", code)], sent: nil, endpoint: "token_exchange")
    }

    /// A new pair of tokens. More than an hour before its end Strava answers with the same access token.
    ///
    /// Throws `StravaError`. When `reachedStrava` is not `no`, the old refresh token may be dead although no new one arrived.
    public func refresh(_ refreshToken: Secret) async throws -> TokenGrant {
        try await grant(
            [("grant_type", "refresh_token"), ("refresh_token", refreshToken.reveal())], sent: refreshToken,
            endpoint: "token_refresh")
    }

    /// Ends the application's access to the athlete; either token of the pair will do where Strava has `/oauth/revoke`.
    /// A token that is dead already counts as revoked. Throws `StravaError`.
    @discardableResult
    public func revoke(_ token: Secret) async throws -> Revocation {
        let headers = [("Authorization", "Basic \(basicCredentials)"), Self.formType]
        do throws(StravaError) {
            _ = try await post("/revoke", headers: headers, fields: [("token", token.reveal())], endpoint: "token_revoke")
            return .revoked
        } catch {
            guard error.status == 404 || error.status == 405 else { throw error }
        }
        return try await deauthorize(token)
    }

    private func deauthorize(_ token: Secret) async throws(StravaError) -> Revocation {
        let headers = [("Authorization", "Bearer \(token.reveal())"), Self.formType]
        do throws(StravaError) {
            _ = try await post("/deauthorize", headers: headers, fields: [], endpoint: "token_revoke")
        } catch {
            // Athlete / access_token / invalid: there is nothing left to revoke.
            guard error.code == .tokenDead else { throw error }
        }
        return .deauthorized
    }

    private func grant(_ fields: [(String, String)], sent: Secret?, endpoint: String) async throws(StravaError) -> TokenGrant {
        let application = [("client_id", configuration.clientID), ("client_secret", configuration.clientSecret.reveal())]
        let response = try await post("/token", headers: [Self.formType], fields: application + fields, endpoint: endpoint)
        guard let grant = TokenGrant(body: response.body, sent: sent, now: clock.now) else {
            let isHTML = AnswerClassifier.looksLikeHTML(contentType: response.headers["Content-Type"], body: response.body)
            throw error(isHTML ? .maintenance : .unreadable, response, endpoint: endpoint)
        }
        return grant
    }

    private func post(
        _ path: String, headers: [(String, String)], fields: [(String, String)], endpoint: String
    ) async throws(StravaError) -> HTTPResponse {
        let request = HTTPRequest(
            method: .post, url: configuration.oauthURL + path,
            headers: [(name: "Accept", value: "application/json")] + headers.map { (name: $0.0, value: $0.1) },
            body: Array(PercentCoding.form(fields).utf8), timeout: .seconds(30), bodyBytesMax: 256 << 10)
        return try await send(request, door: .oauth, endpoint: endpoint)
    }

    private static var formType: (String, String) { ("Content-Type", "application/x-www-form-urlencoded") }

    private var basicCredentials: String {
        Data("\(configuration.clientID):\(configuration.clientSecret.reveal())".utf8).base64EncodedString()
    }
}
