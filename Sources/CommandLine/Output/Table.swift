/// Aligned columns: text to the left, numbers to the right, two blanks between.
struct Table {
    private let header: [String]
    private let numbers: Set<Int>
    private var rows: [[String]] = []

    /// - Parameter numbers: the columns that stand to the right.
    init(_ header: [String], numbers: Set<Int> = []) {
        self.header = header
        self.numbers = numbers
    }

    mutating func row(_ cells: [String]) { rows.append(cells.map(Terminal.safe)) }

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
