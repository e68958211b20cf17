import Foundation
import Synchronization

/// The process's two outputs: lines on standard error, and what the console has to say on standard output. Nobody ever waits for a reader.
final class LogOutput: Sendable {
    static let shared = LogOutput()

    /// On a terminal both outputs share the screen, so they share a queue and keep their order; elsewhere one that nobody reads must not
    /// stop the other.
    let isTerminal: Bool
    private let errors: OutputQueue
    private let standard: OutputQueue
    /// Makes of a line what is to be written, so that a display at the bottom of the terminal is cleared before it and drawn again after it.
    private let aside = Mutex<(@Sendable (_ line: String) -> Void)?>(nil)

    private init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        errors = OutputQueue(name: "log")
        standard = isTerminal ? errors : OutputQueue(name: "output")
        // A reader who went away is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    func stepAside(_ body: (@Sendable (_ line: String) -> Void)?) { aside.withLock { $0 = body } }

    func setDropNotice(_ notice: @escaping @Sendable (Int) -> String) { errors.setDropNotice(notice) }

    /// A line on standard error.
    func write(_ line: String) {
        if let body = aside.withLock({ $0 }) { body(line) } else { put([(STDERR_FILENO, line + "\n")]) }
    }

    /// False: there is no room, nothing of it is written.
    @discardableResult
    func put(_ parts: [OutputQueue.Part]) -> Bool {
        let isStandardOnly = parts.allSatisfy { $0.descriptor == STDOUT_FILENO }
        return (isStandardOnly ? standard : errors).put(parts)
    }

    /// Nothing waits to be written to standard output.
    var isIdle: Bool { standard.isIdle }

    /// Before the end of the process: readers get a moment, no more.
    func flush(within limit: Duration = .seconds(1)) {
        errors.flush(within: limit)
        if !isTerminal { standard.flush(within: limit) }
    }
}
