import Database
import Foundation

/// How far back the fitness chart goes.
enum FitnessSpan: String, PageChoice {
    case weeks6 = "6w"
    case months6 = "6m"
    case year = "1y"
    case all

    static let name = "fitness"
    static let standard = FitnessSpan.months6

    var title: String {
        switch self {
        case .weeks6: "6 weeks"
        case .months6: "6 months"
        case .year: "1 year"
        case .all: "All"
        }
    }

    /// Nil: all there are.
    fileprivate var days: Int? {
        switch self {
        case .weeks6: 42
        case .months6: 183
        case .year: 365
        case .all: nil
        }
    }
}

/// Fitness, fatigue and form, day by day.
struct FitnessCard: Sendable {
    /// Points of a plot.
    private static let pointsMax = 300
    /// Days that are shown as they would be with rest.
    private static let restDays = 14

    private struct Content: Encodable {
        let kind = "fitness"
        /// The first day, in days since 1970.
        let start: Int
        /// Days from one point to the next.
        let step: Int
        /// Place of today.
        let now: Int
        let load: [Decimal?]
        let ctl: [Decimal?]
        let atl: [Decimal?]
    }

    private struct Day: Sendable {
        let day: LocalDay
        let load: Double
        let fitness: Double
        let fatigue: Double

        var form: Int { (Figures.whole(fitness) ?? 0) - (Figures.whole(fatigue) ?? 0) }
    }

    let periods: [PageLink]
    let chart: ChartBox?
    let none: EmptyState?
    let source: String
    let table: DataTable?
    let tableHref: String?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> FitnessCard {
        let facts = page.facts
        let span = page.query.choice(FitnessSpan.self)
        let first = span.days.map { facts.today.adding(-$0) }
        let rows = try await connection.query(
            """
            SELECT day, load, fitness_ctl, fatigue_atl FROM silver.athlete_day
            WHERE athlete_id = \(facts.athlete) AND source_id = \(AthleteFacts.source) AND day <= \(facts.today.iso)::text::date
              AND day >= coalesce(\(first?.iso)::text::date, '-infinity')
            ORDER BY day
            """)
        let days = try rows.map { row in
            let (day, load, fitness, fatigue) = try row.decode(Date.self, Double.self, Double.self, Double.self)
            return Day(day: LocalDay(day), load: load, fitness: fitness, fatigue: fatigue)
        }
        let methods = try await connection.query(
            """
            SELECT coalesce(load_method, 'none'), sum(load) FROM silver.training_day
            WHERE athlete_id = \(facts.athlete) AND source_id = \(AthleteFacts.source) AND load > 0
              AND day >= coalesce(\(first?.iso)::text::date, '-infinity')
            GROUP BY 1
            """
        ).map { try $0.decode(String.self, Double.self) }
        return FitnessCard(page, days, methods)
    }

    private init(_ page: PageContext, _ days: [Day], _ methods: [(String, Double)]) {
        periods = page.links(FitnessSpan.self, card: "fitness")
        source = "Load a day; fitness is its 42-day mean, fatigue its 7-day mean, form fitness minus fatigue. " + Self.sources(methods)
        guard let last = days.last, days.contains(where: { $0.load > 0 || $0.fitness >= 0.5 }) else {
            (chart, table, tableHref) = (nil, nil, nil)
            none = Self.nothing(page.facts)
            return
        }
        none = nil
        let step = max(1, (days.count + Self.pointsMax - 1) / Self.pointsMax)
        let kept = stride(from: (days.count - 1) % step, to: days.count, by: step).map { days[$0] }
        chart = ChartBox("fitness", label: Self.finding(kept, last), Self.content(kept, last, step))
        table = page.hasTables ? Self.table(days, page.facts) : nil
        tableHref = page.tableLink(.fitness)
    }

    private static func content(_ kept: [Day], _ last: Day, _ step: Int) -> Content {
        let rest = (1...max(1, restDays / step)).map { Double($0 * step) }
        return Content(
            start: kept[0].day.number, step: step, now: kept.count - 1, load: kept.map { PageJSON.rounded($0.load, 0) },
            ctl: kept.map { PageJSON.rounded($0.fitness) } + rest.map { PageJSON.rounded(last.fitness * exp(-$0 / 42)) },
            atl: kept.map { PageJSON.rounded($0.fatigue) } + rest.map { PageJSON.rounded(last.fatigue * exp(-$0 / 7)) })
    }

    private static func finding(_ days: [Day], _ last: Day) -> String {
        let (before, now) = (Figures.whole(days[0].fitness) ?? 0, Figures.whole(last.fitness) ?? 0)
        let course = now > before ? "rose from \(before) to \(now)" : now < before ? "fell from \(before) to \(now)" : "is \(now) as before"
        return "Fitness \(course) since \(days[0].day.longText); fatigue is \(Figures.load(last.fatigue).value) and form "
            + "\(Figures.form(last.form)) today."
    }

    /// The newest day first, evenly spaced.
    private static func table(_ days: [Day], _ facts: AthleteFacts) -> DataTable {
        let step = max(1, (days.count + DataTable.linesMax - 1) / DataTable.linesMax)
        let lines = stride(from: days.count - 1, through: 0, by: -step).map { place in
            let day = days[place]
            return [
                day.day.text(today: facts.today), Figures.load(day.load).value, Figures.load(day.fitness).value,
                Figures.load(day.fatigue).value, Figures.form(day.form),
            ]
        }
        let caption = "Fitness, fatigue and form" + (step > 1 ? ", every \(step) days" : "")
        return DataTable(caption, heads: ["Day", "Load", "Fitness", "Fatigue", "Form"], lines: lines)
    }

    private static func sources(_ methods: [(String, Double)]) -> String {
        let all = methods.reduce(0) { $0 + $1.1 }
        guard all > 0 else { return "" }
        func share(_ names: Set<String>) -> Double { methods.filter { names.contains($0.0) }.reduce(0) { $0 + $1.1 } }
        let parts = [
            ("power", share(["power"])), ("heart rate", share(["heartrate"])), ("pace", share(["pace"])),
            ("averages", share(["power_average", "heartrate_average", "pace_average"])),
        ]
        return "Source: " + parts.filter { $0.1 > 0 }.map { "\($0.0) \(Figures.share($0.1, of: all).text)" }.joined(separator: ", ")
    }

    private static func nothing(_ facts: AthleteFacts) -> EmptyState {
        if !facts.historyIsComplete || facts.backlog > 0 {
            return EmptyState(
                .clock, "First figures in a few minutes",
                "Your activities are arriving, newest first. Fitness shows once the first of them have a training load.")
        }
        return EmptyState(
            .nothing, "No training load in this time",
            "Load comes from power, heart rate or pace. No activity of this time has one of them.")
    }
}
