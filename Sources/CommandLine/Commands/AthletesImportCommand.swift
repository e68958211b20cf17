import ArgumentParser
import ControlAPI
import Foundation

struct AthletesImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add athletes with their tokens from JSON lines.",
        discussion: """
            Each line is an object {"uid", "athlete_id", "access_token", "refresh_token", "expires_at", "scope"}, with expires_at in seconds since \
            1970 or as an ISO-8601 time, and scope as text or array. Good lines are imported; bad ones are reported by number, and the exit code \
            is 1.

            A stored grant that expires later is kept, unless it is dead or --replace is given. A uid that belongs to another athlete moves to the \
            line's athlete, which is reported. A line with only "uid" and "athlete_id" changes the uid of a known athlete.
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Replace stored grants even if they expire later.")
    var replace = false

    @Argument(help: "The file; - for standard input.")
    var file: String

    func run() async throws {
        let upload = try FileUpload(file)
        let bytes = try await options.client.upload(ControlTarget(.importAthletes, query: replace ? [("replace", "true")] : [])) {
            try upload.next()
        }
        let report: ImportReport = try ControlClient.decoded(bytes)
        if options.json { Terminal.print(Terminal.line(bytes)) } else { show(report) }
        if report.bad > 0 { throw ExitCode(ExitStatus.failed) }
    }

    private func show(_ report: ImportReport) {
        for move in report.movedUIDs {
            let to = move.to ?? "none, another athlete has it now"
            Terminal.print("line \(move.line): athlete \(move.athleteID): uid \(move.from) \u{2192} \(to)")
        }
        for kept in report.keptLines {
            Terminal.print(
                "line \(kept.line): athlete \(kept.athleteID): kept the stored grant, which expires later (--replace replaces it)")
        }
        for bad in report.badLines { Terminal.printError("line \(bad.line): \(bad.reason)") }
        let more = report.bad - report.badLines.count
        if more > 0 { Terminal.printError("and \(Phrase.number(more)) more bad lines") }
        Terminal.print(Self.counts(report))
    }

    private static func counts(_ report: ImportReport) -> String {
        let kept = report.kept > 0 ? "\(Phrase.number(report.kept)) kept, " : ""
        return "\(Phrase.number(report.added)) added, \(Phrase.number(report.updated)) updated, \(kept)\(Phrase.number(report.bad)) bad"
    }
}
