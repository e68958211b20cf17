import Core
import Foundation
import HTTPTransport
import JWTKit
import Logging

/// Checks ID tokens of one issuer: signed with RS256 by one of its keys, for our audience, and not expired.
public struct IDTokenVerifier: Sendable {
    /// How far the issuer's clock may be from ours, in seconds.
    static let skew_s = 60.0

    private let issuer: IDTokenIssuer
    private let keys: IssuerKeys
    private let clock: WallClock

    /// - Parameter http: for the issuer's keys only, so that they don't wait behind other requests.
    public init(
        _ issuer: IDTokenIssuer, http: HTTPClient, clock: WallClock = .system, logger: Logger = Logger(label: "identity")
    ) {
        self.issuer = issuer
        self.clock = clock
        keys = IssuerKeys(url: issuer.keysURL, http: http, clock: clock, logger: logger)
    }

    /// Fetches the issuer's keys once and returns their number, for `fitnessd check`.
    ///
    /// - Throws: an error whose description says why there is none.
    public func keyCount() async throws -> Int { try await keys.fetchedCount() }

    /// The uid of a token that holds.
    func uid(_ token: String) async throws(IdentityError) -> UID {
        let id = try Self.keyID(of: token)
        guard let key = try await keys.key(id) else { throw .invalid("signed with a key that the issuer does not have") }
        let claims: IDTokenClaims
        do {
            claims = try await key.verify(token, as: IDTokenClaims.self)
        } catch let error as JWTError where error.errorType == .signatureVerificationFailed {
            throw .invalid("the signature does not fit")
        } catch { throw .invalid("the claims can't be read") }
        try check(claims)
        guard let uid = UID(claims.sub) else { throw .invalid("sub is not a uid: \(UID.rule)") }
        return uid
    }

    /// The `kid` of a header that names RS256 and nothing that we don't know (RFC 7515, section 4.1; RFC 8725, sections 3.1 and 3.11).
    private static func keyID(of token: String) throws(IdentityError) -> String {
        guard let end = token.firstIndex(of: "."), let bytes = Base64URL.bytes(token[..<end]),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes))
        else { throw .invalid("no JSON Web Token") }
        guard header.alg == "RS256" else { throw .invalid("not signed with RS256") }
        guard (header.typ ?? "JWT").uppercased() == "JWT", header.crit == nil else { throw .invalid("another kind of token") }
        guard let id = header.kid, !id.isEmpty else { throw .invalid("no kid") }
        return id
    }

    private func check(_ claims: IDTokenClaims) throws(IdentityError) {
        guard claims.iss == issuer.issuer else { throw .invalid("another issuer") }
        guard claims.aud.contains(issuer.audience) else { throw .invalid("another audience") }
        let now_s = clock.now.timeIntervalSince1970
        guard claims.exp.isFinite, now_s < claims.exp + Self.skew_s else { throw .expired }
        for time in [claims.nbf, claims.iat, claims.authTime].compactMap(\.self) where !(time <= now_s + Self.skew_s) {
            throw .invalid("not valid yet")
        }
    }

    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let crit: [String]?
    }
}

/// The claims that are looked at (OpenID Connect Core 1.0, section 2). Times are seconds since 1970.
private struct IDTokenClaims: JWTPayload {
    let iss: String
    let sub: String
    let aud: [String]
    let exp: Double
    let nbf: Double?
    let iat: Double?
    let authTime: Double?

    enum CodingKeys: String, CodingKey {
        case iss, sub, aud, exp, nbf, iat
        case authTime = "auth_time"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        iss = try values.decode(String.self, forKey: .iss)
        sub = try values.decode(String.self, forKey: .sub)
        // One audience may stand without an array (RFC 7519, section 4.1.3).
        let one = try? values.decode(String.self, forKey: .aud)
        aud = try one.map { [$0] } ?? values.decode([String].self, forKey: .aud)
        exp = try values.decode(Double.self, forKey: .exp)
        nbf = try values.decodeIfPresent(Double.self, forKey: .nbf)
        iat = try values.decodeIfPresent(Double.self, forKey: .iat)
        authTime = try values.decodeIfPresent(Double.self, forKey: .authTime)
    }

    /// The verifier checks them by its own clock.
    func verify(using _: some JWTAlgorithm) async throws {}
}
