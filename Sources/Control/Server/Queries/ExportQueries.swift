import Database
import Warehouse

/// What of silver can be exported, and the statement that does it.
struct ExportQueries {
    let database: Database

    enum Format: String, CaseIterable {
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

    /// Words are documentation: a longer comment is cut, so that what describes a table stays small.
    private static let commentCharactersMax: Int32 = 1_000

    /// The COPY of one athlete's rows, its names quoted by the server; nil when silver has no such table or view.
    ///
    /// - Parameter isForSpreadsheet: text that a spreadsheet would run as a formula gets an apostrophe before it; only for CSV.
    func statement(table: String, athlete: Int64, format: Format, isForSpreadsheet: Bool = false) async throws -> ExportStatement? {
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

    /// Numbers and booleans, which stay what they are (pg_type, typcategory).
    private static let harmlessCategories = ["N", "B"]

    /// What spreadsheets take for a formula, or drop before one: =, +, - and @, in full width too, also after blanks; and a tab or the end of
    /// a line at the beginning.
    private static let guardedColumn = #"""
        CASE WHEN %1$I::text ~ E'^[\\s\\u00A0\\u200B-\\u200F\\u2060\\uFEFF]*[=+@\\uFF1D\\uFF0B\\uFF0D\\uFF20-]|^[\\t\\r\\n]'
        THEN '''' || %1$I::text ELSE %1$I::text END AS %1$I
        """#

    func tables() async throws -> [String] {
        try await database.query("SELECT c.relname::text \(raw: Self.exportable) ORDER BY 1").map { try $0.decode(String.self) }
    }

    /// Each column is cast to the type that the schema promises, so that neither a change of the table between the two nor a type that Arrow has
    /// not makes other bytes.
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

/// A COPY, and the Arrow stream that is to be made of it; without a schema its bytes are the export as they are.
struct ExportStatement {
    let text: String
    let schema: ArrowSchema?
}
