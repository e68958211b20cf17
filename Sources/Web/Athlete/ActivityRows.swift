import Database
import Foundation

/// An activity as lists show it.
struct ActivityRow: Sendable {
    let href: String
    let name: String
    let sport: String
    /// Names the colour.
    let tone: String
    let day: String
    let distance: String
    let time: String
    /// Power where it was measured, else pace or speed.
    let effort: String
    let heartrate: String
    let climb: String
    let load: String

    /// `a` is silver.activity, `m` silver.activity_metric.
    static let columns = """
        a.activity_id, a.source_id, a.start_at, a.start_date_local, a.name, a.sport_type, a.sport_family, a.distance_m, a.moving_time_s::float8,
            a.average_speed_mps, a.average_heartrate_bpm, a.elevation_gain_m, a.average_power_w, a.has_power_meter, m.load
        """

    init(_ row: Row, _ page: PageContext) throws {
        let figures = page.figures
        let kind = SportKind(family: try row.column(6))
        let distance_m: Double? = try row.column(7)
        let hasPowerMeter: Bool? = try row.column(13)
        let average_w: Double? = try row.column(12)
        let power_w = hasPowerMeter == true ? average_w : nil
        href = page.activityLink(try row.column(0))
        name = Words.cleaned(try row.column(4)) ?? "Untitled"
        sport = Words.sport(try row.column(5))
        tone = kind.rawValue
        day = try row.column(3, as: Date?.self).map { LocalDay($0).text(today: page.facts.today) } ?? "no date"
        distance = (distance_m ?? 0) > 0 ? figures.distance(distance_m, isSwim: kind == .swim).text : Quantity.unknown.text
        time = Figures.time(try row.column(8)).text
        let speed = figures.speed(try row.column(9), of: kind)
        effort = power_w.map { Figures.power($0).text } ?? speed.text
        heartrate = Figures.heartrate(try row.column(10)).text
        let climbed = figures.climb(try row.column(11))
        climb = kind == .swim ? Quantity.unknown.text : climbed.text
        let known: Double? = try row.column(14)
        load = Figures.load(known.flatMap { $0 > 0 ? $0 : nil }).text
    }
}

/// The newest activities, beside the fitness chart.
struct LatestCard: Sendable {
    private static let countMax = 7

    let latest: [ActivityRow]
    let allHref: String
    let none: EmptyState?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> LatestCard {
        let rows = try await connection.query(
            """
            SELECT \(raw: ActivityRow.columns)
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(page.facts.athlete) AND a.start_at < now() + interval '2 days'
            ORDER BY a.start_at DESC LIMIT \(countMax)
            """)
        let isLoading = !page.facts.historyIsComplete
        return LatestCard(
            latest: try rows.map { try ActivityRow($0, page) }, allHref: page.base + "/activities",
            none: rows.isEmpty
                ? EmptyState(
                    isLoading ? .clock : .nothing, isLoading ? "First activities in about a minute" : "No activity at Strava",
                    isLoading
                        ? "The list of your activities is being read at Strava, newest first."
                        : "Record or upload one at Strava, and it is here within minutes.") : nil)
    }
}
