import Core
import Database
import Foundation

/// Which activities the heat map counts.
enum HeatSport: String, PageChoice {
    case all, ride, run

    static let name = "heat"
    static let standard = HeatSport.all

    var title: String { self == .all ? "All" : self == .ride ? "Ride" : "Run" }
}

/// Where the athlete was: the cells come by themselves when the map is looked at.
struct HeatMapCard: Sendable {
    private struct Content: Encodable {
        /// Degrees of latitude and longitude in thousandths, and the weight from 1 to 5, one cell after the other.
        let cells: [Int]
    }

    /// Cells of 0.001 degree that are sent: those in which most time was spent.
    private static let cellsMax = 6_000
    /// Activities that are drawn: more would take longer than a page may.
    private static let activitiesMax = 500

    let sports: [PageLink]
    /// Where the cells are.
    let heatHref: String
    let source: String
    let none: EmptyState?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> HeatMapCard {
        let sport = page.query.choice(HeatSport.self)
        let sports = page.links(HeatSport.self, card: "map")
        guard page.visitor.showsPlaces else {
            return HeatMapCard(
                sports: sports, heatHref: "", source: "",
                none: EmptyState(
                    .pin, "Places are not shown",
                    "This link or token was made without the right to see positions. Ask the operator for one with the scope position."))
        }
        let rows = try await connection.query(
            """
            SELECT count(*) FILTER (WHERE cardinality(r.cell) > 0), count(*)
            FROM silver.activity a LEFT JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(page.facts.athlete) AND a.source_id = \(AthleteFacts.source)
              AND (\(sport.rawValue) = 'all' OR a.sport_family = \(sport.rawValue))
            """)
        let (placed, all) = try rows[0].decode(Int.self, Int.self)
        let without = all - placed
        return HeatMapCard(
            sports: sports, heatHref: "\(page.base)/data/heat" + (sport == .all ? "" : "?heat=\(sport.rawValue)"),
            source: Figures.count(placed, "activity", "activities") + " with a position"
                + (placed > activitiesMax ? "; the newest \(activitiesMax) are drawn." : ", all time.")
                + (without > 0 ? " \(Figures.count(without)) have none (indoors, pool, typed in)." : ""),
            none: placed == 0
                ? EmptyState(
                    page.facts.historyIsComplete ? .pin : .clock, "No position yet",
                    page.facts.historyIsComplete
                        ? "None of your activities has a track." : "Tracks arrive with your history, newest first.") : nil)
    }

    /// The cells as JSON. Only for visitors who may see places.
    static func cells(_ athlete: AthleteID, _ sport: HeatSport, _ connection: Connection) async throws -> String {
        // The cell's number holds both coordinates: see silver.activity_rollup.
        let rows = try await connection.query(
            """
            SELECT (cell / 1000000 - 90000)::integer, (cell % 1000000 - 180000)::integer,
                least(5, 1 + floor(ln(greatest(seconds, 1)) / ln(6)))::integer
            FROM (
                SELECT u.cell, sum(u.seconds) AS seconds
                FROM (
                    SELECT r.cell, r.cell_seconds
                    FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
                    WHERE a.athlete_id = \(athlete) AND a.source_id = \(AthleteFacts.source) AND cardinality(r.cell) > 0
                      AND (\(sport.rawValue) = 'all' OR a.sport_family = \(sport.rawValue))
                    ORDER BY a.start_at DESC NULLS LAST LIMIT \(activitiesMax)) AS t
                CROSS JOIN LATERAL unnest(t.cell, t.cell_seconds) AS u (cell, seconds)
                GROUP BY u.cell ORDER BY 2 DESC LIMIT \(cellsMax)) AS c
            ORDER BY seconds
            """)
        var cells: [Int] = []
        cells.reserveCapacity(rows.count * 3)
        for row in rows {
            let (latitude, longitude, weight) = try row.decode(Int.self, Int.self, Int.self)
            cells += [latitude, longitude, weight]
        }
        return PageJSON.text(Content(cells: cells))
    }
}
