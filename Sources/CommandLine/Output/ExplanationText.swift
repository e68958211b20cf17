import ControlAPI
import Foundation

/// What holds an athlete up, as text.
struct ExplanationText {
    let explanation: ExplanationMessage

    private var now: Date { explanation.at }

    var text: String {
        let lines = [
            Terminal.bold("athlete \(explanation.athleteID)"), blockers,
            "calls        \(explanation.historyIsUnknown ? "at least " : "")\(Phrase.number(explanation.calls.total))"
                + PriceText.parts(explanation.calls),
            "line         \(Terminal.safe(explanation.line.priority)), \(Phrase.number(explanation.line.ahead)) due before",
            "next         \(next)",
        ]
        let tables = [explanation.endpoints.isEmpty ? nil : EndpointsText.table(explanation.endpoints), gaps]
        return ([lines.joined(separator: "\n")] + tables.compactMap(\.self)).joined(separator: "\n\n")
    }

    private var blockers: String {
        var shown = explanation.blockers
        // A turn that waits for the quota is in work, but does nothing.
        if shown.contains(where: { $0.reason == "waiting_for_quota" }) { shown.removeAll { $0.reason == "working" } }
        if shown.isEmpty { return "held up by   nothing" }
        return shown.enumerated().map { place, blocker in
            (place == 0 ? "held up by   " : "             ") + sentence(blocker)
        }.joined(separator: "\n")
    }

    private func sentence(_ blocker: ExplanationMessage.Blocker) -> String {
        if blocker.reason == "working", let error = blocker.detail {
            return "nothing, it is in work now; its last turn failed: \(Terminal.safe(error))"
        }
        if blocker.reason == "reconnect" { return reconnect(blocker.detail) }
        let what = Self.meaning[blocker.reason] ?? Terminal.safe(blocker.reason).replacing("_", with: " ")
        let detail = blocker.detail.map { ": \(Terminal.safe($0))" } ?? ""
        return what + detail + (blocker.until.map { ", until \(Phrase.relative($0, now: now))" } ?? "")
    }

    /// The detail says itself that the athlete must connect again.
    private func reconnect(_ detail: String?) -> String {
        "access ended\(detail.map { " (\(Terminal.safe($0)))" } ?? ""). Send a new link: fitnessctl athletes connect --uid UID"
    }

    private static let meaning = [
        "erasing": "it is being erased", "silver_stopped": "silver, which stands still until this is mended",
        "everything_paused": "everything is paused", "paused": "it is paused", "working": "nothing, it is in work now",
        "waiting_for_quota": "the quota", "backing_off": "its last turns failed", "in_line": "it is due and waits for a place",
    ]

    private var next: String {
        let reasons = explanation.blockers.map(\.reason)
        if reasons.contains("reconnect") { return "after a new connect" }
        if reasons.contains("working") { return reasons.contains("waiting_for_quota") ? "when the quota allows" : "now" }
        guard let dueAt = explanation.line.dueAt else { return "not before that changes" }
        return dueAt <= now ? "in line" : Phrase.relative(dueAt, now: now)
    }

    private var gaps: String? {
        guard !explanation.gaps.isEmpty else { return nil }
        var table = Table(["missing", "count", "state", "reason", "tries", "next try", "detail"], numbers: [1, 4])
        for gap in explanation.gaps {
            table.row([
                gap.endpoint, Phrase.number(gap.count), gap.state.replacing("_", with: " "), gap.reason ?? "",
                gap.attempts.map { Phrase.number($0) } ?? "", gap.nextTryAt == nil ? "" : Phrase.relative(gap.nextTryAt, now: now),
                gap.detail ?? "",
            ])
        }
        return table.text
    }
}
