import Foundation

/// Reads the two forms in which Strava writes an instant.
enum Timestamp {
    /// `2018-02-16T14:52:54Z`, also with a fraction or an offset such as `+02:00`; without an offset it is UTC. Nil for any other text.
    static func iso8601(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 40, bytes[4] == dash, bytes[7] == dash, bytes[13] == colon, bytes[16] == colon,
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "),
            let year = number(bytes, 0..<4), let month = number(bytes, 5..<7), let day = number(bytes, 8..<10),
            let time = clock(bytes, at: 11)
        else { return nil }
        var rest = bytes[19...]
        var fraction = 0.0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard !digits.isEmpty else { return nil }
            fraction = Double("0." + String(decoding: digits, as: UTF8.self)) ?? 0
            rest = rest[digits.endIndex...]
        }
        guard let offset = offset(Array(rest)), let midnight = epoch(year, month, day) else { return nil }
        return Date(timeIntervalSince1970: Double(midnight + time - offset) + fraction)
    }

    /// The `Date` header: `Sat, 18 Oct 2025 23:02:45 GMT` (RFC 9110, 5.6.7).
    static func httpDate(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, text.hasSuffix(" GMT"), bytes[19] == colon, bytes[22] == colon,
            let day = number(bytes, 5..<7), let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self)),
            let year = number(bytes, 12..<16), let time = clock(bytes, at: 17), let midnight = epoch(year, month + 1, day)
        else { return nil }
        return Date(timeIntervalSince1970: Double(midnight + time))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let dash = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")

    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        let digits = bytes[range]
        guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// `HH:MM:SS` in seconds; a leap second counts as the first second of the next minute.
    private static func clock(_ bytes: [UInt8], at start: Int) -> Int? {
        guard let hour = number(bytes, start..<start + 2), let minute = number(bytes, start + 3..<start + 5),
            let second = number(bytes, start + 6..<start + 8), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// `Z`, `+02:00`, `+0200`, in seconds east of UTC.
    private static func offset(_ bytes: [UInt8]) -> Int? {
        if bytes.isEmpty || bytes == [UInt8(ascii: "Z")] || bytes == [UInt8(ascii: "z")] { return 0 }
        let digits = bytes.dropFirst().filter { $0 != colon }
        guard bytes.first == UInt8(ascii: "+") || bytes.first == dash, digits.count == 4,
            let hour = number(digits, 0..<2), let minute = number(digits, 2..<4), hour < 24, minute < 60
        else { return nil }
        return (hour * 3600 + minute * 60) * (bytes.first == dash ? -1 : 1)
    }

    /// Seconds from 1970 to the day's midnight in UTC; nil for a date that does not exist. Years are counted from March, so that the leap day
    /// is the last day of its year.
    private static func epoch(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...9999).contains(year), (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
        let marchYear = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let days = marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + (monthFromMarch * 306 + 5) / 10 + day - 1
        return (days - 719_468) * 86_400
    }
}
