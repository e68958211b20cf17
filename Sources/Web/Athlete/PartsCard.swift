import Database
import Foundation

/// The laps of an activity, or its splits of a kilometre or mile, with a bar for power or pace.
struct PartsCard: Sendable {
    struct Part: Sendable {
        let number: String
        let label: String?
        let distance: String
        let time: String
        let speed: String
        let heartrate: String
        let power: String?
        let climb: String
        let bar: String?
    }

    private struct Sent: Sendable {
        let number: Int
        let label: String?
        let distance_m: Double?
        let moving_s: Double?
        let speed_mps: Double?
        let heartrate_bpm: Double?
        let power_w: Double?
        let climb_m: Double?
    }

    /// Parts of one table.
    private static let partsMax = 120

    let title: String
    let kinds: [PageLink]
    let hasKinds: Bool
    let speedTitle: String
    let hasPower: Bool
    let parts: [Part]
    let partsNone: EmptyState?
    let note: String?

    static func read(_ facts: ActivityFacts, _ page: PageContext, _ connection: Connection) async throws -> PartsCard {
        let laps = try await connection.query(
            """
            SELECT lap_number, name, distance_m, moving_time_s::float8, average_speed_mps, average_heartrate_bpm, average_power_w, elevation_gain_m
            FROM silver.lap WHERE athlete_id = \(page.facts.athlete) AND source_id = \(facts.source) AND activity_id = \(facts.id)
            ORDER BY lap_number LIMIT \(partsMax + 1)
            """
        ).map(sent)
        let splits = try await connection.query(
            """
            SELECT split_number, NULL::text, distance_m, moving_time_s::float8, average_speed_mps, average_heartrate_bpm, NULL::float8,
                elevation_difference_m
            FROM silver.\(raw: page.figures.system == .metric ? "split" : "split_mile")
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(facts.source) AND activity_id = \(facts.id)
            ORDER BY split_number LIMIT \(partsMax + 1)
            """
        ).map(sent)
        return PartsCard(facts, page, laps: laps, splits: splits)
    }

    private static func sent(_ row: Row) throws -> Sent {
        Sent(
            number: try row.column(0), label: Words.cleaned(try row.column(1), max: 60), distance_m: try row.column(2),
            moving_s: try row.column(3), speed_mps: try row.column(4), heartrate_bpm: try row.column(5), power_w: try row.column(6),
            climb_m: try row.column(7))
    }

    private init(_ facts: ActivityFacts, _ page: PageContext, laps: [Sent], splits: [Sent]) {
        let asked = page.query["parts"] == nil && laps.count < 2 ? CoursePart.splits : page.query.choice(CoursePart.self)
        let isLaps = asked == .laps && !laps.isEmpty || splits.isEmpty
        let sent = isLaps ? laps : splits
        title = isLaps ? "Laps" : "Splits of 1 \(page.figures.distanceUnit)"
        let path = page.activityLink(facts.id)
        kinds =
            laps.isEmpty || splits.isEmpty
            ? []
            : [
                PageLink(text: "Laps", href: path + "?parts=laps#parts", isCurrent: isLaps),
                PageLink(text: "Splits", href: path + "?parts=splits#parts", isCurrent: !isLaps),
            ]
        hasKinds = !kinds.isEmpty
        speedTitle = facts.kind.hasPace ? "Pace" : "Speed"
        let hasPower = sent.contains { $0.power_w != nil }
        self.hasPower = hasPower
        let most = sent.compactMap { hasPower ? $0.power_w : $0.speed_mps }.max() ?? 0
        parts = sent.prefix(Self.partsMax).map { Self.part($0, facts, page, hasPower: hasPower, most: most, isLap: isLaps) }
        note = sent.count > Self.partsMax ? "The first \(Self.partsMax) are shown." : nil
        partsNone =
            sent.isEmpty
            ? EmptyState(.nothing, "No laps", "Strava sends laps and splits with the details of an activity; this one has none.") : nil
    }

    private static func part(
        _ sent: Sent, _ facts: ActivityFacts, _ page: PageContext, hasPower: Bool, most: Double, isLap: Bool
    ) -> Part {
        let figures = page.figures
        let value = hasPower ? sent.power_w : sent.speed_mps
        // Climb of a lap, or how much higher the end of a split lies than its start.
        let climb = figures.climb(sent.climb_m)
        let sign = !isLap && (sent.climb_m ?? 0) >= 0.5 ? "+" : ""
        return Part(
            number: String(sent.number), label: sent.label, distance: figures.distance(sent.distance_m, isSwim: facts.kind == .swim).text,
            time: Figures.time(sent.moving_s).text, speed: figures.speed(sent.speed_mps, of: facts.kind).text,
            heartrate: Figures.heartrate(sent.heartrate_bpm).text, power: hasPower ? Figures.power(sent.power_w).text : nil,
            climb: sign + climb.text,
            bar: value.flatMap { $0 > 0 && most > 0 ? Drawings.meter($0 / most, tone: hasPower ? "pw" : "sp", label: nil) : nil })
    }
}
