import ArgumentParser
import ControlAPI

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "One athlete's rows of one table or view of silver.",
        discussion: """
            In CSV an array is one field in PostgreSQL's notation, {1,2,3}; the view aggregate_stream has a row per point instead. In Arrow it is \
            a list; numeric and json are text, an infinite time is null, and each column's comment is its metadata. pyarrow.ipc.open_stream and \
            polars.read_ipc_stream read it, and pyarrow makes Parquet of it: there is no well-kept library for that in Swift at hand.

            A spreadsheet takes a field that begins with =, +, - or @ for a formula, and names come from elsewhere: for a file that is \
            opened with one, say --spreadsheet.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case csv, binary, arrow }

    @OptionGroup var options: GlobalOptions

    @Option(help: "Strava's number of the athlete.")
    var athlete: Int64

    @Option(help: "csv with a header line, binary as PostgreSQL's COPY reads it, or arrow, Arrow's IPC stream.")
    var format: Format = .csv

    @Option(help: "A table or view of silver: activity, lap, activity_stream, aggregate_stream and so on.")
    var table = "activity"

    @Flag(help: "Put an apostrophe before text in CSV that a spreadsheet would run as a formula.")
    var spreadsheet = false

    @Option(help: "The file to write, or - for standard output.")
    var output = "-"

    /// Nothing comes for this long only when the daemon hangs: it waits half of it for a reader.
    private static let idleMax: Duration = .seconds(120)

    func validate() throws {
        try AthleteArgument.check(athlete)
        if spreadsheet, format != .csv { throw ValidationError("--spreadsheet goes with --format csv.") }
        if format != .csv && output == "-" && Terminal.isInteractive { throw ValidationError("\(format) needs --output FILE, or a pipe") }
    }

    func run() async throws {
        let file = try OutputFile(output)
        do {
            let query = [("table", table), ("format", format.rawValue)] + (spreadsheet ? [("spreadsheet", "true")] : [])
            try await download(ControlTarget(.export, athlete: athlete, query: query), to: file)
            try file.finish()
        } catch let error as ControlClientError where error.code == .broken {
            file.discard()
            throw CommandFailure("the export is not whole: fitnessd's log says why; it waits a minute at most for who reads it")
        } catch {
            file.discard()
            throw error
        }
    }

    /// As it is into a file or a pipe; for a terminal without what would steer it.
    private func download(_ target: ControlTarget, to file: OutputFile) async throws {
        guard output == "-", Terminal.isInteractive else { return try await client.download(target) { try file.write($0) } }
        let rows = TerminalRows()
        try await client.download(target) { piece in try file.write(rows.received(piece)) }
        try file.write(rows.ended())
    }

    private var client: ControlClient { ControlClient(socketPath: options.client.socketPath, idleTimeout: Self.idleMax) }
}
