import Core
import Database
import Foundation

/// Takes requests to make silver anew: each is written to PostgreSQL, then the silver runner is poked.
public struct RebuildDesk: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Asks for a rebuild of an athlete's silver (of everyone's: nil) from bronze, or for a dry run. Answers how many athletes it reached.
    ///
    /// No call to Strava is made. One that waits already keeps its place; one that is in work is done once more after it.
    /// - Parameter now: the time of the request; the report is found by it.
    @discardableResult
    public func request(_ athlete: AthleteID?, isDryRun: Bool, now: Date) async throws -> Int {
        let rows = try await database.query(
            """
            WITH asked AS (
                INSERT INTO sync.silver_rebuild AS r (athlete_id, is_dry_run, requested_at)
                SELECT athlete_id, \(isDryRun), \(now) FROM sync.athlete
                WHERE state <> 'erasing' AND (\(athlete)::bigint IS NULL OR athlete_id = \(athlete))
                ORDER BY athlete_id
                ON CONFLICT (athlete_id, is_dry_run) DO UPDATE SET
                    requested_at = excluded.requested_at, finished_at = NULL, activities = NULL, report = NULL, error = NULL,
                    started_at = CASE WHEN r.finished_at IS NULL THEN r.started_at END
                RETURNING 1
            )
            SELECT count(*), pg_notify('silver', '') FROM asked
            """)
        return try rows[0].decode(Int.self)
    }
}
