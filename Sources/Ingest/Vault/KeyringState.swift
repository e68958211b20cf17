import Database
import Foundation

/// What PostgreSQL knows of keys and of the instances that hold them.
public struct KeyringState: Sendable, Equatable {
    public struct Key: Sendable, Equatable {
        public let keyID: String
        /// Athletes whose tokens are sealed with it.
        public let rowCount: Int
        /// When an instance first held it; nil: no instance ever did.
        public let addedAt: Date?
        /// When it began to seal; nil: it never has.
        public let sealingSince: Date?
        public let retiredAt: Date?
    }

    /// A running `fitnessd` on this database.
    public struct Instance: Sendable, Equatable {
        public let id: UUID
        public let host: String
        /// The keys that it can open with.
        public let keyIDs: [String]
        public let seenAt: Date
    }

    /// The key that seals; nil: no instance has registered.
    public let sealingKeyID: String?
    /// When all rows had been tried with this key; nil: the rotation to it is not over.
    public let resealedAt: Date?
    public let keys: [Key]
    public let instances: [Instance]

    static let instanceColumns = "instance_id, host, key_ids, seen_at"

    static func read(_ database: Database) async throws -> KeyringState {
        let results = try await database.withConnection { connection in
            try await connection.pipeline([
                "SELECT key_id, resealed_at FROM vault.sealing",
                """
                SELECT coalesce(k.key_id, t.key_id), coalesce(t.count, 0), k.added_at, k.sealing_since, k.retired_at
                FROM vault.key k
                FULL JOIN (SELECT key_id, count(*) AS count FROM vault.token GROUP BY key_id) AS t USING (key_id)
                ORDER BY k.added_at, 1
                """,
                "SELECT \(raw: instanceColumns) FROM vault.instance ORDER BY host, instance_id",
            ])
        }
        let sealing = try results[0].first?.decode(String.self, Date?.self)
        return KeyringState(
            sealingKeyID: sealing?.0, resealedAt: sealing?.1, keys: try results[1].map { try Key($0) },
            instances: try results[2].map { try Instance($0) })
    }
}

extension KeyringState.Key {
    fileprivate init(_ row: Row) throws {
        (keyID, rowCount, addedAt, sealingSince, retiredAt) = try row.decode(
            String.self, Int.self, Date?.self, Date?.self, Date?.self)
    }
}

extension KeyringState.Instance {
    init(_ row: Row) throws {
        (id, host, keyIDs, seenAt) = try row.decode(UUID.self, String.self, [String].self, Date.self)
    }
}

/// Decides what a rotation does first. Pure.
enum RotationRules {
    enum Step: Equatable {
        /// A rotation is under way: it goes on.
        case resume(to: String)
        /// A key that the keyring has and that never sealed.
        case activate(String)
        /// The keyring needs a new key.
        case addKey
    }

    /// - Parameter keyIDs: the keys that this instance holds, in the order of its file.
    static func next(_ state: KeyringState, keyIDs: [String]) -> Step {
        if let keyID = state.sealingKeyID, state.resealedAt == nil { return .resume(to: keyID) }
        let used = Set(state.keys.filter { $0.sealingSince != nil || $0.retiredAt != nil }.map(\.keyID)).union([state.sealingKeyID ?? ""])
        return keyIDs.last { !used.contains($0) }.map { .activate($0) } ?? .addKey
    }
}
