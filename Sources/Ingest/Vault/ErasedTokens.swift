import Core
import Database
import Foundation
import StravaAPI

/// What an erasure does with the athlete's tokens: the refresh token alone is moved to a row that names no athlete, and kept until Strava has
/// revoked it, or for a day.
extension TokenVault {
    /// What there is to revoke.
    public enum TokenTaken: Sendable, Equatable {
        /// The sealed refresh token is kept for `revoke`.
        case kept
        /// No grant is alive.
        case nothing
        /// The sealed token does not open; it stays where it is, and is deleted with the athlete.
        case unreadable
    }

    /// How long a token is kept that Strava has not revoked yet.
    public static let revocationKept = Duration.seconds(86_400)
    /// Waits for a refresh that is under way in some process at most so long.
    private static let lockMax_ms = 5_000

    /// The tag that stands for the athlete on a receipt, and the name of the key that made it.
    public nonisolated func erasureTag(of athlete: AthleteID) -> (tag: [UInt8], keyID: String) {
        (keyring.sign(.erasure, Self.message(athlete)), keyring.activeKeyID)
    }

    /// The tags that stand for the athlete on receipts, under each key of the ring.
    public nonisolated func erasureTags(of athlete: AthleteID) -> [[UInt8]] { keyring.tags(.erasure, Self.message(athlete)) }

    /// The names of all keys that make tags, retired ones included.
    public nonisolated var tagKeyIDs: Set<String> { Set(keyring.keyIDs + keyring.retiredKeyIDs) }

    private static func message(_ athlete: AthleteID) -> [UInt8] { Array("athlete \(athlete)".utf8) }

    /// Moves the athlete's refresh token to the row of the erasure. No refresh and no turn finds it any more. May be repeated.
    ///
    /// - Parameter tryAt: when another process may try to revoke it, should this one not end it.
    /// - Throws: `DatabaseError`, also when a refresh is under way for too long (`serialization`).
    public func take(_ athlete: AthleteID, for erasure: UUID, tryAt: Date) async throws -> TokenTaken {
        try await settle(athlete)
        let keepUntil = clock.now.addingTimeInterval(Self.revocationKept.seconds)
        return try await database.transaction { connection in
            try await connection.execute("SET LOCAL lock_timeout = \(Self.lockMax_ms)")
            guard let row = try await connection.query(VaultQueries.lockedRow(of: athlete)).first.map({ try TokenRow($0) }) else {
                return try await connection.query(VaultQueries.kept(erasure)).isEmpty ? .nothing : .kept
            }
            await connection.afterCommit { await self.forget([athlete]) }
            if row.deadReason == .refreshTokenInvalid { return .nothing }
            guard let token = try? row.openRefresh(keyring) else { return .unreadable }
            let sealed = try await seal(token, for: erasure, on: connection)
            _ = try await connection.pipeline([
                VaultQueries.removeRow(of: athlete), VaultQueries.keep(sealed, for: erasure, until: keepUntil, tryAt: tryAt),
            ])
            return .kept
        }
    }

    /// Revokes the token that is kept for this erasure. The row stays until `drop`.
    ///
    /// - Returns: how; nil: none is kept.
    /// - Throws: `VaultError`, `StravaError`, `DatabaseError`.
    public func revoke(_ erasure: UUID) async throws -> Revocation? {
        guard let row = try await database.query(VaultQueries.kept(erasure)).first else { return nil }
        let (keyID, bytes) = try row.decode(String.self, [UInt8].self)
        let token = try SealedToken(keyID: keyID, bytes: bytes).open(
            athlete: Self.subject(erasure), purpose: .revocation, keyring: keyring)
        do {
            return try await strava.revoke(token) { try await self.freshAccess(token, for: erasure) }
        } catch let error as StravaError where error.code == .refreshTokenDead {
            return .revoked
        }
    }

    /// An access token for Strava's older way. The refresh token that comes with it is stored before it is used.
    private func freshAccess(_ token: Secret, for erasure: UUID) async throws -> Secret {
        let grant = try await strava.refresh(token)
        try await database.transaction { connection in
            let sealed = try await seal(grant.refreshToken, for: erasure, on: connection)
            _ = try await connection.query(VaultQueries.replaceKept(sealed, of: erasure))
        }
        return grant.accessToken
    }

    private func seal(_ token: Secret, for erasure: UUID, on connection: Connection) async throws -> SealedToken {
        let keyID = try await KeyringQueries.holdSealingKey(keyring, on: connection)
        return try SealedToken.seal(token, athlete: Self.subject(erasure), purpose: .revocation, keyring: keyring, keyID: keyID)
    }

    /// The number to which the seal is bound.
    static func subject(_ erasure: UUID) -> AthleteID {
        AthleteID(withUnsafeBytes(of: erasure.uuid) { $0.loadUnaligned(as: Int64.self) }.bigEndian)
    }

    /// Deletes what is kept for these erasures inside the caller's transaction.
    public func drop(_ erasures: [UUID], on connection: Connection) async throws {
        _ = try await connection.query(VaultQueries.dropKept(erasures))
    }

    /// The erasures whose tokens are to be tried now, and whether their time is over.
    public func revocationsDue(countMax: Int) async throws -> [(erasure: UUID, attempts: Int, isOver: Bool)] {
        let rows = try await database.query(VaultQueries.keptDue(at: clock.now, countMax: countMax))
        return try rows.map { try $0.decode(UUID.self, Int.self, Bool.self) }.map { ($0.0, $0.1, $0.2) }
    }

    /// Tries this one again later.
    public func postponeRevocation(_ erasure: UUID, until instant: Date) async throws {
        _ = try await database.query(VaultQueries.postponeKept(erasure, until: instant))
    }
}

/// The statements on `vault.revocation`.
extension VaultQueries {
    fileprivate static func removeRow(of athlete: AthleteID) -> SQL { "DELETE FROM vault.token WHERE athlete_id = \(athlete)" }

    fileprivate static func keep(_ token: SealedToken, for erasure: UUID, until instant: Date, tryAt: Date) -> SQL {
        """
        INSERT INTO vault.revocation (erasure_id, key_id, sealed_refresh, keep_until, next_try_at)
        VALUES (\(erasure), \(token.keyID), \(token.bytes), \(instant), \(tryAt))
        ON CONFLICT (erasure_id) DO UPDATE SET key_id = excluded.key_id, sealed_refresh = excluded.sealed_refresh
        """
    }

    fileprivate static func kept(_ erasure: UUID) -> SQL {
        "SELECT key_id, sealed_refresh FROM vault.revocation WHERE erasure_id = \(erasure)"
    }

    fileprivate static func replaceKept(_ token: SealedToken, of erasure: UUID) -> SQL {
        """
        UPDATE vault.revocation SET key_id = \(token.keyID), sealed_refresh = \(token.bytes) WHERE erasure_id = \(erasure)
        """
    }

    fileprivate static func dropKept(_ erasures: [UUID]) -> SQL {
        """
        WITH found AS (
            SELECT erasure_id FROM vault.revocation WHERE erasure_id = ANY (\(erasures)) ORDER BY erasure_id FOR UPDATE)
        DELETE FROM vault.revocation r USING found f WHERE r.erasure_id = f.erasure_id
        """
    }

    fileprivate static func keptDue(at now: Date, countMax: Int) -> SQL {
        """
        SELECT erasure_id, attempts, keep_until <= \(now) FROM vault.revocation
        WHERE next_try_at <= \(now) OR keep_until <= \(now) ORDER BY next_try_at LIMIT \(countMax)
        """
    }

    fileprivate static func postponeKept(_ erasure: UUID, until instant: Date) -> SQL {
        """
        UPDATE vault.revocation SET attempts = attempts + 1, next_try_at = least(\(instant)::timestamptz, keep_until) WHERE erasure_id = \(erasure)
        """
    }
}
