import Foundation
import TestKit
import Testing

@Suite struct SQLFileTests {
    @Test func `each SQL file begins by saying what it is for`() {
        #expect(!SourceTree.shared.sql.isEmpty)
        for file in SourceTree.shared.sql {
            let first = file.lines.first ?? ""
            #expect(first.hasPrefix("-- ") && first.count > 20, "\(file.path) has no header")
        }
    }

    /// Gaps are allowed: each body of work has its own range, and a number that was ever used stays used.
    @Test func `migrations have a number of their own and say what they do`() {
        let names = SourceTree.shared.sql.filter { $0.path.hasPrefix("db/migrations/") }.map(\.name)
        #expect(Set(names.map { $0.prefix(4) }).count == names.count, "\(names)")
        for name in names { #expect(name.wholeMatch(of: #/\d{4}_[a-z]+(_[a-z0-9]+)+\.sql/#) != nil, "\(name) is not NNNN_verb_noun.sql") }
    }

    /// The migrator puts each file into a transaction together with its line in the history.
    @Test func `no migration begins or ends a transaction, and none works outside one`() {
        for file in SourceTree.shared.sql where file.path.hasPrefix("db/migrations/") {
            for (number, line) in file.lines.enumerated() {
                let isOutside = line.uppercased().contains(#/^\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*;|CONCURRENTLY|^\s*VACUUM/#)
                #expect(!isOutside, "\(file.path):\(number + 1)")
            }
        }
    }

    @Test func `each table and each schema of the migrations is commented`() {
        let text = SourceTree.shared.sql.filter { $0.path.hasPrefix("db/migrations/") }.map(\.text).joined(separator: "\n")
        for match in text.matches(of: #/CREATE (TABLE|SCHEMA|VIEW)(?: IF NOT EXISTS)? ([a-z_]+(?:\.[a-z_0-9]+)?)/#) {
            #expect(text.contains("COMMENT ON \(match.1) \(match.2) IS"), "\(match.1) \(match.2) has no comment")
        }
    }
}
