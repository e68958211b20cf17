import Foundation
import TestKit
import Testing

@testable import Core

@Suite struct WallClockTests {
    private let start = Date(timeIntervalSince1970: 1_700_000_000)

    @Test func `a manual clock stays until it is advanced`() {
        let clock = WallClock.manual(at: start)
        #expect(clock.now == start)
        clock.advance(by: .seconds(90))
        #expect(clock.now == start.addingTimeInterval(90))
    }

    @Test func `a sleeper wakes at its deadline and not before`() async throws {
        let clock = WallClock.manual(at: start)
        let sleeper = Task {
            try await clock.sleep(for: .seconds(60))
            return clock.now
        }
        await clock.waitForSleepers()
        #expect(clock.deadlines == [start.addingTimeInterval(60)])
        clock.advance(by: .seconds(59))
        #expect(clock.deadlines.count == 1)
        clock.advance(by: .seconds(1))
        #expect(try await sleeper.value == start.addingTimeInterval(60))
        #expect(clock.deadlines.isEmpty)
    }

    @Test func `a deadline in the past is not waited for`() async throws {
        let clock = WallClock.manual(at: start)
        try await clock.sleep(until: start)
        try await clock.sleep(until: start.addingTimeInterval(-5))
        #expect(clock.deadlines.isEmpty)
    }

    @Test func `one step wakes all sleepers that are due and no others`() async throws {
        let clock = WallClock.manual(at: start)
        let sleepers = [5, 10, 20].map { seconds in Task { try await clock.sleep(for: .seconds(seconds)) } }
        await clock.waitForSleepers(3)
        clock.advance(by: .seconds(10))
        try await sleepers[0].value
        try await sleepers[1].value
        #expect(clock.deadlines == [start.addingTimeInterval(20)])
        sleepers[2].cancel()
        await #expect(throws: CancellationError.self) { try await sleepers[2].value }
    }

    @Test func `cancelling a task ends its sleep`() async {
        let clock = WallClock.manual(at: start)
        let sleeper = Task { try await clock.sleep(for: .seconds(60)) }
        await clock.waitForSleepers()
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.deadlines.isEmpty)
    }

    @Test func `a task cancelled before it sleeps does not sleep`() async {
        let clock = WallClock.manual(at: start)
        let sleeper = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(60))
        }
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.deadlines.isEmpty)
    }

    @Test func `the system's clock runs by itself`() async throws {
        let before = Date()
        try await WallClock.system.sleep(for: .milliseconds(20))
        #expect(WallClock.system.now.timeIntervalSince(before) >= 0.02)
    }

    @Test func `a duration in seconds keeps its fraction`() {
        #expect(Duration.milliseconds(1_500).seconds == 1.5)
        #expect(Duration.seconds(-2).seconds == -2)
    }
}
