import Core
import Foundation
import StravaAPI
import TestKit
import Testing

@testable import Governor

@Suite struct LimitDoubtTests {
    /// A budget that knows Strava's limits from headers and has made three calls.
    private func knowing(quarter: Int = 600, day: Int = 30_000) throws -> Bench {
        var bench = Bench(quarter: quarter, day: day)
        for call in 1...3 {
            let second = Double(call) + 3
            let permit = try bench.granted(.history, at: moment(second))
            let told = headers(call, call, limit: (quarter, day))
            _ = bench.budget.settle(permit, answered(200, told, at: moment(second).wall), at: moment(second + 0.2))
        }
        return bench
    }

    /// Makes a call now and answers it with these limits; nil when no call is permitted.
    private func call(_ bench: inout Bench, _ second: Double, usage: Int, limit: (Int, Int)) -> [BudgetIncident]? {
        guard let permit = bench.take(at: moment(second)) else { return nil }
        let told = headers(usage, usage, limit: limit)
        return bench.budget.settle(permit, answered(200, told, at: moment(second).wall), at: moment(second + 0.2))
    }

    @Test(arguments: [(1, 1), (2, 2), (600, 1), (6, 300), (4, 30_000)])
    func `one header with impossible limits costs seconds, not the day`(limit: (Int, Int)) throws {
        var bench = try knowing()
        let incidents = call(&bench, 10, usage: 4, limit: limit)
        #expect(incidents == [.limitsDoubted(bench.budget.limits)])
        let early = bench.take(at: moment(12))
        // A limit of 6 allows two more calls; they are not probes.
        #expect(early == nil || limit.0 == 6)
        if let early { _ = bench.budget.settle(early, answered(), at: moment(12.1)) }
        _ = bench.drain(at: moment(13), max: 3)
        let after = call(&bench, 20, usage: 10, limit: (600, 30_000))
        #expect(after == [.limitsChanged(bench.budget.limits)])
        #expect(bench.budget.limits.doubt == nil && bench.budget.limits.quarter.least == 600)
        #expect(bench.drain(at: moment(21)) > 500)
    }

    @Test func `limits repeated to a probe in a later quarter hour are confirmed`() throws {
        var bench = try knowing()
        _ = call(&bench, 10, usage: 4, limit: (2, 2))
        #expect(call(&bench, 20, usage: 5, limit: (2, 2)) != nil)
        // The quarter hour's probe is made: no further call goes, and the end of the wait is known.
        let refusal = bench.refusal(.connect, at: moment(60))
        #expect(refusal?.0 == .limitsInDoubt)
        #expect(refusal.map { $0.1 <= moment(905).wall } ?? false)
        #expect(bench.drain(at: moment(500)) == 0)
        let believed = call(&bench, 960, usage: 6, limit: (2, 2))
        #expect(believed == [.limitsChanged(bench.budget.limits)])
        #expect(bench.budget.limits.doubt == nil && bench.budget.limits.quarter.least == 2)
        #expect(bench.refusal(.connect, at: moment(2000))?.0 == .daySpent)
    }

    @Test func `limits that differ each time are never confirmed, and cost one probe a quarter hour`() throws {
        var bench = try knowing()
        _ = call(&bench, 10, usage: 4, limit: (1, 1))
        var probes = 0
        for quarter in 0..<8 {
            for second in stride(from: 20.0, to: 880, by: 20) {
                let made = call(&bench, Double(quarter) * 900 + second, usage: 4, limit: (1 + (quarter + 1) % 4, 1))
                if made != nil { probes += 1 }
            }
        }
        #expect(probes == 8)
        #expect(bench.budget.limits.doubt?.quarter.overall == 600)
    }

    @Test func `a refusal confirms limits in doubt`() throws {
        var bench = try knowing()
        _ = call(&bench, 10, usage: 4, limit: (1, 1))
        let probe = try bench.granted(.history, at: moment(20))
        let incidents = bench.budget.settle(probe, answered(429, nil, at: moment(20).wall), at: moment(20.2))
        #expect(incidents.first == .limitsChanged(bench.budget.limits))
        #expect(bench.budget.limits.doubt == nil && bench.budget.limits.day.least == 1)
    }

    @Test func `when only streams calls wait, an answered probe ends the doubt`() throws {
        var bench = try knowing()
        _ = call(&bench, 10, usage: 4, limit: (1, 1))
        let taken = bench.take(.history, reportsUsage: false, at: moment(20))
        let probe = try #require(taken)
        _ = bench.budget.settle(probe, answered(200, nil, at: moment(20).wall), at: moment(20.2))
        #expect(bench.budget.limits.doubt == nil && bench.budget.limits.day.least == 30_000)
    }

    @Test(arguments: [(300, 30_000), (200, 2_000), (100, 1_000), (60, 6_000)])
    func `limits that an application can have are accepted at once`(limit: (Int, Int)) throws {
        var bench = try knowing()
        #expect(call(&bench, 10, usage: 4, limit: limit) == [.limitsChanged(bench.budget.limits)])
        #expect(bench.budget.limits.doubt == nil && bench.budget.limits.quarter.least == limit.0)
    }

    @Test func `small limits in the first header are accepted`() throws {
        var bench = Bench()
        #expect(call(&bench, 5, usage: 1, limit: (20, 100)) == [.limitsChanged(bench.budget.limits)])
        #expect(bench.drain(at: moment(6)) <= 19)
        #expect(bench.take(at: moment(300)) == nil)
    }

    @Test func `instances in doubt share one probe a quarter hour, also after a restart`() async throws {
        try await withTestDatabase { database in
            var bench = try self.knowing()
            _ = self.call(&bench, 10, usage: 4, limit: (1, 1))
            var first = bench.budget
            func ask(_ budget: inout RateBudget, _ ledger: QuotaLedger, at now: Moment) async throws -> Bool {
                let id = budget.request(.history, athlete: AthleteID(1))
                for _ in 0..<4 {
                    switch budget.next(at: now) {
                    case .grant(_, let permit):
                        _ = budget.settle(permit, .networkFailed(sent: true), at: now)
                        return true
                    case .askLedger(let calls):
                        let turns = budget.ledgerRequests(want: calls, at: now)
                        budget.received(Array(zip(turns, try await ledger.exchange(turns))), at: now)
                    case .wait, .idle:
                        _ = budget.cancel(id)
                        return false
                    }
                }
                return false
            }
            let ledgers = (0..<3).map { _ in QuotaLedger(database: database, instance: UUID()) }
            #expect(try await ask(&first, ledgers[0], at: moment(60)))
            var second = RateBudget(configured: RateLimit(quarter: 600, day: 30_000))
            let turns = second.ledgerRequests(want: nil, at: moment(70))
            second.received(Array(zip(turns, try await ledgers[1].exchange(turns))), at: moment(70))
            #expect(second.limits.doubt != nil && second.limits.day.least == 1)
            #expect(try await ask(&second, ledgers[1], at: moment(80)) == false)
            #expect(try await ask(&second, ledgers[1], at: moment(1000)))
            #expect(try await ask(&first, ledgers[0], at: moment(1100)) == false)
        }
    }
}
