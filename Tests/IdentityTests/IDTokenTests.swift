import Core
import Foundation
import HTTPTransport
import JWTKit
import TestKit
import Testing

@testable import Identity

/// An issuer, and a verifier that trusts it, with a manual clock.
struct IDTokenFixture: Sendable {
    static let start = Date(timeIntervalSince1970: 1_793_000_000)

    let issuer: TestIssuer
    let clock = WallClock.manual(at: start)
    let verifier: IDTokenVerifier

    static func with(_ body: (IDTokenFixture) async throws -> Void) async throws {
        let http = HTTPClient(userAgent: "identity-tests")
        let result: Result<Void, any Error>
        do {
            try await body(IDTokenFixture(issuer: try await TestIssuer(now: start), http))
            result = .success(())
        } catch { result = .failure(error) }
        await http.shutdown()
        try result.get()
    }

    private init(issuer: TestIssuer, _ http: HTTPClient) throws {
        self.issuer = issuer
        verifier = IDTokenVerifier(
            try IDTokenIssuer(issuer: TestIssuer.issuer, audience: TestIssuer.audience, keysURL: issuer.keysURL), http: http, clock: clock,
            logger: quietLogger)
    }

    func refusal(_ token: String) async -> IdentityError? {
        do { _ = try await verifier.uid(token) } catch { return error }
        return nil
    }

    /// Whether it is refused, and for what the token says, not for want of keys.
    func isInvalid(_ token: String) async -> Bool {
        guard case .invalid = await refusal(token) else { return false }
        return true
    }
}

private let start_s = Int(IDTokenFixture.start.timeIntervalSince1970)

@Suite struct IDTokenTests {
    @Test func `a token of the issuer says who asks`() async throws {
        try await IDTokenFixture.with { fixture in
            #expect(try await fixture.verifier.uid(fixture.issuer.token()) == "user-1")
            let several = try await fixture.issuer.token(uid: "b:1", claims: ["aud": "[\"other\",\"fitness-app\"]", "iat": nil])
            #expect(try await fixture.verifier.uid(several) == "b:1")
            let fractions = try await fixture.issuer.token(
                claims: ["exp": "\(start_s + 3_600).5", "email": "{\"a\":[1]}"], header: ["typ": nil])
            #expect(try await fixture.verifier.uid(fractions) == "user-1")
        }
    }

    private static let wrongClaims: [[String: String?]] = [
        ["iss": "\"https://issuer.example.com\""], ["iss": "\"https://issuer.example.org/\""], ["iss": nil], ["iss": "1"],
        ["aud": "\"other\""], ["aud": "[]"], ["aud": "[\"other\"]"], ["aud": nil], ["aud": "{}"], ["aud": "\"fitness-app \""],
        ["sub": nil], ["sub": "\"\""], ["sub": "7"], ["sub": "\"a b\""], ["sub": "\"ä\""], ["sub": "\"<b>\""], ["sub": "null"],
        ["sub": "\"\(String(repeating: "u", count: 129))\""],
        ["exp": nil], ["exp": "\"\(start_s + 60)\""], ["exp": "null"], ["exp": "1e400"],
        ["nbf": "\(start_s + 61)"], ["iat": "\(start_s + 61)"], ["auth_time": "\(start_s + 61)"], ["nbf": "1e300"], ["nbf": "\"now\""],
    ]

    @Test(arguments: wrongClaims)
    func `a token whose claims are not for us is refused`(_ claims: [String: String?]) async throws {
        try await IDTokenFixture.with { fixture in
            let token = try await fixture.issuer.token(claims: claims)
            #expect(await fixture.isInvalid(token))
        }
    }

    @Test(
        arguments: [
            ["alg": "\"none\""], ["alg": "\"None\""], ["alg": "\"rs256\""], ["alg": "\"RS384\""], ["alg": "\"PS256\""], ["alg": nil],
            ["alg": "1"],
            ["kid": nil], ["kid": "\"\""], ["kid": "\"other\""], ["kid": "1"], ["kid": "[\"key-1\"]"],
            ["typ": "\"at+jwt\""], ["crit": "[\"exp\"]"], ["crit": "1"],
        ] as [[String: String?]])
    func `a token with another kind of header is refused, however well it is signed`(_ header: [String: String?]) async throws {
        try await IDTokenFixture.with { fixture in
            let token = try await fixture.issuer.token(header: header)
            #expect(await fixture.isInvalid(token))
        }
    }

    @Test func `a token without a signature, with half of one, or changed after it was signed is refused`() async throws {
        try await IDTokenFixture.with { fixture in
            let (good, none) = (try await fixture.issuer.token(), fixture.issuer.unsigned(header: ["alg": "\"none\""]))
            let parts = good.split(separator: ".").map(String.init)
            let other = fixture.issuer.unsigned(uid: "user-2").split(separator: ".").map(String.init)
            let wrong = [
                none, none + ".", fixture.issuer.unsigned() + ".", good.dropLast(8) + "", good + "AAAA", good + ".", "." + good,
                "\(parts[0]).\(other[1]).\(parts[2])", "\(parts[0]).\(parts[1])", "..", ".", "a.b.c", "{}.{}.{}",
                "\(parts[0])..\(parts[2])",
            ]
            for token in wrong { #expect(await fixture.isInvalid(token), "\(token)") }
            #expect(await fixture.refusal(good) == nil)
        }
    }

    @Test func `a token that is signed with the public key as a password, or with another key, is refused`() async throws {
        try await IDTokenFixture.with { fixture in
            let text = fixture.issuer.unsigned(header: ["alg": "\"HS256\""])
            let publicKey = fixture.issuer.key.publicKey
            for password in [publicKey.pemRepresentation, String(decoding: publicKey.derRepresentation, as: UTF8.self)] {
                let keys = JWTKeyCollection()
                await keys.add(hmac: HMACKey(from: password), digestAlgorithm: .sha256)
                let signature = try await keys.getKey().sign(Array(text.utf8))
                #expect(await fixture.isInvalid(text + "." + TestIssuer.base64URL(signature)))
            }
            let foreign = try await TestIssuer.makeKey()
            #expect(try await fixture.isInvalid(fixture.issuer.token(key: foreign)))
            let jwk = TestIssuer.publicKey(foreign, id: "key-1")
            let json = String(decoding: try JSONEncoder().encode(jwk), as: UTF8.self)
            #expect(
                try await fixture.isInvalid(
                    fixture.issuer.token(header: ["jwk": json, "jku": "\"\(fixture.issuer.keysURL)\""], key: foreign)))
        }
    }

    @Test func `keys of other kinds, for other uses, or too weak are no keys for tokens`() async throws {
        try await IDTokenFixture.with { fixture in
            let (issuer, good) = (fixture.issuer, TestIssuer.publicKey(fixture.issuer.key, id: "key-1"))
            let curve = ES256PrivateKey()
            let point = try #require(curve.parameters)
            issuer.publish([
                ["kty": "EC", "alg": "ES256", "crv": "P-256", "use": "sig", "kid": "curve", "x": point.x, "y": point.y],
                ["kty": "oct", "alg": "HS256", "kid": "secret", "k": "c2VjcmV0"],
                TestIssuer.publicKey(issuer.key, id: "encryption", fields: ["use": "enc"]),
                TestIssuer.publicKey(issuer.key, id: "long-hash", fields: ["alg": "RS512"]),
                TestIssuer.publicKey(issuer.key, id: "weak", fields: ["n": String(repeating: "a", count: 86)]), ["kid": "no-kind"], good,
            ])
            for id in ["curve", "secret", "encryption", "long-hash", "weak", "no-kind"] {
                #expect(try await fixture.isInvalid(issuer.token(header: ["kid": "\"\(id)\""])), "\(id)")
            }
            let text = issuer.unsigned(header: ["alg": "\"ES256\"", "kid": "\"curve\""])
            let keys = JWTKeyCollection()
            await keys.add(ecdsa: curve)
            let signature = try await keys.getKey().sign(Array(text.utf8))
            #expect(await fixture.isInvalid(text + "." + TestIssuer.base64URL(signature)))
            #expect(try await fixture.refusal(issuer.token()) == nil)
        }
    }

    @Test func `clocks may differ by a minute`() async throws {
        try await IDTokenFixture.with { fixture in
            let early = try await fixture.issuer.token(claims: ["nbf": "\(start_s + 60)", "iat": "\(start_s + 60)"])
            #expect(await fixture.refusal(early) == nil)
            let token = try await fixture.issuer.token()
            fixture.clock.advance(by: .seconds(3_659))
            #expect(await fixture.refusal(token) == nil)
            fixture.clock.advance(by: .seconds(1))
            #expect(await fixture.refusal(token) == .expired)
        }
    }

    @Test(arguments: [
        ("https://a.example.org", "app", "https://a.example.org/keys"), ("accounts.example.org", "1234-x.apps", "http://127.0.0.1:9/keys"),
        ("i", "a", "http://localhost/keys"), ("i", "a", "http://[::1]:9/keys?v=1"),
    ])
    func `an issuer has a name, an audience and an address`(_ issuer: String, _ audience: String, _ url: String) throws {
        #expect(try IDTokenIssuer(issuer: issuer, audience: audience, keysURL: url).keysURL == url)
    }

    @Test(arguments: [
        ("", "a", "https://i/k", "ISSUER"), ("a b", "a", "https://i/k", "ISSUER"), ("i", "", "https://i/k", "AUDIENCE"),
        ("i", "a\n", "https://i/k", "AUDIENCE"), ("i", "a", "http://keys.example.org/k", "JWKS_URL"), ("i", "a", "ftp://i/k", "JWKS_URL"),
        ("i", "a", "https://", "JWKS_URL"), ("i", "a", "https://u:p@i/k", "JWKS_URL"),
        ("i", "a", "http://127.0.0.1.example.org/k", "JWKS_URL"),
        ("i", "a", "file:///etc/passwd", "JWKS_URL"), ("i", "a", "http://localhost@example.org/k", "JWKS_URL"),
    ])
    func `what can't be an issuer is named by its setting`(
        _ issuer: String, _ audience: String, _ url: String, _ setting: String
    ) {
        let error = #expect(throws: IDTokenIssuerError.self) {
            try IDTokenIssuer(issuer: issuer, audience: audience, keysURL: url)
        }
        #expect(error?.description.hasPrefix("FITNESSD_ID_TOKEN_\(setting) must") == true)
    }

    @Test func `a Firebase project is an issuer`() throws {
        let issuer = try IDTokenIssuer(firebaseProject: "my-project-1")
        #expect(issuer.issuer == "https://securetoken.google.com/my-project-1" && issuer.audience == "my-project-1")
        #expect(issuer.keysURL.hasPrefix("https://www.googleapis.com/"))
        for name in ["", "My project", "a/b", "a\"b"] {
            #expect(throws: IDTokenIssuerError.self) { try IDTokenIssuer(firebaseProject: name) }
        }
    }
}
