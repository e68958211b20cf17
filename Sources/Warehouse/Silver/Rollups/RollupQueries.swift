import Core
import Database

/// The statements that store an activity's rollup. Where silver lacks the activity they do nothing.
enum RollupQueries {
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
                   \(PackedArray<Float>(rollup.power?.values)), \(PackedArray<Int32>(rollup.power?.starts_s)),
                   \(PackedArray<Float>(rollup.heartrate?.values)), \(PackedArray<Int32>(rollup.heartrate?.starts_s)),
                   \(PackedArray<Float>(rollup.pace?.values)), \(PackedArray<Int32>(rollup.pace?.starts_s)),
                   \(rollup.grid?.cells as [Int64]?), \(PackedArray<Int32>(rollup.grid?.seconds)),
                   \(PackedArray<Int16>(minutes.recorded_s)), \(PackedArray<Int16>(minutes.heartrate_bpm)),
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
            "heartrate_seconds", "power_seconds", "power_w", "power_start_s", "heartrate_bpm", "heartrate_start_s", "pace_time_s",
            "pace_start_s", "cell", "cell_seconds", "minute_recorded_s", "minute_heartrate_bpm", "minute_power_w", "minute_cadence_rpm",
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
                   \(heartrate?.best(over: 30) as Double?), \(Int32(clamping: metrics.power_s)), \(metrics.averagePower_w as Double?),
                   \(metrics.normalizedPower_w as Double?), \(variability as Double?), \(metrics.decoupling?.percent as Double?),
                   \(metrics.decoupling?.basis.rawValue as String?), \(metrics.bestVAM_m_per_h as Double?),
                   CASE silver.sport_family(a.sport_type) WHEN 'run' THEN \(metrics.runAdjustedDistance_m as Double?)::float8
                       WHEN 'walk' THEN \(metrics.walkAdjustedDistance_m as Double?)::float8 END
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            \(raw: metricUpdate.clause)
            """
    }

    private static let metricUpdate = Upsert(
        facts: [
            "recorded_s", "heartrate_s", "average_heartrate_bpm", "best_heartrate_30s_bpm", "power_s", "average_power_w",
            "normalized_power_w", "variability_index", "decoupling_percent", "decoupling_basis", "best_vam_10min_m_per_h",
            "grade_adjusted_distance_m",
        ])
}
