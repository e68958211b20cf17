import Core

/// The result of `TokenVault.verify()`: whether every row opens, and which keys seal them.
public struct VaultReport: Sendable, Equatable {
    /// A row that doesn't open.
    public struct Unopened: Sendable, Equatable {
        public let athlete: AthleteID
        public let keyID: String
        public let code: VaultError.Code
    }

    /// `unopened` names this many at most; `unopenedCount` counts them all.
    public static let unopenedNamedMax = 100

    public let activeKeyID: String
    public private(set) var rowCount = 0
    public private(set) var rowCountByKeyID: [String: Int] = [:]
    public private(set) var unopenedCount = 0
    public private(set) var unopened: [Unopened] = []
    /// Rows of athletes who must connect again.
    public private(set) var deadCount = 0

    init(activeKeyID: String) { self.activeKeyID = activeKeyID }

    public var isSound: Bool { unopenedCount == 0 }
    /// Rows that `rotate()` would reseal.
    public var staleCount: Int { rowCount - rowCountByKeyID[activeKeyID, default: 0] }

    mutating func add(_ row: TokenRow, failure: VaultError.Code?) {
        rowCount += 1
        rowCountByKeyID[row.keyID, default: 0] += 1
        if row.deadReason != nil { deadCount += 1 }
        guard let failure else { return }
        unopenedCount += 1
        guard unopened.count < Self.unopenedNamedMax else { return }
        unopened.append(Unopened(athlete: row.athlete, keyID: row.keyID, code: failure))
    }
}
