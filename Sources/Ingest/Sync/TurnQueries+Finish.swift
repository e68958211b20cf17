import Database
import Foundation
import Warehouse

extension TurnQueries {
    /// The end of a turn: its events, next due time, priority, failures, the fulfilled request and a row of the run, in one transaction. A turn
    /// that has lost its lease changes nothing.
    func finish(_ end: TurnEnd, lease: LeaseFence, now: Date) async throws {
        try await database.transaction { connection in
            // The fence first, before anything is marked.
            let held = try await connection.query(
                """
                SELECT 1 FROM sync.schedule
                WHERE athlete_id = \(athlete) AND lease_owner = \(lease.owner) AND lease_fence = \(lease.fence) FOR UPDATE
                """)
            if held.isEmpty { return }
            if !end.events.isEmpty { try await mark(end, connection, now: now) }
            try await giveBack(end, connection, now: now)
            try await connection.query(
                """
                INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
                VALUES (\(athlete), \(end.claimedRequest == nil ? "rhythm" : "request"), \(end.startedAt), \(now), \(end.requests), \(end.landed),
                        \(end.outcome.rawValue), \(end.error))
                """)
            try await connection.query("SELECT pg_notify('sync_done', \(String(athlete.rawValue)))")
        }
    }

    /// Marks the events that the turn has read, by their numbers; one that it has not read stays open.
    private func mark(_ end: TurnEnd, _ connection: Connection, now: Date) async throws {
        try await connection.query(
            """
            UPDATE sync.event SET handled_at = CASE WHEN \(end.outcome == .done) THEN \(now)::timestamptz END,
                looked_at = CASE WHEN event_id = ANY (\(end.eventsLookedAfter)) THEN \(now) ELSE looked_at END
            WHERE athlete_id = \(athlete) AND handled_at IS NULL AND event_id = ANY (\(end.events))
            """)
    }

    /// Gives the lease back; the row is locked. A request or an event that came meanwhile makes the athlete due at once.
    private func giveBack(_ end: TurnEnd, _ connection: Connection, now: Date) async throws {
        try await connection.query(
            """
            WITH mine AS (
                SELECT s.athlete_id, a.state, a.paused_until,
                    \(end.outcome == .done) AND EXISTS (
                        SELECT 1 FROM sync.event e WHERE e.athlete_id = s.athlete_id AND e.handled_at IS NULL) AS is_announced,
                    s.request IS NOT NULL AND s.request::text IS DISTINCT FROM \(end.claimedRequest) AS is_asked_anew
                FROM sync.schedule s JOIN sync.athlete a USING (athlete_id) WHERE s.athlete_id = \(athlete))
            UPDATE sync.schedule s
            SET lease_owner = NULL, lease_expires_at = NULL, last_finished_at = \(now), last_error = \(end.error),
                failures = CASE WHEN \(end.error)::text IS NULL THEN 0 ELSE failures + 1 END,
                request = CASE WHEN is_asked_anew OR NOT \(end.outcome == .done) THEN request END,
                priority = CASE WHEN is_asked_anew THEN 0 WHEN is_announced THEN 1 ELSE \(end.priority) END,
                due_at = CASE WHEN mine.state <> 'active' THEN 'infinity'
                    ELSE greatest(CASE WHEN is_asked_anew OR is_announced THEN \(now) ELSE \(end.nextDueAt) END, paused_until) END
            FROM mine WHERE s.athlete_id = mine.athlete_id
            """)
    }
}
