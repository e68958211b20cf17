import Core
import Database
import Foundation

/// The statements that only lock rows, in the one order in which all transactions lock rows:
///
/// 1. `sync.silver_lock`: whoever writes an athlete's rows in schema `silver`, or removes rows of `sync.transform_work`, holds the athlete's
///    row; those rows have no other rank. A rebuild holds both rows, the one with `is_rebuild` first.
/// 2. `sync.setting`
/// 3. `sync.athlete`
/// 4. `vault.token`; whoever seals also shares the one row of `vault.sealing`, which a rotation alone changes, in a transaction of its own
/// 5. `sync.schedule`: a landing shares the row of its lease, so that it and whatever changes the schedule exclude each other.
/// 6. `sync.event`
/// 7. `bronze_strava.answer`, then `bronze_strava.answer_version`
/// 8. `sync.completeness`; `sync.activity` has no rank, since landings alone write it
/// 9. `sync.cursor`
/// 10. `sync.athlete_object`
/// 11. `sync.quarantine`
/// 12. `sync.silver_rebuild`
/// 13. `sync.erasure_request`, `sync.erasure`, then `vault.revocation`
///
/// An erasure locks the athlete's rows of 1, 3, 4 and 5, and then deletes in any order. Whoever locks the rows of several athletes behind 5,
/// without a lock of those, shares `sync.athlete` first and passes over athletes who are being erased.
///
/// Rows of one table are locked in the order of their keys. A transaction that writes a table by several statements locks all of their rows
/// first, by one statement. Rows of the tables behind `sync.schedule` are inserted under the athlete's row there, so that nobody waits for
/// another's insert; rows of `sync.transform_work` and `sync.run` have keys of their own. Locks are never stronger than `FOR NO KEY UPDATE` on a
/// table that others refer to, so that their inserts don't wait, but for an erasure's schedule and deletions.
/// `sync.athlete_threshold` and `sync.requested_run` are written under the athlete's row of `sync.athlete`.
/// `sync.connect_state`, `sync.api_token`, `sync.audit`, `sync.audit_athlete`, `sync.web_session`, `sync.web_session_athlete` and the quota
/// ledger are written in transactions of their own; pruning skips rows that are locked.
package enum RowLock {
    /// A condition that locks the `sync.silver_lock` row of row `w`'s athlete; false: another transaction holds it.
    package static let isSilverFree = "sync.try_silver_lock(w.athlete_id, false)"

    /// Returns false if another transaction rebuilds the athlete's silver.
    package static func tryRebuild(_ athlete: AthleteID) -> SQL {
        "SELECT sync.try_silver_lock(\(athlete), true)"
    }

    /// Waits until no other transaction writes these athletes' silver.
    package static func silver(of athletes: [AthleteID]) -> SQL {
        "SELECT FROM sync.silver_lock WHERE athlete_id = ANY (\(athletes)) AND NOT is_rebuild ORDER BY athlete_id FOR NO KEY UPDATE"
    }

    /// Lock first: under READ COMMITTED, a statement that waits for this row evaluates its subqueries with the snapshot taken before the wait,
    /// and would miss the connect that it waited for.
    package static func athlete(_ athlete: AthleteID) -> SQL {
        "SELECT FROM sync.athlete WHERE athlete_id = \(athlete) FOR NO KEY UPDATE"
    }

    /// All that an erasure locks, in order. The athlete's work was stopped before (`ErasureTable.begin`), so that nobody waits for these rows but
    /// who means this athlete. The second statement returns a row if this erasure is still to be done. It leaves the key free for a landing that
    /// holds the schedule and still inserts rows; deleting the athlete's row waits for it.
    package static func erasure(of athlete: AthleteID, _ erasure: UUID) -> [SQL] {
        [
            "SELECT FROM sync.silver_lock WHERE athlete_id = \(athlete) ORDER BY is_rebuild DESC FOR UPDATE",
            """
            SELECT FROM sync.athlete a JOIN sync.erasure_request r USING (athlete_id)
            WHERE a.athlete_id = \(athlete) AND a.state = 'erasing' AND r.erasure_id = \(erasure) FOR NO KEY UPDATE OF a
            """,
            "SELECT FROM vault.token WHERE athlete_id = \(athlete) FOR UPDATE",
            "SELECT FROM sync.schedule WHERE athlete_id = \(athlete) FOR UPDATE",
        ]
    }

    package static func schedule(of athletes: [AthleteID]) -> SQL {
        "SELECT FROM sync.schedule WHERE athlete_id = ANY (\(athletes)) ORDER BY athlete_id FOR NO KEY UPDATE"
    }

    /// Like `schedule(of:)`, but returns the athletes whose rows are locked now, and passes over rows that another transaction holds.
    package static func freeSchedules(of athletes: [AthleteID]) -> SQL {
        """
        SELECT athlete_id FROM sync.schedule WHERE athlete_id = ANY (\(athletes)) ORDER BY athlete_id FOR NO KEY UPDATE SKIP LOCKED
        """
    }

    /// The athletes among these who are known; locks nothing.
    package static func knownSchedules(of athletes: [AthleteID]) -> SQL {
        "SELECT athlete_id FROM sync.schedule WHERE athlete_id = ANY (\(athletes))"
    }

    /// Locks the athlete's row if the claim's lease holds, before the other statements that end a turn.
    package static func lease(of claim: Claim) -> SQL {
        """
        SELECT 1 FROM sync.schedule
        WHERE athlete_id = \(claim.athleteID) AND lease_owner = \(claim.lease.owner) AND lease_fence = \(claim.lease.fence) FOR UPDATE
        """
    }

    /// The fence of a landing: returns the athletes whose lease is still this one. Their rows stay locked, so that no other worker can claim them
    /// before the transaction ends.
    package static func leases(_ leases: [(athlete: AthleteID, lease: LeaseFence)]) -> SQL {
        """
        SELECT s.athlete_id
        FROM sync.schedule s
        JOIN unnest(\(leases.map(\.athlete)), \(leases.map(\.lease.owner)), \(leases.map(\.lease.fence))) AS w(athlete_id, owner, fence)
          ON s.athlete_id = w.athlete_id AND s.lease_owner = w.owner AND s.lease_fence = w.fence
        ORDER BY s.athlete_id
        FOR SHARE OF s
        """
    }

    /// Before `CompletenessTable.list` and `change` in one transaction: the rows that they will write.
    package static func completeness(_ listed: [(AthleteID, ListedRow)], _ ledger: [(AthleteID, LedgerChange)]) -> SQL {
        """
        SELECT FROM (
            SELECT a.athlete_id, a.activity_id, e.endpoint
            FROM unnest(\(listed.map(\.0)), \(listed.map(\.1.activityID)), \(listed.map(\.1.fingerprint)))
                AS l(athlete_id, activity_id, fingerprint)
            JOIN sync.activity a USING (athlete_id, activity_id)
            CROSS JOIN (VALUES ('detail'), ('streams'), ('summary'), ('zones')) AS e(endpoint)
            WHERE a.fingerprint <> l.fingerprint OR a.gone_at IS NOT NULL
            UNION
            SELECT * FROM unnest(\(ledger.map(\.0)), \(ledger.map(\.1.activityID)), \(ledger.map(\.1.endpoint.rawValue)))
        ) AS w
        JOIN sync.completeness c USING (athlete_id, activity_id, endpoint)
        \(raw: CompletenessTable.lockInOrder)
        """
    }

    /// Before several statements on the same athletes' own objects.
    package static func objects(_ objects: [(athlete: AthleteID, object: AthleteObject)]) -> SQL {
        """
        SELECT FROM sync.athlete_object o
        JOIN unnest(\(objects.map(\.athlete)), \(objects.map(\.object.kind.rawValue)), \(objects.map(\.object.name)))
            AS w(athlete_id, endpoint, object) USING (athlete_id, endpoint, object)
        \(raw: AthleteObjectTable.lockInOrder)
        """
    }

    /// Before several statements on the quarantine.
    package static func quarantine(_ keys: [QuarantineKey]) -> SQL {
        """
        SELECT FROM sync.quarantine q
        JOIN unnest(\(keys.map(\.athlete)), \(keys.map(\.endpoint)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
            USING (athlete_id, endpoint, object_id)
        \(raw: QuarantineTable.lockInOrder)
        """
    }
}
