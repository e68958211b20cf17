import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Warehouse

extension ControlRoutes {
    private static let tableDefault = "activity"

    /// Streams one athlete's rows of one table. An error after the first byte cuts the response, which the client reports as a failure.
    func export(_ id: Int64, _ request: Request, _ channel: any Channel) async throws -> Response {
        _ = try await athlete(id)
        let format = try exportFormat(request)
        let statement = try await exportStatement(id, request, format)
        guard let slot = dependencies.exports.slots.take() else {
            throw ControlRefusal(.busy, "fitnessd already runs \(Exports.countMax) exports; try again when one has ended")
        }
        let body = ResponseBody { writer in
            try await send(statement, id, to: &writer, channel)
            withExtendedLifetime(slot) {}
        }
        return Response(status: .ok, headers: [.contentType: format.contentType], body: body)
    }

    private func exportFormat(_ request: Request) throws -> ExportQueries.ExportFormat {
        guard let text = request.uri.queryParameters["format"] else { return .csv }
        guard let format = ExportQueries.ExportFormat(rawValue: String(text)) else {
            throw ControlRefusal.badRequest("format must be csv, binary or arrow")
        }
        return format
    }

    private func exportStatement(_ id: Int64, _ request: Request, _ format: ExportQueries.ExportFormat) async throws -> ExportStatement {
        let table = request.uri.queryParameters["table"].map(String.init) ?? Self.tableDefault
        let isForSpreadsheet = try RequestReading.flag(request, "spreadsheet")
        guard !isForSpreadsheet || format == .csv else { throw ControlRefusal.badRequest("spreadsheet requires format=csv") }
        let queries = ExportQueries(database: dependencies.database)
        guard let statement = try await queries.statement(table: table, athlete: id, format: format, isForSpreadsheet: isForSpreadsheet)
        else {
            let tables = try await queries.tables()
            let near = NearestName.of(table, in: tables).map { " (did you mean \($0)?)" } ?? ""
            throw ControlRefusal.badRequest("there is no such table\(near); there are: \(tables.joined(separator: ", "))")
        }
        return statement
    }

    private func send(
        _ statement: ExportStatement, _ id: Int64, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        do {
            var arrow = statement.schema.map { ArrowStreamEncoder($0) }
            _ = try await withGracefulShutdownHandler {
                try await dependencies.database.copyOut(statement.text) { piece in
                    for bytes in try arrow?.received(piece) ?? [piece] { try await send(bytes, to: &writer, channel) }
                }
                for bytes in try arrow?.ended() ?? [] { try await send(bytes, to: &writer, channel) }
            } onGracefulShutdown: {
                channel.close(promise: nil)
            }
            try await writer.finish(nil)
        } catch {
            if let interruption = Interruption(error) {
                logger.log(.info, "export interrupted", [.athleteID: id, .reason: interruption.reason])
            } else {
                logger.log(.error, "export failed", error, [.athleteID: id])
            }
            throw error
        }
    }

    private func send(_ bytes: [UInt8], to writer: inout any ResponseBodyWriter, _ channel: any Channel) async throws {
        try await dependencies.exports.withStallLimit(channel) { try await writer.write(ByteBuffer(bytes: bytes)) }
    }
}

/// Limits how many exports run at once, each of which holds a database connection from beginning to end, and how long one waits for its
/// reader.
struct Exports: Sendable {
    static let countMax = ConnectionShares.exports
    /// Long enough to read a screenful in a pager.
    static let stallDefault: Duration = .seconds(60)

    let slots = Slots(Self.countMax)
    private let stall: TimeAmount

    init(stall: Duration) {
        self.stall = TimeAmount(stall)
    }

    /// Runs `write`, which sends a part to the reader at the other end of `channel`, and closes the connection if the reader does not take it
    /// in time. Throws `Stalled` then.
    func withStallLimit<Result>(
        _ channel: any Channel, isolation: isolated (any Actor)? = #isolation, _ write: () async throws -> Result
    ) async throws -> Result {
        let limit = channel.eventLoop.scheduleTask(in: stall) {
            channel.close(promise: nil)
            throw Stalled()
        }
        do {
            let result = try await write()
            limit.cancel()
            return result
        } catch {
            limit.cancel()
            // A task that has run can't be cancelled any more and keeps its own error.
            do { try await limit.futureResult.get() } catch let stalled as Stalled { throw stalled } catch {}
            throw error
        }
    }

    struct Stalled: Error {}
}

/// Limits how many responses of a kind run at once.
struct Slots: Sendable {
    private let countMax: Int
    private let running = RunningCount()

    init(_ countMax: Int) { self.countMax = countMax }

    /// A slot for one more, released with its last reference; nil when all are taken.
    func take() -> Slot? {
        let slot = Slot(running, countMax)
        return slot.isWithinLimit ? slot : nil
    }

    final class Slot: Sendable {
        private let running: RunningCount
        fileprivate let isWithinLimit: Bool

        fileprivate init(_ running: RunningCount, _ countMax: Int) {
            self.running = running
            isWithinLimit = running.value.add(1, ordering: .relaxed).newValue <= countMax
        }

        deinit { running.value.subtract(1, ordering: .relaxed) }
    }

    fileprivate final class RunningCount: Sendable {
        let value = Atomic(0)
    }
}

/// Builds the statements that export tables and views of silver.
struct ExportQueries {
    let database: Database

    enum ExportFormat: String {
        case csv, binary, arrow

        var contentType: String {
            switch self {
            case .csv: "text/csv; charset=utf-8"
            case .binary: "application/octet-stream"
            case .arrow: "application/vnd.apache.arrow.stream"
            }
        }

        fileprivate var copyOptions: String { self == .csv ? "FORMAT csv, HEADER" : "FORMAT binary" }
    }

    /// A longer comment is cut, so that the schema message stays small.
    private static let commentCharactersMax: Int32 = 1_000

    /// The COPY of one athlete's rows, with names quoted by the server; nil: silver has no such table or view.
    ///
    /// - Parameter isForSpreadsheet: prefix text that a spreadsheet would run as a formula with an apostrophe; only for CSV.
    func statement(table: String, athlete: Int64, format: ExportFormat, isForSpreadsheet: Bool = false) async throws -> ExportStatement? {
        if format == .arrow { return try await arrowStatement(table: table, athlete: athlete) }
        let rows = try await database.query(
            """
            SELECT format('COPY (SELECT %s FROM silver.%I WHERE athlete_id = %s) TO STDOUT (%s)',
                string_agg(CASE WHEN \(isForSpreadsheet) AND t.typcategory::text <> ALL (\(Self.harmlessCategories))
                    THEN format(\(Self.guardedColumn), f.attname) ELSE format('%I', f.attname) END, ', ' ORDER BY f.attnum),
                c.relname, \(athlete)::bigint, \(format.copyOptions)::text)
            \(raw: Self.exported) JOIN pg_attribute f ON f.attrelid = c.oid AND f.attnum > 0 AND NOT f.attisdropped
            JOIN pg_type t ON t.oid = f.atttypid
            WHERE \(raw: Self.isExportable) AND c.relname = \(table) GROUP BY c.oid, c.relname
            """)
        return try rows.first.map { ExportStatement(text: try $0.decode(String.self), schema: nil) }
    }

    /// Numbers and booleans, which are never formulas (pg_type, typcategory).
    private static let harmlessCategories = ["N", "B"]

    /// What spreadsheets take for a formula: =, +, - and @, also in full width and after blanks, which they drop; and a tab or line break at
    /// the beginning.
    private static let guardedColumn = #"""
        CASE WHEN %1$I::text ~ E'^[\\s\\u00A0\\u200B-\\u200F\\u2060\\uFEFF]*[=+@\\uFF1D\\uFF0B\\uFF0D\\uFF20-]|^[\\t\\r\\n]'
        THEN '''' || %1$I::text ELSE %1$I::text END AS %1$I
        """#

    func tables() async throws -> [String] {
        try await database.query("SELECT c.relname::text \(raw: Self.exportable) ORDER BY 1").map { try $0.decode(String.self) }
    }

    /// Casts each column to the type of the schema, so that a table altered in between, or a type without an Arrow equivalent, can't produce
    /// other bytes.
    private func arrowStatement(table: String, athlete: Int64) async throws -> ExportStatement? {
        guard let schema = try await schema(of: table) else { return nil }
        let (names, types) = (schema.fields.map(\.name), schema.fields.map(\.type.postgresName))
        let rows = try await database.query(
            """
            SELECT format('COPY (SELECT %s FROM silver.%I WHERE athlete_id = %s) TO STDOUT (FORMAT binary)',
                string_agg(format('%I::%s', f.name, f.type), ', ' ORDER BY f.place), \(table)::text, \(athlete)::bigint)
            FROM unnest(\(names), \(types)) WITH ORDINALITY AS f(name, type, place)
            """)
        return try rows.first.map { ExportStatement(text: try $0.decode(String.self), schema: schema) }
    }

    private func schema(of table: String) async throws -> ArrowSchema? {
        let rows = try await database.query(
            """
            SELECT f.attname::text, f.atttypid, CASE t.typcategory WHEN 'A' THEN t.typelem END,
                left(col_description(c.oid, f.attnum), \(Self.commentCharactersMax)),
                left(obj_description(c.oid, 'pg_class'), \(Self.commentCharactersMax))
            \(raw: Self.exported) JOIN pg_attribute f ON f.attrelid = c.oid AND f.attnum > 0 AND NOT f.attisdropped
            JOIN pg_type t ON t.oid = f.atttypid
            WHERE \(raw: Self.isExportable) AND c.relname = \(table) ORDER BY f.attnum
            """)
        guard let first = rows.first else { return nil }
        return ArrowSchema(try rows.map(Self.field), comment: try first.column(4))
    }

    private static func field(_ row: Row) throws -> ArrowField {
        let (name, type, element, comment) = try row.decode(String.self, Int64.self, Int64?.self, String?.self)
        return ArrowField(name: name, type: ArrowType(oid: UInt32(type), element: element.map { UInt32($0) }), comment: comment)
    }

    private static let exported = """
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped
        """
    private static let isExportable = "n.nspname = 'silver' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition"
    private static let exportable = exported + " WHERE " + isExportable
}

/// A COPY statement. With a schema its binary output is converted to an Arrow stream, otherwise it is the export itself.
struct ExportStatement {
    let text: String
    let schema: ArrowSchema?
}
