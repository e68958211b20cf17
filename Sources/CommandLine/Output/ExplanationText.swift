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
        if explanation.blockers.isEmpty { return "held up by   nothing" }
        return explanation.blockers.enumerated().map { place, blocker in
            (place == 0 ? "held up by   " : "             ") + sentence(blocker)
        }.joined(separator: "\n")
    }

    private func sentence(_ blocker: ExplanationMessage.Blocker) -> String {
        let what = Self.meaning[blocker.reason] ?? Terminal.safe(blocker.reason).replacing("_", with: " ")
        let detail = blocker.detail.map { ": \(Terminal.safe($0))" } ?? ""
        return what + detail + (blocker.until.map { ", until \(Phrase.relative($0, now: now))" } ?? "")
    }

    private static let meaning = [
        "erasing": "it is being erased", "reconnect": "the grant is dead, the athlete must connect again",
        "everything_paused": "everything is paused", "paused": "it is paused", "working": "nothing, it is in work now",
        "waiting_for_quota": "the quota", "backing_off": "its last turns failed", "in_line": "it is due and waits for a place",
    ]

    private var next: String {
        if explanation.blockers.contains(where: { $0.reason == "working" }) { return "now" }
        guard let dueAt = explanation.line.dueAt else { return "not before that changes" }
        return dueAt <= now ? "in line" : Phrase.relative(dueAt, now: now)
    }

    private var gaps: String? {
        guard !explanation.gaps.isEmpty else { return nil }
        var table = Table(["missing", "count", "state", "reason", "next try"], numbers: [1])
        for gap in explanation.gaps {
            table.row([
                gap.endpoint, Phrase.number(gap.count), gap.state.replacing("_", with: " "), gap.reason ?? "",
                gap.nextTryAt == nil ? "" : Phrase.relative(gap.nextTryAt, now: now),
            ])
        }
        return table.text
    }
}
