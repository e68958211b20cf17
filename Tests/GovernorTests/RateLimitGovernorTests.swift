import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Governor

@Suite struct RateLimitGovernorTests {
    private static let athlete = AthleteID(7)
    /// A minute into a quarter hour.
    private let start = quarterStart.addingTimeInterval(60)

    @Test func `the 601st request waits for the next quarter hour`() async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let governor = makeGovernor(database, clock)
            let running = Task { try await governor.run() }
            for _ in 0..<600 { try await call(governor, .connect) }
            let last = Task { try await governor.acquire(.connect, athlete: Self.athlete) }
            try await eventually("the last call waits") { await governor.snapshot().waitingUntil != nil }
            let snapshot = await governor.snapshot()
            #expect(snapshot.waitingReason == .quarterSpent)
            #expect(snapshot.windows[0].used == 600)
            let until = try #require(snapshot.waitingUntil)
            #expect(until >= quarterStart.addingTimeInterval(900) && until < quarterStart.addingTimeInterval(904))
            try await eventually("the next quarter hour lets it through") {
                clock.advance(by: .seconds(90))
                return await governor.snapshot().granted["connect"] == 601
            }
            await governor.settle(try await last.value, .notSent)
            await governor.shutdown()
            try await running.value
        }
    }

    /// From a damaged backup, or by hand.
    @Test(arguments: [
        "UPDATE sync.quota_limit SET quarter_overall = 9223372036854775807, day_overall = 9223372036854775807, seen_at_s = 1",
        "UPDATE sync.quota_limit SET quarter_read = 9223372036854775807, day_read = 9223372036854775807, seen_at_s = 1",
        """
        UPDATE sync.quota_limit SET trusted_quarter_overall = -9223372036854775808, trusted_day_overall = -9223372036854775808,
            doubted_at_s = 9223372036854775807, seen_at_s = 1
        """, "UPDATE sync.quota_window SET overall_usage = 9223372036854775807, read_usage = -9223372036854775808",
    ])
    func `no number in the ledger ends the process`(damage: String) async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let first = makeGovernor(database, clock)
            let running = Task { try await first.run() }
            try await call(first, .connect)
            await first.shutdown()
            try await running.value
            try await database.query("\(raw: damage)")
            let governor = makeGovernor(database, clock)
            let again = Task { try await governor.run() }
            let waiting = Task { try await governor.acquire(.connect, athlete: Self.athlete) }
            try await eventually("it waits, or was let through") {
                let snapshot = await governor.snapshot()
                _ = QuotaOutlook.of(snapshot)
                return snapshot.waiting["connect"] == 1 || snapshot.granted["connect"] == 1
            }
            clock.advance(by: .seconds(3_600 * 23))
            _ = await governor.snapshot()
            waiting.cancel()
            if let permit = try? await waiting.value { await governor.settle(permit, .notSent) }
            await governor.shutdown()
            _ = try? await again.value
        }
    }

    @Test func `a cancelled caller leaves the queue`() async throws {
        try await withTestDatabase { database in
            let governor = makeGovernor(database, .manual(at: start), limit: RateLimit(quarter: 1, day: 10))
            let running = Task { try await governor.run() }
            try await call(governor, .connect)
            let waiting = Task { try await governor.acquire(.connect, athlete: Self.athlete) }
            try await eventually("it waits") { await governor.snapshot().waiting["connect"] == 1 }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(await governor.snapshot().waiting["connect"] == 0)
            await governor.shutdown()
            try await running.value
        }
    }

    @Test func `a restart in mid-window respects what was spent, and a clean stop gives back what was not`() async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let first = makeGovernor(database, clock, limit: RateLimit(quarter: 100, day: 1000))
            let running = Task { try await first.run() }
            for _ in 0..<41 { try await call(first, .connect) }
            await first.shutdown()
            try await running.value
            let second = makeGovernor(database, clock, limit: RateLimit(quarter: 100, day: 1000))
            try await second.start()
            let runningAgain = Task { try await second.run() }
            #expect(await second.snapshot().windows.map(\.used) == [41, 41])
            for _ in 0..<59 { try await call(second, .connect) }
            let blocked = Task { try await second.acquire(.connect, athlete: Self.athlete) }
            try await eventually("nothing is left") { await second.snapshot().waitingReason == .quarterSpent }
            await second.shutdown()
            await #expect(throws: GovernorError.self) { try await blocked.value }
            try await runningAgain.value
        }
    }

    @Test func `a crash loses no more than the block that was taken`() async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let limit = RateLimit(quarter: 600, day: 30_000)
            let crashed = makeGovernor(database, clock, limit: limit)
            let running = Task { try await crashed.run() }
            for _ in 0..<13 { try await call(crashed, .connect) }
            let next = makeGovernor(database, clock, limit: limit)
            try await next.start()
            let used = await next.snapshot().windows[0].used
            #expect((13...24).contains(used))
            await crashed.shutdown()
            try await running.value
        }
    }

    @Test func `two governors on one database share one limit`() async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let limit = RateLimit(quarter: 200, day: 1000)
            let governors = [makeGovernor(database, clock, limit: limit), makeGovernor(database, clock, limit: limit)]
            let running = governors.map { governor in Task { try await governor.run() } }
            let tasks = (0..<240).map { index in Task { try await call(governors[index % 2], .connect) } }
            try await eventually("the limit is reached") {
                var used = 0
                for governor in governors { used += await governor.snapshot().granted["connect"] ?? 0 }
                return used >= 196
            }
            var granted = 0
            for governor in governors { granted += await governor.snapshot().granted["connect"] ?? 0 }
            #expect(granted <= 200)
            for governor in governors { await governor.shutdown() }
            for task in running { try await task.value }
            let results = await tasks.asyncMap { await $0.result }
            // More may have been granted between the snapshot and the stop.
            #expect((granted...200).contains(results.filter { (try? $0.get()) != nil }.count))
        }
    }

    @Test func `calls wait while the ledger does not answer and resume when it does`() async throws {
        try await withTestDatabase { database in
            let clock = WallClock.manual(at: start)
            let governor = makeGovernor(database, clock)
            try await governor.start()
            let running = Task { try await governor.run() }
            try await database.query("ALTER TABLE sync.quota_block RENAME TO quota_block_away")
            let waiting = Task { try await call(governor, .live) }
            try await eventually("the ledger fails") { await governor.snapshot().waitingUntil != nil }
            #expect(await governor.snapshot().waitingReason == .ledger)
            try await database.query("ALTER TABLE sync.quota_block_away RENAME TO quota_block")
            try await eventually("the call goes") {
                clock.advance(by: .seconds(2))
                return await governor.snapshot().granted["live"] == 1
            }
            try await waiting.value
            await governor.shutdown()
            try await running.value
        }
    }

    @Test func `a call without a limit costs next to nothing`() async throws {
        try await withTestDatabase { database in
            let governor = RateLimitGovernor(database: database, clock: .system, limit: .unlimited, logger: quietLogger)
            let running = Task { try await governor.run() }
            let begin = ContinuousClock.now
            for _ in 0..<5000 { try await call(governor, .history) }
            let each_us = (ContinuousClock.now - begin).seconds * 200
            print("acquire and settle: \(each_us) µs each")
            #expect(each_us < 5000)
            await governor.shutdown()
            try await running.value
        }
    }

    @Test func `a governor stopped while it reads the ledger never runs, and one that failed to read it can retry`()
        async throws
    {
        try await withTestDatabase { database in
            let stopped = makeGovernor(database, .manual(at: start))
            try await database.withConnection { connection in
                try await connection.execute("BEGIN; LOCK TABLE sync.quota_limit")
                let running = Task { try await stopped.run() }
                try await eventually("it waits for the ledger") {
                    try await !database.query(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    )
                    .isEmpty
                }
                // A second start changes nothing: the ledger is read once.
                try await stopped.start()
                await stopped.shutdown()
                try await connection.execute("COMMIT")
                try await running.value
            }
            await #expect(throws: GovernorError.self) { try await stopped.acquire(.connect, athlete: Self.athlete) }
            #expect(try await database.query("SELECT 1 FROM sync.quota_block WHERE span = 'day'").count == 1)

            let governor = makeGovernor(database, .manual(at: start))
            try await database.query("ALTER TABLE sync.quota_block RENAME TO quota_block_away")
            await #expect(throws: DatabaseError.self) { try await governor.run() }
            try await database.query("ALTER TABLE sync.quota_block_away RENAME TO quota_block")
            let running = Task { try await governor.run() }
            try await call(governor, .connect)
            running.cancel()
            try await running.value
            #expect(try await database.query("SELECT 1 FROM sync.quota WHERE span = 'quarter' AND leased = 1").count == 1)
        }
    }

    private func makeGovernor(
        _ database: Database, _ clock: WallClock, limit: RateLimit = RateLimit(quarter: 600, day: 30_000)
    ) -> RateLimitGovernor {
        RateLimitGovernor(database: database, clock: clock, limit: limit, policy: .spend, logger: quietLogger)
    }
}

/// One call from its permit to its answer.
private func call(_ governor: RateLimitGovernor, _ requestClass: RequestClass) async throws {
    let permit = try await governor.acquire(requestClass, athlete: AthleteID(7))
    await governor.settle(permit, .answered(status: 200, rateLimit: nil, serverDate: nil))
}

extension Array where Element: Sendable {
    fileprivate func asyncMap<Answer: Sendable>(_ transform: (Element) async -> Answer) async -> [Answer] {
        var answers: [Answer] = []
        for element in self { answers.append(await transform(element)) }
        return answers
    }
}
