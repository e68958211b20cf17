import ArgumentParser
import ControlAPI
import Foundation

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show the turns of one athlete or of all, with calls, what landed, and errors.",
        discussion: "The newest comes first; with --json one page of the API per line. Turns are kept for 30 days.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete; default: all.", completion: CompletedValues.athletes)
    var id: Int64?

    @OptionGroup var range: PageOptions

    @Flag(help: "Only turns that failed.")
    var failed = false

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        let route = id == nil ? ControlRoute.historyAll : .historyAthlete
        let runs: [HistoryMessage.EndedTurn] = try await range.collect(
            options, pageMax: HistoryMessage.pageMax,
            { ControlTarget(route, athlete: id, query: $0 + (failed ? [("failed", "true")] : [])) },
            { (page: HistoryMessage) in (page.runs, page.nextBefore) })
        if !options.json { Terminal.print(text(runs)) }
    }

    private func text(_ runs: [HistoryMessage.EndedTurn]) -> String {
        guard !runs.isEmpty else { return failed ? "no turn failed" : "no turns" }
        let now = Date()
        var table = TextTable(
            ["ended", "athlete", "by", "outcome", "calls", "landed", "took", "error"], numbers: [1, 4, 5, 6], times: [0], optional: [7])
        for run in runs {
            table.add([
                Phrase.cell(run.finishedAt, now: now), String(run.athleteID), run.kind == "rhythm" ? "schedule" : run.kind, run.outcome,
                Phrase.number(run.calls), Phrase.number(run.landed), Phrase.span(run.durationS), run.error ?? "",
            ])
        }
        return table.text
    }
}
