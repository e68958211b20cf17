import Core
import Foundation
import Logging
import StravaAPI
import SyncStore
import Warehouse

/// Decides what one page of an athlete's list changes. It reads from PostgreSQL and writes nothing.
struct ListStep {
    struct Outcome {
        var batch: BronzeBatch
        /// The pass's next page, if it goes on within this turn; a walk is remembered by its cursor.
        var next: ListPass?
        /// The whole pass has been read.
        var hasEnded = false
        /// Why the list must be read again later.
        var trouble: String?
    }

    /// Elements on a page; Strava allows no more (docs/strava-api.md 3.2).
    static let perPage = 200

    let claim: Claim
    let queries: TurnQueries
    let pass: ListPass
    let askedAt: Date
    let logger: Logger

    /// An empty page ends the pass; a short one does not.
    func outcome(of page: ActivityPage, _ answer: StravaAnswer, _ state: SyncState, now: Date) async throws -> Outcome {
        var outcome = Outcome(batch: BronzeBatch(athleteID: claim.athleteID, lease: claim.lease))
        outcome.batch.add(page, request: answer.call.pathAndQuery, answer: answer, wantsZones: queries.fetchesZones)
        if page.elementCount == 0 {
            try await readEnd(state, into: &outcome)
            return outcome
        }
        try await leaveOutExpired(of: page, from: &outcome.batch)
        let starts = page.activities.map(\.startAt)
        let isFull = page.elementCount >= Self.perPage
        if pass.kind == .walk {
            var position = WalkPosition(page: pass.page, before: pass.before, oldestAt: state.cursor.walkOldestAt)
            position.pass(starts: starts, isFull: isFull)
            outcome.batch.cursor = CursorChange(position, walkStartedAt: pass.isFirst ? .set(askedAt) : .keep)
        } else {
            outcome.next = pass.next(starts: starts, isFull: isFull, now: now)
        }
        return outcome
    }

    private func readEnd(_ state: SyncState, into outcome: inout Outcome) async throws {
        if pass.followsFullPage {
            outcome.trouble = "strava: the list ended behind a full page, it is read again"
            if pass.kind == .walk { outcome.batch.cursor = .walkFromTheTop }
            return
        }
        if try await hasLostActivities(state) {
            outcome.batch.cursor = .walkFromTheTop
            return
        }
        outcome.hasEnded = true
        outcome.batch.cursor = endOfPass(state)
        if pass.kind == .walk {
            try await lookAgain(state, into: &outcome.batch)
            try await lookForStreamsAgain(state, into: &outcome.batch)
        }
    }

    /// Leaves out activities that retention has removed and that have not changed since.
    private func leaveOutExpired(of page: ActivityPage, from batch: inout BronzeBatch) async throws {
        if page.activities.isEmpty { return }
        let expired = try await queries.expired(page.activities.map { ($0.activityID, $0.fingerprint) })
        if !expired.isEmpty { batch.answers.removeAll { expired.contains($0.objectID) } }
    }

    /// Whether an activity was deleted, or answered 404, since this walk of several pages began. Deletions move later activities onto pages that
    /// have been read, so the first walk is then repeated before the history counts as complete.
    private func hasLostActivities(_ state: SyncState) async throws -> Bool {
        guard pass.kind == .walk, pass.page > 2 || pass.before != nil, state.cursor.historyCompleteAt == nil,
            let begunAt = state.cursor.walkStartedAt
        else { return false }
        return try await queries.hasGone(since: begunAt)
    }

    /// Where the cursor stands after an empty page: never past what has landed, never in the future.
    private func endOfPass(_ state: SyncState) -> CursorChange {
        let newest = state.newestListedAt
        var change = CursorChange(newestStartAt: newest.map { .raise(to: $0) } ?? .keep, listedAt: .set(askedAt))
        if let begunAt = pass.lookBackBegunAt { change.lookedBackAt = .set(begunAt) }
        if pass.kind == .walk {
            (change.walkPage, change.walkBefore, change.walkOldestAt) = (.set(nil), .set(nil), .set(nil))
            let isFirstEmpty = newest == nil && state.cursor.historyCompleteAt == nil
            let begunAt = isFirstEmpty ? state.cursor.walkStartedAt ?? askedAt : askedAt
            if pass.isFirst { change.walkStartedAt = .set(begunAt) }
            // An athlete who connects right after the first upload must not wait for the next ordinary look.
            let isBelieved = !isFirstEmpty || askedAt.timeIntervalSince(begunAt) >= SyncPlan.emptyHistoryDoubt_s
            if isBelieved { change.historyCompleteAt = .set(askedAt) }
        }
        return change
    }

    /// With fewer activities the share means nothing; each is checked by its id anyway.
    private static let vanishingGuardMin = 5

    /// Has activities that a complete walk did not name fetched by id; only a 404 makes one a tombstone. If most of an athlete's activities are
    /// missing at once, nothing is removed and a person has to look.
    private func lookAgain(_ state: SyncState, into batch: inout BronzeBatch) async throws {
        guard state.cursor.historyCompleteAt != nil, let walkStartedAt = state.cursor.walkStartedAt else { return }
        let (missing, total) = try await queries.unlisted(since: walkStartedAt)
        if missing.isEmpty { return }
        if total >= Self.vanishingGuardMin && missing.count * 2 > total {
            batch.quarantine.append(
                QuarantineEntry(
                    endpoint: "list", objectID: 0, reason: "mass_disappearance",
                    detail: "\(missing.count) of \(total) activities are no longer listed"))
            logger.log(
                .error, "most activities are no longer listed, nothing is removed", [.athleteID: claim.athleteID, .count: missing.count])
            return
        }
        batch.ledger += missing.map { LedgerChange(activityID: $0, endpoint: .detail, state: .pending, reason: "no longer listed") }
    }

    /// Has streams fetched once more that Strava did not have before this walk.
    private func lookForStreamsAgain(_ state: SyncState, into batch: inout BronzeBatch) async throws {
        guard let walkStartedAt = state.cursor.walkStartedAt else { return }
        batch.ledger += try await queries.believedEmptyOnce(before: walkStartedAt).map {
            LedgerChange(activityID: $0, endpoint: .streams, state: .pending, reason: OutcomeRules.secondLookReason)
        }
    }
}

extension BronzeBatch {
    /// Adds one answer and one list row for each activity of the page, and quarantines unreadable elements.
    fileprivate mutating func add(_ page: ActivityPage, request: String, answer: StravaAnswer, wantsZones: Bool) {
        for activity in page.activities {
            answers.append(
                BronzeAnswer(
                    endpoint: .activitySummary, objectID: activity.activityID.rawValue, request: request, status: answer.status,
                    fetchedAt: answer.fetchedAt, body: activity.body))
            listed.append(
                ListedRow(
                    activityID: activity.activityID, startAt: activity.startAt, manual: activity.manual,
                    fingerprint: activity.fingerprint, wantsZones: wantsZones))
            if let gear = activity.gearID.flatMap(AthleteObject.gear) { gearUses.append(GearUse(gear: gear, startAt: activity.startAt)) }
        }
        for rejected in page.rejected {
            quarantine.append(
                QuarantineEntry(
                    endpoint: "summary", objectID: rejected.quarantineID, reason: rejected.reason.rawValue,
                    body: rejected.reason == .otherAthlete ? nil : rejected.body))
        }
    }
}

extension RejectedElement {
    /// The activity's id, or, without a readable one, a negative number made from the element's bytes, so that the same element is
    /// quarantined only once.
    var quarantineID: Int64 {
        if let activityID { return activityID.rawValue }
        return -Int64(stableHash(body) >> 1) - 1
    }
}
