import ArgumentParser
import ControlAPI
import Foundation

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain what blocks an athlete, what is missing, and what happens next.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.explanation, athlete: id), as: ExplanationMessage.self) {
            ExplanationText(explanation: $0).text
        }
    }
}

private struct ExplanationText {
    let explanation: ExplanationMessage

    private var now: Date { explanation.at }

    var text: String {
        let lines =
            [
                Terminal.bold("athlete \(explanation.athleteID)"), blockers,
                "calls        \(explanation.historyIsUnknown ? "at least " : "")\(Phrase.calls(explanation.calls))",
                "queue        \(explanation.line.priority), \(Phrase.count(explanation.line.ahead, "athlete", "athletes")) ahead",
                "next turn    \(nextTurn)",
            ] + AthleteText.moves(explanation.uidMoves, now: now)
        let tables = [explanation.endpoints.isEmpty ? nil : Phrase.table(explanation.endpoints), gaps]
        return ([lines.joined(separator: "\n")] + tables.compactMap(\.self)).joined(separator: "\n\n")
    }

    private var blockers: String {
        var shown = explanation.blockers
        // Whatever makes a turn wait, or is about to end it, says more.
        if shown.count > 1 { shown.removeAll { $0.reason == "working" } }
        if shown.isEmpty { return "blocked by   nothing" }
        return shown.enumerated().map { place, blocker in
            (place == 0 ? "blocked by   " : "             ") + sentence(blocker)
        }.joined(separator: "\n")
    }

    private func sentence(_ blocker: ExplanationMessage.Blocker) -> String {
        let detail = blocker.detail.map { ": \($0)" } ?? ""
        let until = blocker.until.map { " until \(Phrase.time($0, now: now))" } ?? ""
        let pause = Phrase.pause(PauseMessage(until: blocker.until, reason: blocker.detail, by: blocker.by, at: blocker.at), now: now)
        switch blocker.reason {
        case "paused": return "a pause \(pause)"
        case "everything_paused": return "a pause of all syncing \(pause)"
        case "waiting_for_quota": return "the quota\(until)" + (blocker.detail.map { ": \(Phrase.quotaReason($0))" } ?? "")
        case "backing_off": return "an error, retried at \(blocker.until.map { Phrase.time($0, now: now) } ?? "some time")\(detail)"
        case "in_line": return "the queue: due, waiting for a free worker"
        case "working": return "nothing, a turn is in progress" + (blocker.detail.map { "; the previous one failed: \($0)" } ?? "")
        case "refresh_unanswered": return "a token refresh without an answer" + detail
        case "silver_stopped": return "silver, which has stopped\(detail)"
        case "erasing": return "its erasure, which is in progress"
        case "reconnect":
            let reason = blocker.detail.map { " (\($0))" } ?? ""
            return "lost access\(reason). Send the athlete a new link: fitnessctl athletes connect --uid UID"
        default: return blocker.reason.replacing("_", with: " ") + until + detail
        }
    }

    private var nextTurn: String {
        let reasons = explanation.blockers.map(\.reason)
        if reasons.contains("reconnect") { return "after a new connect" }
        if reasons.contains(where: { $0.hasSuffix("paused") }) { return "when the pause ends" }
        if reasons.contains("working") { return reasons.contains("waiting_for_quota") ? "when the quota allows" : "now" }
        guard let dueAt = explanation.line.dueAt else { return "not scheduled" }
        return dueAt <= now ? "due" : Phrase.relative(dueAt, now: now)
    }

    private var gaps: String? {
        guard !explanation.gaps.isEmpty else { return nil }
        var table = TextTable(["missing", "count", "state", "reason", "tries", "next try", "detail"], numbers: [1, 4])
        for gap in explanation.gaps {
            table.add([
                gap.endpoint, Phrase.number(gap.count), gap.state.replacing("_", with: " "), gap.reason ?? "",
                gap.attempts.map { Phrase.number($0) } ?? "", gap.nextTryAt == nil ? "" : Phrase.relative(gap.nextTryAt, now: now),
                gap.detail ?? "",
            ])
        }
        return table.text
    }
}
