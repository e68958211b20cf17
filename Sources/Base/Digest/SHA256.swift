import COpenSSL

/// SHA-256 by OpenSSL.
public enum SHA256 {
    public static let byteCount = 32

    /// The digest of `data`: 32 bytes.
    public static func digest(of data: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
            let done = EVP_Digest(data, data.count, target.baseAddress, nil, EVP_sha256(), nil)
            precondition(done == 1, "OpenSSL can always compute SHA-256 in memory")
            count = byteCount
        }
    }
}

/// SHA-256 of what arrives in pieces.
public final class RunningSHA256 {
    private let context = EVP_MD_CTX_new()

    public init() {
        let done = EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(done == 1, "OpenSSL can always compute SHA-256 in memory")
    }

    deinit { EVP_MD_CTX_free(context) }

    public func append(_ bytes: [UInt8]) { _ = EVP_DigestUpdate(context, bytes, bytes.count) }

    /// The digest of all pieces: 32 bytes. Call once.
    public func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { target, count in
            let done = EVP_DigestFinal_ex(context, target.baseAddress, nil)
            precondition(done == 1, "OpenSSL can always compute SHA-256 in memory")
            count = SHA256.byteCount
        }
    }
}
