import Core
import Database
import Foundation
import SyncStore
import Warehouse

/// The statements of a retry, in the order of `RowLock`.
struct QuarantineRetry {
    struct Entry: Sendable {
        let endpoint: String
        let objectID: Int64
        let reason: String

        var remedy: QuarantineRemedy { QuarantineRemedy(endpoint: endpoint, objectID: objectID) }

        /// Stays on the list until silver could read another answer: an unreadable list element or profile.
        var stays: Bool { reason == QuarantineTable.unreadable && ["summary", "athlete"].contains(endpoint) }
    }

    let athlete: AthleteID
    let now: Date

    func statements(_ entries: [Entry]) throws -> [SQL] {
        let remedies = entries.map(\.remedy)
        let fetches = remedies.compactMap { if case .fetch(let endpoint, let activity) = $0 { (endpoint, activity) } else { nil } }
        let transforms = Set(remedies.compactMap { if case .transform(let activity) = $0 { activity } else { nil } }).sorted()
        let objects = remedies.compactMap { if case .fetchObject(let kind, let id) = $0 { (kind, id) } else { nil } }
        var statements: [SQL] = []
        if !transforms.isEmpty { statements.append(RowLock.silver(of: [athlete])) }
        let asksStrava = remedies.contains { if case .transform = $0 { false } else { true } }
        if asksStrava {
            let request = remedies.contains(.walk) ? JSONText(try walkRequest) : nil
            statements.append(ScheduleTable.bringForward(athlete, request: request, now: now))
        }
        let unreadable = entries.filter { $0.reason == QuarantineTable.unreadable }
        statements += RetryQueries.setAside(unreadable.map { ($0.endpoint, $0.objectID) }, of: athlete, now: now)
        if !transforms.isEmpty {
            statements.append(TransformWorkTable.addKnown(transforms, of: [athlete], now: now))
            statements += RetryQueries.reread(transforms, of: athlete) + ["SELECT pg_notify('silver', '')"]
        }
        let looksAgain = remedies.contains(.lookAgain)
        if !fetches.isEmpty || looksAgain {
            statements.append(CompletenessTable.retry(fetches, of: athlete, isWalkUnsure: looksAgain, now: now))
        }
        let isProfileWanted = remedies.contains(.fetchProfile)
        if !objects.isEmpty || isProfileWanted {
            statements.append(AthleteObjectTable.retry(objects, profile: isProfileWanted, of: athlete))
        }
        return statements + [
            RowLock.quarantine(keys(entries)), QuarantineTable.resetAttempts(keys(entries.filter(\.stays))),
            QuarantineTable.remove(keys(entries.filter { !$0.stays }), of: .any), "SELECT pg_notify('sync', '')",
        ]
    }

    /// A walk is asked for as an admin asks for one.
    private var walkRequest: String {
        get throws { try SyncRequest(full: true, by: "quarantine", at: now.timeIntervalSince1970).json }
    }

    private func keys(_ entries: [Entry]) -> [QuarantineKey] { entries.map { QuarantineKey(athlete, $0.endpoint, $0.objectID) } }
}
