import Core
import Database
import Foundation

/// What is known of one activity as a whole.
struct ActivityFacts: Sendable {
    let id: Int64
    let name: String
    let sport: String
    let kind: SportKind
    let family: String
    /// Wall-clock; nil: not known.
    let start: Date?
    let distance_m: Double?
    let moving_s: Double?
    let elapsed_s: Double?
    let climb_m: Double?
    let speed_mps: Double?
    let heartrate_bpm: Double?
    let heartrateMax_bpm: Double?
    let cadence_rpm: Double?
    let power_w: Double?
    let temperature_c: Double?
    let hasPowerMeter: Bool
    let isManual: Bool
    let isTrainer: Bool
    let device: String?
    let description: String?
    let gear: String?
    let normalizedPower_w: Double?
    let adjustedPace_s_per_km: Double?
    let load: Double?
    let loadMethod: String
    let source: Int64

    /// Nil: the athlete has no such activity.
    static func read(_ activity: ActivityID, _ athlete: AthleteID, _ connection: Connection) async throws -> ActivityFacts? {
        let rows = try await connection.query(
            """
            SELECT a.activity_id, a.name, a.sport_type, a.sport_family, a.start_date_local, a.distance_m, a.moving_time_s::float8,
                a.elapsed_time_s::float8, a.elevation_gain_m, a.average_speed_mps, a.average_heartrate_bpm, a.max_heartrate_bpm,
                a.average_power_w, a.average_temperature_c, coalesce(a.has_power_meter, false),
                coalesce(a.is_manual, false), coalesce(a.is_trainer, false), a.device_name, a.description,
                coalesce(g.nickname, g.name, a.gear_name), m.normalized_power_w, m.grade_adjusted_pace_s_per_km, m.load,
                coalesce(m.load_method, 'none'), a.average_cadence_rpm, a.source_id
            FROM silver.activity a
            LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            LEFT JOIN silver.gear_item g
                ON g.athlete_id = a.athlete_id AND g.source_id = a.source_id AND g.gear_id = a.gear_id
            WHERE a.athlete_id = \(athlete) AND a.activity_id = \(activity) ORDER BY a.source_id LIMIT 1
            """)
        return try rows.first.map { try ActivityFacts($0) }
    }

    private init(_ row: Row) throws {
        id = try row.column(0)
        name = Words.cleaned(try row.column(1)) ?? "Untitled"
        sport = Words.sport(try row.column(2))
        family = try row.column(3)
        kind = SportKind(family: family)
        start = try row.column(4)
        (distance_m, moving_s, elapsed_s) = (try row.column(5), try row.column(6), try row.column(7))
        (climb_m, speed_mps) = (try row.column(8), try row.column(9))
        (heartrate_bpm, heartrateMax_bpm) = (try row.column(10), try row.column(11))
        (power_w, temperature_c) = (try row.column(12), try row.column(13))
        (hasPowerMeter, isManual, isTrainer) = (try row.column(14), try row.column(15), try row.column(16))
        device = Words.cleaned(try row.column(17), max: 80)
        description = Words.cleaned(try row.column(18), max: 1_000)
        gear = Words.cleaned(try row.column(19), max: 80)
        (normalizedPower_w, adjustedPace_s_per_km, load) = (try row.column(20), try row.column(21), try row.column(22))
        loadMethod = try row.column(23)
        (cadence_rpm, source) = (try row.column(24), try row.column(25))
    }

    /// "by power", "by heart rate", or why there is none.
    var loadWords: String {
        switch loadMethod {
        case "power": "by power"
        case "heartrate": "by heart rate"
        case "pace": "by pace"
        case "power_average", "heartrate_average", "pace_average": "by averages"
        default: "no power, heart rate or pace"
        }
    }

    /// The figures on top: up to eight of those that are known, the first four in any case.
    func figures(_ form: Figures) -> [BigFigure] {
        let isSwim = kind == .swim
        let first = [
            BigFigure(
                "Distance", (distance_m ?? 0) > 0 ? form.distance(distance_m, isSwim: isSwim) : .unknown, why: "No distance was recorded"),
            BigFigure("Moving time", Figures.time(moving_s)),
            isSwim
                ? BigFigure("Elapsed time", Figures.time(elapsed_s))
                : BigFigure("Climb", form.climb(climb_m), why: "No altitude was recorded"),
            BigFigure(kind.hasPace ? "Pace" : "Speed", form.speed(speed_mps, of: kind)),
        ]
        var rest: [BigFigure] = []
        if let adjustedPace_s_per_km, kind == .run, adjustedPace_s_per_km > 0 {
            rest.append(BigFigure("Grade-adjusted", form.pace(1_000 / adjustedPace_s_per_km)))
        }
        rest.append(
            BigFigure(
                "Heart rate", Figures.heartrate(heartrate_bpm), meaning: heartrateMax_bpm.map { "max \(Figures.load($0).value)" },
                why: "No heart rate was recorded"))
        if kind == .ride || power_w != nil && hasPowerMeter {
            rest.append(BigFigure("Power", Figures.power(power_w), meaning: power_w == nil || hasPowerMeter ? nil : "estimated by Strava"))
        }
        if let normalizedPower_w, hasPowerMeter { rest.append(BigFigure("Normalised", Figures.power(normalizedPower_w))) }
        if cadence_rpm != nil { rest.append(BigFigure("Cadence", Figures.cadence(cadence_rpm, of: kind))) }
        if let temperature_c, kind != .ride || !hasPowerMeter { rest.append(BigFigure("Temperature", form.temperature(temperature_c))) }
        let known = (load ?? 0) > 0
        let last = BigFigure("Load", known ? Figures.load(load) : .unknown, meaning: loadWords, why: "Not known: \(loadWords)")
        return first + rest.prefix(3) + [last]
    }
}
