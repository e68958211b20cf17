import Core
import Foundation
import Governor
import TestKit
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)

private func ago(_ seconds: Double) -> Date { now.addingTimeInterval(-seconds) }

/// A turn of the rules alone: a test says what is sent, answered and landed.
private struct RulesTurn {
    var rules: TurnRules
    var state: SyncState
    var situation = TurnRules.Situation(now: now)
    /// Every target that was begun, in order.
    var begun: [TurnCall.Target] = []
    var classes: Set<RequestClass> = []
    private(set) var reads = 0

    init(_ state: SyncState, claimPriority: Int = 4, settings: SyncSettings = SyncSettings()) {
        rules = TurnRules(plan: SyncPlan(settings: settings), claimPriority: claimPriority)
        self.state = state
    }

    /// Begins calls and reads until the rules want something else.
    mutating func advance() -> TurnRules.Move {
        while true {
            let move = rules.next(state, situation)
            switch move {
            case .begin(let calls, let requestClass):
                begun += calls.map(\.target)
                classes.insert(requestClass)
            case .read:
                reads += 1
                rules.stateWasRead()
            case .wait, .withdraw, .end: return move
            }
        }
    }

    mutating func land(_ targets: [TurnCall.Target]) {
        for target in targets {
            rules.sent(target)
            rules.answered(target)
            if case .activity(let id, let endpoint) = target { state.settled(id, endpoint) }
            rules.landed(target)
        }
    }

    var activities: [ActivityID] {
        begun.compactMap { if case .activity(let id, .detail) = $0 { id } else { nil } }
    }
}

private func isWait(_ move: TurnRules.Move) -> Bool { if case .wait = move { true } else { false } }
private func isWithdraw(_ move: TurnRules.Move) -> Bool { if case .withdraw = move { true } else { false } }
private func ending(_ move: TurnRules.Move) -> TurnRules.Ending? { if case .end(let ending) = move { ending } else { nil } }

@Suite struct TurnRulesTests {
    /// An athlete whose list is known, with so many activities to fetch, the newest first; none of them is new.
    private func history(_ count: Int) -> SyncState {
        var state = SyncState(
            cursor: SyncCursor(
                walkStartedAt: ago(3_600), newestStartAt: ago(86_400), listedAt: ago(60), historyCompleteAt: ago(3_000),
                firstCompleteAt: ago(3_000)))
        state.objects = .landed(at: ago(2_900))
        state.newestThreshold = ago(86_400)
        state.work = (0..<count).map { index in
            WorkItem(
                activityID: ActivityID(Int64(1_000 - index)), startAt: ago(Double(index + 100) * 86_400), firstListedAt: ago(4_000),
                lastListedAt: ago(4_000), missing: [.detail: 0, .streams: 0])
        }
        return state
    }

    @Test func `a turn alone has the calls of eight activities open, the newest first`() {
        var turn = RulesTurn(history(20))
        #expect(isWait(turn.advance()))
        #expect(turn.begun.count == 16)
        #expect(turn.activities == turn.state.work.prefix(8).map(\.activityID))
        turn.land(Array(turn.begun.prefix(2)))
        #expect(isWait(turn.advance()))
        #expect(turn.begun.count == 18, "one activity landed, one begins")
    }

    @Test(arguments: [(1, 16), (2, 16), (4, 8), (16, 2), (64, 2)])
    func `turns share the calls in flight, and each has at least one activity's`(turns: Int, calls: Int) {
        var turn = RulesTurn(history(20))
        turn.situation.turnCount = turns
        _ = turn.advance()
        #expect(turn.begun.count == calls)
    }

    @Test func `nothing is begun twice, whatever lands in which order`() {
        var random = SeededRandom(seed: modelSeed)
        for _ in 0..<50 {
            var turn = RulesTurn(history(30))
            var open: [TurnCall.Target] = []
            while true {
                let before = turn.begun.count
                let move = turn.advance()
                open += turn.begun[before...]
                if ending(move) != nil { break }
                #expect(open.count <= 16)
                open.shuffle(using: &random)
                let count = Int.random(in: 1...open.count, using: &random)
                turn.land(Array(open.prefix(count)))
                open.removeFirst(count)
            }
            #expect(open.isEmpty)
            #expect(turn.begun.count == 60 && Set(turn.begun).count == 60)
        }
    }

    @Test func `an activity's answers land together, unless one of its calls has not been sent`() {
        var turn = RulesTurn(history(1))
        _ = turn.advance()
        let (detail, streams) = (turn.begun[0], turn.begun[1])
        turn.rules.sent(detail)
        turn.rules.answered(detail)
        #expect(turn.rules.landable == [detail], "the other may wait for its permit for long")
        turn.rules.sent(streams)
        #expect(turn.rules.landable == [])
        turn.rules.answered(streams)
        #expect(turn.rules.landable == [detail, streams])
    }

    @Test func `nothing else is begun until a new grant has shown whose it is`() {
        var state = history(3)
        state.objects[0].state = .pending
        var turn = RulesTurn(state)
        #expect(isWait(turn.advance()))
        #expect(turn.begun == [.object(.profile)])
    }

    @Test func `the second page is asked for beside the newest activities, and history waits for the end of the list`() {
        var state = history(12)
        state.cursor = SyncCursor(walkPage: 2, walkStartedAt: ago(10))
        state.newestThreshold = state.work[2].startAt
        var turn = RulesTurn(state, claimPriority: 0)
        #expect(isWait(turn.advance()))
        #expect(turn.activities == state.work.prefix(3).map(\.activityID))
        #expect(turn.begun.last == .list)
    }

    @Test func `what is new is fetched while the list is read on`() {
        var state = history(1)
        state.pass = ListPass(kind: .incremental, page: 2, after: ago(100))
        state.newestThreshold = .distantPast
        var turn = RulesTurn(state, claimPriority: 2)
        #expect(isWait(turn.advance()))
        #expect(turn.begun.first == .list && turn.begun.count == 3)
        turn.rules.sent(.list)
        turn.rules.answered(.list)
        #expect(isWait(turn.advance()), "an answered list lands before anything is begun")
    }

    @Test func `a pause gives up what has not been sent, and ends the turn once the rest has landed`() {
        var turn = RulesTurn(history(20))
        _ = turn.advance()
        for target in turn.begun.prefix(6) { turn.rules.sent(target) }
        turn.situation.mayGoOn = false
        #expect(isWithdraw(turn.advance()))
        for target in turn.begun.dropFirst(6) { turn.rules.dropped(target) }
        #expect(isWait(turn.advance()))
        turn.situation.mayGoOn = true
        #expect(isWait(turn.advance()), "a turn that ends begins nothing more")
        turn.land(Array(turn.begun.prefix(6)))
        #expect(ending(turn.advance()) == .stopped(priority: 4))
        #expect(turn.begun.count == 16)
    }

    @Test func `a stop and a failure end a turn in the same way`() {
        for isStop in [true, false] {
            var turn = RulesTurn(history(20))
            _ = turn.advance()
            turn.rules.sent(turn.begun[0])
            if isStop { turn.situation.isDraining = true } else { turn.rules.failed() }
            #expect(isWithdraw(turn.advance()))
            for target in turn.begun.dropFirst() { turn.rules.dropped(target) }
            #expect(isWait(turn.advance()))
            turn.land([turn.begun[0]])
            #expect(ending(turn.advance()) == (isStop ? .stopped(priority: 4) : .failed))
        }
    }

    @Test func `while others are due a turn ends after one activity`() {
        var turn = RulesTurn(history(20))
        turn.situation.isAnyoneDue = true
        #expect(isWait(turn.advance()))
        #expect(turn.begun.count == 2)
        turn.land(turn.begun)
        #expect(ending(turn.advance()) == .more(priority: 4))
    }

    @Test func `a turn of history brings one activity, however many calls its look takes`() {
        var state = history(20)
        state.cursor.listedAt = ago(86_400)
        var turn = RulesTurn(state)
        turn.situation.isAnyoneDue = true
        #expect(isWait(turn.advance()))
        #expect(turn.begun == [.list])
        turn.state.pass = ListPass(kind: .incremental, page: 2, after: ago(86_400))
        turn.land([.list])
        #expect(isWait(turn.advance()))
        #expect(turn.begun == [.list, .list])
        (turn.state.pass, turn.state.cursor.listedAt) = (nil, now)
        turn.land([.list])
        #expect(isWait(turn.advance()))
        #expect(turn.activities.count == 1)
        turn.land(Array(turn.begun.dropFirst(2)))
        #expect(ending(turn.advance()) == .more(priority: 4))
    }

    @Test func `a turn makes a bounded number of calls`() {
        var turn = RulesTurn(history(80))
        var landed = 0
        while ending(turn.advance()) == nil {
            turn.land(Array(turn.begun[landed...]))
            landed = turn.begun.count
        }
        #expect(turn.begun.count == SyncSettings().requestsPerTurnMax)
    }

    @Test func `history leaves the urgent line`() {
        var turn = RulesTurn(history(3), claimPriority: 0)
        #expect(ending(turn.advance()) == .more(priority: 4))
        #expect(turn.begun.isEmpty)
    }

    @Test func `a turn is done only by a state that no landing has changed since`() {
        var turn = RulesTurn(history(2))
        _ = turn.advance()
        turn.land(turn.begun)
        guard case .done = ending(turn.advance()) else {
            Issue.record("not done")
            return
        }
        #expect(turn.reads == 1)
        var idle = RulesTurn(history(0))
        _ = idle.advance()
        #expect(idle.reads == 0)
    }

    @Test func `work behind the bound of one read is read while calls are open`() {
        var state = history(9)
        state.isWorkComplete = false
        var turn = RulesTurn(state)
        _ = turn.advance()
        turn.land(Array(turn.begun.prefix(4)))
        #expect(isWait(turn.advance()))
        #expect(turn.reads == 1 && turn.begun.count == 18)
    }
}
