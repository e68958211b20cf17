import ControlAPI
import Core
import Database
import Foundation
import Governor

extension ControlRoutes {
    func explanation(_ id: Int64) async throws -> ExplanationMessage {
        let now = dependencies.clock.now
        let athlete = try await athlete(id)
        let queries = ExplanationQueries(database: dependencies.database, athlete: id, now: now)
        let position = try await queries.position()
        let standing = try await standing(of: athlete, now: now)
        let calls = try await CallCounter(database: dependencies.database).count(AthleteID(id), now: now)
        return ExplanationMessage(
            athleteID: id, at: now, blockers: standing.blockers, calls: CallsMessage(calls),
            historyIsUnknown: athlete.historyCompleteAt == nil, line: standing.isInLine ? position : position.withoutPlace,
            completion: try await completion(of: athlete, standing, calls, now: now), quarantined: try await quarantineTotal(id),
            endpoints: athlete.endpoints, gaps: try await queries.gaps(standing), uidMoves: athlete.uidMoves)
    }

    /// What is known of the athlete, as one standing.
    func standing(of athlete: AthleteMessage, now: Date) async throws -> AthleteStanding {
        let id = athlete.athleteID
        let queries = ExplanationQueries(database: dependencies.database, athlete: id, now: now)
        let (turn, isUrgent) = try await queries.turn(here: dependencies.instance)
        return AthleteStanding(
            athlete: athlete, globalPause: try await globalPause(now: now), turn: turn,
            hasWaitingCalls: await dependencies.governor.isWaiting(AthleteID(id)), waiting: await limits().waiting,
            silver: dependencies.silver?.incident?.reason, unanswered: try await queries.unansweredRefreshes(), isUrgent: isUrgent,
            now: now)
    }
}

extension ExplanationMessage.QueuePosition {
    /// Of an athlete that does not stand in the queue.
    fileprivate var withoutPlace: Self { .init(priority: priority, ahead: 0, dueAt: dueAt) }
}

/// Reads one athlete's position in the schedule and its gaps in the ledger.
private struct ExplanationQueries: Sendable {
    /// Counting further would take long and tell nothing new.
    private static let aheadMax = 100_000

    let database: Database
    let athlete: Int64
    let now: Date

    /// Counts the athletes of the same priority that are due earlier. A leased athlete has no queue position.
    func position() async throws -> ExplanationMessage.QueuePosition {
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
        guard let row = rows.first else { return .init(priority: RequestClass.incremental.name, ahead: 0, dueAt: nil) }
        let (priority, dueAt, ahead) = try row.decode(Int.self, Date?.self, Int.self)
        return .init(priority: RequestClass(rawValue: priority)?.name ?? String(priority), ahead: ahead, dueAt: dueAt)
    }

    /// Who holds the lease, and whether the next turn is urgent.
    /// - Parameter instance: this process's name in leases; nil: every lease counts as its own.
    func turn(here instance: UUID?) async throws -> (AthleteStanding.Turn, isUrgent: Bool) {
        let rows = try await database.query(
            """
            SELECT priority, CASE WHEN lease_expires_at > \(now) THEN lease_owner END FROM sync.schedule WHERE athlete_id = \(athlete)
            """)
        guard let (priority, owner) = try rows.first?.decode(Int.self, UUID?.self) else { return (.none, false) }
        let isUrgent = priority <= RequestClass.live.rawValue
        guard let owner else { return (.none, isUrgent) }
        return (instance == nil || instance == owner ? .here : .elsewhere, isUrgent)
    }

    /// Token refreshes whose outcome is unknown; 0 for a grant that is dead, which says so itself.
    func unansweredRefreshes() async throws -> Int {
        let rows = try await database.query("SELECT unanswered FROM vault.token WHERE athlete_id = \(athlete) AND dead_at IS NULL")
        return try rows.first?.decode(Int.self) ?? 0
    }

    /// Missing answers and quarantine entries, grouped by reason: quarantined ones first, then the largest groups.
    ///
    /// List elements without a readable number and failed transforms have no row in the ledger; they come from the quarantine.
    /// - Parameter standing: says when, and whether, what the ledger wants tried can be tried.
    func gaps(_ standing: AthleteStanding) async throws -> [ExplanationMessage.Gap] {
        let rows = try await database.query(
            """
            SELECT endpoint, state, reason, count(*), nullif(min(next_try_at) FILTER (WHERE state IN ('pending', 'failed')), 'infinity'),
                   nullif(max(attempts), 0), min(detail)
            FROM (
                SELECT c.endpoint, c.state, c.reason, c.next_try_at, greatest(c.attempts, q.attempts) AS attempts, q.detail
                FROM sync.completeness c
                LEFT JOIN sync.quarantine q ON q.athlete_id = c.athlete_id AND q.endpoint = c.endpoint AND q.object_id = c.activity_id
                WHERE c.athlete_id = \(athlete) AND c.state <> 'landed'
                UNION ALL
                SELECT endpoint, state, reason, next_try_at, attempts, NULL
                FROM sync.athlete_object WHERE athlete_id = \(athlete) AND state <> 'landed'
                UNION ALL
                SELECT q.endpoint, 'quarantined', q.reason, NULL, q.attempts, q.detail
                FROM sync.quarantine q
                WHERE q.athlete_id = \(athlete) AND NOT EXISTS (
                    SELECT FROM sync.completeness c
                    WHERE c.athlete_id = q.athlete_id AND c.activity_id = q.object_id AND c.endpoint = q.endpoint AND c.state <> 'landed')
            ) AS gap
            GROUP BY endpoint, state, reason ORDER BY state = 'quarantined' DESC, count(*) DESC, endpoint, state, reason LIMIT \(ExplanationMessage.gapsMax)
            """)
        return try rows.map { row in
            let (endpoint, state, reason, count, nextTryAt, attempts, detail) = try row.decode(
                String.self, String.self, String?.self, Int.self, Date?.self, Int?.self, String?.self)
            return .init(
                endpoint: endpoint, state: state, reason: reason, count: count, nextTryAt: standing.tryAt(nextTryAt), attempts: attempts,
                detail: detail)
        }
    }
}
