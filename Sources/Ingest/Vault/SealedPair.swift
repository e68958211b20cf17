import Core
import Foundation
import StravaAPI

/// Both tokens of a grant under one key, ready to be written.
struct SealedPair: Sendable {
    /// An expiry further away than this from now is not believed: tokens live six hours.
    static let expiryDistanceMax = Duration.seconds(30 * 86_400)

    let keyID: String
    let access: [UInt8]
    let refresh: [UInt8]
    let expiresAt: Date

    init(access: Secret, refresh: Secret, expiresAt: Date, athlete: AthleteID, keyring: Keyring) throws {
        let sealedAccess = try SealedToken.seal(access, athlete: athlete, purpose: .access, keyring: keyring)
        let sealedRefresh = try SealedToken.seal(refresh, athlete: athlete, purpose: .refresh, keyring: keyring)
        keyID = sealedAccess.keyID
        self.access = sealedAccess.bytes
        self.refresh = sealedRefresh.bytes
        self.expiresAt = expiresAt
    }

    init(_ grant: TokenGrant, athlete: AthleteID, keyring: Keyring, at now: Date) throws {
        try self.init(
            access: grant.accessToken, refresh: grant.refreshToken, expiresAt: Self.believed(grant.expiresAt, at: now), athlete: athlete,
            keyring: keyring)
    }

    /// The expiry as it is stored.
    static func believed(_ expiresAt: Date, at now: Date) -> Date {
        let distance = expiresAt.timeIntervalSince(now)
        let distanceMax = expiryDistanceMax.seconds
        return now.addingTimeInterval(distance.isNaN ? 0 : min(max(distance, -distanceMax), distanceMax))
    }
}
