import ControlAPI
import Foundation

/// stdout and stderr. Colour only if stdout is a terminal and `NO_COLOR` is not set.
///
/// Texts of decoded messages are safe to print (`ControlClient.decoded`).
enum Terminal {
    static let isInteractive = isatty(STDOUT_FILENO) == 1
    private static let hasColour = isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true

    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }

    /// Errors may repeat arguments and file names: control sequences are removed.
    static func printError(_ text: String) { write(PlainText.rows(text) + "\n", to: .standardError) }

    /// Replaces the current line, cut to the terminal's width, since a line that wraps can't be replaced; for terminals only.
    static func replaceLine(_ text: String) { write("\r\u{1B}[K" + text.prefix(max(1, width - 1)), to: .standardOutput) }

    /// Characters across and down; 80 and 24 when the terminal does not say.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
    static var width: Int { size.columns }

    static func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    static func red(_ text: String) -> String { hasColour ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    /// A response's JSON without its final line feed, with the same meaning and safe for a terminal.
    static func line(_ bytes: [UInt8]) -> String {
        PlainText.escapingJSON(String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self))
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A closed pipe (head, less) is not a failure of the command.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
