import Core
import Foundation
import Logging
import Sync
import Synchronization

/// How the daemon ends when it is told to: asked politely, then hurried, and at last ended whatever it waits for. Its times nest, and the
/// unit's `TimeoutStopSec` is longer than all of them.
final class Stop: Sendable {
    /// The services end by themselves: the scheduler's drain first, then the doors, then silver. Then they are cancelled.
    static let gracefulMax: Duration = SyncScheduler.drainMax + .seconds(2)
    /// From here on no statement waits for PostgreSQL: connections are cut.
    static let cutAfter: Duration = .seconds(11)
    /// The process ends. Leases run out by themselves, and nothing is lost that was committed.
    static let endAfter: Duration = .seconds(14)
    /// So much longer when a private PostgreSQL is to be shut down: it writes what it has in memory.
    static let serverMax: Duration = .seconds(40)

    /// What is done at each step. Called on the thread that reads signals, so each returns at once.
    struct Steps: Sendable {
        var begin: @Sendable () -> Void
        /// Told a second time: do not wait for anything in flight.
        var hurry: @Sendable () -> Void = {}
        var cut: @Sendable () -> Void = {}
    }

    private struct State {
        var steps: Steps?
        var begunAt: ContinuousClock.Instant?
        var extra: Duration = .zero
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let flush: @Sendable () -> Void

    init(logger: Logger, flush: @escaping @Sendable () -> Void) {
        self.logger = logger
        self.flush = flush
    }

    var hasBegun: Bool { state.withLock { $0.begunAt != nil } }

    /// Sets what a stop does from now on; when it was asked for already, it begins at once.
    func setSteps(_ steps: Steps) {
        let hasBegun = state.withLock { state in
            state.steps = steps
            return state.begunAt != nil
        }
        if hasBegun { steps.begin() }
    }

    /// The private PostgreSQL is being shut down: the end waits longer.
    func waitForServer() { state.withLock { $0.extra = Self.serverMax } }

    func watchSignals() {
        let hasTerminal = SignalWatch.hasTerminal()
        SignalWatch.start { [self] signal in
            switch SignalWatch.request(of: signal, hasTerminal: hasTerminal) {
            case .stop: begin(signal)
            case .note where signal == SIGHUP:
                logger.log(.notice, "SIGHUP: nothing is reloaded, restart to apply changed settings", [.signal: signal])
            case .note: logger.log(.notice, "signal ignored", [.signal: signal])
            }
        }
    }

    private func begin(_ signal: Int32) {
        let (steps, isFirst) = state.withLock { state in
            let isFirst = state.begunAt == nil
            if isFirst { state.begunAt = .now }
            return (state.steps, isFirst)
        }
        guard isFirst else {
            steps?.hurry()
            return
        }
        logger.log(.info, "stopping", [.signal: signal])
        Thread.detachNewThread { self.watchTheEnd() }
        steps?.begin()
    }

    /// A thread, since the tasks of the process may be the ones that hang.
    private func watchTheEnd() {
        sleep(until: Self.cutAfter)
        state.withLock { $0.steps }?.cut()
        sleep(until: Self.endAfter)
        logger.log(.error, "not stopped in time, exiting with code 1: leases run out within two minutes", [:])
        flush()
        _exit(1)
    }

    /// Until so long after the stop began.
    private func sleep(until time: Duration) {
        func isOver() -> Bool {
            let (begunAt, extra) = state.withLock { ($0.begunAt ?? .now, $0.extra) }
            return ContinuousClock.now >= begunAt + time + extra
        }
        while !isOver() { usleep(20_000) }
    }
}
