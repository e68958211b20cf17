import ControlAPI
import Foundation

/// What holds an athlete up, from what is known of it. Pure: the first blocker decides, the others come after it.
struct Blockers {
    let athlete: AthleteMessage
    let everything: PauseMessage?
    let waiting: WaitingMessage?
    /// Why silver stands still; nil: it does not.
    var silver: String? = nil
    let now: Date

    var all: [ExplanationMessage.Blocker] {
        let stopped = silver.map { [ExplanationMessage.Blocker(reason: "silver_stopped", detail: $0)] } ?? []
        if athlete.state != "active" { return [.init(reason: athlete.state, detail: athlete.stateReason)] + stopped }
        return pauses + turn + stopped
    }

    private var pauses: [ExplanationMessage.Blocker] {
        let all = everything.map { ExplanationMessage.Blocker(reason: "everything_paused", detail: $0.reason, until: $0.until) }
        let own = athlete.paused.map { ExplanationMessage.Blocker(reason: "paused", detail: $0.reason, until: $0.until) }
        return [all, own].compactMap(\.self)
    }

    private var turn: [ExplanationMessage.Blocker] {
        let schedule = athlete.schedule
        let quota = waiting.map { ExplanationMessage.Blocker(reason: "waiting_for_quota", detail: $0.reason, until: $0.until) }
        if schedule.working {
            let error = schedule.failures > 0 ? schedule.lastError : nil
            return [quota, .init(reason: "working", detail: error)].compactMap(\.self)
        }
        guard let dueAt = schedule.dueAt, pauses.isEmpty else { return [] }
        if dueAt <= now { return [.init(reason: "in_line"), quota].compactMap(\.self) }
        guard schedule.failures > 0 else { return [] }
        return [.init(reason: "backing_off", detail: schedule.lastError, until: dueAt)]
    }
}
