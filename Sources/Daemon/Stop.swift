import Core
import Foundation
import Logging
import Sync
import Synchronization

/// How the daemon ends after a signal: first gracefully, then by cancellation, at last by exiting whatever it waits for. The times nest, and the
/// unit's `TimeoutStopSec` is longer than all of them.
final class Stop: Sendable {
    /// The services have this long to end by themselves, in reverse order, the scheduler's drain first. Then they are cancelled.
    static let gracefulMax: Duration = SyncScheduler.drainMax + .seconds(2)
    /// From here on connections to PostgreSQL are cut, and no statement waits for it.
    static let cutAfter: Duration = .seconds(11)
    /// The process exits. Leases expire by themselves; what was committed is kept.
    static let endAfter: Duration = .seconds(14)
    /// Added while a private PostgreSQL is shut down, which writes what it has in memory.
    static let serverMax: Duration = .seconds(40)

    /// What each step does. Called on the thread that reads signals, so each must return at once.
    struct Steps: Sendable {
        var begin: @Sendable () -> Void
        /// After a second signal: don't wait for anything in flight.
        var hurry: @Sendable () -> Void = {}
        var cut: @Sendable () -> Void = {}
    }

    private struct State {
        var steps: Steps?
        var reload: (@Sendable () -> Void)?
        var isReloadAsked = false
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

    /// Sets what a stop does from now on. If a signal has arrived already, it begins at once.
    func setSteps(_ steps: Steps) {
        let hasBegun = state.withLock { state in
            state.steps = steps
            return state.begunAt != nil
        }
        if hasBegun { steps.begin() }
    }

    /// Sets what SIGHUP does from now on. If one has arrived already, it is done at once.
    func setReload(_ reload: @escaping @Sendable () -> Void) {
        let isAsked = state.withLock { state in
            state.reload = reload
            return state.isReloadAsked
        }
        if isAsked { reload() }
    }

    /// Extends the later times: the private PostgreSQL is being shut down.
    func waitForServer() { state.withLock { $0.extra = Self.serverMax } }

    /// Stops at SIGTERM and SIGINT, and at SIGHUP if a terminal controls the process: it has closed, as an ssh session that was cut off. Without a
    /// terminal SIGHUP means "reload" by custom.
    func watchSignals() {
        let hasTerminal = SignalWatch.hasTerminal()
        SignalWatch.start { [self] signal in
            if SignalWatch.stopping.contains(signal) || signal == SIGHUP && hasTerminal {
                begin(signal)
            } else if signal == SIGHUP {
                reload()
            } else {
                logger.log(.notice, "signal ignored", [.signal: signal])
            }
        }
    }

    private func reload() {
        let reload = state.withLock { state in
            state.isReloadAsked = true
            return state.reload
        }
        reload?()
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
        Thread.detachNewThread { self.enforceDeadlines() }
        steps?.begin()
    }

    /// Runs on a thread, since the process's tasks may be what hangs.
    private func enforceDeadlines() {
        sleep(until: Self.cutAfter)
        state.withLock { $0.steps }?.cut()
        sleep(until: Self.endAfter)
        logger.log(.error, "not stopped in time, exiting with code 1: leases expire within two minutes", [:])
        flush()
        _exit(1)
    }

    /// Sleeps until `time` after the stop began, plus the extension.
    private func sleep(until time: Duration) {
        func isOver() -> Bool {
            let (begunAt, extra) = state.withLock { ($0.begunAt ?? .now, $0.extra) }
            return ContinuousClock.now >= begunAt + time + extra
        }
        while !isOver() { usleep(20_000) }
    }
}

/// Delivers signals to ordinary code: the handler writes the number into a pipe, and a thread reads it there, whatever the rest of the process
/// waits for.
private enum SignalWatch {
    static let stopping = [SIGTERM, SIGINT]
    /// Signals that would end the process by default, although they request nothing of it.
    private static let ignored = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO]

    /// Whether a terminal controls this process (tty(4)). Ask at the start: after a hangup there is none.
    static func hasTerminal() -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Calls `body` for each signal on a thread of its own.
    static func start(_ body: @escaping @Sendable (Int32) -> Void) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        signalPipe = ends[1]
        let descriptor = ends[0]
        Thread.detachNewThread {
            var number: UInt8 = 0
            while read(descriptor, &number, 1) == 1 || errno == EINTR { if number != 0 { body(Int32(number)) } }
        }
        for signal in stopping + ignored { catchSignal(signal) }
        // Under nohup(1) SIGHUP is ignored, and stays so.
        if !isIgnored(SIGHUP) { catchSignal(SIGHUP) }
    }

    private static func catchSignal(_ signal: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let before = errno
            var byte = UInt8(truncatingIfNeeded: number)
            write(signalPipe, &byte, 1)
            errno = before
        }
        action.sa_flags = SA_RESTART
        sigaction(signal, &action, nil)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        // SIG_IGN is the address 1, and Swift can't compare function pointers.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}

/// `nonisolated(unsafe)`: set once, before the first handler; a signal handler can reach globals only.
private nonisolated(unsafe) var signalPipe: Int32 = -1
