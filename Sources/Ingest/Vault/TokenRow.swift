import Core
import Database
import Foundation

/// One row of `vault.token`.
struct TokenRow: Sendable {
    static let columns = """
        athlete_id, key_id, sealed_access, sealed_refresh, access_expires_at, generation, unanswered, dead_reason, refreshed_at
        """
    /// `access_expires_at` of a token that Strava refused before its time.
    static let refusedAt = Date(timeIntervalSince1970: 0)

    let athlete: AthleteID
    let keyID: String
    let access: SealedToken
    let refresh: SealedToken
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

    /// Until when the access token is handed out; after it, the pair is refreshed.
    var useUntil: Date {
        if accessExpiresAt == Self.refusedAt { return .distantPast }
        return TokenVault.useUntil(expiresAt: accessExpiresAt, refreshedAt: refreshedAt)
    }

    func openAccess(_ keyring: Keyring) throws -> Secret { try access.open(athlete: athlete, purpose: .access, keyring: keyring) }
    func openRefresh(_ keyring: Keyring) throws -> Secret { try refresh.open(athlete: athlete, purpose: .refresh, keyring: keyring) }
}
