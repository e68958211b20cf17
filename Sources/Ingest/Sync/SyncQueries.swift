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

    /// Claims due athletes, of each lane up to its places: most urgent first, then longest due. One statement: all of it is done, or nothing.
    func claim(lanes: [Lane], owner: UUID, now: Date, lease_s: Double) async throws -> [Claim] {
        let rows = try await database.query(ScheduleQueries.claim(lanes: lanes, owner: owner, now: now, lease_s: lease_s))
        return try rows.map { row in
            let (athlete, fence, priority, request) = try row.decode(AthleteID.self, Int64.self, Int.self, String?.self)
            return Claim(athleteID: athlete, lease: LeaseFence(owner: owner, fence: fence), priority: priority, request: request)
        }
    }

    package typealias Lane = (priorities: ClosedRange<Int>, places: Int)

    package static func claim(lanes: [Lane], owner: UUID, now: Date, lease_s: Double) -> SQL {
        let end = now.addingTimeInterval(lease_s)
        return """
            WITH lane AS (
                SELECT * FROM unnest(\(lanes.map { Int64($0.priorities.lowerBound) }), \(lanes.map { Int64($0.priorities.upperBound) }),
                                     \(lanes.map { Int64($0.places) })) AS l (first, last, places)),
            due AS (
                SELECT d.athlete_id FROM lane l
                CROSS JOIN LATERAL (
                    SELECT s.athlete_id
                    FROM generate_series(l.first::int, l.last::int) AS p (priority)
                    CROSS JOIN LATERAL (
                        SELECT athlete_id FROM sync.schedule
                        WHERE priority = p.priority AND due_at <= \(now)
                        ORDER BY due_at LIMIT l.places FOR UPDATE SKIP LOCKED) s
                    ORDER BY p.priority LIMIT l.places) d)
            UPDATE sync.schedule s
            SET lease_owner = \(owner), lease_fence = lease_fence + 1, lease_expires_at = \(end), due_at = \(end), last_started_at = \(now)
            FROM due WHERE s.athlete_id = due.athlete_id
            RETURNING s.athlete_id, s.lease_fence, s.priority, s.request::text
            """
    }

    /// Holds on to what is in work. Rows are locked in the order in which landings do.
    func renew(_ work: TurnsInWork, owner: UUID, now: Date, lease_s: Double) async throws {
        let (end, leases) = (now.addingTimeInterval(lease_s), work.leases)
        try await database.query(
            """
            WITH mine AS (
                SELECT s.athlete_id
                FROM sync.schedule s JOIN unnest(\(leases.athletes), \(leases.fences)) AS w (athlete_id, fence) USING (athlete_id)
                WHERE s.lease_owner = \(owner) AND s.lease_fence = w.fence
                ORDER BY s.athlete_id FOR UPDATE OF s)
            UPDATE sync.schedule s SET lease_expires_at = \(end), due_at = \(end) FROM mine WHERE s.athlete_id = mine.athlete_id
            """)
    }

    /// Takes back the leases in this process's name that no turn of its has, due at once unless their ends failed repeatedly. Answers how many.
    func takeBack(besides work: TurnsInWork, owner: UUID, now: Date) async throws -> Int {
        let (leases, delayed) = (work.leases, work.delayed(at: now))
        let rows = try await database.query(
            """
            WITH mine AS (
                SELECT s.athlete_id, a.state, a.paused_until, d.due_at AS later
                FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
                LEFT JOIN unnest(\(delayed.map(\.athlete)), \(delayed.map(\.dueAt))) AS d (athlete_id, due_at) USING (athlete_id)
                WHERE s.lease_owner = \(owner) AND NOT EXISTS (
                    SELECT FROM unnest(\(leases.athletes), \(leases.fences)) AS w (athlete_id, fence)
                    WHERE w.athlete_id = s.athlete_id AND w.fence = s.lease_fence)
                ORDER BY s.athlete_id FOR UPDATE OF s)
            UPDATE sync.schedule s
            SET lease_owner = NULL, lease_expires_at = NULL,
                due_at = CASE WHEN mine.state <> 'active' THEN 'infinity' ELSE greatest(\(now), mine.later, mine.paused_until) END
            FROM mine WHERE s.athlete_id = mine.athlete_id
            """)
        return rows.affected
    }

    /// Calls that are known to be needed in what is left of the UTC day, for the governor's plan of it; nil while a history's length is not
    /// known, or when there are too many to count often. What is put off, and what belongs to athletes who are paused or not connected, is
    /// not needed.
    func knownDemand(now: Date) async throws -> Int? {
        let countMax = 100_000
        let dayEnd = Date(timeIntervalSince1970: (now.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400 + 86_400)
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM (
                    SELECT 1 FROM sync.completeness c JOIN sync.athlete a USING (athlete_id)
                    WHERE c.state IN ('pending', 'failed') AND (c.next_try_at IS NULL OR c.next_try_at < \(dayEnd))
                      AND a.state = 'active' AND (a.paused_until IS NULL OR a.paused_until < \(dayEnd))
                    LIMIT \(countMax)) AS work),
                EXISTS (SELECT 1 FROM sync.cursor c JOIN sync.athlete a USING (athlete_id)
                    WHERE c.history_complete_at IS NULL AND a.state = 'active' AND (a.paused_until IS NULL OR a.paused_until < \(dayEnd)))
            """)
        let (count, isUnknown) = try rows[0].decode(Int.self, Bool.self)
        return isUnknown || count >= countMax ? nil : count
    }

    /// The athletes who are looked at, and how long their lists are together. A large table of activities is estimated as PostgreSQL's planner
    /// does, a small one counted; athletes are few, and asked for seldom.
    func fleetLoad(now: Date) async throws -> FleetLoad {
        let countedMax = 10_000
        let rows = try await database.query(
            """
            SELECT a.active, a.every,
                   CASE WHEN v.reltuples > \(Double(countedMax)) THEN v.reltuples::bigint ELSE (SELECT count(*) FROM sync.activity) END
            FROM pg_class v, (
                SELECT count(*) FILTER (WHERE state = 'active' AND (paused_until IS NULL OR paused_until <= \(now))) AS active, count(*) AS every
                FROM sync.athlete) a
            WHERE v.oid = 'sync.activity'::regclass
            """)
        let (athletes, every, activities) = try rows[0].decode(Int.self, Int.self, Int.self)
        return FleetLoad(athletes: athletes, activities: every == 0 ? 0 : Int(Double(activities) * Double(athletes) / Double(every)))
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
