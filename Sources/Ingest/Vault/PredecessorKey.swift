import COpenSSL
import Core
import Foundation

/// The key with which the predecessor sealed tokens as `base64(iv):base64(ciphertext)`, AES-256-CBC with PKCS#7: it took the bytes of a text, cut
/// or filled up with zeros to 32. Held in locked memory. The cipher authenticates nothing: a token counts as opened when its padding is right and
/// every byte is a visible character, which a wrong key brings about once in more than 10^20 tokens of 40 characters.
public struct PredecessorKey: Sendable {
    private static let keyByteCount = 32
    private static let blockByteCount = 16
    /// Strava's tokens have 40 characters today.
    private static let cipherBytesMax = 2_048

    private let memory: LockedMemory

    /// Nil: the text is empty, or the memory can't be locked.
    public init?(_ text: Secret) {
        var bytes = Array(text.reveal().utf8.prefix(Self.keyByteCount))
        defer { OPENSSL_cleanse(&bytes, bytes.count) }
        guard !bytes.isEmpty, let memory = LockedMemory(byteCount: Self.keyByteCount, fill: { $0.copyBytes(from: bytes) }) else {
            return nil
        }
        self.memory = memory
    }

    /// Whether a text has the form of a sealed token.
    public static func isSealed(_ text: String) -> Bool { parts(text) != nil }

    /// The token; nil: it has another form, or was sealed with another key.
    public func open(_ text: String) -> Secret? {
        guard let (vector, cipher) = Self.parts(text), let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        var plain = [UInt8](repeating: 0, count: cipher.count + Self.blockByteCount)
        defer { OPENSSL_cleanse(&plain, plain.count) }
        var (count, rest): (Int32, Int32) = (0, 0)
        let isOpened = memory.withBytes(0..<Self.keyByteCount) { key in
            EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), nil, key.bindMemory(to: UInt8.self).baseAddress, vector) == 1
                && EVP_DecryptUpdate(context, &plain, &count, cipher, Int32(cipher.count)) == 1
                && plain.withUnsafeMutableBufferPointer { EVP_DecryptFinal_ex(context, $0.baseAddress! + Int(count), &rest) == 1 }
        }
        ERR_clear_error()
        let token = plain.prefix(Int(count + rest))
        guard isOpened, !token.isEmpty, token.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return Secret(String(decoding: token, as: UTF8.self))
    }

    private static func parts(_ text: String) -> (vector: [UInt8], cipher: [UInt8])? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 2 * cipherBytesMax, let vector = Data(base64Encoded: String(parts[0])),
            let cipher = Data(base64Encoded: String(parts[1])), vector.count == blockByteCount, !cipher.isEmpty,
            cipher.count.isMultiple(of: blockByteCount)
        else { return nil }
        return (Array(vector), Array(cipher))
    }
}
