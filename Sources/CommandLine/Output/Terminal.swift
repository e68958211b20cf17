import ControlAPI
import Foundation

/// stdout and stderr. Colour only when stdout is a terminal and `NO_COLOR` is not set.
enum Terminal {
    static let isInteractive = isatty(STDOUT_FILENO) == 1
    private static let hasColour = isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true

    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }
    /// Complaints have no colour, so nothing in them may steer the terminal.
    static func complain(_ text: String) { write(PlainText.rows(text) + "\n", to: .standardError) }

    /// Replaces the line under the cursor; only for terminals.
    static func replaceLine(_ text: String) { write("\r\u{1B}[K" + text, to: .standardOutput) }

    /// Clears the screen; only for terminals.
    static func clear() { write("\u{1B}[H\u{1B}[2J", to: .standardOutput) }

    static func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    static func red(_ text: String) -> String { hasColour ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    /// An answer's JSON without its closing line feed, with the same meaning and nothing in it that steers a terminal.
    static func line(_ bytes: [UInt8]) -> String {
        PlainText.escapingJSON(String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self))
    }

    /// Text from elsewhere as it may be shown.
    static func safe(_ text: String) -> String { PlainText.of(text) }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that went away (head, less) is no failure of the command.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
