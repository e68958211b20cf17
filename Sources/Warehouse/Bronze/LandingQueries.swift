import Core
import Database
import Foundation

/// The statements of a landing transaction. All take whole columns, so their number does not grow with the rows.
enum LandingQueries {
    /// The athletes whose lease is still the batch's. Locked until the end, so that no other worker can claim them in between.
    static func lockLeases(_ batches: [PreparedBatch]) -> SQL {
        let leases = batches.map(\.batch.lease)
        return """
            SELECT s.athlete_id
            FROM sync.schedule s
            JOIN unnest(\(batches.map(\.athleteID)), \(leases.map(\.owner)), \(leases.map(\.fence))) AS w(athlete_id, owner, fence)
              ON s.athlete_id = w.athlete_id AND s.lease_owner = w.owner AND s.lease_fence = w.fence
            ORDER BY s.athlete_id
            FOR SHARE OF s
            """
    }

    static func hashes(of keys: [AnswerKey]) -> SQL {
        """
        SELECT w.place, a.sha256
        FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.endpoint)), \(keys.map(\.objectID)))
            WITH ORDINALITY AS w(athlete_id, source_id, endpoint, object_id, place)
        JOIN bronze_strava.answer a USING (athlete_id, source_id, endpoint, object_id)
        """
    }

    /// Work list, old versions, answers.
    static func writes(_ plans: [LandingPlan], now: Date) -> [SQL] {
        let work = plans.flatMap { plan in plan.transformIDs.map { (plan.batch.athleteID, $0) } }.sorted { $0 < $1 }
        let changed = plans.flatMap(\.changed)
        let landed = plans.flatMap(\.landed)
        var statements: [SQL] = []
        if !work.isEmpty { statements.append(enqueue(work, now: now)) }
        if !changed.isEmpty { statements.append(keepVersions(changed)) }
        if !landed.isEmpty {
            let large = landed.filter { $0.answer.body.count >= bodyBytesAlone }
            let small = landed.filter { $0.answer.body.count < bodyBytesAlone }
            if !small.isEmpty { statements.append(upsert(small)) }
            statements += large.map(upsert)
            statements.append(count(landed, now: now))
        }
        if !work.isEmpty { statements.append("SELECT pg_notify('silver', '')") }
        return statements
    }

    private static func enqueue(_ work: [(AthleteID, Int64)], now: Date) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT athlete_id, activity_id, \(now)
        FROM unnest(\(work.map(\.0)), \(work.map(\.1))) AS w(athlete_id, activity_id)
        """
    }

    /// An activity with a tombstone is listed again: silver has to bring it back.
    static func enqueueReappeared(_ listed: [(AthleteID, ListedRow)], now: Date) -> SQL {
        """
        INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
        SELECT a.athlete_id, a.activity_id, \(now)
        FROM unnest(\(listed.map(\.0)), \(listed.map(\.1.activityID))) AS w(athlete_id, activity_id)
        JOIN sync.activity a USING (athlete_id, activity_id)
        WHERE a.gone_at IS NOT NULL
        """
    }

    /// Locks the answers that are replaced, in the order in which the retention does.
    private static func keepVersions(_ changed: [PreparedAnswer]) -> SQL {
        let keys = changed.map(\.key)
        return """
            WITH old AS MATERIALIZED (
                SELECT a.*, w.fetched_at AS valid_to
                FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.endpoint)), \(keys.map(\.objectID)),
                            \(changed.map(\.answer.fetchedAt))) AS w(athlete_id, source_id, endpoint, object_id, fetched_at)
                JOIN bronze_strava.answer a USING (athlete_id, source_id, endpoint, object_id)
                ORDER BY a.athlete_id, a.object_id, a.endpoint
                FOR UPDATE OF a
            )
            INSERT INTO bronze_strava.answer_version
                (athlete_id, source_id, endpoint, object_id, valid_from, valid_to, request, status, body_bytes, sha256, body)
            SELECT athlete_id, source_id, endpoint, object_id, fetched_at, valid_to, request, status, body_bytes, sha256, body
            FROM old
            """
    }

    /// A body of so many bytes is a parameter of its own: as an element of an array it would be copied once more on the server.
    private static let bodyBytesAlone = 16 << 10

    private static func upsert(_ landed: PreparedAnswer) -> SQL {
        let (key, answer) = (landed.key, landed.answer)
        return """
            INSERT INTO bronze_strava.answer
                (athlete_id, source_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
            VALUES (\(key.athleteID), \(key.source), \(key.endpoint), \(key.objectID), \(answer.request), \(Int16(clamping: answer.status)),
                \(answer.fetchedAt), \(Int32(clamping: answer.body.count)), \(landed.sha256), \(answer.body))
            \(raw: replaceOlder)
            """
    }

    private static func upsert(_ landed: [PreparedAnswer]) -> SQL {
        let keys = landed.map(\.key)
        let answers = landed.map(\.answer)
        return """
            INSERT INTO bronze_strava.answer
                (athlete_id, source_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
            SELECT * FROM unnest(
                \(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.endpoint)), \(keys.map(\.objectID)),
                \(answers.map(\.request)), \(answers.map { Int16(clamping: $0.status) }), \(answers.map(\.fetchedAt)),
                \(answers.map { Int32(clamping: $0.body.count) }), \(landed.map(\.sha256)), \(answers.map(\.body)))
            \(raw: replaceOlder)
            """
    }

    private static let replaceOlder = """
        ON CONFLICT (athlete_id, source_id, endpoint, object_id) DO UPDATE SET
            request = excluded.request, status = excluded.status, fetched_at = excluded.fetched_at,
            body_bytes = excluded.body_bytes, sha256 = excluded.sha256, body = excluded.body
        """

    private static func count(_ landed: [PreparedAnswer], now: Date) -> SQL {
        let rows = landed.flatMap(LandingMetric.rows(for:))
        return """
            INSERT INTO metrics.metrics (athlete_id, activity_id, data_source, data_stream, record_count, status, inserted_at)
            SELECT athlete_id, activity_id, 'STRAVA', data_stream, record_count, status, \(now)
            FROM unnest(\(rows.map(\.athleteID)), \(SQLArray(rows.map(\.activityID))), \(rows.map(\.stream)), \(rows.map(\.records)),
                        \(rows.map(\.status))) AS w(athlete_id, activity_id, data_stream, record_count, status)
            """
    }
}
