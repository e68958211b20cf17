import Core
import Database
import Foundation

/// The vault's statements, one for each step of its protocol.
enum VaultQueries {
    static func row(of athlete: AthleteID) -> SQL {
        "SELECT \(raw: TokenRow.columns) FROM vault.token WHERE athlete_id = \(athlete)"
    }

    /// The lock lasts until the transaction ends: another process that wants to refresh waits here and then finds the new pair.
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

    /// Committed before Strava is asked, so that after a crash it is known that an answer may have been lost.
    static func markAsked(_ athlete: AthleteID, generation: Int64) -> SQL {
        "UPDATE vault.token SET unanswered = unanswered + 1 WHERE athlete_id = \(athlete) AND generation = \(generation)"
    }

    /// The request that `markAsked` announced was answered after all, with a refusal that changed nothing. Earlier ones remain unanswered.
    static func takeBackAsked(_ athlete: AthleteID, generation: Int64) -> SQL {
        """
        UPDATE vault.token SET unanswered = greatest(unanswered - 1, 0) WHERE athlete_id = \(athlete) AND generation = \(generation)
        """
    }

    /// Replaces the pair if it is still the one of `generation`. Revives a row that was marked dead in the meantime.
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

    /// Nothing changes when the grant is a newer one.
    static func markDead(_ athlete: AthleteID, generation: Int64, reason: DeadReason, at now: Date) -> SQL {
        """
        UPDATE vault.token SET unanswered = 0, dead_at = \(now), dead_reason = \(reason.rawValue)
        WHERE athlete_id = \(athlete) AND generation = \(generation)
        """
    }

    /// Nothing changes when the pair is a newer one.
    static func refuseAccess(_ athlete: AthleteID, generation: Int64) -> SQL {
        """
        UPDATE vault.token SET access_expires_at = \(TokenRow.refusedAt) WHERE athlete_id = \(athlete) AND generation = \(generation)
        """
    }

    /// A token that Strava refused early has no expiry of its own; six hours, the life of any token, after it was given are the latest possible.
    static func livingExpiry(of athlete: AthleteID) -> SQL {
        """
        SELECT CASE WHEN t.access_expires_at = \(TokenRow.refusedAt) THEN coalesce(t.refreshed_at, t.updated_at) + interval '6 hours'
            ELSE t.access_expires_at END
        FROM vault.token t JOIN sync.athlete a ON a.athlete_id = t.athlete_id
        WHERE t.athlete_id = \(athlete) AND t.dead_at IS NULL AND a.state = 'active' FOR UPDATE OF t
        """
    }

    static func rows(after athlete: AthleteID, countMax: Int) -> SQL {
        """
        SELECT \(raw: TokenRow.columns) FROM vault.token
        WHERE athlete_id > \(athlete) ORDER BY athlete_id LIMIT \(countMax)
        """
    }

    /// Grants that are held while a person is asked whether a uid may move; they are few.
    static let heldGrants: SQL = """
        SELECT (outcome ->> 'athlete_id')::bigint, held_key_id, held_grant FROM sync.connect_state
        WHERE held_grant IS NOT NULL AND outcome ? 'athlete_id' ORDER BY 1
        """

    /// Tokens of erased athletes that are still to be revoked; they are few.
    static let keptTokens: SQL = "SELECT erasure_id, key_id, sealed_refresh FROM vault.revocation ORDER BY erasure_id"

    /// The number of rows with live tokens by key, most first.
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

    /// Stores the same pairs, sealed with another key: generation and times are unchanged.
    static func reseal(_ athletes: [Int64], _ pairs: [SealedPair]) -> SQL {
        """
        UPDATE vault.token t SET key_id = n.key_id, sealed_access = n.access, sealed_refresh = n.refresh
        FROM unnest(\(athletes), \(pairs.map(\.keyID)), \(pairs.map(\.access)), \(pairs.map(\.refresh)))
            AS n (athlete_id, key_id, access, refresh)
        WHERE t.athlete_id = n.athlete_id
        """
    }
}

/// One row of `vault.token`.
struct TokenRow: Sendable {
    static let columns = """
        athlete_id, key_id, sealed_access, sealed_refresh, access_expires_at, generation, unanswered, dead_reason, refreshed_at
        """
    /// `access_expires_at` of a token that Strava refused before it expired.
    static let refusedAt = Date(timeIntervalSince1970: 0)

    let athlete: AthleteID
    let keyID: String
    private let access: SealedToken
    private let refresh: SealedToken
    let accessExpiresAt: Date
    let generation: Int64
    let unanswered: Int
    let deadReason: DeadReason?
    /// Nil for a pair from a connect or an import.
    let refreshedAt: Date?

    init(_ row: Row) throws {
        let (athlete, keyID, access, refresh, expiresAt, generation, unanswered, dead, refreshedAt) = try row.decode(
            Int64.self, String.self, [UInt8].self, [UInt8].self, Date.self, Int64.self, Int32.self, String?.self, Date?.self)
        self.athlete = AthleteID(athlete)
        self.keyID = keyID
        self.access = SealedToken(keyID: keyID, bytes: access)
        self.refresh = SealedToken(keyID: keyID, bytes: refresh)
        accessExpiresAt = expiresAt
        self.generation = generation
        self.unanswered = Int(unanswered)
        deadReason = dead.map { DeadReason(rawValue: $0) ?? .refreshTokenInvalid }
        self.refreshedAt = refreshedAt
    }

    /// Strava refused the access token before it expired.
    var isAccessRefused: Bool { accessExpiresAt == Self.refusedAt }

    func openAccess(_ keyring: Keyring) throws -> Secret { try access.open(athlete: athlete, purpose: .access, keyring: keyring) }
    func openRefresh(_ keyring: Keyring) throws -> Secret { try refresh.open(athlete: athlete, purpose: .refresh, keyring: keyring) }

    /// Why one of the tokens does not open; nil: both open.
    func failureToOpen(_ keyring: Keyring) -> VaultError.Code? { failuresToOpen(keyring).first?.code }

    /// The tokens that do not open, each with the reason.
    func failuresToOpen(_ keyring: Keyring) -> [(value: TokenPurpose, code: VaultError.Code)] {
        [(TokenPurpose.access, access), (.refresh, refresh)].compactMap { purpose, sealed in
            sealed.failureToOpen(athlete: athlete, purpose: purpose, keyring: keyring).map { (purpose, $0) }
        }
    }
}

/// Why a refresh token is dead.
enum DeadReason: String, Sendable {
    case refreshTokenInvalid = "refresh_token_invalid"
    case refreshAnswerLost = "refresh_answer_lost"

    /// The sentence that `sync.athlete.state_reason` shows to people.
    var sentence: String {
        switch self {
        case .refreshTokenInvalid:
            "Strava no longer accepts the refresh token (revoked by the athlete, or replaced elsewhere): the athlete must connect again"
        case .refreshAnswerLost:
            "Strava's answer to a token refresh was lost and it no longer accepts the old refresh token: the athlete must connect again"
        }
    }
}
