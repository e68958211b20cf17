import Core
import Database

/// Whether a keyring is the one that sealed the stored tokens, tested on a few rows of each key. Dead tokens don't count: nothing is lost
/// with them.
public struct KeyringTrial: Sendable, Equatable {
    /// The rows sealed with one key.
    public struct Group: Sendable, Equatable {
        public let keyID: String
        /// Rows in all, how many of them were tried, and how many of those opened.
        public let rowCount: Int
        public let triedCount: Int
        public let openedCount: Int
        public let isInKeyring: Bool
    }

    /// More keys than a keyring holds; those with most rows come first.
    private static let groupsMax = 100
    /// Rows tried of each key, so that a few changed rows are not mistaken for a wrong key.
    static let rowsTriedMax = 20

    public let groups: [Group]
    /// The key that seals all tokens now, if the keyring lacks it.
    private let missingSealingKeyID: String?
    /// A key that has other bytes in the keyrings of other instances.
    private let otherKeyID: String?

    public init(groups: [Group], missingSealingKeyID: String? = nil, otherKeyID: String? = nil) {
        self.groups = groups
        self.missingSealingKeyID = missingSealingKeyID
        self.otherKeyID = otherKeyID
    }

    /// - Parameter keyring: nil when there is none yet; then nothing opens.
    public static func run(_ keyring: Keyring?, on database: Database) async throws -> KeyringTrial {
        guard try await hasTable(database) else { return KeyringTrial(groups: []) }
        let counts = try await database.query(VaultQueries.keyCounts(countMax: groupsMax)).map { try $0.decode(String.self, Int.self) }
        var groups: [Group] = []
        for (keyID, count) in counts {
            let rows = try await database.query(VaultQueries.rows(under: keyID, countMax: rowsTriedMax)).map { try TokenRow($0) }
            let opened = rows.count { row in keyring.map { row.failureToOpen($0) == nil } ?? false }
            groups.append(
                Group(
                    keyID: keyID, rowCount: count, triedCount: rows.count, openedCount: opened,
                    isInKeyring: keyring?.keyIDs.contains(keyID) ?? false))
        }
        return try await KeyringTrial(
            groups: groups, missingSealingKeyID: missingSealingKey(keyring, on: database), otherKeyID: otherKey(keyring, on: database))
    }

    private static func missingSealingKey(_ keyring: Keyring?, on database: Database) async throws -> String? {
        let keyID = try await database.query("SELECT key_id FROM vault.sealing").first?.decode(String.self)
        return keyID.flatMap { keyring?.keyIDs.contains($0) ?? false ? nil : $0 }
    }

    private static func otherKey(_ keyring: Keyring?, on database: Database) async throws -> String? {
        for row in try await database.query("SELECT key_id, fingerprint FROM vault.key ORDER BY key_id") {
            let (keyID, fingerprint) = try row.decode(String.self, [UInt8].self)
            if let mine = keyring?.fingerprint(of: keyID), mine != fingerprint { return keyID }
        }
        return nil
    }

    /// Stored tokens in all.
    public var rowCount: Int { groups.reduce(0) { $0 + $1.rowCount } }

    /// Why this keyring must not be used; nil: it may. A single row that doesn't open under a key of the keyring may be a changed row, as long
    /// as others open.
    public func refusal(path: String) -> KeyringError? {
        if let other = groups.first(where: { $0.isInKeyring && $0.openedCount == 0 && ($0.triedCount > 1 || opensNothing) }) {
            return KeyringError(.otherKey, path: path, detail: other.keyID)
        }
        if opensNothing, let first = groups.first { return KeyringError(.opensNothing, path: path, detail: first.keyID) }
        guard !groups.isEmpty else { return nil }
        if let otherKeyID { return KeyringError(.otherKey, path: path, detail: otherKeyID) }
        return missingSealingKeyID.map { KeyringError(.lacksSealingKey, path: path, detail: $0) }
    }

    /// Why no keyring may be made at `path`; nil: nothing is stored.
    public func refusalToMake(path: String) -> KeyringError? {
        groups.first.map { KeyringError(.missing, path: path, detail: $0.keyID) }
    }

    /// A warning to show although the keyring may be used; nil: all rows tried opened.
    public var warning: String? {
        let sentences = groups.compactMap { group -> String? in
            if !group.isInKeyring {
                return """
                    \(group.rowCount) stored tokens are sealed with the key \(group.keyID), which the keyring lacks: put its line back into the file
                    """
            }
            if group.openedCount == group.triedCount { return nil }
            let closed = group.triedCount - group.openedCount
            return "of \(group.triedCount) stored tokens tried with the key \(group.keyID), \(closed) don't open"
        }
        return sentences.isEmpty ? nil : sentences.joined(separator: "; ")
    }

    private var opensNothing: Bool { !groups.isEmpty && groups.allSatisfy { $0.openedCount == 0 } }

    /// The table does not exist before the first migration.
    private static func hasTable(_ database: Database) async throws -> Bool {
        let rows = try await database.query("SELECT to_regclass('vault.sealing') IS NOT NULL")
        return try rows.first?.decode(Bool.self) ?? false
    }
}
