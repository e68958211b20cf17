import Core
import Foundation
import StravaAPI

@testable import Governor

/// 2026-03-02 14:00:00 UTC, the start of a quarter hour.
let quarterStart = Date(timeIntervalSince1970: 1_772_460_000)

func moment(_ seconds: Double, from start: Date = quarterStart) -> Moment {
    let wall = start.addingTimeInterval(seconds)
    return Moment(wall: wall, uptime_s: wall.timeIntervalSince1970)
}

func headers(
    _ quarterUsage: Int?, _ dayUsage: Int?, limit: (Int, Int) = (600, 30_000), read: (limit: (Int, Int), usage: (Int?, Int?))? = nil
) -> RateLimitHeaders {
    RateLimitHeaders(
        overall: .init(quarterLimit: limit.0, dayLimit: limit.1, quarterUsage: quarterUsage, dayUsage: dayUsage),
        read: read.map {
            .init(quarterLimit: $0.limit.0, dayLimit: $0.limit.1, quarterUsage: $0.usage.0, dayUsage: $0.usage.1)
        })
}

func answered(_ status: Int = 200, _ headers: RateLimitHeaders? = nil, at date: Date? = nil) -> CallOutcome {
    .answered(status: status, rateLimit: headers, serverDate: date)
}

/// A budget with a quota ledger in memory, so that a test only asks for calls and settles them.
struct Bench {
    var budget: RateBudget
    var book: QuotaLedgerModel
    let instance = UUID()

    init(quarter: Int = 600, day: Int = 30_000, policy: DayPolicy = .spend) {
        let limit = RateLimit(quarter: quarter, day: day)
        budget = RateBudget(configured: limit, policy: policy)
        book = QuotaLedgerModel(configured: limit)
    }

    /// The budget's decision, after as many exchanges with the ledger as it asks for.
    mutating func next(at now: Moment) -> BudgetDecision {
        var decision = budget.next(at: now)
        for _ in 0..<3 {
            guard case .askLedger(let calls) = decision else { return decision }
            tell(want: calls, at: now)
            decision = budget.next(at: now)
        }
        return decision
    }

    mutating func tell(want: Int? = nil, at now: Moment) {
        let turns = budget.ledgerRequests(want: want, at: now)
        budget.received(turns.map { ($0, book.exchange($0, by: instance)) }, at: now)
    }

    /// The permit for one call now; nil when the budget grants none.
    mutating func take(
        _ requestClass: RequestClass = .history, _ athlete: Int64 = 1, reportsUsage: Bool = true, at now: Moment
    ) -> Permit? {
        let id = budget.request(requestClass, athlete: AthleteID(athlete), reportsUsage: reportsUsage)
        if case .grant(id, let permit) = next(at: now) { return permit }
        _ = budget.cancel(id)
        return nil
    }

    /// The permit for one call now. Throws when the budget grants none.
    mutating func granted(_ requestClass: RequestClass, _ athlete: Int64 = 1, at now: Moment) throws -> Permit {
        guard let permit = take(requestClass, athlete, at: now) else { throw NotGranted() }
        return permit
    }

    /// Makes calls one after another, answered without headers, until the budget grants none. Returns how many.
    mutating func drain(_ requestClass: RequestClass = .history, at now: Moment, max: Int = 100_000) -> Int {
        var count = 0
        while count < max, let permit = take(requestClass, Int64(count % 7), at: now) {
            _ = budget.settle(permit, answered(), at: now)
            count += 1
        }
        return count
    }

    /// Sends up to `max` calls at once, each `reportingEach`th of which will report the usage; as many of both kinds always wait.
    mutating func send(_ max: Int, reportingEach: Int, at now: Moment) -> [(permit: Permit, reportsUsage: Bool)] {
        var waiting: [UInt64: Bool] = [:]
        for call in 1...(2 * max * reportingEach) {
            let reportsUsage = call.isMultiple(of: reportingEach)
            waiting[budget.request(.connect, athlete: AthleteID(Int64(call)), reportsUsage: reportsUsage)] = reportsUsage
        }
        var sent: [(Permit, Bool)] = []
        while sent.count < max, case .grant(let id, let permit) = next(at: now) { sent.append((permit, waiting[id] ?? true)) }
        for id in waiting.keys { _ = budget.cancel(id) }
        return sent
    }

    /// Why the budget grants no call now, and until when; nil when it grants one.
    mutating func refusal(_ requestClass: RequestClass = .history, _ athlete: Int64 = 1, at now: Moment) -> (WaitReason, Date)? {
        let id = budget.request(requestClass, athlete: AthleteID(athlete))
        defer { _ = budget.cancel(id) }
        if case .wait(let until, let reason) = next(at: now) { return (reason, until) }
        return nil
    }
}

struct NotGranted: Error {}
