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
