import Foundation
import Synchronization

/// The terminal of who started the daemon: sentences, and while it is a terminal one block of lines at the bottom that is drawn anew.
final class Console: Sendable {
    let isTerminal: Bool
    private let block = Mutex<[String]>([])

    init(output: LogOutput) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        output.stepAside { [weak self] write in
            guard let self, self.isTerminal else { return write() }
            self.block.withLock { lines in
                self.clear(lines)
                write()
                self.draw(lines)
            }
        }
    }

    /// Writes lines that stay.
    func say(_ text: String) {
        block.withLock { lines in
            clear(lines)
            put(text + "\n")
            draw(lines)
        }
    }

    /// Shows these lines at the bottom in place of the ones before. Nothing where there is no terminal.
    func show(_ lines: [String]) {
        guard isTerminal else { return }
        // A line that wraps would be two lines to clear.
        let columns = Self.columns
        let lines = lines.map { String($0.prefix(columns)) }
        block.withLock { current in
            clear(current)
            current = lines
            draw(current)
        }
    }

    private static var columns: Int {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    private func clear(_ lines: [String]) {
        // Up as many lines as were drawn, then clear to the end of the screen (ECMA-48 CUU, ED).
        if isTerminal && !lines.isEmpty { put("\u{1B}[\(lines.count)A\u{1B}[J") }
    }

    private func draw(_ lines: [String]) {
        if isTerminal { for line in lines { put(line + "\n") } }
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
