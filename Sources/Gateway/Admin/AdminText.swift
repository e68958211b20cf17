import ControlAPI
import Foundation
import Web

/// An instant as a page shows it: in words, with the whole time behind them. For `admin/when.mustache`.
struct ShownTime: Sendable {
    let text: String
    /// ISO 8601, for `<time>`; empty: there is no instant.
    let iso: String
    /// The whole time, or why there is none.
    let title: String
    let isTime: Bool

    /// "12 min ago", "in 3 min".
    init(_ date: Date?, now: Date, otherwise: String) {
        guard let date else {
            (text, iso, title, isTime) = ("–", "", otherwise, false)
            return
        }
        (text, iso, title, isTime) = (AdminText.relative(date, now: now), ControlTime.text(date), AdminText.instant(date, now: now), true)
    }

    /// Words where no instant is told.
    init(words: String, why: String) { (text, iso, title, isTime) = (words, "", why, false) }
}

/// How the operator's pages write numbers and times, which are UTC.
enum AdminText {
    static let space = Figures.space

    /// "12,345".
    static func number(_ value: Int) -> String { Figures.count(value) }

    /// "1 athlete", "2,412 athletes".
    static func count(_ value: Int, _ one: String, _ many: String) -> String { "\(number(value))\(space)\(value == 1 ? one : many)" }

    /// "86.6", rounded down, so that 100 means all.
    static func share(_ part: Int, of all: Int) -> String {
        if part >= all { return "100" }
        let tenths = Int((Double(max(0, part)) / Double(all) * 1_000).rounded(.down))
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// Per cent for a width, with two decimals at most.
    static func width(_ part: Double, of all: Double) -> String {
        guard all > 0, part.isFinite, part > 0 else { return "0" }
        let hundredths = Int((min(part / all, 1) * 10_000).rounded())
        return String(format: "%d.%02d", hundredths / 100, hundredths % 100)
    }

    /// "2.1 s", "52 s", "12 min", "3 h 10 min", "6 d 4 h".
    static func span(_ seconds: Double) -> String {
        let seconds = max(0, seconds)
        if seconds < 9.95 { return String(format: "%.1f", seconds) + space + "s" }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<60: return "\(whole)\(space)s"
        case ..<3_600: return "\(whole / 60)\(space)min"
        case ..<86_400: return pair(whole / 3_600, "h", whole % 3_600 / 60, "min")
        default: return pair(whole / 86_400, "d", whole % 86_400 / 3_600, "h")
        }
    }

    private static func pair(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
        "\(large)\(space)\(largeUnit)" + (small == 0 ? "" : " \(small)\(space)\(smallUnit)")
    }

    /// "12 min ago", "in 3 min", "now".
    static func relative(_ date: Date, now: Date) -> String {
        let distance = date.timeIntervalSince(now)
        if distance.magnitude < 1 { return "now" }
        let text = span(distance.magnitude.rounded())
        let whole = distance.magnitude < 9.95 ? "\(Int(distance.magnitude.rounded()))\(space)s" : text
        return distance < 0 ? "\(whole) ago" : "in \(whole)"
    }

    /// "14:32:08 UTC".
    static func clock(_ date: Date) -> String { "\(ControlTime.text(date).dropFirst(11).prefix(8)) UTC" }

    /// "14:32" today, "Sat 28 Nov, 14:32" this year, else with the year.
    static func instant(_ date: Date, now: Date, seconds: Bool = false) -> String {
        let text = ControlTime.text(date)
        let clock = String(text.dropFirst(11).prefix(seconds ? 8 : 5))
        if text.prefix(10) == ControlTime.text(now).prefix(10) { return clock }
        return "\(day(date, now: now)), \(clock)"
    }

    /// "Sat 28 Nov", "18 Jul 2025".
    static func day(_ date: Date, now: Date) -> String {
        let isThisYear = ControlTime.text(date).prefix(4) == ControlTime.text(now).prefix(4)
        return isThisYear ? thisYear.format(date) : otherYear.format(date)
    }

    private static let thisYear = Date.VerbatimFormatStyle(
        format: "\(weekday: .abbreviated) \(day: .defaultDigits) \(month: .abbreviated)", locale: Locale(identifier: "en_GB"),
        timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
    private static let otherYear = Date.VerbatimFormatStyle(
        format: "\(day: .defaultDigits) \(month: .abbreviated) \(year: .defaultDigits)", locale: Locale(identifier: "en_GB"),
        timeZone: .gmt,
        calendar: Calendar(identifier: .gregorian))

    /// "8.4" and "GB".
    static func bytes(_ bytes: Int64) -> (value: String, unit: String) {
        var (value, unit) = (Double(bytes.magnitude), 0)
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1_000, unit + 1) }
        return (unit > 0 && value < 9.95 ? String(format: "%.1f", value) : String(Int(value.rounded())), units[unit])
    }

    /// An athlete by the name of the profile, or else by number.
    static func athlete(_ id: Int64, first: String?, last: String?) -> String {
        let name = [first, last].compactMap { part in
            part.map { PlainText.of(String($0.prefix(60))).trimmingCharacters(in: .whitespaces) }
        }.filter { !$0.isEmpty }.joined(separator: " ")
        return name.isEmpty ? "Athlete \(id)" : name
    }

    /// A reason or an error as one line of bounded length.
    static func line(_ text: String) -> String { PlainText.of(String(text.prefix(300))) }
}
