import Core
import Database
import Foundation
import SyncStore

/// The statements of a silver transaction around the files of `sql/silver`.
enum SilverQueries {
    /// The oldest work of athletes whom no other transaction has locked, with its rows and the bytes it may have to read. The athletes are
    /// locked to the end of the transaction. Work of an athlete under rebuild waits.
    ///
    /// The rows of the list are not locked, so that a landing, which adds rows, never waits. There are two steps because locks are taken row
    /// by row, and for no more rows than are wanted.
    ///
    /// An athlete's work that may wait (`infinity`) is left while live work of the athlete is on the list: estimates of thresholds would be
    /// claimed with each batch of a history, and put back. When there is only work that may wait, a claim takes less of it: one athlete's
    /// estimates take as long as many activities, and the other runner takes the next.
    static func claim(max: Int, ofWaiting waitingMax: Int) -> SQL {
        """
        WITH oldest AS MATERIALIZED (
            SELECT w.athlete_id, w.activity_id, w.work_id, w.enqueued_at
            FROM sync.transform_work w
            WHERE NOT EXISTS (
                SELECT FROM sync.silver_rebuild r WHERE r.athlete_id = w.athlete_id AND r.finished_at IS NULL AND r.started_at IS NOT NULL)
            ORDER BY w.enqueued_at
            LIMIT \(max * rowsLookedAt)
        ), taken AS MATERIALIZED (
            SELECT * FROM oldest w
            WHERE (w.enqueued_at < 'infinity'
                   OR w.athlete_id <> ALL (ARRAY(SELECT DISTINCT athlete_id FROM oldest WHERE enqueued_at < 'infinity')))
              AND \(raw: RowLock.isSilverFree)
            LIMIT CASE WHEN EXISTS (SELECT FROM oldest WHERE enqueued_at < 'infinity') THEN \(max) ELSE \(waitingMax) END
        )
        \(raw: workOfTaken)
        """
    }

    /// This piece of work alone, if it is still there.
    static func claim(_ work: SilverWork) -> SQL {
        """
        WITH taken AS MATERIALIZED (
            SELECT w.athlete_id, w.activity_id, w.work_id, w.enqueued_at
            FROM sync.transform_work w
            WHERE w.athlete_id = \(work.athleteID) AND w.activity_id = \(work.activityID) AND w.work_id = ANY (\(work.rows))
              AND \(raw: RowLock.isSilverFree)
        )
        \(raw: workOfTaken)
        """
    }

    /// Rows of the list that a claim reads for each that it wants, to find athletes who are not locked.
    private static let rowsLookedAt = 32

    private static let workOfTaken = """
        SELECT w.athlete_id, w.activity_id, array_agg(w.work_id), (
            SELECT coalesce(sum(a.body_bytes), 0) FROM bronze_strava.answer a
            WHERE a.athlete_id = w.athlete_id AND a.source_id IN (1, 2, 3) AND a.endpoint IN (1, 2, 3) AND a.object_id = w.activity_id
        )::bigint, min(w.enqueued_at) = 'infinity'
        FROM taken w
        GROUP BY w.athlete_id, w.activity_id
        ORDER BY min(w.enqueued_at)
        """

    /// The answers of the work, without bodies.
    static func heads(of work: [SilverWork]) -> SQL {
        """
        WITH w AS (SELECT * FROM unnest(\(work.map(\.athleteID)), \(work.map(\.activityID))) AS w(athlete_id, activity_id))
        SELECT a.athlete_id, a.source_id, a.endpoint, a.object_id, a.sha256, a.fetched_at
        FROM w JOIN bronze_strava.answer a
          ON a.athlete_id = w.athlete_id AND a.source_id IN (1, 2, 3) AND a.endpoint IN (1, 2, 3) AND a.object_id = w.activity_id
        WHERE w.activity_id <> 0
        UNION ALL
        SELECT a.athlete_id, a.source_id, a.endpoint, a.object_id, a.sha256, a.fetched_at
        FROM w JOIN bronze_strava.answer a
          ON a.athlete_id = w.athlete_id AND a.source_id IN (1, 2, 3) AND a.endpoint IN (4, 5) AND a.object_id = w.athlete_id
        WHERE w.activity_id = 0
        """
    }

    static func tombstones(of work: [SilverWork]) -> SQL {
        """
        SELECT a.athlete_id, a.activity_id
        FROM unnest(\(work.map(\.athleteID)), \(work.map(\.activityID))) AS w(athlete_id, activity_id)
        JOIN sync.activity a USING (athlete_id, activity_id)
        WHERE a.gone_at IS NOT NULL
        """
    }

    /// Each source is looked up by itself: for a table without statistics the planner takes a list of sources for many rows, and then reads
    /// all rows of the athlete to find the activity.
    static func states(of work: [SilverWork]) -> SQL {
        """
        SELECT t.athlete_id, t.source_id, t.activity_id, t.summary_sha256, t.detail_sha256, t.transform_version,
               s.src_sha256, s.transform_version
        FROM unnest(\(work.map(\.athleteID)), \(work.map(\.activityID))) AS w(athlete_id, activity_id)
        CROSS JOIN (VALUES (1::smallint), (2::smallint), (3::smallint)) AS o(source_id)
        JOIN silver.activity t
          ON t.athlete_id = w.athlete_id AND t.source_id = o.source_id AND t.activity_id = w.activity_id
        LEFT JOIN silver.activity_stream s
          ON s.athlete_id = t.athlete_id AND s.source_id = t.source_id AND s.activity_id = t.activity_id
        """
    }

    static func bodies(of keys: [AnswerKey]) -> SQL {
        """
        SELECT w.place, a.body
        FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.endpoint)), \(keys.map(\.objectID)))
            WITH ORDINALITY AS w(athlete_id, source_id, endpoint, object_id, place)
        JOIN bronze_strava.answer a USING (athlete_id, source_id, endpoint, object_id)
        """
    }

    /// The two tables that the files of `sql/silver` read; created at a connection's first batch, empty before and after each batch.
    ///
    /// Not `ON COMMIT DELETE ROWS`, which builds the tables' indexes again at each commit and so invalidates all plans that read them.
    static let temporaryTables: [SQL] = [
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS changed_activity (
            athlete_id bigint NOT NULL, source_id smallint NOT NULL, activity_id bigint NOT NULL, is_gone boolean NOT NULL,
            summary jsonb COMPRESSION lz4, detail jsonb COMPRESSION lz4, lists jsonb COMPRESSION lz4, detail_is_newer boolean NOT NULL,
            is_stale boolean NOT NULL, laps_are_stale boolean NOT NULL,
            summary_sha256 bytea, detail_sha256 bytea, transform_version smallint NOT NULL, estimate_month date, estimate_input bigint,
            PRIMARY KEY (athlete_id, source_id, activity_id)
        )
        """,
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS changed_athlete (
            athlete_id bigint NOT NULL, source_id smallint NOT NULL, profile jsonb COMPRESSION lz4, profile_sha256 bytea,
            transform_version smallint NOT NULL, makes_estimates boolean NOT NULL, stale_from timestamptz, stale_until timestamptz,
            PRIMARY KEY (athlete_id, source_id)
        )
        """,
    ]

    static let emptyTemporary: [SQL] = ["DELETE FROM changed_activity", "DELETE FROM changed_athlete"]
    static let truncateTemporary: [SQL] = ["TRUNCATE changed_activity, changed_athlete"]

    /// The larger table's size in bytes, including rows that earlier batches deleted.
    static let temporarySize: SQL = "SELECT greatest(pg_relation_size('changed_activity'), pg_relation_size('changed_athlete'))"

    /// The commit of a batch need not wait for the disk: if the server dies, the batch is undone and its work is still on the list.
    static let commitLazily: SQL = "SET LOCAL synchronous_commit TO off"

    /// For this transaction: a batch's few activities are looked up one by one, by primary key.
    ///
    /// From the size of the temporary tables, which includes dead rows, the planner estimates forty times as many rows as there are. At
    /// PostgreSQL's default `random_page_cost` it then reads an athlete's whole history for each batch.
    static let planForFew: SQL = """
        SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
        """
    /// A plan is kept until ANALYZE, and one made while the tables were empty reads all of an athlete's rows for each activity.
    static let planAnew: SQL = "DISCARD PLANS"

    /// For the rest of this transaction: as the planner sees fit.
    static let planForMany: SQL = """
        SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)
        """
}

/// Filling the temporary tables, and ending the work.
extension SilverQueries {
    /// Returns for each activity whether its summary and detail became jsonb.
    static func fill(_ activities: [ChangedActivity], _ material: SilverMaterial) -> SQL {
        let details = activities.map { material.text($0.detail) }
        let lapsAreStale = zip(activities, details).map { $0.lapsAreStale && $1 != nil }
        let lists = zip(activities, lapsAreStale).map { $1 ? material.lists($0.detail) : nil }
        return """
            INSERT INTO changed_activity
            SELECT athlete_id, source_id, activity_id, is_gone, bronze_strava.json_document(summary),
                   bronze_strava.json_document(detail), bronze_strava.json_document(lists), detail_is_newer, is_stale, laps_are_stale,
                   summary_sha256, detail_sha256, \(TransformVersion.current)
            FROM unnest(
                \(activities.map(\.athleteID)), \(activities.map(\.source)), \(activities.map(\.activityID)),
                \(activities.map(\.isGone)), \(SQLArray(activities.map { material.text($0.summary) })), \(SQLArray(details)),
                \(SQLArray(lists)), \(activities.map(\.detailIsNewer)), \(activities.map(\.isStale)), \(lapsAreStale),
                \(SQLArray(activities.map { $0.summary?.sha256 })), \(SQLArray(activities.map { $0.detail?.sha256 })))
                AS w(athlete_id, source_id, activity_id, is_gone, summary, detail, lists, detail_is_newer, is_stale, laps_are_stale,
                     summary_sha256, detail_sha256)
            RETURNING summary IS NOT NULL, detail IS NOT NULL
            """
    }

    /// Thresholds are estimated when an athlete has no activity in the batch: so a first load of a history makes them once, at its end.
    static func fill(_ inventory: SilverInventory, _ material: SilverMaterial) -> SQL {
        let athletes = inventory.athletes
        let active = Set(inventory.activities.map(\.athleteID))
        return """
            INSERT INTO changed_athlete
            SELECT athlete_id, source_id, bronze_strava.json_document(profile), profile_sha256, \(TransformVersion.current), makes_estimates
            FROM unnest(
                \(athletes.map(\.athleteID)), \(athletes.map(\.source)), \(SQLArray(athletes.map { material.text($0.profile) })),
                \(SQLArray(athletes.map { $0.profile?.sha256 })), \(athletes.map { !active.contains($0.athleteID) }))
                AS w(athlete_id, source_id, profile, profile_sha256, makes_estimates)
            RETURNING profile IS NOT NULL
            """
    }

    /// How long ago activities that are new in silver ended, and how long ago Strava's event announced them, in seconds; null: none did.
    static func lags(of activities: [ChangedActivity], now: Date) -> SQL {
        """
        SELECT extract(epoch FROM \(now) - a.ended_at)::float8, (
            SELECT extract(epoch FROM \(now) - min(e.received_at))::float8 FROM sync.event e
            WHERE e.athlete_id = a.athlete_id AND e.object_type = 'activity' AND e.object_id = a.activity_id AND e.aspect_type = 'create')
        FROM unnest(\(activities.map(\.athleteID)), \(activities.map(\.activityID))) AS w(athlete_id, activity_id)
        JOIN (
            SELECT athlete_id, activity_id, start_at + make_interval(secs => elapsed_time_s) AS ended_at FROM silver.activity
        ) AS a USING (athlete_id, activity_id)
        WHERE a.ended_at BETWEEN \(now.addingTimeInterval(-lagMax_s)) AND \(now)
        """
    }

    /// What ended longer ago than this is history, and says nothing about how current silver is.
    private static let lagMax_s: Double = 7 * 86_400

    static func done(_ work: [SilverWork]) -> SQL {
        TransformWorkTable.remove(work.flatMap { work in work.rows.map { (work.athleteID, work.activityID, $0) } })
    }
}

/// Rebuilds and probes.
extension SilverQueries {
    /// An activity in silver, of an athlete who is not locked: the one that succeeded last, or any other.
    static func knownGood(_ last: SilverWork?, except work: SilverWork) -> SQL {
        """
        WITH candidate AS MATERIALIZED (
            (SELECT 1 AS place, a.athlete_id, a.activity_id FROM silver.activity a
             WHERE a.athlete_id = \(last?.athleteID) AND a.activity_id = \(last?.activityID))
            UNION ALL
            (SELECT 2, athlete_id, activity_id FROM silver.activity LIMIT \(candidatesMax))
        )
        SELECT w.athlete_id, w.activity_id FROM (SELECT * FROM candidate ORDER BY place) AS w
        WHERE (w.athlete_id, w.activity_id) <> (\(work.athleteID), \(work.activityID))
          AND NOT EXISTS (
            SELECT FROM sync.transform_work t WHERE t.athlete_id = w.athlete_id AND t.activity_id = w.activity_id)
          AND \(raw: RowLock.isSilverFree)
        LIMIT 1
        """
    }

    private static let candidatesMax = 200

    /// The batch for the files that sum over all of an athlete's activities: keys only.
    static func fillAll(_ athlete: AthleteID) -> [SQL] {
        [
            """
            INSERT INTO changed_activity
            SELECT athlete_id, source_id, activity_id, false, NULL, NULL, NULL, has_detail, false, false, NULL, NULL, transform_version
            FROM silver.activity WHERE athlete_id = \(athlete)
            """,
            """
            INSERT INTO changed_athlete
            SELECT athlete_id, source_id, NULL, NULL, transform_version, true FROM silver.athlete WHERE athlete_id = \(athlete)
            """,
        ]
    }
}
