import Core
import Database
import Foundation

/// The endpoints that the completeness ledger keeps for each activity (`sync.completeness.endpoint`).
public enum CompletenessEndpoint: String, CaseIterable, Sendable {
    case summary, detail, streams, zones
}

/// Whether something has landed, and if not, why (`sync.completeness.state`, `sync.athlete_object.state`).
public enum CompletenessState: String, CaseIterable, Sendable {
    case pending, landed, empty
    case noScope = "no_scope"
    case gone, failed, quarantined
    /// It had landed, and retention has removed it.
    case expired

    /// The states that may follow this one. When a list shows the activity changed, or again after a deletion, pending, landed or empty may follow any state.
    package var next: Set<CompletenessState> {
        let listed: Set<CompletenessState> = [.pending, .landed, .empty]
        return switch self {
        case .pending, .failed: listed.union([.noScope, .gone, .failed, .quarantined]).subtracting([self])
        case .landed: [.pending, .empty, .gone, .quarantined, .expired]
        case .quarantined: listed.union([.gone, .expired])
        case .empty, .noScope, .gone, .expired: listed.union([.gone]).subtracting([self])
        }
    }
}

/// A list page named this activity.
///
/// New: it gets its rows in the completeness ledger (summary landed, detail pending, streams and, if wanted, zones pending, or empty when
/// manual). Known with another fingerprint, or known as gone: these go back to pending. Zones that are wanted and were not before get their
/// row, too.
public struct ListedRow: Sendable {
    public let activityID: ActivityID
    public let startAt: Date
    public let manual: Bool
    public let fingerprint: [UInt8]
    /// Strava's zones of the activity are to be fetched.
    public let wantsZones: Bool

    public init(activityID: ActivityID, startAt: Date, manual: Bool, fingerprint: [UInt8], wantsZones: Bool = false) {
        self.wantsZones = wantsZones
        self.activityID = activityID
        self.startAt = startAt
        self.manual = manual
        self.fingerprint = fingerprint
    }
}

/// A new state of one endpoint of one activity that a list has named before (or names in the same batch).
///
/// `.gone` for the summary puts the tombstone on the activity: `sync.activity.gone_at` is set and silver drops it.
public struct LedgerChange: Sendable {
    public let activityID: ActivityID
    public let endpoint: CompletenessEndpoint
    public let state: CompletenessState
    public let reason: String?
    public let nextTryAt: Date?
    public let countsAsAttempt: Bool

    public init(
        activityID: ActivityID, endpoint: CompletenessEndpoint, state: CompletenessState, reason: String? = nil,
        nextTryAt: Date? = nil, countsAsAttempt: Bool = false
    ) {
        self.activityID = activityID
        self.endpoint = endpoint
        self.state = state
        self.reason = reason
        self.nextTryAt = nextTryAt
        self.countsAsAttempt = countsAsAttempt
    }
}

/// The statements that write `sync.activity` and `sync.completeness`.
package enum CompletenessTable {
    /// The ledger's reason for what had landed before a list named the activity with other figures.
    private static let changedReason = "changed at Strava"

    /// Ledger rows that are set to pending again, by activity and endpoint.
    package typealias Item = (endpoint: CompletenessEndpoint, activity: ActivityID)

    /// Writes the listed activities and returns, per athlete, how many no list had named before. All parts see the tables as they were
    /// before the statement; foreign keys are checked at its end.
    package static func list(_ listed: [(AthleteID, ListedRow)], now: Date) -> SQL {
        """
        WITH listed AS (
            SELECT * FROM unnest(
                \(listed.map(\.0)), \(listed.map(\.1.activityID)), \(listed.map(\.1.startAt)), \(listed.map(\.1.manual)),
                \(listed.map(\.1.fingerprint)), \(listed.map(\.1.wantsZones)))
                AS w(athlete_id, activity_id, start_at, manual, fingerprint, wants_zones)
        ), seen AS (
            SELECT l.*, a.athlete_id IS NULL AS is_new,
                   a.athlete_id IS NULL OR a.fingerprint <> l.fingerprint OR a.gone_at IS NOT NULL AS is_stale
            FROM listed l LEFT JOIN sync.activity a USING (athlete_id, activity_id)
        ), activities AS (
            INSERT INTO sync.activity (athlete_id, activity_id, start_at, manual, fingerprint, first_listed_at, last_listed_at)
            SELECT athlete_id, activity_id, start_at, manual, fingerprint, \(now), \(now) FROM seen ORDER BY athlete_id, activity_id
            ON CONFLICT (athlete_id, activity_id) DO UPDATE SET
                start_at = excluded.start_at, manual = excluded.manual, fingerprint = excluded.fingerprint,
                last_listed_at = excluded.last_listed_at, gone_at = NULL
        ), ledger AS (
            INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, reason, start_at, updated_at)
            SELECT s.athlete_id, s.activity_id, e.endpoint,
                   CASE WHEN e.endpoint = 'summary' THEN 'landed' WHEN e.endpoint <> 'detail' AND s.manual THEN 'empty' ELSE 'pending' END,
                   CASE WHEN e.endpoint IN ('streams', 'zones') AND s.manual THEN 'manual activity' END, s.start_at, \(now)
            FROM seen s CROSS JOIN (VALUES ('detail'), ('streams'), ('summary'), ('zones')) AS e(endpoint)
            WHERE CASE WHEN e.endpoint <> 'zones' THEN s.is_stale ELSE s.wants_zones AND (s.is_stale OR (
                SELECT bool_and(k.endpoint <> 'zones' AND k.state <> 'expired') FROM sync.completeness k
                WHERE k.athlete_id = s.athlete_id AND k.activity_id = s.activity_id AND k.endpoint IN ('summary', 'zones'))) END
            ORDER BY s.athlete_id, s.activity_id, e.endpoint
            ON CONFLICT (athlete_id, activity_id, endpoint) DO UPDATE SET
                state = excluded.state, start_at = excluded.start_at, attempts = 0, next_try_at = NULL, updated_at = excluded.updated_at,
                reason = CASE WHEN completeness.state = 'landed' AND excluded.state = 'pending' THEN \(changedReason)
                    ELSE excluded.reason END
        )
        SELECT athlete_id, count(*) FILTER (WHERE is_new) FROM seen GROUP BY athlete_id
        """
    }

    /// Forgets zones of activities that are not wanted any more; those that landed stay.
    package static let forgetZones: SQL = """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c
            WHERE c.endpoint = 'zones' AND c.state IN ('pending', 'failed') \(raw: lockInOrder))
        DELETE FROM sync.completeness c USING found WHERE \(raw: isFound)
        """

    package static func bury(_ gone: [(AthleteID, LedgerChange)], now: Date) -> SQL {
        """
        UPDATE sync.activity a SET gone_at = \(now)
        FROM unnest(\(gone.map(\.0)), \(gone.map(\.1.activityID))) AS w(athlete_id, activity_id)
        WHERE a.athlete_id = w.athlete_id AND a.activity_id = w.activity_id AND a.gone_at IS NULL
        """
    }

    package static func change(_ ledger: [(AthleteID, LedgerChange)], now: Date) -> SQL {
        let changes = ledger.map(\.1)
        return """
            INSERT INTO sync.completeness
                (athlete_id, activity_id, endpoint, state, reason, start_at, attempts, next_try_at, updated_at)
            SELECT w.athlete_id, w.activity_id, w.endpoint, w.state, w.reason, a.start_at, w.attempt, w.next_try_at, \(now)
            FROM unnest(\(ledger.map(\.0)), \(changes.map(\.activityID)), \(changes.map(\.endpoint.rawValue)),
                        \(changes.map(\.state.rawValue)), \(SQLArray(changes.map(\.reason))), \(SQLArray(changes.map(\.nextTryAt))),
                        \(changes.map { Int32($0.countsAsAttempt ? 1 : 0) }))
                 AS w(athlete_id, activity_id, endpoint, state, reason, next_try_at, attempt)
            JOIN sync.activity a USING (athlete_id, activity_id)
            ORDER BY w.athlete_id, w.activity_id, w.endpoint
            ON CONFLICT (athlete_id, activity_id, endpoint) DO UPDATE SET
                state = excluded.state, reason = excluded.reason, next_try_at = excluded.next_try_at, updated_at = excluded.updated_at,
                attempts = CASE WHEN excluded.state = 'landed' THEN 0 ELSE completeness.attempts + excluded.attempts END
            """
    }

    /// After a new grant: sets to pending what the old one could not see.
    package static func reopenNoScope(of athlete: AthleteID, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c WHERE c.athlete_id = \(athlete) AND c.state = 'no_scope' \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'pending', reason = NULL, next_try_at = NULL, updated_at = \(now)
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Sets to pending streams of which only some landed, unless they are the ones wanted now.
    /// - Parameters:
    ///   - prefix: the beginning of their reason.
    ///   - reason: the reason of the streams wanted now; nil: all.
    package static func reopenStreams(of athletes: [AthleteID], chosenBy prefix: String, except reason: String?, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c
            WHERE c.athlete_id = ANY (\(athletes)) AND c.endpoint = 'streams' AND c.state = 'landed'
              AND c.reason LIKE \(prefix + "%") AND c.reason IS DISTINCT FROM \(reason)
            \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'pending', reason = NULL, next_try_at = NULL, updated_at = \(now)
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Locks what `reopenStreams` and `resumePostponed` change, for a transaction with both.
    package static func lockReopened(of athletes: [AthleteID], chosenBy prefix: String, postponedBecause reason: String) -> SQL {
        """
        SELECT FROM sync.completeness c
        WHERE c.athlete_id = ANY (\(athletes)) AND (c.endpoint = 'streams' AND c.state = 'landed' AND c.reason LIKE \(prefix + "%")
            OR c.state IN ('pending', 'failed') AND c.reason = \(reason))
        \(raw: lockInOrder)
        """
    }

    /// After an event about a change or a deletion: sets the detail to pending.
    package static func reopenDetail(of activity: Int64, of athlete: AthleteID, now: Date) -> SQL {
        """
        UPDATE sync.completeness SET state = 'pending', reason = 'event', attempts = 0, next_try_at = NULL, updated_at = \(now)
        WHERE athlete_id = \(athlete) AND activity_id = \(activity) AND endpoint = 'detail' AND state IN ('landed', 'empty')
        """
    }

    /// Sets to pending, with attempts reset, what is quarantined or failed.
    /// - Parameter isWalkUnsure: also the activities that the last complete walk did not list.
    package static func retry(_ items: [Item], of athlete: AthleteID, isWalkUnsure: Bool, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key), w.reason FROM (
                SELECT activity_id, endpoint, max(reason) AS reason FROM (
                    SELECT activity_id, endpoint, NULL AS reason
                    FROM unnest(\(items.map(\.endpoint.rawValue)), \(items.map(\.activity))) AS i(endpoint, activity_id)
                    UNION ALL
                    SELECT a.activity_id, 'detail', 'no longer listed' FROM sync.activity a JOIN sync.cursor r USING (athlete_id)
                    WHERE \(isWalkUnsure) AND a.athlete_id = \(athlete) AND a.gone_at IS NULL AND r.walk_page IS NULL
                      AND a.last_listed_at < r.walk_started_at) AS named
                GROUP BY activity_id, endpoint
            ) AS w JOIN sync.completeness c
                ON c.athlete_id = \(athlete) AND c.activity_id = w.activity_id AND c.endpoint = w.endpoint
            WHERE w.reason IS NOT NULL OR c.state IN ('quarantined', 'failed')
            \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'pending', reason = found.reason, attempts = 0, next_try_at = NULL, updated_at = \(now)
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Sets to pending, with attempts reset, whatever of the athlete's is failed and waits to be tried again.
    package static func retryFailed(of athlete: AthleteID, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c WHERE c.athlete_id = \(athlete) AND c.state = 'failed' \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL, updated_at = \(now)
        FROM found WHERE \(raw: isFound)
        """
    }

    /// After an admin dropped it: it is not retried automatically.
    package static func drop(_ key: QuarantineKey, reason: String, now: Date) -> SQL {
        """
        UPDATE sync.completeness SET reason = \(reason), next_try_at = NULL, updated_at = \(now)
        WHERE athlete_id = \(key.athlete) AND activity_id = \(key.objectID) AND endpoint = \(key.endpoint)
          AND state = 'quarantined'
        """
    }

    /// After a transform: these answers were readable, those were not.
    package static func judge(readable: [QuarantineKey], unreadable: [QuarantineKey], now: Date) -> SQL {
        let keys = readable + unreadable
        let isReadable = readable.map { _ in true } + unreadable.map { _ in false }
        return """
            WITH found AS (
                SELECT \(raw: key), w.is_readable
                FROM unnest(\(keys.map(\.athlete)), \(keys.map(\.objectID)), \(keys.map(\.endpoint)), \(isReadable))
                    AS w(athlete_id, activity_id, endpoint, is_readable)
                LEFT JOIN sync.quarantine q ON q.athlete_id = w.athlete_id AND q.object_id = w.activity_id AND q.endpoint = w.endpoint
                JOIN sync.completeness c
                    ON c.athlete_id = w.athlete_id AND c.activity_id = w.activity_id AND c.endpoint = w.endpoint
                WHERE (NOT w.is_readable OR q.reason = \(QuarantineTable.unreadable))
                  AND (NOT w.is_readable OR c.state = 'quarantined' AND c.reason = \(QuarantineTable.unreadable))
                \(raw: lockInOrder))
            UPDATE sync.completeness c SET state = CASE WHEN is_readable THEN 'landed' ELSE 'quarantined' END,
                reason = CASE WHEN NOT is_readable THEN \(QuarantineTable.unreadable)::text END,
                next_try_at = CASE WHEN is_readable THEN next_try_at END, updated_at = \(now)
            FROM found WHERE \(raw: isFound)
            """
    }

    /// After retention has removed all answers of these activities. What is pending because it changed stays pending.
    package static func expire(_ activities: [(AthleteID, Int64)], reason: String, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key)
            FROM unnest(\(activities.map(\.0)), \(activities.map(\.1))) AS w(athlete_id, activity_id)
            JOIN sync.completeness c USING (athlete_id, activity_id)
            WHERE c.state IN ('landed', 'quarantined')
              AND NOT EXISTS (SELECT FROM bronze_strava.answer a
                  WHERE a.athlete_id = c.athlete_id AND a.source_id = 1 AND a.endpoint IN (1, 2, 3, 6) AND a.object_id = c.activity_id)
            \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'expired', reason = \(reason), next_try_at = NULL, updated_at = \(now)
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Postpones indefinitely what is missing beyond the newest `count` activities.
    package static func postpone(_ athlete: AthleteID, beyond count: Int, reason: String) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key)
            FROM sync.completeness c, (
                SELECT start_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
                ORDER BY start_at DESC OFFSET \(count - 1) LIMIT 1) AS last
            WHERE c.athlete_id = \(athlete) AND c.state IN ('pending', 'failed') AND c.start_at < last.start_at
              AND c.next_try_at IS DISTINCT FROM 'infinity'
            \(raw: lockInOrder))
        UPDATE sync.completeness c SET reason = \(reason), next_try_at = 'infinity' FROM found WHERE \(raw: isFound)
        """
    }

    /// Whether `c`, with its activity `a`, is a detail that only the past asks for: never fetched, of an activity that is neither new nor among
    /// the newest. What an event, an edit or a walk asks for has a reason of its own.
    package static func isPastDetail(of athlete: AthleteID, newest count: Int, newSince: Date) -> SQL {
        """
        (c.endpoint = 'detail' AND c.state = 'pending' AND c.reason IS NULL AND c.start_at <= \(newSince)
            AND c.start_at < coalesce(
                (SELECT start_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
                 ORDER BY start_at DESC OFFSET \(count - 1) LIMIT 1), '-infinity')
            AND NOT coalesce(a.first_listed_at > (SELECT first_complete_at FROM sync.cursor WHERE athlete_id = \(athlete)), false))
        """
    }

    /// Postpones indefinitely the details that only the past asks for.
    package static func postponePastDetails(_ athlete: AthleteID, newest count: Int, newSince: Date, reason: String) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c JOIN sync.activity a USING (athlete_id, activity_id)
            WHERE c.athlete_id = \(athlete) AND \(isPastDetail(of: athlete, newest: count, newSince: newSince)) \(raw: lockInOrder))
        UPDATE sync.completeness c SET reason = \(reason), next_try_at = 'infinity' FROM found WHERE \(raw: isFound)
        """
    }

    /// Sets to pending what was postponed with this reason.
    package static func resumePostponed(of athletes: [AthleteID], reason: String) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.completeness c
            WHERE c.athlete_id = ANY (\(athletes)) AND c.state IN ('pending', 'failed') AND c.reason = \(reason) \(raw: lockInOrder))
        UPDATE sync.completeness c SET state = 'pending', reason = NULL, next_try_at = NULL FROM found WHERE \(raw: isFound)
        """
    }

    private static let key = "c.athlete_id, c.activity_id, c.endpoint"
    static let lockInOrder = "ORDER BY c.athlete_id, c.activity_id, c.endpoint FOR NO KEY UPDATE OF c"
    private static let isFound = "c.athlete_id = found.athlete_id AND c.activity_id = found.activity_id AND c.endpoint = found.endpoint"
}
