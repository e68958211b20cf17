import Core
import Foundation

/// A pair of tokens, as a token answer carries them.
public struct IssuedTokens: Sendable {
    public let athlete: AthleteID
    public let scopes: StravaScopes
    public let accessToken: String
    public let refreshToken: String
    /// When the access token ends.
    public let expiresAt: Date
}
