import Core
import Database
import Foundation
import SyncStore

/// The statements of a landing transaction, with those of `SyncStore` in the order of its locks. All take whole columns, so their number does
/// not grow with the rows.
enum LandingQueries {
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
        if !work.isEmpty { statements.append(TransformWorkTable.add(work, now: now)) }
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

    // MARK: Schema sync

    static func lockLeases(_ batches: [PreparedBatch]) -> SQL {
        RowLock.leases(batches.map { ($0.athleteID, $0.batch.lease) })
    }

    /// Tombstones, ledger, cursor, own objects and quarantine.
    static func bookkeeping(_ plans: [LandingPlan], now: Date) -> [SQL] {
        let ledger = plans.flatMap { plan in plan.batch.ledger.map { (plan.batch.athleteID, $0) } }
        let gone = ledger.filter { $0.1.endpoint == .summary && $0.1.state == .gone }
        let uses = plans.flatMap { plan in newest(plan.batch.batch.gearUses).map { (plan.batch.athleteID, $0) } }
        let objects = plans.flatMap { plan in plan.batch.batch.objects.map { (plan.batch.athleteID, $0) } }
        let entries = plans.flatMap { plan in plan.batch.quarantine.map { (plan.batch.athleteID, $0) } }
        var statements: [SQL] = []
        if !gone.isEmpty { statements.append(CompletenessTable.bury(gone, now: now)) }
        if !ledger.isEmpty { statements.append(CompletenessTable.change(ledger, now: now)) }
        for plan in plans {
            if let cursor = plan.batch.batch.cursor { statements.append(CursorTable.move(cursor, of: plan.batch.athleteID, now: now)) }
        }
        return statements + AthleteObjectTable.change(objects, uses: uses, now: now)
            + QuarantineTable.change(removing: plans.flatMap(settled), of: .sync, adding: entries, now: now)
    }

    /// Of each gear its newest activity.
    private static func newest(_ uses: [GearUse]) -> [GearUse] {
        Dictionary(uses.map { ($0.gear, $0) }) { $0.startAt < $1.startAt ? $1 : $0 }.values.sorted { $0.gear.name < $1.gear.name }
    }

    /// What a batch brings in order, as the quarantine names it: activities that are listed, answers that landed or will not come, and own objects
    /// that landed.
    private static func settled(_ plan: LandingPlan) -> [QuarantineKey] {
        let states: Set<CompletenessState> = [.landed, .empty, .gone]
        let athlete = plan.batch.athleteID
        return plan.batch.listed.map { QuarantineKey(athlete, CompletenessEndpoint.summary.rawValue, $0.activityID.rawValue) }
            + plan.batch.ledger.filter { states.contains($0.state) }.map {
                QuarantineKey(athlete, $0.endpoint.rawValue, $0.activityID.rawValue)
            }
            + plan.batch.batch.objects.filter { $0.state == .landed }.map {
                QuarantineKey(athlete, $0.object.kind.rawValue, $0.object.answerID(athlete))
            }
    }
}
