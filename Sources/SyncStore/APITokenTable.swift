import Core
import Database
import Foundation

/// The statements that write `sync.api_token`: tokens of programs, kept as hashes.
package enum APITokenTable {
    /// Stores a token's hash for the athlete who has the uid. Returns number and athlete; no row: nobody has this uid.
    package static func issue(_ hash: [UInt8], uid: UID, scopes: [String], now: Date, expiresAt: Date) -> SQL {
        """
        INSERT INTO sync.api_token (athlete_id, token_sha256, uid, scopes, created_at, expires_at)
        SELECT athlete_id, \(hash), \(uid.text), \(scopes), \(now), \(expiresAt) FROM sync.athlete
        WHERE uid = \(uid.text) AND state <> 'erasing'
        RETURNING token_id, athlete_id
        """
    }

    /// Remembers a use, unless one was remembered since `lastUsedBefore`.
    package static func use(_ id: Int64, of athlete: AthleteID, now: Date, lastUsedBefore: Date) -> SQL {
        """
        UPDATE sync.api_token SET last_used_at = \(now)
        WHERE athlete_id = \(athlete) AND token_id = \(id) AND (last_used_at IS NULL OR last_used_at <= \(lastUsedBefore))
        """
    }

    /// Returns the token's row, with the instant of the first call in it; no row: there is no such token.
    package static func revoke(_ id: Int64, now: Date) -> SQL {
        """
        UPDATE sync.api_token SET revoked_at = coalesce(revoked_at, \(now)) WHERE token_id = \(id)
        RETURNING token_id, athlete_id, uid, scopes, created_at, expires_at, last_used_at, revoked_at, true
        """
    }

    /// Removes tokens that ended before `end`.
    package static func prune(endedBefore end: Date) -> SQL {
        """
        WITH old AS (
            SELECT athlete_id, token_id FROM sync.api_token WHERE least(expires_at, revoked_at) <= \(end) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.api_token t USING old WHERE t.athlete_id = old.athlete_id AND t.token_id = old.token_id
        """
    }
}
