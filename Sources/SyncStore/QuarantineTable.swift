import Core
import Database
import Foundation

/// A quarantined item with its reason. `endpoint` is a completeness endpoint, `list`, or `silver` for a failed transform.
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

    /// Who quarantined an item, and removes the entry when it is readable again.
    package enum Origin {
        case sync
        /// Unreadable answers, and activities on which the transform failed.
        case silver
        case any

        fileprivate var condition: String {
            switch self {
            case .sync: "q.reason <> 'unreadable_answer'"
            case .silver: "(q.reason = 'unreadable_answer' OR q.endpoint = 'silver')"
            case .any: "true"
            }
        }
    }

    /// Removes entries and adds others.
    package static func change(
        removing keys: [QuarantineKey], of origin: Origin, adding entries: [(AthleteID, QuarantineEntry)], now: Date
    ) -> [SQL] {
        let removal = keys.isEmpty ? [] : [remove(keys, of: origin)]
        if entries.isEmpty { return removal }
        let added = entries.map { QuarantineKey($0, $1.endpoint, $1.objectID) }
        return (keys.isEmpty ? [] : [RowLock.quarantine(keys + added)]) + removal + [add(entries, now: now)]
    }

    /// - Parameter entries: entries of athletes who are erased, or being erased, are left out.
    package static func add(_ entries: [(AthleteID, QuarantineEntry)], now: Date) -> SQL {
        let (athletes, entries) = (entries.map(\.0), entries.map(\.1))
        return """
            INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, body, first_at, last_at)
            SELECT athlete_id, endpoint, object_id, reason, detail, body, \(now), \(now)
            FROM unnest(\(athletes), \(entries.map(\.endpoint)), \(entries.map(\.objectID)), \(entries.map(\.reason)),
                        \(SQLArray(entries.map(\.detail))), \(SQLArray(entries.map(\.body))))
                AS w(athlete_id, endpoint, object_id, reason, detail, body)
            JOIN sync.athlete a USING (athlete_id)
            WHERE a.state <> 'erasing'
            ORDER BY athlete_id, endpoint, object_id FOR KEY SHARE OF a
            ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
                reason = excluded.reason, detail = excluded.detail, body = coalesce(excluded.body, q.body), attempts = q.attempts + 1,
                last_at = excluded.last_at
            """
    }

    package static func remove(_ keys: [QuarantineKey], of origin: Origin) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key)
            FROM sync.quarantine q
            JOIN unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
                USING (athlete_id, endpoint, object_id)
            WHERE \(raw: origin.condition) \(raw: lockInOrder))
        DELETE FROM sync.quarantine q USING found WHERE \(raw: isFound)
        """
    }

    /// The caller holds `RowLock.quarantine` on these and on those that it removes.
    package static func resetAttempts(_ keys: [QuarantineKey]) -> SQL {
        """
        UPDATE sync.quarantine q SET attempts = 0
        FROM unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS found(athlete_id, endpoint, object_id)
        WHERE \(raw: isFound)
        """
    }

    /// Removes the bodies of at most `countMax` entries that were last quarantined before `cutoff`.
    package static func removeBodies(before cutoff: Date, countMax: Int) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM (
                SELECT athlete_id, endpoint, object_id FROM sync.quarantine
                WHERE body IS NOT NULL AND last_at < \(cutoff) LIMIT \(countMax)) AS old
            JOIN sync.quarantine q USING (athlete_id, endpoint, object_id)
            WHERE q.last_at < \(cutoff) \(raw: lockInOrder))
        UPDATE sync.quarantine q SET body = NULL FROM found WHERE \(raw: isFound)
        """
    }

    private static let key = "q.athlete_id, q.endpoint, q.object_id"
    static let lockInOrder = "ORDER BY q.athlete_id, q.endpoint, q.object_id FOR NO KEY UPDATE OF q"
    private static let isFound = "q.athlete_id = found.athlete_id AND q.endpoint = found.endpoint AND q.object_id = found.object_id"
}
