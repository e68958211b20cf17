import Core
import Database
import Foundation
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite struct ReadinessTests {
    @Test func `a probe that never ends keeps nobody waiting longer than three seconds, and there is one of it`() async throws {
        let clock = WallClock.manual(at: GatewayFixture.start)
        let probes = Atomic<Int>(0)
        let gate = Gate()
        let readiness = Readiness(clock: clock) {
            probes.add(1, ordering: .relaxed)
            // Can't be cancelled, like a blocked call.
            await gate.passLater()
            return []
        }
        let answers = Answers()
        let checks = (0..<20).map { _ in
            Task {
                let state = await readiness.check()
                answers.states.withLock { $0.append(state) }
            }
        }
        try await eventually("the probe has begun") { probes.load(ordering: .relaxed) == 1 }
        #expect(answers.states.withLock { $0.isEmpty })
        try await eventually("all are answered, as time passes") {
            clock.advance(by: .seconds(3))
            return answers.states.withLock { $0.count } == checks.count
        }
        #expect(answers.states.withLock { $0.allSatisfy { $0 == .databaseUnreachable } })
        #expect(probes.load(ordering: .relaxed) == 1)
        // The clock stands: a probe that hangs is not waited for again.
        #expect(await readiness.check() == .databaseUnreachable)
        gate.open()
    }

    @Test func `a full disk and missing migrations are distinguished from an unreachable database`() async {
        #expect(await Readiness { [] }.check() == .ready)
        #expect(await Readiness { ["0001_a", "0002_b"] }.check() == .migrationsPending(2))
        #expect(await Readiness { throw DatabaseError(.unreachable, "away") }.check() == .databaseUnreachable)
        #expect(await Readiness { throw NotReady("it restarts") }.check() == .held("it restarts"))
        #expect(await Readiness { throw DatabaseError(.unreachable, "no room", sqlState: "53100") }.check() == .diskFull)
    }
}

private final class Answers: Sendable {
    let states = Mutex<[Readiness.State]>([])
}

extension Gate {
    /// Waits on a thread that runs no tasks.
    fileprivate func passLater() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                self.pass()
                continuation.resume()
            }
        }
    }
}
