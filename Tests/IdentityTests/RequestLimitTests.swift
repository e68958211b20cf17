import Core
import Foundation
import TestKit
import Testing

@testable import Identity

@Suite struct RequestLimitTests {
    private let clock = WallClock.manual(at: Date(timeIntervalSince1970: 1_793_000_000))

    @Test func `requests may come at once up to the burst, then at the rate`() {
        let limits = RequestLimits(clock: clock)
        let key = RequestLimits.Key.uid("user-1")
        for _ in 0..<120 { #expect(limits.take(key) == nil) }
        #expect(limits.wait(key) == 1 && limits.take(key) == 1)
        clock.advance(by: .seconds(0.5))
        #expect(limits.take(key) == nil && limits.take(key) == 1)
        clock.advance(by: .seconds(3_600))
        for _ in 0..<120 { #expect(limits.take(key) == nil) }
        #expect(limits.take(key) == 1)
    }

    @Test func `a look counts nothing`() {
        let limits = RequestLimits(clock: clock)
        for _ in 0..<1_000 { #expect(limits.wait(.refused("192.0.2.1")) == nil) }
        #expect(limits.take(.refused("192.0.2.1")) == nil)
    }

    @Test func `memory stays bounded, and those who ask too often are forgotten last`() {
        let limits = RequestLimits(clock: clock, keysMax: 100)
        let busy = RequestLimits.Key.refused("192.0.2.1")
        while limits.take(busy) == nil {}
        for number in 0..<10_000 { #expect(limits.take(.refused("a\(number)")) == nil) }
        #expect(limits.wait(busy) == 2)
        #expect(limits.count <= 100)
    }
}
