import Core
import Database
import Foundation

/// The best efforts of one activity, beside the best ever.
struct EffortsCard: Sendable {
    struct Effort: Sendable {
        let rung: String
        let here: String
        let ever: String
        /// How far into the activity it began.
        let at: String
        let isBest: Bool
    }

    private static let durations_s: [Double] = [5, 15, 60, 120, 300, 1_200, 3_600]
    private static let distances_m: [Double] = [400, 1_000, 1_609.344, 5_000, 10_000, 21_097.5, 42_195]

    let efforts: [Effort]
    let what: String
    let effortsNone: EmptyState?

    /// Nil: the athlete has no such activity.
    static func read(_ activity: ActivityID, _ page: PageContext, _ connection: Connection) async throws -> EffortsCard? {
        guard let facts = try await ActivityFacts.read(activity, page.facts.athlete, connection) else { return nil }
        let metric: CurveMetric = facts.kind == .run || facts.kind == .walk ? .pace : facts.hasPowerMeter ? .power : .heartrate
        let rows = try await connection.query(
            """
            WITH best AS MATERIALIZED (
                SELECT rung, value FROM silver.best_efforts_between(
                    \(page.facts.athlete), \(facts.source)::smallint, \(metric.rawValue), '-infinity', 'infinity', \(facts.family)))
            SELECT CASE WHEN e.metric = 'pace' THEN e.distance_m ELSE e.duration_s END,
                CASE e.metric WHEN 'pace' THEN e.duration_s WHEN 'power' THEN e.power_w ELSE e.heartrate_bpm END, b.value, e.start_offset_s::float8
            FROM silver.activity_best_effort e
            LEFT JOIN best b ON CASE WHEN e.metric = 'pace' THEN (silver.effort_distances_m())[b.rung] = e.distance_m
                ELSE (silver.effort_durations_s())[b.rung] = e.duration_s END
            WHERE e.athlete_id = \(page.facts.athlete) AND e.source_id = \(facts.source) AND e.activity_id = \(facts.id)
              AND e.metric = \(metric.rawValue)
            ORDER BY 1
            """)
        let rungs = metric == .pace ? distances_m : durations_s
        let form = CurveForm(metric: metric, figures: page.figures)
        let efforts: [Effort] = try rows.compactMap { row in
            let (rung, here, ever, start) = try row.decode(Double.self, Double.self, Double?.self, Double?.self)
            guard rungs.contains(rung) else { return nil }
            let isBest = ever.map { metric == .pace ? here <= $0 + 0.05 : here >= $0 - 0.05 } ?? false
            return Effort(
                rung: form.rung(rung), here: Self.text(here, rung, form),
                ever: ever.map { Self.text($0, rung, form) } ?? Quantity.unknown.text, at: Figures.time(start).text, isBest: isBest)
        }
        return EffortsCard(
            efforts: efforts, what: "\(form.what). Best ever: \(facts.kind.word.lowercased())s of all time",
            effortsNone: efforts.isEmpty
                ? EmptyState(.nothing, "No best efforts", "They come from the series of this activity, which has none that count.") : nil)
    }

    /// Distances by their time, durations by their mean.
    private static func text(_ value: Double, _ rung: Double, _ form: CurveForm) -> String {
        form.metric == .pace ? Figures.time(value).text : form.text(value, rung)
    }
}

/// Activities like one: same sport, a course as long and as hilly, and with places in sight how much of the way they share.
struct SimilarCard: Sendable {
    struct Similar: Sendable {
        let row: ActivityRow
        let difference: String
        /// How much of the way is the same; nil: places are not in sight.
        let common: String?
    }

    private static let countMax = 8

    let similar: [Similar]
    let hasCommon: Bool
    let similarNone: EmptyState?

    /// Nil: the athlete has no such activity.
    static func read(_ activity: ActivityID, _ page: PageContext, _ connection: Connection) async throws -> SimilarCard? {
        guard let facts = try await ActivityFacts.read(activity, page.facts.athlete, connection) else { return nil }
        let common =
            page.visitor.showsPlaces
            ? """
            (SELECT count(*) FROM (SELECT unnest(here.cell) INTERSECT SELECT unnest(there.cell)) AS c)::float8
                / nullif(cardinality(here.cell), 0)
            """ : "NULL::float8"
        let cells =
            page.visitor.showsPlaces
            ? """
            LEFT JOIN silver.activity_rollup here ON here.athlete_id = a.athlete_id AND here.source_id = a.source_id
                AND here.activity_id = \(facts.id)
            LEFT JOIN silver.activity_rollup there ON there.athlete_id = a.athlete_id AND there.source_id = a.source_id
                AND there.activity_id = a.activity_id
            """ : ""
        let climb_m = facts.climb_m ?? 0
        let rows = try await connection.query(
            """
            SELECT \(raw: ActivityRow.columns), \(raw: common) AS common
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id) \(raw: cells)
            WHERE a.athlete_id = \(page.facts.athlete) AND a.source_id = \(facts.source) AND a.activity_id <> \(facts.id)
              AND a.sport_family = \(facts.family)
              AND a.distance_m BETWEEN \((facts.distance_m ?? 0) * 0.9)::float8 AND \((facts.distance_m ?? 0) * 1.1)::float8 AND a.distance_m > 0
              AND abs(coalesce(a.elevation_gain_m, 0) - \(climb_m)::float8) <= \(max(climb_m * 0.2, 30))::float8
            ORDER BY common DESC NULLS LAST, a.start_at DESC NULLS LAST LIMIT \(countMax)
            """)
        let similar = try rows.map { row in
            let moving_s: Double? = try row.column(8)
            let share: Double? = try row.column(15)
            return Similar(
                row: try ActivityRow(row, page), difference: difference(moving_s, facts.moving_s),
                common: share.map { Figures.share($0, of: 1).text })
        }
        return SimilarCard(
            similar: similar, hasCommon: similar.contains { $0.common != nil },
            similarNone: similar.isEmpty
                ? EmptyState(.nothing, "Nothing like it yet", "No other activity of this sport is as long and as hilly.") : nil)
    }

    private static func difference(_ there: Double?, _ here: Double?) -> String {
        guard let there, let here else { return Quantity.unknown.text }
        let text = Figures.time(abs(there - here)).text
        return abs(there - here) < 1 ? "as fast" : text + (there > here ? " slower" : " faster")
    }
}
