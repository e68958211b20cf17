import Foundation
import Synchronization

/// Standard output for whoever started the daemon: text that stays and, on a terminal, a block of lines at the bottom that is redrawn.
final class Console: Sendable {
    private let output: LogOutput
    private let block = Mutex<[String]>([])

    var isTerminal: Bool { output.isTerminal }

    init(output: LogOutput) {
        self.output = output
        guard output.isTerminal else { return }
        output.redirectLines { [weak self] line in self?.printError(line) }
    }

    /// Prints text that stays.
    func print(_ text: String) {
        block.withLock { lines in
            _ = output.put([(STDOUT_FILENO, clearing(lines) + text + "\n" + drawing(lines))])
        }
    }

    /// Replaces the block at the bottom. Does nothing without a terminal, or while it takes no output.
    func show(_ lines: [String]) {
        guard isTerminal, output.isIdle else { return }
        // A line that wraps would have to be cleared as two.
        let columns = Self.columns
        let lines = lines.map { String($0.prefix(columns)) }
        block.withLock { current in
            if output.put([(STDOUT_FILENO, clearing(current) + drawing(lines))]) { current = lines }
        }
    }

    private func printError(_ line: String) {
        block.withLock { lines in
            _ = output.put([
                (STDOUT_FILENO, clearing(lines)), (STDERR_FILENO, line + "\n"), (STDOUT_FILENO, drawing(lines)),
            ])
        }
    }

    private static var columns: Int {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    private func clearing(_ lines: [String]) -> String {
        // Go up as many lines as were drawn, then clear to the end of the screen (ECMA-48 CUU, ED).
        isTerminal && !lines.isEmpty ? "\u{1B}[\(lines.count)A\u{1B}[J" : ""
    }

    private func drawing(_ lines: [String]) -> String { isTerminal ? lines.map { $0 + "\n" }.joined() : "" }
}
