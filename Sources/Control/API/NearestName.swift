/// The known name that a misspelt one probably means: a command of fitnessctl, a setting of fitnessd.
public enum NearestName {
    /// The largest share of both names' letters that may have no counterpart.
    private static let differenceMax = 0.45

    /// Nil when no name is near: a far-fetched suggestion is worse than none.
    public static func of(_ word: String, in names: [String]) -> String? {
        let word = Array(word.lowercased())
        let near = names.map { name in (name: name, difference: difference(word, Array(name.lowercased()))) }
        guard let best = near.min(by: { $0.difference < $1.difference }), best.difference <= differenceMax else { return nil }
        return best.name
    }

    /// The share of letters outside the longest common subsequence. This puts an abbreviation nearer to its whole word than to another word of
    /// its own length.
    private static func difference(_ one: [Character], _ other: [Character]) -> Double {
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
