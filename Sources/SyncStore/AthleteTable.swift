import Core
import Database
import Foundation

/// Whether an athlete is synced (`sync.athlete.state`).
package enum AthleteState: String, CaseIterable, Sendable {
    case active
    /// The grant is dead or lacks a scope: the athlete must connect again.
    case reconnect
    /// Being erased: no sync, no event and no new grant is accepted.
    case erasing

    /// The states that may follow this one.
    package var next: Set<AthleteState> {
        switch self {
        case .active: [.reconnect, .erasing]
        case .reconnect: [.active, .erasing]
        case .erasing: []
        }
    }
}

/// The statements that write `sync.athlete`.
package enum AthleteTable {
    /// Adds the athlete, or replaces the scope of the one that is there and activates it. Answers whether it is new, and when it may be synced; no
    /// row: it is being erased.
    package static func register(_ athlete: AthleteID, uid: UID?, scope: String, now: Date) -> SQL {
        """
        INSERT INTO sync.athlete (athlete_id, uid, scope, created_at, updated_at) VALUES (\(athlete), \(uid?.text), \(scope), \(now), \(now))
        ON CONFLICT (athlete_id) DO UPDATE SET uid = coalesce(excluded.uid, athlete.uid), scope = excluded.scope, state = 'active',
            state_reason = NULL, updated_at = \(now)
        WHERE athlete.state <> 'erasing'
        RETURNING (xmax = 0), greatest(\(now), paused_until)
        """
    }

    /// Gives the athlete the uid, and takes it from `others`. The caller holds `SettingTable.lockUIDs`.
    package static func setUID(_ uid: UID, of athlete: AthleteID, takenFrom others: [AthleteID]) -> SQL {
        """
        WITH found AS (
            SELECT a.athlete_id FROM sync.athlete a
            WHERE a.athlete_id = \(athlete) AND a.uid IS DISTINCT FROM \(uid.text) OR a.athlete_id = ANY (\(others))
            ORDER BY a.athlete_id FOR NO KEY UPDATE)
        UPDATE sync.athlete a SET uid = CASE WHEN a.athlete_id = \(athlete) THEN \(uid.text) END, updated_at = now()
        FROM found WHERE a.athlete_id = found.athlete_id
        """
    }

    /// Stops the athlete until a new grant, with the reason for people. Nothing changes when the lease was lost, as to a new grant.
    package static func requireReconnect(_ athlete: AthleteID, reason: String, under lease: LeaseFence, now: Date) -> SQL {
        """
        UPDATE sync.athlete SET state = 'reconnect', state_reason = \(reason), updated_at = \(now)
        WHERE athlete_id = \(athlete) AND state = 'active' AND EXISTS (
            SELECT FROM sync.schedule s
            WHERE s.athlete_id = \(athlete) AND s.lease_owner = \(lease.owner) AND s.lease_fence = \(lease.fence))
        """
    }

    /// Stops the athlete until a new grant, provided that the stored token is dead now.
    package static func requireReconnectIfDead(_ athlete: AthleteID, reason: String, now: Date) -> SQL {
        """
        UPDATE sync.athlete SET state = 'reconnect', state_reason = \(reason), updated_at = \(now)
        WHERE athlete_id = \(athlete) AND state = 'active'
          AND EXISTS (SELECT FROM vault.token t WHERE t.athlete_id = \(athlete) AND t.dead_at IS NOT NULL)
        """
    }

    /// Activates the athlete again, provided that the stored token is alive now.
    package static func reviveIfAlive(_ athlete: AthleteID, now: Date) -> SQL {
        """
        UPDATE sync.athlete SET state = 'active', state_reason = NULL, updated_at = \(now)
        WHERE athlete_id = \(athlete) AND state = 'reconnect'
          AND EXISTS (SELECT FROM vault.token t WHERE t.athlete_id = \(athlete) AND t.dead_at IS NULL)
        """
    }

    /// - Parameters:
    ///   - end: `distantFuture`: until resumed.
    ///   - user: the account that asks for it, for people.
    package static func pause(_ athlete: AthleteID, until end: Date, reason: String?, by user: String?, now: Date) -> SQL {
        """
        WITH paused AS (
            UPDATE sync.athlete SET paused_until = \(end), pause_reason = \(reason), paused_by = \(user), paused_at = \(now),
                updated_at = \(now)
            WHERE athlete_id = \(athlete) RETURNING athlete_id)
        UPDATE sync.schedule s SET due_at = CASE WHEN lease_owner IS NULL THEN greatest(due_at, \(end)) ELSE due_at END
        FROM paused WHERE paused.athlete_id = s.athlete_id
        """
    }

    package static func resume(_ athlete: AthleteID, now: Date) -> SQL {
        """
        WITH resumed AS (
            UPDATE sync.athlete SET paused_until = NULL, pause_reason = NULL, paused_by = NULL, paused_at = NULL,
                updated_at = \(now)
            WHERE athlete_id = \(athlete) RETURNING athlete_id, state)
        UPDATE sync.schedule s
        SET due_at = CASE WHEN lease_owner IS NULL AND resumed.state = 'active' THEN \(now) ELSE due_at END
        FROM resumed WHERE resumed.athlete_id = s.athlete_id
        """
    }
}

/// The statements that write `sync.uid_move`: records of uids that changed, for people.
package enum UIDMoveTable {
    package enum Cause: String, Sendable { case connect, `import` }

    /// Records that each athlete lost its uid of `from` and got the one of `to`, if any. Athletes erased meanwhile are left out.
    package static func add(_ moves: (athletes: [AthleteID], from: [String], to: [String?]), cause: Cause, now: Date) -> SQL {
        """
        INSERT INTO sync.uid_move (athlete_id, moved_at, from_uid, to_uid, cause)
        SELECT a.athlete_id, \(now), m.from_uid, nullif(m.to_uid, ''), \(cause.rawValue)
        FROM unnest(\(moves.athletes), \(moves.from), \(moves.to.map { $0 ?? "" })) AS m (athlete_id, from_uid, to_uid)
        JOIN sync.athlete a USING (athlete_id)
        WHERE a.state <> 'erasing' ORDER BY a.athlete_id FOR KEY SHARE OF a
        """
    }
}
