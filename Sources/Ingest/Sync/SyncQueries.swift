import Core
import Database
import Foundation
import SyncStore

/// What the scheduler reads, and the statements of `ScheduleTable` that it sends by themselves.
package struct ScheduleQueries: Sendable {
    let database: Database

    /// Claims due athletes, of each lane up to its places: most urgent first, then longest due. One statement: all of it is done, or nothing.
    func claim(lanes: [ScheduleTable.Lane], owner: UUID, now: Date, lease_s: Double) async throws -> [Claim] {
        let rows = try await database.query(ScheduleTable.claim(lanes: lanes, owner: owner, now: now, lease_s: lease_s))
        return try rows.map { try Claim($0, owner: owner) }
    }

    /// Extends the leases of turns in progress.
    func renew(_ work: TurnsInWork, owner: UUID, now: Date, lease_s: Double) async throws {
        try await database.query(ScheduleTable.renew(work.leases, owner: owner, now: now, lease_s: lease_s))
    }

    /// Releases leases in this process's name that none of its turns holds: due at once, or later if their ends failed repeatedly. Returns the number.
    func releaseOrphans(besides work: TurnsInWork, owner: UUID, now: Date) async throws -> Int {
        try await database.query(
            ScheduleTable.releaseAll(except: work.leases, delayed: work.delayed(at: now), owner: owner, now: now)
        ).affected
    }

    /// At a start: sets work that an earlier sample postponed to pending; turns postpone again what is beyond the current sample.
    func resumeSample(now: Date) async throws { try await resume(reason: TurnQueries.sampleReason, now: now) }

    /// At a start with the details of the past: sets to pending those that an earlier setting postponed.
    func resumeHistory(now: Date) async throws { try await resume(reason: HistoryChoice.notWantedReason, now: now) }

    /// Athletes in one transaction of `resume`.
    private static let resumedAtOnce = 100

    private func resume(reason: String, now: Date) async throws {
        let rows = try await database.query(
            "SELECT DISTINCT athlete_id FROM sync.completeness WHERE state IN ('pending', 'failed') AND reason = \(reason) ORDER BY 1")
        let athletes = try rows.map { try $0.decode(AthleteID.self) }
        for start in stride(from: 0, to: athletes.count, by: Self.resumedAtOnce) {
            let part = Array(athletes[start..<min(start + Self.resumedAtOnce, athletes.count)])
            try await database.transaction { connection in
                try await connection.query(ScheduleTable.resume(part, now: now))
                try await connection.query(CompletenessTable.resumePostponed(of: part, reason: reason))
            }
        }
    }

    /// At a start without them: Strava's zones of activities are not missing any more.
    func forgetZones() async throws { try await database.query(CompletenessTable.forgetZones) }

    /// Calls known to be needed in the rest of the UTC day, for the governor's day plan; nil while the length of a history is unknown, or
    /// when there are too many to count often. Postponed work, and work of athletes who are paused or not connected, does not count.
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

    /// The number of active athletes, how many of them have trained in the last 7 days, and the total length of their lists. A large table of
    /// activities is estimated as PostgreSQL's planner does, a small one counted; athletes are few and counted seldom.
    func fleetLoad(now: Date) async throws -> FleetLoad {
        let countedMax = 10_000
        let rows = try await database.query(
            """
            SELECT a.active, a.training, a.every,
                   CASE WHEN v.reltuples > \(Double(countedMax)) THEN v.reltuples::bigint ELSE (SELECT count(*) FROM sync.activity) END
            FROM pg_class v, (
                SELECT count(*) FILTER (WHERE is_active) AS active, count(*) AS every,
                       count(*) FILTER (WHERE is_active AND newest_start_at > \(now.addingTimeInterval(-7 * 86_400))) AS training
                FROM (
                    SELECT state = 'active' AND (paused_until IS NULL OR paused_until <= \(now)) AS is_active, newest_start_at
                    FROM sync.athlete LEFT JOIN sync.cursor USING (athlete_id)) AS each) a
            WHERE v.oid = 'sync.activity'::regclass
            """)
        let (athletes, training, every, activities) = try rows[0].decode(Int.self, Int.self, Int.self, Int.self)
        let share = every == 0 ? 0 : Double(athletes) / Double(every)
        return FleetLoad(athletes: athletes, activities: Int(Double(activities) * share), training: training)
    }

    /// Deletes events received before `instant`.
    func forgetEvents(receivedBefore instant: Date) async throws {
        try await database.query(EventTable.prune(receivedBefore: instant))
    }

    /// Deletes the records of turns that ended before `instant`.
    func forgetRuns(endedBefore instant: Date) async throws {
        try await database.query(RunTable.prune(endedBefore: instant))
    }

    /// The end of a pause of everything; nil: none.
    func pausedUntil(now: Date) async throws -> Date? {
        let rows = try await database.query(
            "SELECT (value #>> '{}')::timestamptz FROM sync.setting WHERE key = 'paused_until' AND (value #>> '{}')::timestamptz > \(now)")
        return try rows.first?.decode(Date.self)
    }
}
