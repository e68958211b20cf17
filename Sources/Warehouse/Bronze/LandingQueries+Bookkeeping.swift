import Core
import Database
import Foundation

/// Ledger, tombstones, cursor and quarantine.
extension LandingQueries {
    /// Lists the activities and answers, per athlete, how many no list had named before. All parts see the tables as they were
    /// before the statement; foreign keys are checked at its end.
    static func list(_ listed: [(AthleteID, ListedRow)], now: Date) -> SQL {
        """
        WITH listed AS (
            SELECT * FROM unnest(
                \(listed.map(\.0)), \(listed.map(\.1.activityID)), \(listed.map(\.1.startAt)), \(listed.map(\.1.manual)),
                \(listed.map(\.1.fingerprint))) AS w(athlete_id, activity_id, start_at, manual, fingerprint)
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
                   CASE WHEN e.endpoint = 'summary' THEN 'landed' WHEN e.endpoint = 'streams' AND s.manual THEN 'empty' ELSE 'pending' END,
                   CASE WHEN e.endpoint = 'streams' AND s.manual THEN 'manual activity' END, s.start_at, \(now)
            FROM seen s CROSS JOIN (VALUES ('detail'), ('streams'), ('summary')) AS e(endpoint)
            WHERE s.is_stale
            ORDER BY s.athlete_id, s.activity_id, e.endpoint
            ON CONFLICT (athlete_id, activity_id, endpoint) DO UPDATE SET
                state = excluded.state, reason = excluded.reason, start_at = excluded.start_at, attempts = 0, next_try_at = NULL,
                updated_at = excluded.updated_at
        )
        SELECT athlete_id, count(*) FILTER (WHERE is_new) FROM seen GROUP BY athlete_id
        """
    }

    static func bookkeeping(_ plans: [LandingPlan], now: Date) -> [SQL] {
        let ledger = plans.flatMap { plan in plan.batch.ledger.map { (plan.batch.athleteID, $0) } }
        let gone = ledger.filter { $0.1.endpoint == .summary && $0.1.state == .gone }
        let quarantine = plans.flatMap { plan in plan.batch.quarantine.map { (plan.batch.athleteID, $0) } }
        var statements: [SQL] = []
        if !gone.isEmpty { statements.append(bury(gone, now: now)) }
        if !ledger.isEmpty { statements.append(change(ledger, now: now)) }
        let settled = plans.flatMap(settled)
        if !settled.isEmpty { statements.append(takeOff(settled)) }
        for plan in plans {
            if let cursor = plan.batch.batch.cursor { statements.append(move(cursor, of: plan.batch.athleteID, now: now)) }
        }
        if !quarantine.isEmpty { statements.append(setAside(quarantine, now: now)) }
        return statements + objects(plans, now: now)
    }

    private static func bury(_ gone: [(AthleteID, LedgerChange)], now: Date) -> SQL {
        """
        UPDATE sync.activity a SET gone_at = \(now)
        FROM unnest(\(gone.map(\.0)), \(gone.map(\.1.activityID))) AS w(athlete_id, activity_id)
        WHERE a.athlete_id = w.athlete_id AND a.activity_id = w.activity_id AND a.gone_at IS NULL
        """
    }

    private static func change(_ ledger: [(AthleteID, LedgerChange)], now: Date) -> SQL {
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

    /// The newest start never gets later than `now`: Strava answers 400 to an `after` in the future.
    private static func move(_ cursor: CursorChange, of athlete: AthleteID, now: Date) -> SQL {
        let newest = NewestStartColumn(cursor.newestStartAt, now: now)
        let walkPage = cursor.walkPage.column().map(Int32.init(clamping:))
        return """
            INSERT INTO sync.cursor AS c
                (athlete_id, walk_page, walk_before, walk_oldest_at, walk_started_at, newest_start_at, listed_at, looked_back_at,
                 history_complete_at, first_complete_at)
            VALUES (\(athlete), \(walkPage as Int32?), \(cursor.walkBefore.column() as Date?), \(cursor.walkOldestAt.column() as Date?),
                    \(cursor.walkStartedAt.column() as Date?), \(newest.value as Date?), \(cursor.listedAt.column() as Date?), \(cursor.lookedBackAt.column() as Date?),
                    \(cursor.historyCompleteAt.column() as Date?), \(cursor.historyCompleteAt.column() as Date?))
            ON CONFLICT (athlete_id) DO UPDATE SET
                walk_page = CASE WHEN \(cursor.walkPage.isSet) THEN excluded.walk_page ELSE c.walk_page END,
                walk_before = CASE WHEN \(cursor.walkBefore.isSet) THEN excluded.walk_before ELSE c.walk_before END,
                walk_oldest_at = CASE WHEN \(cursor.walkOldestAt.isSet) THEN excluded.walk_oldest_at ELSE c.walk_oldest_at END,
                walk_started_at = CASE WHEN \(cursor.walkStartedAt.isSet) THEN excluded.walk_started_at ELSE c.walk_started_at END,
                newest_start_at = CASE WHEN \(newest.isReset) THEN excluded.newest_start_at
                                       ELSE greatest(c.newest_start_at, excluded.newest_start_at) END,
                listed_at = CASE WHEN \(cursor.listedAt.isSet) THEN excluded.listed_at ELSE c.listed_at END,
                looked_back_at = CASE WHEN \(cursor.lookedBackAt.isSet) THEN excluded.looked_back_at ELSE c.looked_back_at END,
                history_complete_at = CASE WHEN \(cursor.historyCompleteAt.isSet) THEN excluded.history_complete_at
                                           ELSE c.history_complete_at END,
                first_complete_at = coalesce(c.first_complete_at, excluded.first_complete_at)
            """
    }

    /// What a batch brings in order, as the quarantine names it: activities that are listed, and answers that landed or will not come.
    private static func settled(_ plan: LandingPlan) -> [(AthleteID, String, Int64)] {
        let states: Set<CompletenessState> = [.landed, .empty, .gone]
        return plan.batch.listed.map { (plan.batch.athleteID, CompletenessEndpoint.summary.rawValue, $0.activityID.rawValue) }
            + plan.batch.ledger.filter { states.contains($0.state) }.map {
                (plan.batch.athleteID, $0.endpoint.rawValue, $0.activityID.rawValue)
            }
    }

    /// What was set aside leaves the quarantine when it is in order. What silver could not read stays until silver can.
    static func takeOff(_ settled: [(AthleteID, String, Int64)]) -> SQL {
        """
        DELETE FROM sync.quarantine q
        USING unnest(\(settled.map(\.0)), \(settled.map(\.1)), \(settled.map(\.2)))
            AS w(athlete_id, endpoint, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.endpoint = w.endpoint AND q.object_id = w.object_id
          AND q.reason <> 'unreadable_answer'
        """
    }

    private static func setAside(_ quarantine: [(AthleteID, QuarantineEntry)], now: Date) -> SQL {
        let entries = quarantine.map(\.1)
        return """
            INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, body, first_at, last_at)
            SELECT athlete_id, endpoint, object_id, reason, detail, body, \(now), \(now)
            FROM unnest(\(quarantine.map(\.0)), \(entries.map(\.endpoint)), \(entries.map(\.objectID)), \(entries.map(\.reason)),
                        \(SQLArray(entries.map(\.detail))), \(SQLArray(entries.map(\.body))))
                AS w(athlete_id, endpoint, object_id, reason, detail, body)
            ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
                reason = excluded.reason, detail = excluded.detail, body = excluded.body, attempts = q.attempts + 1,
                last_at = excluded.last_at
            """
    }
}

extension FieldChange {
    var isSet: Bool { if case .set = self { true } else { false } }

    /// The column's new value; nil when it becomes NULL or is kept.
    func column<Wrapped>() -> Wrapped? where Value == Wrapped? { if case .set(let value) = self { value } else { nil } }
}

/// The change of the newest start as columns of the statement.
private struct NewestStartColumn {
    let value: Date?
    let isReset: Bool

    init(_ change: CursorChange.NewestStart, now: Date) {
        switch change {
        case .keep: (value, isReset) = (nil, false)
        case .raise(let date): (value, isReset) = (min(date, now), false)
        case .reset(let date): (value, isReset) = (date.map { min($0, now) }, true)
        }
    }
}
