import Foundation
import TestKit
import Testing

@testable import StravaAPI

struct TimestampTests {
    @Test func `random instants are read as Foundation writes them`() throws {
        let seed = modelSeed
        print("seed of the random instants: \(seed)")
        var random = SeededRandom(seed: seed)
        let header = DateFormatter()
        header.locale = Locale(identifier: "en_US_POSIX")
        header.timeZone = TimeZone(secondsFromGMT: 0)
        header.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for _ in 0..<2_000 {
            // 1601 to 9999: Foundation's calendar is Julian before 1582.
            let date = Date(timeIntervalSince1970: Double(Int64.random(in: -11_644_473_600...253_402_300_799, using: &random)))
            #expect(Timestamp.iso8601(date.ISO8601Format()) == date, "seed \(seed)")
            #expect(Timestamp.httpDate(header.string(from: date)) == date, "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("2026-01-02T03:04:05Z", 1_767_323_045.0), ("2026-01-02 03:04:05Z", 1_767_323_045.0), ("2026-01-02T03:04:05", 1_767_323_045.0),
        ("2026-01-02T03:04:05.5Z", 1_767_323_045.5),
        ("2026-01-02T05:04:05+02:00", 1_767_323_045.0), ("2026-01-01T22:04:05-0500", 1_767_323_045.0),
        ("2016-12-31T23:59:60Z", 1_483_228_800.0),
        ("2024-02-29T00:00:01Z", 1_709_164_801.0), ("1970-01-01T00:00:00Z", 0.0),
    ])
    func `all forms of an ISO instant are read`(text: String, seconds: Double) {
        #expect(Timestamp.iso8601(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04", "2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2025-02-29T03:04:05Z",
        "1900-02-29T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+1Z",
        "0000-01-02T03:04:05Z", "２026-01-02T03:04:05Z", "2026-01-02T03:04:05Z and more", "2026-01-02T03:04:05.1+25:00",
    ])
    func `a text that is not an instant is not read`(text: String) { #expect(Timestamp.iso8601(text) == nil) }

    @Test(arguments: [
        "", "now", "Sat, 18 Oct 2025 23:02:45 CET", "Sat, 18 Okt 2025 23:02:45 GMT", "Sat, 31 Feb 2025 23:02:45 GMT",
        "Saturday, 18-Oct-25 23:02:45 GMT",
    ])
    func `a date header in another form is ignored`(text: String) { #expect(Timestamp.httpDate(text) == nil) }
}
