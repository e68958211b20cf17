import ControlAPI
import Core
import Database
import Foundation

/// What the schedule and the ledger say of one athlete, for an explanation.
struct ExplanationQueries: Sendable {
    /// Nobody waits for a longer count of those who are before.
    private static let aheadMax = 100_000

    let database: Database
    let athlete: Int64
    let now: Date

    struct Place: Sendable {
        let priority: Int
        let dueAt: Date?
        let ahead: Int
    }

    /// Those of the same priority who are due earlier; an athlete at work stands in no line.
    func place() async throws -> Place {
        let rows = try await database.query(
            """
            SELECT s.priority, CASE WHEN s.due_at < 'infinity' AND NOT (s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now)) THEN s.due_at END, (
                SELECT count(*) FROM (
                    SELECT 1 FROM sync.schedule o
                    WHERE o.priority = s.priority AND o.due_at < s.due_at AND s.due_at < 'infinity' AND o.lease_owner IS NULL
                        AND NOT (s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now))
                    LIMIT \(Self.aheadMax)) AS o)
            FROM sync.schedule s WHERE s.athlete_id = \(athlete)
            """)
        guard let row = rows.first else { return Place(priority: 2, dueAt: nil, ahead: 0) }
        let (priority, dueAt, ahead) = try row.decode(Int.self, Date?.self, Int.self)
        return Place(priority: priority, dueAt: dueAt, ahead: ahead)
    }

    /// What has not landed, or landed and was set aside, grouped by why; what was set aside first, then the largest.
    ///
    /// A list element without a readable number, and what the transform fails on, have no row in the ledger: the quarantine has them.
    /// - Parameter canBeTried: false: without a grant nothing is, whatever the ledger has planned.
    func gaps(canBeTried: Bool) async throws -> [ExplanationMessage.Gap] {
        let rows = try await database.query(
            """
            SELECT endpoint, state, reason, count(*), min(next_try_at) FILTER (WHERE state IN ('pending', 'failed')),
                   nullif(max(attempts), 0), min(detail)
            FROM (
                SELECT c.endpoint, c.state, c.reason, c.next_try_at, greatest(c.attempts, q.attempts) AS attempts, q.detail
                FROM sync.completeness c
                LEFT JOIN sync.quarantine q ON q.athlete_id = c.athlete_id AND q.endpoint = c.endpoint AND q.object_id = c.activity_id
                WHERE c.athlete_id = \(athlete) AND c.state <> 'landed'
                UNION ALL
                SELECT endpoint, state, reason, next_try_at, attempts, NULL
                FROM sync.athlete_object WHERE athlete_id = \(athlete) AND state <> 'landed'
                UNION ALL
                SELECT q.endpoint, 'quarantined', q.reason, NULL, q.attempts, q.detail
                FROM sync.quarantine q
                WHERE q.athlete_id = \(athlete) AND NOT EXISTS (
                    SELECT FROM sync.completeness c
                    WHERE c.athlete_id = q.athlete_id AND c.activity_id = q.object_id AND c.endpoint = q.endpoint AND c.state <> 'landed')
            ) AS gap
            GROUP BY endpoint, state, reason ORDER BY state = 'quarantined' DESC, count(*) DESC, endpoint, state, reason LIMIT \(ExplanationMessage.gapsMax)
            """)
        return try rows.map { row in
            let (endpoint, state, reason, count, nextTryAt, attempts, detail) = try row.decode(
                String.self, String.self, String?.self, Int.self, Date?.self, Int?.self, String?.self)
            return .init(
                endpoint: endpoint, state: state, reason: reason, count: count, nextTryAt: canBeTried ? nextTryAt : nil, attempts: attempts,
                detail: detail)
        }
    }

    /// Calls to Strava that turns of the ordinary rhythm made in the last 24 hours.
    static func ordinaryCallsPerDay(_ database: Database, now: Date) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT coalesce(sum(requests), 0)::bigint FROM sync.run
            WHERE kind = 'rhythm' AND finished_at > \(now.addingTimeInterval(-86_400))
            """)
        return try rows[0].decode(Int.self)
    }
}
