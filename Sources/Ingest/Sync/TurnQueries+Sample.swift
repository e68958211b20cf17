import Core
import Database
import Foundation

/// What is beyond the sample is put off for ever, with its reason, and taken up again at a start without a sample.
extension TurnQueries {
    /// The ledger's reason for what a sample leaves out.
    static let sampleReason = "beyond the sample"

    static func putOff(_ athlete: AthleteID, beyond count: Int) -> SQL {
        """
        UPDATE sync.completeness c SET reason = \(sampleReason), next_try_at = 'infinity'
        FROM (
            SELECT start_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
            ORDER BY start_at DESC OFFSET \(count - 1) LIMIT 1) AS last
        WHERE c.athlete_id = \(athlete) AND c.state IN ('pending', 'failed') AND c.start_at < last.start_at
          AND c.next_try_at IS DISTINCT FROM 'infinity'
        """
    }
}

extension ScheduleQueries {
    /// At a start: what an earlier sample left out is pending like any other; a turn puts off again what is beyond this one.
    func takeUp(now: Date) async throws {
        try await database.transaction { connection in
            // Schedule before completeness, as landings of another daemon do.
            try await connection.query(
                """
                WITH mine AS (
                    SELECT s.athlete_id, a.paused_until
                    FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
                    WHERE a.state = 'active' AND s.lease_owner IS NULL AND s.athlete_id IN (
                        SELECT athlete_id FROM sync.completeness
                        WHERE state IN ('pending', 'failed') AND reason = \(TurnQueries.sampleReason))
                    ORDER BY s.athlete_id FOR UPDATE OF s)
                UPDATE sync.schedule s SET due_at = least(s.due_at, greatest(\(now), mine.paused_until))
                FROM mine WHERE mine.athlete_id = s.athlete_id
                """)
            try await connection.query(
                """
                UPDATE sync.completeness SET state = 'pending', reason = NULL, next_try_at = NULL
                WHERE state IN ('pending', 'failed') AND reason = \(TurnQueries.sampleReason)
                """)
        }
    }
}
