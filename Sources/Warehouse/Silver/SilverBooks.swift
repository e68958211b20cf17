import Core
import Database
import Foundation
import SyncStore

/// The results of a transform for the ledger and the quarantine. Pure.
struct SilverBooks: Sendable {
    private var made: [SilverWork] = []
    private var failed: [(work: SilverWork, detail: String)] = []
    private var readable: [QuarantineKey] = []
    private var unreadable: [SilverMaterial.Unreadable] = []

    init() {}

    init(made: [SilverWork], _ material: SilverMaterial) {
        self.made = made
        readable = material.readable.map(\.quarantineKey)
        unreadable = material.unreadable
    }

    /// The transform fails on the activity, which is quarantined as a whole.
    init(failed work: SilverWork, detail: String) { failed = [(work, detail)] }

    static func += (all: inout SilverBooks, more: SilverBooks) {
        all.made += more.made
        all.failed += more.failed
        all.readable += more.readable
        all.unreadable += more.unreadable
    }

    /// Send these once in a transaction, as its last statements before it ends. The caller holds `RowLock.silver` of the athletes.
    func statements(now: Date) -> [SQL] {
        let entries = entries
        var statements = entries.isEmpty ? [] : [RowLock.schedule(of: Set(entries.map(\.0)).sorted())]
        if !failed.isEmpty {
            statements.append(SilverQueries.done(failed.map(\.work)))
            // Sums over the athlete's activities may have waited for them; they are made with the athlete's own objects.
            let athletes = Set(failed.filter { $0.work.activityID != 0 }.map(\.work.athleteID)).sorted()
            statements.append(TransformWorkTable.addKnown([0], of: athletes, now: now))
        }
        if !readable.isEmpty || !unreadable.isEmpty {
            statements.append(CompletenessTable.judge(readable: readable, unreadable: unreadable.map(\.key.quarantineKey), now: now))
        }
        let transformed = made.map { QuarantineKey($0.athleteID, "silver", $0.activityID) }
        return statements + QuarantineTable.change(removing: readable + transformed, of: .silver, adding: entries, now: now)
    }

    private var entries: [(AthleteID, QuarantineEntry)] {
        failed.map { work, detail in
            (work.athleteID, QuarantineEntry(endpoint: "silver", objectID: work.activityID, reason: "transform_failed", detail: detail))
        }
            + unreadable.map { answer in
                let key = answer.key.quarantineKey
                let entry = QuarantineEntry(
                    endpoint: key.endpoint, objectID: key.objectID, reason: QuarantineTable.unreadable, detail: answer.reason)
                return (key.athlete, entry)
            }
    }
}
