import Core
import Foundation

/// A pair of tokens as Strava granted it. Store the pair before using the access token: the previous refresh token may be dead already.
public struct TokenGrant: Sendable {
    public let accessToken: Secret
    public let refreshToken: Secret
    public let expiresAt: Date
    /// Only from an exchange; a refresh doesn't name the athlete.
    public let athleteID: AthleteID?
    /// The athlete's name at Strava, if the answer has one, without unprintable characters.
    public let athleteName: String?
    /// Nil when the answer has no `scope`; then the scope of the redirect applies.
    public let scope: [String]?

    public init(
        accessToken: Secret, refreshToken: Secret, expiresAt: Date, athleteID: AthleteID?, scope: [String]?, athleteName: String? = nil
    ) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.expiresAt = expiresAt
        self.athleteID = athleteID
        self.athleteName = athleteName
        self.scope = scope
    }

    /// Reads the token endpoint's answer; nil when it has no pair of tokens.
    ///
    /// As lenient as possible: the old refresh token may be dead, so an answer thrown away locks the athlete out.
    /// - Parameter sent: the refresh token that was sent; it stays valid when the answer has none.
    init?(body: [UInt8], sent: Secret?, now: Date) {
        guard let value = try? JSONValue(parsing: body), let access = Self.token(value["access_token"]),
            let refresh = Self.token(value["refresh_token"]) ?? sent
        else { return nil }
        self.init(
            accessToken: access, refreshToken: refresh, expiresAt: Self.expiry(value, now: now),
            athleteID: value["athlete"]?["id"]?.integer.map { AthleteID($0) }, scope: Self.scope(value["scope"]),
            athleteName: Self.name(value["athlete"]))
    }

    /// A token is sent in a header line: visible ASCII only, with a maximum length.
    private static func token(_ value: JSONValue?) -> Secret? {
        guard let text = value?.text, (1...tokenBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return Secret(text)
    }

    /// `expires_at`, else from `expires_in`, else an hour from now: a token that expires earlier is answered with 401 and refreshed then.
    private static func expiry(_ value: JSONValue, now: Date) -> Date {
        if let at = value["expires_at"]?.double, (1e9...1e10).contains(at) { return Date(timeIntervalSince1970: at) }
        if let seconds = value["expires_in"]?.double, (0...lifetimeSecondsMax).contains(seconds) {
            return now.addingTimeInterval(seconds)
        }
        return now.addingTimeInterval(3600)
    }

    /// First and last name, if they are strings, without characters that control a terminal or the writing direction.
    private static func name(_ athlete: JSONValue?) -> String? {
        let words = ["firstname", "lastname"].compactMap { athlete?[$0]?.text }.map { word in
            String(String.UnicodeScalarView(word.unicodeScalars.filter { !isUnprintable($0) }).prefix(nameCharactersMax))
                .trimmingCharacters(in: .whitespaces)
        }
        let name = words.filter { !$0.isEmpty }.joined(separator: " ")
        return name.isEmpty ? nil : name
    }

    private static func isUnprintable(_ character: Unicode.Scalar) -> Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(character.properties.generalCategory)
    }

    /// Separated by commas in redirects, documented as separated by spaces in token answers.
    private static func scope(_ value: JSONValue?) -> [String]? {
        guard let text = value?.text else { return nil }
        return scopes(in: text)
    }

    /// The scopes named in a `scope` of a redirect or a token answer.
    public static func scopes(in text: String) -> [String] {
        text.split { $0 == "," || $0 == " " || $0 == "+" }.map(String.init)
    }

    private static let tokenBytesMax = 4096
    private static let nameCharactersMax = 100
    private static let lifetimeSecondsMax = 30.0 * 86_400
}
