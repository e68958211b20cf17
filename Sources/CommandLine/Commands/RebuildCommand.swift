import ArgumentParser
import ControlAPI
import Foundation

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Rebuild the silver tables from the stored answers; no call to Strava is made.",
        discussion: "Readers see an athlete's old rows until all new ones are there. New activities continue to land.")

    private static let pollInterval = Duration.milliseconds(500)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Strava's number of one athlete; default: all.", completion: CompletedValues.athletes)
    var athlete: Int64?

    @Flag(help: "Only show what would change; the rows are made and rolled back.")
    var dryRun = false

    @Flag(help: "Wait for the end, through restarts of the daemon, too, and show what changed; exit 1 if it failed for an athlete.")
    var wait = false

    func validate() throws { try AthleteArgument.check(athlete) }

    func run() async throws {
        let target = ControlTarget(athlete == nil ? .rebuildAll : .rebuildAthlete, athlete: athlete)
        let bytes = try await options.client.bytes(target, body: RebuildRequest(dryRun: dryRun))
        let accepted: AcceptedMessage = try ControlClient.decoded(bytes)
        if wait || dryRun { return try await follow(since: accepted.requestedAt) }
        let text = "Requested a rebuild of \(Phrase.count(accepted.athletes, "athlete", "athletes"))"
        Terminal.print(options.json ? Terminal.line(bytes) : text)
    }

    private func follow(since: Date) async throws {
        let target = ControlTarget(
            athlete == nil ? .rebuildReportAll : .rebuildReportAthlete, athlete: athlete,
            query: [("since", ControlTime.text(since)), ("dry_run", String(dryRun))])
        var connection = Reconnection()
        while true {
            let bytes = try await connection.bytes(options.client, target, onLoss: leaveLine)
            let report: RebuildMessage = try ControlClient.decoded(bytes)
            if report.finished >= report.athletes { return try end(report, bytes) }
            if Terminal.isInteractive, !options.json {
                Terminal.replaceLine("\(Phrase.number(report.finished)) of \(Phrase.number(report.athletes)) athletes")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// What is printed next begins a line of its own.
    private func leaveLine() {
        if Terminal.isInteractive, !options.json { Terminal.replaceLine("") }
    }

    private func end(_ report: RebuildMessage, _ bytes: [UInt8]) throws {
        leaveLine()
        Terminal.print(options.json ? Terminal.line(bytes) : RebuildText.text(report))
        guard report.failed > 0 else { return }
        throw CommandFailure("\(Phrase.count(report.failed, "athlete keeps its", "athletes keep their")) old rows")
    }
}

private enum RebuildText {
    static func text(_ report: RebuildMessage) -> String {
        let parts = [headline(report), tables(report), figures(report), errors(report), report.dryRun ? "nothing was changed" : nil]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private static func headline(_ report: RebuildMessage) -> String {
        let activities = Phrase.count(report.activities, "activity", "activities")
        return "\(report.dryRun ? "Dry run: rebuilt" : "Rebuilt") \(activities) of \(Phrase.count(report.finished, "athlete", "athletes"))"
    }

    private static func tables(_ report: RebuildMessage) -> String? {
        if report.tables.isEmpty { return nil }
        var table = TextTable(["table", "before", "after", "added", "changed", "removed"], numbers: [1, 2, 3, 4, 5])
        for row in report.tables {
            table.add([row.table] + [row.before, row.after, row.added, row.changed, row.removed].map { Phrase.number($0) })
        }
        return table.text
    }

    private static func figures(_ report: RebuildMessage) -> String? {
        if report.figures.isEmpty { return nil }
        var table = TextTable(["sum", "before", "after"], numbers: [1, 2])
        for row in report.figures { table.add([row.figure] + [row.before, row.after].map { String(format: "%.1f", $0) }) }
        return table.text
    }

    private static func errors(_ report: RebuildMessage) -> String? {
        if report.errors.isEmpty { return nil }
        var table = TextTable(["athlete", "kept its old rows because"], numbers: [0])
        for row in report.errors { table.add([String(row.athleteID), row.error]) }
        return table.text
    }
}
