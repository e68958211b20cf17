import Core
import Foundation
import HTTPTransport

/// Why a call to Strava failed. Contains no token, no address and nothing of a body.
public struct StravaError: AdvisedError, CodedError, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// Strava no longer accepts the access token; a refresh decides whether the grant is dead.
        case tokenDead = "token_dead"
        /// The token is valid, but the athlete did not grant `missingScope`.
        case scopeMissing = "scope_missing"
        /// Strava does not know this pair of client id and client secret.
        case clientSecretWrong = "client_secret_wrong"
        case notFound = "not_found"
        case rateLimited = "rate_limited"
        case paymentRequired = "payment_required"
        /// Strava has disabled the application (for example after a lapsed subscription).
        case appInactive = "app_inactive"
        case capacityExceeded = "capacity_exceeded"
        case badRequest = "bad_request"
        /// Strava no longer accepts the refresh token: the athlete must connect again.
        case refreshTokenDead = "refresh_token_dead"
        case codeInvalid = "code_invalid"
        /// An error at Strava in JSON; it may be permanent for one object.
        case serverError = "server_error"
        /// Strava or a gateway before it is down: 502, 503, 504, 597, or an HTML page.
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
    /// For `scopeMissing`: the scope as it would be requested, such as `activity:read`.
    public let missingScope: String?
    /// For `rateLimited`: when the exhausted window ends. Otherwise nil.
    public let retryAt: Date?
    /// The call's name (`StravaCall.endpointName`, or `token_exchange`, `token_refresh`, `token_revoke`).
    public let endpoint: String?
    /// The transport's error, when there was no answer.
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

    /// Whether the trouble concerns the application or Strava, so that every athlete's calls would fail the same way.
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

extension StravaError {
    /// The error of a call that got no complete answer.
    init(transport: HTTPTransportError, endpoint: String) {
        let code: Code =
            switch transport.code {
            case .cancelled: .cancelled
            case .bodyTooLarge: .unreadable
            case .malformed: transport.mayHaveReachedServer ? .unreadable : .network
            case .resolve, .connect, .tls, .timeout, .reset: .network
            case .queueFull, .closed: .busy
            }
        let reach: Reach =
            if transport.code == .bodyTooLarge { .yes } else { transport.mayHaveReachedServer ? .unknown : .no }
        self.init(code: code, reachedStrava: reach, endpoint: endpoint, transport: transport)
    }
}

/// The windows of Strava's quota: natural quarter hours and UTC days (docs/strava-api.md 2).
enum RateWindow {
    private static let quarter_s = 900.0
    private static let day_s = 86_400.0

    /// When a refused call may be repeated: at the next UTC midnight if the day's quota is used up, else in the next quarter hour.
    static func end(after refusedAt: Date, headers: RateLimitHeaders?) -> Date {
        let dayIsUsedUp = [headers?.overall, headers?.read].contains { pair in
            guard let usage = pair?.dayUsage, let limit = pair?.dayLimit else { return false }
            return usage >= limit
        }
        let length = dayIsUsedUp ? day_s : quarter_s
        return Date(timeIntervalSince1970: ((refusedAt.timeIntervalSince1970 / length).rounded(.down) + 1) * length)
    }
}
