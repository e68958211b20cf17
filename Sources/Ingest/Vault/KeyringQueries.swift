import Core
import Database
import Foundation

/// The statements on the keys that PostgreSQL knows of, and on the instances that hold them. All times are PostgreSQL's, since the instances
/// may run on several machines.
enum KeyringQueries {
    /// Returns the key to seal with, which stays the one until the transaction ends: a change of it waits. The last lock before tokens are
    /// written.
    ///
    /// Before the first `register`, that is the keyring's own active key.
    static func holdSealingKey(_ keyring: Keyring, on connection: Connection) async throws -> String {
        let rows = try await connection.query("SELECT key_id FROM vault.sealing FOR SHARE")
        guard let keyID = try rows.first?.decode(String.self) else { return keyring.activeKeyID }
        // A keyring that lacks it is told when the token is sealed.
        _ = keyring.activate(keyID)
        return keyID
    }

    // MARK: Instances

    /// Notes which keys this instance holds. The key that seals is shared meanwhile, so that a rotation sees this instance or is seen by it.
    /// The third statement returns the key that seals, the sixth the keys that have other bytes elsewhere.
    static func register(_ instance: UUID, host: String, keyIDs: [String], fingerprints: [[UInt8]], first: String) -> [SQL] {
        sealing(instance, keyIDs: keyIDs, first: first) + keys(instance, keyIDs: keyIDs, fingerprints: fingerprints) + [
            """
            INSERT INTO vault.instance (instance_id, host, key_ids, seen_at) VALUES (\(instance), \(host), \(keyIDs), now())
            ON CONFLICT (instance_id) DO UPDATE SET host = excluded.host, key_ids = excluded.key_ids, seen_at = excluded.seen_at
            """,
            // One that died long ago keeps no rotation waiting. If it comes back, it is refused until it has the key that seals.
            """
            WITH gone AS (
                SELECT instance_id FROM vault.instance WHERE seen_at < now() - interval '10 minutes' FOR UPDATE SKIP LOCKED)
            DELETE FROM vault.instance i USING gone g WHERE i.instance_id = g.instance_id
            """,
        ]
    }

    private static func sealing(_ instance: UUID, keyIDs: [String], first: String) -> [SQL] {
        [
            """
            INSERT INTO vault.sealing (key_id, since, resealed_at)
            SELECT \(first), now(), CASE WHEN NOT EXISTS (SELECT FROM vault.token WHERE key_id <> \(first)) THEN now() END
            ON CONFLICT DO NOTHING
            """,
            // A keyring that was made anew while nothing was stored.
            """
            UPDATE vault.sealing SET key_id = \(first), since = now(), resealed_at = now()
            WHERE key_id <> ALL (\(keyIDs)) AND NOT EXISTS (SELECT FROM vault.token)
              AND NOT EXISTS (SELECT FROM vault.instance WHERE instance_id <> \(instance))
            """,
            "SELECT key_id FROM vault.sealing FOR SHARE",
        ]
    }

    private static func keys(_ instance: UUID, keyIDs: [String], fingerprints: [[UInt8]]) -> [SQL] {
        [
            """
            INSERT INTO vault.key (key_id, fingerprint, added_at, sealing_since)
            SELECT n.key_id, n.fingerprint, now(), CASE WHEN n.key_id = s.key_id
                OR EXISTS (SELECT FROM vault.token t WHERE t.key_id = n.key_id) THEN now() END
            FROM unnest(\(keyIDs), \(fingerprints)) AS n (key_id, fingerprint), vault.sealing s
            ON CONFLICT DO NOTHING
            """,
            """
            UPDATE vault.key k SET fingerprint = n.fingerprint, added_at = now()
            FROM unnest(\(keyIDs), \(fingerprints)) AS n (key_id, fingerprint)
            WHERE k.key_id = n.key_id AND k.fingerprint <> n.fingerprint
              AND NOT \(raw: isUsed)
              AND NOT EXISTS (SELECT FROM vault.instance i WHERE i.instance_id <> \(instance) AND k.key_id = ANY (i.key_ids))
            """,
            """
            SELECT k.key_id FROM vault.key k JOIN unnest(\(keyIDs), \(fingerprints)) AS n (key_id, fingerprint) USING (key_id)
            WHERE k.fingerprint <> n.fingerprint ORDER BY k.key_id
            """,
        ]
    }

    static func forget(_ instance: UUID) -> SQL { "DELETE FROM vault.instance WHERE instance_id = \(instance)" }

    // MARK: Rotation

    /// Locks the key that seals against use and change.
    static let lockSealingKey: SQL = "SELECT key_id, resealed_at IS NULL FROM vault.sealing FOR UPDATE"

    static func instances(lacking keyID: String) -> SQL {
        """
        SELECT \(raw: KeyringState.instanceColumns) FROM vault.instance WHERE NOT \(keyID) = ANY (key_ids) ORDER BY host, instance_id
        """
    }

    static func activate(_ keyID: String) -> [SQL] {
        [
            "UPDATE vault.sealing SET key_id = \(keyID), since = now(), resealed_at = NULL",
            "UPDATE vault.key SET sealing_since = now() WHERE key_id = \(keyID)",
        ]
    }

    /// A pass over all rows has ended under this key.
    static func markResealed(under keyID: String) -> SQL {
        "UPDATE vault.sealing SET resealed_at = now() WHERE key_id = \(keyID) AND resealed_at IS NULL"
    }

    /// Retires the keys that sealed once and with which nothing is sealed any more. Nothing can be afterwards, since whoever seals shares the
    /// row of the key that seals.
    static let retire: SQL = """
        UPDATE vault.key k SET retired_at = now() FROM vault.sealing s
        WHERE k.key_id <> s.key_id AND s.resealed_at IS NOT NULL AND k.sealing_since IS NOT NULL AND k.retired_at IS NULL
          AND NOT \(raw: isUsed)
          AND NOT EXISTS (SELECT FROM vault.instance i WHERE NOT s.key_id = ANY (i.key_ids))
        RETURNING k.key_id
        """

    /// The keys in use, which a keyring must not lose, and the retired ones that nothing uses.
    static let uses: SQL = "SELECT k.key_id, k.retired_at IS NOT NULL, \(raw: isUsed) FROM vault.key k"

    /// Whether a sealed value needs key `k`. Tokens are resealed; the others are gone after a day at most.
    private static let isUsed = """
        (EXISTS (SELECT FROM vault.token t WHERE t.key_id = k.key_id) OR EXISTS (SELECT FROM vault.revocation t WHERE t.key_id = k.key_id)
            OR EXISTS (SELECT FROM sync.connect_state t WHERE t.held_key_id = k.key_id))
        """
}
