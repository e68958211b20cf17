import Core
import Database
import Foundation

/// The statements of the vault, one for each step of its protocol.
enum VaultQueries {
    static func row(of athlete: AthleteID) -> SQL {
        "SELECT \(raw: TokenRow.columns) FROM vault.token WHERE athlete_id = \(athlete)"
    }

    /// The lock lasts until the transaction ends: whoever else wants to refresh waits here, and then finds the new pair.
    static func lockedRow(of athlete: AthleteID) -> SQL {
        "SELECT \(raw: TokenRow.columns) FROM vault.token WHERE athlete_id = \(athlete) FOR UPDATE"
    }

    static func store(_ pair: SealedPair, athlete: AthleteID, at now: Date) -> SQL {
        """
        INSERT INTO vault.token (athlete_id, key_id, sealed_access, sealed_refresh, access_expires_at, updated_at)
        VALUES (\(athlete), \(pair.keyID), \(pair.access), \(pair.refresh), \(pair.expiresAt), \(now))
        ON CONFLICT (athlete_id) DO UPDATE SET
            key_id = excluded.key_id, sealed_access = excluded.sealed_access, sealed_refresh = excluded.sealed_refresh,
            access_expires_at = excluded.access_expires_at, updated_at = excluded.updated_at,
            refreshed_at = NULL, generation = token.generation + 1, unanswered = 0, dead_at = NULL, dead_reason = NULL
        """
    }

    /// Committed before Strava is asked: after a crash this is how one knows that an answer may be missing.
    static func markAsked(_ athlete: AthleteID, generation: Int64) -> SQL {
        "UPDATE vault.token SET unanswered = unanswered + 1 WHERE athlete_id = \(athlete) AND generation = \(generation)"
    }

    static func clearAsked(_ athlete: AthleteID) -> SQL {
        "UPDATE vault.token SET unanswered = 0 WHERE athlete_id = \(athlete)"
    }

    /// Replaces the pair, unless it is no longer the one of `generation`. It revives a row that was called dead in the meantime.
    static func replace(
        _ pair: SealedPair, athlete: AthleteID, generation: Int64, at now: Date
    ) -> SQL {
        """
        UPDATE vault.token SET
            key_id = \(pair.keyID), sealed_access = \(pair.access), sealed_refresh = \(pair.refresh),
            access_expires_at = \(pair.expiresAt), refreshed_at = \(now), updated_at = \(now),
            generation = generation + 1, unanswered = 0, dead_at = NULL, dead_reason = NULL
        WHERE athlete_id = \(athlete) AND generation = \(generation)
        """
    }

    static func markDead(_ athlete: AthleteID, reason: DeadReason, at now: Date) -> SQL {
        """
        UPDATE vault.token SET unanswered = 0, dead_at = \(now), dead_reason = \(reason.rawValue)
        WHERE athlete_id = \(athlete)
        """
    }

    static func refuseAccess(_ athlete: AthleteID) -> SQL {
        "UPDATE vault.token SET access_expires_at = \(TokenRow.refusedAt) WHERE athlete_id = \(athlete)"
    }

    static func erase(_ athlete: AthleteID) -> SQL {
        "DELETE FROM vault.token WHERE athlete_id = \(athlete)"
    }

    static func rows(after athlete: AthleteID, countMax: Int) -> SQL {
        """
        SELECT \(raw: TokenRow.columns) FROM vault.token
        WHERE athlete_id > \(athlete) ORDER BY athlete_id LIMIT \(countMax)
        """
    }

    /// Rows of living tokens by key, most first.
    static func keyCounts(countMax: Int) -> SQL {
        """
        SELECT key_id, count(*) FROM vault.token WHERE dead_at IS NULL
        GROUP BY key_id ORDER BY count(*) DESC, key_id LIMIT \(countMax)
        """
    }

    static func rows(under keyID: String, countMax: Int) -> SQL {
        """
        SELECT \(raw: TokenRow.columns) FROM vault.token
        WHERE key_id = \(keyID) AND dead_at IS NULL ORDER BY updated_at DESC, athlete_id LIMIT \(countMax)
        """
    }

    static func lockedRows(notUnder keyID: String, after athlete: AthleteID, countMax: Int) -> SQL {
        """
        SELECT \(raw: TokenRow.columns) FROM vault.token
        WHERE key_id <> \(keyID) AND athlete_id > \(athlete) ORDER BY athlete_id LIMIT \(countMax) FOR UPDATE
        """
    }

    /// The same pairs under another key: generation and times stay.
    static func reseal(_ athletes: [Int64], _ pairs: [SealedPair]) -> SQL {
        """
        UPDATE vault.token t SET key_id = n.key_id, sealed_access = n.access, sealed_refresh = n.refresh
        FROM unnest(\(athletes), \(pairs.map(\.keyID)), \(pairs.map(\.access)), \(pairs.map(\.refresh)))
            AS n (athlete_id, key_id, access, refresh)
        WHERE t.athlete_id = n.athlete_id
        """
    }
}
