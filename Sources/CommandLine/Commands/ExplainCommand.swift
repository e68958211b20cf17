import ArgumentParser
import ControlAPI
import Foundation

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain what blocks an athlete, what is missing, and what happens next.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.explanation, athlete: id), as: ExplanationMessage.self) {
            ExplanationText(explanation: $0).text
        }
    }
}

/// An explanation as text. Each line is derived from the same blockers, so that none contradicts another.
struct ExplanationText {
    let explanation: ExplanationMessage

    private var now: Date { explanation.at }
    private var reasons: Set<String> { Set(explanation.blockers.map(\.reason)) }
    /// Nothing is fetched before a person has done something.
    private var isStopped: Bool { !reasons.isDisjoint(with: ["erasing", "reconnect"]) }

    var text: String {
        var lines = [Terminal.bold("athlete \(explanation.athleteID)"), standing, "next turn    \(nextTurn)"]
        if reasons.contains("in_line") {
            let ahead = Phrase.count(explanation.line.ahead, "athlete", "athletes")
            lines.append("queue        \(explanation.line.priority), \(ahead) ahead")
        }
        if !isStopped {
            lines.append("calls left   \(explanation.historyIsUnknown ? "at least " : "")\(Phrase.calls(explanation.calls))")
            if let completion { lines.append("complete     \(completion)") }
        }
        if let count = explanation.quarantined, count > 0 {
            lines.append(
                "quarantine   \(Phrase.count(count, "entry", "entries")): fitnessctl quarantine list --athlete \(explanation.athleteID)")
        }
        lines += AthleteText.moves(explanation.uidMoves, now: now)
        let tables = [explanation.endpoints.isEmpty ? nil : Phrase.table(explanation.endpoints), gaps]
        return ([lines.joined(separator: "\n")] + tables.compactMap(\.self)).joined(separator: "\n\n")
    }

    /// Of a pause or an error the line above says enough.
    private var completion: String? {
        guard let completion = explanation.completion else { return nil }
        if ["paused", "everything_paused", "backing_off"].contains(completion.unknownBecause) { return nil }
        if completion.callsLeft == 0, completion.unknownBecause == nil { return "nothing is left to fetch" }
        return Phrase.completion(completion, now: now)
    }

    private var standing: String {
        var sentences = explanation.blockers.map(sentence)
        // What does not block the athlete stands behind the state.
        if reasons.isSubset(of: ["refresh_unanswered", "silver_stopped"]) { sentences.insert("idle, nothing blocks the athlete", at: 0) }
        return sentences.enumerated().map { place, sentence in
            (place == 0 ? "state        " : "             ") + sentence
        }.joined(separator: "\n")
    }

    private func sentence(_ blocker: ExplanationMessage.Blocker) -> String {
        let detail = blocker.detail.map { ": \($0)" } ?? ""
        let until = blocker.until.map { " until \(Phrase.time($0, now: now))" } ?? ""
        let quota = blocker.detail.map { ": \(WaitingReason.clause($0))" } ?? ""
        let pause = Phrase.pause(PauseMessage(until: blocker.until, reason: blocker.detail, by: blocker.by, at: blocker.at), now: now)
        switch blocker.reason {
        case "paused": return "paused \(pause)"
        case "everything_paused": return "all syncing is paused \(pause)"
        case "waiting_for_quota": return "waiting for the quota\(until)\(quota)"
        case "backing_off": return "the last turn failed\(detail)"
        case "in_line" where blocker.detail == nil: return "due, waiting for a free worker"
        case "in_line": return "due, waiting in the queue; the turns ahead wait for the quota\(until)\(quota)"
        case "working": return "a turn is in progress" + (blocker.detail.map { "; the previous one failed: \($0)" } ?? "")
        case "working_elsewhere": return "a turn is in progress, in another fitnessd on this database"
        case "refresh_unanswered": return "a token refresh got no answer" + detail
        case "silver_stopped": return "silver has stopped, so that what is fetched does not appear there\(detail)"
        case "erasing": return "being erased"
        case "reconnect":
            let reason = blocker.detail.map { " (\($0))" } ?? ""
            return "access was lost\(reason). Send the athlete a new link: fitnessctl athletes connect --uid UID"
        default: return blocker.reason.replacing("_", with: " ") + until + detail
        }
    }

    private var nextTurn: String {
        if reasons.contains("erasing") { return "none" }
        if reasons.contains("reconnect") { return "after a new connect" }
        let pauses = explanation.blockers.filter { $0.reason.hasSuffix("paused") }
        if pauses.contains(where: { $0.until == nil }) { return "when resumed" }
        if let end = pauses.compactMap(\.until).max() { return "after the pause, \(Phrase.time(end, now: now))" }
        if !reasons.isDisjoint(with: ["working", "working_elsewhere", "waiting_for_quota"]) { return "in progress" }
        if reasons.contains("in_line") { return "as soon as a worker is free" }
        guard let dueAt = explanation.line.dueAt else { return "not scheduled" }
        return Phrase.time(dueAt, now: now)
    }

    private var gaps: String? {
        guard !explanation.gaps.isEmpty else { return nil }
        var table = TextTable(
            ["missing", "count", "state", "reason", "tries", "next try", "detail"], numbers: [1, 4], times: [5], optional: [3, 4, 5, 6])
        for gap in explanation.gaps {
            table.add([
                gap.endpoint, Phrase.number(gap.count), gap.state.replacing("_", with: " "), gap.reason ?? "",
                gap.attempts.map { Phrase.number($0) } ?? "", gap.nextTryAt.map { Phrase.cell($0, now: now) } ?? "",
                gap.detail ?? "",
            ])
        }
        return table.text
    }
}
