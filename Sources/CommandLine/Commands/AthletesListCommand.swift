import ArgumentParser
import ControlAPI
import Foundation

struct AthletesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all athletes; with --json one page of the API per line.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        var after: Int64? = 0
        var athletes: [AthleteMessage] = []
        while let start = after {
            let bytes = try await options.client.bytes(ControlTarget(.athletes, query: [("after", String(start))]))
            let page: AthletesMessage = try ControlClient.decoded(bytes)
            if options.json { Terminal.print(Terminal.line(bytes)) } else { athletes += page.athletes }
            after = page.nextAfter
        }
        if !options.json { Terminal.print(text(athletes)) }
    }

    private func text(_ athletes: [AthleteMessage]) -> String {
        guard !athletes.isEmpty else {
            return "no athletes yet; add some with fitnessctl athletes connect --uid NAME or athletes import FILE"
        }
        let now = Date()
        var table = TextTable(
            ["athlete", "uid", "state", "activities", "streams", "to fetch", "last turn", "next turn", "last error"],
            numbers: [0, 3, 4, 5],
            times: [6, 7], optional: [8], secondary: [4])
        for athlete in athletes { table.add(cells(athlete, now)) }
        return table.text
    }

    private func cells(_ athlete: AthleteMessage, _ now: Date) -> [String] {
        let schedule = athlete.schedule
        let toFetch = athlete.endpoints.map { $0.pending + $0.failed }.reduce(0, +)
        let streams = athlete.endpoints.first { $0.endpoint == "streams" }?.landed ?? 0
        return [
            String(athlete.athleteID), athlete.uid ?? "-", AthleteText.state(athlete), Phrase.number(athlete.activities),
            Phrase.number(streams), Phrase.number(toFetch), Phrase.cell(schedule.lastFinishedAt, now: now),
            AthleteText.next(athlete, now: now) { Phrase.cell($0, now: $1) }, schedule.lastError ?? "",
        ]
    }
}
