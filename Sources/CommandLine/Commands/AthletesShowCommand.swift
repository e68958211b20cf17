import ArgumentParser
import ControlAPI
import Foundation

struct AthletesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one athlete: state, schedule and completeness.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.athlete, athlete: id), as: AthleteMessage.self) {
            AthleteText.text($0, now: Date())
        }
    }
}

/// One athlete as text; `athletes list` shows parts of it.
enum AthleteText {
    fileprivate static func text(_ athlete: AthleteMessage, now: Date) -> String {
        var lines = [
            Terminal.bold("athlete \(athlete.athleteID)") + (athlete.uid.map { " (\($0))" } ?? ""),
            "state        \(state(athlete))\(reason(athlete, now))",
            "scope        \(athlete.scope.joined(separator: ", "))",
            "connected    \(Phrase.time(athlete.connectedAt, now: now))",
            "activities   \(Phrase.number(athlete.activities))\(athlete.newestStartAt.map { ", newest \(Phrase.time($0, now: now))" } ?? "")",
            "history      \(athlete.historyCompleteAt.map { "completed \(Phrase.time($0, now: now))" } ?? "not complete yet")",
            "last turn    \(athlete.schedule.lastFinishedAt.map { Phrase.time($0, now: now) } ?? "-")",
            "next turn    \(next(athlete, now: now) { Phrase.time($0, now: $1) })",
            "quality      \(Phrase.quality(athlete.quality))",
        ]
        if let error = athlete.schedule.lastError {
            lines.append(Terminal.red("last error   \(error) (\(athlete.schedule.failures) in a row)"))
        }
        lines += AthleteText.moves(athlete.uidMoves, now: now)
        let endpoints = athlete.endpoints.isEmpty ? [] : ["", Phrase.table(athlete.endpoints)]
        return (lines + endpoints).joined(separator: "\n")
    }

    /// Uids that changed, one a line.
    static func moves(_ moves: [UIDMoveMessage], now: Date) -> [String] {
        moves.map { move in
            let to = move.to ?? "none, another athlete has it now"
            return "uid moved    \(move.from) \u{2192} \(to), by \(move.by) at \(Phrase.time(move.at, now: now))"
        }
    }

    /// One word: `active`, `working`, `paused`, `reconnect` or `erasing`.
    static func state(_ athlete: AthleteMessage) -> String {
        if athlete.state == "active" { return athlete.paused != nil ? "paused" : athlete.schedule.working ? "working" : "active" }
        return athlete.state
    }

    /// - Parameter time: how a time is written.
    static func next(_ athlete: AthleteMessage, now: Date, _ time: (Date, Date) -> String) -> String {
        if athlete.state != "active" { return "-" }
        if athlete.schedule.working { return "now" }
        if let paused = athlete.paused { return paused.until.map { time($0, now) } ?? "when resumed" }
        guard let due = athlete.schedule.dueAt else { return "-" }
        return due <= now ? "due" : time(due, now)
    }

    private static func reason(_ athlete: AthleteMessage, _ now: Date) -> String {
        if athlete.state == "active", let paused = athlete.paused { return " \(Phrase.pause(paused, now: now))" }
        return athlete.stateReason.map { ": \($0)" } ?? ""
    }
}
