import Core
import Database
import Foundation

/// Everything that is here about an athlete, as a ZIP archive: each table of silver as CSV, and Strava's answers as received.
///
/// It is read from one state of the database and sent as it is read: a slow reader slows the server down, and memory holds one row, or a few
/// answers, at a time.
public struct OwnExport: Sendable {
    /// A whole archive must be read within this time.
    public static let timeMax: Duration = AthleteReader.statementTimeoutMax

    private let reader: AthleteReader
    private let clock: WallClock
    /// Tests set a smaller one.
    var fileBytesMax = ZipStream.fileBytesMax

    public init(reader: AthleteReader, clock: WallClock = .system) {
        self.reader = reader
        self.clock = clock
    }

    /// Passes the archive to `send` in pieces, and waits for it each time.
    ///
    /// - Parameter showsPlaces: false: without columns and tables that hold places, and without Strava's answers, which are full of them.
    public func write(
        _ athlete: AthleteID, showsPlaces: Bool, isolation: isolated (any Actor)? = #isolation, to send: ([UInt8]) async throws -> Void
    ) async throws {
        let reader = reader.seeing(ReaderSight(places: showsPlaces))
        try await reader.readOnce(athlete, statementTimeout: Self.timeMax, readsAnswers: showsPlaces) { connection in
            var zip = ZipStream(now: clock.now)
            try await send(zip.begin("README.txt") + zip.add(Array(Self.readme(showsPlaces).utf8)) + zip.end())
            for table in try await tables(connection) {
                try await write(table, of: athlete, connection, &zip, to: send)
            }
            if showsPlaces {
                for (name, statement) in ExportedAnswer.files(of: athlete) { try await write(name, statement, connection, &zip, to: send) }
            }
            try await send(zip.finish())
        }
    }

    // MARK: Tables

    private struct Table: Sendable {
        let name: String
        /// Quoted, with commas between.
        let columns: String
    }

    /// The tables of silver with the columns that this reader may see, which are not those of places unless it sees them.
    private func tables(_ connection: Connection) async throws -> [Table] {
        try await connection.query(
            """
            SELECT c.relname::text, string_agg(format('%I', f.attname), ', ' ORDER BY f.attnum)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute f ON f.attrelid = c.oid AND f.attnum > 0 AND NOT f.attisdropped
            WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id')
              AND has_column_privilege(c.oid, f.attnum, 'SELECT')
            GROUP BY c.relname ORDER BY c.relname
            """
        ).map { row in
            let (name, columns) = try row.decode(String.self, String.self)
            return Table(name: name, columns: columns)
        }
    }

    /// COPY takes no parameters: the names are the catalogue's, quoted by the server, and the athlete is a number.
    private func write(
        _ table: Table, of athlete: AthleteID, _ connection: Connection, _ zip: inout ZipStream,
        isolation: isolated (any Actor)? = #isolation, to send: ([UInt8]) async throws -> Void
    ) async throws {
        var file = NumberedFile("tables/\(table.name)", "csv")
        var header: [UInt8] = []
        try await send(zip.begin(file.next()))
        let statement =
            "COPY (SELECT \(table.columns) FROM silver.\"\(table.name)\" WHERE athlete_id = \(athlete)) TO STDOUT (FORMAT csv, HEADER)"
        try await connection.copyOut(statement) { piece in
            if header.isEmpty { header = Array(piece.prefix { $0 != UInt8(ascii: "\n") }) + [UInt8(ascii: "\n")] }
            if zip.fileBytes > 0, zip.fileBytes + UInt64(piece.count) > fileBytesMax {
                try await send(zip.end() + zip.begin(file.next()) + zip.add(header))
            }
            try await send(zip.add(piece))
        }
        try await send(zip.end())
    }

    // MARK: Answers

    /// Answers are read a few at a time: one may have megabytes.
    private static let answersAtOnce = 4

    private func write(
        _ name: String, _ statement: SQL, _ connection: Connection, _ zip: inout ZipStream, isolation: isolated (any Actor)? = #isolation,
        to send: ([UInt8]) async throws -> Void
    ) async throws {
        var file = NumberedFile("answers/\(name)", "jsonl")
        try await connection.query(SQL(raw: "DECLARE answers NO SCROLL CURSOR FOR \(statement.text)", parameters: statement.parameters))
        while case let rows = try await connection.query("FETCH \(raw: "\(Self.answersAtOnce)") FROM answers"), !rows.isEmpty {
            for row in rows {
                let line = try ExportedAnswer(row).line
                if !file.isBegun {
                    try await send(zip.begin(file.next()))
                } else if zip.fileBytes + UInt64(line.count) > fileBytesMax {
                    try await send(zip.end() + zip.begin(file.next()))
                }
                try await send(zip.add(line))
            }
        }
        if file.isBegun { try await send(zip.end()) }
        try await connection.execute("CLOSE answers")
    }

    // MARK: README

    private static func readme(_ showsPlaces: Bool) -> String {
        """
        What this installation of fitnessd holds about you.

        tables/NAME.csv       the tables that figures are read from: UTF-8, a line of column names first. Lists are in braces.
                              Units are in the names: _m metres, _s seconds, _w watts, _bpm beats per minute, _mps metres per second.
        \(showsPlaces ? answers : withoutPlaces)
        A file of more than 2 GiB goes on in NAME-2, NAME-3 and so on.

        """
    }

    private static let answers = """
        answers/NAME.jsonl    Strava's answers as received, one a line: body is the exact text. Earlier versions of answers that
                              changed are in answers/earlier.jsonl.
        """
    private static let withoutPlaces = """

        Places are left out, because the token of this export lacks the scope "position": positions, tracks, towns and segments,
        and Strava's answers as received, which are full of them. Ask for a token with that scope to get all.
        """
}

/// The names of the files that one table or list is written to: NAME.csv, NAME-2.csv, …
private struct NumberedFile {
    private let stem: String
    private let ending: String
    private var count = 0

    init(_ stem: String, _ ending: String) {
        self.stem = stem
        self.ending = ending
    }

    var isBegun: Bool { count > 0 }

    mutating func next() -> String {
        count += 1
        return stem + (count == 1 ? "" : "-\(count)") + "." + ending
    }
}
