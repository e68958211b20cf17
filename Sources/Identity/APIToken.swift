import Core
import Digest

/// The secret that a program presents. Its text begins with the program's name, so that scanners for leaked secrets can look for it.
public struct APIToken: Sendable, Equatable {
    /// Every token begins with it.
    static let prefix = "fitnessd_"
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    /// 43 of 62 letters are 256 bits.
    private static let letterCount = 43

    /// The whole text. It is shown once, when the token is issued.
    public let secret: Secret

    /// A new token, from the kernel's random numbers.
    static func random() -> APIToken {
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<letterCount).map { _ in alphabet[Int(generator.next(upperBound: UInt(alphabet.count)))] }
        return APIToken(secret: Secret(prefix + String(decoding: letters, as: UTF8.self)))
    }

    /// A token from the network; nil: it can't be one of ours.
    init?(_ text: String) {
        let letters = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard text.hasPrefix(Self.prefix), letters.count == Self.letterCount, letters.allSatisfy(Self.alphabet.contains) else { return nil }
        secret = Secret(text)
    }

    private init(secret: Secret) { self.secret = secret }

    /// The stored form, by which a token is found. The time that the search takes tells about hashes only, which a client can't choose.
    var hash: [UInt8] { SHA256.digest(of: Array(secret.reveal().utf8)) }
}
