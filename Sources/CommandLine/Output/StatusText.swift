import ControlAPI
import Foundation

/// The status as text.
struct StatusText {
    let status: StatusMessage
    let now: Date

    var text: String {
        let parts = [headline, summary, endpoints, LimitsText.windows(status.quota, now: now), waiting, errors]
        return parts.compactMap { $0 }.joined(separator: "\n\n")
    }

    private var headline: String {
        Terminal.bold("fitnessd \(Terminal.safe(status.version))") + ", up \(Phrase.span(Double(status.uptimeS)))"
    }

    private var summary: String {
        let athletes = status.athletes
        var states = ["\(Phrase.number(athletes.active)) active"]
        if athletes.paused > 0 { states.append("\(Phrase.number(athletes.paused)) paused") }
        if athletes.reconnect > 0 { states.append("\(Phrase.number(athletes.reconnect)) to reconnect") }
        if athletes.erasing > 0 { states.append("\(Phrase.number(athletes.erasing)) being erased") }
        return """
            athletes     \(Phrase.number(athletes.total)) (\(states.joined(separator: ", "))), \(Phrase.number(athletes.working)) in work
            activities   \(Phrase.number(status.activities))
            points       \(Phrase.number(status.silver.points)) in silver\(backlog)
            quarantine   \(Phrase.number(status.quarantined))
            quality      \(QualityText.line(status.quality))
            events       \(EventsText(events: status.events, now: now).text)
            """
    }

    private var backlog: String {
        guard status.silver.backlog > 0 else { return "" }
        let age = status.silver.oldestAt.map { ", the oldest for \(Phrase.span(now.timeIntervalSince($0)))" } ?? ""
        return "; \(Phrase.number(status.silver.backlog)) activities to transform\(age)"
    }

    private var endpoints: String? { status.endpoints.isEmpty ? nil : EndpointsText.table(status.endpoints) }

    private var waiting: String? {
        let lines = [
            status.silver.incident.map {
                "silver has stood still for \(Phrase.span(now.timeIntervalSince($0.since))): \(Terminal.safe($0.reason))"
            },
            status.paused.map { "everything is paused\(PauseText.text($0, now: now))" }, LimitsText.waiting(status.waiting, now: now),
        ]
        let text = lines.compactMap { $0 }.joined(separator: "\n")
        return text.isEmpty ? nil : text
    }

    private var errors: String? {
        guard !status.lastErrors.isEmpty else { return nil }
        var table = Table(["athlete", "when", "failures", "last error"], numbers: [0, 2])
        for error in status.lastErrors {
            table.row([String(error.athleteID), Phrase.relative(error.at, now: now), String(error.failures), error.error])
        }
        return table.text
    }
}
