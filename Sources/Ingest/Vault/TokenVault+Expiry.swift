import Core
import Database
import Foundation
import StravaAPI
import SyncStore

extension TokenVault {
    /// When the stored access token expires, if that is later than the grant's does; nil also when there is none or it is known to be dead or
    /// another athlete's. The stored grant stays as it is until the caller's transaction ends.
    public func laterExpiry(than grant: TokenGrant, of athlete: AthleteID, on connection: Connection) async throws -> Date? {
        _ = try await connection.query(AthleteTable.lock(athlete))
        let stored = try await connection.query(VaultQueries.livingExpiry(of: athlete)).first?.decode(Date.self)
        // Fractions of a second are lost on the way to PostgreSQL: the same grant is not later than itself.
        let given = SealedPair.believed(grant.expiresAt, at: clock.now).addingTimeInterval(1)
        return stored.flatMap { $0 > given ? $0 : nil }
    }
}

extension VaultQueries {
    /// A token that Strava refused before its time has no expiry of its own: it is younger than six hours, the life of any token.
    static func livingExpiry(of athlete: AthleteID) -> SQL {
        """
        SELECT CASE WHEN t.access_expires_at = \(TokenRow.refusedAt) THEN coalesce(t.refreshed_at, t.updated_at) + interval '6 hours'
            ELSE t.access_expires_at END
        FROM vault.token t JOIN sync.athlete a ON a.athlete_id = t.athlete_id
        WHERE t.athlete_id = \(athlete) AND t.dead_at IS NULL AND a.state = 'active' FOR UPDATE OF t
        """
    }
}
