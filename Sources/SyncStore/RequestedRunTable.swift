import Core
import Database
import Foundation

/// The statements that write `sync.requested_run`: syncs that were asked for over HTTP. The caller holds `RowLock.athlete`.
package enum RequestedRunTable {
    /// Adds a run of the athlete and returns its number.
    package static func add(_ athlete: AthleteID, now: Date) -> SQL {
        """
        INSERT INTO sync.requested_run (athlete_id, requested_at) VALUES (\(athlete), \(now))
        RETURNING run_id
        """
    }

    /// Removes runs that nobody asks for any more.
    package static func prune(of athlete: AthleteID, requestedBefore end: Date) -> SQL {
        """
        WITH old AS (
            SELECT athlete_id, run_id FROM sync.requested_run
            WHERE athlete_id = \(athlete) AND requested_at <= \(end) ORDER BY run_id FOR UPDATE)
        DELETE FROM sync.requested_run r USING old WHERE r.athlete_id = old.athlete_id AND r.run_id = old.run_id
        """
    }
}
