import Core
import Database
import Foundation

/// What an athlete's own programs can ask about the athlete: each answer is JSON that PostgreSQL makes from silver.
///
/// Names and units are those of silver's columns; null means not known. Places (positions, tracks, towns, segments) are in an answer only when
/// `showsPlaces` is true. Each list is bounded.
public struct OwnAnswers: Sendable {
    /// Sport families of `silver.sport_family()`.
    public static let sports = ["run", "walk", "ride", "e_ride", "swim", "ski", "paddle", "other"]
    /// Periods of `silver.curve_periods()`.
    public static let curvePeriods = ["days_90", "season", "all_time"]
    /// The source whose days, weeks and records are shown. The others bring none yet.
    static let source: Int64 = 1

    let reader: AthleteReader

    public init(reader: AthleteReader) { self.reader = reader }

    /// A reader that sees no more than the answer is to show: PostgreSQL refuses the columns of places to the others.
    func reader(showsPlaces: Bool) -> AthleteReader { reader.seeing(ReaderSight(places: showsPlaces)) }

    /// The athlete's profile, and how current and complete the data is; nil: nothing is here yet.
    public func profile(of athlete: AthleteID, showsPlaces: Bool) async throws -> String? {
        let places = showsPlaces ? ", t.city, t.state AS region, t.country" : ""
        return try await json(
            athlete, showsPlaces: showsPlaces,
            """
            SELECT f.athlete_id AS id, t.first_name, t.last_name, t.username, t.sex, t.weight_kg, t.ftp_w, t.measurement_system, t.joined_at,
                t.profile_url\(raw: places), f.state, f.newest_activity_at, f.listed_at, f.history_complete_at, f.silver_backlog,
                (SELECT json_object_agg(c.endpoint, json_build_object(
                        'listed', c.listed, 'landed', c.landed, 'pending', c.pending, 'empty', c.empty, 'no_scope', c.no_scope, 'gone', c.gone,
                        'failed', c.failed, 'quarantined', c.quarantined, 'expired', c.expired) ORDER BY c.endpoint)
                    FROM silver.completeness c WHERE c.athlete_id = f.athlete_id) AS completeness
            FROM silver.freshness f LEFT JOIN silver.athlete t ON t.athlete_id = f.athlete_id AND t.source_id = \(Self.source)
            WHERE f.athlete_id = \(athlete)
            """)
    }

    /// Days in `days`, the newest last, up to today: load, fitness, fatigue and form.
    ///
    /// - Parameter range: from the first day up to the last, both included.
    public func fitness(of athlete: AthleteID, in range: ClosedRange<OwnDay>) async throws -> String {
        try await list(
            "days", athlete,
            """
            SELECT day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, load_method, load_confidence, fitness_ctl, fatigue_atl,
                form_tsb
            FROM silver.athlete_day
            WHERE athlete_id = \(athlete) AND source_id = \(Self.source)
              AND day BETWEEN \(range.lowerBound.text)::text::date AND \(range.upperBound.text)::text::date
            ORDER BY day LIMIT \(OwnDay.countMax)
            """)
    }

    /// The best power for each duration, in `curve`.
    ///
    /// - Parameters:
    ///   - sport: a word of `sports`; nil: all.
    ///   - period: a word of `curvePeriods`.
    public func powerCurve(of athlete: AthleteID, sport: String?, period: String) async throws -> String {
        try await list(
            "curve", athlete,
            """
            SELECT sport_family, period, duration_s, power_w, activity_id, start_offset_s, start_date_local
            FROM silver.power_curve
            WHERE athlete_id = \(athlete) AND source_id = \(Self.source) AND period = \(period)
              AND (\(sport)::text IS NULL OR sport_family = \(sport))
            ORDER BY sport_family, duration_s LIMIT 2000
            """)
    }

    /// Personal records in `records`, by sport family and metric.
    public func records(of athlete: AthleteID, sport: String?) async throws -> String {
        try await list(
            "records", athlete,
            """
            SELECT sport_family, metric, duration_s, distance_m, power_w, heartrate_bpm, pace_s_per_km, activity_id, start_offset_s,
                start_date_local
            FROM silver.personal_record
            WHERE athlete_id = \(athlete) AND source_id = \(Self.source) AND (\(sport)::text IS NULL OR sport_family = \(sport))
            ORDER BY sport_family, metric, duration_s, distance_m LIMIT 2000
            """)
    }

    /// The thresholds that figures are made with, in `thresholds`: set, Strava's, estimated and assumed.
    public func thresholds(of athlete: AthleteID) async throws -> String {
        try await list(
            "thresholds", athlete,
            """
            SELECT sport_family, metric, origin, method, valid_from, value,
                CASE metric WHEN 'pace' THEN 'm/s' WHEN 'w_prime' THEN 'J' WHEN 'power' THEN 'W' WHEN 'critical_power' THEN 'W' ELSE 'bpm' END AS unit
            FROM silver.athlete_threshold
            WHERE athlete_id = \(athlete) AND source_id = \(Self.source)
            ORDER BY sport_family, metric, valid_from DESC, origin, method LIMIT 5000
            """)
    }

    /// The sum of all activities by sport family, of years, of the newest twelve months and weeks, streaks and Eddington's numbers.
    public func summary(of athlete: AthleteID) async throws -> String {
        func sums(_ view: String, _ period: String, since: String) -> String {
            """
            (SELECT coalesce(json_agg(p ORDER BY p.\(period) DESC, p.sport_family), '[]') FROM (
                SELECT \(period), sport_family, \(Self.sums) FROM silver.\(view)
                WHERE athlete_id = t.athlete_id AND source_id = t.source_id AND \(period) >= \(since)
                GROUP BY \(period), sport_family ORDER BY \(period) DESC, sport_family LIMIT 1000) AS p)
            """
        }
        // A sub-select is computed once, a function in a condition for each row.
        func from(_ unit: String, _ rest: String) -> String {
            "(SELECT date_trunc('\(unit)', silver.today(t.athlete_id, t.source_id))::date \(rest))"
        }
        return try await json(
            athlete,
            """
            SELECT (SELECT coalesce(json_agg(p ORDER BY p.sport_family), '[]') FROM (
                    SELECT sport_family, \(raw: Self.sums) FROM silver.athlete_year
                    WHERE athlete_id = t.athlete_id AND source_id = t.source_id GROUP BY sport_family) AS p) AS total,
                \(raw: sums("athlete_year", "year_start", since: "'-infinity'")) AS years,
                \(raw: sums("athlete_month", "month_start", since: from("month", "- interval '11 months'"))) AS months,
                \(raw: sums("athlete_week", "week_start", since: from("week", "- 77"))) AS weeks,
                (SELECT coalesce(json_agg(s ORDER BY s.unit, s.period_count DESC), '[]') FROM (
                    SELECT DISTINCT ON (unit) unit, started_on, ended_on, period_count, activity_count FROM silver.streak
                    WHERE athlete_id = t.athlete_id AND source_id = t.source_id AND sport_family = 'all'
                    ORDER BY unit, period_count DESC, ended_on DESC) AS s) AS longest_streaks,
                (SELECT coalesce(json_agg(e ORDER BY e.sport_family, e.unit), '[]') FROM (
                    SELECT sport_family, unit, eddington, days_towards_next FROM silver.eddington
                    WHERE athlete_id = t.athlete_id AND source_id = t.source_id) AS e) AS eddington
            FROM (VALUES (\(athlete)::bigint, \(Self.source)::smallint)) AS t (athlete_id, source_id)
            """
        ) ?? "{}"
    }

    private static let sums = """
        sum(activity_count)::integer AS activity_count, sum(distance_m) AS distance_m, sum(moving_time_s)::bigint AS moving_time_s, \
        sum(elapsed_time_s)::bigint AS elapsed_time_s, sum(elevation_gain_m) AS elevation_gain_m, sum(calories_kcal) AS calories_kcal, \
        sum(load) AS load
        """

    // MARK: JSON

    /// The one row of `question` as an object; nil: there is none.
    func json(_ athlete: AthleteID, showsPlaces: Bool = false, _ question: SQL) async throws -> String? {
        let object = SQL(raw: "SELECT row_to_json(q)::text FROM (\(question.text)) AS q", parameters: question.parameters)
        return try await reader(showsPlaces: showsPlaces).read(athlete) { try await $0.query(object).first?.decode(String.self) }
    }

    /// The rows of `question` as a list of objects under `name`.
    private func list(_ name: String, _ athlete: AthleteID, _ question: SQL) async throws -> String {
        let objects = SQL(raw: "SELECT row_to_json(q)::text FROM (\(question.text)) AS q", parameters: question.parameters)
        let rows = try await reader(showsPlaces: false).read(athlete) { try await $0.query(objects) }
        return "{\"\(name)\":[" + (try rows.map { try $0.decode(String.self) }).joined(separator: ",") + "]}"
    }
}

/// A day of the calendar, without a time zone.
public struct OwnDay: Sendable, Comparable {
    /// Days in one answer: twenty years.
    public static let countMax = 7_305

    /// `2026-01-31`.
    let text: String
    private let number: Int

    /// From here to there, since differences overflow beyond.
    private static let years = "1900"..."2199"

    /// Nil: not `YYYY-MM-DD`, or not a day that exists from 1900 to 2199.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
        guard text.utf8.count == 10, isDigits, Self.years.contains(String(text.prefix(4))), let date = try? Self.style.parse(text),
            date.formatted(Self.style) == text
        else {
            return nil
        }
        self.init(date)
    }

    /// The day at this instant in UTC.
    public init(_ instant: Date) {
        text = instant.formatted(Self.style)
        number = Int((instant.timeIntervalSince1970 / 86_400).rounded(.down))
    }

    /// Its midnight in UTC.
    public var midnight: Date { Date(timeIntervalSince1970: Double(number) * 86_400) }

    /// So many days later.
    public func adding(_ days: Int) -> OwnDay { OwnDay(midnight.addingTimeInterval(Double(days) * 86_400)) }

    public static func < (left: OwnDay, right: OwnDay) -> Bool { left.number < right.number }

    private static let style = Date.ISO8601FormatStyle().year().month().day()
}
