import Core
import Foundation
import Governor
import SyncStore
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)

private func ago(_ seconds: Double) -> Date { now.addingTimeInterval(-seconds) }

private func item(_ id: Int64, startedAgo: Double, missing: [CompletenessEndpoint: Int] = [.detail: 0, .streams: 0]) -> WorkItem {
    WorkItem(
        activityID: ActivityID(id), startAt: ago(startedAgo), firstListedAt: ago(60), lastListedAt: ago(60), missing: missing)
}

@Suite struct SyncPlanTests {
    let plan = SyncPlan(settings: SyncSettings())

    private func settled() -> SyncState {
        var state = SyncState(
            cursor: SyncCursor(
                walkStartedAt: ago(3_600), newestStartAt: ago(86_400), listedAt: ago(60), historyCompleteAt: ago(3_000)))
        state.objects = .landed(at: ago(2_900))
        return state
    }

    /// An athlete whose profile has come: the grant is theirs.
    private func known(_ cursor: SyncCursor = SyncCursor()) -> SyncState {
        var state = SyncState(cursor: cursor)
        state.objects = .landed(at: ago(5))
        return state
    }

    @Test func `a new athlete's walk begins with the first page`() {
        #expect(plan.next(known(), now: now) == .list(ListPass(kind: .walk, page: 1, after: nil)))
    }

    @Test func `before anything else a new grant is asked whose it is`() {
        var state = SyncState()
        state.request = SyncRequest(full: false, by: "admin", at: 1, only: [.list])
        #expect(plan.next(state, now: now) == .object(.profile))
    }

    @Test func `a history that is empty at first is looked at again after 5 minutes, then after twice the time that has passed`() {
        var state = known(SyncCursor(walkStartedAt: ago(10), listedAt: ago(10)))
        #expect(plan.next(state, now: now) == .done(nextDueAt: ago(10).addingTimeInterval(300)))
        state.cursor = SyncCursor(walkStartedAt: ago(910), listedAt: ago(10))
        #expect(plan.next(state, now: now) == .done(nextDueAt: ago(10).addingTimeInterval(1_800)))
        state.cursor = SyncCursor(walkStartedAt: ago(3_000), listedAt: ago(2_701))
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 1, after: nil)))
    }

    @Test func `the newest activities come before the second page`() {
        var state = known(SyncCursor(walkPage: 2, walkStartedAt: ago(10)))
        state.work = [item(1, startedAgo: 100)]
        state.newestThreshold = ago(1_000)
        #expect(plan.next(state, now: now) == .fetch(state.work[0]))
        state.newestThreshold = ago(50)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 2, after: nil)))
    }

    @Test func `an interrupted walk goes on at its page`() {
        #expect(plan.next(known(SyncCursor(walkPage: 7)), now: now) == .list(ListPass(kind: .walk, page: 7, after: nil)))
    }

    @Test func `a due look asks for what started after the newest, and never in the future`() {
        var state = settled()
        state.cursor.listedAt = ago(1_800)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 1, after: ago(86_400))))
        state.cursor.newestStartAt = now.addingTimeInterval(86_400 * 300)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 1, after: ago(3_600))))
        state.cursor.newestStartAt = nil
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 1, after: nil)))
    }

    @Test func `every six hours a look reaches back to two days before its predecessor`() {
        var state = settled()
        state.cursor.listedAt = ago(1_800)
        state.cursor.lookedBackAt = ago(7 * 3_600)
        state.cursor.walkStartedAt = ago(8 * 3_600)
        let from = ago(7 * 3_600 + 2 * 86_400)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 1, after: from, lookBackBegunAt: now)))
        state.cursor.newestStartAt = ago(30 * 86_400)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 1, after: ago(30 * 86_400), lookBackBegunAt: now)))
        state.cursor.walkStartedAt = ago(3_600)
        let ordinary = ListPass(kind: .incremental, page: 1, after: ago(30 * 86_400))
        #expect(plan.next(state, now: now) == .list(ordinary), "a walk reached back further")
    }

    @Test func `a pass goes on to its next page`() {
        var state = settled()
        state.pass = ListPass(kind: .incremental, page: 2, after: ago(100), lookBackBegunAt: ago(5)).next(
            starts: [], isFull: false, now: now)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .incremental, page: 3, after: ago(100), lookBackBegunAt: ago(5))))
    }

    @Test func `a look goes on by start behind a full page, whichever way Strava sorts`() {
        let day: Double = 86_400
        let first = ListPass(kind: .incremental, page: 1, after: ago(90 * day))
        let upwards = first.next(starts: [ago(80 * day), ago(30 * day)], isFull: true, now: now)
        #expect(upwards == ListPass(kind: .incremental, page: 1, after: ago(31 * day), isContinued: true))
        let downwards = first.next(starts: [ago(2 * day), ago(30 * day)], isFull: true, now: now)
        #expect(downwards == ListPass(kind: .incremental, page: 1, after: ago(90 * day), before: ago(29 * day), isContinued: true))
        #expect(downwards.followsFullPage && !downwards.isFirst)
        let crowdedDay = first.next(starts: [ago(90 * day - 1), ago(90 * day - 2)], isFull: true, now: now)
        #expect(crowdedDay == ListPass(kind: .incremental, page: 2, after: ago(90 * day)))
        let deviceAhead = first.next(starts: [ago(80 * day), now.addingTimeInterval(900 * day)], isFull: true, now: now)
        #expect(deviceAhead.after.map { $0 < now } == true, "Strava refuses an `after` in the future")
        #expect(first.next(starts: [ago(5)], isFull: false, now: now) == ListPass(kind: .incremental, page: 2, after: ago(90 * day)))
    }

    @Test func `nothing due means done until the list or a retry is due`() {
        var state = settled()
        #expect(plan.next(state, now: now) == .done(nextDueAt: ago(60).addingTimeInterval(900)))
        state.earliestRetryAt = now.addingTimeInterval(5)
        #expect(plan.next(state, now: now) == .done(nextDueAt: now.addingTimeInterval(5)))
    }

    @Test func `a request looks at the list at once, a full one walks it once`() {
        var state = settled()
        state.request = SyncRequest(full: false, by: "admin", at: ago(10).timeIntervalSince1970)
        guard case .list(let pass) = plan.next(state, now: now) else {
            Issue.record("the list was not asked for")
            return
        }
        #expect(pass.kind == .incremental && pass.lookBackBegunAt == now, "what somebody waits for may have come late")
        state.request = SyncRequest(full: true, by: "admin", at: ago(10).timeIntervalSince1970)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 1, after: nil)))
        state.cursor.walkStartedAt = ago(5)
        state.cursor.listedAt = ago(1)
        #expect(plan.next(state, now: now) == .object(.profile), "an FTP or a weight may have been set since")
        for place in state.objects.indices { state.objects[place].checkedAt = ago(1) }
        guard case .done = plan.next(state, now: now) else {
            Issue.record("the walk or the profile was asked for twice")
            return
        }
    }

    @Test func `the whole list is walked again after its interval`() {
        var state = settled()
        state.cursor.historyCompleteAt = ago(8 * 86_400)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 1, after: nil)))
        #expect(plan.requestClass(plan.next(state, now: now), state: state, now: now) == .repair)
    }

    @Test func `who records less often is looked at less often`() {
        var state = settled()
        let intervals = [60, 28, 7, 0].map { count -> Double in
            state.recentCount = count
            return plan.listInterval(state)
        }
        #expect(intervals == [900, 900, 1_800, 7_200])
    }

    @Test func `after a downtime what is new comes before the walk, a requested walk goes first`() {
        var state = settled()
        state.cursor.listedAt = ago(20 * 86_400)
        state.cursor.historyCompleteAt = ago(20 * 86_400)
        state.cursor.walkPage = 4
        guard case .list(let pass) = plan.next(state, now: now) else {
            Issue.record("the list was not asked for")
            return
        }
        #expect(pass.kind == .incremental)
        state.request = SyncRequest(full: true, by: "admin", at: ago(10).timeIntervalSince1970)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 4, after: nil)))
        state.request = nil
        state.cursor.listedAt = ago(1)
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 4, after: nil)))
        state.cursor.walkPage = nil
        #expect(plan.next(state, now: now) == .list(ListPass(kind: .walk, page: 1, after: nil)))
    }

    @Test func `new work is incremental, old work is history, and a request speeds up what is new`() {
        var state = settled()
        state.newestThreshold = ago(3 * 86_400)
        let old = item(1, startedAgo: 400 * 86_400, missing: [.streams: 0])
        let foundByWalk = WorkItem(
            activityID: old.activityID, startAt: old.startAt, firstListedAt: ago(3_500), lastListedAt: ago(3_500), missing: old.missing)
        #expect(plan.requestClass(.fetch(foundByWalk), state: state, now: now) == .history)
        #expect(plan.requestClass(.fetch(old), state: state, now: now) == .incremental, "a late upload is new, however old its date")
        #expect(plan.requestClass(.fetch(item(2, startedAgo: 60)), state: state, now: now) == .incremental)
        state.request = SyncRequest(full: false, by: "admin", at: 0)
        #expect(plan.requestClass(.fetch(foundByWalk), state: state, now: now) == .history)
        #expect(plan.requestClass(.fetch(item(2, startedAgo: 60)), state: state, now: now) == .connect)
    }
}
