import Foundation

/// stdout and stderr. Colour only when stdout is a terminal and `NO_COLOR` is not set.
enum Terminal {
    static let isInteractive = isatty(STDOUT_FILENO) == 1
    private static let hasColour = isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true

    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }
    static func complain(_ text: String) { write(text + "\n", to: .standardError) }

    /// Replaces the line under the cursor; only for terminals.
    static func replaceLine(_ text: String) { write("\r\u{1B}[K" + text, to: .standardOutput) }

    /// Clears the screen; only for terminals.
    static func clear() { write("\u{1B}[H\u{1B}[2J", to: .standardOutput) }

    static func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    static func red(_ text: String) -> String { hasColour ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    /// The text of an answer without its closing line feed.
    static func line(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }

    /// Text from elsewhere without control characters, so that it can't steer the terminal.
    static func safe(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that went away (head, less) is no failure of the command.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
