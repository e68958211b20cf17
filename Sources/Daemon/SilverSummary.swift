import Database
import Foundation

/// A short summary from silver: one line an athlete, and the total.
struct SilverSummary: Sendable {
    let database: Database

    /// Athletes named one by one; the rest is only in the total.
    private static let athletesMax = 12

    func lines() async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT a.athlete_id, count(*), coalesce(sum(a.distance_m), 0)::float8 / 1000, coalesce(sum(a.moving_time_s), 0)::float8 / 3600,
                coalesce(sum(s.point_count), 0)::bigint, to_char(max(a.start_at), 'YYYY-MM-DD')
            FROM silver.activity a LEFT JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id)
            GROUP BY a.athlete_id ORDER BY count(*) DESC, a.athlete_id
            """)
        var total = (count: 0, km: 0.0, hours: 0.0, points: 0)
        var lines = [row("athlete", "activities", "km", "hours", "points", "newest")]
        for (index, row) in rows.enumerated() {
            let (athlete, count, km, hours, points, newest) = try row.decode(
                Int64.self, Int.self, Double.self, Double.self, Int.self, String?.self)
            total = (total.count + count, total.km + km, total.hours + hours, total.points + points)
            if index < SilverSummary.athletesMax {
                lines.append(self.row("\(athlete)", "\(count)", number(km), number(hours), "\(points)", newest ?? ""))
            }
        }
        lines.append(row("all \(rows.count)", "\(total.count)", number(total.km), number(total.hours), "\(total.points)", ""))
        return lines
    }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private func row(_ cells: String...) -> String {
        let widths = [14, 11, 10, 9, 10, 12]
        return zip(cells, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }.joined()
    }
}
