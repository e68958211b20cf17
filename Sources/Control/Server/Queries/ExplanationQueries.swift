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

    /// What has not landed, grouped by why; the largest first.
    func gaps() async throws -> [ExplanationMessage.Gap] {
        let rows = try await database.query(
            """
            SELECT endpoint, state, reason, count(*), min(next_try_at) FILTER (WHERE state IN ('pending', 'failed'))
            FROM (
                SELECT endpoint, state, reason, next_try_at FROM sync.completeness WHERE athlete_id = \(athlete) AND state <> 'landed'
                UNION ALL
                SELECT endpoint, state, reason, next_try_at FROM sync.athlete_object WHERE athlete_id = \(athlete) AND state <> 'landed'
            ) AS gap
            GROUP BY endpoint, state, reason ORDER BY count(*) DESC, endpoint, state, reason LIMIT \(ExplanationMessage.gapsMax)
            """)
        return try rows.map { row in
            let (endpoint, state, reason, count, nextTryAt) = try row.decode(
                String.self, String.self, String?.self, Int.self, Date?.self)
            return .init(endpoint: endpoint, state: state, reason: reason, count: count, nextTryAt: nextTryAt)
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
