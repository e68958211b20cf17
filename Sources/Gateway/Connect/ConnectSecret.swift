import Digest

/// 258 random bits as 43 characters of base64url: the one-time `state` that goes to Strava and comes back, and the cookie that binds it to
/// a browser. Only hashes are stored.
struct ConnectSecret: Sendable, Equatable {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let characterCount = 43

    let text: String

    /// A new one.
    static func random() -> ConnectSecret {
        var generator = SystemRandomNumberGenerator()
        let characters = (0..<characterCount).map { _ in alphabet[Int(generator.next(upperBound: UInt(alphabet.count)))] }
        return ConnectSecret(unchecked: String(decoding: characters, as: UTF8.self))
    }

    /// One that came from the network; nil when it can't be one of ours.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.characterCount, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    /// What is stored. A plain hash is enough: 258 random bits can't be guessed.
    var hash: [UInt8] { SHA256.digest(of: Array(text.utf8)) }
}
