import ControlAPI

/// What the checks of data quality found, in one line.
enum QualityText {
    static func line(_ counts: [QualityCount]) -> String {
        if counts.isEmpty { return "no findings" }
        return counts.map { "\(Phrase.number($0.activities)) \(Terminal.safe($0.check))" }.joined(separator: ", ")
    }
}
