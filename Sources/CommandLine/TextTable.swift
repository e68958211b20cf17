/// A table with aligned columns: text to the left, numbers to the right, two blanks in between.
///
/// On a terminal it fits the width. First the last column, if it holds text, is wrapped, or goes below its row; then the cells of the widest
/// columns of text are cut; and where not even that suffices, each row becomes a paragraph, `header value, header value`.
struct TextTable {
    /// The last column is wrapped beside the others only if so many characters are left for it.
    private static let besideMin = 24
    /// No cell of text is cut below this.
    private static let cellMin = 8
    private static let gap = 2

    private let header: [String]
    private let numbers: Set<Int>
    private var rows: [[String]] = []

    /// - Parameter numbers: the right-aligned columns.
    init(_ header: [String], numbers: Set<Int> = []) {
        self.header = header
        self.numbers = numbers
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// For standard output: as wide as it needs to be, but on a terminal no wider than that.
    var text: String { fitting(Terminal.isInteractive ? Terminal.width : nil) }

    /// As text, at most so many characters wide; nil: no limit.
    func fitting(_ width: Int?) -> String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        guard let width, total(widths) > width else { return lines(rows, widths) }
        let last = header.count - 1
        let beside = width - total(widths.dropLast()) - Self.gap
        if last > 0, !numbers.contains(last) {
            if beside >= max(Self.besideMin, header[last].count) { return wrapped(widths.dropLast() + [beside]) }
            let narrow = fitted(Array(widths.dropLast()), width)
            if total(narrow) <= width { return withNotes(narrow, width) }
        } else {
            let narrow = fitted(widths, width)
            if total(narrow) <= width { return lines(rows, narrow) }
        }
        return paragraphs(width)
    }

    private func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) }

    /// Widths that leave columns of numbers and headers whole, and take from the widest of the others.
    private func fitted(_ widths: [Int], _ width: Int) -> [Int] {
        var widths = widths
        while total(widths) > width {
            let candidates = widths.indices.filter { !numbers.contains($0) && widths[$0] > max(Self.cellMin, header[$0].count) }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    // MARK: Lines

    private func lines(_ rows: [[String]], _ widths: [Int]) -> String {
        ([Terminal.bold(line(header, widths))] + rows.map { line($0, widths) }).joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = widths.indices.map { column in
            let cell = Self.cut(cells[column], widths[column])
            let blanks = String(repeating: " ", count: widths[column] - cell.count)
            return numbers.contains(column) ? blanks + cell : cell + blanks
        }
        return Self.withoutTrailingBlanks(padded.joined(separator: String(repeating: " ", count: Self.gap)))
    }

    /// The last column's text wrapped in its column.
    private func wrapped(_ widths: [Int]) -> String {
        let last = widths.count - 1
        let indent = String(repeating: " ", count: total(widths.dropLast()) + Self.gap)
        let lines = rows.map { row in
            let parts = Self.wrap(row[last], widths[last])
            let first = line(row.dropLast() + [parts.first ?? ""], widths)
            return ([first] + parts.dropFirst().map { indent + $0 }).joined(separator: "\n")
        }
        return ([Terminal.bold(line(header, widths))] + lines).joined(separator: "\n")
    }

    /// The last column's text below its row.
    private func withNotes(_ widths: [Int], _ width: Int) -> String {
        let last = header.count - 1
        let lines = rows.map { row in
            let notes = row[last].isEmpty ? [] : Self.wrap("\(header[last]): \(row[last])", width - 4)
            return ([line(row, widths)] + notes.map { "    " + $0 }).joined(separator: "\n")
        }
        return ([Terminal.bold(line(header, widths))] + lines).joined(separator: "\n")
    }

    private func paragraphs(_ width: Int) -> String {
        rows.map { row in
            let pairs = header.indices.filter { !row[$0].isEmpty }.map { "\(header[$0]) \(row[$0])" }
            let lines = Self.wrap(pairs.joined(separator: ", "), width - Self.gap)
            return lines.joined(separator: "\n" + String(repeating: " ", count: Self.gap))
        }.joined(separator: "\n")
    }

    // MARK: Words

    private static func cut(_ text: String, _ width: Int) -> String { text.count <= width ? text : text.prefix(max(0, width - 1)) + "…" }

    /// Lines of at most `width` characters, broken at blanks; a longer word is broken where it has to be.
    private static func wrap(_ text: String, _ width: Int) -> [String] {
        let width = max(1, width)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = word
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            while word.count > width {
                lines.append(String(word.prefix(width)))
                word = word.dropFirst(width)
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    private static func withoutTrailingBlanks(_ text: String) -> String { String(text.reversed().drop { $0 == " " }.reversed()) }
}
