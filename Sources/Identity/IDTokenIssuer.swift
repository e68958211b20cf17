import Core
import Foundation

/// Who issues the ID tokens that are accepted, and for whom: OpenID Connect Core 1.0, section 3.1.3.7.
public struct IDTokenIssuer: Sendable, Equatable {
    /// The claim `iss`, character by character.
    public let issuer: String
    /// What the claim `aud` must contain.
    public let audience: String
    /// Where the issuer publishes its public keys (RFC 7517, section 5).
    public let keysURL: String

    private static let textBytesMax = 1024

    /// - Throws: `IDTokenIssuerError` with a sentence when a part can't be used.
    public init(issuer: String, audience: String, keysURL: String) throws(IDTokenIssuerError) {
        guard Self.isText(issuer) else { throw IDTokenIssuerError(.issuer) }
        guard Self.isText(audience) else { throw IDTokenIssuerError(.audience) }
        guard Self.isAddress(keysURL) else { throw IDTokenIssuerError(.keysURL) }
        self.issuer = issuer
        self.audience = audience
        self.keysURL = keysURL
    }

    /// Firebase Authentication of one project (firebase.google.com/docs/auth/admin/verify-id-tokens).
    ///
    /// - Throws: `IDTokenIssuerError` when the text is no project's name.
    public init(firebaseProject name: String) throws(IDTokenIssuerError) {
        // Google's rule for project ids, with room for names of other times.
        let isName = (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(Self.isOfProjectName)
        guard isName else { throw IDTokenIssuerError(.firebaseProject) }
        try self.init(
            issuer: "https://securetoken.google.com/\(name)", audience: name,
            keysURL: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com")
    }

    private static func isText(_ text: String) -> Bool {
        (1...textBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    private static func isOfProjectName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-:.".utf8.contains(byte)
        }
    }

    /// Keys that came over an open network could be anybody's, so plain http is for this machine only.
    private static func isAddress(_ text: String) -> Bool {
        guard isText(text), let url = URLComponents(string: text), let host = url.host, !host.isEmpty, url.user == nil, url.fragment == nil
        else { return false }
        switch url.scheme {
        case "https": return true
        case "http": return (try? PublicURL("http://\(host)"))?.isLoopback ?? false
        default: return false
        }
    }
}

/// A setting of ID tokens that can't be used, by the key that names it.
public struct IDTokenIssuerError: AdvisedError, Equatable {
    public enum Setting: String, Sendable {
        case issuer = "FITNESSD_ID_TOKEN_ISSUER"
        case audience = "FITNESSD_ID_TOKEN_AUDIENCE"
        case keysURL = "FITNESSD_ID_TOKEN_JWKS_URL"
        case firebaseProject = "FITNESSD_FIREBASE_PROJECT"
    }

    public let setting: Setting

    init(_ setting: Setting) { self.setting = setting }

    public var description: String {
        switch setting {
        case .issuer: "\(setting.rawValue) must be the issuer's name as its tokens have it in iss, without blanks"
        case .audience: "\(setting.rawValue) must be the application's name as its tokens have it in aud, without blanks"
        case .keysURL: "\(setting.rawValue) must be an https address without user and fragment; http is for this machine's loopback only"
        case .firebaseProject: "\(setting.rawValue) must be the id of a Firebase project, such as my-project-1234"
        }
    }

    public var retryAdvice: RetryAdvice { .never }
}
