import Core
import Foundation
import StravaAPI

/// A grant that waits, sealed, for a person's decision. Only the athlete's own row can open it.
public struct HeldGrant: Sendable {
    /// The key of the keyring that seals it.
    public let keyID: String
    public let bytes: [UInt8]

    public init(keyID: String, bytes: [UInt8]) {
        self.keyID = keyID
        self.bytes = bytes
    }

    /// - Throws: `VaultError` when the grant can't be sealed.
    init(_ grant: TokenGrant, athlete: AthleteID, keyring: Keyring) throws {
        let content = Content(
            access: grant.accessToken.reveal(), refresh: grant.refreshToken.reveal(),
            expiresAt_s: grant.expiresAt.timeIntervalSince1970)
        let text = Secret(String(decoding: try JSONEncoder().encode(content), as: UTF8.self))
        let sealed = try SealedToken.seal(text, athlete: athlete, purpose: .heldGrant, keyring: keyring)
        self.init(keyID: sealed.keyID, bytes: sealed.bytes)
    }

    /// - Throws: `VaultError` when the keyring lacks the key, or the bytes are not what was sealed for this athlete.
    func open(athlete: AthleteID, keyring: Keyring) throws -> TokenGrant {
        let text = try SealedToken(keyID: keyID, bytes: bytes).open(athlete: athlete, purpose: .heldGrant, keyring: keyring)
        let content: Content
        do { content = try JSONDecoder().decode(Content.self, from: Data(text.reveal().utf8)) } catch {
            throw VaultError(.unsealFailed, athlete: athlete)
        }
        return TokenGrant(
            accessToken: Secret(content.access), refreshToken: Secret(content.refresh),
            expiresAt: Date(timeIntervalSince1970: content.expiresAt_s), athleteID: athlete, scope: nil)
    }

    /// Why it does not open; nil: it does.
    func failureToOpen(athlete: AthleteID, keyring: Keyring) -> VaultError.Code? {
        do {
            _ = try open(athlete: athlete, keyring: keyring)
            return nil
        } catch { return (error as? VaultError)?.code ?? .unsealFailed }
    }

    private struct Content: Codable {
        let access: String
        let refresh: String
        let expiresAt_s: Double
    }
}

extension TokenVault {
    /// Seals a grant that is not stored yet.
    ///
    /// - Throws: `VaultError`.
    public func hold(_ grant: TokenGrant, of athlete: AthleteID) throws -> HeldGrant {
        try HeldGrant(grant, athlete: athlete, keyring: keyring)
    }

    /// Opens a grant that `hold` sealed.
    ///
    /// - Throws: `VaultError`.
    public func release(_ held: HeldGrant, of athlete: AthleteID) throws -> TokenGrant {
        try held.open(athlete: athlete, keyring: keyring)
    }
}
