import Foundation
import Synchronization

/// The one source of time: UTC instants and an uptime, from the system, or from a manual clock that a test advances.
///
/// Decisions take `now` as a parameter; only loops and services hold a `WallClock` and sleep on it.
public final class WallClock: Sendable {
    /// The time of a manual clock; nil for the system's clock.
    package let manual: ManualTime?
    private let madeAt = ContinuousClock.now

    private init(manual: ManualTime?) { self.manual = manual }

    /// The system's clock.
    public static let system = WallClock(manual: nil)

    /// A clock that stays at `start` until a test advances it.
    public static func manual(at start: Date) -> WallClock { WallClock(manual: ManualTime(start)) }

    public var now: Date { manual?.now ?? Date() }

    /// Monotonic seconds since a fixed instant, whatever is done to the time of day. On a manual clock, both are the same time.
    public var uptime_s: Double { manual?.now.timeIntervalSince1970 ?? madeAt.duration(to: .now).seconds }

    /// Sleeps until `deadline`; returns at once when it has passed; throws `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Date) async throws {
        if let manual { return try await manual.sleep(until: deadline) }
        let seconds = deadline.timeIntervalSinceNow
        if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) } else { try Task.checkCancellation() }
    }

    public func sleep(for duration: Duration) async throws {
        try await sleep(until: now.addingTimeInterval(duration.seconds))
    }
}

extension Duration {
    /// This duration in seconds.
    public var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

/// The time of a manual clock and the tasks that sleep on it. Tests advance it through methods that TestKit adds to `WallClock`.
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

    fileprivate init(_ start: Date) { state = Mutex(State(now: start)) }

    package var now: Date { state.withLock { $0.now } }

    /// Advances the time and wakes all sleepers that are due, in the order of their deadlines.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.addingTimeInterval(duration.seconds)
            let due = state.sleepers.filter { $0.deadline <= state.now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    /// The deadlines of the sleeping tasks, earliest first.
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

    fileprivate func sleep(until deadline: Date) async throws {
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
