import Foundation
import HTTPTransport
import JWTKit

/// The RSA keys of an issuer as its answer lists them (RFC 7517), and how long they may be used. Keys of other kinds and for other uses are
/// left out.
struct PublicKeySet: Sendable {
    /// More are more than any issuer has in use.
    private static let keysMax = 64
    private static let idBytesMax = 256
    /// RFC 7518, section 3.3, asks for 2,048 bits at least, which JWTKit checks; beyond 8,192 a check takes long.
    private static let modulusBytesMax = 1024

    /// By `kid`. Each collection has the one key, so that no other can be taken in its place.
    let keys: [String: JWTKeyCollection]

    /// Nil when the bytes are no key set, or one without a usable key.
    init?(_ body: [UInt8]) async {
        guard let list = try? JSONDecoder().decode(KeyList.self, from: Data(body)) else { return nil }
        var keys: [String: JWTKeyCollection] = [:]
        for key in list.keys.prefix(Self.keysMax).compactMap(\.value) where key.isForSignatures {
            guard let id = key.kid, (1...Self.idBytesMax).contains(id.utf8.count), keys[id] == nil, let n = key.n, let e = key.e,
                n.utf8.count <= Self.modulusBytesMax * 4 / 3, let rsa = try? Insecure.RSA.PublicKey(modulus: n, exponent: e)
            else { continue }
            let collection = JWTKeyCollection()
            await collection.add(rsa: rsa, digestAlgorithm: .sha256, kid: JWKIdentifier(string: id))
            keys[id] = collection
        }
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    private struct KeyList: Decodable {
        let keys: [Lenient]
    }

    /// An element that is no key of ours doesn't spoil the others.
    private struct Lenient: Decodable {
        let value: Key?
        init(from decoder: any Decoder) throws { value = try? Key(from: decoder) }
    }

    private struct Key: Decodable {
        let kty: String
        let kid: String?
        let alg: String?
        let use: String?
        let n: String?
        let e: String?

        var isForSignatures: Bool { kty == "RSA" && (alg ?? "RS256") == "RS256" && (use ?? "sig") == "sig" }
    }
}

/// How long an answer may be used (RFC 9111, section 4.2.1), within our own limits.
enum KeyLifetime {
    /// A short lifetime would make us ask all the time, a long one would keep a key that the issuer withdrew.
    static let range_s = 300.0...86_400.0
    private static let standard_s = 3_600.0

    static func seconds(_ headers: HTTPHeaders) -> Double {
        let directives = headers.all("Cache-Control").flatMap { $0.split(separator: ",") }.map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        if directives.contains("no-store") || directives.contains("no-cache") { return range_s.lowerBound }
        let ages = directives.compactMap { $0.hasPrefix("max-age=") ? Double($0.dropFirst(8).filter { $0 != "\"" }) : nil }
        guard let maxAge = ages.first, maxAge.isFinite else { return standard_s }
        let age = headers["Age"].flatMap(Double.init) ?? 0
        return min(max(maxAge - (age.isFinite ? age : 0), range_s.lowerBound), range_s.upperBound)
    }
}
