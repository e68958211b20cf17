import Database
import Foundation

/// What a week is measured by.
enum VolumeMeasure: String, PageChoice {
    case hours, distance, climb, load

    static let name = "volume"
    static let standard = VolumeMeasure.hours

    var title: String {
        switch self {
        case .hours: "Hours"
        case .distance: "Distance"
        case .climb: "Climb"
        case .load: "Load"
        }
    }

    fileprivate var expression: String {
        switch self {
        case .hours: "a.moving_time_s"
        case .distance: "a.distance_m"
        case .climb: "a.elevation_gain_m"
        case .load: "m.load"
        }
    }
}

/// How many weeks are shown.
enum VolumeSpan: String, PageChoice {
    case weeks12 = "12"
    case weeks26 = "26"
    case weeks52 = "52"

    static let name = "weeks"
    static let standard = VolumeSpan.weeks12

    var title: String { rawValue + " weeks" }
    fileprivate var weeks: Int {
        switch self {
        case .weeks12: 12
        case .weeks26: 26
        case .weeks52: 52
        }
    }
}

/// The volume of each week, by sport.
struct VolumeCard: Sendable {
    private struct Content: Encodable {
        struct Series: Encodable {
            let tone: String
            let name: String
            let values: [Decimal?]
            let texts: [String]
        }
        let kind = "volume"
        let unit: String
        /// The Monday of each week, in days since 1970.
        let weeks: [Int]
        let series: [Series]
        let sums: [String]
        let mean: Decimal?
        let meanText: String
    }

    private static let week_days = 7

    let measures: [PageLink]
    let spans: [PageLink]
    let chart: ChartBox?
    let none: EmptyState?
    let source: String
    let table: DataTable?
    let tableHref: String?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> VolumeCard {
        let (measure, span) = (page.query.choice(VolumeMeasure.self), page.query.choice(VolumeSpan.self))
        let first = page.facts.today.weekStart.adding(-week_days * (span.weeks - 1))
        let rows = try await connection.query(
            """
            SELECT date_trunc('week', a.start_date_local)::date, a.sport_family, coalesce(sum(\(raw: measure.expression)), 0)::float8
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(page.facts.athlete) AND a.source_id = \(AthleteFacts.source)
              AND a.start_at >= \(first.iso)::text::date - 2 AND a.start_date_local >= \(first.iso)::text::date
              AND a.start_date_local < \(page.facts.today.adding(1).iso)::text::date
            GROUP BY 1, 2
            """
        ).map { try $0.decode(Date.self, String.self, Double.self) }
        var sums: [SportKind: [Double]] = [:]
        for (week, family, value) in rows {
            let place = (LocalDay(week).number - first.number) / week_days
            guard (0..<span.weeks).contains(place) else { continue }
            sums[SportKind(family: family), default: Array(repeating: 0, count: span.weeks)][place] += value
        }
        return VolumeCard(page, measure, first, span.weeks, sums)
    }

    private init(_ page: PageContext, _ measure: VolumeMeasure, _ first: LocalDay, _ count: Int, _ sums: [SportKind: [Double]]) {
        measures = page.links(VolumeMeasure.self, card: "volume")
        spans = page.links(VolumeSpan.self, card: "volume")
        let form = VolumeForm(measure: measure, figures: page.figures)
        source = "\(form.what), weeks from Monday, last \(count) weeks. Source: activities"
        let kinds = SportKind.allCases.filter { sums[$0]?.contains { $0 > 0 } ?? false }
        guard !kinds.isEmpty else {
            (chart, table, tableHref, none) = (nil, nil, nil, Self.nothing(page, count))
            return
        }
        none = nil
        let weeks = (0..<count).map { first.adding($0 * Self.week_days) }
        let totals = (0..<count).map { week in kinds.reduce(0) { $0 + (sums[$1]?[week] ?? 0) } }
        let mean = totals.reduce(0, +) / Double(count)
        chart = ChartBox(
            "volume", label: Self.finding(form, totals),
            Content(
                unit: form.unit, weeks: weeks.map(\.number),
                series: kinds.map { kind in
                    let values = sums[kind] ?? []
                    return Content.Series(
                        tone: kind.rawValue, name: kind.word, values: values.map { PageJSON.rounded(form.plotted($0), 2) },
                        texts: values.map(form.text))
                }, sums: totals.map(form.text), mean: PageJSON.rounded(form.plotted(mean), 2), meanText: form.text(mean)))
        tableHref = page.tableLink(.volume)
        table = page.hasTables ? Self.table(form, weeks, kinds, sums, totals) : nil
    }

    private static func table(
        _ form: VolumeForm, _ weeks: [LocalDay], _ kinds: [SportKind], _ sums: [SportKind: [Double]], _ totals: [Double]
    ) -> DataTable {
        let lines = weeks.indices.reversed().map { week in
            [weeks[week].shortText] + kinds.map { form.text(sums[$0]?[week] ?? 0) } + [form.text(totals[week])]
        }
        return DataTable("Weekly volume", heads: ["Week of"] + kinds.map(\.word) + ["All"], lines: lines)
    }

    private static func finding(_ form: VolumeForm, _ totals: [Double]) -> String {
        let (least, most) = (totals.min() ?? 0, totals.max() ?? 0)
        return "\(form.what) a week by sport, \(totals.count) weeks: from \(form.text(least)) to \(form.text(most)), "
            + "this week \(form.text(totals.last ?? 0))."
    }

    private static func nothing(_ page: PageContext, _ count: Int) -> EmptyState {
        page.facts.historyIsComplete
            ? EmptyState(.chart, "Nothing in these \(count) weeks", "Your newest activity is older, or has no such figure.")
            : EmptyState(.clock, "First figures in a few minutes", "Your activities are arriving, newest first.")
    }
}

/// How a sum of a week is written and plotted.
struct VolumeForm: Sendable {
    let measure: VolumeMeasure
    let figures: Figures

    var what: String {
        switch measure {
        case .hours: "Moving time in hours"
        case .distance: figures.system == .metric ? "Distance in kilometres" : "Distance in miles"
        case .climb: figures.system == .metric ? "Climb in metres" : "Climb in feet"
        case .load: "Training load"
        }
    }

    var unit: String {
        switch measure {
        case .hours: "h"
        case .distance: figures.distanceUnit
        case .climb: figures.heightUnit
        case .load: ""
        }
    }

    /// In the unit of the axis.
    func plotted(_ value: Double) -> Double {
        switch measure {
        case .hours: value / 3_600
        case .distance: value / figures.metresPerUnit
        case .climb: figures.system == .metric ? value : value / Figures.metresPerFoot
        case .load: value
        }
    }

    func text(_ value: Double) -> String {
        switch measure {
        case .hours: Figures.sum(value).text
        case .distance: figures.distance(value).text
        case .climb: figures.climb(value).text
        case .load: Figures.load(value).text
        }
    }
}
