import Foundation
import TestKit
import Testing

@testable import EmbeddedPostgres

/// db/schema.sql shows the schema that all migrations together make. `make schema` writes it.
@Suite struct SchemaFileTests {
    private static let file = checkout.appending(path: "db/schema.sql")
    private static let header = """
        -- The whole schema as all migrations together make it, to read and to search. Written by `make schema`; nothing runs it.
        -- Roles and privileges: db/roles.sql.


        """

    @Test func `the schema file shows what the migrations make`() async throws {
        let made = try await Self.header + dump()
        if ProcessInfo.processInfo.environment["FITNESS_TEST_WRITE_SCHEMA"] != nil { try Data(made.utf8).write(to: Self.file) }
        let kept = try String(contentsOf: Self.file, encoding: .utf8)
        let difference = made.split(separator: "\n").difference(from: kept.split(separator: "\n"))
        #expect(kept == made, "db/schema.sql is not current (\(difference.count) lines differ): run make schema")
    }

    private func dump() async throws -> String {
        let program = try await ServerInstallation.find().program("pg_dump")
        return try await withTestDatabaseURL { url in
            let (status, output) = try await run(program, ["--schema-only", "--no-owner", "--no-privileges", "--dbname", url])
            try #require(status == 0, "\(output)")
            return Self.normalised(output)
        }
    }

    /// Without lines that differ between versions or runs: comments, session settings, psql's \restrict with its random key.
    private static func normalised(_ dump: String) -> String {
        let noise = ["--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict"]
        var lines: [Substring] = []
        for line in dump.split(separator: "\n", omittingEmptySubsequences: false) where !noise.contains(where: line.hasPrefix) {
            if line.isEmpty && (lines.last?.isEmpty ?? true) { continue }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}
