/// Days as squares, a column a week, darker with the load.
struct CalendarDrawing: Sendable {
    struct Day: Sendable {
        let day: LocalDay
        let load: Double
        /// What stands in the tip: 3:12 h · 1 activity.
        let words: String
        let activityCount: Int
    }

    private static let step = 13
    private static let left = 30
    private static let top = 18

    /// In rising order, without a gap.
    let days: [Day]
    /// Upper ends of the first three shades: quartiles of the days with load.
    let limits: [Double]

    init(_ days: [Day]) {
        self.days = days
        let loads = days.map(\.load).filter { $0 > 0 }.sorted()
        limits = loads.isEmpty ? [] : [1, 2, 3].map { loads[min(loads.count - 1, loads.count * $0 / 4)] }
    }

    /// 0 to 4.
    func shade(_ day: Day) -> Int {
        if day.load <= 0 { return day.activityCount > 0 ? 1 : 0 }
        return 1 + limits.count { day.load > $0 }
    }

    func svg(label: String) -> String {
        guard let first = days.first, let last = days.last else { return "" }
        let origin = first.day.weekStart
        func column(_ day: LocalDay) -> Int { Self.left + (day.weekStart.number - origin.number) / 7 * Self.step }
        var (marks, month) = ("", 0)
        for (place, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri")] {
            marks += "<text x=\"0\" y=\"\(Self.top + place * Self.step + 9)\">\(name)</text>"
        }
        for day in days where day.day.dayOfMonth <= 7 && day.day.month != month {
            month = day.day.month
            marks += "<text x=\"\(column(day.day))\" y=\"11\">\(day.day.monthName)</text>"
        }
        for day in days {
            let mark = day.day == last.day ? " d-now" : ""
            let words = day.activityCount > 0 ? " data-t=\"\(day.words)\"" : ""
            marks +=
                "<rect x=\"\(column(day.day))\" y=\"\(Self.top + day.day.weekday * Self.step)\" width=\"11\" height=\"11\" rx=\"2.5\" "
                + "class=\"d\(shade(day))\(mark)\" data-d=\"\(day.day.number)\"\(words)/>"
        }
        let width = column(last.day) + Self.step
        return "<svg width=\"\(width)\" height=\"\(Self.top + 7 * Self.step)\" role=\"img\" aria-label=\"\(label)\">\(marks)</svg>"
    }
}
