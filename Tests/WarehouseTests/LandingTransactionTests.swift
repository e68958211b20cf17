import Core
import Database
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Warehouse

@Suite struct LandingTransactionTests {
    @Test func `a batch under a lost lease writes nothing`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let stolen = [LeaseFence(owner: bench.lease.owner, fence: 6), LeaseFence(owner: UUID(), fence: 7)]
            for lease in stolen {
                let batch = BronzeBatch(
                    athleteID: Bench.athlete, lease: lease, answers: [answer(.activity, 11, "{}")], listed: [listed(11)],
                    cursor: CursorChange(walkPage: .set(2)))
                let error = await #expect(throws: WarehouseError.self) { try await bench.writer.commit(batch) }
                #expect(error?.code == .leaseLost)
            }
            let written =
                "SELECT (SELECT count(*) FROM bronze_strava.answer) + (SELECT count(*) FROM sync.activity) + (SELECT count(*) FROM sync.cursor)"
            #expect(try await bench.value("\(raw: written)", as: Int.self) == 0)
        }
    }

    @Test func `waiting batches share a transaction, and one without a lease fails alone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let others = (1...6).map { AthleteID(Int64($0)) }
            var batches: [BronzeBatch] = []
            for athlete in others {
                let lease = try await Bench.enrol(athlete, in: database)
                let used = athlete.rawValue == 4 ? LeaseFence(owner: lease.owner, fence: 99) : lease
                batches.append(BronzeBatch(athleteID: athlete, lease: used, answers: [answer(.activity, 100 + athlete.rawValue, "{}")]))
            }
            let outcomes = try await blockedWriter(bench) { [batches] in
                await withTaskGroup(of: (AthleteID, Bool).self) { group in
                    for batch in batches {
                        group.addTask { (batch.athleteID, (try? await bench.writer.commit(batch)) != nil) }
                    }
                    return await group.reduce(into: [AthleteID: Bool]()) { $0[$1.0] = $1.1 }
                }
            }
            #expect(outcomes.filter { !$0.value }.map(\.key) == [AthleteID(4)])
            let landed = try await bench.lines("SELECT athlete_id FROM bronze_strava.answer WHERE athlete_id < 10 ORDER BY 1")
            #expect(landed == ["(1)", "(2)", "(3)", "(5)", "(6)"])
        }
    }

    @Test(arguments: [(answers: 1, bytes: 10, transactions: 1), (300, 10, 2), (1, 3 << 20, 3)])
    func `a transaction is bounded in answers and bytes`(_ each: (answers: Int, bytes: Int, transactions: Int)) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let body = String(repeating: " ", count: each.bytes)
            var batches: [BronzeBatch] = []
            for athlete in (1...6).map({ AthleteID($0) }) {
                let lease = try await Bench.enrol(athlete, in: database)
                let answers = (1...each.answers).map { answer(.activity, Int64($0), body) }
                batches.append(BronzeBatch(athleteID: athlete, lease: lease, answers: answers))
            }
            let landed = try await blockedWriter(bench) { [batches] in
                await withTaskGroup(of: Int.self) { group in
                    for batch in batches { group.addTask { (try? await bench.writer.commit(batch).inserted) ?? 0 } }
                    return await group.reduce(0, +)
                }
            }
            #expect(landed == 6 * each.answers)
            let transactions = try await bench.value("SELECT count(DISTINCT xmin::text) FROM bronze_strava.answer", as: Int.self)
            #expect(transactions == each.transactions)
        }
    }

    @Test func `a batch that violates a constraint fails alone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await database.query("ALTER TABLE bronze_strava.answer ADD CONSTRAINT no_13 CHECK (object_id <> 13)")
            let lease = try await Bench.enrol(AthleteID(1), in: database)
            let good = BronzeBatch(athleteID: AthleteID(1), lease: lease, answers: [answer(.activity, 12, "{}")])
            let bad = bench.batch([answer(.activity, 13, "{}")])
            async let first = bench.writer.commit(good)
            let error = await #expect(throws: DatabaseError.self) { try await bench.writer.commit(bad) }
            #expect(error?.code == .constraint)
            #expect(try await first.inserted == 1)
            #expect(try await bench.lines("SELECT object_id FROM bronze_strava.answer") == ["(12)"])
        }
    }

    @Test func `a backend that dies in mid-transaction leaves nothing, and the batch lands at the next attempt`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let batch = bench.batch(
                [answer(.activity, 11, "{}")], listed: [listed(11)], cursor: CursorChange(walkPage: .set(2)))
            try await database.withConnection { blocker in
                try await blocker.execute("BEGIN; LOCK TABLE sync.cursor IN ACCESS EXCLUSIVE MODE")
                async let outcome = Self.outcome(of: batch, bench.writer)
                let pid = try await Self.waiter(in: database)
                try await database.query("SELECT pg_terminate_backend(\(pid))")
                let error = await outcome
                #expect((error as? DatabaseError)?.code == .unreachable)
                try await blocker.execute("ROLLBACK")
            }
            let written =
                "SELECT (SELECT count(*) FROM bronze_strava.answer) + (SELECT count(*) FROM sync.activity) + (SELECT count(*) FROM sync.transform_work)"
            #expect(try await bench.value("\(raw: written)", as: Int.self) == 0)
            #expect(try await bench.writer.commit(batch) == CommitReceipt(inserted: 1, changed: 0, unchanged: 0, newActivities: 1))
        }
    }

    /// Locks the cursors until a first batch waits for them, so that the batches that `body` commits wait as a group.
    private func blockedWriter<Answer: Sendable>(
        _ bench: Bench, _ body: @escaping @Sendable () async -> Answer
    ) async throws -> Answer {
        try await bench.database.withConnection { blocker in
            try await blocker.execute("BEGIN; LOCK TABLE sync.cursor IN ACCESS EXCLUSIVE MODE")
            async let first = bench.land(cursor: CursorChange(walkPage: .set(1)))
            _ = try await Self.waiter(in: bench.database)
            async let rest = body()
            try await eventually("all batches wait") { await bench.writer.waitingCount == 6 }
            try await blocker.execute("ROLLBACK")
            _ = try await first
            return await rest
        }
    }

    private static func outcome(of batch: BronzeBatch, _ writer: WarehouseWriter) async -> (any Error)? {
        do {
            _ = try await writer.commit(batch)
            return nil
        } catch {
            return error
        }
    }

    /// The backend that waits for another's lock.
    private static func waiter(in database: Database) async throws -> Int32 {
        var pid: Int32?
        try await eventually("a backend waits for a lock") {
            let rows = try await database.query(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            pid = try rows.first.map { try $0.decode(Int32.self) }
            return pid != nil
        }
        return try #require(pid)
    }
}
