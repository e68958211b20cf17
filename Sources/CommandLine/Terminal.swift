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

    /// Replaces the current line; for terminals only.
    static func replaceLine(_ text: String) { write("\r\u{1B}[K" + text, to: .standardOutput) }

    /// Clears the screen; for terminals only.
    static func clear() { write("\u{1B}[H\u{1B}[2J", to: .standardOutput) }

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

/// A table with aligned columns: text to the left, numbers to the right, two blanks in between.
struct TextTable {
    private let header: [String]
    private let numbers: Set<Int>
    private var rows: [[String]] = []

    /// - Parameter numbers: the right-aligned columns.
    init(_ header: [String], numbers: Set<Int> = []) {
        self.header = header
        self.numbers = numbers
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { line($0, widths) }
        return ([Terminal.bold(line(header, widths))] + lines).joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
            return numbers.contains(column) ? blanks + cells[column] : cells[column] + blanks
        }
        let text = padded.joined(separator: "  ")
        return String(text.reversed().drop { $0 == " " }.reversed())
    }
}
