import Core
import Database
import Foundation
import SyncStore

/// How one batch of a landing ended, and which of its answers are new in bronze.
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
        var newActivities: [AthleteID: Int] = [:]
        if listed.isEmpty {
            statements += LandingQueries.bookkeeping(plans, now: now)
            _ = try await connection.pipeline(statements)
            return newActivities
        }
        let place = statements.count
        statements.append(CompletenessTable.list(listed, now: now))
        statements += LandingQueries.bookkeeping(plans, now: now)
        for row in try await connection.pipeline(statements)[place] {
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

/// What a batch needs written, given what bronze has: pure.
struct LandingPlan: Sendable {
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

    /// Activities whose silver gets stale by this batch, in order.
    var transformIDs: [Int64] {
        let gone = batch.ledger.filter { $0.endpoint == .summary && $0.state == .gone }.map(\.activityID.rawValue)
        return Set(landed.map(\.transformID) + gone).sorted()
    }
}
