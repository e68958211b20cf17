import Core
import Foundation
import StravaAPI

/// Why the vault can't give, keep or open a token. No token is in it, in any form.
public struct VaultError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// Nothing is stored for this athlete.
        case noToken = "no_token"
        /// Strava no longer accepts the refresh token; the athlete must connect again.
        case refreshTokenDead = "refresh_token_dead"
        /// Strava could not be asked or gave no usable answer; `underlying` says why.
        case refreshFailed = "refresh_failed"
        /// The stored bytes don't open: they were changed, or belong to another athlete.
        case unsealFailed = "unseal_failed"
        /// The keyring lacks the key that sealed the row.
        case unknownKey = "unknown_key"
        case sealFailed = "seal_failed"
        /// The keyring lacks the key that seals all tokens now.
        case sealingKeyMissing = "sealing_key_missing"
        /// More than `RefreshSlots.waitingMax` refreshes wait for Strava.
        case queueFull = "queue_full"
        /// Strava's tokens are empty or absurdly long.
        case unusableGrant = "unusable_grant"
    }

    public let code: Code
    public let athlete: AthleteID
    public let keyID: String?
    public let underlying: StravaError?

    init(_ code: Code, athlete: AthleteID, keyID: String? = nil, underlying: StravaError? = nil) {
        self.code = code
        self.athlete = athlete
        self.keyID = keyID
        self.underlying = underlying
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .refreshFailed: underlying?.retryAdvice ?? .retry
        case .sealFailed, .sealingKeyMissing, .queueFull: .retry
        case .noToken, .refreshTokenDead, .unsealFailed, .unknownKey, .unusableGrant: .never
        }
    }

    public var description: String {
        switch code {
        case .noToken: "no token is stored for athlete \(athlete): let them connect"
        case .refreshTokenDead: "Strava no longer accepts the refresh token of athlete \(athlete): let them connect again"
        case .refreshFailed: "the token of athlete \(athlete) could not be refreshed: \(underlying.map(\.description) ?? "no answer")"
        case .unsealFailed:
            """
            the stored token of athlete \(athlete) does not open: put the keyring that sealed it in place; only if that is the one in use \
            was the row changed, and the athlete must connect again
            """
        case .unknownKey:
            "the keyring lacks the key \(keyID ?? "?") that sealed the token of athlete \(athlete): put its line back into the file"
        case .sealingKeyMissing:
            """
            the keyring lacks the key \(keyID ?? "?"), with which all tokens are sealed now, so the token of athlete \(athlete) can't be stored: \
            put the key's line into the file
            """
        case .sealFailed: "OpenSSL could not seal the token of athlete \(athlete): check memory and entropy of this machine"
        case .queueFull: "too many token refreshes are waiting; the token of athlete \(athlete) is refreshed later"
        case .unusableGrant: "Strava's answer for athlete \(athlete) has no usable token: try again"
        }
    }
}
