import Foundation
import Synchronization

/// The time of a manual clock, and who sleeps on it. Tests move it by the handles that TestKit adds to `WallClock`.
package final class ManualTime: Sendable {
    private struct Sleeper {
        let id: UInt64
        let deadline: Date
        let wake: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Date
        var nextID: UInt64 = 0
        var sleepers: [Sleeper] = []
        var cancelledBeforeSleep: Set<UInt64> = []
        var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(_ start: Date) { state = Mutex(State(now: start)) }

    package var now: Date { state.withLock { $0.now } }

    /// Moves the time forward and wakes, in the order of their deadlines, all sleepers that are due.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.addingTimeInterval(duration.seconds)
            let due = state.sleepers.filter { $0.deadline <= state.now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    /// The deadlines that tasks are sleeping towards, earliest first.
    package var deadlines: [Date] { state.withLock { $0.sleepers.map(\.deadline).sorted() } }

    /// Waits until at least `count` tasks sleep.
    package func waitForSleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    func sleep(until deadline: Date) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                park(Sleeper(id: id, deadline: deadline, wake: continuation))
            }
        } onCancel: {
            cancel(id)
        }
    }

    private enum ParkDecision { case parked, due, cancelled }

    private func park(_ sleeper: Sleeper) {
        let (decision, watchers) = state.withLock { state -> (ParkDecision, [CheckedContinuation<Void, Never>]) in
            if state.cancelledBeforeSleep.remove(sleeper.id) != nil { return (.cancelled, []) }
            if sleeper.deadline <= state.now { return (.due, []) }
            state.sleepers.append(sleeper)
            let count = state.sleepers.count
            let woken = state.watchers.filter { $0.count <= count }.map(\.wake)
            state.watchers.removeAll { $0.count <= count }
            return (.parked, woken)
        }
        switch decision {
        case .parked: for watcher in watchers { watcher.resume() }
        case .due: sleeper.wake.resume()
        case .cancelled: sleeper.wake.resume(throwing: CancellationError())
        }
    }

    private func cancel(_ id: UInt64) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                state.cancelledBeforeSleep.insert(id)
                return nil
            }
            return state.sleepers.remove(at: index)
        }
        sleeper?.wake.resume(throwing: CancellationError())
    }
}
