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
    /// Bytes of these activities' cells as they are stored. Some 500 rides of 100 km have as many.
    private static let bytesMax = 4_000_000
    /// Whether an activity has cells, told by the size of what is stored: an empty array takes 13 bytes, one of a single cell 29. To count them,
    /// each activity's cells would be read and unpacked.
    private static let hasCells = "pg_column_size(r.cell) > 20"

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
            SELECT count(*) FILTER (WHERE \(raw: hasCells)), count(*)
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
        // Which activities are drawn first, and then their cells: nothing of the others' is read. Summing up here takes a fifth of the time
        // that unnest and GROUP BY take.
        let rows = try await connection.query(
            """
            WITH drawn AS MATERIALIZED (
                SELECT a.activity_id,
                    sum(pg_column_size(r.cell)) OVER (ORDER BY a.start_at DESC NULLS LAST, a.activity_id ROWS UNBOUNDED PRECEDING) AS bytes
                FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
                WHERE a.athlete_id = \(athlete) AND a.source_id = \(AthleteFacts.source) AND \(raw: hasCells)
                  AND (\(sport.rawValue) = 'all' OR a.sport_family = \(sport.rawValue))
                ORDER BY a.start_at DESC NULLS LAST, a.activity_id LIMIT \(activitiesMax))
            SELECT r.cell, r.cell_seconds
            FROM drawn d JOIN silver.activity_rollup r
                ON r.athlete_id = \(athlete) AND r.source_id = \(AthleteFacts.source) AND r.activity_id = d.activity_id
            WHERE d.bytes <= \(bytesMax)
            """)
        var seconds: [Int64: Int] = [:]
        for row in rows {
            let (cells, times) = try row.decode([Int64].self, [Int32].self)
            for (cell, time) in zip(cells, times) { seconds[cell, default: 0] += Int(time) }
        }
        return PageJSON.text(Content(cells: strongest(seconds).flatMap { marks($0.key, $0.value) }))
    }

    /// The strongest last, so that it lies on top.
    private static func strongest(_ seconds: [Int64: Int]) -> ArraySlice<(key: Int64, value: Int)> {
        seconds.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.suffix(cellsMax)
    }

    /// The cell's number holds both coordinates: see silver.activity_rollup.
    private static func marks(_ cell: Int64, _ seconds: Int) -> [Int] {
        let weight = min(5, 1 + Int(log(Double(max(seconds, 1))) / log(6)))
        return [Int(cell / 1_000_000) - 90_000, Int(cell % 1_000_000) - 180_000, weight]
    }
}
