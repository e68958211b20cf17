/// The known name that a misspelt one was probably meant to be.
public enum NearestName {
    /// Of all letters of both names, the part that may have no counterpart.
    private static let differenceMax = 0.45

    /// Nil when nothing is near: a suggestion that is far off is worse than none.
    public static func of(_ word: String, in names: [String]) -> String? {
        let asked = Array(word.lowercased())
        let near = names.map { name in (name: name, difference: difference(asked, Array(name.lowercased()))) }
        guard let best = near.min(by: { $0.difference < $1.difference }), best.difference <= differenceMax else { return nil }
        return best.name
    }

    /// The share of letters that are not part of the longest sequence that both have. So an abbreviation is nearer to the whole word than to
    /// another word of its own length.
    static func difference(_ one: [Character], _ other: [Character]) -> Double {
        guard !one.isEmpty || !other.isEmpty else { return 0 }
        var last = [Int](repeating: 0, count: other.count + 1)
        for letter in one {
            var line = [0]
            for (column, wanted) in other.enumerated() {
                line.append(letter == wanted ? last[column] + 1 : max(last[column + 1], line[column]))
            }
            last = line
        }
        return 1 - 2 * Double(last[other.count]) / Double(one.count + other.count)
    }
}
