import Database
import Foundation

/// Bikes and shoes with their distance.
struct GearCard: Sendable {
    struct Item: Sendable {
        let name: String
        let kind: String
        let distance: String
        let meter: String?
        let words: String
    }

    /// Running shoes are often replaced after 500 to 800 km: the upper end.
    private static let shoesLast_m = 800_000.0
    private static let itemsMax = 12

    let items: [Item]
    let none: EmptyState?

    static func read(_ page: PageContext, _ connection: Connection) async throws -> GearCard {
        let rows = try await connection.query(
            """
            SELECT coalesce(kind, ''), coalesce(nickname, name, gear_id), greatest(coalesce(strava_distance_m, 0), activity_distance_m),
                activity_count, last_used_on, coalesce(is_retired, false)
            FROM silver.gear WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source)
            ORDER BY coalesce(is_retired, false), last_used_on DESC NULLS LAST, gear_id LIMIT \(itemsMax)
            """)
        let items = try rows.map { try item($0, page) }
        return GearCard(
            items: items,
            none: items.isEmpty
                ? EmptyState(
                    .shoe, "No gear at Strava",
                    "Bikes and shoes appear here once you add them to your Strava profile and the profile is read (daily).") : nil)
    }

    private static func item(_ row: Row, _ page: PageContext) throws -> Item {
        let (kind, name, distance_m, count) = try row.decode(String.self, String.self, Double.self, Int.self)
        let (last, isRetired): (Date?, Bool) = (try row.column(4), try row.column(5))
        let distance = page.figures.distance(distance_m).text
        let used = last.map { "last used \(LocalDay($0).text(today: page.facts.today))" } ?? "never used here"
        guard kind == "shoes", !isRetired else {
            return Item(
                name: Words.cleaned(name) ?? "Unnamed", kind: isRetired ? "retired" : kind, distance: distance, meter: nil,
                words: "\(Figures.count(count, "activity", "activities")), \(used)")
        }
        let share = distance_m / shoesLast_m
        let words = "\(distance) of \(page.figures.distance(shoesLast_m).text)" + (share >= 0.85 ? ": replace soon" : "")
        return Item(
            name: Words.cleaned(name) ?? "Unnamed", kind: kind, distance: distance,
            meter: Drawings.meter(share, tone: share >= 0.85 ? "warn" : "acc", label: words), words: "\(words), \(used)")
    }
}
