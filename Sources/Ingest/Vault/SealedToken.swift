import COpenSSL
import Core

/// What a sealed token is for. Its value is part of what the seal covers, so that one can't be put in the other's place.
enum TokenPurpose: UInt8, Sendable {
    case access = 1
    case refresh = 2
}

/// A token under seal, as it lies in the database: version byte, nonce, ciphertext, tag.
///
/// The seal also covers the version, the athlete and the purpose: a row copied to another athlete, or an access token put where the
/// refresh token belongs, doesn't open.
struct SealedToken: Sendable, Equatable {
    /// The first byte, and part of what the seal covers.
    static let version: UInt8 = 1
    /// Strava's tokens have 40 characters today; what is far longer is no token.
    static let tokenBytesMax = 4096

    let keyID: String
    let bytes: [UInt8]

    /// Seals `token` under the active key.
    ///
    /// - Throws: `VaultError.unusableGrant` for an empty or oversized token, `.sealFailed` when OpenSSL fails.
    static func seal(_ token: Secret, athlete: AthleteID, purpose: TokenPurpose, keyring: Keyring) throws -> SealedToken {
        var text = token.reveal()
        let sealed: [UInt8]?? = try text.withUTF8 { plain in
            guard (1...tokenBytesMax).contains(plain.count) else { throw VaultError(.unusableGrant, athlete: athlete) }
            return keyring.withKey(keyring.activeKeyID) { key in
                AuthenticatedCipher.seal(
                    UnsafeRawBufferPointer(plain), key: key, associated: associatedData(athlete: athlete, purpose: purpose))
            }
        }
        guard let sealed, let sealed else { throw VaultError(.sealFailed, athlete: athlete) }
        return SealedToken(keyID: keyring.activeKeyID, bytes: [version] + sealed)
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

    private static func associatedData(athlete: AthleteID, purpose: TokenPurpose) -> [UInt8] {
        let number = withUnsafeBytes(of: athlete.rawValue.bigEndian) { Array($0) }
        return Array("fitnessd token".utf8) + [version] + number + [purpose.rawValue]
    }
}
