import ControlAPI
import Foundation

/// One athlete as text.
enum AthleteText {
    static func text(_ athlete: AthleteMessage, now: Date) -> String {
        var lines = [
            Terminal.bold("athlete \(athlete.athleteID)") + (athlete.uid.map { " (\(Terminal.safe($0)))" } ?? ""),
            "state        \(state(athlete))\(reason(athlete, now))",
            "scope        \(athlete.scope.map(Terminal.safe).joined(separator: ", "))",
            "connected    \(Phrase.relative(athlete.connectedAt, now: now))",
            "activities   \(Phrase.number(athlete.activities)), newest from \(Phrase.relative(athlete.newestStartAt, now: now))",
            "history      \(athlete.historyCompleteAt.map { "complete \(Phrase.relative($0, now: now))" } ?? "not yet complete")",
            "last sync    \(Phrase.relative(athlete.schedule.lastFinishedAt, now: now))",
            "next         \(next(athlete, now: now))",
            "quality      \(QualityText.line(athlete.quality))",
        ]
        if let error = athlete.schedule.lastError {
            lines.append(Terminal.red("last error   \(Terminal.safe(error)) (\(athlete.schedule.failures) in a row)"))
        }
        let endpoints = athlete.endpoints.isEmpty ? [] : ["", EndpointsText.table(athlete.endpoints)]
        return (lines + endpoints).joined(separator: "\n")
    }

    /// One word: what the athlete's state means for the sync.
    static func state(_ athlete: AthleteMessage) -> String {
        if athlete.state == "active" { return athlete.paused != nil ? "paused" : athlete.schedule.working ? "working" : "active" }
        return Terminal.safe(athlete.state)
    }

    static func next(_ athlete: AthleteMessage, now: Date) -> String {
        if athlete.state != "active" { return "-" }
        if athlete.schedule.working { return "now" }
        if let paused = athlete.paused { return paused.until.map { Phrase.relative($0, now: now) } ?? "when resumed" }
        guard let due = athlete.schedule.dueAt else { return "-" }
        return due <= now ? "in line" : Phrase.relative(due, now: now)
    }

    private static func reason(_ athlete: AthleteMessage, _ now: Date) -> String {
        if athlete.state == "active", let paused = athlete.paused { return PauseText.text(paused, now: now) }
        return athlete.stateReason.map { ": \(Terminal.safe($0))" } ?? ""
    }
}
