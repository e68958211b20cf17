import Core
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Warehouse

@Suite struct CursorTests {
    private let newest = "SELECT newest_start_at FROM sync.cursor"

    @Test func `only the columns that are set change`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land(cursor: CursorChange(walkPage: .set(3), walkStartedAt: .set(Bench.noon)))
            try await bench.land(cursor: CursorChange(listedAt: .set(Bench.noon + 1)))
            let query = "SELECT walk_page, walk_started_at, newest_start_at, listed_at, history_complete_at FROM sync.cursor"
            #expect(try await bench.lines(query) == [#"(3,"2026-11-23 12:00:00+00",,"2026-11-23 12:00:01+00",)"#])
            try await bench.land(
                cursor: CursorChange(walkPage: .set(nil), walkStartedAt: .set(nil), historyCompleteAt: .set(Bench.noon + 2)))
            #expect(try await bench.lines(query) == [#"(,,,"2026-11-23 12:00:01+00","2026-11-23 12:00:02+00")"#])
        }
    }

    @Test func `the newest start moves forward, and back only when it is reset`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land(cursor: CursorChange(newestStartAt: .raise(to: Bench.noon - 100)))
            try await bench.land(cursor: CursorChange(newestStartAt: .raise(to: Bench.noon - 200)))
            #expect(try await bench.value("\(raw: newest)", as: Date.self) == Bench.noon - 100)
            try await bench.land(cursor: CursorChange(newestStartAt: .raise(to: Bench.noon - 50)))
            #expect(try await bench.value("\(raw: newest)", as: Date.self) == Bench.noon - 50)
            try await bench.land(cursor: CursorChange(newestStartAt: .reset(Bench.noon - 300)))
            #expect(try await bench.value("\(raw: newest)", as: Date.self) == Bench.noon - 300)
            try await bench.land(cursor: CursorChange(newestStartAt: .reset(nil)))
            #expect(try await bench.value("\(raw: newest)", as: Date?.self) == nil)
        }
    }

    @Test func `the newest start is never later than now`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land(cursor: CursorChange(newestStartAt: .raise(to: Bench.noon + 86_400)))
            #expect(try await bench.value("\(raw: newest)", as: Date.self) == Bench.noon)
            try await bench.land(cursor: CursorChange(newestStartAt: .reset(Bench.noon + 86_400)))
            #expect(try await bench.value("\(raw: newest)", as: Date.self) == Bench.noon)
        }
    }
}
