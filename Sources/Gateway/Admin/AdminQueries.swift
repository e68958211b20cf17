import Database
import Foundation

/// The statements of the overview. They only read.
enum AdminQueries {
    /// Rows of a list.
    static let attentionMax = 20
    static let workMax = 20
    private static let leftMax = 3
    private static let errorsMax = 10
    private static let day_s = 86_400.0
    /// Failed turns in a row after which a person should look.
    static let failuresMin = 3
    /// Whether athlete `a`, with the schedule `s` and `q.entries` quarantined answers, needs a person.
    static let needsPerson = """
        a.state = 'reconnect' OR a.state = 'active' AND (
            s.failures >= \(failuresMin) OR q.entries > 0 OR NOT string_to_array(a.scope, ',') @> ARRAY['activity:read_all'])
        """

    // MARK: Now

    /// Who needs a person, how many do, and who is in work.
    static func current(_ database: Database, now: Date) async throws -> ([AdminAttention], Int, [AdminWork]) {
        let answers = try await database.withConnection { try await $0.pipeline([Self.attention, Self.work(now)]) }
        let needy = try answers[0].map { row in
            let (id, first, last, uid, state, reason) = try row.decode(
                Int64.self, String?.self, String?.self, String?.self, String.self, String?.self)
            return AdminAttention(
                athlete: id, who: AdminText.athlete(id, first: first, last: last), uid: uid, state: state, reason: reason,
                since: try row.column(6), scope: try row.column(7), failures: try row.column(8), lastError: try row.column(9),
                dueAt: try row.column(10), quarantined: try row.column(11))
        }
        let count = try answers[0].first.map { try $0.column(12, as: Int.self) } ?? 0
        let working = try answers[1].map { row in
            let (id, first, last, priority, isAskedFor) = try row.decode(Int64.self, String?.self, String?.self, Int.self, Bool.self)
            return AdminWork(
                who: AdminText.athlete(id, first: first, last: last), priority: priority, isAskedFor: isAskedFor,
                startedAt: try row.column(5), walkPage: try row.column(6), left: try row.column(7), nextStartAt: try row.column(8))
        }
        return (needy, count, working)
    }

    /// Those who can be mended by nobody else come first.
    private static let attention: SQL = """
        SELECT a.athlete_id, p.first_name, p.last_name, a.uid, a.state, a.state_reason, a.updated_at, a.scope, coalesce(s.failures, 0),
            s.last_error, s.due_at, q.entries, count(*) OVER ()
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
        LEFT JOIN silver.athlete p ON p.athlete_id = a.athlete_id AND p.source_id = 1
        LEFT JOIN LATERAL (SELECT count(*) AS entries FROM sync.quarantine q WHERE q.athlete_id = a.athlete_id) q ON true
        WHERE \(raw: needsPerson)
        ORDER BY a.state <> 'reconnect', coalesce(s.failures, 0) < \(failuresMin), q.entries = 0, a.athlete_id LIMIT \(attentionMax)
        """

    private static func work(_ now: Date) -> SQL {
        """
        SELECT s.athlete_id, p.first_name, p.last_name, s.priority, s.request IS NOT NULL, s.last_started_at, c.walk_page,
            (SELECT count(*) FROM sync.completeness w
             WHERE w.athlete_id = s.athlete_id AND w.state IN ('pending', 'failed') AND w.next_try_at IS DISTINCT FROM 'infinity'),
            (SELECT w.start_at FROM sync.completeness w
             WHERE w.athlete_id = s.athlete_id AND w.state IN ('pending', 'failed') ORDER BY w.start_at DESC LIMIT 1)
        FROM sync.schedule s LEFT JOIN sync.cursor c USING (athlete_id)
        LEFT JOIN silver.athlete p ON p.athlete_id = s.athlete_id AND p.source_id = 1
        WHERE s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now) ORDER BY s.last_started_at NULLS LAST, s.athlete_id LIMIT \(workMax)
        """
    }

    // MARK: What reads many rows

    static func slowFigures(_ database: Database, now: Date) async throws -> AdminSlowFigures {
        let answers = try await database.withConnection { connection in
            try await connection.pipeline([newToday(now), events(now), left, errors(now)])
        }
        var figures = AdminSlowFigures()
        (figures.newToday, figures.newestAt) = try answers[0][0].decode(Int.self, Date?.self)
        figures.eventMedian_s = try answers[1][0].decode(Double?.self)
        figures.left = try answers[2].map { row in
            let (id, first, last, left, all) = try row.decode(Int64.self, String?.self, String?.self, Int.self, Int.self)
            return AdminLeft(who: AdminText.athlete(id, first: first, last: last), left: left, all: all)
        }
        figures.errors = try answers[3].map { row in
            let (at, id, first, last, kind, error) = try row.decode(
                Date.self, Int64.self, String?.self, String?.self, String.self, String?.self)
            return AdminError(
                at: at, who: AdminText.athlete(id, first: first, last: last), isAskedFor: kind == "request",
                error: error ?? "no reason was recorded", state: try row.column(6), mendedAt: try row.column(7), dueAt: try row.column(8))
        }
        return figures
    }

    /// Activities that were listed today and are not of the past.
    private static func newToday(_ now: Date) -> SQL {
        """
        SELECT count(*), max(first_listed_at) FROM sync.activity
        WHERE first_listed_at >= date_trunc('day', \(now)::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
          AND start_at > \(now.addingTimeInterval(-2 * day_s)) AND gone_at IS NULL
        """
    }

    private static func events(_ now: Date) -> SQL {
        """
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM handled_at - received_at)::float8) FROM sync.event
        WHERE received_at > \(now.addingTimeInterval(-day_s)) AND handled_at IS NOT NULL AND object_type = 'activity'
          AND aspect_type = 'create'
        """
    }

    private static let left: SQL = """
        SELECT l.athlete_id, p.first_name, p.last_name, l.missing, (SELECT count(*) FROM sync.completeness c WHERE c.athlete_id = l.athlete_id)
        FROM (
            SELECT athlete_id, count(*) AS missing FROM sync.completeness
            WHERE state IN ('pending', 'failed') AND next_try_at IS DISTINCT FROM 'infinity'
            GROUP BY athlete_id ORDER BY missing DESC, athlete_id LIMIT \(leftMax)) l
        LEFT JOIN silver.athlete p ON p.athlete_id = l.athlete_id AND p.source_id = 1 ORDER BY l.missing DESC, l.athlete_id
        """

    private static func errors(_ now: Date) -> SQL {
        """
        SELECT r.finished_at, r.athlete_id, p.first_name, p.last_name, r.kind, r.error, a.state,
            (SELECT d.finished_at FROM sync.run d
             WHERE d.athlete_id = r.athlete_id AND d.run_id > r.run_id AND d.outcome IN ('done', 'more') ORDER BY d.run_id LIMIT 1), s.due_at
        FROM sync.run r JOIN sync.athlete a ON a.athlete_id = r.athlete_id LEFT JOIN sync.schedule s ON s.athlete_id = r.athlete_id
        LEFT JOIN silver.athlete p ON p.athlete_id = r.athlete_id AND p.source_id = 1
        WHERE r.outcome = 'failed' AND r.finished_at > \(now.addingTimeInterval(-day_s)) ORDER BY r.finished_at DESC LIMIT \(errorsMax)
        """
    }
}
