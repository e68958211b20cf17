import Core
import Foundation
import StravaAPI
import SyncStore
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)

private func rules(
    _ endpoint: CompletenessEndpoint, attempts: Int = 0, startedAgo: Double = 600, listedAgo: Double = 60, walkedAgo: Double? = 3_600
) -> OutcomeRules {
    let item = WorkItem(
        activityID: ActivityID(1), startAt: now.addingTimeInterval(-startedAgo), firstListedAt: now.addingTimeInterval(-listedAgo),
        lastListedAt: now.addingTimeInterval(-listedAgo), missing: [endpoint: attempts])
    return OutcomeRules(
        item: item, endpoint: endpoint, cursor: SyncCursor(historyCompleteAt: walkedAgo.map { now.addingTimeInterval(-$0) }), now: now)
}

private func changes(_ outcome: FetchOutcome) -> [LedgerChange] {
    if case .ledger(let changes) = outcome { changes } else { [] }
}

private func answer(_ text: String) -> StravaAnswer {
    StravaAnswer(
        call: .streams(ActivityID(1), keys: StreamKey.allCases), status: 200, body: Array(text.utf8), rateLimit: nil, serverDate: nil,
        fetchedAt: now)
}

@Suite struct OutcomeRulesTests {
    @Test(arguments: zip([0, 1, 2], [300.0, 900, 2_700]))
    func `streams of a fresh upload are tried again at 5, 15 and 45 minutes`(attempts: Int, wait_s: Double) throws {
        for outcome in [
            rules(.streams, attempts: attempts).failed(StravaError(code: .notFound, status: 404)),
            rules(.streams, attempts: attempts).answered(answer(" {}\n"), athlete: AthleteID(1)),
        ] {
            let change = try #require(changes(outcome).first)
            #expect(change.state == .failed && change.nextTryAt == now.addingTimeInterval(wait_s) && change.countsAsAttempt)
        }
    }

    @Test func `after that, none at Strava is believed`() throws {
        let change = try #require(changes(rules(.streams, attempts: 3).failed(StravaError(code: .notFound, status: 404))).first)
        #expect(change.state == .empty && change.nextTryAt == nil)
    }

    @Test func `an old activity of the first walk is believed at once, a late upload is not`() {
        let old = changes(rules(.streams, startedAgo: 30 * 86_400, listedAgo: 7_200).failed(StravaError(code: .notFound, status: 404)))
        #expect(old.map(\.state) == [.empty])
        let late = changes(rules(.streams, startedAgo: 30 * 86_400, listedAgo: 60).failed(StravaError(code: .notFound, status: 404)))
        #expect(late.map(\.state) == [.failed])
    }

    @Test func `a late upload that a later walk found is not believed to be without streams at once`() {
        let item = WorkItem(
            activityID: ActivityID(1), startAt: now.addingTimeInterval(-30 * 86_400), firstListedAt: now.addingTimeInterval(-60),
            lastListedAt: now.addingTimeInterval(-60), missing: [.streams: 0])
        let cursor = SyncCursor(
            walkStartedAt: now.addingTimeInterval(-70), historyCompleteAt: now.addingTimeInterval(-50),
            firstCompleteAt: now.addingTimeInterval(-86_400))
        let outcome = OutcomeRules(item: item, endpoint: .streams, cursor: cursor, now: now).failed(
            StravaError(code: .notFound, status: 404))
        #expect(changes(outcome).map(\.state) == [.failed])
    }

    @Test func `after the next walk streams are looked for once more, and then none is believed`() {
        let item = WorkItem(
            activityID: ActivityID(1), startAt: now.addingTimeInterval(-600), firstListedAt: now.addingTimeInterval(-500),
            lastListedAt: now.addingTimeInterval(-10), missing: [.streams: 1], isSecondLook: true)
        let outcome = OutcomeRules(item: item, endpoint: .streams, cursor: SyncCursor(), now: now).failed(
            StravaError(code: .notFound, status: 404))
        #expect(changes(outcome).map(\.state) == [.empty] && changes(outcome).map(\.reason) == ["404, twice"])
    }

    @Test func `while a walk is under way, what it has not come to yet is not believed gone`() {
        let item = WorkItem(
            activityID: ActivityID(1), startAt: now.addingTimeInterval(-600), firstListedAt: now.addingTimeInterval(-500),
            lastListedAt: now.addingTimeInterval(-500), missing: [.detail: 0])
        let cursor = SyncCursor(walkPage: 2, walkStartedAt: now.addingTimeInterval(-60), historyCompleteAt: now.addingTimeInterval(-900))
        let outcome = OutcomeRules(item: item, endpoint: .detail, cursor: cursor, now: now).failed(
            StravaError(code: .notFound, status: 404))
        #expect(changes(outcome).map(\.state) == [.failed])
    }

    @Test func `a detail that stays away takes the activity with it`() {
        let gone = changes(rules(.detail, attempts: 3).failed(StravaError(code: .notFound, status: 404)))
        #expect(gone.map(\.endpoint) == [.summary, .detail, .streams] && gone.allSatisfy { $0.state == .gone })
    }

    @Test func `an activity that the last walk did not name is gone with its first 404`() {
        let item = WorkItem(
            activityID: ActivityID(1), startAt: now.addingTimeInterval(-600), firstListedAt: now.addingTimeInterval(-500),
            lastListedAt: now.addingTimeInterval(-500), missing: [.detail: 0])
        let cursor = SyncCursor(walkStartedAt: now.addingTimeInterval(-60), historyCompleteAt: now.addingTimeInterval(-30))
        let outcome = OutcomeRules(item: item, endpoint: .detail, cursor: cursor, now: now).failed(
            StravaError(code: .notFound, status: 404))
        #expect(changes(outcome).map(\.state) == [.gone, .gone, .gone])
    }

    @Test func `an error pinned to one activity is tried with growing waits, then set aside`() throws {
        let error = StravaError(code: .serverError, status: 500)
        let waits = try (0..<5).map { attempts in
            let change = try #require(changes(rules(.detail, attempts: attempts).failed(error)).first)
            return try #require(change.nextTryAt).timeIntervalSince(now)
        }
        #expect(waits == [300, 600, 1_200, 2_400, 4_800])
        #expect(changes(rules(.detail, attempts: 5).failed(error)).map(\.state) == [.quarantined])
    }

    @Test(arguments: [StravaError.Code.rateLimited, .appInactive, .capacityExceeded, .maintenance, .clientSecretWrong, .network])
    func `trouble of all stops the turn and blames no activity`(code: StravaError.Code) {
        guard case .stop(let error) = rules(.streams).failed(StravaError(code: code)) else {
            Issue.record("\(code) was laid on the activity")
            return
        }
        #expect(error.code == code)
    }

    @Test func `a missing scope is the ledger's reason`() throws {
        let error = StravaError(code: .scopeMissing, status: 401, missingScope: "activity:read_all")
        let change = try #require(changes(rules(.streams).failed(error)).first)
        #expect(change.state == .noScope && change.reason == "activity:read_all")
    }

    @Test func `a full answer lands`() {
        guard case .landed = rules(.streams).answered(answer(#"{"time":{"data":[0]}}"#), athlete: AthleteID(1)) else {
            Issue.record("a full answer did not land")
            return
        }
    }
}
