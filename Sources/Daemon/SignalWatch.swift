import Foundation

/// Hands signals to ordinary code: the handler writes the number into a pipe, a thread reads it there. That thread runs whatever the rest of
/// the process is waiting for.
enum SignalWatch {
    /// What a signal asks for.
    enum Request: Equatable { case stop, note }

    static let stopping = [SIGTERM, SIGINT]
    /// Signals that would end the process by default, though they ask for nothing that it does.
    static let noted = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO]

    /// A terminal that hangs up ends what was started in it. Without one SIGHUP means "reload" by custom, and nothing can be reloaded yet.
    static func request(of signal: Int32, hasTerminal: Bool) -> Request {
        stopping.contains(signal) || signal == SIGHUP && hasTerminal ? .stop : .note
    }

    /// Whether a terminal controls this process (tty(4)). To be asked at the start: after a hangup it is gone.
    static func hasTerminal() -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Calls `body` for each signal, on a thread of its own.
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
        for signal in stopping + noted { catchSignal(signal) }
        // nohup(1) has SIGHUP ignored, and it stays so.
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
        // SIG_IGN is the address 1: function pointers can't be compared otherwise.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}

/// `nonisolated(unsafe)`: set once, before the first handler is; a signal handler can reach nothing but a global.
private nonisolated(unsafe) var signalPipe: Int32 = -1
