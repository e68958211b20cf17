import Core
import Database
import OwnData

/// The tool `describe_schema`: tables and views of silver from their comments.
enum SchemaTool {
    static let tool = Tool(
        name: "describe_schema", title: "Describe the tables of silver",
        description: """
            Lists the tables and views of schema silver with what each holds; with table, the columns of one with type, unit and meaning, and an \
            example query. Only what this token may read is listed.
            """,
        arguments: [
            ToolArgument(name: "table", kind: .text(words: nil), remark: "Name of a table or view, such as activity; without schema.")
        ], run: run)

    @Sendable private static func run(_ call: ToolCall) async throws -> ToolResult {
        guard let table = call.arguments.text("table") else { return try await list(call) }
        let name = table.hasPrefix("silver.") ? String(table.dropFirst(7)) : table
        let found = try await call.reader.read(call.athlete) { try await $0.query(columns(of: name)).first?.decode(String.self) }
        guard let found else {
            throw ToolFault("There is no table or view of this name that you may read: call describe_schema without table for a list.")
        }
        return ToolResult(json: found)
    }

    private static func list(_ call: ToolCall) async throws -> ToolResult {
        let rules = try await call.reader.read(call.athlete) { connection in
            try await connection.query("SELECT obj_description('silver'::regnamespace, 'pg_namespace')").first?.decode(String?.self)
        }
        let tables = try await call.rows(
            """
            SELECT r.relation AS name, r.kind, r.description FROM silver.readme AS r
            WHERE has_any_column_privilege(to_regclass(format('silver.%I', r.relation)), 'SELECT') ORDER BY r.relation
            """)
        var members: [String: JSONNode] = ["tables": .array(tables.rows.map { .raw($0) })]
        if let rules = rules ?? nil { members["rules"] = .string(rules) }
        return ToolResult(json: JSONNode.object(members).json, notes: tables.note.map { [$0] } ?? [])
    }

    private static func columns(of name: String) -> SQL {
        """
        SELECT json_build_object('name', r.relation, 'kind', r.kind, 'description', r.description, 'example', r.example, 'columns', (
            SELECT json_agg(json_build_object(
                'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'description', col_description(a.attrelid, a.attnum)) ORDER BY a.attnum)
            FROM pg_attribute a
            WHERE a.attrelid = to_regclass(format('silver.%I', r.relation)) AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')))::text
        FROM silver.readme AS r
        WHERE r.relation = \(name) AND has_any_column_privilege(to_regclass(format('silver.%I', r.relation)), 'SELECT')
        """
    }
}
