import Core
import Database
import Foundation

/// Which activities a list is to have.
public struct ActivityFilter: Sendable {
    public static let limitMax = 200

    /// A sport family of `OwnAnswers.sports`; nil: all.
    public var sport: String?
    /// Activities that began at this instant or later.
    public var after = Date.distantPast
    /// Activities that began earlier than this instant.
    public var before = Date.distantFuture
    /// Activities in one page, at most `limitMax`.
    public var limit = 50
    /// Where the page begins; nil: with the newest activity.
    public var cursor: ActivityCursor?

    public init() {}

    /// Activities without a start come last, and only in a list of all times.
    fileprivate var hasUndated: Bool { after == .distantPast && before == .distantFuture }
}

/// The place of an activity in the list of all, newest first. Its text is opaque to clients, and no secret.
public struct ActivityCursor: Sendable, Equatable {
    /// Nil: the activity has no start.
    public let start: Date?
    public let activity: Int64
    public let source: Int16

    public init(start: Date?, activity: Int64, source: Int16) {
        self.start = start
        self.activity = activity
        self.source = source
    }

    private static let byteCount = 18
    /// Thirty thousand years from 1970, in microseconds. Near the last number of 64 bits, rounding would leave their range.
    private static let startMax_us: Int64 = 1_000_000_000_000_000_000

    /// Nil: no text that `text` returns.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 24, let data = Base64URL.bytes(text), data.count == Self.byteCount else { return nil }
        func number<Value: FixedWidthInteger>(_ range: Range<Int>, _: Value.Type) -> Value {
            data[range].reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
        }
        let start_us = number(0..<8, Int64.self)
        guard start_us == .min || (-Self.startMax_us...Self.startMax_us).contains(start_us) else { return nil }
        let known = start_us == .min ? nil : Date(timeIntervalSince1970: Double(start_us) / 1e6)
        self.init(start: known, activity: number(8..<16, Int64.self), source: number(16..<18, Int16.self))
        guard self.text == text else { return nil }
    }

    public var text: String {
        let start_us = start.map { Int64(($0.timeIntervalSince1970 * 1e6).rounded()) } ?? .min
        let bytes = Self.bytes(start_us) + Self.bytes(activity) + Self.bytes(source)
        return Base64URL.text(bytes)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }
}

extension OwnAnswers {
    /// A page of activities in `activities`, newest first, and in `next` where the next page begins; null: this is the last one.
    public func activities(of athlete: AthleteID, _ filter: ActivityFilter, showsPlaces: Bool) async throws -> String {
        let found = try await reader(showsPlaces: showsPlaces).read(athlete) { connection in
            var found = try await connection.query(dated(athlete, filter, showsPlaces)).map(FoundActivity.init)
            if found.count <= filter.limit, filter.hasUndated {
                let rest = filter.limit + 1 - found.count
                found += try await connection.query(undated(athlete, filter, rest, showsPlaces)).map(FoundActivity.init)
            }
            return found
        }
        let page = found.prefix(filter.limit)
        let next = found.count > page.count ? page.last.map { "\"\($0.cursor.text)\"" } : nil
        return "{\"activities\":[" + page.map(\.json).joined(separator: ",") + "],\"next\":\(next ?? "null")}"
    }

    /// Everything about one activity but its streams: figures, laps, splits, zones, best efforts; nil: there is none of this number.
    public func activity(_ activity: ActivityID, of athlete: AthleteID, showsPlaces: Bool) async throws -> String? {
        func part(_ name: String, _ columns: String, order: String, from relation: String? = nil) -> String {
            """
            (SELECT coalesce(json_agg(p), '[]') FROM (
                SELECT \(columns) FROM silver.\(relation ?? name) AS r
                WHERE r.athlete_id = a.athlete_id AND r.source_id = a.source_id AND r.activity_id = a.activity_id
                ORDER BY \(order) LIMIT \(Self.partsMax)) AS p) AS \(name)
            """
        }
        let places =
            showsPlaces
            ? ", a.polyline, "
                + part("segment_effort", Self.segmentColumns, order: "effort_number").replacing(
                    "AS segment_effort", with: "AS segment_efforts") : ""
        return try await json(
            athlete, showsPlaces: showsPlaces,
            """
            SELECT \(raw: Self.listed(showsPlaces)), \(raw: Self.detailColumns)\(raw: places),
                (SELECT row_to_json(p) FROM (
                    SELECT \(raw: Self.metricColumns) FROM silver.activity_metric m
                    WHERE m.athlete_id = a.athlete_id AND m.source_id = a.source_id AND m.activity_id = a.activity_id) AS p) AS metrics,
                \(raw: part("laps", Self.lapColumns, order: "lap_number", from: "lap")),
                \(raw: part("splits", Self.splitColumns, order: "split_number", from: "split")),
                \(raw: part("zones", Self.zoneColumns, order: "metric, zone", from: "activity_zone_time")),
                \(raw: part("best_efforts", Self.effortColumns, order: "metric, distance_m, duration_s", from: "activity_best_effort"))
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(athlete) AND a.activity_id = \(activity)
            ORDER BY a.source_id LIMIT 1
            """)
    }

    /// Laps, splits or efforts of one activity in an answer.
    private static let partsMax = 2_000

    private func dated(_ athlete: AthleteID, _ filter: ActivityFilter, _ showsPlaces: Bool) -> SQL {
        if let cursor = filter.cursor, cursor.start == nil { return "SELECT '', NULL::timestamptz, 0::bigint, 0::smallint WHERE false" }
        let (start, activity, source) = (
            filter.cursor?.start ?? .distantFuture, filter.cursor?.activity ?? .max, filter.cursor?.source ?? .max
        )
        return """
            SELECT (SELECT row_to_json(q) FROM (SELECT \(raw: Self.listed(showsPlaces))) AS q)::text, a.start_at, a.activity_id, a.source_id
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(athlete) AND a.start_at >= \(filter.after) AND a.start_at < \(filter.before)
              AND (\(filter.sport)::text IS NULL OR a.sport_family = \(filter.sport))
              AND (a.start_at, a.activity_id, a.source_id) < (\(start), \(activity), \(source))
            ORDER BY a.start_at DESC, a.activity_id DESC, a.source_id DESC LIMIT \(filter.limit + 1)
            """
    }

    private func undated(_ athlete: AthleteID, _ filter: ActivityFilter, _ count: Int, _ showsPlaces: Bool) -> SQL {
        let cursor = filter.cursor?.start == nil ? filter.cursor : nil
        return """
            SELECT (SELECT row_to_json(q) FROM (SELECT \(raw: Self.listed(showsPlaces))) AS q)::text, a.start_at, a.activity_id, a.source_id
            FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            WHERE a.athlete_id = \(athlete) AND a.start_at IS NULL AND (\(filter.sport)::text IS NULL OR a.sport_family = \(filter.sport))
              AND (a.activity_id, a.source_id) < (\(cursor?.activity ?? .max), \(cursor?.source ?? .max))
            ORDER BY a.activity_id DESC, a.source_id DESC LIMIT \(count)
            """
    }

    // MARK: Columns

    /// `a` is silver.activity, `m` silver.activity_metric.
    private static func listed(_ showsPlaces: Bool) -> String {
        """
        a.activity_id AS id, CASE a.source_id WHEN 1 THEN 'strava_api' WHEN 2 THEN 'strava_archive' ELSE 'file' END AS source, a.name,
            a.sport_type, a.sport_family, a.start_at, a.start_date_local, a.utc_offset_s, a.timezone, a.distance_m, a.moving_time_s,
            a.elapsed_time_s, a.elevation_gain_m, a.average_speed_mps, a.max_speed_mps, a.average_heartrate_bpm, a.max_heartrate_bpm,
            a.average_cadence_rpm, a.average_power_w, a.weighted_power_w, a.energy_kj, a.calories_kcal, a.has_power_meter, a.is_trainer,
            a.is_commute, a.is_manual, a.is_private, a.gear_id, m.load, m.load_method, m.intensity_factor
        """ + (showsPlaces ? ", " + placeColumns : "")
    }

    private static let placeColumns = """
        a.start_latitude_deg, a.start_longitude_deg, a.end_latitude_deg, a.end_longitude_deg, a.location_city, a.location_state,
            a.location_country, a.summary_polyline
        """
    private static let detailColumns = """
        a.activity_type, a.description, a.private_note, a.elevation_high_m, a.elevation_low_m, a.average_temperature_c, a.max_power_w,
            a.relative_effort, a.perceived_exertion, a.is_flagged, a.visibility, a.workout_type, a.gear_name, a.device_name, a.external_id,
            a.achievement_count, a.kudos_count, a.comment_count, a.athlete_count, a.photo_count, a.pr_count, a.has_detail, a.updated_at
        """
    private static let metricColumns = """
        m.recorded_s, m.heartrate_s, m.average_heartrate_bpm, m.power_s, m.mean_power_w, m.normalized_power_w, m.variability_index,
            m.decoupling_percent, m.decoupling_basis, m.grade_adjusted_distance_m, m.grade_adjusted_pace_s_per_km, m.intensity_factor, m.trimp,
            m.load, m.load_method, m.load_confidence, m.load_threshold_origin, m.load_ftp_w, m.load_threshold_speed_mps,
            m.load_threshold_heartrate_bpm, m.critical_power_w, m.w_prime_j, m.w_prime_balance_min_j
        """
    private static let lapColumns = """
        r.lap_number, r.name, r.start_at, r.distance_m, r.moving_time_s, r.elapsed_time_s, r.elevation_gain_m, r.average_speed_mps,
            r.max_speed_mps, r.average_heartrate_bpm, r.max_heartrate_bpm, r.average_cadence_rpm, r.average_power_w, r.first_index, r.last_index
        """
    private static let splitColumns = """
        r.split_number, r.distance_m, r.moving_time_s, r.elapsed_time_s, r.elevation_difference_m, r.average_speed_mps,
            r.grade_adjusted_speed_mps, r.average_heartrate_bpm
        """
    private static let zoneColumns =
        "r.metric, r.zone, r.from_bpm, r.to_bpm, r.from_w, r.to_w, r.from_mps, r.to_mps, r.seconds, r.is_default"
    private static let effortColumns = "r.metric, r.duration_s, r.distance_m, r.power_w, r.heartrate_bpm, r.pace_s_per_km, r.start_offset_s"
    /// A segment is a place by its name and number already.
    private static let segmentColumns = """
        r.segment_id, r.segment_name, r.start_at, r.distance_m, r.moving_time_s, r.elapsed_time_s, r.average_heartrate_bpm, r.average_power_w,
            r.pr_rank, r.kom_rank, r.segment_city, r.segment_state, r.segment_country, r.segment_start_latitude_deg,
            r.segment_start_longitude_deg, r.segment_end_latitude_deg, r.segment_end_longitude_deg
        """
}

/// An activity of a list as JSON, and its place.
private struct FoundActivity: Sendable {
    let json: String
    let cursor: ActivityCursor

    init(_ row: Row) throws {
        let (json, start, activity, source) = try row.decode(String.self, Date?.self, Int64.self, Int16.self)
        self.json = json
        cursor = ActivityCursor(start: start, activity: activity, source: source)
    }
}
