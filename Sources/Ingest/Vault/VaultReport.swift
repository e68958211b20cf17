import Core

/// The result of `SealedRows.verify()`: whether every sealed value opens, and which keys seal them.
public struct VaultReport: Sendable, Equatable {
    /// A sealed value that does not open.
    public struct Unopened: Sendable, Equatable {
        /// Nil: the athlete was erased.
        public let athlete: AthleteID?
        /// `access_token`, `refresh_token`, `held_grant` of a person who is asked whether a uid may move, or `kept_token` of an erased athlete,
        /// which is to be revoked.
        public let value: String
        public let keyID: String
        /// `unknownKey`: the keyring lacks the key; `unsealFailed`: the bytes were changed, or the key is another one of the same name.
        public let code: VaultError.Code
        /// The athlete must connect again in any case: Strava no longer takes the token.
        public let isDead: Bool
    }

    /// `unopened` names this many at most; `unopenedCount` counts them all.
    public static let unopenedNamedMax = 10_000

    public let activeKeyID: String
    /// Athletes with tokens, each of whom has two sealed values.
    public private(set) var rowCount = 0
    public private(set) var valueCount = 0
    public private(set) var rowCountByKeyID: [String: Int] = [:]
    public private(set) var unopenedCount = 0
    public private(set) var unopened: [Unopened] = []
    /// Rows of athletes who must connect again.
    public private(set) var deadCount = 0

    init(activeKeyID: String) { self.activeKeyID = activeKeyID }

    public var isSound: Bool { unopenedCount == 0 }
    /// Rows under another key than the active one.
    public var staleCount: Int { rowCount - rowCountByKeyID[activeKeyID, default: 0] }

    /// A value that is sealed outside of `vault.token`.
    mutating func add(_ purpose: TokenPurpose, of athlete: AthleteID?, keyID: String, failure: VaultError.Code?) {
        valueCount += 1
        guard let failure else { return }
        unopenedCount += 1
        guard unopened.count < Self.unopenedNamedMax else { return }
        unopened.append(Unopened(athlete: athlete, value: purpose.name, keyID: keyID, code: failure, isDead: false))
    }

    mutating func add(_ row: TokenRow, failures: [(value: TokenPurpose, code: VaultError.Code)]) {
        rowCount += 1
        valueCount += 2
        rowCountByKeyID[row.keyID, default: 0] += 1
        if row.deadReason != nil { deadCount += 1 }
        unopenedCount += failures.count
        for failure in failures where unopened.count < Self.unopenedNamedMax {
            unopened.append(
                Unopened(
                    athlete: row.athlete, value: failure.value.name, keyID: row.keyID, code: failure.code, isDead: row.deadReason != nil))
        }
    }
}
