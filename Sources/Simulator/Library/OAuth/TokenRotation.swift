/// When a refresh brings another refresh token; the old one is dead at once then (docs/strava-api.md 1.3).
public enum TokenRotation: Sendable {
    case never
    /// Together with a new access token.
    case withNewAccessToken
    /// On every refresh, even when the access token stays the same.
    case always
}
