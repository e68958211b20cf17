import ControlAPI
import Foundation

/// Where an athlete stands, decided once from all that is known, so that no two sentences about it contradict each other. Pure.
struct AthleteStanding: Sendable {
    /// Who holds the lease of a turn in progress.
    enum Turn: Sendable, CaseIterable { case none, here, elsewhere }

    /// Exactly one of these holds.
    private enum Kind {
        case erasing, reconnect, paused, waiting, working, workingElsewhere, inLine, backingOff, idle
    }

    let athlete: AthleteMessage
    let globalPause: PauseMessage?
    let turn: Turn
    /// Calls of this athlete wait for the quota in this process.
    let hasWaitingCalls: Bool
    /// What the governor's next call waits for; nil: no call waits.
    let waiting: WaitingMessage?
    /// Why silver has stopped; nil: it has not.
    let silver: String?
    /// Token refreshes without an answer since the grant was last renewed.
    let unanswered: Int
    /// Urgent calls don't wait for the reserve or the day's pace.
    let isUrgent: Bool
    let now: Date

    private var kind: Kind {
        if athlete.state == "erasing" { return .erasing }
        if athlete.state != "active" { return .reconnect }
        if globalPause != nil || athlete.paused != nil { return .paused }
        switch turn {
        case .elsewhere: return .workingElsewhere
        case .here: return hasWaitingCalls && waiting != nil ? .waiting : .working
        case .none: break
        }
        guard let dueAt = athlete.schedule.dueAt, dueAt > now else { return athlete.schedule.dueAt == nil ? .idle : .inLine }
        return athlete.schedule.failures > 0 ? .backingOff : .idle
    }

    /// The decisive reason first; then what does not depend on it.
    var blockers: [ExplanationMessage.Blocker] {
        let stopped = silver.map { [ExplanationMessage.Blocker(reason: "silver_stopped", detail: $0)] } ?? []
        return switch kind {
        case .erasing: [.init(reason: "erasing")]
        case .reconnect: [.init(reason: athlete.state, detail: athlete.stateReason)] + stopped
        case .paused: pauses + stopped
        case .waiting: [.init(reason: "waiting_for_quota", detail: waiting?.reason, until: waiting?.until)] + stopped
        case .working: [.init(reason: "working", detail: lastError)] + stopped
        case .workingElsewhere: [.init(reason: "working_elsewhere")] + stopped
        case .inLine: [.init(reason: "in_line", detail: queueWaits?.reason, until: queueWaits?.until)] + lostAnswers + stopped
        case .backingOff:
            [.init(reason: "backing_off", detail: athlete.schedule.lastError, until: athlete.schedule.dueAt)] + lostAnswers + stopped
        case .idle: lostAnswers + stopped
        }
    }

    /// Whether the athlete has a place in the queue.
    var isInLine: Bool { kind == .inLine }

    /// Why no time of completion can be given; nil: nothing here speaks against it.
    var unpredictable: String? {
        switch kind {
        case .erasing, .reconnect: athlete.state
        case .paused: globalPause == nil ? "paused" : "everything_paused"
        case .backingOff: "backing_off"
        case .waiting, .working, .workingElsewhere, .inLine, .idle: nil
        }
    }

    /// When something whose own time has come is tried; nil: not before a person has done something.
    func tryAt(_ own: Date?) -> Date? {
        guard let own else { return nil }
        return switch kind {
        case .erasing, .reconnect: nil
        case .paused: pauseEnd.map { max($0, own) }
        case .backingOff: athlete.schedule.dueAt.map { max($0, own) }
        case .waiting, .working, .workingElsewhere, .inLine, .idle: own
        }
    }

    private var pauses: [ExplanationMessage.Blocker] {
        let all = globalPause.map {
            ExplanationMessage.Blocker(reason: "everything_paused", detail: $0.reason, until: $0.until, by: $0.by, at: $0.at)
        }
        let own = athlete.paused.map {
            ExplanationMessage.Blocker(reason: "paused", detail: $0.reason, until: $0.until, by: $0.by, at: $0.at)
        }
        return [all, own].compactMap(\.self)
    }

    /// When both pauses have ended; nil: that is not set.
    private var pauseEnd: Date? {
        let pauses = [globalPause, athlete.paused].compactMap(\.self)
        return pauses.contains { $0.until == nil } ? nil : pauses.compactMap(\.until).max()
    }

    private var lastError: String? { athlete.schedule.failures > 0 ? athlete.schedule.lastError : nil }

    /// What the calls of the athletes ahead wait for.
    private var queueWaits: WaitingMessage? {
        isUrgent && ["reserve", "day_pace"].contains(waiting?.reason) ? nil : waiting
    }

    /// A refresh that is under way has no answer yet, either: it belongs to a turn.
    private var lostAnswers: [ExplanationMessage.Blocker] {
        guard unanswered > 0 else { return [] }
        let detail = """
            Strava's answer to \(unanswered) \(unanswered == 1 ? "refresh" : "refreshes") of the token was lost; the old tokens are tried again for \
            as long as Strava takes them, then the athlete must connect again
            """
        return [.init(reason: "refresh_unanswered", detail: detail)]
    }
}
