import COpenSSL

/// SHA-256 through OpenSSL.
enum SHA256 {
    /// 32 bytes.
    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        precondition(done == 1 && count == 32, "OpenSSL could not compute SHA-256")
        return digest
    }
}
