import Database
import Foundation
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite struct ReadinessTests {
    @Test func `a probe that never ends keeps nobody waiting longer than three seconds, and there is one of it`() async {
        let probes = Atomic<Int>(0)
        let gate = Gate()
        let readiness = Readiness {
            probes.add(1, ordering: .relaxed)
            // Deaf to cancellation, as a blocked call is.
            await gate.passLater()
            return []
        }
        let start = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 { group.addTask { #expect(await readiness.check() == .databaseUnreachable) } }
        }
        #expect(start.duration(to: .now) < .seconds(6))
        #expect(probes.load(ordering: .relaxed) == 1)
        let again = ContinuousClock.now
        #expect(await readiness.check() == .databaseUnreachable)
        #expect(again.duration(to: .now) < .seconds(2), "what is known to hang is not waited for again")
        gate.open()
    }

    @Test func `a full disk and missing migrations are told apart from a database that is away`() async {
        #expect(await Readiness { [] }.check() == .ready)
        #expect(await Readiness { ["0001_a", "0002_b"] }.check() == .migrationsPending(2))
        #expect(await Readiness { throw DatabaseError(.unreachable, "away") }.check() == .databaseUnreachable)
        #expect(await Readiness { throw DatabaseError(.unreachable, "no room", sqlState: "53100") }.check() == .diskFull)
    }
}

extension Gate {
    /// Waits on a thread that is no task's.
    fileprivate func passLater() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                self.pass()
                continuation.resume()
            }
        }
    }
}
