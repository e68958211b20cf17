import Core
import Synchronization
import Testing

@Suite struct CachedValueTests {
    private func numbers(_ expiry: CachedValue<Int>.Expiry, clock: WallClock, loadTime: Duration) -> CachedValue<Int> {
        let number = Mutex(0)
        return CachedValue(expiry, clock: clock) {
            try await clock.sleep(for: loadTime)
            return number.withLock { number in
                number += 1
                return number
            }
        }
    }

    @Test func `a value that took long to load is kept for much longer, and callers meanwhile wait for that load`() async throws {
        // As long as a test wants: the value is then kept for twenty times that.
        let cached = numbers(.afterLoadTimes(20), clock: .system, loadTime: .milliseconds(500))
        async let first = cached.value()
        async let second = cached.value()
        let both = [try await first, try await second]
        #expect(both == [1, 1])
        #expect(try await cached.value() == 1)
    }

    @Test func `a value that has expired is loaded again`() async throws {
        let clock = WallClock.manual(at: .distantPast)
        let cached = numbers(.after(.seconds(5)), clock: clock, loadTime: .zero)
        #expect(try await cached.value() == 1)
        clock.manual?.advance(by: .seconds(4))
        #expect(try await cached.value() == 1)
        clock.manual?.advance(by: .seconds(1))
        #expect(try await cached.value() == 2)
    }

    @Test func `a load that failed is repeated`() async throws {
        struct Broken: Error {}
        let tries = Mutex(0)
        let cached = CachedValue(.afterLoadTimes(20)) {
            let number = tries.withLock { count in
                count += 1
                return count
            }
            if number == 1 { throw Broken() }
            return number
        }
        await #expect(throws: Broken.self) { try await cached.value() }
        #expect(try await cached.value() == 2)
    }
}
