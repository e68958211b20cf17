import Foundation

/// Body of `POST /v1/tokens`.
public struct IssueTokenRequest: Codable, Sendable, Equatable {
    /// How long a token is valid unless the request says so, in days.
    public static let daysDefault = 90
    public static let scopesDefault = ["read"]

    public let uid: String
    /// Absent: `daysDefault`.
    public let days: Int?
    /// `read`, `sync`, `write`, `position`, `erase`. Absent: `scopesDefault`.
    public let scopes: [String]?

    public init(uid: String, days: Int?, scopes: [String]?) {
        self.uid = uid
        self.days = days
        self.scopes = scopes
    }
}

/// Response of `POST /v1/tokens`: the one message that contains a token.
public struct IssuedTokenMessage: Codable, Sendable, Equatable {
    /// The whole text, which is not stored and can't be shown again.
    public let token: String
    public let issued: TokenMessage

    public init(token: String, issued: TokenMessage) {
        self.token = token
        self.issued = issued
    }
}

/// What is known of a token, which is not the token itself.
public struct TokenMessage: Codable, Sendable, Equatable {
    /// The number by which it is revoked.
    public let id: Int64
    public let athleteID: Int64
    /// The athlete's uid when it was issued.
    public let uid: String
    public let scopes: [String]
    /// `active`, `expired`, `revoked`; `moved`: the athlete has another uid by now, which ended the token.
    public let state: String
    public let createdAt: Date
    public let expiresAt: Date
    /// To the minute; absent: never used.
    public let lastUsedAt: Date?
    public let revokedAt: Date?

    public init(
        id: Int64, athleteID: Int64, uid: String, scopes: [String], state: String, createdAt: Date, expiresAt: Date, lastUsedAt: Date?,
        revokedAt: Date?
    ) {
        self.id = id
        self.athleteID = athleteID
        self.uid = uid
        self.scopes = scopes
        self.state = state
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.revokedAt = revokedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, uid, scopes, state
        case athleteID = "athlete_id"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case lastUsedAt = "last_used_at"
        case revokedAt = "revoked_at"
    }
}

/// Response of `GET /v1/tokens`: the tokens in the order of their numbers, those that ended in the last 30 days included.
public struct TokensMessage: Codable, Sendable, Equatable {
    public let tokens: [TokenMessage]

    public init(tokens: [TokenMessage]) { self.tokens = tokens }
}

/// Body of `POST /v1/tokens/revoke`.
public struct RevokeTokenRequest: Codable, Sendable, Equatable {
    public let id: Int64

    public init(id: Int64) { self.id = id }
}
