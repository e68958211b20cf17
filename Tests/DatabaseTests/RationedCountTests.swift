import Database
import Synchronization
import Testing

@Suite struct RationedCountTests {
    @Test func `a count that took long is good for much longer, and who asks meanwhile waits for it`() async throws {
        let counts = Mutex(0)
        let rationed = RationedCount {
            // As long as a test wants: its answer is then good for twenty times that.
            try await Task.sleep(for: .milliseconds(500))
            return counts.withLock { count in
                count += 1
                return count
            }
        }
        async let first = rationed.counts()
        async let second = rationed.counts()
        let both = [try await first, try await second]
        #expect(both == [1, 1])
        #expect(try await rationed.counts() == 1)
    }

    @Test func `a count that failed is made again`() async throws {
        struct Broken: Error {}
        let tries = Mutex(0)
        let rationed = RationedCount {
            let number = tries.withLock { count in
                count += 1
                return count
            }
            if number == 1 { throw Broken() }
            return number
        }
        await #expect(throws: Broken.self) { try await rationed.counts() }
        #expect(try await rationed.counts() == 2)
    }
}
