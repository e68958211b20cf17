/// How a token was revoked.
public enum Revocation: String, Sendable {
    /// `POST /oauth/revoke`, Strava's way since June 2026.
    case revoked
    /// `POST /oauth/deauthorize`, the old way; it counts in both buckets of the quota.
    case deauthorized
}
