import ControlAPI
import Core
import Database
import Foundation
import Governor

extension ControlRoutes {
    func explanation(_ id: Int64) async throws -> ExplanationMessage {
        let now = dependencies.clock.now
        let athlete = try await athlete(id)
        let globalPause = try await globalPause(now: now)
        let queries = ExplanationQueries(database: dependencies.database, athlete: id, now: now)
        let calls = try await CallCounter(database: dependencies.database).count(AthleteID(id), full: false, only: nil, now: now)
        let blockers = Blockers(
            athlete: athlete, globalPause: globalPause, waiting: await limits().waiting, silver: dependencies.silver?.incident?.reason,
            unanswered: try await queries.unansweredRefreshes(), now: now)
        return ExplanationMessage(
            athleteID: id, at: now, blockers: blockers.all, calls: CallsMessage(calls), historyIsUnknown: athlete.historyCompleteAt == nil,
            line: try await queries.position(),
            endpoints: athlete.endpoints, gaps: try await queries.gaps(canBeTried: athlete.state == "active"),
            uidMoves: athlete.uidMoves)
    }
}

/// Says what blocks an athlete, the decisive reason first. Pure.
private struct Blockers {
    let athlete: AthleteMessage
    let globalPause: PauseMessage?
    let waiting: WaitingMessage?
    /// Why silver has stopped; nil: it has not.
    let silver: String?
    /// Token refreshes without an answer since the grant was last renewed.
    let unanswered: Int
    let now: Date

    var all: [ExplanationMessage.Blocker] {
        let stopped = silver.map { [ExplanationMessage.Blocker(reason: "silver_stopped", detail: $0)] } ?? []
        if athlete.state != "active" { return [.init(reason: athlete.state, detail: athlete.stateReason)] + stopped }
        return pauses + turn + lostAnswers + stopped
    }

    /// A refresh that is under way has no answer yet, either: it belongs to a turn.
    private var lostAnswers: [ExplanationMessage.Blocker] {
        guard unanswered > 0, !athlete.schedule.working else { return [] }
        let detail = """
            Strava's answer to \(unanswered) \(unanswered == 1 ? "refresh" : "refreshes") of the token was lost; the old tokens are tried again for \
            as long as Strava takes them, then the athlete must connect again
            """
        return [.init(reason: "refresh_unanswered", detail: detail)]
    }

    private var pauses: [ExplanationMessage.Blocker] {
        func blocker(_ reason: String, _ pause: PauseMessage?) -> ExplanationMessage.Blocker? {
            pause.map { .init(reason: reason, detail: $0.reason, until: $0.until, by: $0.by, at: $0.at) }
        }
        return [blocker("everything_paused", globalPause), blocker("paused", athlete.paused)].compactMap(\.self)
    }

    private var turn: [ExplanationMessage.Blocker] {
        let schedule = athlete.schedule
        let quota = waiting.map { ExplanationMessage.Blocker(reason: "waiting_for_quota", detail: $0.reason, until: $0.until) }
        if schedule.working {
            let error = schedule.failures > 0 ? schedule.lastError : nil
            return [quota, .init(reason: "working", detail: error)].compactMap(\.self)
        }
        guard let dueAt = schedule.dueAt, pauses.isEmpty else { return [] }
        if dueAt <= now { return [.init(reason: "in_line"), quota].compactMap(\.self) }
        guard schedule.failures > 0 else { return [] }
        return [.init(reason: "backing_off", detail: schedule.lastError, until: dueAt)]
    }
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

    /// Token refreshes whose outcome is unknown; 0 for a grant that is dead, which says so itself.
    func unansweredRefreshes() async throws -> Int {
        let rows = try await database.query("SELECT unanswered FROM vault.token WHERE athlete_id = \(athlete) AND dead_at IS NULL")
        return try rows.first?.decode(Int.self) ?? 0
    }

    /// Missing answers and quarantine entries, grouped by reason: quarantined ones first, then the largest groups.
    ///
    /// List elements without a readable number and failed transforms have no row in the ledger; they come from the quarantine.
    /// - Parameter canBeTried: false: without a grant nothing is tried, whatever the ledger says.
    func gaps(canBeTried: Bool) async throws -> [ExplanationMessage.Gap] {
        let rows = try await database.query(
            """
            SELECT endpoint, state, reason, count(*), min(next_try_at) FILTER (WHERE state IN ('pending', 'failed')),
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
                endpoint: endpoint, state: state, reason: reason, count: count, nextTryAt: canBeTried ? nextTryAt : nil, attempts: attempts,
                detail: detail)
        }
    }
}
