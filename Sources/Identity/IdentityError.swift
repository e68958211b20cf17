/// Why a request has no caller. Nothing of the request is in it.
public enum IdentityError: Error, Sendable, Equatable {
    /// There is no `Authorization` field.
    case missing
    /// The field does not begin with `Bearer`.
    case notBearer
    /// Nothing follows `Bearer`.
    case empty
    /// The token does not hold. The reason is for the log, and is the same sentence for an unknown and a malformed token.
    case invalid(String)
    case expired
    /// To a client the same as an unknown token.
    case revoked
    /// Too many requests with this token, or too many refused ones from this client. Seconds until the next is taken.
    case tooManyRequests(retryAfter: Int)
    /// The token can't be checked now: the database, or the issuer of ID tokens, does not answer.
    case unavailable

    /// The HTTP status that belongs to it.
    public var status: Int {
        switch self {
        case .missing, .notBearer, .empty, .invalid, .expired, .revoked: 401
        case .tooManyRequests: 429
        case .unavailable: 503
        }
    }

    /// All values of `code`.
    static let codes = [
        "authorization_missing", "authorization_not_bearer", "token_empty", "token_invalid", "token_expired", "too_many_requests",
        "unavailable",
    ]

    /// The code in the body of an answer.
    public var code: String {
        switch self {
        case .missing: "authorization_missing"
        case .notBearer: "authorization_not_bearer"
        case .empty: "token_empty"
        case .invalid, .revoked: "token_invalid"
        case .expired: "token_expired"
        case .tooManyRequests: "too_many_requests"
        case .unavailable: "unavailable"
        }
    }

    /// A sentence for the client that says what to do.
    public var message: String {
        switch self {
        case .missing: "Send an Authorization header: Bearer and a token."
        case .notBearer: "The Authorization header must be Bearer and a token."
        case .empty: "The Authorization header has no token after Bearer."
        case .invalid, .revoked: "The token is not valid here: sign in again, or ask the operator for a new token."
        case .expired: "The token has expired: sign in again, or ask the operator for a new token."
        case .tooManyRequests: "Too many requests: try again when the time in Retry-After has passed."
        case .unavailable: "The token can't be checked right now: try again shortly."
        }
    }

    /// Seconds for a `Retry-After` field.
    public var retryAfter_s: Int? {
        switch self {
        case .tooManyRequests(let seconds): seconds
        case .unavailable: 5
        case .missing, .notBearer, .empty, .invalid, .expired, .revoked: nil
        }
    }
}
