import Core
import Database
import Streams

/// The statements that store an activity's streams and what is computed from them. Where silver lacks the activity they do nothing.
enum ArrayQueries {
    /// - Parameter outliers: nil for streams without times.
    static func store(_ streams: DecodedStreams, outliers: StreamOutliers?, of head: AnswerHead) -> SQL {
        let key = head.key
        func count(_ points: Int?) -> Int32? { points.map(Int32.init(clamping:)) }
        let facts = StreamFacts(streams)
        return """
            INSERT INTO silver.activity_stream AS t (
                athlete_id, source_id, activity_id, point_count, original_size, series_type, resolution, time_s, distance_m,
                latitude_e6, longitude_e6, altitude_m, velocity_mps, grade_percent, heartrate_bpm, cadence_rpm, power_w, temperature_c,
                moving, short_points, disordered_points, longest_step_s, end_distance_m, outlier_time_points, outlier_distance_points,
                outlier_position_points, outlier_altitude_points, outlier_heartrate_points, outlier_power_points, outlier_cadence_points,
                transform_version, src_sha256)
            SELECT a.athlete_id, a.source_id, a.activity_id, \(Int32(streams.count)),
                   \(streams.originalSize.map(Int32.init(clamping:)) as Int32?), \(streams.seriesType as String?),
                   \(streams.resolution as String?), \(PackedArray<Int32>(streams[.time])), \(PackedArray<Float>(streams[.distance])),
                   \(PackedArray<Int32>(streams[.latitude], scale: 1e6)), \(PackedArray<Int32>(streams[.longitude], scale: 1e6)),
                   \(PackedArray<Float>(streams[.altitude])), \(PackedArray<Float>(streams[.velocity])),
                   \(PackedArray<Float>(streams[.grade])), \(PackedArray<Int16>(streams[.heartrate])),
                   \(PackedArray<Int16>(streams[.cadence])), \(PackedArray<Int16>(streams[.watts])),
                   \(PackedArray<Int16>(streams[.temperature])), \(PackedArray<Bool>(streams[.moving])),
                   \(Int32(clamping: facts.shortPoints)), \(count(facts.disorderedPoints)), \(count(outliers?.longestStep_s)),
                   \(facts.endDistance_m as Double?), \(count(outliers?.time)), \(count(outliers?.distance)), \(count(outliers?.position)),
                   \(count(outliers?.altitude)), \(count(outliers?.heartrate)), \(count(outliers?.power)), \(count(outliers?.cadence)),
                   \(TransformVersion.current), \(head.sha256)
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            \(raw: streamUpdate.clause)
            """
    }

    private static let streamUpdate = Upsert(
        facts: [
            "src_sha256", "transform_version", "point_count", "original_size", "series_type", "resolution", "short_points",
            "disordered_points", "longest_step_s", "end_distance_m", "outlier_time_points", "outlier_distance_points",
            "outlier_position_points", "outlier_altitude_points", "outlier_heartrate_points", "outlier_power_points",
            "outlier_cadence_points",
        ],
        arrays: [
            "time_s", "distance_m", "latitude_e6", "longitude_e6", "altitude_m", "velocity_mps", "grade_percent", "heartrate_bpm",
            "cadence_rpm", "power_w", "temperature_c", "moving",
        ],
        stamp: "loaded_at")

    /// - Parameter rollup: nil for streams without times, which have none; rows of an earlier answer are deleted.
    static func store(_ rollup: ActivityRollup?, of head: AnswerHead) -> [SQL] {
        if let rollup { return [store(rollup, of: head), store(rollup.metrics, rollup.heartrate, of: head)] }
        let key = head.key
        return ["activity_rollup", "activity_metric"].map { table in
            """
            DELETE FROM silver.\(raw: table)
            WHERE athlete_id = \(key.athleteID) AND source_id = \(key.source) AND activity_id = \(key.objectID)
            """
        }
    }

    private static func store(_ rollup: ActivityRollup, of head: AnswerHead) -> SQL {
        let (key, minutes) = (head.key, rollup.minutes)
        let adjusted = rollup.metrics.runAdjustedDistance_m.flatMap { run in rollup.metrics.walkAdjustedDistance_m.map { [run, $0] } }
        return """
            INSERT INTO silver.activity_rollup AS t (athlete_id, source_id, activity_id, \(raw: rollupUpdate.columns))
            SELECT a.athlete_id, a.source_id, a.activity_id,
                   \(rollup.heartrateSeconds.map { Int16(clamping: $0.first) } as Int16?),
                   \(PackedArray<Int32>(rollup.heartrateSeconds?.seconds)), \(PackedArray<Int32>(rollup.powerSeconds?.seconds)),
                   \(PackedArray<Int32>(rollup.speedSeconds?.seconds)),
                   \(PackedArray<Float>(rollup.power?.values)), \(PackedArray<Int32>(rollup.power?.starts_s)),
                   \(PackedArray<Float>(rollup.heartrate?.values)), \(PackedArray<Int32>(rollup.heartrate?.starts_s)),
                   \(PackedArray<Float>(rollup.pace?.values)), \(PackedArray<Int32>(rollup.pace?.starts_s)),
                   \(rollup.grid?.cells as [Int64]?), \(PackedArray<Int32>(rollup.grid?.seconds)),
                   \(PackedArray<Int32>(minutes.start_s)), \(PackedArray<Int16>(minutes.recorded_s)), \(PackedArray<Int16>(minutes.heartrate_bpm)),
                   \(PackedArray<Int16>(minutes.power_w)), \(PackedArray<Int16>(minutes.cadence_rpm)),
                   \(PackedArray<Float>(minutes.distance_m)), \(PackedArray<Float>(minutes.altitude_m)), \(adjusted as [Double]?)
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            \(raw: rollupUpdate.clause)
            """
    }

    private static let rollupUpdate = Upsert(
        facts: ["heartrate_first_bpm"],
        arrays: [
            "heartrate_seconds", "power_seconds", "speed_seconds", "power_w", "power_start_s", "heartrate_bpm", "heartrate_start_s",
            "pace_time_s",
            "pace_start_s", "cell", "cell_seconds", "minute_start_s", "minute_recorded_s", "minute_heartrate_bpm", "minute_power_w",
            "minute_cadence_rpm",
            "minute_distance_m", "minute_altitude_m", "adjusted_distance_m",
        ])

    /// `sql/silver` fills the columns of load, which depend on the athlete, and chooses the adjusted distance again when the sport is edited.
    private static func store(_ metrics: ActivityMetrics, _ heartrate: BestEfforts?, of head: AnswerHead) -> SQL {
        let key = head.key
        let variability = metrics.normalizedPower_w.flatMap { normalized in
            metrics.averagePower_w.flatMap { $0 > 0 ? normalized / $0 : nil }
        }
        return """
            INSERT INTO silver.activity_metric AS t (athlete_id, source_id, activity_id, \(raw: metricUpdate.columns))
            SELECT a.athlete_id, a.source_id, a.activity_id, \(Int32(clamping: metrics.recorded_s)),
                   \(Int32(clamping: metrics.heartrate_s)), \(metrics.averageHeartrate_bpm as Double?),
                   \(heartrate?.best(over: 30) as Double?), \(Int32(clamping: metrics.power_s)),
                   \(Int32(clamping: metrics.powerPositive_s)), \(Int32(clamping: metrics.distance_s)), \(metrics.averagePower_w as Double?),
                   \(metrics.normalizedPower_w as Double?), \(variability as Double?), \(metrics.decoupling?.percent as Double?),
                   \(metrics.decoupling?.basis.rawValue as String?), \(metrics.bestVAM_m_per_h as Double?),
                   CASE a.sport_family WHEN 'run' THEN \(metrics.runAdjustedDistance_m as Double?)::float8
                       WHEN 'walk' THEN \(metrics.walkAdjustedDistance_m as Double?)::float8 END
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            \(raw: metricUpdate.clause)
            """
    }

    private static let metricUpdate = Upsert(
        facts: [
            "recorded_s", "heartrate_s", "average_heartrate_bpm", "best_heartrate_30s_bpm", "power_s", "power_positive_s",
            "distance_s", "mean_power_w",
            "normalized_power_w", "variability_index", "decoupling_percent", "decoupling_basis", "best_vam_10min_m_per_h",
            "grade_adjusted_distance_m",
        ], reset: ["w_prime_balance_min_j"])
}

/// The end of an INSERT AS t of one activity's row, for a row that silver has already: it is written only if something differs, and an
/// unchanged array stays where it is on disk. Most arrays are unchanged when an answer changed a little, or only the transform version.
private struct Upsert: Sendable {
    /// In the order in which the row's values follow its key.
    let columns: String
    let clause: String

    /// - Parameters:
    ///   - facts: small columns. The one that tells versions apart comes first, so that arrays need not be compared.
    ///   - stamp: a column that becomes the time of the write.
    ///   - reset: columns that a write makes null, because they are computed from the new values later.
    init(facts: [String], arrays: [String] = [], stamp: String? = nil, reset: [String] = []) {
        let names = facts + arrays
        func list(of row: String) -> String { names.map { "\(row).\($0)" }.joined(separator: ", ") }
        let changes =
            facts.map { "\($0) = excluded.\($0)" }
            + arrays.map { "\($0) = CASE WHEN t.\($0) = excluded.\($0) THEN t.\($0) ELSE excluded.\($0) END" }
            + (stamp.map { ["\($0) = now()"] } ?? []) + reset.map { "\($0) = NULL" }
        columns = names.joined(separator: ", ")
        clause = """
            ON CONFLICT (athlete_id, source_id, activity_id) DO UPDATE SET \(changes.joined(separator: ", "))
            WHERE (\(list(of: "t"))) IS DISTINCT FROM (\(list(of: "excluded")))
            """
    }
}

/// What the quality checks read of the streams as they were sent. Pure. Nil: there is no such stream, or it has no value.
private struct StreamFacts {
    let shortPoints: Int
    let disorderedPoints: Int?
    let endDistance_m: Double?

    init(_ streams: DecodedStreams) {
        shortPoints = streams.shortPoints
        disorderedPoints = streams[.time].map(Self.disordered)
        endDistance_m = streams[.distance]?.last { !$0.isNaN }
    }

    /// Points without a time, or at a second that is not later than that of the point before.
    private static func disordered(_ times: [Double]) -> Int {
        var last = -Double.infinity
        var count = 0
        for time in times {
            let second = time.rounded(.down)
            if !(second > last) { count += 1 }
            if !second.isNaN { last = second }
        }
        return count
    }
}
