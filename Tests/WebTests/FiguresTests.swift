import Foundation
import Testing

@testable import Web

/// Figures as they are written. The expected texts were worked out by hand.
@Suite struct FiguresTests {
    private let metric = Figures(.metric)
    private let miles = Figures(.miles)

    private func plain(_ quantity: Quantity) -> String { quantity.text.replacing(Figures.space, with: " ") }

    @Test func `distances have one decimal, from a thousand on none, and swims are in metres or yards`() {
        #expect(plain(metric.distance(84_236)) == "84.2 km")
        #expect(plain(metric.distance(84_250)) == "84.3 km")
        #expect(plain(metric.distance(999_940)) == "999.9 km")
        // Rounds to a thousand, so it is written as one.
        #expect(plain(metric.distance(999_960)) == "1,000 km")
        #expect(plain(metric.distance(9_214_400)) == "9,214 km")
        #expect(plain(metric.distance(0)) == "0.0 km")
        #expect(plain(metric.distance(2_400, isSwim: true)) == "2,400 m")
        // 84,236 / 1,609.344 = 52.342
        #expect(plain(miles.distance(84_236)) == "52.3 mi")
        // 9,214,400 / 1,609.344 = 5,725.56
        #expect(plain(miles.distance(9_214_400)) == "5,726 mi")
        // 2,400 / 0.9144 = 2,624.67
        #expect(plain(miles.distance(2_400, isSwim: true)) == "2,625 yd")
    }

    @Test func `times are h:min:s, min:s and sums h:min`() {
        #expect(Figures.time(11_560).text == "3:12:40")
        #expect(Figures.time(3_138).text == "52:18")
        #expect(Figures.time(59.6).text == "1:00")
        #expect(Figures.time(0).text == "0:00")
        #expect(plain(Figures.sum(26_760)) == "7:26 h")
        #expect(plain(Figures.sum(59)) == "0:00 h")
        #expect(plain(Figures.sum(3_599_999)) == "999:59 h")
        #expect(plain(Figures.sum(4_482_000)) == "1,245 h")
    }

    @Test func `durations of curves are named in their largest unit`() {
        let texts = [5, 60, 90, 1_200, 3_600, 5_400].map { Figures.duration($0).replacing(Figures.space, with: " ") }
        #expect(texts == ["5 s", "1 min", "1:30 min", "20 min", "1 h", "1:30 h"])
    }

    @Test func `speed is a pace for runs, walks and swims`() {
        // 1,000 m in 278 s
        #expect(plain(metric.speed(1_000 / 278.0, of: .run)) == "4:38 /km")
        // 278 · 1.609344 = 447.4 s
        #expect(plain(miles.speed(1_000 / 278.0, of: .run)) == "7:27 /mi")
        #expect(plain(metric.speed(100 / 118.0, of: .swim)) == "1:58 /100 m")
        // 118 · 0.9144 = 107.9 s
        #expect(plain(miles.speed(100 / 118.0, of: .swim)) == "1:48 /100 yd")
        #expect(plain(metric.speed(26.2 / 3.6, of: .ride)) == "26.2 km/h")
        // 26.2 / 1.609344 = 16.28
        #expect(plain(miles.speed(26.2 / 3.6, of: .other)) == "16.3 mph")
        #expect(metric.speed(0, of: .run) == .unknown && metric.speed(nil, of: .ride) == .unknown)
    }

    @Test func `measures are whole numbers but W/kg`() {
        #expect(plain(Figures.power(203.6)) == "204 W")
        #expect(plain(Figures.relativePower(272, kilograms: 71.5)) == "3.8 W/kg")
        #expect(plain(Figures.heartrate(151.5)) == "152 bpm")
        #expect(plain(Figures.cadence(82, of: .ride)) == "82 rpm" && plain(Figures.cadence(84, of: .run)) == "168 spm")
        #expect(Figures.load(224.4).text == "224" && Figures.form(-25) == "\u{2212}25" && Figures.form(4) == "+4" && Figures.form(0) == "0")
        #expect(plain(metric.climb(1_240.2)) == "1,240 m")
        // 1,240 / 0.3048 = 4,068.2
        #expect(plain(miles.climb(1_240)) == "4,068 ft")
        #expect(plain(metric.temperature(14.4)) == "14 °C" && plain(miles.temperature(14)) == "57 °F")
        #expect(plain(metric.temperature(-3)) == "\u{2212}3 °C")
    }

    @Test func `a share is rounded down, so that 100 % means all`() {
        #expect(plain(Figures.share(866, of: 1_000)) == "86.6 %")
        #expect(plain(Figures.share(99_999, of: 100_000)) == "99.9 %")
        #expect(plain(Figures.share(5, of: 5)) == "100 %")
        #expect(plain(Figures.share(1, of: 500)) == "0.2 %")
        #expect(Figures.share(1, of: 0) == .unknown)
    }

    @Test func `what is not known or no number is a dash`() {
        for value in [nil, Double.nan, .infinity, -.infinity, 1e300] as [Double?] {
            #expect(metric.distance(value) == .unknown && metric.climb(value) == .unknown && metric.temperature(value) == .unknown)
            #expect(Figures.power(value) == .unknown && Figures.load(value) == .unknown && Figures.time(value) == .unknown)
            #expect(Figures.sum(value) == .unknown)
        }
        #expect(Figures.time(-1) == .unknown && Quantity.unknown.text == "–")
    }

    @Test func `miles follow Strava's measurement preference alone`() {
        #expect(Figures(measurementSystem: "feet").system == .miles)
        for other in [nil, "meters", "", "Feet"] { #expect(Figures(measurementSystem: other).system == .metric) }
    }
}

/// Days and words.
@Suite struct LocalDayTests {
    @Test func `days are written with the year only when it is another`() {
        let today = LocalDay(year: 2026, month: 11, day: 28)
        #expect(today.text(today: today) == "Sat 28 Nov" && today.longText == "Sat 28 Nov 2026" && today.iso == "2026-11-28")
        #expect(LocalDay(year: 2025, month: 7, day: 18).text(today: today) == "18 Jul 2025")
        #expect(today.weekStart.iso == "2026-11-23" && today.yearStart.iso == "2026-01-01")
        // 20,785 days after 1970-01-01: 56 years of 365 days, 14 leap days, and 331 days of 2026.
        #expect(today.number == 56 * 365 + 14 + 331)
    }

    @Test func `each day is the one after the day before, leap years and centuries included`() {
        var day = LocalDay(year: 1899, month: 12, day: 30)
        #expect(day.adding(59).iso == "1900-02-27" && day.adding(61).iso == "1900-03-01")
        for _ in 0..<80_000 {
            let next = day.adding(1)
            let isSameMonth = next.month == day.month && next.dayOfMonth == day.dayOfMonth + 1
            #expect(isSameMonth || next.dayOfMonth == 1)
            #expect(LocalDay(year: next.year, month: next.month, day: next.dayOfMonth) == next)
            day = next
        }
        #expect(LocalDay(year: 2024, month: 2, day: 29).adding(1).iso == "2024-03-01")
    }

    @Test func `a wall-clock time before 1970 belongs to its day`() {
        let instant = Date(timeIntervalSince1970: -60)
        #expect(LocalDay(instant).iso == "1969-12-31" && WallTime.text(instant) == "23:59")
        #expect(WallTime.text(Date(timeIntervalSince1970: 9 * 3_600 + 4 * 60 + 59)) == "09:04")
    }
}

/// Text that somebody else wrote.
@Suite struct WordsTests {
    @Test func `a name is one line that can't reorder what is around it`() {
        #expect(Words.cleaned("  Long\n ride\t over \r\n the hills ") == "Long ride over the hills")
        #expect(Words.cleaned("a\u{202E}b\u{2066}c\u{0007}d\u{FEFF}e") == "abc de")
        #expect(Words.cleaned("<script>alert(1)</script>") == "<script>alert(1)</script>")
        #expect(Words.cleaned("👩‍🚴 Ride") == "👩‍🚴 Ride")
    }

    @Test func `what can't be read is nothing`() {
        for text in [nil, "", "   ", "\u{200B}\u{202E}", "\u{0301}\u{0301}", "\u{200D}"] as [String?] {
            #expect(Words.cleaned(text) == nil, "\(text ?? "nil")")
        }
    }

    @Test func `a name is bounded in characters and in accents`() {
        let long = Words.cleaned(String(repeating: "x", count: 100_000))
        #expect(long?.count == Words.lengthMax + 1 && long?.hasSuffix("…") == true)
        let pile = Words.cleaned("a" + String(repeating: "\u{0301}", count: 1_000) + "b")
        #expect((pile?.unicodeScalars.count ?? 99) < 20 && pile?.hasSuffix("b") == true)
    }

    @Test func `kinds of sport are words`() {
        #expect(Words.sport("MountainBikeRide") == "Mountain bike ride" && Words.sport("EBikeRide") == "E-bike ride")
        #expect(Words.sport("Run") == "Run" && Words.sport(nil) == "Activity")
    }
}
