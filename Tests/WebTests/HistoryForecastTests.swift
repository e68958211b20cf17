import Foundation
import Testing

@testable import Web

/// When the rest of a history will be here, in words for the athlete.
@Suite struct HistoryForecastTests {
    /// Sat 28 Nov 2026, 13:05 in Zürich.
    private static let now = Date(timeIntervalSince1970: 1_795_867_500)

    private func words(after seconds: Double, zone: String? = "Europe/Zurich") -> String? {
        HistoryForecast(now: Self.now, completesAt: Self.now.addingTimeInterval(seconds), unknownBecause: nil).words(zone: zone)
    }

    @Test func `a time is told as far away as it is, and from two hours on where the athlete's clock will be`() {
        #expect(words(after: -5) == "All of it should be here in about a minute.")
        #expect(words(after: 6 * 60) == "All of it should be here in about 6 minutes.")
        #expect(words(after: 21 * 60) == "All of it should be here in about 25 minutes.")
        #expect(words(after: 5 * 3_600) == "All of it should be here in about 5 hours, around 18:00.")
        #expect(words(after: 17 * 3_600) == "All of it should be here in about 17 hours, tomorrow around 06:00.")
        let days = "All of it should be here in about 4 days, on Wed 2 Dec. "
        #expect(words(after: 4 * 86_400) == days + "Strava limits how much can be read in a day, so it takes longer when others connect.")
        #expect(words(after: 40 * 86_400)?.contains("about 40 days, on 7 Jan 2027.") == true)
    }

    @Test func `the end of summer time counts`() {
        // Sat 24 Oct 2026, 23:00 in Zürich; the clocks go back at 3:00.
        let now = Date(timeIntervalSince1970: 1_792_875_600)
        let forecast = HistoryForecast(now: now, completesAt: now.addingTimeInterval(6 * 3_600), unknownBecause: nil)
        #expect(forecast.words(zone: "Europe/Zurich") == "All of it should be here in about 6 hours, tomorrow around 04:00.")
    }

    @Test func `without a time zone that is known no time of day is told`() {
        for zone in [nil, "Nowhere/At_All"] {
            #expect(words(after: 5 * 3_600, zone: zone) == "All of it should be here in about 5 hours.")
        }
    }

    @Test func `what keeps a time from being told is said, and what is not known here is passed over`() {
        func words(_ reason: String?) -> String? {
            HistoryForecast(now: Self.now, completesAt: nil, unknownBecause: reason).words(zone: nil)
        }
        #expect(words("list_not_read")?.contains("once the whole list is read") == true)
        #expect(words("everything_paused")?.contains("paused by the operator") == true && words("paused") == words("everything_paused"))
        #expect(words("strava_unavailable")?.contains("goes on by itself") == true && words("backing_off")?.contains("by itself") == true)
        #expect(words("a_new_word") == nil && words(nil) == nil)
    }
}
