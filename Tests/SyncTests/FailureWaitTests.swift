import Core
import Foundation
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)

@Suite struct FailureWaitTests {
    @Test func `each further failure waits twice as long, up to six hours`() {
        for failures in 0...25 {
            let whole = min(21_600, 30 * pow(2, Double(failures)))
            let wait_s = FailureWait.wait_s(AthleteID(7), failures: failures, at: now)
            #expect(wait_s >= whole / 2 && wait_s <= whole)
        }
    }

    @Test func `those who failed in the same second come back apart`() {
        let waits = (1...1_000).map { FailureWait.wait_s(AthleteID(Int64($0)), failures: 2, at: now) }
        var inSecond: [Int: Int] = [:]
        for wait_s in waits { inSecond[Int(wait_s), default: 0] += 1 }
        #expect(inSecond.count == 60 && inSecond.values.allSatisfy { $0 <= 40 }, "\(inSecond)")
    }

    @Test func `after trouble of all everybody is back within seconds`() {
        let waits = (1...100).map { FailureWait.ofAll_s(AthleteID(Int64($0)), at: now) }
        #expect(waits.allSatisfy { (2.5...5).contains($0) } && Set(waits).count == 100)
    }
}
