import Database

/// What of silver can be exported, and the statement that does it.
struct ExportQueries {
    let database: Database

    enum Format: String, CaseIterable {
        case csv, binary

        var contentType: String { self == .csv ? "text/csv; charset=utf-8" : "application/octet-stream" }
        var copyOptions: String { self == .csv ? "FORMAT csv, HEADER" : "FORMAT binary" }
    }

    /// The COPY of one athlete's rows, its names quoted by the server; nil when silver has no such table or view.
    func statement(table: String, athlete: Int64, format: Format) async throws -> String? {
        try await database.query(
            """
            SELECT format('COPY (SELECT * FROM silver.%I WHERE athlete_id = %s) TO STDOUT (%s)',
                c.relname, \(athlete)::bigint, \(format.copyOptions)::text)
            \(raw: Self.exportable) AND c.relname = \(table)
            """
        ).first.map { try $0.decode(String.self) }
    }

    func tables() async throws -> [String] {
        try await database.query("SELECT c.relname::text \(raw: Self.exportable) ORDER BY 1").map { try $0.decode(String.self) }
    }

    private static let exportable = """
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped
        WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        """
}
