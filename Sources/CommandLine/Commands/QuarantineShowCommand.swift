import ArgumentParser
import ControlAPI
import Foundation

struct QuarantineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one entry and what a retry would do.",
        discussion:
            "Strava's answer is not shown, as it may contain positions. It is in the database: sync.quarantine, bronze_strava.answer.")

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
            Terminal.bold("\(entry.endpoint) \(entry.objectID) of athlete \(entry.athleteID)"),
            "reason       \(entry.reason)\(entry.detail.map { ": \($0)" } ?? "")",
            "first        \(Phrase.time(entry.firstAt, now: now))",
            "last         \(Phrase.time(entry.lastAt, now: now)), \(Phrase.count(entry.attempts, "attempt", "attempts")) so far",
            "stored       \(Phrase.count(entry.bodyBytes, "byte", "bytes"))",
        ]
        if let ledger = message.ledger {
            lines.append("ledger       \(ledger.state)\(ledger.reason.map { ": \($0)" } ?? "")")
            lines.append("activity     started \(Phrase.time(ledger.startAt, now: now))")
        }
        return (lines + ["a retry      \(Self.meaning[message.remedy] ?? message.remedy)"]).joined(separator: "\n")
    }

    private static let meaning = [
        "fetch": "asks Strava for it again", "transform": "makes silver again from the stored answer",
        "walk": "walks the whole list again",
        "look_again": "asks for each missing activity by its number and removes those for which Strava answers 404",
    ]
}
