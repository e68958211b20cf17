import Database
import Foundation
import TestKit
import Testing

@testable import Sync

@Suite struct DatabaseSizeTests {
    private func keep(_ bytes: Int64, daysAgo: Double, in database: Database, now: Date) async throws {
        let at = now.addingTimeInterval(-daysAgo * 86_400)
        try await database.query(
            """
            INSERT INTO sync.database_size (day, measured_at, bytes)
            VALUES ((\(at)::timestamptz AT TIME ZONE 'UTC')::date, \(at), \(bytes))
            """)
    }

    @Test func `a day has one row, and a month is kept`() async throws {
        try await withTestDatabase { database in
            let now = Date()
            #expect(try await DatabaseSize.read(database, now: now) == nil)
            try await keep(5, daysAgo: 40, in: database, now: now)
            for _ in 0..<3 { try await DatabaseSize.measure(database, now: now) }
            #expect(try await database.query("SELECT count(*) FROM sync.database_size")[0].decode(Int.self) == 1)
            let size = try #require(try await DatabaseSize.read(database, now: now))
            #expect(size.bytes > 1_000_000 && size.growthPerDayBytes == nil, "no growth is told after less than a day")
        }
    }

    @Test func `the growth is the mean of the last week`() async throws {
        try await withTestDatabase { database in
            let now = Date()
            for (bytes, daysAgo) in [(Int64(1), 20.0), (1_000, 7), (1_300, 4), (1_700, 0)] {
                try await keep(bytes, daysAgo: daysAgo, in: database, now: now)
            }
            #expect(try await DatabaseSize.read(database, now: now) == DatabaseSize(bytes: 1_700, growthPerDayBytes: 100))
        }
    }
}
