import Foundation

/// Writes to a descriptor from a thread of its own, so that a pipe that nobody reads, or a terminal that was stopped with Ctrl-S, holds up
/// nobody. What does not fit into the queue any more is dropped and counted; the count is written when there is room again.
///
/// `@unchecked Sendable`: `state` is touched only between `lock()` and `unlock()` of `condition`.
final class OutputQueue: @unchecked Sendable {
    /// Text for one descriptor. What is written together is one entry: all of it or nothing.
    typealias Part = (descriptor: Int32, text: String)

    /// Some minutes of a busy log.
    static let entriesMax = 4_096
    static let bytesMax = 1 << 20

    private struct State {
        var entries: [[(descriptor: Int32, bytes: [UInt8])]] = []
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

    /// What the line about dropped lines says, in the log's format.
    func setDropNotice(_ notice: @escaping @Sendable (Int) -> String) {
        withState { $0.dropNotice = notice }
    }

    /// Nothing waits to be written.
    var isIdle: Bool { withState { $0.entries.isEmpty && !$0.isWriting } }

    /// False: there is no room, the parts were dropped.
    @discardableResult
    func put(_ parts: [Part]) -> Bool {
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

    /// Waits until all is written, or until nobody has read for so long.
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

    private func next() -> [(descriptor: Int32, bytes: [UInt8])] {
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

    /// Blocks as long as the reader likes. What can't be written at all (a closed pipe) is lost.
    private func write(_ entry: [(descriptor: Int32, bytes: [UInt8])]) {
        for (descriptor, bytes) in entry {
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 {
                    written += count
                } else if errno == EAGAIN {
                    // Somebody who shares the descriptor made it non-blocking.
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&room, 1, -1)
                } else if errno != EINTR {
                    break
                }
            }
        }
    }
}
