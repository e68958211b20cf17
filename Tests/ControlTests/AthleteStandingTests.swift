import ControlAPI
import Foundation
import Governor
import Testing

@testable import ControlServer
@testable import fitnessctl

private let now = Date(timeIntervalSince1970: 1_790_035_200)

private func later(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

/// All combinations of what can be true of an athlete at once.
private struct Circumstances: CustomStringConvertible {
    var state = "active"
    var globalPause: PauseMessage?
    var ownPause: PauseMessage?
    var turn = AthleteStanding.Turn.none
    var hasWaitingCalls = false
    var waiting: WaitingMessage?
    var dueAt: Date?
    var failures = 0
    var silver: String?
    var unanswered = 0
    var quarantined = 0
    var hasWalked = true

    var description: String {
        "\(state), paused \(globalPause != nil) \(ownPause != nil), turn \(turn), waiting \(hasWaitingCalls) \(waiting?.reason ?? ""), due "
            + "\(dueAt.map { $0.timeIntervalSince(now) } ?? .infinity), \(failures) failures, \(silver ?? ""), \(unanswered), \(hasWalked)"
    }

    static var all: [Circumstances] {
        let pauses = [nil, PauseMessage(until: later(7_200), reason: "moving"), PauseMessage(until: nil, reason: nil)]
        let waits = [nil, WaitingMessage(reason: "day_pace", until: later(60)), WaitingMessage(reason: "answers", until: nil)]
        return product([Circumstances()], ["active", "reconnect", "erasing"]) { $0.state = $1 }
            .by(pauses) { $0.globalPause = $1 }.by(pauses) { $0.ownPause = $1 }
            .by(AthleteStanding.Turn.allCases) { $0.turn = $1 }.by([false, true]) { $0.hasWaitingCalls = $1 }
            .by(waits) { $0.waiting = $1 }.by([nil, later(-5), later(600)]) { $0.dueAt = $1 }.by([0, 3]) { $0.failures = $1 }
            .by([nil, "permission denied"]) { $0.silver = $1 }.by([0, 2]) { $0.unanswered = $1 }.by([true, false]) { $0.hasWalked = $1 }
    }

    var standing: AthleteStanding {
        AthleteStanding(
            athlete: AthleteMessage(
                athleteID: 7, uid: nil, state: state, stateReason: state == "reconnect" ? "revoked" : nil, scope: [], paused: ownPause,
                connectedAt: later(-86_400),
                schedule: .init(
                    dueAt: dueAt, working: turn != .none, lastStartedAt: nil, lastFinishedAt: nil,
                    lastError: failures > 0 ? "Strava said no" : nil, failures: failures),
                activities: 3, endpoints: [], newestStartAt: nil, historyCompleteAt: hasWalked ? later(-600) : nil, quality: []),
            globalPause: globalPause, turn: turn, hasWaitingCalls: hasWaitingCalls, waiting: waiting, silver: silver,
            unanswered: unanswered, isUrgent: false, now: now)
    }

    /// As `ControlRoutes.explanation` puts it together.
    var explanation: ExplanationMessage {
        let standing = standing
        let unread = hasWalked ? 0 : 1
        let completion =
            standing.unpredictable.map { CompletionMessage.unknown($0, callsLeft: 2, unreadLists: unread) }
            ?? CompletionMessage(in: 900, from: now, callsLeft: 2, unreadLists: unread)
        return ExplanationMessage(
            athleteID: 7, at: now, blockers: standing.blockers, calls: CallsMessage(list: 1, profile: 0, detail: 1, streams: 1),
            historyIsUnknown: !hasWalked, line: .init(priority: "history", ahead: standing.isInLine ? 4 : 0, dueAt: dueAt),
            completion: completion, quarantined: 1, endpoints: [],
            gaps: [.init(endpoint: "streams", state: "failed", reason: "server_error", count: 1, nextTryAt: standing.tryAt(later(180)))],
            uidMoves: [])
    }
}

extension [Circumstances] {
    fileprivate func by<Value>(_ values: [Value], _ set: (inout Circumstances, Value) -> Void) -> [Circumstances] {
        product(self, values, set)
    }
}

private func product<Value>(
    _ all: [Circumstances], _ values: [Value], _ set: (inout Circumstances, Value) -> Void
) -> [Circumstances] {
    all.flatMap { one in
        values.map { value in
            var copy = one
            set(&copy, value)
            return copy
        }
    }
}

@Suite struct AthleteStandingTests {
    private static let decisive: Set<String> = [
        "erasing", "reconnect", "working", "working_elsewhere", "waiting_for_quota", "backing_off", "in_line", "paused",
        "everything_paused",
    ]

    @Test func `one reason is decisive, or both pauses, whatever else is true`() {
        for circumstances in Circumstances.all {
            let reasons = circumstances.standing.blockers.map(\.reason)
            let decisive = reasons.filter(Self.decisive.contains)
            #expect(decisive.count <= 1 || decisive == ["everything_paused", "paused"], "\(circumstances): \(reasons)")
            #expect(Set(reasons).count == reasons.count, "\(circumstances): \(reasons)")
            #expect(decisive == Array(reasons.prefix(decisive.count)), "\(circumstances): \(reasons)")
        }
    }

    @Test func `what is said of an athlete who needs a person promises nothing`() {
        for circumstances in Circumstances.all where circumstances.state != "active" {
            let explanation = circumstances.explanation
            let text = ExplanationText(explanation: explanation).text
            #expect(explanation.gaps.allSatisfy { $0.nextTryAt == nil } && explanation.completion?.completesAt == nil, "\(circumstances)")
            for word in ["calls left", "complete  ", "queue  ", "quota", "in progress", "worker", "paused", "in 3 min"] {
                #expect(!text.contains(word), "\(circumstances): \(text)")
            }
            #expect(text.contains(circumstances.state == "reconnect" ? "after a new connect" : "being erased"), "\(circumstances): \(text)")
        }
    }

    @Test func `no line of an explanation contradicts another`() {
        for circumstances in Circumstances.all where circumstances.state == "active" {
            let text = ExplanationText(explanation: circumstances.explanation).text
            func says(_ words: String) -> Bool { text.contains(words) }
            let isPaused = circumstances.globalPause != nil || circumstances.ownPause != nil
            let isInProgress = !isPaused && circumstances.turn != .none
            #expect(says("paused") == isPaused, "\(circumstances): \(text)")
            #expect(says("next turn    in progress") == isInProgress, "\(circumstances): \(text)")
            #expect(says("a turn is in progress") || !isInProgress || says("waiting for the quota"), "\(circumstances): \(text)")
            #expect(!(says("idle") && (isPaused || isInProgress || says("due, waiting"))), "\(circumstances): \(text)")
            #expect(!(says("waiting for the quota") && says("a turn is in progress")), "\(circumstances): \(text)")
            #expect(!(says("the last turn failed") && (isInProgress || isPaused || says("worker"))), "\(circumstances): \(text)")
            #expect(says("queue  ") == says("due, waiting"), "\(circumstances): \(text)")
            #expect(!(isPaused && says("expected")), "\(circumstances): \(text)")
            #expect(!(says("expected") && says("not fully read")), "\(circumstances): \(text)")
            checkTry(circumstances, text)
        }
    }

    @Test func `each reason for which calls wait has words`() {
        for reason in WaitReason.allCases {
            #expect(WaitingReason.clause(reason.rawValue) != reason.rawValue.replacing("_", with: " "), "\(reason)")
        }
    }

    /// Nothing is tried before the turn in which it can be.
    private func checkTry(_ circumstances: Circumstances, _ text: String) {
        let tried = circumstances.explanation.gaps[0].nextTryAt
        let pauses = [circumstances.globalPause, circumstances.ownPause].compactMap(\.self)
        if pauses.contains(where: { $0.until == nil }) {
            #expect(tried == nil && text.contains("next turn    when resumed"), "\(circumstances): \(text)")
        } else if let end = pauses.compactMap(\.until).max() {
            #expect(tried.map { $0 >= end } == true, "\(circumstances): \(text)")
        } else if circumstances.turn == .none, circumstances.failures > 0, let dueAt = circumstances.dueAt, dueAt > now {
            #expect(tried == dueAt, "\(circumstances): \(text)")
        } else {
            #expect(tried == later(180), "\(circumstances): \(text)")
        }
    }
}
