import ArgumentParser

/// A span of time as people write it: `90s`, `30m`, `2h`, `1d`, or several together, `1h30m`.
struct DurationArgument: ExpressibleByArgument {
    /// A leap year: longer pauses are without end.
    private static let max_s = 366 * 86_400
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    let seconds: Int

    init?(argument: String) {
        var total = 0
        var digits = ""
        for character in argument {
            if character.isASCII, character.isNumber, digits.count < 9 {
                digits.append(character)
            } else if let unit = Self.units[character], let number = Int(digits) {
                total += number * unit
                digits = ""
            } else {
                return nil
            }
        }
        guard digits.isEmpty, (1...Self.max_s).contains(total) else { return nil }
        seconds = total
    }
}
