/// The known name that a misspelt one was probably meant to be.
public enum NearestName {
    /// Nil when nothing is near: a suggestion that is far off is worse than none.
    public static func of(_ word: String, in names: [String]) -> String? {
        let asked = Array(word.lowercased())
        let near = names.map { name in (name, distance(asked, Array(name.lowercased()))) }
        guard let best = near.min(by: { $0.1 < $1.1 }) else { return nil }
        let longer = max(asked.count, best.0.count)
        return best.1 * 5 <= longer * 3 ? best.0 : nil
    }

    /// How many letters are to be put in, taken out, replaced or swapped with their neighbour.
    static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var before: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in one.enumerated() {
            var line = [row + 1]
            for (column, wanted) in other.enumerated() {
                var cost = min(last[column + 1] + 1, line[column] + 1, last[column] + (letter == wanted ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == wanted { cost = min(cost, before[column - 1] + 1) }
                line.append(cost)
            }
            (before, last) = (last, line)
        }
        return last[other.count]
    }
}
