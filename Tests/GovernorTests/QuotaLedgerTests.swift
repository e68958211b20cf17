import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Governor

@Suite struct QuotaLedgerTests {
    @Test func `a block is granted, counted, and given back by reporting totals`() async throws {
        try await withTestDatabase { database in
            let ledger = QuotaLedger(database: database, instance: UUID())
            let granted = try await ledger.exchange([turn(1, want: 12)])[0]
            #expect(granted.granted == 12)
            #expect(granted.quarter.leased == 12)
            #expect(granted.day.leased == 12)
            let returned = try await ledger.exchange([turn(2, kept: 5)])[0]
            #expect(returned.quarter.leased == 5)
            #expect(returned.day.leased == 5)
        }
    }

    @Test func `no more calls are granted than the smaller window leaves`() async throws {
        try await withTestDatabase { database in
            let ledger = QuotaLedger(database: database, instance: UUID())
            let asked = turn(1, want: 20, limit: RateLimit(quarter: 50, day: 15))
            let first = try await ledger.exchange([asked])[0]
            #expect(first.granted == 15)
            let second = try await QuotaLedger(database: database, instance: UUID()).exchange([asked])[0]
            #expect(second.granted == 0)
        }
    }

    @Test func `a request that arrives late changes nothing`() async throws {
        try await withTestDatabase { database in
            let ledger = QuotaLedger(database: database, instance: UUID())
            _ = try await ledger.exchange([turn(1, want: 12)])
            _ = try await ledger.exchange([turn(3, kept: 12, want: 12)])
            let late = try await ledger.exchange([turn(2, kept: 0, want: 12)])[0]
            #expect(late.granted == 0)
            #expect(late.quarter.leased == 24)
        }
    }

    @Test func `instances that take blocks at the same time never get more than the limit together`() async throws {
        try await withTestDatabase { database in
            let granted = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let ledger = QuotaLedger(database: database, instance: UUID())
                        var kept = 0
                        for sequence in 1...30 {
                            let asked = turn(sequence, kept: kept, want: 7, limit: RateLimit(quarter: 600, day: 9000))
                            kept += try await ledger.exchange([asked])[0].granted
                        }
                        return kept
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(granted == 600)
            let row = try #require(try await database.query("SELECT leased FROM sync.quota WHERE span = 'day'").first)
            #expect(try row.decode(Int64.self) == 600)
        }
    }

    @Test func `a block belongs to one window, and the next carries over only calls that may still arrive`() async throws {
        try await withTestDatabase { database in
            let ledger = QuotaLedger(database: database, instance: UUID())
            _ = try await ledger.exchange([turn(1, want: 12)])
            let next = QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970 + 901)
            // 9 made, 7 of them certainly within the window, the rest given back: 2 may arrive in the next one.
            let answers = try await ledger.exchange([turn(2, kept: 9, settled: 7), turn(3, quarter: next)])
            #expect(answers[1].quarter.leased == 0)
            #expect(answers[1].quarter.carried == 2)
            #expect(answers[1].day.leased == 9)
        }
    }

    @Test func `limits learned by one run are known to the next, even in a new window`() async throws {
        try await withTestDatabase { database in
            var learned = LearnedLimits(RateLimit(quarter: 200, day: 2000))
            learned.quarter.read = 100
            learned.seenAt_s = 1000
            _ = try await QuotaLedger(database: database, instance: UUID()).exchange([turn(1, limits: learned)])
            let later = QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970 + 5000)
            let answer = try await QuotaLedger(database: database, instance: UUID()).exchange([turn(1, quarter: later)])[0]
            #expect(answer.limits == learned)
        }
    }

    @Test func `a limit learned by one instance drops at once for all, and rises only by a newer header`() async throws {
        try await withTestDatabase { database in
            let heard = [(200, 1000.0), (100, 999), (200, 1001), (150, 1004)]
            var known: [Int] = []
            for (limit, seenAt_s) in heard {
                var limits = LearnedLimits(RateLimit(quarter: limit, day: 2000))
                limits.seenAt_s = seenAt_s
                let answer = try await QuotaLedger(database: database, instance: UUID()).exchange([turn(1, limits: limits)])[0]
                known.append(answer.limits.quarter.least)
            }
            #expect(known == [200, 100, 100, 150])
        }
    }

    @Test func `usage seen in one instance's header leaves more to the others`() async throws {
        try await withTestDatabase { database in
            let limit = RateLimit(quarter: 100, day: 1000)
            let (first, second) = (QuotaLedger(database: database, instance: UUID()), QuotaLedger(database: database, instance: UUID()))
            _ = try await first.exchange([turn(1, want: 40, limit: limit)])
            // 40 calls of the first instance have arrived; a call of the second, sent when that was known, names a usage of 41.
            _ = try await first.exchange([turn(2, kept: 40, settled: 40, limit: limit)])
            let read = try await second.exchange([turn(1, want: 1, limit: limit)])[0]
            #expect(read.quarter.othersSettled == 40)
            var told = turn(2, kept: 1, settled: 1, want: 100, limit: limit)
            (told.quarterIncluded, told.quarterUsage) = (1, WindowUsage(overall: 41, read: 41))
            #expect(try await second.exchange([told])[0].granted == 19)
            told = turn(3, kept: 1, settled: 1, want: 100, limit: limit)
            (told.quarterIncluded, told.quarterAllIncluded, told.quarterUsage) = (1, 41, WindowUsage(overall: 41, read: 41))
            #expect(try await second.exchange([told])[0].granted == 59)
        }
    }

    @Test(arguments: [modelSeed, 1, 2])
    func `the rule in SQL and the rule in the program give the same replies`(seed: UInt64) async throws {
        print("ledger seed \(seed)")
        var random = SeededRandom(seed: seed)
        try await withTestDatabase { database in
            let limit = RateLimit(quarter: 40, day: 150)
            var book = QuotaLedgerModel(configured: limit)
            let instances = [UUID(), UUID(), UUID()]
            let base = QuotaWindow(.day, containing: quarterStart.timeIntervalSince1970).end_s - 1800
            for step in 1...300 {
                let instance = instances.randomElement(using: &random) ?? instances[0]
                let turn = randomTurn(step, base: base, &random)
                let expected = book.exchange(turn, by: instance)
                let answer = try await QuotaLedger(database: database, instance: instance).exchange([turn])[0]
                #expect(answer == expected, "step \(step)")
                if answer != expected { return }
            }
        }
    }

    private func randomTurn(_ step: Int, base: Int, _ random: inout SeededRandom) -> QuotaRequest {
        let quarter = QuotaWindow(.quarter, containing: Double(base + 900 * min(3, step / 75)))
        var limits = LearnedLimits(RateLimit(quarter: .random(in: 30...60, using: &random), day: 150))
        if Bool.random(using: &random) { limits.quarter.read = 35 }
        if Bool.random(using: &random) {
            limits.doubt = .init(
                quarter: .init(overall: .random(in: 60...90, using: &random), read: Bool.random(using: &random) ? 70 : nil),
                day: .init(overall: 200, read: nil), since_s: .random(in: 1...9, using: &random))
            limits.day.overall = .random(in: 1...150, using: &random)
        }
        limits.seenAt_s = Bool.random(using: &random) ? max(0, Double(step / 20) + .random(in: -3...1, using: &random)) : 0
        let kept = Int.random(in: 0...14, using: &random)
        return QuotaRequest(
            quarter: quarter, sequence: max(1, step - .random(in: 0...3, using: &random)), kept: kept,
            settled: .random(in: 0...kept, using: &random), quarterIncluded: .random(in: 0...kept, using: &random),
            dayIncluded: .random(in: 0...kept, using: &random), quarterAllIncluded: .random(in: 0...20, using: &random),
            dayAllIncluded: .random(in: 0...30, using: &random),
            quarterUsage: WindowUsage(overall: .random(in: 0...30, using: &random), read: .random(in: 0...30, using: &random)),
            dayUsage: WindowUsage(overall: .random(in: 0...90, using: &random)),
            quarterExhausted: step % 71 == 0, dayExhausted: false, limits: limits, want: .random(in: 0...12, using: &random),
            wantsProbe: .random(using: &random))
    }
}

private func turn(
    _ sequence: Int, kept: Int = 0, settled: Int = 0, want: Int = 0, limit: RateLimit = RateLimit(quarter: 600, day: 30_000),
    quarter: QuotaWindow = QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970), limits: LearnedLimits? = nil
) -> QuotaRequest {
    QuotaRequest(
        quarter: quarter, sequence: sequence, kept: kept, settled: settled, quarterIncluded: 0, dayIncluded: 0,
        quarterUsage: WindowUsage(), dayUsage: WindowUsage(), quarterExhausted: false, dayExhausted: false,
        limits: limits ?? LearnedLimits(limit), want: want)
}
