import Core
import Logging
import StravaAPI

/// Exchanges the code of Strava's redirect for tokens, and says what was granted. One rule for people in a browser and for the router's
/// clients.
struct CodeExchange: Sendable {
    /// Where the granted scopes are read.
    enum Scopes: Sendable {
        /// Strava's redirect says it; without it Strava's answer.
        case redirect(String?)
        /// Strava's answer says it. Strava doesn't always: then the client's word counts, and without it the first sync will tell.
        case answer(otherwise: String?)
    }

    enum Ending: Sendable {
        case granted(TokenGrant, AthleteID, GrantedScopes)
        case refused(ConnectOutcome)
    }

    /// Strava's codes have 40 characters today.
    private static let codeBytesMax = 512

    let strava: StravaClient
    let logger: Logger

    /// Whether the text may be a code of Strava's redirect.
    static func isCode(_ text: String) -> Bool {
        (1...codeBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    func exchange(_ code: String, scopes: Scopes) async throws -> Ending {
        let grant: TokenGrant
        do { grant = try await strava.exchange(code: code) } catch let error as StravaError {
            logger.log(.warning, "connect code not exchanged", [.code: error.code.rawValue])
            return .refused(ConnectOutcome(Self.result(for: error)))
        }
        let granted = Self.granted(grant, scopes)
        guard granted.canReadActivities || Self.isUnknown(grant, scopes) else {
            return .refused(ConnectOutcome(.scopeMissing, scope: granted.text))
        }
        guard let athlete = grant.athleteID else {
            logger.log(.error, "token answer names no athlete", [:])
            return .refused(ConnectOutcome(.stravaUnavailable))
        }
        return .granted(grant, athlete, granted)
    }

    private static func granted(_ grant: TokenGrant, _ scopes: Scopes) -> GrantedScopes {
        switch scopes {
        case .redirect(let text): GrantedScopes(redirect: text, answer: grant.scope)
        case .answer(let text): GrantedScopes(redirect: grant.scope == nil ? text : nil, answer: grant.scope)
        }
    }

    private static func isUnknown(_ grant: TokenGrant, _ scopes: Scopes) -> Bool {
        if case .answer(otherwise: nil) = scopes { grant.scope == nil } else { false }
    }

    private static func result(for error: StravaError) -> ConnectOutcome.Result {
        switch error.code {
        case .codeInvalid, .badRequest: .codeRefused
        case .capacityExceeded: .athletesFull
        case .clientSecretWrong: .credentialsRefused
        default: .stravaUnavailable
        }
    }
}
