import Core
import Database
import OwnData

/// The tool `query`: SQL that a model has written, on a connection of its own.
enum QueryTool {
    static let statementTimeout: Duration = .seconds(10)
    private static let rowsDefault: Int64 = 200

    static let tool = Tool(
        name: "query", title: "Run a read-only SQL query",
        description: """
            Runs one query in PostgreSQL's SQL on schema silver and returns its rows. It sees the rows of this athlete only, so that athlete_id needs \
            no filter; nothing can be changed. At most \(BoundedRows.countMax) rows, \(BoundedRows.bytesMax) bytes and \
            \(Int(statementTimeout.seconds)) seconds: aggregate in SQL. Call describe_schema first for tables, columns and units. For rows of two \
            sources join by (athlete_id, source_id, activity_id).
            """,
        arguments: [
            ToolArgument(
                name: "sql", kind: .text(words: nil),
                remark:
                    "One SELECT, with or without WITH. Example: SELECT sport_family, count(*) AS activities FROM silver.activity GROUP BY 1",
                isRequired: true),
            ToolArgument(
                name: "max_rows", kind: .integer(1...Int64(BoundedRows.countMax)),
                remark: "Rows to return at most; \(rowsDefault) unless given."),
        ], run: run)

    @Sendable private static func run(_ call: ToolCall) async throws -> ToolResult {
        let check = try QueryCheck(call.arguments.text("sql") ?? "")
        let rowsMax = Int(call.arguments.integer("max_rows") ?? rowsDefault)
        do {
            return try await call.reader.readOnce(call.athlete, statementTimeout: statementTimeout) { connection in
                try await requireHarmless(check.doubtfulFunctions, on: connection)
                let rows = try BoundedRows(
                    try await connection.query(BoundedRows.statement(SQL(raw: check.statement), countMax: rowsMax)), countMax: rowsMax)
                try await requireDistinctNames(rows, on: connection)
                return ToolResult(rows)
            }
        } catch let error as DatabaseError { throw try fault(error, call) }
    }

    /// PostgreSQL's own functions must be among those that are known. Others do not exist, or are silver's.
    private static func requireHarmless(_ names: [String], on connection: Connection) async throws {
        if names.isEmpty { return }
        let found = try await connection.query(
            "SELECT min(proname::text) FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname::text = ANY (\(names))"
        ).first?.decode(String?.self)
        if let found = found ?? nil { throw ToolFault("The function \(found) can't be used here: choose one that only computes.") }
    }

    /// A JSON object holds one value for each name.
    private static func requireDistinctNames(_ rows: BoundedRows, on connection: Connection) async throws {
        guard let first = rows.rows.first else { return }
        let isDistinct = try await connection.query(
            "SELECT count(*) = count(DISTINCT name) FROM json_object_keys(\(first)::text::json) AS name"
        ).first?.decode(Bool.self)
        if isDistinct == false { throw ToolFault("Two columns have the same name: give each its own with AS.") }
    }

    // MARK: Errors

    /// SQLSTATEs (PostgreSQL documentation, Appendix A).
    private static func fault(_ error: DatabaseError, _ call: ToolCall) throws -> ToolFault {
        switch error.sqlState {
        case "57014":
            try Task.checkCancellation()
            return ToolFault(
                "The query took longer than \(Int(statementTimeout.seconds)) seconds: read less, for instance fewer activities.")
        case "42501":
            return ToolFault(
                "PostgreSQL: \(error.message). " + (call.showsPlaces ? "Only schema silver can be read." : Self.hidden))
        case "53400", "54000", "54001", "53200":
            return ToolFault("The query needs more memory or disk than it may have: read less, for instance fewer activities.")
        case let state? where ["0A", "21", "22", "42"].contains(state.prefix(2)):
            return ToolFault("PostgreSQL (SQLSTATE \(state)): \(meanings[state] ?? error.message).")
        case let state? where error.code == .statement: return ToolFault("PostgreSQL can't run this query (SQLSTATE \(state)).")
        default: throw error
        }
    }

    /// Of errors whose own text may quote a value.
    private static let meanings = [
        "22P02": "a text is no value of the type that it is cast to or compared with", "22012": "division by zero: use nullif",
        "22003": "a number is out of the range of its type", "22007": "a text is no date or time",
        "22008": "a date or time is out of range",
        "22023": "an argument of a function has a value that it does not take", "2201E": "a logarithm of a number that has none",
        "2201F": "a power that is no number", "2201B": "a regular expression is malformed", "22026": "a text has the wrong length",
        "22021": "a text is not valid UTF-8", "2202E": "an array has the wrong dimensions", "22030": "a JSON object has a key twice",
        "22032": "a text is no JSON", "21000": "a sub-select returns more than one row where one is expected",
    ]

    private static let hidden = """
        This token lacks the scope position, so columns and tables with places can't be read, and SELECT * on a table that has some can't either: \
        name the columns. describe_schema lists those that can be read.
        """
}
