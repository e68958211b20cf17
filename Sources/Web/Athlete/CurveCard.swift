import Database
import Foundation

/// What a curve is of.
enum CurveMetric: String, PageChoice {
    case power, pace, heartrate

    static let name = "curve"
    static let standard = CurveMetric.power

    var title: String {
        switch self {
        case .power: "Power"
        case .pace: "Run pace"
        case .heartrate: "Heart rate"
        }
    }

    var heading: String {
        switch self {
        case .power: "Power curve"
        case .pace: "Pace curve"
        case .heartrate: "Heart rate curve"
        }
    }
}

/// The two periods that a curve compares.
enum CurveSpan: String, PageChoice {
    case season
    case days90 = "90d"
    case days42 = "42d"

    static let name = "span"
    static let standard = CurveSpan.season

    var title: String {
        switch self {
        case .season: "Season"
        case .days90: "90 days"
        case .days42: "6 weeks"
        }
    }

    var words: (now: String, before: String) {
        switch self {
        case .season: ("This season", "Season before")
        case .days90: ("Last 90 days", "90 days before")
        case .days42: ("Last 6 weeks", "6 weeks before")
        }
    }

    /// The first day of the period, and that of the one before.
    fileprivate func begin(_ today: LocalDay) -> (now: LocalDay, before: LocalDay) {
        switch self {
        case .season: (today.yearStart, LocalDay(year: today.year - 1, month: 1, day: 1))
        case .days90: (today.adding(-89), today.adding(-179))
        case .days42: (today.adding(-41), today.adding(-83))
        }
    }
}

/// The best of each duration or distance: this period, the one before, and all time.
struct CurveCard: Sendable {
    /// The best of a rung of the ladder: its value, and when it was.
    private struct Best: Sendable {
        let value: Double
        let day: LocalDay
    }

    private struct Content: Encodable {
        struct Series: Encodable {
            let style: String
            let name: String
            let values: [Decimal?]
            let texts: [String]
        }
        let kind = "curve"
        let tone: String
        let unit: String
        /// Seconds or metres.
        let x: [Decimal?]
        let labels: [String]
        /// Faster is up.
        let isReversed: Bool
        let series: [Series]
    }

    let heading: String
    let metrics: [PageLink]
    let spans: [PageLink]
    let chart: ChartBox?
    let none: EmptyState?
    let source: String
    let table: DataTable?
    let tableHref: String?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> CurveCard {
        let (metric, span) = (page.query.choice(CurveMetric.self), page.query.choice(CurveSpan.self))
        let begin = span.begin(page.facts.today)
        let windows = [(begin.now.iso, "infinity"), (begin.before.iso, begin.now.iso), ("-infinity", "infinity")]
        let questions: [SQL] = windows.map { from, to in
            """
            SELECT rung, value, start_date_local FROM silver.best_efforts_between(
                \(page.facts.athlete), \(AthleteFacts.source)::smallint, \(metric.rawValue), \(from)::text::timestamp,
                \(to)::text::timestamp, \(sport(metric)))
            """
        }
        let ladders: SQL = "SELECT silver.effort_durations_s()::float8[], silver.effort_distances_m()"
        let answers = try await connection.pipeline(questions + [ladders])
        let bests = try answers.dropLast().map { rows in
            var best: [Int: Best] = [:]
            for (rung, value, day) in try rows.map({ try $0.decode(Int.self, Double.self, Date.self) }) {
                if let known = best[rung], metric == .pace ? known.value <= value : known.value >= value { continue }
                best[rung] = Best(value: value, day: LocalDay(day))
            }
            return best
        }
        let ladder = answers[windows.count][0]
        return CurveCard(page, bests, ladder: try ladder.column(metric == .pace ? 1 : 0), begin.now)
    }

    /// Nil: the best of all sports.
    private static func sport(_ metric: CurveMetric) -> String? {
        switch metric {
        case .power: "ride"
        case .pace: "run"
        case .heartrate: nil
        }
    }

    private init(_ page: PageContext, _ bests: [[Int: Best]], ladder: [Double], _ begin: LocalDay) {
        let (metric, span) = (page.query.choice(CurveMetric.self), page.query.choice(CurveSpan.self))
        heading = metric.heading
        metrics = page.links(CurveMetric.self, card: "curves")
        spans = page.links(CurveSpan.self, card: "curves")
        let form = CurveForm(metric: metric, figures: page.figures)
        source = form.what + ". \(span.words.now) from \(begin.longText)."
        let rungs = bests[2].keys.sorted().filter { (1...ladder.count).contains($0) }
        guard rungs.count > 1 else {
            (chart, table, tableHref, none) = (nil, nil, nil, Self.nothing(page, metric))
            return
        }
        none = nil
        let names = [span.words.now, span.words.before, "All time"]
        let series = zip(["now", "before", "all"], zip(names, bests)).map { style, named in
            let values = rungs.map { rung in named.1[rung].map { form.plotted($0.value, ladder[rung - 1]) } }
            return Content.Series(
                style: style, name: named.0, values: values.map { PageJSON.rounded($0) },
                texts: rungs.map { rung in
                    guard let best = named.1[rung] else { return Quantity.unknown.text }
                    return form.text(best.value, ladder[rung - 1]) + (style == "now" ? form.relative(best.value, page.facts.weight_kg) : "")
                })
        }
        chart = ChartBox(
            "curves", label: form.what + ", " + Self.finding(form, rungs, bests, ladder, names),
            Content(
                tone: form.tone, unit: form.unit, x: rungs.map { PageJSON.rounded(ladder[$0 - 1]) },
                labels: rungs.map { form.rung(ladder[$0 - 1]) }, isReversed: metric == .pace, series: series))
        tableHref = page.tableLink(.curves)
        table = page.hasTables ? Self.table(page, form, rungs, bests, ladder, names) : nil
    }

    private static func finding(
        _ form: CurveForm, _ rungs: [Int], _ bests: [[Int: Best]], _ ladder: [Double], _ names: [String]
    ) -> String {
        let common = rungs.filter { bests[0][$0] != nil }
        guard let rung = common.last(where: { ladder[$0 - 1] <= form.typical }) ?? common.first ?? rungs.first else { return "" }
        let parts = zip(names, bests).compactMap { name, best in
            best[rung].map { "\(name) \(form.text($0.value, ladder[rung - 1]))" }
        }
        return form.rung(ladder[rung - 1]) + ": " + parts.joined(separator: ", ") + "."
    }

    private static func table(
        _ page: PageContext, _ form: CurveForm, _ rungs: [Int], _ bests: [[Int: Best]], _ ladder: [Double], _ names: [String]
    ) -> DataTable {
        let lines = rungs.filter { form.isInTable(ladder[$0 - 1]) }.map { rung in
            let texts = bests.map { best in best[rung].map { form.text($0.value, ladder[rung - 1]) } ?? Quantity.unknown.text }
            let day = bests[2][rung]?.day.text(today: page.facts.today) ?? Quantity.unknown.text
            return [form.rung(ladder[rung - 1])] + texts + [day]
        }
        return DataTable(form.metric.heading, heads: [form.ladder] + names + ["All time, when"], lines: lines)
    }

    private static func nothing(_ page: PageContext, _ metric: CurveMetric) -> EmptyState {
        if !page.facts.historyIsComplete || page.facts.backlog > 0 {
            return EmptyState(.clock, "First figures in a few minutes", "The series of your activities are arriving, newest first.")
        }
        func way(_ metric: CurveMetric, _ text: String) -> PageLink {
            PageLink(text: text, href: "\(page.base)?\(CurveMetric.name)=\(metric.rawValue)#curves")
        }
        switch metric {
        case .power:
            return EmptyState(
                .bolt, "No ride with a power meter", "Estimates of Strava's do not count. Run pace and heart rate have curves.",
                way: way(.pace, "Show run pace"))
        case .pace:
            return EmptyState(
                .nothing, "No run with a distance series", "A run that was recorded has one; one that was typed in has none.",
                way: way(.heartrate, "Show heart rate"))
        case .heartrate:
            return EmptyState(.nothing, "No activity with a heart rate", "Wear a sensor, and its figures are here after the next sync.")
        }
    }
}

/// How the values of a curve are written and plotted.
struct CurveForm: Sendable {
    let metric: CurveMetric
    let figures: Figures

    var tone: String {
        switch metric {
        case .power: "power"
        case .pace: "speed"
        case .heartrate: "hr"
        }
    }

    var what: String {
        switch metric {
        case .power: "Best mean power of rides in W by duration, measured power alone"
        case .pace: "Fastest pace of runs in min/\(figures.distanceUnit) by distance, pauses included"
        case .heartrate: "Best mean heart rate in bpm by duration, all sports"
        }
    }

    var unit: String {
        switch metric {
        case .power: "W"
        case .pace: "/" + figures.distanceUnit
        case .heartrate: "bpm"
        }
    }

    var ladder: String { metric == .pace ? "Distance" : "Duration" }
    /// The rung that is shown first: 20 minutes, or 5 km.
    var typical: Double { metric == .pace ? 5_000 : 1_200 }

    /// In the unit of the axis: pace in seconds a kilometre or mile.
    func plotted(_ value: Double, _ rung: Double) -> Double { metric == .pace ? value / rung * figures.metresPerUnit : value }

    func text(_ value: Double, _ rung: Double) -> String {
        switch metric {
        case .power: Figures.power(value).text
        case .pace: figures.pace(rung / value).text
        case .heartrate: Figures.heartrate(value).text
        }
    }

    /// Not each of the many durations has a row.
    func isInTable(_ rung: Double) -> Bool { metric == .pace || Self.tableDurations_s.contains(rung) }

    private static let tableDurations_s: Set<Double> = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 18_000]

    /// Power by the kilogram of today's weight, to stand behind the watts.
    func relative(_ value: Double, _ kilograms: Double?) -> String {
        guard metric == .power, kilograms != nil else { return "" }
        return " · " + Figures.relativePower(value, kilograms: kilograms).text
    }

    func rung(_ rung: Double) -> String { metric == .pace ? EffortNames.distance(rung) : Figures.duration(rung) }
}

/// Distances that have names.
enum EffortNames {
    static func distance(_ metres: Double) -> String {
        let space = Figures.space
        switch metres {
        case 804.672: return "½\(space)mile"
        case 1_609.344: return "1\(space)mile"
        case 3_218.688: return "2\(space)miles"
        case 16_093.44: return "10\(space)miles"
        case 21_097.5: return "Half marathon"
        case 42_195: return "Marathon"
        case ..<1_000: return "\(Figures.count(Int(metres)))\(space)m"
        default: return "\(Figures.count(Int(metres / 1_000)))\(space)km"
        }
    }
}
