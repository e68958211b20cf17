import Core
import Database
import Foundation
import SyncStore

/// A rebuild that was asked for.
struct RebuildJob: Sendable {
    let athleteID: AthleteID
    let isDryRun: Bool
    let requestedAt: Date
}

/// The statements of a rebuild: its work and its report.
enum RebuildQueries {
    static let temporaryTables = """
        CREATE TEMPORARY TABLE IF NOT EXISTS silver_before (table_name text NOT NULL, row_key bigint NOT NULL, content bigint NOT NULL)
            ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE IF NOT EXISTS silver_figure_before (figure text NOT NULL, value float8) ON COMMIT DELETE ROWS
        """

    static func remember(_ athlete: AthleteID) -> [SQL] {
        [
            "INSERT INTO silver_before SELECT table_name, row_key, content FROM sync.silver_content(\(athlete))",
            "INSERT INTO silver_figure_before SELECT figure, value FROM sync.silver_figures(\(athlete))",
        ]
    }

    /// All that the athlete has in bronze or silver, with the bytes to read; 0 stands for the athlete's own objects.
    static func work(_ athlete: AthleteID) -> SQL {
        """
        SELECT activity_id, sum(bytes)::bigint FROM (
            SELECT object_id AS activity_id, body_bytes::bigint AS bytes FROM bronze_strava.answer
            WHERE athlete_id = \(athlete) AND source_id IN (1, 2, 3) AND endpoint IN (1, 2, 3)
            UNION ALL SELECT activity_id, 0 FROM silver.activity WHERE athlete_id = \(athlete)
            UNION ALL SELECT 0, 0
        ) AS w
        GROUP BY activity_id ORDER BY activity_id
        """
    }

    /// Rows whose answer bronze no longer has go; those of activities that are gone go with their activity. The profile's row is outdated.
    /// Dated facts of the athlete stay: their answers may have left bronze.
    static func clear(_ athlete: AthleteID) -> [SQL] {
        ["UPDATE silver.athlete SET transform_version = 0 WHERE athlete_id = \(athlete)"]
            + [("lap", 2), ("split", 2), ("split_mile", 2), ("activity_stream", 3), ("activity_rollup", 3), ("activity_metric", 3)].map {
                table, endpoint in
                """
                DELETE FROM silver.\(raw: table) t
                WHERE t.athlete_id = \(athlete) AND NOT EXISTS (
                    SELECT FROM bronze_strava.answer a
                    WHERE a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.endpoint = \(raw: "\(endpoint)")
                      AND a.object_id = t.activity_id)
                """
            }
    }

    /// What differs from the rows of before, as text of the report.
    static func report(_ athlete: AthleteID) -> SQL {
        """
        SELECT jsonb_build_object(
            'tables', (
                SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d."table"), '[]') FROM (
                    SELECT table_name AS "table", count(b.row_key) AS before, count(a.row_key) AS after,
                           count(*) FILTER (WHERE b.row_key IS NULL) AS added,
                           count(*) FILTER (WHERE a.content <> b.content) AS changed,
                           count(*) FILTER (WHERE a.row_key IS NULL) AS removed
                    FROM silver_before b FULL JOIN sync.silver_content(\(athlete)) a USING (table_name, row_key)
                    GROUP BY table_name
                ) AS d),
            'figures', (
                SELECT jsonb_agg(jsonb_build_object('figure', figure, 'before', coalesce(b.value, 0), 'after', coalesce(a.value, 0))
                    ORDER BY figure)
                FROM silver_figure_before b JOIN sync.silver_figures(\(athlete)) a USING (figure)))::text
        """
    }

    /// Ends this request; one that was made meanwhile stays.
    static func finish(_ job: RebuildJob, activities: Int, report: String?, error: String?, now: Date) -> [SQL] {
        [
            SilverRebuildTable.finish(
                job.athleteID, isDryRun: job.isDryRun, requestedAt: job.requestedAt, activities: activities, report: report, error: error,
                now: now),
            "SELECT pg_notify('silver', '')",
        ]
    }
}
