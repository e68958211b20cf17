import ArgumentParser
import ControlAPI
import Foundation

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Make the silver tables anew from what Strava sent; no call to Strava is made.",
        discussion: "Readers see an athlete's rows of before until all of the new ones are there. New activities land meanwhile.")

    private static let pollInterval = Duration.milliseconds(500)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Only this athlete, by Strava's number; else all.")
    var athlete: Int64?

    @Flag(help: "Make the rows, say what would change, and throw them away.")
    var dryRun = false

    @Flag(help: "Wait for the end and say what changed; exit 1 when it failed for an athlete.")
    var wait = false

    func validate() throws { try AthleteArgument.check(athlete) }

    func run() async throws {
        let target = ControlTarget(athlete == nil ? .rebuildAll : .rebuildAthlete, athlete: athlete)
        let bytes = try await options.client.bytes(target, body: RebuildRequest(dryRun: dryRun))
        let accepted: AcceptedMessage = try ControlClient.decoded(bytes)
        if wait || dryRun { return try await follow(since: accepted.requestedAt) }
        let text = "asked for a rebuild of \(Phrase.number(accepted.athletes)) athlete\(accepted.athletes == 1 ? "" : "s")"
        Terminal.print(options.json ? Terminal.line(bytes) : text)
    }

    private func follow(since: Date) async throws {
        let target = ControlTarget(
            athlete == nil ? .rebuildReportAll : .rebuildReportAthlete, athlete: athlete,
            query: [("since", ControlTime.text(since)), ("dry_run", String(dryRun))])
        while true {
            let bytes = try await options.client.bytes(target)
            let report: RebuildMessage = try ControlClient.decoded(bytes)
            if report.finished >= report.athletes { return try end(report, bytes) }
            if Terminal.isInteractive, !options.json {
                Terminal.replaceLine("\(Phrase.number(report.finished)) of \(Phrase.number(report.athletes)) athletes")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func end(_ report: RebuildMessage, _ bytes: [UInt8]) throws {
        if Terminal.isInteractive, !options.json { Terminal.replaceLine("") }
        Terminal.print(options.json ? Terminal.line(bytes) : RebuildText.text(report))
        guard report.failed > 0 else { return }
        throw CommandFailure("\(Phrase.number(report.failed)) athlete\(report.failed == 1 ? " keeps" : "s keep") the rows of before")
    }
}
