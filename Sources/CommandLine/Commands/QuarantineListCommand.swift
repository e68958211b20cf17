import ArgumentParser
import ControlAPI
import Foundation

struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the entries, newest first.")

    @OptionGroup var options: GlobalOptions

    @Option(help: "Only entries of this athlete.", completion: CompletedValues.athletes)
    var athlete: Int64?

    func validate() throws { try AthleteArgument.check(athlete) }

    func run() async throws {
        let query = athlete.map { [(name: "athlete_id", value: String($0))] } ?? []
        try await options.show(ControlTarget(.quarantine, query: query), as: QuarantineMessage.self) { text($0) }
    }

    private func text(_ quarantine: QuarantineMessage) -> String {
        guard !quarantine.entries.isEmpty else { return "the quarantine is empty" }
        let now = Date()
        var table = TextTable(
            ["athlete", "endpoint", "object", "reason", "attempts", "last", "detail"], numbers: [0, 2, 4], times: [5], optional: [6])
        for entry in quarantine.entries {
            table.add([
                String(entry.athleteID), entry.endpoint, String(entry.objectID), entry.reason, String(entry.attempts),
                Phrase.cell(entry.lastAt, now: now), entry.detail ?? "",
            ])
        }
        let more = quarantine.total - quarantine.entries.count
        return table.text + (more > 0 ? "\nand \(Phrase.number(more)) more" : "")
    }
}
