import Core
import Foundation
import Testing

@testable import Governor

@Suite struct FairnessTests {
    @Test func `athletes with equal demand get equal shares, however many calls one of them queues`() {
        var lane = FairLane()
        var id: UInt64 = 0
        func add(_ athlete: Int64, _ count: Int) {
            for _ in 0..<count {
                id += 1
                lane.append(.init(id: id, requestClass: .history, athlete: AthleteID(athlete), reportsUsage: true))
            }
        }
        add(1, 1000)
        for athlete in 2...10 { add(Int64(athlete), 50) }
        var served: [AthleteID: Int] = [:]
        for _ in 0..<400 {
            guard let waiter = lane.first() else { break }
            lane.take(waiter)
            served[waiter.athlete, default: 0] += 1
        }
        #expect(served.count == 10)
        #expect(served.values.allSatisfy { $0 == 40 })
    }

    @Test func `an athlete who returns after each call is served in order, not twice`() {
        var queue = FairQueue()
        var id: UInt64 = 0
        func waiter(_ athlete: AthleteID) -> FairQueue.Waiter {
            id += 1
            return .init(id: id, requestClass: .incremental, athlete: athlete, reportsUsage: true)
        }
        for athlete in 1...20 { queue.append(waiter(AthleteID(Int64(athlete)))) }
        var served: [AthleteID: Int] = [:]
        for _ in 0..<2000 {
            guard let next = queue.first(.incremental) else { break }
            queue.take(next)
            served[next.athlete, default: 0] += 1
            queue.append(waiter(next.athlete))
        }
        let counts = served.values.map(Double.init)
        let jain = pow(counts.reduce(0, +), 2) / (Double(counts.count) * counts.reduce(0) { $0 + $1 * $1 })
        #expect(counts.count == 20)
        #expect(jain >= 0.999)
    }

    @Test func `history gets its trickle while more urgent work never ends`() {
        var queue = FairQueue()
        var id: UInt64 = 0
        var served: [RequestClass: Int] = [:]
        for _ in 0..<1000 {
            for requestClass in [RequestClass.live, .incremental, .history] where queue.count(requestClass) < 2 {
                id += 1
                queue.append(.init(id: id, requestClass: requestClass, athlete: AthleteID(1), reportsUsage: true))
            }
            guard let next = queue.nextClass(among: { _ in true }), let waiter = queue.first(next) else { break }
            queue.take(waiter)
            served[next, default: 0] += 1
        }
        #expect((80...110).contains(served[.history] ?? 0))
        #expect((150...220).contains(served[.incremental] ?? 0))
        #expect((served[.live] ?? 0) > 650)
    }

    @Test func `a cancelled call is forgotten`() {
        var queue = FairQueue()
        for id in 1...3 {
            queue.append(.init(id: UInt64(id), requestClass: .live, athlete: AthleteID(1), reportsUsage: true))
        }
        let cancelled = [queue.cancel(1), queue.cancel(1), queue.cancel(2)]
        #expect(cancelled == [true, false, true])
        #expect(queue.first(.live)?.id == 3)
        #expect(queue.count == 1)
    }
}
