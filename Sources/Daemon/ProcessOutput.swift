import Core
import Foundation
import Synchronization

/// The process's two outputs: log lines on standard error, and the console's text on standard output. No writer ever waits for a reader.
final class LogOutput: Sendable {
    static let shared = LogOutput()

    /// Text for one descriptor.
    typealias Part = (descriptor: Int32, text: String)

    let isTerminal: Bool
    private let errors: OutputQueue
    private let standard: OutputQueue
    private let lineWriter = Mutex<(@Sendable (_ line: String) -> Void)?>(nil)

    private init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        errors = OutputQueue(name: "log")
        // On a terminal both outputs share the screen, and one queue keeps their order. Elsewhere an output that nobody reads must not stop
        // the other.
        standard = isTerminal ? errors : OutputQueue(name: "output")
        // A reader that went away then shows as an error of write(2) instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Sends each log line to `body` instead, which clears the display at the bottom of the terminal before it writes the line.
    func redirectLines(to body: @escaping @Sendable (_ line: String) -> Void) { lineWriter.withLock { $0 = body } }

    /// The text of the line that says how many lines were dropped.
    func setDropNotice(_ notice: @escaping @Sendable (Int) -> String) { errors.setDropNotice(notice) }

    /// Writes a line to standard error.
    func write(_ line: String) {
        if let body = lineWriter.withLock({ $0 }) { body(line) } else { put([(STDERR_FILENO, line + "\n")]) }
    }

    /// Queues the parts as one entry. False: the queue is full and nothing of it is written.
    @discardableResult
    func put(_ parts: [Part]) -> Bool {
        let isStandardOnly = parts.allSatisfy { $0.descriptor == STDOUT_FILENO }
        return (isStandardOnly ? standard : errors).put(parts)
    }

    /// Whether standard output has taken everything.
    var isIdle: Bool { standard.isIdle }

    /// Called before the process ends: readers get `limit` to take what is queued.
    func flush(within limit: Duration = .seconds(1)) {
        errors.flush(within: limit)
        if !isTerminal { standard.flush(within: limit) }
    }
}

/// Writes to descriptors from a thread of its own, so that a pipe that nobody reads, or a terminal stopped with Ctrl-S, blocks nobody else.
/// Entries that don't fit into the queue are dropped and counted; the count is written once there is space again.
///
/// `@unchecked Sendable`: `state` is touched only between `lock()` and `unlock()` of `condition`.
private final class OutputQueue: @unchecked Sendable {
    /// Enough for some minutes of a busy log.
    private static let entriesMax = 4_096
    private static let bytesMax = 1 << 20

    private typealias Entry = [(descriptor: Int32, bytes: [UInt8])]

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
        var dropped = 0
        var droppedOn: Int32 = STDERR_FILENO
        var isWriting = false
        var dropNotice: @Sendable (Int) -> String = { "\($0) lines were dropped, because nobody read them" }
    }

    private let condition = NSCondition()
    private var state = State()

    init(name: String) {
        let thread = Thread { [self] in while true { write(next()) } }
        thread.name = name
        thread.stackSize = 256 << 10
        thread.start()
    }

    func setDropNotice(_ notice: @escaping @Sendable (Int) -> String) {
        withState { $0.dropNotice = notice }
    }

    var isIdle: Bool { withState { $0.entries.isEmpty && !$0.isWriting } }

    func put(_ parts: [LogOutput.Part]) -> Bool {
        withState { state in
            let entry = parts.map { (descriptor: $0.descriptor, bytes: Array($0.text.utf8)) }
            let bytes = entry.reduce(0) { $0 + $1.bytes.count }
            guard state.entries.count < Self.entriesMax, state.bytes + bytes <= Self.bytesMax else {
                state.dropped += 1
                state.droppedOn = parts.last?.descriptor ?? STDERR_FILENO
                return false
            }
            Self.addDropNotice(to: &state)
            state.entries.append(entry)
            state.bytes += bytes
            condition.broadcast()
            return true
        }
    }

    func flush(within limit: Duration) {
        let deadline = Date(timeIntervalSinceNow: limit.seconds)
        condition.lock()
        while !state.entries.isEmpty || state.isWriting, condition.wait(until: deadline) {}
        condition.unlock()
    }

    private func withState<Answer>(_ body: (inout State) -> Answer) -> Answer {
        condition.lock()
        defer { condition.unlock() }
        return body(&state)
    }

    private static func addDropNotice(to state: inout State) {
        guard state.dropped > 0 else { return }
        let notice = Array((state.dropNotice(state.dropped) + "\n").utf8)
        state.entries.append([(state.droppedOn, notice)])
        state.bytes += notice.count
        state.dropped = 0
    }

    // MARK: The writing thread

    private func next() -> Entry {
        condition.lock()
        defer { condition.unlock() }
        state.isWriting = false
        if state.entries.isEmpty { Self.addDropNotice(to: &state) }
        condition.broadcast()
        while state.entries.isEmpty { condition.wait() }
        let entry = state.entries.removeFirst()
        state.bytes -= entry.reduce(0) { $0 + $1.bytes.count }
        state.isWriting = true
        return entry
    }

    /// Blocks for as long as the reader does. What can't be written at all (to a closed pipe) is lost.
    private func write(_ entry: Entry) {
        for (descriptor, bytes) in entry {
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 {
                    written += count
                } else if errno == EAGAIN {
                    // Another process that shares the descriptor has made it non-blocking.
                    var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&readiness, 1, -1)
                } else if errno != EINTR {
                    break
                }
            }
        }
    }
}
