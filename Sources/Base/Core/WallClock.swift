import Foundation
import Synchronization

/// The one source of time: UTC instants from the system, or a manual clock that stands until a test advances it.
///
/// Decisions take `now` as a parameter; only the shells (loops, services) hold a `WallClock` and sleep on it.
public final class WallClock: Sendable {
    private enum Source { case system, manual }

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

    private let source: Source
    private let state: Mutex<State>

    private init(source: Source, now: Date) {
        self.source = source
        state = Mutex(State(now: now))
    }

    /// The system's clock.
    public static let system = WallClock(source: .system, now: Date(timeIntervalSince1970: 0))

    /// A clock that stands at `start` until `advance` moves it.
    public static func manual(at start: Date) -> WallClock { WallClock(source: .manual, now: start) }

    public var now: Date {
        switch source {
        case .system: Date()
        case .manual: state.withLock { $0.now }
        }
    }

    /// Sleeps until `deadline`; returns at once when it has passed; throws `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Date) async throws {
        switch source {
        case .system:
            let seconds = deadline.timeIntervalSinceNow
            if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) } else { try Task.checkCancellation() }
        case .manual:
            try await sleepManually(until: deadline)
        }
    }

    public func sleep(for duration: Duration) async throws {
        try await sleep(until: now.addingTimeInterval(duration.seconds))
    }

    // MARK: The manual clock's handles, for tests

    /// Moves a manual clock forward and wakes, in the order of their deadlines, all sleepers that are due.
    public func advance(by duration: Duration) {
        precondition(source == .manual, "only a manual clock can be advanced")
        let due = state.withLock { state in
            state.now = state.now.addingTimeInterval(duration.seconds)
            let due = state.sleepers.filter { $0.deadline <= state.now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    /// The deadlines that tasks are sleeping towards on a manual clock, earliest first.
    public var deadlines: [Date] { state.withLock { $0.sleepers.map(\.deadline).sorted() } }

    /// Waits until at least `count` tasks sleep on this manual clock.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    private func sleepManually(until deadline: Date) async throws {
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

extension Duration {
    /// This duration in seconds.
    public var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
