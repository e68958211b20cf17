import COpenSSL
import Core
import Foundation
import StravaAPI

/// Which token of a pair is sealed. The seal covers it, so that one token can't be put in the other's place.
enum TokenPurpose: UInt8, Sendable {
    case access = 1
    case refresh = 2
    /// Both, while a person is asked whether they may be stored.
    case heldGrant = 3
    /// A refresh token that is kept to be revoked. It is bound to a receipt's number in place of an athlete.
    case revocation = 4

    /// How reports call it.
    var name: String {
        switch self {
        case .access: "access_token"
        case .refresh: "refresh_token"
        case .heldGrant: "held_grant"
        case .revocation: "kept_token"
        }
    }
}

/// A sealed token as it is stored: version byte, nonce, ciphertext, tag.
///
/// The seal also covers the version, the athlete and the purpose: a row copied to another athlete, or an access token put where the
/// refresh token belongs, doesn't open.
struct SealedToken: Sendable, Equatable {
    /// The first byte; the seal covers it.
    private static let version: UInt8 = 1
    /// Strava's tokens have 40 characters today; anything far longer is not a token.
    private static let tokenBytesMax = 4096

    let keyID: String
    let bytes: [UInt8]

    /// Seals `token` under the key `keyID`; nil: the active one.
    ///
    /// - Throws: `VaultError.unusableGrant` for an empty or oversized token, `.sealingKeyMissing`, `.sealFailed` when OpenSSL fails.
    static func seal(
        _ token: Secret, athlete: AthleteID, purpose: TokenPurpose, keyring: Keyring, keyID: String? = nil
    ) throws -> SealedToken {
        let (keys, activeKeyID) = keyring.current
        let keyID = keyID ?? activeKeyID
        guard keys.contains(keyID) else { throw VaultError(.sealingKeyMissing, athlete: athlete, keyID: keyID) }
        var text = token.reveal()
        let sealed: [UInt8]?? = try text.withUTF8 { plain in
            guard (1...tokenBytesMax).contains(plain.count) else { throw VaultError(.unusableGrant, athlete: athlete) }
            return keys.withKey(keyID) { key in
                AuthenticatedCipher.seal(
                    UnsafeRawBufferPointer(plain), key: key, associated: associatedData(athlete: athlete, purpose: purpose))
            }
        }
        guard let sealed, let sealed else { throw VaultError(.sealFailed, athlete: athlete) }
        return SealedToken(keyID: keyID, bytes: [version] + sealed)
    }

    /// - Throws: `VaultError.unknownKey` when the keyring lacks the key, `.unsealFailed` when the bytes are not what was sealed for this
    ///   athlete and purpose.
    func open(athlete: AthleteID, purpose: TokenPurpose, keyring: Keyring) throws -> Secret {
        guard bytes.first == Self.version else { throw VaultError(.unsealFailed, athlete: athlete) }
        let opened: [UInt8]?? = keyring.withKey(keyID) { key in
            let associated = Self.associatedData(athlete: athlete, purpose: purpose)
            return AuthenticatedCipher.open(bytes.dropFirst(), key: key, associated: associated)
        }
        guard let opened else { throw VaultError(.unknownKey, athlete: athlete, keyID: keyID) }
        guard var plain = opened else { throw VaultError(.unsealFailed, athlete: athlete) }
        defer { OPENSSL_cleanse(&plain, plain.count) }
        return Secret(String(decoding: plain, as: UTF8.self))
    }

    /// Why it does not open; nil: it does.
    func failureToOpen(athlete: AthleteID, purpose: TokenPurpose, keyring: Keyring) -> VaultError.Code? {
        do {
            _ = try open(athlete: athlete, purpose: purpose, keyring: keyring)
            return nil
        } catch { return (error as? VaultError)?.code ?? .unsealFailed }
    }

    private static func associatedData(athlete: AthleteID, purpose: TokenPurpose) -> [UInt8] {
        let number = withUnsafeBytes(of: athlete.rawValue.bigEndian) { Array($0) }
        return Array("fitnessd token".utf8) + [version] + number + [purpose.rawValue]
    }
}

/// Both tokens of a grant under one key, ready to be written.
struct SealedPair: Sendable {
    /// An expiry further from now than this is clamped: tokens live six hours.
    private static let expiryDistanceMax = Duration.seconds(30 * 86_400)

    let keyID: String
    let access: [UInt8]
    let refresh: [UInt8]
    let expiresAt: Date

    private init(access: Secret, refresh: Secret, expiresAt: Date, athlete: AthleteID, keyring: Keyring, keyID: String) throws {
        let sealedAccess = try SealedToken.seal(access, athlete: athlete, purpose: .access, keyring: keyring, keyID: keyID)
        let sealedRefresh = try SealedToken.seal(refresh, athlete: athlete, purpose: .refresh, keyring: keyring, keyID: keyID)
        self.keyID = keyID
        self.access = sealedAccess.bytes
        self.refresh = sealedRefresh.bytes
        self.expiresAt = expiresAt
    }

    init(_ grant: TokenGrant, athlete: AthleteID, keyring: Keyring, keyID: String, at now: Date) throws {
        try self.init(
            access: grant.accessToken, refresh: grant.refreshToken, expiresAt: Self.clampedExpiry(grant.expiresAt, at: now),
            athlete: athlete, keyring: keyring, keyID: keyID)
    }

    /// The same pair under another key.
    init(resealing row: TokenRow, keyring: Keyring, keyID: String) throws {
        try self.init(
            access: row.openAccess(keyring), refresh: row.openRefresh(keyring), expiresAt: row.accessExpiresAt, athlete: row.athlete,
            keyring: keyring, keyID: keyID)
    }

    /// The expiry as it is stored.
    static func clampedExpiry(_ expiresAt: Date, at now: Date) -> Date {
        let distance = expiresAt.timeIntervalSince(now)
        let distanceMax = expiryDistanceMax.seconds
        return now.addingTimeInterval(distance.isNaN ? 0 : min(max(distance, -distanceMax), distanceMax))
    }
}

/// AES-256-GCM through OpenSSL: a new random 96-bit nonce each time, a 128-bit tag, associated data that is authenticated and not stored.
///
/// Random nonces are sound for 2^32 messages under one key (NIST SP 800-38D, 8.3); 100,000 athletes refreshing four times a day,
/// two tokens each, take 14 years to reach that.
private enum AuthenticatedCipher {
    private static let nonceByteCount = 12
    private static let tagByteCount = 16

    /// Nonce, ciphertext, tag. Nil when OpenSSL fails (out of memory, no random numbers).
    static func seal(_ plain: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, associated: [UInt8]) -> [UInt8]? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        var nonce = [UInt8](repeating: 0, count: nonceByteCount)
        var cipher = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: tagByteCount)
        var count: Int32 = 0
        let isSealed =
            RAND_bytes(&nonce, Int32(nonce.count)) == 1
            && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, bytes(key), nonce) == 1
            && EVP_EncryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1
            && EVP_EncryptUpdate(context, &cipher, &count, bytes(plain), Int32(plain.count)) == 1
            && EVP_EncryptFinal_ex(context, &tag, &count) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagByteCount), &tag) == 1
        return isSealed ? nonce + cipher + tag : nil
    }

    /// The plain bytes, which the caller wipes. Nil when key, associated data, or a single bit differs from what was sealed.
    static func open(_ sealed: ArraySlice<UInt8>, key: UnsafeRawBufferPointer, associated: [UInt8]) -> [UInt8]? {
        guard sealed.count >= nonceByteCount + tagByteCount, let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let nonce = Array(sealed.prefix(nonceByteCount))
        let cipher = Array(sealed.dropFirst(nonceByteCount).dropLast(tagByteCount))
        var tag = Array(sealed.suffix(tagByteCount))
        var plain = [UInt8](repeating: 0, count: cipher.count + 1)
        var count: Int32 = 0
        let isOpened =
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, bytes(key), nonce) == 1
            && EVP_DecryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1
            && EVP_DecryptUpdate(context, &plain, &count, cipher, Int32(cipher.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagByteCount), &tag) == 1
            && hasRightTag(context)
        guard isOpened else {
            OPENSSL_cleanse(&plain, plain.count)
            return nil
        }
        plain.removeLast()
        return plain
    }

    /// Checks the tag. GCM has no bytes left to write at this point, but OpenSSL requires a buffer.
    private static func hasRightTag(_ context: OpaquePointer) -> Bool {
        var rest = [UInt8](repeating: 0, count: tagByteCount)
        var count: Int32 = 0
        return EVP_DecryptFinal_ex(context, &rest, &count) == 1
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        buffer.bindMemory(to: UInt8.self).baseAddress
    }
}
