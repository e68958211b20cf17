import ArgumentParser
import ControlAPI
import Foundation
import Synchronization

struct AthletesImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add athletes with their tokens from JSON lines.",
        discussion: """
            Each line is an object {"uid", "athlete_id", "access_token", "refresh_token", "expires_at", "scope"}, with expires_at in seconds since \
            1970 or as an ISO-8601 time, and scope as text or array. Good lines are imported; bad ones are reported by number, and the exit code \
            is 1.

            A stored grant that expires later is kept, unless it is dead or --replace is given. A uid that belongs to another athlete moves to the \
            line's athlete, which is reported. A line with only "uid" and "athlete_id" changes the uid of a known athlete.

            With --predecessor-key-file the file has the predecessor's Firestore documents {"uid", "accessToken", "refreshToken", "expiresAt", \
            "scope", "athlete": {"id"}}, one a line or in a JSON array. Their tokens are opened with that key and sealed with the vault's. The \
            whole file is checked first: with a wrong key nothing is stored.
            """)

    private static let keyBytesMax = 4 << 10

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Replace stored grants even if they expire later.")
    var replace = false

    @Option(help: "The file is the predecessor's; this file has the key of its tokens.", completion: .file())
    var predecessorKeyFile: String?

    @Argument(help: "The file; - for standard input.", completion: .file())
    var file: String

    func run() async throws {
        let head = try predecessorKeyFile.map(Self.keyLine)
        let upload = try FileUpload(file)
        let isHeadSent = Atomic(head == nil)
        let target = ControlTarget(head == nil ? .importAthletes : .importPredecessor, query: replace ? [("replace", "true")] : [])
        let bytes = try await options.patientClient.upload(target) {
            isHeadSent.exchange(true, ordering: .relaxed) ? try upload.next() : head
        }
        let report: ImportReport = try ControlClient.decoded(bytes)
        if options.json { Terminal.print(Terminal.line(bytes)) } else { show(report) }
        if report.bad > 0 { throw ExitCode(ExitStatus.failed) }
    }

    /// The key as the first line of the request. Neither the command line nor the daemon's files ever have it.
    private static func keyLine(_ path: String) throws -> [UInt8] {
        let file = try FileUpload(path)
        var bytes: [UInt8] = []
        while bytes.count <= keyBytesMax, let more = try file.next() { bytes += more }
        // The end of the last line is the editor's, not the key's.
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard (1...keyBytesMax).contains(bytes.count), let key = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("\(path) must hold the predecessor's key: 1 to \(keyBytesMax) bytes of text in UTF-8")
        }
        return try ControlJSON.encode(PredecessorKeyMessage(key: key)) + [UInt8(ascii: "\n")]
    }

    private var unit: String { predecessorKeyFile == nil ? "line" : "document" }

    private func show(_ report: ImportReport) {
        for move in report.movedUIDs {
            let to = move.to ?? "none, another athlete has it now"
            Terminal.print("\(unit) \(move.line): athlete \(move.athleteID): uid \(move.from) \u{2192} \(to)")
        }
        for kept in report.keptLines {
            Terminal.print(
                "\(unit) \(kept.line): athlete \(kept.athleteID): kept the stored grant, which expires later (--replace replaces it)")
        }
        for bad in report.badLines { Terminal.printError("\(unit) \(bad.line): \(bad.reason)") }
        let more = report.bad - report.badLines.count
        if more > 0 { Terminal.printError("and \(Phrase.number(more)) more bad \(unit)s") }
        Terminal.print(Self.counts(report))
    }

    private static func counts(_ report: ImportReport) -> String {
        let kept = report.kept > 0 ? "\(Phrase.number(report.kept)) kept, " : ""
        return "\(Phrase.number(report.added)) added, \(Phrase.number(report.updated)) updated, \(kept)\(Phrase.number(report.bad)) bad"
    }
}
