import Foundation

/// A day of the Gregorian calendar, without a time zone: the athlete's own.
struct LocalDay: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01.
    let number: Int

    init(number: Int) { self.number = number }

    /// The day of a wall-clock time, or of a date, as the database sends them: as if they were UTC.
    init(_ wallClock: Date) { number = Int((wallClock.timeIntervalSince1970 / 86_400).rounded(.down)) }

    /// Days from civil, and back: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private var civil: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let place = (5 * dayOfYear + 2) / 153
        let month = place < 10 ? place + 3 : place - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * place + 2) / 5 + 1)
    }

    var year: Int { civil.year }
    /// 1 to 12.
    var month: Int { civil.month }
    /// 1 to 31.
    var dayOfMonth: Int { civil.day }
    /// 0 is Monday.
    var weekday: Int { ((number + 3) % 7 + 7) % 7 }
    /// The Monday of its week: Strava's weeks begin on Monday for everybody.
    var weekStart: LocalDay { LocalDay(number: number - weekday) }
    var yearStart: LocalDay { LocalDay(year: year, month: 1, day: 1) }

    init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    func adding(_ days: Int) -> LocalDay { LocalDay(number: number + days) }

    static func < (left: LocalDay, right: LocalDay) -> Bool { left.number < right.number }

    // MARK: Words

    static let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    var monthName: String { Self.monthNames[month - 1] }

    /// Sat 28 Nov in the year of `today`, else 18 Jul 2025.
    func text(today: LocalDay) -> String {
        year == today.year ? "\(Self.dayNames[weekday]) \(dayOfMonth) \(monthName)" : "\(dayOfMonth) \(monthName) \(year)"
    }

    /// Sat 28 Nov 2026.
    var longText: String { "\(Self.dayNames[weekday]) \(dayOfMonth) \(monthName) \(year)" }

    /// 28 Nov.
    var shortText: String { "\(dayOfMonth) \(monthName)" }

    /// 2026-11-28, for machines.
    var iso: String { "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(dayOfMonth, 2))" }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The time of day of a wall-clock time: 09:04.
enum WallTime {
    static func text(_ wallClock: Date) -> String {
        let minutes = Int((wallClock.timeIntervalSince1970 / 60).rounded(.down)) % 1_440
        let (hour, minute) = ((minutes + 1_440) % 1_440 / 60, (minutes + 60) % 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
}
