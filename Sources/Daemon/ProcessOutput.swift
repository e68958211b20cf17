import Core
import Foundation
import Journal
import Synchronization

/// What is said at one time: a line of text and, when it is for the journal, its fields.
struct LogRecord: Sendable {
    let line: String
    /// The line is written only if no journal takes this; nil: it always is.
    var journal: JournalEntry?
}

/// The process's outputs: log lines in the journal or on standard error, and the console's text on standard output. No writer ever waits for a
/// reader.
final class LogOutput: Sendable {
    static let shared = LogOutput(journal: JournalSocket())

    /// Text for one descriptor.
    typealias Part = (descriptor: Int32, text: String)

    let isTerminal: Bool
    private let errors: OutputQueue
    private let standard: OutputQueue
    private let lineWriter = Mutex<(@Sendable (_ line: String) -> Void)?>(nil)

    init(journal: JournalSocket) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        errors = OutputQueue(name: "log", journal: journal)
        // On a terminal both outputs share the screen, and one queue keeps their order. Elsewhere an output that nobody reads must not stop
        // the other.
        standard = isTerminal ? errors : OutputQueue(name: "output", journal: journal)
        // A reader that went away then shows as an error of write(2) instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Sends each log line to `body` instead, which clears the display at the bottom of the terminal before it writes the line.
    func redirectLines(to body: @escaping @Sendable (_ line: String) -> Void) { lineWriter.withLock { $0 = body } }

    /// The record that says how many were dropped.
    func setDropNotice(_ notice: @escaping @Sendable (Int) -> LogRecord) { errors.setDropNotice(notice) }

    /// Sends a record to the journal, or writes its line to standard error.
    func write(_ record: LogRecord) {
        if let entry = record.journal {
            errors.put(entry, otherwise: record.line + "\n")
        } else if let body = lineWriter.withLock({ $0 }) {
            body(record.line)
        } else {
            put([(STDERR_FILENO, record.line + "\n")])
        }
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

    private typealias Piece = (descriptor: Int32, bytes: [UInt8])

    private struct Entry {
        /// What goes to the journal instead of the pieces; they follow only if no journal takes it.
        var journal: JournalEntry?
        let pieces: [Piece]
        var byteCount: Int { pieces.reduce(journal?.bytes.count ?? 0) { $0 + $1.bytes.count } }
    }

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
        var dropped = 0
        var droppedOn: Int32 = STDERR_FILENO
        var isWriting = false
        var dropNotice: @Sendable (Int) -> LogRecord = { LogRecord(line: "\($0) lines were dropped, because nobody read them") }
    }

    private let condition = NSCondition()
    private let journal: JournalSocket
    private var state = State()

    init(name: String, journal: JournalSocket) {
        self.journal = journal
        let thread = Thread { [self] in while true { write(next()) } }
        thread.name = name
        thread.stackSize = 256 << 10
        thread.start()
    }

    func setDropNotice(_ notice: @escaping @Sendable (Int) -> LogRecord) {
        withState { $0.dropNotice = notice }
    }

    var isIdle: Bool { withState { $0.entries.isEmpty && !$0.isWriting } }

    func put(_ parts: [LogOutput.Part]) -> Bool {
        put(Entry(pieces: parts.map { (descriptor: $0.descriptor, bytes: Array($0.text.utf8)) }))
    }

    func put(_ journal: JournalEntry, otherwise line: String) {
        _ = put(Entry(journal: journal, pieces: [(STDERR_FILENO, Array(line.utf8))]))
    }

    private func put(_ entry: Entry) -> Bool {
        let bytes = entry.byteCount
        return withState { state in
            guard state.entries.count < Self.entriesMax, state.bytes + bytes <= Self.bytesMax else {
                state.dropped += 1
                state.droppedOn = entry.pieces.last?.descriptor ?? STDERR_FILENO
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
        let notice = state.dropNotice(state.dropped)
        let entry = Entry(journal: notice.journal, pieces: [(state.droppedOn, Array((notice.line + "\n").utf8))])
        state.entries.append(entry)
        state.bytes += entry.byteCount
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
        state.bytes -= entry.byteCount
        state.isWriting = true
        return entry
    }

    /// Blocks for as long as the reader does. What can't be written at all (to a closed pipe) is lost.
    private func write(_ entry: Entry) {
        if let record = entry.journal, journal.send(record) { return }
        for (descriptor, bytes) in entry.pieces {
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
