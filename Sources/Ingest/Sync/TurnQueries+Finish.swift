import Database
import Foundation
import Warehouse

extension TurnQueries {
    /// The end of a turn: its events, the row of the run, next due time, priority, failures and the fulfilled request, in one round trip and one
    /// transaction. A turn that has lost its lease changes nothing.
    func finish(_ end: TurnEnd, now: Date) async throws {
        // Locked first; released last, since the other statements look whether the lease holds.
        var batch = [lock]
        if !end.events.isEmpty { batch.append(mark(end, now: now)) }
        batch += [record(end, now: now), release(end, now: now)]
        _ = try await database.withConnection { [batch] in try await $0.pipeline(batch) }
    }

    private var lock: SQL {
        """
        SELECT 1 FROM sync.schedule
        WHERE athlete_id = \(claim.athleteID) AND lease_owner = \(claim.lease.owner) AND lease_fence = \(claim.lease.fence) FOR UPDATE
        """
    }

    /// Marks the events that the turn has read, by their numbers; one that it has not read stays open.
    private func mark(_ end: TurnEnd, now: Date) -> SQL {
        """
        UPDATE sync.event SET handled_at = CASE WHEN \(end.outcome == .done) THEN \(now)::timestamptz END,
            looked_at = CASE WHEN event_id = ANY (\(end.eventsLookedAfter)) THEN \(now) ELSE looked_at END
        WHERE athlete_id = \(claim.athleteID) AND handled_at IS NULL AND event_id = ANY (\(end.events)) AND EXISTS (
            SELECT FROM sync.schedule s WHERE s.athlete_id = \(claim.athleteID) AND s.lease_owner = \(claim.lease.owner)
                AND s.lease_fence = \(claim.lease.fence))
        """
    }

    private func record(_ end: TurnEnd, now: Date) -> SQL {
        """
        INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
        SELECT athlete_id, \(end.claimedRequest == nil ? "rhythm" : "request"), \(end.startedAt), \(now), \(end.requests), \(end.landed),
               \(end.outcome.rawValue), \(end.error)
        FROM sync.schedule
        WHERE athlete_id = \(claim.athleteID) AND lease_owner = \(claim.lease.owner) AND lease_fence = \(claim.lease.fence)
        """
    }

    /// Releases the lease. A request or an event that came meanwhile makes the athlete due at once.
    private func release(_ end: TurnEnd, now: Date) -> SQL {
        """
        WITH mine AS (
            SELECT s.athlete_id, a.state, a.paused_until,
                \(end.outcome == .done) AND EXISTS (
                    SELECT 1 FROM sync.event e WHERE e.athlete_id = s.athlete_id AND e.handled_at IS NULL) AS is_announced,
                s.request IS NOT NULL AND s.request::text IS DISTINCT FROM \(end.claimedRequest) AS is_asked_anew
            FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE s.athlete_id = \(claim.athleteID) AND s.lease_owner = \(claim.lease.owner) AND s.lease_fence = \(claim.lease.fence))
        UPDATE sync.schedule s
        SET lease_owner = NULL, lease_expires_at = NULL, last_finished_at = \(now), last_error = \(end.error),
            failures = CASE WHEN \(end.error)::text IS NULL THEN 0 ELSE failures + 1 END,
            request = CASE WHEN is_asked_anew OR NOT \(end.outcome == .done) THEN request END,
            priority = CASE WHEN is_asked_anew THEN 0 WHEN is_announced THEN 1 ELSE \(end.priority) END,
            due_at = CASE WHEN mine.state <> 'active' THEN 'infinity'
                ELSE greatest(CASE WHEN is_asked_anew OR is_announced THEN \(now) ELSE \(end.nextDueAt) END, paused_until) END
        FROM mine WHERE s.athlete_id = mine.athlete_id
        """
    }
}
