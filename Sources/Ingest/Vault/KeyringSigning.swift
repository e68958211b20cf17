import COpenSSL

/// What a tag made with the keyring stands for. Each purpose has signing keys of its own, so that a tag made for one is worth nothing for
/// another.
public enum SigningPurpose: String, Sendable, CaseIterable {
    case connectLink = "connect-link"
    case erasure
    case reader
}

/// Tags (HMAC-SHA256, RFC 2104) under keys derived from the keyring's: one signing key for each key and purpose,
/// `HMAC(key, "fitnessd signing key: " + purpose)`.
extension Keyring {
    /// Bytes of a tag.
    public static let tagByteCount = 32

    /// The tag of `message` under the active key: 32 bytes.
    public func sign(_ purpose: SigningPurpose, _ message: [UInt8]) -> [UInt8] {
        guard let tag = withKey(activeKeyID, { Self.tag(message, purpose, under: $0) }) else {
            preconditionFailure("a keyring holds its active key")
        }
        return tag
    }

    /// Whether `tag` was made for this purpose and message by any key of the ring, so that tags given out survive a change of keys. Takes the
    /// same time for every tag of the right length.
    public func verify(_ purpose: SigningPurpose, _ message: [UInt8], _ tag: [UInt8]) -> Bool {
        guard tag.count == Self.tagByteCount else { return false }
        return tags(purpose, message).reduce(false) { isFound, made in
            let isEqual = CRYPTO_memcmp(made, tag, Self.tagByteCount) == 0
            return isFound || isEqual
        }
    }

    /// The tags of `message` under each key of the ring, the active one's first: to look for a stored tag that an older key made.
    public func tags(_ purpose: SigningPurpose, _ message: [UInt8]) -> [[UInt8]] {
        keyIDs.compactMap { keyID in withKey(keyID) { Self.tag(message, purpose, under: $0) } }
    }

    private static func tag(_ message: [UInt8], _ purpose: SigningPurpose, under key: UnsafeRawBufferPointer) -> [UInt8] {
        var signingKey = hmac(Array("fitnessd signing key: \(purpose.rawValue)".utf8), under: key)
        defer { OPENSSL_cleanse(&signingKey, signingKey.count) }
        return signingKey.withUnsafeBytes { hmac(message, under: $0) }
    }

    private static func hmac(_ message: [UInt8], under key: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: tagByteCount) { target, count in
            let made = HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), message, message.count, target.baseAddress, nil)
            precondition(made != nil, "OpenSSL can always compute HMAC-SHA-256 in memory")
            count = tagByteCount
        }
    }
}
