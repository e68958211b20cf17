import Core
import Database

/// The statements that put work on the list without a new answer.
extension SilverQueries {
    /// Enqueues all that the athlete has in bronze or silver, behind all live work, and marks the rows as outdated.
    static func rebuild(_ athlete: AthleteID) -> [SQL] {
        [
            """
            INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
            SELECT athlete_id, activity_id, 'infinity' FROM (
                SELECT athlete_id, object_id AS activity_id FROM bronze_strava.answer
                WHERE athlete_id = \(athlete) AND source_id IN (1, 2, 3) AND endpoint IN (1, 2, 3)
                UNION SELECT athlete_id, activity_id FROM silver.activity WHERE athlete_id = \(athlete)
                UNION SELECT athlete_id, 0 FROM sync.athlete WHERE athlete_id = \(athlete)
            ) AS w
            ORDER BY athlete_id, activity_id
            ON CONFLICT (athlete_id, activity_id) DO UPDATE SET attempts = 0
            """,
            "UPDATE silver.athlete SET transform_version = 0 WHERE athlete_id = \(athlete)",
            "UPDATE silver.activity SET transform_version = 0 WHERE athlete_id = \(athlete)",
            "UPDATE silver.activity_stream SET transform_version = 0 WHERE athlete_id = \(athlete)",
            "SELECT pg_notify('silver', '')",
        ]
    }

    /// Rows that an older version of the transform made.
    static var enqueueOutdated: SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT athlete_id, activity_id, 'infinity' FROM (
            SELECT athlete_id, activity_id FROM silver.activity WHERE transform_version <> \(TransformVersion.current)
            UNION SELECT athlete_id, activity_id FROM silver.activity_stream WHERE transform_version <> \(TransformVersion.current)
        ) AS w
        ORDER BY athlete_id, activity_id
        ON CONFLICT (athlete_id, activity_id) DO NOTHING
        """
    }
}
