import Foundation
import Synchronization

/// The terminal as a screen that is drawn again and again: the alternate screen, without a cursor, keys without echo. What was on the terminal
/// comes back at the end.
struct Screen: ~Copyable {
    private let before: termios

    /// A signal that ends the program has come.
    private static let hasEnded = Atomic(false)

    init() {
        var attributes = termios()
        tcgetattr(STDIN_FILENO, &attributes)
        before = attributes
        attributes.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
        // Without SA_RESTART: the wait for a key ends, and the screen is left as it was found, or drawn in its new size.
        for number in [SIGINT, SIGTERM, SIGHUP] { Self.handle(number) { _ in Screen.hasEnded.store(true, ordering: .relaxed) } }
        Self.handle(SIGWINCH) { _ in }
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    deinit {
        Self.write("\u{1B}[?25h\u{1B}[?1049l")
        var attributes = before
        tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
    }

    /// Draws lines from the top; those that don't fit are left out, which the last line then says.
    func draw(_ text: String) {
        let size = Terminal.size
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        if lines.count > size.rows {
            let left = lines.count - size.rows + 1
            lines = lines.prefix(size.rows - 1) + ["… \(left) more lines: make the window taller"]
        }
        // Line by line, each cleared to its end, so that nothing flickers.
        let drawn = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        Self.write("\u{1B}[?7l\u{1B}[H" + drawn + "\u{1B}[J\u{1B}[?7h")
    }

    /// Waits for a key or until the window's size has changed.
    ///
    /// - Returns: false after `q`, Ctrl-C, the end of input or a signal that ends the program.
    func wait(_ duration: Duration) -> Bool {
        let deadline = ContinuousClock.now + duration
        while !Self.hasEnded.load(ordering: .relaxed) {
            let left = ContinuousClock.now.duration(to: deadline) / Duration.milliseconds(1)
            if left <= 0 { return true }
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let ready = poll(&input, 1, Int32(left.rounded(.up)))
            if ready < 0 { return !Self.hasEnded.load(ordering: .relaxed) }
            if ready > 0 {
                var key: UInt8 = 0
                if read(STDIN_FILENO, &key, 1) != 1 || [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3].contains(key) { return false }
            }
        }
        return false
    }

    private static func handle(_ number: Int32, _ body: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = body
        sigaction(number, &action, nil)
    }

    private static func write(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
}
