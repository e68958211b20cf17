/// A table with aligned columns: text to the left, numbers to the right, two blanks in between.
///
/// On a terminal, optional columns without a value are left out, and it fits the width. The last column, if it holds text, is wrapped, or goes
/// below its row. If that is not enough, times lose their distance from now, then the columns go that a reader can do without, then the cells of
/// the widest columns of text are cut; and where not even that suffices, each row becomes a paragraph, `header value, header value`.
struct TextTable {
    /// The last column is wrapped beside the others only if so many characters are left for it.
    private static let besideMin = 24
    /// No cell of text is cut below this.
    private static let cellMin = 8
    private static let gap = 2
    private static let zone = " (UTC)"

    private var header: [String]
    private var numbers: Set<Int>
    private var times: Set<Int>
    private var optional: Set<Int>
    private var secondary: Set<Int>
    private var rows: [[String]] = []

    /// - Parameters:
    ///   - numbers: the right-aligned columns.
    ///   - times: columns of times as `Phrase.cell` writes them; the header of the first one says that they are in UTC.
    ///   - optional: columns that say nothing where all their cells are empty, `0` or `-`.
    ///   - secondary: columns that a narrow terminal does without.
    init(
        _ header: [String], numbers: Set<Int> = [], times: Set<Int> = [], optional: Set<Int> = [], secondary: Set<Int> = []
    ) {
        self.header = header
        self.numbers = numbers
        self.times = times
        self.optional = optional
        self.secondary = secondary
        if let first = times.min() { self.header[first] += Self.zone }
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// For standard output: as wide as it needs to be, but on a terminal no wider than that.
    var text: String { fitting(Terminal.isInteractive ? Terminal.width : nil) }

    /// As text, at most so many characters wide; nil: not for a terminal, and as it is.
    func fitting(_ width: Int?) -> String {
        guard let width else { return lines(rows, widths) }
        let whole = without(optional.filter { column in rows.allSatisfy { ["", "0", "-"].contains($0[column]) } })
        let brief = whole.withBriefTimes
        let least = brief.without(brief.secondary)
        return whole.uncut(width) ?? brief.uncut(width) ?? least.uncut(width) ?? least.cut(width) ?? least.paragraphs(width)
    }

    // MARK: Fitting

    private var widths: [Int] { header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 } }

    private var last: Int { header.count - 1 }

    /// Whether the last column is text, which may be broken into lines.
    private var hasNotes: Bool { last > 0 && !isFixed(last) }

    private func isFixed(_ column: Int) -> Bool { numbers.contains(column) || times.contains(column) }

    private func without(_ columns: Set<Int>) -> TextTable {
        let kept = header.indices.filter { !columns.contains($0) }
        func places(_ columns: Set<Int>) -> Set<Int> { Set(kept.indices.filter { columns.contains(kept[$0]) }) }
        var table = self
        table.header = kept.map { header[$0] }
        table.rows = rows.map { row in kept.map { row[$0] } }
        (table.numbers, table.times) = (places(numbers), places(times))
        (table.optional, table.secondary) = (places(optional), places(secondary))
        return table
    }

    /// With `14:05` in place of `14:05 (in 2 h)`.
    private var withBriefTimes: TextTable {
        var table = self
        for column in times {
            for row in rows.indices { table.rows[row][column] = String(rows[row][column].prefix { $0 != "(" }).trimmed }
        }
        return table
    }

    /// Nil: it does not fit with all cells whole.
    private func uncut(_ width: Int) -> String? {
        let widths = widths
        if total(widths) <= width { return lines(rows, widths) }
        guard hasNotes else { return nil }
        let others = Array(widths.dropLast())
        let beside = width - total(others) - Self.gap
        if beside >= max(Self.besideMin, header[last].count) { return wrapped(others + [beside]) }
        return total(others) <= width ? withNotes(others, width) : nil
    }

    /// Nil: it does not fit even with the widest cells cut.
    private func cut(_ width: Int) -> String? {
        let narrow = fitted(hasNotes ? Array(widths.dropLast()) : widths, width)
        guard total(narrow) <= width else { return nil }
        return hasNotes ? withNotes(narrow, width) : lines(rows, narrow)
    }

    private func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) }

    /// Widths that leave columns of numbers, times and headers whole, and take from the widest of the others.
    private func fitted(_ widths: [Int], _ width: Int) -> [Int] {
        var widths = widths
        while total(widths) > width {
            let candidates = widths.indices.filter { !isFixed($0) && widths[$0] > max(Self.cellMin, header[$0].count) }
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
        return padded.joined(separator: String(repeating: " ", count: Self.gap)).trimmed
    }

    /// The last column's text wrapped in its column.
    private func wrapped(_ widths: [Int]) -> String {
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
}

extension String {
    /// Without blanks at its end.
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
