import ArgumentParser
import ControlAPI
import Foundation
import Synchronization

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Export one athlete's rows of a table or view of silver.",
        discussion: """
            CSV: an array is one field in PostgreSQL's notation, {1,2,3}; the view aggregate_stream has a row per point instead.

            Arrow: an array is a list, numeric and json are text, an infinite time is null, and each column's comment is its metadata. Read it with \
            pyarrow.ipc.open_stream or polars.read_ipc_stream; pyarrow also converts it to Parquet.

            Names of activities come from outside, and a spreadsheet runs a field that begins with =, +, - or @ as a formula: add --spreadsheet \
            if the file will be opened in one.
            """)

    enum FileFormat: String, ExpressibleByArgument, CaseIterable { case csv, binary, arrow }

    @OptionGroup var options: GlobalOptions

    @Option(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var athlete: Int64

    @Option(help: "csv with a header line, binary for PostgreSQL's COPY, or arrow for an Arrow IPC stream.")
    var format: FileFormat = .csv

    @Option(
        help: "A table or view of silver, such as activity, lap, activity_stream or aggregate_stream.", completion: CompletedValues.tables)
    var table = "activity"

    @Flag(help: "CSV only: put an apostrophe before text that a spreadsheet would run as a formula.")
    var spreadsheet = false

    @Option(help: "The file to write; - for standard output.", completion: .file())
    var output = "-"

    /// Twice as long as the daemon waits for its reader: it is only reached when the daemon hangs.
    private static let idleMax: Duration = .seconds(120)

    func validate() throws {
        try AthleteArgument.check(athlete)
        if spreadsheet, format != .csv { throw ValidationError("--spreadsheet requires --format csv.") }
        if format != .csv && output == "-" && Terminal.isInteractive {
            throw ValidationError("--format \(format) requires --output FILE or a pipe.")
        }
    }

    func run() async throws {
        let file = try OutputFile(output)
        do {
            let query = [("table", table), ("format", format.rawValue)] + (spreadsheet ? [("spreadsheet", "true")] : [])
            try await download(ControlTarget(.export, athlete: athlete, query: query), to: file)
            try file.finish()
        } catch let error as ControlClientError where error.code == .broken {
            file.discard()
            throw CommandFailure(
                "the export is incomplete; fitnessd's log says why (a reader that stops for a minute is disconnected)",
                requestID: error.requestID)
        } catch {
            file.discard()
            throw error
        }
    }

    /// Writes the bytes unchanged to a file or a pipe, and without control sequences to a terminal.
    private func download(_ target: ControlTarget, to file: OutputFile) async throws {
        guard output == "-", Terminal.isInteractive else { return try await client.download(target) { try file.write($0) } }
        let rows = TerminalRows()
        try await client.download(target) { piece in try file.write(rows.received(piece)) }
        try file.write(rows.ended())
    }

    private var client: ControlClient { ControlClient(socketPath: options.client.socketPath, idleTimeout: Self.idleMax) }
}

/// The output of an export: standard output, or a file that gets its name only when it is complete.
private struct OutputFile: Sendable {
    private let path: String?
    private let descriptor: Int32

    /// - Parameter name: a path; - for standard output.
    init(_ name: String) throws {
        path = name == "-" ? nil : name
        descriptor = name == "-" ? STDOUT_FILENO : open(Self.unfinished(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileOutput.refused(name, errno) }
    }

    func write(_ bytes: [UInt8]) throws {
        try FileOutput.write(bytes, to: descriptor, named: shownName)
    }

    /// Gives the file its name.
    func finish() throws {
        guard let path else { return }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(Self.unfinished(path), path) == 0 else {
            throw FileOutput.refused(shownName, errno)
        }
    }

    /// Removes the incomplete file.
    func discard() {
        guard let path else { return }
        close(descriptor)
        unlink(Self.unfinished(path))
    }

    private static func unfinished(_ path: String) -> String { path + ".part" }

    private var shownName: String { path ?? "standard output" }
}

/// Removes control sequences from rows that arrive in parts. A character cut by the end of a part waits for the next one.
private final class TerminalRows: Sendable {
    private let cut = Mutex<[UInt8]>([])

    func received(_ bytes: [UInt8]) -> [UInt8] {
        cut.withLock { cut in
            let all = cut + bytes
            let whole = all.count - Self.cutCount(all)
            cut = Array(all[whole...])
            return Self.cleaned(all[..<whole])
        }
    }

    func ended() -> [UInt8] { cut.withLock { Self.cleaned($0[...]) } }

    private static func cleaned(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(PlainText.rows(String(decoding: bytes, as: UTF8.self)).utf8)
    }

    /// The number of bytes at the end that are an incomplete UTF-8 character.
    private static func cutCount(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
