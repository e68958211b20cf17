import Testing

/// Each schema of the database is written by one target (db/README.md). A call of an SQL function that writes counts as a write.
@Suite struct SchemaOwnerTests {
    private static let owned: [String: Set<String>] = [
        "SyncStore": ["sync"],
        "Vault": ["vault"],
        "Warehouse": ["bronze_strava", "silver", "metrics"],
        "sql": ["bronze_strava", "silver", "metrics"],
        "Migrations": ["public"],
    ]
    /// Makes and removes what it measures.
    private static let exempt = "warehouse-bench"

    @Test func `no target writes a schema that is another's`() throws {
        let functions = Self.writingFunctions()
        #expect(functions["sync.quota_turn"] == ["sync"])
        var found: [String: Set<String>] = [:]
        for (target, files) in try filesByTarget() where target != Self.exempt {
            for file in files {
                let written = Self.schemas(writtenBy: file.text, functions)
                found[target, default: []].formUnion(written)
                let foreign = written.subtracting(Self.owned[target] ?? [])
                #expect(foreign.isEmpty, "\(file.path) of \(target) writes \(foreign.sorted())")
            }
        }
        for (target, schemas) in Self.owned where target != "sql" {
            #expect(found[target] == schemas, "\(target) writes \(found[target]?.sorted() ?? [])")
        }
    }

    @Test(arguments: [
        ("INSERT INTO sync.event AS e (athlete_id)", ["sync"]), ("UPDATE ONLY\n    silver.lap SET", ["silver"]),
        ("WITH a AS (DELETE FROM bronze_strava.answer) TRUNCATE metrics.metrics, vault.token", ["bronze_strava", "metrics", "vault"]),
        ("SELECT sync.note(1)", ["sync"]), ("SELECT * FROM sync.event FOR UPDATE OF e", []),
        ("ON CONFLICT DO UPDATE SET a = 1", []), ("SELECT * FROM sync.event, silver.load(2)", []),
        ("/// UPDATE sync.event or so\n    // sync.note(1)\nerror(\"sync.note() failed\")", []),
    ])
    func `what a statement writes is seen`(_ text: String, _ schemas: [String]) {
        #expect(Self.schemas(writtenBy: text, ["sync.note": ["sync"]]).sorted() == schemas)
    }

    private func filesByTarget() throws -> [String: [SourceTree.File]] {
        let targets = try PackageTargets.read().filter { $0.path.hasPrefix("Sources/") }
        var files = Dictionary(grouping: SourceTree.shared.sources) { file in
            targets.filter { file.path.hasPrefix($0.path + "/") }.max { $0.path.count < $1.path.count }?.name ?? ""
        }
        files["sql"] = SourceTree.shared.sql.filter { $0.path.hasPrefix("sql/") }
        return files
    }

    private static func schemas(writtenBy text: String, _ functions: [String: Set<String>]) -> Set<String> {
        let text = text.replacing(#/(?m)^\s*(?:\/\/|--).*$/#, with: "")
        let tables = #/\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO)\s+(?:ONLY\s+|TABLE\s+)?([a-z_]+\.[a-z_0-9, .]*)/#
        var schemas: Set<String> = []
        for write in text.matches(of: tables) {
            for table in write.1.split(separator: ",") {
                if let schema = table.firstMatch(of: #/^\s*([a-z_]+)\./#) { schemas.insert(String(schema.1)) }
                // Only TRUNCATE names several.
                if !write.0.hasPrefix("TRUNCATE") { break }
            }
        }
        for call in text.matches(of: #/\b([a-z_]+\.[a-z_0-9]+)\((?!\))/#) { schemas.formUnion(functions[String(call.1)] ?? []) }
        return schemas
    }

    /// The functions of the database that write, with the schemas that they and those that they call write.
    private static func writingFunctions() -> [String: Set<String>] {
        let text = SourceTree.shared.file("db/schema.sql")?.text ?? ""
        let pattern = #/CREATE FUNCTION ([a-z_]+\.[a-z_0-9]+)\((?s).*?AS (\$[a-z_]*\$)(.*?)\2/#
        let bodies = text.matches(of: pattern).map { (name: String($0.1), body: String($0.3)) }
        var writing: [String: Set<String>] = [:]
        for _ in bodies {
            let before = writing
            for (name, body) in bodies {
                let schemas = schemas(writtenBy: body, writing)
                if !schemas.isEmpty { writing[name, default: []].formUnion(schemas) }
            }
            if writing == before { break }
        }
        return writing
    }
}
