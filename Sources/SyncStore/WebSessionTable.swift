import Core
import Database
import Foundation

/// Whose a session of a browser is (`sync.web_session.kind`).
package enum WebSessionKind: String, Sendable, CaseIterable {
    case admin, athlete
}

/// The statements that write `sync.web_session` and `sync.web_session_athlete`, each in a transaction of its own.
package enum WebSessionTable {
    /// A session or a link to be.
    package struct Beginning: Sendable {
        package let kind: WebSessionKind
        /// For whom; nil: an admin.
        package var athlete: AthleteID?
        /// The API token with which it begins.
        package var token: Int64?
        package var showsPlaces = false
        /// The account that makes the link.
        package var user: (id: UInt32, name: String?)?
        package let lasts_s: Int
        package let expiresAt: Date

        package init(kind: WebSessionKind, lasts_s: Int, expiresAt: Date) {
            self.kind = kind
            self.lasts_s = lasts_s
            self.expiresAt = expiresAt
        }
    }

    /// Stores a link. No row: there is no such athlete, or the athlete is being erased.
    package static func makeLink(_ link: [UInt8], _ beginning: Beginning, now: Date) -> SQL {
        insert(beginning, link: link, secret: nil, enteredAt: nil, now: now)
    }

    /// Stores a session that begins now, without a link. No row: as for `makeLink`.
    package static func begin(_ secret: [UInt8], _ beginning: Beginning, now: Date) -> SQL {
        insert(beginning, link: nil, secret: secret, enteredAt: now, now: now)
    }

    private static func insert(_ beginning: Beginning, link: [UInt8]?, secret: [UInt8]?, enteredAt: Date?, now: Date) -> SQL {
        """
        WITH subject AS (
            SELECT athlete_id FROM sync.athlete WHERE athlete_id = \(beginning.athlete) AND state <> 'erasing' FOR KEY SHARE),
        session AS (
            INSERT INTO sync.web_session (
                kind, link_sha256, secret_sha256, shows_places, user_id, user_name, made_at, lasts_s, entered_at, expires_at)
            SELECT \(beginning.kind.rawValue), \(link), \(secret), \(beginning.showsPlaces), \(beginning.user.map { Int64($0.id) }),
                \(beginning.user?.name), \(now), \(beginning.lasts_s), \(enteredAt), \(beginning.expiresAt)
            WHERE \(beginning.athlete)::bigint IS NULL OR EXISTS (SELECT FROM subject)
            RETURNING session_id),
        named AS (
            INSERT INTO sync.web_session_athlete (athlete_id, session_id, token_id)
            SELECT a.athlete_id, s.session_id, \(beginning.token) FROM subject a CROSS JOIN session s)
        SELECT session_id FROM session
        """
    }

    /// Begins the session of a link, once. Returns its number, kind and seconds; no row: the link is used, has expired, or is none of these.
    package static func enter(_ link: [UInt8], of kinds: [WebSessionKind], secret: [UInt8], now: Date) -> SQL {
        """
        UPDATE sync.web_session SET secret_sha256 = \(secret), entered_at = \(now), expires_at = \(now) + lasts_s * interval '1 second'
        WHERE link_sha256 = \(link) AND kind = ANY (\(kinds.map(\.rawValue))) AND entered_at IS NULL AND expires_at > \(now)
        RETURNING session_id, kind, lasts_s
        """
    }

    /// Remembers a use, unless one was remembered since `lastUsedBefore`.
    package static func use(_ session: Int64, now: Date, lastUsedBefore: Date) -> SQL {
        """
        UPDATE sync.web_session SET last_used_at = \(now)
        WHERE session_id = \(session) AND (last_used_at IS NULL OR last_used_at <= \(lastUsedBefore))
        """
    }

    /// Ends a session. What names the athlete goes first.
    package static func end(_ secret: [UInt8]) -> [SQL] {
        [
            """
            DELETE FROM sync.web_session_athlete n USING sync.web_session s
            WHERE s.secret_sha256 = \(secret) AND n.session_id = s.session_id
            """,
            "DELETE FROM sync.web_session WHERE secret_sha256 = \(secret)",
        ]
    }

    /// Removes what has expired, and sessions whose athlete was erased.
    package static func prune(now: Date) -> [SQL] {
        [
            """
            WITH old AS (
                SELECT s.session_id FROM sync.web_session s
                WHERE s.expires_at <= \(now)
                   OR s.kind = 'athlete' AND NOT EXISTS (SELECT FROM sync.web_session_athlete n WHERE n.session_id = s.session_id)
                ORDER BY s.session_id FOR UPDATE SKIP LOCKED)
            DELETE FROM sync.web_session s USING old WHERE s.session_id = old.session_id
            """,
            """
            WITH old AS (
                SELECT n.athlete_id, n.session_id FROM sync.web_session_athlete n
                WHERE NOT EXISTS (SELECT FROM sync.web_session s WHERE s.session_id = n.session_id)
                ORDER BY n.athlete_id, n.session_id FOR UPDATE SKIP LOCKED)
            DELETE FROM sync.web_session_athlete n USING old WHERE n.athlete_id = old.athlete_id AND n.session_id = old.session_id
            """,
        ]
    }
}
