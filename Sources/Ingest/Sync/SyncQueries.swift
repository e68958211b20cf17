import Core
import Database
import Foundation
import Warehouse

/// A claimed athlete: the lease that fences all writes of its turn, and what was asked for.
struct Claim: Sendable {
    let athleteID: AthleteID
    let lease: LeaseFence
    /// 0 connect and manual, 1 live, 2 incremental, 3 repair, 4 history.
    let priority: Int
    let request: String?
}

/// The statements of the schedule. While an athlete is leased its `due_at` is the end of the lease, so that a lease that ran out
/// is simply due again; a paused athlete, or one without a grant, is due at infinity. A claim therefore reads due rows only.
package struct ScheduleQueries: Sendable {
    let database: Database

    /// Claims up to `count` due athletes of the given priorities, most urgent first, then longest due.
    func claim(count: Int, priorities: ClosedRange<Int>, owner: UUID, now: Date, lease_s: Double) async throws -> [Claim] {
        let rows = try await database.query(
            ScheduleQueries.claim(count: count, priorities: priorities, owner: owner, now: now, lease_s: lease_s))
        return try rows.map { row in
            let (athlete, fence, priority, request) = try row.decode(AthleteID.self, Int64.self, Int.self, String?.self)
            return Claim(athleteID: athlete, lease: LeaseFence(owner: owner, fence: fence), priority: priority, request: request)
        }
    }

    package static func claim(count: Int, priorities: ClosedRange<Int>, owner: UUID, now: Date, lease_s: Double) -> SQL {
        let end = now.addingTimeInterval(lease_s)
        return """
            WITH due AS (
                SELECT s.athlete_id
                FROM generate_series(\(priorities.lowerBound)::int, \(priorities.upperBound)::int) AS p (priority)
                CROSS JOIN LATERAL (
                    SELECT athlete_id FROM sync.schedule
                    WHERE priority = p.priority AND due_at <= \(now)
                    ORDER BY due_at LIMIT \(count) FOR UPDATE SKIP LOCKED) s
                ORDER BY p.priority LIMIT \(count))
            UPDATE sync.schedule s
            SET lease_owner = \(owner), lease_fence = lease_fence + 1, lease_expires_at = \(end), due_at = \(end), last_started_at = \(now)
            FROM due WHERE s.athlete_id = due.athlete_id
            RETURNING s.athlete_id, s.lease_fence, s.priority, s.request::text
            """
    }

    /// Holds on to what is in work.
    func renew(_ athletes: [AthleteID], owner: UUID, now: Date, lease_s: Double) async throws {
        let end = now.addingTimeInterval(lease_s)
        try await database.query(
            """
            UPDATE sync.schedule SET lease_expires_at = \(end), due_at = \(end)
            WHERE lease_owner = \(owner) AND athlete_id = ANY (\(athletes)) AND lease_expires_at IS NOT NULL
            """)
    }

    /// Gives everything back at a clean stop, due at once.
    func releaseAll(owner: UUID, now: Date) async throws {
        try await database.query(
            """
            UPDATE sync.schedule s
            SET lease_owner = NULL, lease_expires_at = NULL,
                due_at = CASE WHEN a.state <> 'active' THEN 'infinity' ELSE greatest(\(now), a.paused_until) END
            FROM sync.athlete a WHERE a.athlete_id = s.athlete_id AND s.lease_owner = \(owner)
            """)
    }

    /// Whether this turn may go on: the lease is still ours and nobody paused the athlete or everything.
    func mayGoOn(_ athlete: AthleteID, lease: LeaseFence, now: Date) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT 1 FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE s.athlete_id = \(athlete) AND s.lease_owner = \(lease.owner) AND s.lease_fence = \(lease.fence)
              AND a.state = 'active' AND (a.paused_until IS NULL OR a.paused_until <= \(now))
              AND NOT EXISTS (SELECT 1 FROM sync.setting WHERE key = 'paused_until' AND (value #>> '{}')::timestamptz > \(now))
            """)
        return !rows.isEmpty
    }

    /// Whether somebody of this priority is due and not in work.
    func isAnyoneDue(priority: Int, now: Date) async throws -> Bool {
        let rows = try await database.query("SELECT 1 FROM sync.schedule WHERE priority = \(priority) AND due_at <= \(now) LIMIT 1")
        return !rows.isEmpty
    }

    /// Calls that are known to be needed now, for the governor's plan of the day; nil while a history's length is not known, or when there
    /// are too many to count often.
    func knownDemand() async throws -> Int? {
        let countMax = 100_000
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM (
                    SELECT 1 FROM sync.completeness WHERE state IN ('pending', 'failed') LIMIT \(countMax)) AS work),
                EXISTS (SELECT 1 FROM sync.cursor c JOIN sync.athlete a USING (athlete_id)
                    WHERE c.history_complete_at IS NULL AND a.state = 'active')
            """)
        let (count, isUnknown) = try rows[0].decode(Int.self, Bool.self)
        return isUnknown || count >= countMax ? nil : count
    }

    /// Large tables are estimated as PostgreSQL's planner does, small ones counted: this costs the same however many athletes there are.
    func fleetLoad() async throws -> FleetLoad {
        let countedMax = 10_000
        let rows = try await database.query(
            """
            SELECT CASE WHEN a.reltuples > \(Double(countedMax)) THEN a.reltuples::bigint ELSE (SELECT count(*) FROM sync.athlete) END,
                   CASE WHEN v.reltuples > \(Double(countedMax)) THEN v.reltuples::bigint ELSE (SELECT count(*) FROM sync.activity) END
            FROM pg_class a, pg_class v WHERE a.oid = 'sync.athlete'::regclass AND v.oid = 'sync.activity'::regclass
            """)
        let (athletes, activities) = try rows[0].decode(Int.self, Int.self)
        return FleetLoad(athletes: athletes, activities: activities)
    }

    /// Forgets the events that came before `instant`.
    func forgetEvents(receivedBefore instant: Date) async throws {
        try await database.query("DELETE FROM sync.event WHERE received_at < \(instant)")
    }

    /// Forgets the turns that ended before `instant`.
    func forgetRuns(endedBefore instant: Date) async throws {
        try await database.query("DELETE FROM sync.run WHERE finished_at < \(instant)")
    }

    /// When everything is paused: until when.
    func pausedUntil(now: Date) async throws -> Date? {
        let rows = try await database.query(
            "SELECT (value #>> '{}')::timestamptz FROM sync.setting WHERE key = 'paused_until' AND (value #>> '{}')::timestamptz > \(now)")
        return try rows.first?.decode(Date.self)
    }
}
