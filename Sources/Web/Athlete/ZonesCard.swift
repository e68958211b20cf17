import Database
import Foundation

/// The zones that time is counted in.
enum ZoneMetric: String, PageChoice {
    case heartrate, power, pace

    static let name = "zones"
    static let standard = ZoneMetric.heartrate

    var title: String {
        switch self {
        case .heartrate: "Heart rate"
        case .power: "Power"
        case .pace: "Run pace"
        }
    }
}

/// A zone with the time in it, as a bar.
struct ZoneBar: Sendable {
    let label: String
    let bounds: String
    let time: String
    let share: String
    let svg: String

    /// The bars of one metric's zones.
    ///
    /// - Parameter zones: in rising order; bounds in beats per minute, watts or metres per second, nil: without one.
    static func all(_ zones: [ZoneTime], metric: ZoneMetric, figures: Figures) -> [ZoneBar] {
        let (all, most) = (zones.reduce(0) { $0 + $1.seconds }, zones.map(\.seconds).max() ?? 0)
        return zones.map { zone in
            let time = Figures.sum(zone.seconds).text
            let share = most > 0 ? zone.seconds / most : 0
            let tone = "z\(min(max(zone.zone, 1), 7))"
            return ZoneBar(
                label: "Z\(zone.zone)", bounds: bounds(zone, metric, figures), time: time,
                share: Figures.share(zone.seconds, of: all).text,
                svg: "<svg role=\"img\" aria-label=\"Zone \(zone.zone): \(time)\"><rect width=\"\(Drawings.percent(share * 0.96))\" "
                    + "height=\"100%\" class=\"f-\(tone)\"/></svg>")
        }
    }

    private static func bounds(_ zone: ZoneTime, _ metric: ZoneMetric, _ figures: Figures) -> String {
        func figure(_ value: Double) -> Quantity {
            switch metric {
            case .heartrate: Figures.heartrate(value)
            case .power: Figures.power(value)
            case .pace: figures.pace(value)
            }
        }
        func text(_ value: Double) -> String { figure(value).text }
        let isFirst = (zone.from ?? 0) <= 0
        switch (isFirst ? nil : zone.from, zone.to) {
        case (nil, nil): return ""
        case (nil, let to?): return metric == .pace ? "slower than \(text(to))" : "under \(text(to))"
        case (let from?, nil): return metric == .pace ? "\(text(from)) and faster" : "\(text(from)) and more"
        case (let from?, let to?): return "\(figure(from).value) to \(figure(metric == .pace ? to : to - 1).value)"
        }
    }
}

/// The time in a zone.
struct ZoneTime: Sendable {
    let zone: Int
    let from: Double?
    let to: Double?
    let seconds: Double
}

/// The time in each zone of the last six weeks.
struct ZonesCard: Sendable {
    private static let days = 42

    let metrics: [PageLink]
    let bars: [ZoneBar]
    /// Easy, middle and hard as parts of one bar.
    let mix: String?
    let mixWords: [String]
    let none: EmptyState?
    let source: String
    let table: DataTable?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> ZonesCard {
        let metric = page.query.choice(ZoneMetric.self)
        let first = page.facts.today.adding(-days + 1)
        let unit = metric == .heartrate ? "bpm" : metric == .power ? "w" : "mps"
        // The bounds are those of the newest activity of the time.
        let rows = try await connection.query(
            """
            SELECT zone, (array_agg(from_\(raw: unit) ORDER BY start_date_local DESC))[1]::float8,
                (array_agg(to_\(raw: unit) ORDER BY start_date_local DESC))[1]::float8, sum(seconds)::float8, bool_or(is_default)
            FROM silver.activity_zone_time
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source) AND metric = \(metric.rawValue)
              AND start_date_local >= \(first.iso)::text::date AND start_date_local < \(page.facts.today.adding(1).iso)::text::date
              AND (\(metric.rawValue) <> 'pace' OR sport_family = 'run')
            GROUP BY zone ORDER BY zone LIMIT 20
            """)
        let zones = try rows.map { row in
            let (zone, from, to, seconds) = try row.decode(Int.self, Double?.self, Double?.self, Double.self)
            return ZoneTime(zone: zone, from: from, to: to, seconds: seconds)
        }
        let isDefault = try rows.contains { try $0.column(4) }
        return ZonesCard(page, metric, zones, isDefault: isDefault)
    }

    private init(_ page: PageContext, _ metric: ZoneMetric, _ zones: [ZoneTime], isDefault: Bool) {
        metrics = page.links(ZoneMetric.self, card: "zones")
        let all = zones.reduce(0) { $0 + $1.seconds }
        let origin = isDefault ? "Zones from your threshold or maximum, since Strava has none of yours." : "Your zones at Strava."
        source = "Time recorded in each zone, last 6 weeks, \(Figures.sum(all).text) in all. " + origin
        guard all > 0 else {
            (bars, mix, mixWords, table) = ([], nil, [], nil)
            none = Self.nothing(page, metric)
            return
        }
        none = nil
        bars = ZoneBar.all(zones, metric: metric, figures: page.figures)
        (mix, mixWords) = Self.mix(zones, all)
        table = DataTable(
            "Time in zones", heads: ["Zone", "Bounds", "Time", "Share"],
            lines: bars.map { [$0.label, $0.bounds, $0.time, $0.share] })
    }

    private static func mix(_ zones: [ZoneTime], _ all: Double) -> (String, [String]) {
        func sum(_ range: ClosedRange<Int>) -> Double { zones.filter { range.contains($0.zone) }.reduce(0) { $0 + $1.seconds } }
        let parts = [("Easy (Z1, Z2)", sum(0...2), "z2"), ("Middle (Z3, Z4)", sum(3...4), "z4"), ("Hard (Z5 up)", sum(5...20), "z6")]
        let words = parts.map { "\($0.0) \(Figures.share($0.1, of: all).text)" }
        return (Drawings.parts(parts.map { ($0.1 / all, $0.2) }, label: words.joined(separator: ", ")), words)
    }

    private static func nothing(_ page: PageContext, _ metric: ZoneMetric) -> EmptyState {
        if page.facts.backlog > 0 || !page.facts.historyIsComplete {
            return EmptyState(.clock, "First figures in a few minutes", "The series of your activities are arriving, newest first.")
        }
        let what = metric == .heartrate ? "heart rate" : metric == .power ? "measured power" : "run with a pace"
        return EmptyState(
            .nothing, "Nothing in these 6 weeks",
            "No activity of the last 6 weeks has \(metric == .pace ? "a " : "")\(what), or no threshold is known for its zones.")
    }
}
