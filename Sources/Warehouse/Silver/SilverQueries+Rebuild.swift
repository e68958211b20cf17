import Core
import Database
import SyncStore

/// The statements of a rebuild and of a probe.
extension SilverQueries {
    /// An activity that is in silver, of an athlete on whom nobody works: the one that went well last, else any.
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

    /// The batch for the files that sum over all of an athlete's activities: their keys, nothing to be read.
    static func fillAll(_ athlete: AthleteID) -> [SQL] {
        [
            """
            INSERT INTO changed_activity
            SELECT athlete_id, source_id, activity_id, false, NULL, NULL, has_detail, false, false, NULL, NULL, transform_version
            FROM silver.activity WHERE athlete_id = \(athlete)
            """,
            """
            INSERT INTO changed_athlete
            SELECT athlete_id, source_id, NULL, NULL, transform_version FROM silver.athlete WHERE athlete_id = \(athlete)
            """,
        ]
    }
}
