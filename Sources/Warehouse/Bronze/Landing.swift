import Core
import Database
import Foundation
import Streams
import SyncStore

/// How one batch of a landing ended, and its answers that are new in bronze.
struct LandingOutcome: Sendable {
    let receipt: Result<CommitReceipt, any Error>
    let landed: [PreparedAnswer]
}

/// One landing transaction: batches of different athletes, written in two round trips.
///
/// Rows are locked in the order of `RowLock`.
struct Landing: Sendable {
    let batches: [PreparedBatch]
    let now: Date

    func run(on connection: Connection) async throws -> [LandingOutcome] {
        let answers = batches.flatMap(\.answers)
        let checks = try await connection.pipeline([
            LandingQueries.lockLeases(batches), LandingQueries.hashes(of: answers.map(\.key)),
        ])
        let held = try leasesHeld(checks[0])
        let known = try hashesKnown(checks[1], answers)
        let plans = batches.map { LandingPlan(batch: $0, holdsLease: held.contains($0.athleteID), known: known) }
        let newActivities = try await write(plans.filter(\.holdsLease), on: connection)
        return plans.map { outcome(of: $0, newActivities: newActivities[$0.batch.athleteID] ?? 0) }
    }

    private func leasesHeld(_ rows: Rows) throws -> Set<AthleteID> {
        try Set(rows.map { try $0.decode(AthleteID.self) })
    }

    private func hashesKnown(_ rows: Rows, _ answers: [PreparedAnswer]) throws -> [AnswerKey: [UInt8]] {
        var known: [AnswerKey: [UInt8]] = [:]
        for row in rows {
            let (place, sha256) = try row.decode(Int.self, [UInt8].self)
            known[answers[place - 1].key] = sha256
        }
        return known
    }

    private func write(_ plans: [LandingPlan], on connection: Connection) async throws -> [AthleteID: Int] {
        let listed = plans.flatMap { plan in plan.batch.listed.map { (plan.batch.athleteID, $0) } }
        var statements = listed.isEmpty ? [] : [TransformWorkTable.addReappeared(listed, now: now)]
        statements += LandingQueries.writes(plans, now: now)
        let ledger = plans.flatMap { plan in plan.batch.ledger.map { (plan.batch.athleteID, $0) } }
        if !listed.isEmpty, !ledger.isEmpty { statements.append(RowLock.completeness(listed, ledger)) }
        let place = statements.count
        if !listed.isEmpty { statements.append(CompletenessTable.list(listed, now: now)) }
        statements += LandingQueries.bookkeeping(plans, now: now)
        let rows = try await connection.pipeline(statements)
        var newActivities: [AthleteID: Int] = [:]
        if listed.isEmpty { return newActivities }
        for row in rows[place] {
            let (athlete, count) = try row.decode(AthleteID.self, Int.self)
            newActivities[athlete] = count
        }
        return newActivities
    }

    private func outcome(of plan: LandingPlan, newActivities: Int) -> LandingOutcome {
        guard plan.holdsLease else {
            let error = WarehouseError(.leaseLost, "the athlete's lease is held by another worker or by none")
            return LandingOutcome(receipt: .failure(error), landed: [])
        }
        let receipt = CommitReceipt(
            inserted: plan.inserted.count, changed: plan.changed.count,
            unchanged: plan.batch.answers.count - plan.inserted.count - plan.changed.count, newActivities: newActivities)
        return LandingOutcome(receipt: .success(receipt), landed: plan.landed)
    }
}

/// The answers of a batch that must be written, given those in bronze. Pure.
private struct LandingPlan: Sendable {
    let batch: PreparedBatch
    let holdsLease: Bool
    let inserted: [PreparedAnswer]
    let changed: [PreparedAnswer]

    init(batch: PreparedBatch, holdsLease: Bool, known: [AnswerKey: [UInt8]]) {
        self.batch = batch
        self.holdsLease = holdsLease
        inserted = batch.answers.filter { known[$0.key] == nil }
        changed = batch.answers.filter { answer in known[answer.key].map { $0 != answer.sha256 } ?? false }
    }

    var landed: [PreparedAnswer] { inserted + changed }

    /// Activities whose silver becomes stale with this batch, in order.
    var transformIDs: [Int64] {
        let gone = batch.ledger.filter { $0.endpoint == .summary && $0.state == .gone }.map(\.activityID.rawValue)
        return Set(landed.map(\.transformID) + gone).sorted()
    }
}

/// The statements of a landing transaction, with those of `SyncStore` in the order of its locks. All take whole columns, so their number does
/// not grow with the rows.
private enum LandingQueries {
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

    /// Locks the answers that are replaced, in the same order as the retention.
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

    /// From this size on a body is a parameter of its own: as an element of an array the server would copy it once more.
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

/// A row of `metrics.metrics`: one for each object that landed, and for a streams answer one for each of its streams.
private struct LandingMetric: Sendable {
    let athleteID: AthleteID
    let activityID: Int64?
    let stream: String
    let records: Int32
    let status: String

    static func rows(for landed: PreparedAnswer) -> [LandingMetric] {
        func row(_ stream: String, _ records: Int, _ status: String = "SUCCESS") -> LandingMetric {
            let activity = landed.answer.endpoint.isOfActivity ? landed.answer.objectID : nil
            return LandingMetric(
                athleteID: landed.key.athleteID, activityID: activity, stream: stream, records: Int32(clamping: records), status: status)
        }
        switch landed.streams {
        case nil: return [row(landed.answer.endpoint.metricsName, 1)]
        case .failure: return [row(landed.answer.endpoint.metricsName, 0, "FAILURE")]
        case .success(let streams):
            let present = StreamColumn.allCases.filter { $0 != .longitude && streams.has($0) }
            return present.isEmpty ? [row("streams", 0)] : present.map { row($0.stravaName, streams.sentCount($0)) }
        }
    }
}
