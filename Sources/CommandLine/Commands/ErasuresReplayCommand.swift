import ArgumentParser
import ControlAPI
import Foundation

struct ErasuresReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Erase again whom a restored backup has brought back.",
        discussion: """
            FILE holds receipts, one a line: erasures.jsonl of a state directory. Every athlete whom one of them names is erased, unless they have \
            connected again since. May be repeated. Exit code 1 when a line is no receipt, or a receipt's key is not in the keyring.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The file; - for standard input.", completion: .file())
    var file: String

    func run() async throws {
        let upload = try FileUpload(file)
        let bytes = try await options.client.upload(ControlTarget(.replayErasures)) { try upload.next() }
        let report: ErasureReplayMessage = try ControlClient.decoded(bytes)
        if options.json { Terminal.print(Terminal.line(bytes)) } else { Terminal.print(text(report)) }
        if report.bad > 0 || report.unmatchable > 0 { throw ExitCode(ExitStatus.failed) }
    }

    private func text(_ report: ErasureReplayMessage) -> String {
        var lines = [
            "\(Phrase.count(report.receipts, "receipt", "receipts")): \(Phrase.count(report.found, "athlete", "athletes")) found, "
                + "\(Phrase.number(report.erased)) erased"
        ]
        if report.found > report.erased { lines.append("the others are finished in the background: see fitnessctl erasures") }
        if report.bad > 0 { lines.append(Phrase.count(report.bad, "line is no receipt", "lines are no receipts")) }
        if report.unmatchable > 0 {
            lines.append(
                "\(Phrase.count(report.unmatchable, "receipt was", "receipts were")) made with keys that the keyring lacks "
                    + "(\(report.missingKeys.joined(separator: ", "))): put their lines back into the file and replay again")
        }
        return lines.joined(separator: "\n")
    }
}
