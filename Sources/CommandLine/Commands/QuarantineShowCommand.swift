import ArgumentParser
import ControlAPI
import Foundation

struct QuarantineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One entry, and what a retry would do.",
        discussion: "What Strava sent stays in the database (sync.quarantine, bronze_strava.answer): it may hold positions.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var entry: QuarantineArguments

    func run() async throws {
        let query = [
            (name: "athlete_id", value: String(entry.athlete)), (name: "endpoint", value: entry.endpoint),
            (name: "object_id", value: String(entry.object)),
        ]
        try await options.show(ControlTarget(.quarantineEntry, query: query), as: QuarantineEntryMessage.self) { text($0, now: Date()) }
    }

    private func text(_ message: QuarantineEntryMessage, now: Date) -> String {
        let entry = message.entry
        var lines = [
            Terminal.bold("\(Terminal.safe(entry.endpoint)) \(entry.objectID) of athlete \(entry.athleteID)"),
            "reason       \(Terminal.safe(entry.reason))\(entry.detail.map { ": \(Terminal.safe($0))" } ?? "")",
            "set aside    \(Phrase.relative(entry.firstAt, now: now)), last \(Phrase.relative(entry.lastAt, now: now)), "
                + "\(Phrase.number(entry.attempts)) times",
            "kept bytes   \(Phrase.number(entry.bodyBytes))",
        ]
        if let ledger = message.ledger {
            lines.append("ledger       \(Terminal.safe(ledger.state))\(ledger.reason.map { ": \(Terminal.safe($0))" } ?? "")")
            lines.append("activity     started \(Phrase.relative(ledger.startAt, now: now))")
        }
        return (lines + ["a retry      \(Self.meaning[message.remedy] ?? Terminal.safe(message.remedy))"]).joined(separator: "\n")
    }

    private static let meaning = [
        "fetch": "asks Strava for it again", "transform": "makes silver again from the answer that is here",
        "walk": "walks the whole list again",
        "look_again": "asks for each missing activity by its number, and removes those that Strava answers 404 to",
    ]
}
