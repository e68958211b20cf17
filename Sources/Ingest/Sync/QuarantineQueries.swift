import Core
import Database
import Foundation
import Warehouse

/// The statements of a retry, in the order in which a landing takes its locks: schedule, work list, ledger, quarantine.
struct QuarantineQueries {
    struct Entry: Sendable {
        let endpoint: String
        let objectID: Int64
        let reason: String

        var remedy: QuarantineRemedy { QuarantineRemedy(endpoint: endpoint, objectID: objectID) }
    }

    let athlete: AthleteID
    let now: Date

    func retry(_ entries: [Entry]) throws -> [SQL] {
        let remedies = entries.map(\.remedy)
        let fetches = remedies.compactMap { if case .fetch(let endpoint, let activity) = $0 { (endpoint, activity) } else { nil } }
        let transforms = Set(remedies.compactMap { if case .transform(let activity) = $0 { activity } else { nil } }).sorted()
        var statements: [SQL] = []
        let asksStrava = remedies.contains { if case .transform = $0 { false } else { true } }
        if asksStrava { statements.append(try bringForward(walk: remedies.contains(.walk))) }
        if !transforms.isEmpty { statements += enqueue(transforms) }
        statements += putAside(entries.filter { $0.reason == Self.unreadable })
        if !fetches.isEmpty { statements.append(reopen(fetches)) }
        if remedies.contains(.fetchProfile) { statements.append(reopenProfile) }
        let objects = remedies.compactMap { if case .fetchObject(let kind, let id) = $0 { (kind, id) } else { nil } }
        if !objects.isEmpty { statements.append(reopen(objects)) }
        if remedies.contains(.lookAgain) { statements.append(lookAgain) }
        return statements + leave(entries) + ["SELECT pg_notify('sync', '')"]
    }

    /// Due now, or after its pause, and never behind where it stood. A walk is asked for as an admin asks for one.
    private func bringForward(walk: Bool) throws -> SQL {
        let request = SyncRequest(full: true, by: "quarantine", at: now.timeIntervalSince1970)
        let text = JSONText(String(decoding: try JSONEncoder().encode(request), as: UTF8.self))
        return """
            UPDATE sync.schedule s
            SET request = CASE WHEN \(walk) THEN coalesce(s.request, \(text)) ELSE s.request END, priority = least(s.priority, 2),
                due_at = CASE WHEN s.lease_owner IS NULL AND a.state = 'active'
                    THEN greatest(least(s.due_at, \(now)), a.paused_until) ELSE s.due_at END
            FROM sync.athlete a WHERE a.athlete_id = s.athlete_id AND s.athlete_id = \(athlete)
            """
    }

    /// On the work list, and marked as made by no version, so that answers which silver has seen are read again.
    private func enqueue(_ activities: [Int64]) -> [SQL] {
        [
            """
            INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
            SELECT \(athlete), activity_id, \(now) FROM unnest(\(activities)) AS w(activity_id)
            """,
            "UPDATE silver.activity SET transform_version = 0 WHERE athlete_id = \(athlete) AND activity_id = ANY (\(activities))",
            "UPDATE silver.activity_stream SET transform_version = 0 WHERE athlete_id = \(athlete) AND activity_id = ANY (\(activities))",
            "SELECT pg_notify('silver', '')",
        ]
    }

    private func reopen(_ fetches: [(CompletenessEndpoint, ActivityID)]) -> SQL {
        """
        UPDATE sync.completeness c SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL, updated_at = \(now)
        FROM unnest(\(fetches.map(\.0.rawValue)), \(fetches.map(\.1))) AS w(endpoint, activity_id)
        WHERE c.athlete_id = \(athlete) AND c.activity_id = w.activity_id AND c.endpoint = w.endpoint AND c.state IN ('quarantined', 'failed')
        """
    }

    /// Bikes and shoes bear the numbers that bronze counts them by.
    private func reopen(_ objects: [(AthleteObject.Kind, Int64)]) -> SQL {
        """
        UPDATE sync.athlete_object o SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL
        FROM unnest(\(objects.map(\.0.rawValue)), \(objects.map(\.1))) AS w(endpoint, answer_id)
        WHERE o.athlete_id = \(athlete) AND o.endpoint = w.endpoint AND o.state IN ('quarantined', 'failed')
          AND (o.endpoint <> 'gear' OR o.object = CASE WHEN w.answer_id < 0 THEN 'g' || -w.answer_id ELSE 'b' || w.answer_id END)
        """
    }

    private var reopenProfile: SQL {
        """
        UPDATE sync.athlete_object SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL
        WHERE athlete_id = \(athlete) AND endpoint = 'profile'
        """
    }

    static let unreadable = "unreadable_answer"

    /// An answer that can't be read is kept as an earlier version only: should Strava send the same bytes again, they are news, and silver
    /// looks at them anew.
    private func putAside(_ entries: [Entry]) -> [SQL] {
        let numbers: [String: BronzeEndpoint] = [
            "summary": .activitySummary, "detail": .activity, "streams": .streams, "athlete": .athlete,
        ]
        let answers = entries.compactMap { entry in numbers[entry.endpoint].map { ($0.rawValue, entry.objectID) } }
        if answers.isEmpty { return [] }
        return [
            """
            WITH aside AS (
                DELETE FROM bronze_strava.answer a
                USING unnest(\(answers.map(\.0)), \(answers.map(\.1))) AS w(endpoint, object_id)
                WHERE a.athlete_id = \(athlete) AND a.source_id = 1 AND a.endpoint = w.endpoint AND a.object_id = w.object_id
                RETURNING a.*)
            INSERT INTO bronze_strava.answer_version
                (athlete_id, source_id, endpoint, object_id, valid_from, valid_to, request, status, body_bytes, sha256, body)
            SELECT athlete_id, source_id, endpoint, object_id, fetched_at, \(now), request, status, body_bytes, sha256, body FROM aside
            """
        ]
    }

    /// What the last complete walk did not name.
    private var lookAgain: SQL {
        """
        UPDATE sync.completeness c
        SET state = 'pending', reason = 'no longer listed', attempts = 0, next_try_at = NULL, updated_at = \(now)
        FROM sync.activity a JOIN sync.cursor r USING (athlete_id)
        WHERE a.athlete_id = \(athlete) AND a.gone_at IS NULL AND r.walk_page IS NULL AND a.last_listed_at < r.walk_started_at
          AND c.athlete_id = a.athlete_id AND c.activity_id = a.activity_id AND c.endpoint = 'detail'
        """
    }

    /// Everything leaves the list, except an unreadable list element or profile: silver takes it off when it could read a new one.
    private func leave(_ entries: [Entry]) -> [SQL] {
        let staying = entries.filter { $0.reason == Self.unreadable && ["summary", "athlete"].contains($0.endpoint) }
        let leaving = entries.filter { entry in !staying.contains { $0.endpoint == entry.endpoint && $0.objectID == entry.objectID } }
        return [
            """
            UPDATE sync.quarantine q SET attempts = 0
            FROM unnest(\(staying.map(\.endpoint)), \(staying.map(\.objectID))) AS w(endpoint, object_id)
            WHERE q.athlete_id = \(athlete) AND q.endpoint = w.endpoint AND q.object_id = w.object_id
            """,
            """
            DELETE FROM sync.quarantine q
            USING unnest(\(leaving.map(\.endpoint)), \(leaving.map(\.objectID))) AS w(endpoint, object_id)
            WHERE q.athlete_id = \(athlete) AND q.endpoint = w.endpoint AND q.object_id = w.object_id
            """,
        ]
    }
}
