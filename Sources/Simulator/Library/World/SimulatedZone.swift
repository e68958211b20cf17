import Foundation

/// A time zone as Strava names it: the label bears the standard offset even in summer, `utc_offset` the true one
/// (docs/strava-api.md 6).
struct SimulatedZone: Sendable, Hashable {
    enum SummerTime: Sendable { case none, europe, unitedStates }

    let label: String
    let standardOffset_s: Int64
    let summerTime: SummerTime
    /// Where activities in this zone lie: the middle of their area, in degrees.
    let latitude: Double
    let longitude: Double

    static let all: [SimulatedZone] = [
        .init(label: "(GMT+01:00) Europe/Zurich", standardOffset_s: 3600, summerTime: .europe, latitude: 47.36, longitude: 8.55),
        .init(
            label: "(GMT-05:00) America/New_York", standardOffset_s: -18_000, summerTime: .unitedStates, latitude: 40.78,
            longitude: -73.96),
        .init(label: "(GMT+09:00) Asia/Tokyo", standardOffset_s: 32_400, summerTime: .none, latitude: 35.68, longitude: 139.75),
        .init(label: "(GMT+05:30) Asia/Kolkata", standardOffset_s: 19_800, summerTime: .none, latitude: 12.97, longitude: 77.59),
        .init(label: "(GMT-05:00) EST", standardOffset_s: -18_000, summerTime: .none, latitude: 25.05, longitude: -77.35),
        .init(label: "(GMT+00:00) Europe/London", standardOffset_s: 0, summerTime: .europe, latitude: 51.5, longitude: -0.16),
    ]

    /// Seconds to add to UTC at this instant.
    func offset_s(at epoch_s: Int64) -> Int64 {
        isSummer(epoch_s) ? standardOffset_s + 3600 : standardOffset_s
    }

    private func isSummer(_ epoch_s: Int64) -> Bool {
        let year = CivilTime.date(days: CivilTime.floorDivide(epoch_s, CivilTime.day_s)).year
        switch summerTime {
        case .none: return false
        case .europe:
            let begin = Self.lastSunday(year, month: 3) * CivilTime.day_s + 3600
            let end = Self.lastSunday(year, month: 10) * CivilTime.day_s + 3600
            return (begin..<end).contains(epoch_s)
        case .unitedStates:
            let begin = Self.firstSunday(year, month: 3, from: 8) * CivilTime.day_s + 7200 - standardOffset_s
            let end = Self.firstSunday(year, month: 11, from: 1) * CivilTime.day_s + 3600 - standardOffset_s
            return (begin..<end).contains(epoch_s)
        }
    }

    private static func firstSunday(_ year: Int64, month: Int64, from day: Int64) -> Int64 {
        let first = CivilTime.days(year: year, month: month, day: day)
        return first + Int64((7 - CivilTime.weekday(days: first)) % 7)
    }

    private static func lastSunday(_ year: Int64, month: Int64) -> Int64 {
        let last = CivilTime.days(year: year, month: month, day: 31)
        return last - Int64(CivilTime.weekday(days: last))
    }
}

/// Calendar arithmetic on whole seconds since 1970, fast and without a time zone database.
enum CivilTime {
    static let day_s: Int64 = 86_400

    /// `2025-10-18T12:49:52Z`
    static func iso(_ epoch_s: Int64) -> String {
        let days = floorDivide(epoch_s, day_s)
        let second = epoch_s - days * day_s
        let (year, month, day) = date(days: days)
        return "\(pad(year, 4))-\(pad(month))-\(pad(day))T\(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60))Z"
    }

    /// The date as browsers and servers write it: `Sat, 18 Oct 2025 23:02:43 GMT` (RFC 9110, 5.6.7).
    static func httpDate(_ epoch_s: Int64) -> String {
        let days = floorDivide(epoch_s, day_s)
        let second = epoch_s - days * day_s
        let (year, month, day) = date(days: days)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday(days: days)]
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(month) - 1]
        return "\(weekday), \(pad(day)) \(name) \(pad(year, 4)) \(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60)) GMT"
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date that lies `days` days after 1970-01-01.
    static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }

    /// 0 is Sunday.
    static func weekday(days: Int64) -> Int { Int((days % 7 + 11) % 7) }

    /// Midnight (UTC) that begins the day of `epoch_s`.
    static func midnight(_ epoch_s: Int64) -> Int64 { floorDivide(epoch_s, day_s) * day_s }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func pad(_ value: Int64, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Date {
    /// Whole seconds since 1970, rounded down.
    var epoch_s: Int64 { Int64(timeIntervalSince1970.rounded(.down)) }
    init(epoch_s: Int64) { self.init(timeIntervalSince1970: Double(epoch_s)) }
}
