import Core
import Database
import Foundation

/// Who asked for an erasure (`sync.erasure.requested_by`).
public enum ErasureOrigin: String, Sendable, Codable, CaseIterable {
    /// An admin, with fitnessctl.
    case `operator`
    /// The athlete, over HTTP.
    case athlete
    /// The athlete revoked the application's access at Strava.
    case deauthorization
    /// An earlier erasure, repeated after a backup was restored.
    case replay
}

/// What became of the grant at Strava (`sync.erasure.revocation`).
public enum ErasureRevocation: String, Sendable, Codable, CaseIterable {
    /// Strava has not answered yet; the sealed token is kept for a day.
    case pending
    /// At `/oauth/revoke`.
    case revoked
    /// At `/oauth/deauthorize`.
    case deauthorized
    /// There was no living grant.
    case notNeeded = "not_needed"
    /// The sealed token could not be opened.
    case unreadable
    /// Strava could not be reached for a day.
    case givenUp = "given_up"
    /// The athlete gave a new grant before the old one could be revoked.
    case connectedAgain = "connected_again"
}

/// The statements that write `sync.erasure_request` and `sync.erasure`, and the erasure itself, which alone deletes in every schema.
package enum ErasureTable {
    // MARK: Intents

    /// Writes the intent and stops the athlete's work: no lease holds any more, so nothing lands, and the uid is free. The caller holds
    /// `RowLock.athlete`. Connects of this person that are under way or shown are forgotten, and the uid wherever it stands.
    /// - Parameter tryAt: when another process may take it up, should this one not end it.
    package static func begin(
        _ athlete: AthleteID, erasure: UUID, tag: [UInt8], keyID: String, by origin: ErasureOrigin, now: Date, tryAt: Date
    ) -> [SQL] {
        [
            """
            DELETE FROM sync.connect_state s USING sync.athlete a
            WHERE a.athlete_id = \(athlete)
              AND (s.uid = a.uid OR s.renewed_athlete = \(athlete) OR s.outcome ->> 'athlete_id' = \(athlete)::text)
            """,
            """
            DELETE FROM sync.uid_move m USING sync.athlete a
            WHERE a.athlete_id = \(athlete) AND (m.athlete_id = \(athlete) OR m.from_uid = a.uid OR m.to_uid = a.uid)
            """,
            """
            UPDATE sync.athlete SET state = 'erasing', state_reason = NULL, uid = NULL, pause_reason = NULL, updated_at = \(now)
            WHERE athlete_id = \(athlete)
            """,
            """
            UPDATE sync.schedule SET lease_owner = NULL, lease_expires_at = NULL, lease_fence = lease_fence + 1, request = NULL,
                last_error = NULL, due_at = 'infinity'
            WHERE athlete_id = \(athlete)
            """,
            """
            WITH found AS (
                SELECT athlete_id, is_dry_run FROM sync.silver_rebuild WHERE athlete_id = \(athlete) ORDER BY is_dry_run FOR UPDATE)
            DELETE FROM sync.silver_rebuild r USING found f WHERE r.athlete_id = f.athlete_id AND r.is_dry_run = f.is_dry_run
            """,
            """
            INSERT INTO sync.erasure_request (athlete_id, erasure_id, requested_at, next_try_at)
            VALUES (\(athlete), \(erasure), \(now), \(tryAt))
            ON CONFLICT (athlete_id) DO UPDATE SET erasure_id = excluded.erasure_id, requested_at = excluded.requested_at, attempts = 0,
                next_try_at = excluded.next_try_at
            """,
            """
            INSERT INTO sync.erasure (erasure_id, athlete_tag, key_id, requested_by, requested_at)
            VALUES (\(erasure), \(tag), \(keyID), \(origin.rawValue), \(now))
            """,
        ]
    }

    /// After an event that says so: the athlete may have revoked the application's access. Nothing happens before a refresh was refused.
    package static func suspect(_ athlete: AthleteID, now: Date) -> SQL {
        """
        INSERT INTO sync.erasure_request (athlete_id, requested_at, next_try_at)
        SELECT athlete_id, \(now), \(now) FROM sync.athlete WHERE athlete_id = \(athlete) AND state <> 'erasing'
        ON CONFLICT (athlete_id) DO NOTHING
        """
    }

    /// The grant is alive: the event was wrong, or the athlete has connected again.
    package static func withdraw(_ athlete: AthleteID) -> SQL {
        "DELETE FROM sync.erasure_request WHERE athlete_id = \(athlete) AND erasure_id IS NULL"
    }

    package static func postpone(_ athlete: AthleteID, until instant: Date) -> SQL {
        """
        UPDATE sync.erasure_request SET attempts = attempts + 1, next_try_at = \(instant) WHERE athlete_id = \(athlete)
        """
    }

    // MARK: Receipts

    /// Ends the erasure's part at Strava; the receipt is filed again.
    package static func settle(_ erasure: UUID, _ revocation: ErasureRevocation, now: Date) -> SQL {
        """
        UPDATE sync.erasure SET revocation = \(revocation.rawValue), revocation_at = \(now), filed_at = NULL
        WHERE erasure_id = \(erasure) AND revocation = 'pending'
        """
    }

    /// A new grant of an erased athlete: revoking the old one would end it, too. Returns the erasures whose tokens are to be dropped.
    package static func supersede(_ tags: [[UInt8]], now: Date) -> SQL {
        """
        WITH found AS (
            SELECT erasure_id FROM sync.erasure
            WHERE athlete_tag = ANY (\(tags)) AND revocation = 'pending' ORDER BY erasure_id FOR UPDATE)
        UPDATE sync.erasure e SET revocation = 'connected_again', revocation_at = \(now), filed_at = NULL
        FROM found f WHERE e.erasure_id = f.erasure_id
        RETURNING e.erasure_id
        """
    }

    package static func complete(_ erasure: UUID, counts: JSONText, now: Date) -> SQL {
        "UPDATE sync.erasure SET erased_at = \(now), row_counts = \(counts), filed_at = NULL WHERE erasure_id = \(erasure)"
    }

    /// Notes that this receipt is in a file, unless it has changed since it was read.
    package static func noteFiled(_ erasure: UUID, revocation: ErasureRevocation, now: Date) -> SQL {
        """
        UPDATE sync.erasure SET filed_at = \(now)
        WHERE erasure_id = \(erasure) AND erased_at IS NOT NULL AND revocation = \(revocation.rawValue)
        """
    }

    // MARK: The erasure

    /// A table with rows of athletes: each of our schemas, later migrations' too.
    package struct Table: Sendable {
        /// With its schema, quoted.
        package let name: String
        /// Whether this role may delete rows itself; where not, they go with the athlete's row, by their foreign key.
        package let isWritable: Bool
    }

    /// All tables with rows of athletes, those that refer to others first. Returns rows for `Table`.
    package static let tables: SQL = """
        WITH RECURSIVE mine AS (
            SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped
            WHERE n.nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ), place AS (
            SELECT 'sync.athlete'::regclass::oid AS oid, 1 AS depth
            UNION ALL
            SELECT k.conrelid, p.depth + 1 FROM place p
            JOIN pg_constraint k ON k.confrelid = p.oid AND k.contype = 'f' AND k.conrelid <> k.confrelid
        )
        SELECT m.name, has_table_privilege(m.oid, 'DELETE') FROM mine m LEFT JOIN place p USING (oid)
        GROUP BY m.oid, m.name ORDER BY coalesce(max(p.depth), 2) DESC, m.name
        """

    package static func table(_ row: Row) throws -> Table {
        let (name, isWritable) = try row.decode(String.self, Bool.self)
        return Table(name: name, isWritable: isWritable)
    }

    /// The athlete's rows of each table, in the same order: one row with one column each.
    package static func counts(_ athlete: AthleteID, in tables: [Table]) -> [SQL] {
        tables.map { "SELECT count(*) FROM \(raw: $0.name) WHERE athlete_id = \(athlete)" }
    }

    /// Deletes the athlete's rows of one table. The caller holds `RowLock.erasure`, which excludes everybody else from all of them.
    package static func delete(_ athlete: AthleteID, from table: Table) -> SQL {
        "DELETE FROM \(raw: table.name) WHERE athlete_id = \(athlete)"
    }
}
