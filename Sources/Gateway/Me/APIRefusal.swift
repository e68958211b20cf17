import Core
import Foundation
import HTTPTypes
import Hummingbird
import Identity

/// Why a request of a program is refused: what `/v1/…` and `/mcp` answer as `{"error":{"code","message"}}`. Nothing of the request is in it.
struct APIRefusal: Error, Sendable {
    let status: HTTPResponse.Status
    /// In snake_case; programs branch on it.
    let code: String
    /// A sentence that says what to do.
    let message: String
    /// Seconds for `Retry-After`.
    var retryAfter_s: Int?
    /// For `WWW-Authenticate` (RFC 6750, section 3).
    var challenge: String?

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, retryAfter_s: Int? = nil, challenge: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter_s = retryAfter_s
        self.challenge = challenge
    }

    /// Why there is no caller.
    init(_ error: IdentityError) {
        self.init(
            Self.status(error), error.code, error.message, retryAfter_s: error.retryAfter_s,
            challenge: Self.challenge(error))
    }

    /// An answer that is not the route's own: no such path, a body that is too large.
    init(_ status: HTTPResponse.Status) {
        let (code, message) = Self.words(status)
        self.init(status, code, message, retryAfter_s: status == .serviceUnavailable ? 5 : nil)
    }

    /// A value of the request that can't be used.
    static func badRequest(_ message: String) -> APIRefusal { APIRefusal(.badRequest, "bad_request", message) }

    /// The uid of the caller has no athlete.
    static let notConnected = APIRefusal(
        .notFound, "not_connected", "This account is not connected with Strava yet: open the connect link that the operator gives you.")

    /// There is no login for athletes' own data.
    static let ownDataOff = APIRefusal(
        .serviceUnavailable, "own_data_off",
        "Own data can't be read at this installation: the operator has to set FITNESSD_READER_DATABASE_URL (db/README.md).")

    /// The token lacks a scope.
    static func scopeMissing(_ scope: Scope) -> APIRefusal {
        APIRefusal(
            .forbidden, "scope_missing", "The token lacks the scope \(scope.rawValue): ask the operator for a token that has it.",
            challenge: "Bearer error=\"insufficient_scope\", scope=\"\(scope.rawValue)\"")
    }

    var response: Response { JSONBody.response(Body(error: Body.Detail(code: code, message: message)), status: status, headers: headers) }

    /// `Retry-After` and `WWW-Authenticate`, where they belong.
    var headers: HTTPFields {
        var headers = HTTPFields()
        if let retryAfter_s { headers[.retryAfter] = String(retryAfter_s) }
        if let challenge { headers[.wwwAuthenticate] = challenge }
        return headers
    }

    private struct Body: Encodable {
        struct Detail: Encodable {
            let code: String
            let message: String
        }
        let error: Detail
    }

    private static func status(_ error: IdentityError) -> HTTPResponse.Status {
        switch error.status {
        case 401: .unauthorized
        case 429: .tooManyRequests
        default: .serviceUnavailable
        }
    }

    private static func challenge(_ error: IdentityError) -> String? {
        switch error {
        case .missing, .notBearer, .empty: "Bearer"
        case .invalid, .expired, .revoked: "Bearer error=\"invalid_token\""
        case .tooManyRequests, .unavailable: nil
        }
    }

    private static func words(_ status: HTTPResponse.Status) -> (code: String, message: String) {
        switch status {
        case .badRequest: ("bad_request", "The request can't be read.")
        case .notFound: ("not_found", "There is nothing at this address.")
        case .methodNotAllowed: ("method_not_allowed", "This address takes other methods: see the Allow header.")
        case .lengthRequired: ("length_required", "Send the body with a Content-Length.")
        case .contentTooLarge: ("body_too_large", "The body is larger than this address takes.")
        case .uriTooLong: ("address_too_long", "The address is longer than any that is taken.")
        case .serviceUnavailable: ("unavailable", "Part of this installation is unavailable right now: try again shortly.")
        default: ("failed", "The request failed: try again, or tell the operator.")
        }
    }
}

extension Authenticator {
    /// The caller whose token the request presents.
    func caller(_ request: Request, _ context: GatewayContext) async throws(APIRefusal) -> Caller {
        let client = GatewayRoutes.client(request, context)
        do throws(IdentityError) {
            return try await caller(authorization: request.headers[.authorization], client: client)
        } catch { throw APIRefusal(error) }
    }
}

extension Caller {
    /// The caller's athlete, if it has one and the token has the scope.
    func athlete(with scope: Scope) throws(APIRefusal) -> AthleteID {
        guard scopes.contains(scope) else { throw .scopeMissing(scope) }
        guard let athlete else { throw .notConnected }
        return athlete
    }
}
