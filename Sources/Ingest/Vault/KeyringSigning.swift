import COpenSSL

/// What a tag made with the keyring stands for. Each purpose has signing keys of its own, so that a tag made for one is worth nothing for
/// another.
public enum SigningPurpose: String, Sendable, CaseIterable {
    case connectLink = "connect-link"
    case erasure
    case reader
}

/// Tags (HMAC-SHA256) under keys derived from the keyring's: `HMAC(HMAC(HMAC(key, "fitnessd signing root"), purpose), message)`.
extension Keyring {
    /// Bytes of a tag.
    public static let tagByteCount = HMACSHA256.byteCount

    /// The tag of `message` under the active key: 32 bytes.
    public func sign(_ purpose: SigningPurpose, _ message: [UInt8]) -> [UInt8] {
        let (keys, activeKeyID) = current
        guard let root = keys.signingRoot(of: activeKeyID) else { preconditionFailure("a keyring holds its active key") }
        return Self.tag(of: message, purpose.rawValue, from: root)
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

    /// The tags of `message` under each key of the ring, retired ones included: to look for a stored tag that an older key made.
    public func tags(_ purpose: SigningPurpose, _ message: [UInt8]) -> [[UInt8]] {
        keys.signingRoots().map { Self.tag(of: message, purpose.rawValue, from: $0) }
    }

    /// Tells two keys of one name apart, and reveals nothing of either: what PostgreSQL knows of a key.
    func fingerprint(of keyID: String) -> [UInt8]? {
        keys.signingRoot(of: keyID).map { Self.tag(of: [], "fingerprint", from: $0) }
    }

    private static func tag(of message: [UInt8], _ purpose: String, from root: [UInt8]) -> [UInt8] {
        var (root, purposeKey) = (root, root.withUnsafeBytes { HMACSHA256.of(Array(purpose.utf8), under: $0) })
        defer {
            OPENSSL_cleanse(&root, root.count)
            OPENSSL_cleanse(&purposeKey, purposeKey.count)
        }
        return purposeKey.withUnsafeBytes { HMACSHA256.of(message, under: $0) }
    }
}
