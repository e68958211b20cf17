import Core
import Foundation
import HTTPTransport

/// Why a call to Strava did not give what was asked for. Holds no token, no address and nothing of a body.
public struct StravaError: AdvisedError, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// The access token is no longer good; a refresh decides whether the athlete is lost.
        case tokenDead = "token_dead"
        /// The token is good, but the athlete did not grant `missingScope`.
        case scopeMissing = "scope_missing"
        /// Strava does not know this pair of client id and client secret.
        case clientSecretWrong = "client_secret_wrong"
        case notFound = "not_found"
        case rateLimited = "rate_limited"
        case paymentRequired = "payment_required"
        /// Strava has switched the application off (a lapsed subscription, for one).
        case appInactive = "app_inactive"
        case capacityExceeded = "capacity_exceeded"
        case badRequest = "bad_request"
        /// The refresh token is no longer good: the athlete must connect again.
        case refreshTokenDead = "refresh_token_dead"
        case codeInvalid = "code_invalid"
        /// An error at Strava in JSON; it may belong to one object for ever.
        case serverError = "server_error"
        /// Strava, or what stands before it, is down: 502, 503, 504, 597, or a page of HTML.
        case maintenance
        case unreadable
        case network
        /// This program's own queue of requests is full or closed: Strava was not asked.
        case busy
        case cancelled
        case forbidden
    }

    /// Whether Strava may have counted the call and acted on it.
    public enum Reach: String, Sendable { case yes, no, unknown }

    public let code: Code
    public let status: Int?
    public let rateLimit: RateLimitHeaders?
    /// Strava's own clock when it answered.
    public let serverDate: Date?
    public let reachedStrava: Reach
    /// For `scopeMissing`: the scope as it would be asked for, such as `activity:read`.
    public let missingScope: String?
    /// For `rateLimited`: when the window that is used up ends. For others nil.
    public let retryAt: Date?
    /// The call's name (`StravaCall.endpointName`, or `token_exchange`, `token_refresh`, `token_revoke`).
    public let endpoint: String?
    /// What the transport said, when there was no answer.
    public let transport: HTTPTransportError?

    public init(
        code: Code, status: Int? = nil, rateLimit: RateLimitHeaders? = nil, serverDate: Date? = nil, reachedStrava: Reach = .yes,
        missingScope: String? = nil, retryAt: Date? = nil, endpoint: String? = nil, transport: HTTPTransportError? = nil
    ) {
        self.code = code
        self.status = status
        self.rateLimit = rateLimit
        self.serverDate = serverDate
        self.reachedStrava = reachedStrava
        self.missingScope = missingScope
        self.retryAt = retryAt
        self.endpoint = endpoint
        self.transport = transport
    }

    /// Whether the trouble is the application's or Strava's, so that every other athlete's call would meet it too.
    public var isApplicationWide: Bool {
        switch code {
        case .rateLimited, .appInactive, .capacityExceeded, .maintenance, .clientSecretWrong: true
        default: false
        }
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .rateLimited: retryAt.map { .retryAfter($0) } ?? .retry
        case .serverError, .maintenance, .unreadable, .network, .busy, .cancelled: .retry
        case .tokenDead, .scopeMissing, .clientSecretWrong, .notFound, .paymentRequired, .appInactive, .capacityExceeded,
            .badRequest,
            .refreshTokenDead, .codeInvalid, .forbidden:
            .never
        }
    }

    public var description: String {
        var parts = [endpoint, status.map { "status \($0)" }].compactMap(\.self)
        if let transport { parts.append(transport.description) }
        return "strava: \(code.rawValue)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }
}
