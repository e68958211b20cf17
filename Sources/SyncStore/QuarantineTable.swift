import Core
import Database
import Foundation

/// Something set aside with its reason. `endpoint` is a completeness endpoint, `list`, or `silver` for a failed transform.
public struct QuarantineEntry: Sendable {
    public let endpoint: String
    public let objectID: Int64
    public let reason: String
    public let detail: String?
    public let body: [UInt8]?

    public init(endpoint: String, objectID: Int64, reason: String, detail: String? = nil, body: [UInt8]? = nil) {
        self.endpoint = endpoint
        self.objectID = objectID
        self.reason = reason
        self.detail = detail
        self.body = body
    }
}

/// The primary key of `sync.quarantine`.
package struct QuarantineKey: Hashable, Sendable {
    package let athlete: AthleteID
    package let endpoint: String
    package let objectID: Int64

    package init(_ athlete: AthleteID, _ endpoint: String, _ objectID: Int64) {
        self.athlete = athlete
        self.endpoint = endpoint
        self.objectID = objectID
    }
}

/// The statements that write `sync.quarantine`.
package enum QuarantineTable {
    /// The reason of answers that silver can't read.
    package static let unreadable = "unreadable_answer"

    package static func add(_ quarantine: [(AthleteID, QuarantineEntry)], now: Date) -> SQL {
        let entries = quarantine.map(\.1)
        return """
            INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, body, first_at, last_at)
            SELECT athlete_id, endpoint, object_id, reason, detail, body, \(now), \(now)
            FROM unnest(\(quarantine.map(\.0)), \(entries.map(\.endpoint)), \(entries.map(\.objectID)), \(entries.map(\.reason)),
                        \(SQLArray(entries.map(\.detail))), \(SQLArray(entries.map(\.body))))
                AS w(athlete_id, endpoint, object_id, reason, detail, body)
            ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
                reason = excluded.reason, detail = excluded.detail, body = coalesce(excluded.body, q.body), attempts = q.attempts + 1,
                last_at = excluded.last_at
            """
    }

    /// The transform fails on the whole activity (0: on the athlete's own objects).
    package static func addFailedTransform(_ activity: Int64, of athlete: AthleteID, detail: String, now: Date) -> SQL {
        """
        INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, first_at, last_at)
        SELECT athlete_id, 'silver', \(activity), 'transform_failed', \(detail), \(now), \(now)
        FROM sync.athlete WHERE athlete_id = \(athlete)
        ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
            reason = excluded.reason, detail = excluded.detail, attempts = q.attempts + 1, last_at = excluded.last_at
        """
    }

    /// What was set aside leaves the quarantine when it is in order. What silver could not read stays until silver can.
    package static func removeSettled(_ settled: [QuarantineKey]) -> SQL {
        """
        DELETE FROM sync.quarantine q
        USING unnest(\(settled.map(\.athlete)), \(settled.map(\.endpoint)), \(settled.map(\.objectID)))
            AS w(athlete_id, endpoint, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.endpoint = w.endpoint AND q.object_id = w.object_id
          AND q.reason <> 'unreadable_answer'
        """
    }

    /// Activities on which the transform failed before, and that silver has now.
    package static func removeTransformed(_ activities: [(AthleteID, Int64)]) -> SQL {
        """
        DELETE FROM sync.quarantine q
        USING unnest(\(activities.map(\.0)), \(activities.map(\.1))) AS w(athlete_id, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.object_id = w.object_id AND q.endpoint = 'silver'
        """
    }

    /// What silver can read now, and could not before; the ledger says so again.
    package static func removeReadable(_ keys: [QuarantineKey], now: Date) -> SQL {
        """
        WITH freed AS (
            DELETE FROM sync.quarantine q
            USING unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
            WHERE q.athlete_id = w.athlete_id AND q.object_id = w.object_id
              AND (q.endpoint = w.endpoint AND q.reason = \(unreadable) OR q.endpoint = 'silver')
            RETURNING q.athlete_id, q.endpoint, q.object_id
        )
        UPDATE sync.completeness c SET state = 'landed', reason = NULL, updated_at = \(now)
        FROM freed f
        WHERE c.athlete_id = f.athlete_id AND c.activity_id = f.object_id AND c.endpoint = f.endpoint
          AND c.state = 'quarantined' AND c.reason = \(unreadable)
        """
    }

    package static func remove(_ keys: [QuarantineKey]) -> SQL {
        """
        DELETE FROM sync.quarantine q
        USING unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.endpoint = w.endpoint AND q.object_id = w.object_id
        """
    }

    package static func resetAttempts(_ keys: [QuarantineKey]) -> SQL {
        """
        UPDATE sync.quarantine q SET attempts = 0
        FROM unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.endpoint = w.endpoint AND q.object_id = w.object_id
        """
    }

    /// Removes the bytes of at most `countMax` entries that were set aside for the last time before `cutoff`.
    package static func removeBodies(before cutoff: Date, countMax: Int) -> SQL {
        """
        UPDATE sync.quarantine q SET body = NULL
        FROM (SELECT athlete_id, endpoint, object_id FROM sync.quarantine
              WHERE body IS NOT NULL AND last_at < \(cutoff) LIMIT \(countMax)) AS old
        WHERE q.athlete_id = old.athlete_id AND q.endpoint = old.endpoint AND q.object_id = old.object_id
        """
    }
}
