import Core
import Database
import Foundation
import SyncStore

/// Issues, lists and revokes API tokens, for the operator.
public struct TokenDesk: Sendable {
    /// Lifetimes in days.
    public static let days = 1...3650
    /// A token that ended longer ago is no longer listed.
    private static let keptAfterEnd_s = 30 * 86_400.0

    /// What is known of a token, which is not the token itself.
    public struct Entry: Sendable {
        public enum State: String, Sendable {
            case active, expired, revoked
            /// The athlete has another uid than when the token was issued, which ended the token.
            case moved
        }

        public let id: Int64
        public let athlete: AthleteID
        public let uid: String
        public let scopes: [Scope]
        public let createdAt: Date
        public let expiresAt: Date
        /// To the minute; nil: never used.
        public let lastUsedAt: Date?
        public let revokedAt: Date?
        public let state: State
    }

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock = .system) {
        self.database = database
        self.clock = clock
    }

    /// A new token for the athlete who has the uid; nil: nobody has it.
    public func issue(_ uid: UID, days: Int, scopes: Set<Scope>) async throws -> (token: APIToken, entry: Entry)? {
        precondition(Self.days.contains(days) && !scopes.isEmpty, "the caller checks what people ask for")
        let (now, token) = (clock.now, APIToken.random())
        let expiresAt = now.addingTimeInterval(Double(days) * 86_400)
        let scopes = Self.sorted(scopes)
        let rows = try await database.transaction { connection in
            _ = try await connection.query(APITokenTable.prune(endedBefore: now.addingTimeInterval(-Self.keptAfterEnd_s)))
            return try await connection.query(
                APITokenTable.issue(token.hash, uid: uid, scopes: scopes.map(\.rawValue), now: now, expiresAt: expiresAt))
        }
        guard let (id, athlete) = try rows.first?.decode(Int64.self, AthleteID.self) else { return nil }
        let entry = Entry(
            id: id, athlete: athlete, uid: uid.text, scopes: scopes, createdAt: now, expiresAt: expiresAt, lastUsedAt: nil, revokedAt: nil,
            state: .active)
        return (token, entry)
    }

    /// All tokens, or those that were issued for one uid, the newest last. Those that ended long ago are not among them.
    public func list(uid: UID? = nil) async throws -> [Entry] {
        let end = clock.now.addingTimeInterval(-Self.keptAfterEnd_s)
        let rows = try await database.query(
            """
            SELECT t.token_id, t.athlete_id, t.uid, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at,
                a.uid IS NOT DISTINCT FROM t.uid
            FROM sync.api_token t JOIN sync.athlete a ON a.athlete_id = t.athlete_id
            WHERE (\(uid?.text)::text IS NULL OR t.uid = \(uid?.text)) AND least(t.expires_at, t.revoked_at) > \(end)
            ORDER BY t.token_id
            """)
        return try rows.map(entry)
    }

    /// Ends the token at once, in every process. Nil: there is no such token.
    public func revoke(_ id: Int64) async throws -> Entry? {
        try await database.query(APITokenTable.revoke(id, now: clock.now)).first.map(entry)
    }

    private func entry(_ row: Row) throws -> Entry {
        let (id, athlete, uid, scopes, createdAt, expiresAt, lastUsedAt, revokedAt, isOfAthlete) = try row.decode(
            Int64.self, AthleteID.self, String.self, [String].self, Date.self, Date.self, Date?.self, Date?.self, Bool.self)
        let state: Entry.State =
            if revokedAt != nil { .revoked } else if expiresAt <= clock.now { .expired } else if !isOfAthlete { .moved } else { .active }
        return Entry(
            id: id, athlete: athlete, uid: uid, scopes: Self.sorted(Set(scopes.compactMap(Scope.init))), createdAt: createdAt,
            expiresAt: expiresAt, lastUsedAt: lastUsedAt, revokedAt: revokedAt, state: state)
    }

    private static func sorted(_ scopes: Set<Scope>) -> [Scope] { Scope.allCases.filter(scopes.contains) }
}
