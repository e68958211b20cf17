import Database
import TestKit
import Testing

@Suite struct CopyOutTests {
    private struct Enough: Error {}

    @Test func `rows arrive in pieces, complete and in order`() async throws {
        try await withTestDatabase { database in
            var pieces: [[UInt8]] = []
            let count = try await database.copyOut(
                "COPY (SELECT n, 'späti, \"zwei\"' FROM generate_series(1, 20000) AS n) TO STDOUT (FORMAT csv)"
            ) { pieces.append($0) }
            #expect(count == 20_000)
            #expect(String(decoding: pieces.joined(), as: UTF8.self) == (1...20_000).map { "\($0),\"späti, \"\"zwei\"\"\"\n" }.joined())
            #expect(pieces.count > 5 && pieces.allSatisfy { $0.count < 66_000 && $0.last == UInt8(ascii: "\n") })
        }
    }

    @Test func `a result without rows has no pieces`() async throws {
        try await withTestDatabase { database in
            let count = try await database.copyOut("COPY (SELECT 1 WHERE false) TO STDOUT") { _ in throw Enough() }
            #expect(count == 0)
        }
    }

    @Test func `an error in the middle is thrown after the rows before it`() async throws {
        try await withTestDatabase { database in
            var bytes = 0
            let error = await #expect(throws: DatabaseError.self) {
                try await database.copyOut("COPY (SELECT 1000000 / (90000 - generate_series(1, 100000))) TO STDOUT") { bytes += $0.count }
            }
            #expect(error?.sqlState == "22012")
            #expect(bytes > 64_000)
            let rows = try await database.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test func `a consumer that throws stops the server, and the pool continues with another connection`() async throws {
        try await withTestDatabase { database in
            // More rows than a test waits for.
            await #expect(throws: Enough.self) {
                try await database.copyOut("COPY (SELECT generate_series(1, 1000000000000)) TO STDOUT") { _ in throw Enough() }
            }
            let rows = try await database.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test func `a statement that is no COPY is refused`() async throws {
        try await withTestDatabase { database in
            let error = await #expect(throws: DatabaseError.self) { try await database.copyOut("SELECT 1") { _ in } }
            #expect(error?.code == .statement)
        }
    }
}
