import COpenSSL

/// SHA-256 by OpenSSL: 32 bytes that stand for an answer's exact bytes.
enum SHA256 {
    static let bytes = 32

    static func digest(of data: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes) { target, count in
            let done = EVP_Digest(data, data.count, target.baseAddress, nil, EVP_sha256(), nil)
            precondition(done == 1, "OpenSSL can always compute SHA-256 in memory")
            count = bytes
        }
    }
}
