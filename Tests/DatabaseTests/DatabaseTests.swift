import Core
import Foundation
import TestKit
import Testing

@testable import Database

@Suite struct DatabaseTests {
    @Test func `values of every type are read back unchanged`() async throws {
        try await withTestDatabase { database in
            let date = Date(timeIntervalSince1970: 1_700_000_000.25)
            let uuid = UUID()
            let absent: Int? = nil
            let rows = try await database.query(
                """
                SELECT \(Int64.min), \(Int32.max), \(Int16(-2)), \(1.5), \(Float(0.1)), \(true), \("späti 🚴"), \(date), \([UInt8]([0, 1, 255])),
                    \(uuid), \(AthleteID(7)), \(absent)
                """)
            let (a, b, c, d, e, f, g, h, i, j, k, l) = try rows[0].decode(
                Int64.self, Int32.self, Int16.self, Double.self, Float.self, Bool.self, String.self, Date.self, [UInt8].self, UUID.self,
                AthleteID.self, Int?.self)
            #expect(a == .min && b == .max && c == -2 && d == 1.5 && e == Float(0.1) && f && g == "späti 🚴")
            #expect(h == date && i == [0, 1, 255] && j == uuid && k == AthleteID(7) && l == nil)
        }
    }

    @Test func `arrays are read back unchanged, with and without NULLs`() async throws {
        try await withTestDatabase { database in
            let rows = try await database.query(
                """
                SELECT \([Int32(1), -5, .max]), \([Int16]()), \([Float(1.25), 2]), \(["a", ""]), \(SQLArray<Int16>([1, nil, 3])),
                    \([[UInt8]]([[1], []]))
                """)
            let (a, b, c, d, e, f) = try rows[0].decode(
                [Int32].self, [Int16].self, [Float].self, [String].self, [Int16?].self, [[UInt8]].self)
            #expect(a == [1, -5, .max] && b.isEmpty && c == [1.25, 2] && d == ["a", ""] && e == [1, nil, 3] && f == [[1], []])
        }
    }

    @Test func `infinite times are the distant past and future`() async throws {
        try await withTestDatabase { database in
            let rows = try await database.query(
                "SELECT 'infinity'::timestamptz, '-infinity'::timestamptz, \(Date.distantFuture) = 'infinity'")
            let (future, past, same) = try rows[0].decode(Date.self, Date.self, Bool.self)
            #expect(future == .distantFuture && past == .distantPast && same)
        }
    }

    @Test func `a NULL or a wrong type is an error, not a guess`() async throws {
        try await withTestDatabase { database in
            let rows = try await database.query("SELECT NULL::int, 1.5::float8, 'x'")
            #expect(throws: DatabaseError.self) { try rows[0].column(0, as: Int.self) }
            #expect(throws: DatabaseError.self) { try rows[0].column(1, as: Int.self) }
            #expect(throws: DatabaseError.self) { try rows[0].column(1, as: String.self) }
            #expect(throws: DatabaseError.self) { try rows[0].column(9, as: String.self) }
        }
    }

    @Test func `a value or an array shorter than it says is an error, not a crash`() throws {
        func read<Value: SQLDecodable>(_: Value.Type, _ type: UInt32, _ bytes: [UInt8]) throws -> Value {
            try bytes.withUnsafeBytes { try Value.decodeSQL(SQLCell(type: type, bytes: $0)) }
        }
        for type: UInt32 in [20, 21, 23, 26, 700, 701] {
            #expect(throws: DatabaseError.self, "\(type)") { try read(Double.self, type, [1]) }
        }
        #expect(throws: DatabaseError.self) { try read(Date.self, 1184, [0, 0, 0, 1]) }
        // Dimensions, flag, type of the elements, their number, the first index; then each element's length.
        let head: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23]
        for rest: [UInt8] in [
            [255, 255, 255, 255, 0, 0, 0, 1], [127, 255, 255, 255, 0, 0, 0, 1], [0, 0, 0, 1, 0, 0, 0, 1],
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 5], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5],
        ] {
            #expect(throws: DatabaseError.self, "\(rest)") { try read([Int32].self, 1007, head + rest) }
        }
        #expect(try read([Int32].self, 1007, head + [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5]) == [5])
    }

    @Test func `an error in a transaction rolls all of it back`() async throws {
        try await withTestDatabase { database in
            try await database.query("CREATE TABLE t (id int PRIMARY KEY)")
            await #expect(throws: DatabaseError.self) {
                try await database.transaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                }
            }
            let rows = try await database.query("SELECT count(*) FROM t")
            #expect(try rows[0].decode(Int.self) == 0)
        }
    }

    @Test func `the error of a violated constraint names the constraint and hides the value`() async throws {
        try await withTestDatabase { database in
            try await database.query("CREATE TABLE t (token text CONSTRAINT token_once UNIQUE)")
            try await database.query("INSERT INTO t VALUES ('hush')")
            do {
                try await database.query("INSERT INTO t VALUES (\("hush"))")
                Issue.record("the second row was taken")
            } catch let error as DatabaseError {
                #expect(error.code == .constraint && error.constraint == "token_once" && error.sqlState == "23505")
                #expect(!"\(error)".contains("hush"))
            }
        }
    }

    @Test func `a pipeline returns each statement's rows in order and ends at the first error`() async throws {
        try await withTestDatabase { database in
            let rows = try await database.withConnection { try await $0.pipeline((0..<100).map { "SELECT \($0)" }) }
            #expect(try rows.map { try $0[0].column(0, as: Int.self) } == Array(0..<100))
            await #expect(throws: DatabaseError.self) {
                try await database.withConnection { try await $0.pipeline(["SELECT 1", "SELECT 1 / \(0)", "SELECT 3"]) }
            }
            #expect(try await database.query("SELECT 1").count == 1)
        }
    }

    @Test func `cancelling the task cancels its statement, and the pool continues`() async throws {
        try await withTestDatabase { database in
            let sleeper = Task { try await database.query("SELECT pg_sleep(60)") }
            while try await database.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'")
                .isEmpty
            {
                await Task.yield()
            }
            sleeper.cancel()
            await #expect(throws: (any Error).self) { try await sleeper.value }
            #expect(try await database.query("SELECT 1").count == 1)
        }
    }

    @Test func `a cancellation at any moment of a statement ends it`() async throws {
        try await withTestDatabase { database in
            // Each statement is new, so that it is prepared first, and the cancellation hits a different moment each time.
            for index in 0..<60 {
                let sleeper = Task { try await database.query(SQL(raw: "SELECT pg_sleep(600), \(index)")) }
                try await Task.sleep(for: .microseconds(index * 50))
                sleeper.cancel()
                await #expect(throws: (any Error).self) { try await sleeper.value }
            }
        }
    }

    @Test func `a terminated backend costs one statement, then the pool has a new connection`() async throws {
        try await withTestDatabase { database in
            let pid = try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            await #expect(throws: DatabaseError.self) {
                try await database.withConnection { connection in
                    _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                    _ = try await connection.query("SELECT 1")
                }
            }
            #expect(try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self) != pid)
        }
    }

    @Test func `more tasks than connections wait their turn`() async throws {
        try await withTestDatabase { database in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask { try await database.query("SELECT \(number)")[0].decode(Int.self) }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 19_900)
        }
    }

    @Test func `a listener receives notifications`() async throws {
        try await withTestDatabase { database in
            var heard = database.notifications(on: "bell").makeAsyncIterator()
            let ringer = Task {
                while !Task.isCancelled {
                    try await database.query("SELECT pg_notify('bell', \("ding"))")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await heard.next() == "ding")
            ringer.cancel()
        }
    }

    @Test func `a wrong password or host gives one sentence without the password`() async throws {
        let database = Database(url: "postgresql://nobody:hush@127.0.0.1:1/none")
        do {
            try await database.query("SELECT 1")
            Issue.record("a connection was made")
        } catch let error as DatabaseError {
            #expect(error.code == .unreachable)
            #expect(!"\(error)".contains("hush") && !"\(error)".contains("\n"))
        }
    }
}
