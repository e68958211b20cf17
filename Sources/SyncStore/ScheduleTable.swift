import Core
import Database
import Foundation

/// The lease under which a batch was made; the write is refused when `sync.schedule` names another owner or a later fence.
public struct LeaseFence: Sendable, Hashable {
    public let owner: UUID
    public let fence: Int64

    public init(owner: UUID, fence: Int64) {
        self.owner = owner
        self.fence = fence
    }
}

/// A claimed athlete: the lease that fences all writes of its turn, and what was requested.
package struct Claim: Sendable {
    package let athleteID: AthleteID
    package let lease: LeaseFence
    /// 0 connect and manual, 1 live, 2 incremental, 3 repair, 4 history.
    package let priority: Int
    package let request: String?

    package init(athleteID: AthleteID, lease: LeaseFence, priority: Int, request: String?) {
        self.athleteID = athleteID
        self.lease = lease
        self.priority = priority
        self.request = request
    }

    /// A row of `ScheduleTable.claim`.
    package init(_ row: Row, owner: UUID) throws {
        let (athlete, fence, priority, request) = try row.decode(AthleteID.self, Int64.self, Int.self, String?.self)
        self.init(athleteID: athlete, lease: LeaseFence(owner: owner, fence: fence), priority: priority, request: request)
    }
}

/// How a turn ended; becomes the athlete's next due time and a row of `sync.run`.
package struct TurnEnd: Sendable {
    package enum Outcome: String, Sendable { case done, more, stopped, failed }

    package var outcome: Outcome
    package var nextDueAt: Date
    /// 0 connect and manual, 1 live, 2 incremental, 3 repair, 4 history.
    package var priority: Int
    /// Calls made to Strava.
    package var requests: Int
    /// Answers committed to bronze.
    package var landed: Int
    package var startedAt: Date
    /// The request as claimed. It is fulfilled if the outcome is done; a request made meanwhile stays.
    package var claimedRequest: String?
    /// The events that the turn read; they are handled if the outcome is done. All others stay open.
    package var events: [Int64]
    /// Those for which a look at the list was begun; they need no further look.
    package var eventsLookedAfter: [Int64]
    package var error: String?
    /// The turn's id in the log.
    package var logID: LogID?

    package init(
        outcome: Outcome, nextDueAt: Date, priority: Int, requests: Int, landed: Int, startedAt: Date, claimedRequest: String? = nil,
        events: [Int64] = [], eventsLookedAfter: [Int64] = [], error: String? = nil, logID: LogID? = nil
    ) {
        self.outcome = outcome
        self.nextDueAt = nextDueAt
        self.priority = priority
        self.requests = requests
        self.landed = landed
        self.startedAt = startedAt
        self.claimedRequest = claimedRequest
        self.events = events
        self.eventsLookedAfter = eventsLookedAfter
        self.error = error
        self.logID = logID
    }
}

/// The statements that write `sync.schedule`.
///
/// While an athlete is leased, its `due_at` is the end of the lease, so an expired lease is due again by itself; a paused athlete, or one
/// without a grant, is due at infinity. A claim therefore reads due rows only.
package enum ScheduleTable {
    package typealias Lane = (priorities: ClosedRange<Int>, places: Int)

    // MARK: Leases

    /// Claims due athletes, of each lane up to its places: most urgent first, then longest due. One statement: it claims for all lanes or for none.
    /// Returns rows for `Claim`.
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

    /// Extends leases of this owner.
    /// - Parameter leases: in the order of the athletes.
    package static func renew(_ leases: (athletes: [AthleteID], fences: [Int64]), owner: UUID, now: Date, lease_s: Double) -> SQL {
        let end = now.addingTimeInterval(lease_s)
        return """
            WITH mine AS (
                SELECT s.athlete_id
                FROM sync.schedule s JOIN unnest(\(leases.athletes), \(leases.fences)) AS w (athlete_id, fence) USING (athlete_id)
                WHERE s.lease_owner = \(owner) AND s.lease_fence = w.fence
                ORDER BY s.athlete_id FOR UPDATE OF s)
            UPDATE sync.schedule s SET lease_expires_at = \(end), due_at = \(end) FROM mine WHERE s.athlete_id = mine.athlete_id
            """
    }

    /// Releases the leases of this owner except `leases`; the athletes are due at once, those in `delayed` later.
    package static func releaseAll(
        except leases: (athletes: [AthleteID], fences: [Int64]), delayed: [(athlete: AthleteID, dueAt: Date)], owner: UUID, now: Date
    ) -> SQL {
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
        """
    }

    /// Releases the lease at the end of a turn. A request or an event that arrived meanwhile makes the athlete due at once. The caller holds
    /// `RowLock.lease`.
    package static func release(_ claim: Claim, _ end: TurnEnd, now: Date) -> SQL {
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

    // MARK: What makes an athlete due

    /// Makes an athlete with a new grant due.
    ///
    /// A turn in progress works for the replaced grant. It loses its lease, so that nothing it still finds (a missing scope, a dead token)
    /// overwrites the new grant, and the athlete is synced at once.
    package static func register(_ athlete: AthleteID, dueAt: Date, priority: Int, request: JSONText?) -> SQL {
        """
        INSERT INTO sync.schedule (athlete_id, due_at, priority, request) VALUES (\(athlete), \(dueAt), \(priority), \(request))
        ON CONFLICT (athlete_id) DO UPDATE SET due_at = excluded.due_at, priority = least(schedule.priority, excluded.priority),
            failures = 0, last_error = NULL, request = coalesce(schedule.request, excluded.request),
            lease_owner = NULL, lease_expires_at = NULL
        """
    }

    /// Stores an admin's request; a turn in progress leaves it to the next one.
    package static func request(_ request: JSONText, of athletes: [AthleteID], priority: Int, now: Date) -> SQL {
        """
        WITH asked AS (
            SELECT s.athlete_id, a.state, a.paused_until FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE s.athlete_id = ANY (\(athletes)) AND a.state <> 'erasing' ORDER BY s.athlete_id FOR UPDATE OF s)
        UPDATE sync.schedule s SET request = \(request), priority = \(priority),
            due_at = CASE WHEN s.lease_owner IS NULL AND a.state = 'active' THEN greatest(\(now), a.paused_until) ELSE s.due_at END
        FROM asked a WHERE a.athlete_id = s.athlete_id
        """
    }

    /// Forgets the turns that failed, and makes the athlete due now, or after its pause, before others. A turn in progress goes on.
    /// Returns the failures that were counted; no row: the athlete is not active.
    package static func clearFailures(of athlete: AthleteID, now: Date) -> SQL {
        """
        WITH mine AS (
            SELECT s.athlete_id, s.failures, a.paused_until FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE s.athlete_id = \(athlete) AND a.state = 'active' FOR UPDATE OF s)
        UPDATE sync.schedule s SET failures = 0, last_error = NULL, priority = 0,
            due_at = CASE WHEN s.lease_owner IS NULL THEN greatest(least(s.due_at, \(now)), mine.paused_until) ELSE s.due_at END
        FROM mine WHERE s.athlete_id = mine.athlete_id RETURNING mine.failures
        """
    }

    /// Due now, or after its pause, and never later than before.
    /// - Parameters:
    ///   - request: stored unless another request is waiting; nil: none.
    ///   - priority: a more urgent one stays.
    package static func bringForward(_ athlete: AthleteID, request: JSONText?, priority: Int = 2, now: Date) -> SQL {
        """
        UPDATE sync.schedule s
        SET request = coalesce(s.request, \(request)), priority = least(s.priority, \(priority)),
            due_at = CASE WHEN s.lease_owner IS NULL AND a.state = 'active'
                THEN greatest(least(s.due_at, \(now)), a.paused_until) ELSE s.due_at END
        FROM sync.athlete a WHERE a.athlete_id = s.athlete_id AND s.athlete_id = \(athlete)
        """
    }

    /// After events: due now, with live priority; who is due already keeps the place in line. The caller holds the rows.
    package static func announce(_ athletes: [AthleteID], now: Date) -> SQL {
        """
        UPDATE sync.schedule s SET priority = least(s.priority, 1), due_at = wanted.due_at
        FROM (
            SELECT s.athlete_id, CASE WHEN s.lease_owner IS NULL AND a.state = 'active'
                THEN greatest(least(s.due_at, \(now)), a.paused_until) ELSE s.due_at END AS due_at
            FROM sync.schedule s JOIN sync.athlete a USING (athlete_id) WHERE s.athlete_id = ANY (\(athletes))) AS wanted
        WHERE wanted.athlete_id = s.athlete_id AND (s.priority > 1 OR s.due_at IS DISTINCT FROM wanted.due_at)
        """
    }

    /// Makes athletes due for whom something was postponed.
    package static func resume(_ athletes: [AthleteID], now: Date) -> SQL {
        """
        WITH mine AS (
            SELECT s.athlete_id, a.paused_until
            FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE a.state = 'active' AND s.lease_owner IS NULL AND s.athlete_id = ANY (\(athletes))
            ORDER BY s.athlete_id FOR UPDATE OF s)
        UPDATE sync.schedule s SET due_at = least(s.due_at, greatest(\(now), mine.paused_until))
        FROM mine WHERE mine.athlete_id = s.athlete_id
        """
    }
}

/// The statements that write `sync.run` and `sync.retention_run`: records for people.
package enum RunTable {
    /// Records the end of a turn, if the lease of the claim holds.
    package static func add(_ end: TurnEnd, of claim: Claim, now: Date) -> SQL {
        """
        INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error, log_id)
        SELECT athlete_id, \(end.claimedRequest == nil ? "rhythm" : "request"), \(end.startedAt), \(now), \(end.requests), \(end.landed),
               \(end.outcome.rawValue), \(end.error), \(end.logID?.description)
        FROM sync.schedule
        WHERE athlete_id = \(claim.athleteID) AND lease_owner = \(claim.lease.owner) AND lease_fence = \(claim.lease.fence)
        """
    }

    /// Deletes records of turns that ended before `instant`.
    package static func prune(endedBefore instant: Date) -> SQL {
        """
        WITH old AS (
            SELECT athlete_id, run_id FROM sync.run WHERE finished_at < \(instant) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.run r USING old WHERE r.athlete_id = old.athlete_id AND r.run_id = old.run_id
        """
    }

    /// Records a pass of the retention.
    package static func addRetention(
        startedAt: Date, finishedAt: Date, apiCutoff: Date?, activities: Int, answers: Int, versions: Int
    ) -> SQL {
        """
        INSERT INTO sync.retention_run (started_at, finished_at, api_cutoff, activities, answers, versions)
        VALUES (\(startedAt), \(finishedAt), \(apiCutoff), \(activities), \(answers), \(versions))
        """
    }
}
