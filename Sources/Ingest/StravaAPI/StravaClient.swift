import Core
import Foundation
import HTTPTransport
import Logging
import Metering

/// Calls Strava: one request, one answer or one error. It doesn't decide when a call may be made, and never repeats one.
public struct StravaClient: Sendable {
    private let configuration: StravaConfiguration
    /// Strava makes a new one on demand.
    private let clientSecret: Live<Secret>
    private let clock: WallClock
    private let http: HTTPClient
    private let logger: Logger
    private let meters: StravaMeters
    private let unknownFields: UnknownFields

    public init(configuration: StravaConfiguration, http: HTTPClient, clock: WallClock, logger: Logger) {
        self.configuration = configuration
        clientSecret = Live(configuration.clientSecret)
        self.http = http
        self.clock = clock
        self.logger = logger
        meters = StravaMeters()
        unknownFields = UnknownFields(meters, logger)
    }

    // MARK: Reads

    /// The answer to a read: status 200 and a body of the call's shape. The token goes only into the `Authorization` header.
    ///
    /// - Throws: `StravaError` for any other answer, and for none.
    public func get(_ call: StravaCall, token: Secret) async throws -> StravaAnswer {
        let request = HTTPRequest(
            method: .get, url: configuration.apiURL + call.pathAndQuery,
            headers: [("Accept", "application/json"), ("Authorization", "Bearer \(token.reveal())")],
            timeout: .seconds(30), bodyBytesMax: call.bodyBytesMax)
        let response = try await send(request, origin: .api, endpoint: call.endpointName)
        guard BodyShape.begins(response.body, withOneOf: call.bodyStarts) else { throw unusable(response, endpoint: call.endpointName) }
        let answer = StravaAnswer(
            call: call, status: response.status, body: response.body, rateLimit: RateLimitHeaders(response.headers),
            serverDate: Self.serverDate(response), fetchedAt: clock.now)
        unknownFields.look(at: answer)
        return answer
    }

    /// Strava's clock when it gave this answer (RFC 9110, section 6.6.1), to the second; nil when the answer has no date.
    public static func serverDate(_ answer: HTTPResponse) -> Date? { answer.headers["Date"].flatMap(Timestamp.httpDate) }

    // MARK: OAuth

    /// Scheme, host and port of Strava's consent page; nil: its address is none.
    public var consentOrigin: String? { PublicURL.origin(of: configuration.oauthURL) }

    /// Calls from now on prove the application by this secret.
    public func adopt(clientSecret secret: Secret) { clientSecret.replace(with: secret) }

    /// The address of Strava's consent page. Strava returns `state` with the redirect; it must be usable only once.
    ///
    /// - Parameter isAlwaysAsked: false: Strava sends athletes back at once who have granted the scopes before.
    public func authorizeURL(redirectURI: String, state: String, scopes: [String], isAlwaysAsked: Bool = false) -> String {
        let fields = [
            ("client_id", configuration.clientID), ("redirect_uri", redirectURI), ("response_type", "code"),
            ("approval_prompt", isAlwaysAsked ? "force" : "auto"),
            ("state", state),
        ]
        let scope = scopes.map(PercentCoding.encode).joined(separator: ",")
        return "\(configuration.oauthURL)/authorize?\(PercentCoding.form(fields))&scope=\(scope)"
    }

    /// Exchanges the code of a redirect for tokens. A code can be used once.
    ///
    /// - Throws: `StravaError`, among others `codeInvalid`.
    public func exchange(code: String) async throws -> TokenGrant {
        try await grant([("grant_type", "authorization_code"), ("code", code)], sent: nil, endpoint: "token_exchange")
    }

    /// A new pair of tokens. If the access token has more than an hour left, Strava returns the same one.
    ///
    /// - Throws: `StravaError`. If its `reachedStrava` is not `no`, the old refresh token may be dead although no new one arrived.
    public func refresh(_ refreshToken: Secret) async throws -> TokenGrant {
        try await grant(
            [("grant_type", "refresh_token"), ("refresh_token", refreshToken.reveal())], sent: refreshToken,
            endpoint: "token_refresh")
    }

    /// Ends the application's access to the athlete. Where Strava has `/oauth/revoke`, either token of the pair can be sent. A token that is
    /// dead already counts as revoked.
    ///
    /// - Parameter accessToken: gives a valid access token, which `/oauth/deauthorize` needs; nil: `token` is one.
    /// - Throws: `StravaError`, and the errors of `accessToken`.
    @discardableResult
    public func revoke(_ token: Secret, accessToken: (@Sendable () async throws -> Secret)? = nil) async throws -> Revocation {
        let headers = [("Authorization", "Basic \(basicCredentials)"), Self.formType]
        do throws(StravaError) {
            _ = try await post("/revoke", headers: headers, fields: [("token", token.reveal())], endpoint: "token_revoke")
            return .revoked
        } catch {
            guard error.status == 404 || error.status == 405 else { throw error }
        }
        return try await deauthorize(try await accessToken?() ?? token)
    }

    private func deauthorize(_ token: Secret) async throws(StravaError) -> Revocation {
        let headers = [("Authorization", "Bearer \(token.reveal())"), Self.formType]
        do throws(StravaError) {
            _ = try await post("/deauthorize", headers: headers, fields: [], endpoint: "token_revoke")
        } catch {
            // Athlete / access_token / invalid: nothing is left to revoke.
            guard error.code == .tokenDead else { throw error }
        }
        return .deauthorized
    }

    private func grant(_ fields: [(String, String)], sent: Secret?, endpoint: String) async throws(StravaError) -> TokenGrant {
        let response = try await post("/token", headers: [Self.formType], fields: credentials + fields, endpoint: endpoint)
        guard let grant = TokenGrant(body: response.body, sent: sent, now: clock.now) else { throw unusable(response, endpoint: endpoint) }
        return grant
    }

    private func post(
        _ path: String, headers: [(String, String)], fields: [(String, String)], endpoint: String
    ) async throws(StravaError) -> HTTPResponse {
        let request = HTTPRequest(
            method: .post, url: configuration.oauthURL + path,
            headers: [(name: "Accept", value: "application/json")] + headers.map { (name: $0.0, value: $0.1) },
            body: Array(PercentCoding.form(fields).utf8), timeout: .seconds(30), bodyBytesMax: 256 << 10)
        return try await send(request, origin: .oauth, endpoint: endpoint)
    }

    private static var formType: (String, String) { ("Content-Type", "application/x-www-form-urlencoded") }

    private var basicCredentials: String {
        Data("\(configuration.clientID):\(clientSecret.value.reveal())".utf8).base64EncodedString()
    }

    // MARK: Webhook subscription

    // These calls do not count against the quota.
    private static let subscriptionsPath = "/push_subscriptions"
    /// Strava validates the callback before it answers.
    private static let subscriptionTimeout: Duration = .seconds(30)

    /// The application's subscription, if it has one.
    ///
    /// - Throws: `StravaError`.
    public func subscription() async throws -> WebhookSubscription? {
        let request = HTTPRequest(method: .get, url: "\(subscriptionsURL)?\(application)", timeout: Self.subscriptionTimeout)
        let response = try await send(request, origin: .api, endpoint: "push_subscriptions")
        guard let list = (try? JSONValue(parsing: response.body))?.list else {
            throw error(.unreadable, response, endpoint: "push_subscriptions")
        }
        return list.lazy.compactMap { entry in
            entry["id"]?.integer.map { WebhookSubscription(id: $0, callbackURL: entry["callback_url"]?.text ?? "") }
        }.first
    }

    /// Creates the subscription. Strava sends the callback a challenge before it answers.
    ///
    /// - Throws: `StravaError`; `badRequest` when there is a subscription already, or the callback did not answer the challenge correctly.
    public func subscribe(callbackURL: String, verifyToken: Secret) async throws -> WebhookSubscription {
        let fields = [("callback_url", callbackURL), ("verify_token", verifyToken.reveal())]
        let request = HTTPRequest(
            method: .post, url: subscriptionsURL, headers: [Self.formType],
            body: Array("\(application)&\(PercentCoding.form(fields))".utf8), timeout: Self.subscriptionTimeout)
        let response = try await send(request, origin: .api, endpoint: "push_subscriptions", success: [200, 201])
        guard let id = (try? JSONValue(parsing: response.body))?["id"]?.integer else {
            throw error(.unreadable, response, endpoint: "push_subscriptions")
        }
        return WebhookSubscription(id: id, callbackURL: callbackURL)
    }

    /// Deletes a subscription.
    ///
    /// - Throws: `StravaError`; `notFound` when there is no such subscription.
    public func unsubscribe(_ id: Int64) async throws {
        let request = HTTPRequest(method: .delete, url: "\(subscriptionsURL)/\(id)?\(application)", timeout: Self.subscriptionTimeout)
        _ = try await send(request, origin: .api, endpoint: "push_subscriptions", success: [200, 204])
    }

    private var subscriptionsURL: String { configuration.apiURL + Self.subscriptionsPath }

    private var application: String { PercentCoding.form(credentials) }

    private var credentials: [(String, String)] {
        [("client_id", configuration.clientID), ("client_secret", clientSecret.value.reveal())]
    }

    // MARK: Requests

    /// Sends a request. Any status but `success` is a `StravaError`.
    private func send(_ request: HTTPRequest, origin: AnswerOrigin, endpoint: String, success: Set<Int> = [200]) async throws(StravaError)
        -> HTTPResponse
    {
        let start_s = clock.uptime_s
        let response: HTTPResponse
        do throws(StravaError) {
            response = try await transported(request, endpoint: endpoint)
        } catch {
            meters.ended(endpoint, nil, seconds: clock.uptime_s - start_s)
            throw error
        }
        let duration = clock.uptime_s - start_s
        meters.ended(endpoint, response, seconds: duration)
        logger.log(
            .debug, "strava answered",
            [.endpoint: endpoint, .status: response.status, .durationMS: Int((duration * 1000).rounded())])
        if success.contains(response.status) { return response }
        let classifier = AnswerClassifier(
            origin: origin, status: response.status, contentType: response.headers["Content-Type"], body: response.body)
        throw error(classifier.code, response, endpoint: endpoint, missingScope: classifier.missingScope)
    }

    private func transported(_ request: HTTPRequest, endpoint: String) async throws(StravaError) -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch let error as HTTPTransportError {
            throw StravaError(transport: error, endpoint: endpoint)
        } catch {
            throw StravaError(code: .network, reachedStrava: .unknown, endpoint: endpoint)
        }
    }

    /// The error of an answer whose status is good and whose body is not the call's: HTML comes from a gateway.
    private func unusable(_ response: HTTPResponse, endpoint: String) -> StravaError {
        let isHTML = AnswerClassifier.looksLikeHTML(contentType: response.headers["Content-Type"], body: response.body)
        return error(isHTML ? .maintenance : .unreadable, response, endpoint: endpoint)
    }

    private func error(
        _ code: StravaError.Code, _ response: HTTPResponse, endpoint: String, missingScope: String? = nil
    ) -> StravaError {
        let rateLimit = RateLimitHeaders(response.headers)
        let serverDate = Self.serverDate(response)
        let retryAt = code == .rateLimited ? RateWindow.end(after: serverDate ?? clock.now, headers: rateLimit) : nil
        return StravaError(
            code: code, status: response.status, rateLimit: rateLimit, serverDate: serverDate, reachedStrava: .yes,
            missingScope: missingScope, retryAt: retryAt, endpoint: endpoint)
    }
}

/// Strava's addresses and the application's credentials.
public struct StravaConfiguration: Sendable {
    public let apiURL: String
    public let oauthURL: String
    public let clientID: String
    public let clientSecret: Secret

    /// - Parameters:
    ///   - apiURL: the base address of the API, such as `https://www.strava.com/api/v3`; trailing slashes are removed.
    ///   - oauthURL: the base address of OAuth, such as `https://www.strava.com/oauth`.
    public init(apiURL: String, oauthURL: String, clientID: String, clientSecret: Secret) {
        self.apiURL = Self.withoutSlash(apiURL)
        self.oauthURL = Self.withoutSlash(oauthURL)
        self.clientID = clientID
        self.clientSecret = clientSecret
    }

    private static func withoutSlash(_ url: String) -> String {
        var url = url[...]
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}

/// The application's one subscription to webhook events (docs/strava-api.md 4).
public struct WebhookSubscription: Sendable, Equatable {
    public let id: Int64
    /// Where Strava sends the events; it may contain a secret.
    public let callbackURL: String
}

/// How a token was revoked.
public enum Revocation: String, Sendable {
    /// `POST /oauth/revoke`, Strava's way since June 2026.
    case revoked
    /// `POST /oauth/deauthorize`, the older way; it counts in both buckets of the quota.
    case deauthorized
}
