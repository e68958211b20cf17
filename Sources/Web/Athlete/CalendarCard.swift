import Database
import Foundation

/// A year of days, and the hours of its months.
struct CalendarCard: Sendable {
    struct Shade: Sendable {
        let tone: String
        let text: String
    }

    let period: String
    let svg: String
    let shades: [Shade]
    let monthBars: String
    let months: [String]
    let monthMost: String
    let monthHalf: String
    let foot: [String]
    let none: EmptyState?
    let table: DataTable?

    private struct Month: Sendable {
        let name: String
        var seconds = 0.0
        var activities = 0
    }

    static func read(_ page: PageContext, _ connection: Connection) async throws -> CalendarCard {
        let (today, first) = (page.facts.today, page.facts.today.adding(-364))
        let rows = try await connection.query(
            """
            SELECT day, activity_count, moving_time_s::float8, load FROM silver.training_day
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source) AND activity_count > 0
              AND day BETWEEN \(first.iso)::text::date AND \(today.iso)::text::date
            """)
        var trained: [LocalDay: (count: Int, seconds: Double, load: Double)] = [:]
        for row in rows {
            let (day, count, seconds, load) = try row.decode(Date.self, Int.self, Double.self, Double.self)
            trained[LocalDay(day)] = (count, seconds, load)
        }
        let streaks = try await connection.query(
            """
            SELECT max(period_count), coalesce(max(period_count) FILTER (WHERE ended_on >= \(today.adding(-1).iso)::text::date), 0)
            FROM silver.streak
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source) AND sport_family = 'all' AND unit = 'day'
            """)
        let streak = try streaks.first?.decode(Int?.self, Int.self)
        let days = (first.number...today.number).map { number in
            let day = LocalDay(number: number)
            let sums = trained[day] ?? (0, 0, 0)
            return CalendarDrawing.Day(day: day, load: sums.load, words: Self.words(sums), activityCount: sums.count)
        }
        return CalendarCard(page, days, trained.mapValues { ($0.seconds, $0.count) }, longest: streak?.0 ?? 0, now: streak?.1 ?? 0)
    }

    private static func words(_ sums: (count: Int, seconds: Double, load: Double)) -> String {
        "Load \(Figures.load(sums.load).value) · \(Figures.sum(sums.seconds).text) · \(Figures.count(sums.count, "activity", "activities"))"
    }

    private init(_ page: PageContext, _ days: [CalendarDrawing.Day], _ trained: [LocalDay: (Double, Int)], longest: Int, now: Int) {
        period = "\(days.first?.day.longText ?? "") to \(days.last?.day.longText ?? "")"
        let drawing = CalendarDrawing(days)
        let active = trained.count
        let isLoading = !page.facts.historyIsComplete
        none =
            active == 0
            ? EmptyState(
                isLoading ? .clock : .nothing, isLoading ? "First days in a few minutes" : "No active day in this year",
                isLoading ? "Your activities are arriving, newest first." : "Your newest activity is more than a year old.") : nil
        let words = "\(active) active \(active == 1 ? "day" : "days"), longest streak of all time \(longest), now \(now)."
        svg = active == 0 ? "" : drawing.svg(label: "Training load of each day for a year. \(words)")
        shades = Self.shades(drawing.limits)
        foot = ["\(active) active days", "longest streak \(longest) days, all time", "now \(now) days"]
        let months = Self.months(days, trained)
        let most = Drawings.roundLimit((months.map(\.seconds).max() ?? 0) / 3_600)
        monthBars =
            active == 0
            ? "" : Drawings.bars(months.map { $0.seconds / 3_600 }, max: most, label: "Hours by month: " + Self.extremes(months))
        self.months = months.map(\.name)
        monthMost = "\(Figures.load(most).value)\(Figures.space)h"
        monthHalf = Figures.load(most / 2).value
        table =
            active == 0
            ? nil
            : DataTable(
                "Hours by month", heads: ["Month", "Time", "Activities"],
                lines: months.reversed().map { [$0.name, Figures.sum($0.seconds).text, Figures.count($0.activities)] })
    }

    /// The twelve months up to today's.
    private static func months(_ days: [CalendarDrawing.Day], _ trained: [LocalDay: (Double, Int)]) -> [Month] {
        var months: [Month] = []
        var last = -1
        for day in days {
            if day.day.month != last {
                months.append(Month(name: day.day.monthName))
                last = day.day.month
            }
            guard let (seconds, count) = trained[day.day] else { continue }
            months[months.count - 1].seconds += seconds
            months[months.count - 1].activities += count
        }
        return months.suffix(12)
    }

    private static func extremes(_ months: [Month]) -> String {
        guard let most = months.max(by: { $0.seconds < $1.seconds }), let least = months.min(by: { $0.seconds < $1.seconds }) else {
            return ""
        }
        return "most in \(most.name), \(Figures.sum(most.seconds).text), fewest in \(least.name), \(Figures.sum(least.seconds).text)."
    }

    private static func shades(_ limits: [Double]) -> [Shade] {
        let ends = limits.compactMap { Figures.whole($0) }
        guard ends.count == 3 else { return [] }
        return [Shade(tone: "d0", text: "none")]
            + zip(["d1", "d2", "d3"], ends).map { Shade(tone: $0, text: "to \(Figures.count($1))") }
            + [Shade(tone: "d4", text: "over \(Figures.count(ends[2]))")]
    }
}
