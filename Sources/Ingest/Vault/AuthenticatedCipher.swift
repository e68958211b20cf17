import COpenSSL

/// AES-256-GCM through OpenSSL: a fresh random 96-bit nonce each time, a 128-bit tag, associated data that is checked but not kept.
///
/// Random nonces are sound for 2^32 messages under one key (NIST SP 800-38D, 8.3); 100,000 athletes refreshing four times a day,
/// two tokens each, take 14 years to get there.
enum AuthenticatedCipher {
    static let nonceByteCount = 12
    static let tagByteCount = 16

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

    /// The plain bytes. Nil when key, associated data, or a single bit is not what was sealed. The caller wipes what it gets.
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

    /// Checks the tag. GCM has no bytes left to write by now; OpenSSL wants a place for them all the same.
    private static func hasRightTag(_ context: OpaquePointer) -> Bool {
        var rest = [UInt8](repeating: 0, count: tagByteCount)
        var count: Int32 = 0
        return EVP_DecryptFinal_ex(context, &rest, &count) == 1
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        buffer.bindMemory(to: UInt8.self).baseAddress
    }
}
