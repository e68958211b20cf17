import Foundation

/// Numbers and times in words.
enum Phrase {
    /// `12,345`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var grouped = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return value < 0 ? "-" + grouped : grouped
    }

    /// `5 s`, `3 min`, `2 h 10 min`, `4 d 3 h`.
    static func span(_ seconds: Double) -> String {
        let whole = Int(seconds.magnitude.rounded())
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3_600: return "\(whole / 60) min"
        case ..<86_400: return join(whole / 3_600, "h", whole % 3_600 / 60, "min")
        default: return join(whole / 86_400, "d", whole % 86_400 / 3_600, "h")
        }
    }

    /// `3 min ago`, `in 2 h`, `now`; `-` for none.
    static func relative(_ date: Date?, now: Date = Date()) -> String {
        guard let date else { return "-" }
        let distance = date.timeIntervalSince(now)
        if distance.magnitude < 1 { return "now" }
        return distance < 0 ? "\(span(distance)) ago" : "in \(span(distance))"
    }

    private static func join(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }
}
