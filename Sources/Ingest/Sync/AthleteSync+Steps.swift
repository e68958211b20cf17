import Core
import Foundation
import Governor
import StravaAPI
import Warehouse

/// What Strava gives a page at most (docs/strava-api.md 3.2).
private let perPage = 200
/// With fewer activities than this the share says nothing: each is looked at again by its number anyway.
private let vanishingGuardMin = 5

extension AthleteSync {
    /// Reads a page. Trouble with the list alone is remembered, and the turn goes on with what is known already.
    func tryList(_ pass: ListPass, _ requestClass: RequestClass) async throws {
        do {
            try await list(pass, requestClass)
        } catch let error as StravaError {
            if error.code == .scopeMissing {
                let scope = error.missingScope ?? "a scope"
                try await queries.askToReconnect(
                    "the grant lacks \(scope): the athlete must connect again and allow it", lease: claim.lease, now: now)
            }
            guard error.isAboutOneObject else { throw error }
            log(.warning, "list not readable", error)
            state.listTrouble = "\(error)"
        }
    }

    /// Reads one page of the list and lands it with the cursor. An empty page ends the pass; a short one does not.
    func list(_ pass: ListPass, _ requestClass: RequestClass) async throws {
        let askedAt = now
        if pass.isFirst { state.eventsAtPassStart = state.events.ids }
        let call = StravaCall.activities(page: pass.page, perPage: perPage, after: pass.after, before: pass.before)
        let answer = try await get(call, requestClass)
        let page = try ActivityPage(body: answer.body, athlete: claim.athleteID)
        if page.foreignCount > 0 && page.ownCount == 0 { try await askWhoseTokenThisIs(requestClass) }
        var batch = BronzeBatch(athleteID: claim.athleteID, lease: claim.lease)
        batch.add(page, request: call.pathAndQuery, answer: answer)
        try await leaveOutExpired(of: page, from: &batch)
        let starts = page.activities.map(\.startAt)
        let isFull = page.elementCount >= perPage
        let isEmpty = page.elementCount == 0
        var hasEnded = false
        if isEmpty, pass.followsFullPage {
            state.listTrouble = "strava: the list ended behind a full page, it is read again"
            if pass.kind == .walk { batch.cursor = .walkFromTheTop }
        } else if isEmpty, try await hasLostActivities(pass) {
            batch.cursor = .walkFromTheTop
        } else if isEmpty {
            hasEnded = true
            batch.cursor = try await endOfPass(pass, askedAt: askedAt)
            if pass.kind == .walk {
                try await lookAgain(into: &batch)
                try await lookForStreamsAgain(into: &batch)
            }
        } else if pass.kind == .walk {
            var position = WalkPosition(page: pass.page, before: pass.before, oldestAt: state.cursor.walkOldestAt)
            position.pass(starts: starts, isFull: isFull)
            batch.cursor = CursorChange(position, walkStartedAt: pass.isFirst ? .set(askedAt) : .keep)
        }
        try await commit(batch)
        if let cursor = batch.cursor { state.cursor.apply(cursor) }
        if hasEnded { state.eventsLookedAfter.formUnion(state.eventsAtPassStart) }
        state.pass = pass.kind == .walk || isEmpty ? nil : pass.next(starts: starts, isFull: isFull, now: now)
        try await readWork()
    }

    /// What was removed because its time was over, and is listed as it was, does not come back with the list.
    private func leaveOutExpired(of page: ActivityPage, from batch: inout BronzeBatch) async throws {
        let expired = try await queries.expired(page.activities.map { ($0.activityID, $0.fingerprint) })
        if !expired.isEmpty { batch.answers.removeAll { expired.contains($0.objectID) } }
    }

    /// Whether something was deleted, or answered 404, since this walk of several pages began. Before a history is called complete, it is then
    /// walked once more: what follows a deletion moves onto pages that were read already.
    private func hasLostActivities(_ pass: ListPass) async throws -> Bool {
        guard pass.kind == .walk, pass.page > 2 || pass.before != nil, state.cursor.historyCompleteAt == nil,
            let begunAt = state.cursor.walkStartedAt
        else { return false }
        return try await queries.hasGone(since: begunAt)
    }

    /// Where the cursor stands after an empty page: never past what has landed, never in the future.
    private func endOfPass(_ pass: ListPass, askedAt: Date) async throws -> CursorChange {
        let newest = try await queries.newestLandedStart(now: now)
        var change = CursorChange(newestStartAt: newest.map { .raise(to: $0) } ?? .keep, listedAt: .set(askedAt))
        if let begunAt = pass.lookBackBegunAt { change.lookedBackAt = .set(begunAt) }
        if pass.kind == .walk {
            (change.walkPage, change.walkBefore, change.walkOldestAt) = (.set(nil), .set(nil), .set(nil))
            let isFirstEmpty = newest == nil && state.cursor.historyCompleteAt == nil
            let begunAt = isFirstEmpty ? state.cursor.walkStartedAt ?? askedAt : askedAt
            if pass.isFirst { change.walkStartedAt = .set(begunAt) }
            // Somebody who connects right after an upload, or before Strava has caught up, must not wait for the ordinary rhythm.
            let isBelieved = !isFirstEmpty || askedAt.timeIntervalSince(begunAt) >= SyncPlan.emptyHistoryDoubt_s
            if isBelieved { change.historyCompleteAt = .set(askedAt) }
        }
        return change
    }

    /// All of a page is another athlete's: the profile tells whether the token is, too. Throws when it is.
    private func askWhoseTokenThisIs(_ requestClass: RequestClass) async throws {
        let answer = try await get(.athlete, requestClass)
        if AnswerCheck.fault(of: answer.body, to: .athlete, athlete: claim.athleteID) == .otherAthlete { try await stopAsForeign() }
    }

    /// The token is another athlete's: nothing it brought is stored, and no call is made with it any more.
    func stopAsForeign() async throws -> Never {
        try await queries.askToReconnect(SyncError.Code.tokenOfAnotherAthlete.rawValue, lease: claim.lease, now: now)
        throw SyncError(
            .tokenOfAnotherAthlete,
            "the stored token belongs to another athlete: import this athlete's own token, or send a link (fitnessctl athletes connect)")
    }

    /// What a complete walk did not name is asked for by its number: only a 404 there makes it a tombstone. When most of an athlete's
    /// activities would vanish at once, nothing is believed and a person has to look.
    private func lookAgain(into batch: inout BronzeBatch) async throws {
        guard state.cursor.historyCompleteAt != nil, let walkStartedAt = state.cursor.walkStartedAt else { return }
        let (missing, total) = try await queries.unlisted(since: walkStartedAt)
        if missing.isEmpty { return }
        if total >= vanishingGuardMin && missing.count * 2 > total {
            batch.quarantine.append(
                QuarantineEntry(
                    endpoint: "list", objectID: 0, reason: "mass_disappearance",
                    detail: "\(missing.count) of \(total) activities are no longer listed"))
            environment.logger.log(
                .error, "most activities are no longer listed, nothing is removed", [.athleteID: claim.athleteID, .count: missing.count])
            return
        }
        batch.ledger += missing.map { LedgerChange(activityID: $0, endpoint: .detail, state: .pending, reason: "no longer listed") }
    }

    /// What had no streams before this walk is asked for once more.
    private func lookForStreamsAgain(into batch: inout BronzeBatch) async throws {
        guard let walkStartedAt = state.cursor.walkStartedAt else { return }
        batch.ledger += try await queries.believedEmptyOnce(before: walkStartedAt).map {
            LedgerChange(activityID: $0, endpoint: .streams, state: .pending, reason: OutcomeRules.secondLookReason)
        }
    }

    /// Fetches what is missing of one activity, its calls side by side, and lands in one transaction what came: an answer is not lost because
    /// the call beside it failed.
    func fetch(_ item: WorkItem, _ requestClass: RequestClass) async throws {
        async let detail = item.missing[.detail] == nil ? nil : attempt(.detail, item, requestClass)
        async let streams = item.missing[.streams] == nil ? nil : attempt(.streams, item, requestClass)
        let attempts = [await detail, await streams].compactMap { $0 }
        var batch = BronzeBatch(athleteID: claim.athleteID, lease: claim.lease)
        for case .success(let result) in attempts { batch.add(result, item: item, streamsReason: state.request?.streamsReason) }
        try await commit(batch)
        for attempt in attempts { try attempt.get().throwIfStopped() }
        state.work.removeAll { $0.activityID == item.activityID }
    }

    private func attempt(
        _ endpoint: CompletenessEndpoint, _ item: WorkItem, _ requestClass: RequestClass
    ) async -> Result<FetchResult, any Error> {
        do { return .success(try await outcome(of: endpoint, item, requestClass)) } catch { return .failure(error) }
    }

    private func outcome(of endpoint: CompletenessEndpoint, _ item: WorkItem, _ requestClass: RequestClass) async throws -> FetchResult {
        let keys = state.request?.streamKeys ?? StreamKey.allCases
        let call: StravaCall = endpoint == .detail ? .activity(item.activityID) : .streams(item.activityID, keys: keys)
        func rules() -> OutcomeRules { OutcomeRules(item: item, endpoint: endpoint, cursor: state.cursor, now: now) }
        do {
            let answer = try await get(call, requestClass)
            return FetchResult(endpoint: endpoint, call: call, answer: answer, outcome: rules().answered(answer, athlete: claim.athleteID))
        } catch let error as StravaError {
            return FetchResult(endpoint: endpoint, call: call, answer: nil, outcome: rules().failed(error))
        }
    }

    func commit(_ batch: BronzeBatch) async throws {
        if batch.isEmpty { return }
        let receipt = try await environment.writer.commit(batch)
        landed += receipt.inserted + receipt.changed
    }
}

/// One call for an activity with what it means.
struct FetchResult: Sendable {
    let endpoint: CompletenessEndpoint
    let call: StravaCall
    let answer: StravaAnswer?
    let outcome: FetchOutcome

    /// The turn ends with what concerns more than this activity.
    func throwIfStopped() throws {
        switch outcome {
        case .landed, .ledger, .wrong: return
        case .tokenRefused: throw SyncError(.tokenRefused, "Strava refuses this athlete's access token, a fresh one too")
        case .stop(let error): throw error
        }
    }
}

extension BronzeBatch {
    var isEmpty: Bool { answers.isEmpty && listed.isEmpty && ledger.isEmpty && quarantine.isEmpty && cursor == nil && objects.isEmpty }

    /// Adds the page's activities as one answer each, its list rows, and what could not be read.
    mutating func add(_ page: ActivityPage, request: String, answer: StravaAnswer) {
        for activity in page.activities {
            answers.append(
                BronzeAnswer(
                    endpoint: .activitySummary, objectID: activity.activityID.rawValue, request: request, status: answer.status,
                    fetchedAt: answer.fetchedAt, body: activity.body))
            listed.append(
                ListedRow(
                    activityID: activity.activityID, startAt: activity.startAt, manual: activity.manual,
                    fingerprint: activity.fingerprint))
            if let gear = activity.gearID.flatMap(AthleteObject.gear) { gearUses.append(GearUse(gear: gear, startAt: activity.startAt)) }
        }
        for rejected in page.rejected {
            quarantine.append(
                QuarantineEntry(
                    endpoint: "summary", objectID: rejected.quarantineID, reason: rejected.reason.rawValue,
                    body: rejected.reason == .otherAthlete ? nil : rejected.body))
        }
    }

    /// Adds the outcome of one call for an activity.
    mutating func add(_ result: FetchResult, item: WorkItem, streamsReason: String? = nil) {
        switch result.outcome {
        case .landed(let streams):
            guard let answer = result.answer else { return }
            answers.append(
                BronzeAnswer(
                    endpoint: result.endpoint == .detail ? .activity : .streams, objectID: item.activityID.rawValue,
                    request: result.call.pathAndQuery, status: answer.status, fetchedAt: answer.fetchedAt, body: answer.body,
                    streams: streams))
            ledger.append(
                LedgerChange(
                    activityID: item.activityID, endpoint: result.endpoint, state: .landed,
                    reason: result.endpoint == .streams ? streamsReason : nil, countsAsAttempt: true))
        case .wrong(let change, let fault):
            ledger.append(change)
            quarantine.append(
                QuarantineEntry(
                    endpoint: result.endpoint.rawValue, objectID: item.activityID.rawValue, reason: fault.rawValue,
                    detail: change.state == .failed ? "asked for again at the ledger's next try" : nil,
                    // Nothing of another athlete's is kept.
                    body: fault == .otherAthlete ? nil : result.answer.map { Array($0.body.prefix(RejectedElement.bodyBytesMax)) }))
        case .ledger(let changes):
            ledger += changes
            for change in changes where change.state == .quarantined {
                quarantine.append(
                    QuarantineEntry(
                        endpoint: result.endpoint.rawValue, objectID: item.activityID.rawValue, reason: change.reason ?? "failed"))
            }
        case .tokenRefused, .stop: break
        }
    }
}

extension SyncCursor {
    mutating func apply(_ change: CursorChange) {
        change.walkPage.apply(to: &walkPage)
        change.walkBefore.apply(to: &walkBefore)
        change.walkOldestAt.apply(to: &walkOldestAt)
        change.walkStartedAt.apply(to: &walkStartedAt)
        change.listedAt.apply(to: &listedAt)
        change.lookedBackAt.apply(to: &lookedBackAt)
        change.historyCompleteAt.apply(to: &historyCompleteAt)
        firstCompleteAt = firstCompleteAt ?? historyCompleteAt
        switch change.newestStartAt {
        case .keep: break
        case .raise(let instant): newestStartAt = max(newestStartAt ?? instant, instant)
        case .reset(let instant): newestStartAt = instant
        }
    }
}

extension FieldChange {
    func apply(to field: inout Value) {
        if case .set(let value) = self { field = value }
    }
}

extension RejectedElement {
    /// The activity's number, or, when it has no readable one, a negative number made from the element's bytes (FNV-1a): the same element
    /// is set aside once, however often it is listed.
    var quarantineID: Int64 {
        if let activityID { return activityID.rawValue }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return -Int64(hash >> 1) - 1
    }
}

extension StravaError {
    /// Whether the same token may do well with everything else.
    fileprivate var isAboutOneObject: Bool {
        switch code {
        case .serverError, .unreadable, .badRequest, .notFound, .forbidden, .paymentRequired, .scopeMissing: true
        default: false
        }
    }
}
