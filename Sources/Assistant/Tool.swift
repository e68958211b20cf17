import Core
import Database
import OwnData

/// A tool that a model may call: how it is described to clients, and what it does.
struct Tool: Sendable {
    let name: String
    let title: String
    let description: String
    let arguments: [ToolArgument]
    /// Listed and run only for callers who may see places.
    var needsPlaces = false
    /// - Throws: `ToolFault`, or what the database throws.
    let run: @Sendable (ToolCall) async throws -> ToolResult

    /// As `tools/list` has it. No tool changes anything, and none reaches beyond this installation.
    var listed: JSONNode {
        let properties = arguments.map { ($0.name, $0.schema) }
        var schema: [String: JSONNode] = ["type": .string("object"), "additionalProperties": .bool(false)]
        if !arguments.isEmpty { schema["properties"] = .object(Dictionary(uniqueKeysWithValues: properties)) }
        let required = arguments.filter(\.isRequired).map { JSONNode.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return .object([
            "name": .string(name), "title": .string(title), "description": .string(description), "inputSchema": .object(schema),
            "annotations": .object([
                "title": .string(title), "readOnlyHint": .bool(true), "destructiveHint": .bool(false), "idempotentHint": .bool(true),
                "openWorldHint": .bool(false),
            ]),
        ])
    }
}

/// One call of a tool: whose rows it reads, through which reader, with which arguments.
struct ToolCall: Sendable {
    let athlete: AthleteID
    /// Sees no more than the caller may.
    let reader: AthleteReader
    let showsPlaces: Bool
    let arguments: ToolArguments

    /// Runs a query of ours and returns what an answer may hold of its rows.
    func rows(_ query: SQL) async throws -> BoundedRows {
        try await reader.read(athlete) {
            try BoundedRows(try await $0.query(BoundedRows.statement(query, countMax: BoundedRows.countMax)))
        }
    }
}

/// What a tool found.
struct ToolResult: Sendable {
    /// JSON of an object.
    let json: String
    /// Sentences about it, for people and models.
    var notes: [String]

    init(json: String, notes: [String] = []) {
        self.json = json
        self.notes = notes
    }

    init(_ rows: BoundedRows) { self.init(json: JSONNode.object(rows.members).json, notes: rows.note.map { [$0] } ?? []) }

    /// The object with its notes as a member of their own.
    var withNotes: String {
        if notes.isEmpty { return json }
        let list = JSONNode.array(notes.map { .string($0) }).json
        return "{\"notes\":\(list)" + (json == "{}" ? "}" : "," + json.dropFirst())
    }
}
