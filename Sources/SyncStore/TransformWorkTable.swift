import Core
import Database
import Foundation

/// The statements that write `sync.transform_work`, the silver runner's work list. Activity 0 stands for the athlete's own objects.
///
/// Its rows have no foreign key, which would cost each landing a look-up a row. Whoever adds some holds a lock that an erasure waits for (the
/// athlete's row of `sync.silver_lock`, `sync.athlete` or `sync.schedule`), so that no work is left of an athlete who is gone.
package enum TransformWorkTable {
    /// - Parameter work: in the order of the athletes.
    package static func add(_ work: [(AthleteID, Int64)], now: Date) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT athlete_id, activity_id, \(now)
        FROM unnest(\(work.map(\.0)), \(work.map(\.1))) AS w(athlete_id, activity_id)
        """
    }

    /// The same for an athlete whose lock the caller has waited for, and who may have been erased meanwhile.
    package static func addKnown(_ activities: [Int64], of athletes: [AthleteID], now: Date) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT a.athlete_id, w.activity_id, \(now)
        FROM sync.athlete a CROSS JOIN unnest(\(activities)) AS w(activity_id) WHERE a.athlete_id = ANY (\(athletes))
        """
    }

    /// Adds activities with a tombstone that a list names again, so that silver restores them.
    package static func addReappeared(_ listed: [(AthleteID, ListedRow)], now: Date) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT a.athlete_id, a.activity_id, \(now)
        FROM unnest(\(listed.map(\.0)), \(listed.map(\.1.activityID))) AS w(athlete_id, activity_id)
        JOIN sync.activity a USING (athlete_id, activity_id)
        WHERE a.gone_at IS NOT NULL
        """
    }

    /// Adds activities that another version of the transform made; they come after all live work.
    package static func addOutdated(version: Int16) -> SQL {
        """
        WITH held AS MATERIALIZED (
            SELECT athlete_id FROM sync.athlete WHERE state <> 'erasing' ORDER BY athlete_id FOR KEY SHARE)
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT w.athlete_id, w.activity_id, 'infinity' FROM (
            SELECT athlete_id, activity_id FROM silver.activity WHERE transform_version <> \(version)
            UNION SELECT athlete_id, activity_id FROM silver.activity_stream WHERE transform_version <> \(version)
            UNION SELECT athlete_id, 0 FROM silver.athlete WHERE transform_version NOT IN (0, \(version))
        ) AS w JOIN held USING (athlete_id)
        WHERE NOT EXISTS (
            SELECT FROM sync.transform_work t WHERE t.athlete_id = w.athlete_id AND t.activity_id = w.activity_id AND t.enqueued_at = 'infinity')
        ORDER BY athlete_id, activity_id
        """
    }

    /// Adds athletes whose thresholds have to be estimated; they come after all live work.
    package static func addEstimates(_ athletes: [AthleteID]) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT DISTINCT w.athlete_id, 0, 'infinity'::timestamptz FROM silver.threshold_work w
        WHERE w.athlete_id = ANY (\(athletes)) AND NOT EXISTS (
            SELECT FROM sync.transform_work t WHERE t.athlete_id = w.athlete_id AND t.activity_id = 0 AND t.enqueued_at = 'infinity')
        """
    }

    /// Removes rows by their numbers; rows added meanwhile stay. The caller holds `RowLock.silver` on the athletes.
    package static func remove(_ rows: [(athlete: AthleteID, activity: Int64, row: Int64)]) -> SQL {
        """
        DELETE FROM sync.transform_work t
        USING unnest(\(rows.map(\.athlete)), \(rows.map(\.activity)), \(rows.map(\.row))) AS w(athlete_id, activity_id, work_id)
        WHERE t.athlete_id = w.athlete_id AND t.activity_id = w.activity_id AND t.work_id = w.work_id
        """
    }
}

/// The statement that writes `sync.silver_lock`; `RowLock` locks its rows.
package enum SilverLockTable {
    /// Makes the rows of a new athlete.
    package static func add(_ athlete: AthleteID) -> SQL {
        "INSERT INTO sync.silver_lock VALUES (\(athlete), false), (\(athlete), true) ON CONFLICT DO NOTHING"
    }
}

/// The statements that write `sync.silver_rebuild`.
package enum SilverRebuildTable {
    /// Requests a rebuild of an athlete's silver (nil: of everyone's), wakes the runner, and returns the number of athletes.
    ///
    /// A waiting request keeps its place; if one is in progress, the rebuild is done once more after it.
    package static func request(_ athlete: AthleteID?, isDryRun: Bool, now: Date) -> SQL {
        """
        WITH asked AS (
            INSERT INTO sync.silver_rebuild AS r (athlete_id, is_dry_run, requested_at)
            SELECT athlete_id, \(isDryRun), \(now) FROM sync.athlete
            WHERE state <> 'erasing' AND (\(athlete)::bigint IS NULL OR athlete_id = \(athlete))
            ORDER BY athlete_id FOR KEY SHARE SKIP LOCKED
            ON CONFLICT (athlete_id, is_dry_run) DO UPDATE SET
                requested_at = excluded.requested_at, finished_at = NULL, activities = NULL, report = NULL, error = NULL,
                started_at = CASE WHEN r.finished_at IS NULL THEN r.started_at END
            RETURNING 1
        )
        SELECT count(*), pg_notify('silver', '') FROM asked
        """
    }

    /// Takes the oldest request. Once this is committed, the runner claims no more work of the athlete.
    package static func start(except passed: [AthleteID], now: Date) -> SQL {
        """
        UPDATE sync.silver_rebuild r SET started_at = \(now)
        FROM (
            SELECT athlete_id, is_dry_run FROM sync.silver_rebuild
            WHERE finished_at IS NULL AND athlete_id <> ALL (\(passed))
            ORDER BY requested_at, athlete_id, is_dry_run
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        ) AS n
        WHERE r.athlete_id = n.athlete_id AND r.is_dry_run = n.is_dry_run
        RETURNING r.athlete_id, r.is_dry_run, r.requested_at
        """
    }

    /// Ends the request made at this time; one made meanwhile stays.
    /// - Parameter report: as JSON.
    package static func finish(
        _ athlete: AthleteID, isDryRun: Bool, requestedAt: Date, activities: Int, report: String?, error: String?, now: Date
    ) -> SQL {
        """
        UPDATE sync.silver_rebuild SET
            finished_at = \(now), activities = \(Int32(clamping: activities)), report = \(report)::text::jsonb, error = \(error)
        WHERE athlete_id = \(athlete) AND is_dry_run = \(isDryRun) AND requested_at = \(requestedAt)
        """
    }
}
