import Core
import Database
import Foundation

/// How a request for a change ended (`sync.audit.outcome`; there, `begun` is a request in progress or cut off by a crash).
package enum AuditOutcome: String, Sendable {
    case done
    /// A mistake of the client, or a lack of rights.
    case refused
    /// The daemon could not do it.
    case failed
}

/// A request for a change, as it is recorded. At most one of `athlete`, `uid` and `token` says whom it is about.
package struct AuditRow: Sendable {
    package let userID: UInt32
    package let userName: String?
    package let action: String
    package var athlete: AthleteID?
    /// The athlete who has this uid.
    package var uid: UID?
    /// The athlete of the API token of this number.
    package var token: Int64?
    package let parameters: JSONText
    package let athleteParameters: JSONText

    package init(userID: UInt32, userName: String?, action: String, parameters: JSONText, athleteParameters: JSONText) {
        self.userID = userID
        self.userName = userName
        self.action = action
        self.parameters = parameters
        self.athleteParameters = athleteParameters
    }
}

/// The statements that write `sync.audit` and `sync.audit_athlete`, each in a transaction of its own.
package enum AuditTable {
    /// Adds a request and returns its number. An athlete who is not known, or is being erased, is not named.
    package static func begin(_ row: AuditRow, now: Date) -> SQL {
        """
        WITH entry AS (
            INSERT INTO sync.audit (asked_at, user_id, user_name, action, parameters)
            VALUES (\(now), \(Int64(row.userID)), \(row.userName), \(row.action), \(row.parameters))
            RETURNING audit_id),
        subject AS (
            SELECT a.athlete_id FROM sync.athlete a
            WHERE a.state <> 'erasing' AND (a.athlete_id = \(row.athlete) OR a.uid = \(row.uid?.text)
                OR a.athlete_id = (SELECT t.athlete_id FROM sync.api_token t WHERE t.token_id = \(row.token) LIMIT 1))
            LIMIT 1 FOR KEY SHARE OF a),
        named AS (
            INSERT INTO sync.audit_athlete (athlete_id, audit_id, parameters)
            SELECT s.athlete_id, e.audit_id, \(row.athleteParameters) FROM subject s CROSS JOIN entry e)
        SELECT audit_id FROM entry
        """
    }

    /// - Parameter refusal: the error code; nil: none.
    package static func end(_ audit: Int64, _ outcome: AuditOutcome, refusal: String?, now: Date) -> SQL {
        "UPDATE sync.audit SET outcome = \(outcome.rawValue), refusal = \(refusal), ended_at = \(now) WHERE audit_id = \(audit)"
    }

    /// Removes what was asked for before `instant`, and the oldest rows beyond `countMax`.
    package static func prune(askedBefore instant: Date, countMax: Int64) -> [SQL] {
        [
            """
            WITH old AS (
                SELECT audit_id FROM sync.audit
                WHERE asked_at < \(instant) OR audit_id <= (SELECT max(audit_id) FROM sync.audit) - \(countMax)
                ORDER BY audit_id FOR UPDATE SKIP LOCKED)
            DELETE FROM sync.audit a USING old WHERE a.audit_id = old.audit_id
            """,
            """
            WITH old AS (
                SELECT n.athlete_id, n.audit_id FROM sync.audit_athlete n
                WHERE NOT EXISTS (SELECT FROM sync.audit a WHERE a.audit_id = n.audit_id)
                ORDER BY n.athlete_id, n.audit_id FOR UPDATE SKIP LOCKED)
            DELETE FROM sync.audit_athlete n USING old WHERE n.athlete_id = old.athlete_id AND n.audit_id = old.audit_id
            """,
        ]
    }
}
