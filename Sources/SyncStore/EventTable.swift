import Core
import Database
import Foundation

/// An event as it is stored.
package struct EventRow: Sendable {
    package let athlete: AthleteID
    package let objectType: String
    package let objectID: Int64
    package let aspectType: String
    package let at: Date
    /// A JSON object.
    package let updates: String

    package init(athlete: AthleteID, objectType: String, objectID: Int64, aspectType: String, at: Date, updates: String) {
        self.athlete = athlete
        self.objectType = objectType
        self.objectID = objectID
        self.aspectType = aspectType
        self.at = at
        self.updates = updates
    }
}

/// The statements that write `sync.event`.
package enum EventTable {
    /// Stores events and returns the keys of those that are new. Of the others the athlete is unknown, or they were stored before.
    package static func add(_ events: [EventRow], now: Date) -> SQL {
        """
        INSERT INTO sync.event (athlete_id, object_type, object_id, aspect_type, event_at, updates, received_at)
        SELECT a.athlete_id, n.object_type, n.object_id, n.aspect_type, n.event_at, n.updates, \(now)
        FROM unnest(\(events.map(\.athlete)), \(events.map(\.objectType)), \(events.map(\.objectID)), \(events.map(\.aspectType)),
                    \(events.map(\.at)), \(events.map { JSONText($0.updates) }))
            AS n (athlete_id, object_type, object_id, aspect_type, event_at, updates)
        JOIN sync.athlete a USING (athlete_id)
        WHERE a.state <> 'erasing'
        ON CONFLICT DO NOTHING
        RETURNING athlete_id, object_type, object_id, aspect_type, event_at
        """
    }

    /// Marks the events that a turn has read, by their numbers, if the claim's lease holds. Others stay open.
    package static func mark(_ end: TurnEnd, of claim: Claim, now: Date) -> SQL {
        """
        WITH found AS (
            SELECT e.athlete_id, e.event_id FROM sync.event e
            WHERE e.athlete_id = \(claim.athleteID) AND e.handled_at IS NULL AND e.event_id = ANY (\(end.events)) AND EXISTS (
                SELECT FROM sync.schedule s WHERE s.athlete_id = \(claim.athleteID) AND s.lease_owner = \(claim.lease.owner)
                    AND s.lease_fence = \(claim.lease.fence))
            ORDER BY e.event_id FOR NO KEY UPDATE OF e)
        UPDATE sync.event e SET handled_at = CASE WHEN \(end.outcome == .done) THEN \(now)::timestamptz END,
            looked_at = CASE WHEN e.event_id = ANY (\(end.eventsLookedAfter)) THEN \(now) ELSE looked_at END
        FROM found WHERE e.athlete_id = found.athlete_id AND e.event_id = found.event_id
        """
    }

    /// Removes the events that were received before `instant`.
    package static func prune(receivedBefore instant: Date) -> SQL {
        """
        WITH old AS (
            SELECT athlete_id, event_id FROM sync.event WHERE received_at < \(instant) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.event e USING old WHERE e.athlete_id = old.athlete_id AND e.event_id = old.event_id
        """
    }

    /// Empties the updates of at most `countMax` events that were received before `instant`.
    package static func removeUpdates(receivedBefore instant: Date, countMax: Int) -> SQL {
        """
        WITH old AS (
            SELECT athlete_id, event_id FROM sync.event
            WHERE received_at < \(instant) AND updates <> '{}' LIMIT \(countMax) FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE sync.event e SET updates = '{}' FROM old WHERE e.athlete_id = old.athlete_id AND e.event_id = old.event_id
        """
    }
}
