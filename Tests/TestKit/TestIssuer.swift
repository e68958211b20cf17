import Foundation
import JWTKit
import Synchronization

/// An issuer of ID tokens: an RSA key, an address where its public keys are, and tokens of any kind, right and wrong.
public final class TestIssuer: Sendable {
    public static let issuer = "https://issuer.example.org"
    public static let audience = "fitness-app"

    /// The key of `token`, which is published as `key-1`.
    public let key: Insecure.RSA.PrivateKey
    /// When tokens are issued. They are valid for an hour.
    private let now: Date
    private let server: ScriptedServer
    private let answer: Answer

    private final class Answer: Sendable {
        let steps = Mutex<[ScriptedServer.Step]>([])
    }

    public init(now: Date) async throws {
        self.now = now
        key = try await Self.makeKey()
        let answer = Answer()
        self.answer = answer
        server = try ScriptedServer { _ in answer.steps.withLock { $0 } }
        publish([Self.publicKey(key, id: "key-1")])
    }

    deinit { server.stop() }

    /// A new RSA key of 2,048 bits.
    public static func makeKey() async throws -> Insecure.RSA.PrivateKey {
        let made = try await run("/usr/bin/openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        guard let start = made.output.range(of: "-----BEGIN PRIVATE KEY-----") else { throw KeyNotMade(output: made.output) }
        return try Insecure.RSA.PrivateKey(pem: String(made.output[start.lowerBound...]))
    }

    private struct KeyNotMade: Error { let output: String }

    // MARK: Keys

    public var keysURL: String { server.url + "/keys" }
    /// How often the keys were asked for.
    public var fetchCount: Int { server.requests.count }

    /// A key as an issuer publishes it. `fields` replace those of an RSA key for RS256.
    public static func publicKey(_ key: Insecure.RSA.PrivateKey, id: String, fields: [String: String] = [:]) -> [String: String] {
        guard let numbers = try? key.publicKey.getKeyPrimitives() else { preconditionFailure("a key has its numbers") }
        let all = [
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": id, "n": base64URL(Array(numbers.modulus)),
            "e": base64URL(Array(numbers.publicExponent)),
        ]
        return all.merging(fields) { $1 }
    }

    /// From now on the issuer answers with these keys.
    public func publish(_ keys: [[String: String]], headers: [(String, String)] = []) {
        guard let body = try? JSONEncoder().encode(["keys": keys]) else { preconditionFailure("texts are JSON") }
        respond([.answer(200, headers: headers, Array(body))])
    }

    /// From now on the issuer answers like this.
    public func respond(_ steps: [ScriptedServer.Step]) { answer.steps.withLock { $0 = steps } }

    // MARK: Tokens

    /// A token for `user-1`. `claims` replaces claims by other JSON, or removes them; `header` likewise.
    public func token(
        uid: String = "user-1", claims: [String: String?] = [:], header: [String: String?] = [:], key: Insecure.RSA.PrivateKey? = nil
    ) async throws -> String {
        let text = unsigned(uid: uid, claims: claims, header: header)
        return text + "." + Self.base64URL(try await Self.signature(of: text, key ?? self.key))
    }

    /// Header and claims of a token, without a signature.
    public func unsigned(uid: String = "user-1", claims: [String: String?] = [:], header: [String: String?] = [:]) -> String {
        let issuedAt = Int(now.timeIntervalSince1970)
        let allClaims: [String: String?] = [
            "iss": "\"\(Self.issuer)\"", "aud": "\"\(Self.audience)\"", "sub": "\"\(uid)\"", "iat": "\(issuedAt)",
            "exp": "\(issuedAt + 3_600)",
        ]
        let allFields: [String: String?] = ["alg": "\"RS256\"", "kid": "\"key-1\"", "typ": "\"JWT\""]
        let parts = [Self.object(allFields, header), Self.object(allClaims, claims)]
        return parts.map { Self.base64URL(Array($0.utf8)) }.joined(separator: ".")
    }

    public static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func object(_ fields: [String: String?], _ changes: [String: String?]) -> String {
        let all = fields.merging(changes) { $1 }.compactMapValues(\.self)
        return "{" + all.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func signature(of text: String, _ key: Insecure.RSA.PrivateKey) async throws -> [UInt8] {
        let keys = JWTKeyCollection()
        await keys.add(rsa: key, digestAlgorithm: .sha256)
        return try await keys.getKey().sign(Array(text.utf8))
    }
}
