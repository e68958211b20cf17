import Core
import Database
import Foundation

/// The statements that write `sync.database_size`.
package enum DatabaseSizeTable {
    /// How many days are kept.
    private static let keptDays = 31.0

    /// Measures the database and keeps it as today's size.
    package static func measure(now: Date) -> SQL {
        """
        INSERT INTO sync.database_size (day, measured_at, bytes)
        VALUES ((\(now)::timestamptz AT TIME ZONE 'UTC')::date, \(now), pg_database_size(current_database()))
        ON CONFLICT (day) DO UPDATE SET measured_at = excluded.measured_at, bytes = excluded.bytes
        """
    }

    package static func prune(now: Date) -> SQL {
        """
        WITH old AS (
            SELECT day FROM sync.database_size WHERE measured_at < \(now.addingTimeInterval(-keptDays * 86_400)) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.database_size d USING old WHERE d.day = old.day
        """
    }
}

/// The statements that write `sync.setting`.
package enum SettingTable {
    /// Held by a transaction that changes a uid: no unique index can ensure that only one athlete has it, since unique keys begin with
    /// `athlete_id`. A row rather than an advisory lock, which any login of the database may take.
    package static let lockUIDs: SQL = """
        INSERT INTO sync.setting (key, value) VALUES ('uid_lock', 'true') ON CONFLICT (key) DO UPDATE SET updated_at = now()
        """

    /// Pauses everything.
    /// - Parameters:
    ///   - end: `distantFuture`: until resumed.
    ///   - user: the account that asks for it, for people.
    package static func pauseAll(until end: Date, reason: String?, by user: String?, now: Date) -> SQL {
        """
        INSERT INTO sync.setting (key, value, updated_at)
        SELECT * FROM (
            VALUES ('pause_reason', to_jsonb(coalesce(\(reason)::text, '')), \(now)),
                   ('paused_by', to_jsonb(coalesce(\(user)::text, '')), \(now)),
                   ('paused_until', to_jsonb(\(end)::timestamptz::text), \(now))) AS w (key, value, updated_at)
        ORDER BY key
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """
    }

    package static let resumeAll: SQL = """
        WITH found AS (SELECT key FROM sync.setting WHERE key IN ('pause_reason', 'paused_by', 'paused_until') ORDER BY key FOR UPDATE)
        DELETE FROM sync.setting s USING found WHERE s.key = found.key
        """

    private static let (identity, restored) = ("database_identity", "restored_at")

    /// Stores which database this is unless that is known; returns the stored identity and locks it.
    package static func keepIdentity(_ text: String, now: Date) -> SQL { keep(text, as: identity, now: now) }

    /// The database turned out to be a restored copy.
    package static func noteRestore(identity text: String, now: Date) -> SQL {
        """
        INSERT INTO sync.setting (key, value, updated_at)
        VALUES (\(identity), to_jsonb(\(text)::text), \(now)), (\(restored), to_jsonb(\(now)::timestamptz::text), \(now))
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """
    }

    /// What was spent since the backup is known.
    package static let forgetRestore: SQL = "DELETE FROM sync.setting WHERE key = \(restored)"

    /// When a restore was noticed whose spent calls are not known yet. No row: there is none.
    package static let restoredAt: SQL = "SELECT (value #>> '{}')::timestamptz FROM sync.setting WHERE key = \(restored)"

    /// Stores a text under `key` unless there is one; returns the stored one.
    package static func keep(_ text: String, as key: String, now: Date) -> SQL {
        """
        INSERT INTO sync.setting (key, value, updated_at) VALUES (\(key), to_jsonb(\(text)::text), \(now))
        ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING value #>> '{}'
        """
    }
}
