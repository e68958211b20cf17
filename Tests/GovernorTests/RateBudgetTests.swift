import Core
import Foundation
import StravaAPI
import Testing

@testable import Governor

@Suite struct RateBudgetTests {
    @Test func `windows are natural quarter hours and UTC days`() {
        let window = QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970 + 899)
        #expect(window.startsAt == quarterStart)
        #expect(window.next.startsAt == quarterStart.addingTimeInterval(900))
        #expect(window.day.startsAt == quarterStart.addingTimeInterval(-14 * 3600))
    }

    @Test func `a quarter hour's limit holds, and the next quarter hour starts afresh`() {
        var bench = Bench(quarter: 100)
        #expect(bench.drain(.connect, at: moment(60)) == 100)
        #expect(bench.refusal(.connect, at: moment(70))?.0 == .quarterSpent)
        #expect(bench.drain(.connect, at: moment(905)) == 100)
    }

    @Test func `the day's limit holds across quarter hours`() {
        var bench = Bench(quarter: 100, day: 150)
        #expect(bench.drain(.connect, at: moment(60)) == 100)
        #expect(bench.drain(.connect, at: moment(960)) == 50)
        #expect(bench.refusal(.connect, at: moment(970))?.0 == .daySpent)
        #expect(bench.drain(.connect, at: moment(10 * 3600 + 60)) == 100)
    }

    @Test func `limits are learned from headers, and the smaller bucket binds`() throws {
        var bench = Bench(quarter: 600)
        let permit = try bench.granted(.connect, at: moment(60))
        let told = headers(1, 1, limit: (200, 2000), read: ((100, 1000), (1, 1)))
        let incidents = bench.budget.settle(permit, answered(200, told), at: moment(61))
        #expect(incidents == [.limitsChanged(bench.budget.limits)])
        #expect(bench.drain(.connect, at: moment(70)) == 99)
    }

    @Test func `an answer that was overtaken does not raise a limit`() throws {
        var bench = Bench(quarter: 100)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(200, headers(1, 1, limit: (100, 2000)), at: moment(60).wall), at: moment(60.2))
        let (early, late) = (try bench.granted(.connect, at: moment(70)), try bench.granted(.connect, at: moment(71)))
        _ = bench.budget.settle(late, answered(200, headers(3, 3, limit: (40, 2000)), at: moment(72).wall), at: moment(72.5))
        _ = bench.budget.settle(early, answered(200, headers(2, 2, limit: (100, 2000)), at: moment(71).wall), at: moment(73))
        #expect(bench.budget.limits.quarter.overall == 40)
        let newer = try bench.granted(.connect, at: moment(80))
        _ = bench.budget.settle(newer, answered(200, headers(4, 4, limit: (100, 2000)), at: moment(80).wall), at: moment(80.5))
        #expect(bench.budget.limits.quarter.overall == 100)
    }

    @Test func `absent and empty headers change nothing`() throws {
        var bench = Bench(quarter: 20)
        let permit = try bench.granted(.connect, at: moment(60))
        let empty = RateLimitHeaders(
            overall: nil, read: .init(quarterLimit: nil, dayLimit: nil, quarterUsage: nil, dayUsage: nil))
        #expect(bench.budget.settle(permit, answered(200, empty), at: moment(61)).isEmpty)
        #expect(bench.drain(.connect, at: moment(70)) == 19)
    }

    @Test func `calls of other users count`() throws {
        var bench = Bench(quarter: 100)
        let permit = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(permit, answered(200, headers(41, 41, limit: (100, 30_000))), at: moment(61))
        #expect(bench.budget.tally(QuotaWindow(.quarter, containing: quarterStart.timeIntervalSince1970)).foreign == 40)
        #expect(bench.drain(.connect, at: moment(70)) == 59)
    }

    @Test func `after a restore only calls that report the usage go, one at a time, until one has`() throws {
        var bench = Bench(quarter: 100, day: 1_000)
        bench.budget.awaitUsage()
        #expect(bench.take(.history, reportsUsage: false, at: moment(60)) == nil)
        #expect(bench.budget.next(at: moment(890)) == .idle)
        #expect(bench.take(.history, reportsUsage: false, at: moment(890)) == nil, "nor near the window's end")
        let id = bench.budget.request(.history, athlete: AthleteID(1), reportsUsage: false)
        guard case .wait(let until, .restored) = bench.next(at: moment(895)) else { throw NotGranted() }
        #expect(until == .distantFuture, "no instant to wake at before another call waits")
        _ = bench.budget.cancel(id)
        let first = try bench.granted(.connect, at: moment(905))
        #expect(bench.refusal(.connect, 2, at: moment(905))?.0 == .restored)
        // An answer without headers says nothing.
        _ = bench.budget.settle(first, answered(), at: moment(906))
        #expect(bench.take(.history, reportsUsage: false, at: moment(906)) == nil)
        let second = try bench.granted(.connect, at: moment(907))
        _ = bench.budget.settle(second, answered(200, headers(2, 995, limit: (100, 1_000))), at: moment(908))
        var count = 0
        while let permit = bench.take(.connect, reportsUsage: false, at: moment(909)) {
            _ = bench.budget.settle(permit, answered(), at: moment(909))
            count += 1
        }
        #expect((1...5).contains(count), "\(count) calls beyond the 995 that were spent")
    }

    @Test func `a late header of the previous window says nothing about this one`() throws {
        var bench = Bench(quarter: 100)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(), at: moment(60))
        let late = try bench.granted(.connect, at: moment(890))
        _ = bench.budget.settle(late, answered(200, headers(100, 100, limit: (100, 30_000))), at: moment(910))
        // The call may have arrived in this window: it counts here too, but its number does not.
        bench.tell(at: moment(910))
        #expect(bench.drain(.connect, at: moment(911)) == 99)
    }

    @Test func `a call in flight over a window's edge counts in both`() throws {
        var bench = Bench(quarter: 50)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(), at: moment(60))
        for _ in 0..<3 { _ = try bench.granted(.connect, at: moment(895)) }
        #expect(bench.drain(.connect, at: moment(905)) == 47)
    }

    @Test func `a reordered header with a lower usage changes nothing`() throws {
        var bench = Bench(quarter: 100)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(200, headers(1, 1, limit: (100, 30_000))), at: moment(60))
        let first = try bench.granted(.connect, at: moment(60))
        let second = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(second, answered(200, headers(13, 13, limit: (100, 30_000))), at: moment(61))
        _ = bench.budget.settle(first, answered(200, headers(12, 12, limit: (100, 30_000))), at: moment(62))
        #expect(bench.drain(.connect, at: moment(70)) == 87)
    }

    @Test func `a call that was not sent is given back, one of unknown fate is not`() throws {
        var bench = Bench(quarter: 10)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(), at: moment(60))
        let unsent = try bench.granted(.connect, at: moment(60))
        let unknown = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(unsent, .notSent, at: moment(61))
        _ = bench.budget.settle(unknown, .unknown, at: moment(61))
        #expect(bench.drain(.connect, at: moment(70)) == 8)
    }

    @Test func `the first call of a window goes alone`() throws {
        var bench = Bench()
        let scout = try bench.granted(.connect, at: moment(60))
        #expect(bench.refusal(.connect, at: moment(60))?.0 == .scouting)
        _ = bench.budget.settle(scout, answered(), at: moment(61))
        #expect(bench.take(.connect, at: moment(61)) != nil)
    }

    @Test func `a window is used up although half of its calls report no usage`() {
        for (inFlight, reportingEach) in [(1, 2), (8, 2), (30, 2), (60, 2), (30, 7)] {
            var bench = Bench()
            var arrived = 0
            for round in 0..<650 where arrived < 600 {
                let sent = bench.send(inFlight, reportingEach: reportingEach, at: moment(10 + 1.2 * Double(round)))
                arrived += sent.count
                // All have reached Strava before the first answer is written, so a header also includes those that report no usage.
                for (permit, reportsUsage) in sent {
                    let answer = answered(200, reportsUsage ? headers(arrived, arrived) : nil)
                    _ = bench.budget.settle(permit, answer, at: moment(11 + 1.2 * Double(round)))
                }
            }
            #expect(arrived == 600, "\(inFlight) in flight, each \(reportingEach)th reports")
        }
    }

    @Test func `the reserve is never spent on history, and is released before the window ends`() throws {
        var bench = Bench(quarter: 600)
        #expect(bench.drain(.history, at: moment(60)) == 570)
        let refusal = bench.refusal(.history, at: moment(61))
        #expect(refusal?.0 == .reserve)
        let opensAt = try #require(refusal?.1)
        // The wait ends when the shrinking reserve falls below what is left, within the last 90 seconds.
        #expect((moment(808).wall...moment(815).wall).contains(opensAt))
        #expect(bench.drain(.live, at: moment(62), max: 10) == 10)
        #expect((1...29).contains(bench.drain(.history, at: moment(840))))
        #expect(bench.drain(.history, at: moment(872)) > 0)
        #expect(bench.budget.tally(QuotaWindow(.quarter, containing: moment(1).uptime_s)).spent == 600)
    }

    @Test func `a 429 ends the window, once`() throws {
        var bench = Bench()
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(), at: moment(60))
        let calls = (0..<3).compactMap { _ in bench.take(.connect, at: moment(60)) }
        let incidents = calls.map { bench.budget.settle($0, answered(429), at: moment(61)) }
        #expect(incidents == [[.rateLimited(.quarter, until: moment(900).wall)], [], []])
        #expect(bench.refusal(.connect, at: moment(500))?.0 == .rateLimited)
        let next = try bench.granted(.connect, at: moment(905))
        #expect(bench.refusal(.connect, at: moment(905))?.0 == .scouting)
        _ = bench.budget.settle(next, answered(), at: moment(906))
        #expect(bench.take(.connect, at: moment(906)) != nil)
    }

    @Test func `a 429 whose headers name the day ends the day`() throws {
        var bench = Bench()
        let scout = try bench.granted(.connect, at: moment(60))
        let incidents = bench.budget.settle(scout, answered(429, headers(5, 30_001)), at: moment(61))
        #expect(incidents == [.rateLimited(.day, until: moment(10 * 3600).wall)])
        #expect(bench.refusal(.connect, at: moment(5000))?.0 == .rateLimited)
        #expect(bench.take(.connect, at: moment(10 * 3600 + 5)) != nil)
    }

    @Test func `no call goes near a window's edge`() {
        var bench = Bench()
        #expect(bench.refusal(.connect, at: moment(899))?.0 == .windowEdge)
        #expect(bench.refusal(.connect, at: moment(900.5))?.0 == .windowEdge)
        #expect(bench.take(.connect, at: moment(903)) != nil)
    }

    @Test func `setting the local clock forward opens no new window`() throws {
        var bench = Bench(quarter: 100)
        let scout = try bench.granted(.connect, at: moment(60))
        _ = bench.budget.settle(scout, answered(at: moment(60).wall), at: moment(60.2))
        #expect(bench.drain(.connect, at: moment(70)) == 99)
        let stepped = Moment(wall: moment(2000).wall, uptime_s: moment(80).uptime_s)
        #expect(bench.refusal(.connect, at: stepped)?.0 == .quarterSpent)
        let later = Moment(wall: moment(2900).wall, uptime_s: moment(910).uptime_s)
        #expect(bench.take(.connect, at: later) != nil)
    }

    @Test func `the spread policy paces history evenly over the day, urgent calls are not paced`() {
        var bench = Bench(policy: .spread)
        // The head start is 600; each quarter hour has at most 570 beside its reserve.
        let midnight = moment(10 * 3600 + 10)
        #expect(bench.drain(.history, at: midnight) == 570)
        // 60 seconds ahead of the clock, which may be late by the local clock's uncertainty.
        let later = moment(10 * 3600 + 910)
        #expect((355...360).contains(bench.drain(.history, at: later)))
        #expect(bench.refusal(at: later)?.0 == .dayPace)
        #expect(bench.drain(.connect, at: later, max: 20) == 20)
    }

    @Test func `a paced day allows one call after another, not a batch each quarter hour`() throws {
        var bench = Bench(policy: .spread)
        _ = bench.drain(.history, at: moment(10 * 3600 + 10))
        _ = bench.drain(.history, at: moment(10 * 3600 + 910))
        let refusal = bench.refusal(at: moment(10 * 3600 + 910))
        let (reason, until) = try #require(refusal)
        #expect(reason == .dayPace)
        // 29,400 calls in 86,400 seconds: one in 2.94.
        #expect((0...3).contains(until.timeIntervalSince(moment(10 * 3600 + 910).wall)))
        #expect((9...11).contains(bench.drain(.history, at: moment(10 * 3600 + 940))))
    }

    @Test func `the automatic policy spreads only a demand that does not fit the day`() {
        for (expected, reason) in [(nil, WaitReason.dayPace), (50_000, .dayPace), (1000, .reserve)] as [(Int?, WaitReason)] {
            var bench = Bench(quarter: 600, day: 3000, policy: .automatic)
            bench.budget.expect(calls: expected)
            let midnight = moment(10 * 3600 + 10)
            _ = bench.drain(.history, at: midnight)
            #expect(bench.refusal(at: midnight)?.0 == reason)
        }
    }
}
