import Core
import Database

/// The statements that store what was worked out from an activity's arrays, provided that silver has the activity.
extension SilverQueries {
    /// Streams without times have no rollups; rows of an earlier answer go.
    static func storeRollup(_ rollup: ActivityRollup?, of head: AnswerHead) -> [SQL] {
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
            INSERT INTO silver.activity_rollup (athlete_id, source_id, activity_id, \(raw: rollupColumns))
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
            ON CONFLICT (athlete_id, source_id, activity_id) DO UPDATE SET (\(raw: rollupColumns)) = (\(raw: rollupColumnsNew))
            """
    }

    private static let rollupColumns = """
        heartrate_first_bpm, heartrate_seconds, power_seconds, power_w, power_start_s, heartrate_bpm, heartrate_start_s, pace_time_s,
        pace_start_s, cell, cell_seconds, minute_recorded_s, minute_heartrate_bpm, minute_power_w, minute_cadence_rpm,
        minute_distance_m, minute_altitude_m, adjusted_distance_m
        """

    private static let rollupColumnsNew = """
        excluded.heartrate_first_bpm, excluded.heartrate_seconds, excluded.power_seconds, excluded.power_w, excluded.power_start_s,
        excluded.heartrate_bpm, excluded.heartrate_start_s, excluded.pace_time_s, excluded.pace_start_s, excluded.cell,
        excluded.cell_seconds, excluded.minute_recorded_s, excluded.minute_heartrate_bpm, excluded.minute_power_w,
        excluded.minute_cadence_rpm, excluded.minute_distance_m, excluded.minute_altitude_m, excluded.adjusted_distance_m
        """

    /// Load and grade-adjusted distance are left to `sql/silver`: they need what is known of the athlete, and the sport as it is now.
    private static func store(_ metrics: ActivityMetrics, _ heartrate: BestEfforts?, of head: AnswerHead) -> SQL {
        let key = head.key
        let variability = metrics.normalizedPower_w.flatMap { normalized in
            metrics.averagePower_w.flatMap { $0 > 0 ? normalized / $0 : nil }
        }
        return """
            INSERT INTO silver.activity_metric (
                athlete_id, source_id, activity_id, recorded_s, heartrate_s, average_heartrate_bpm, best_heartrate_30s_bpm, power_s,
                average_power_w, normalized_power_w, variability_index, decoupling_percent, decoupling_basis, best_vam_10min_m_per_h)
            SELECT a.athlete_id, a.source_id, a.activity_id, \(Int32(clamping: metrics.recorded_s)),
                   \(Int32(clamping: metrics.heartrate_s)), \(metrics.averageHeartrate_bpm as Double?),
                   \(heartrate?.best(over: 30) as Double?), \(Int32(clamping: metrics.power_s)), \(metrics.averagePower_w as Double?),
                   \(metrics.normalizedPower_w as Double?), \(variability as Double?), \(metrics.decoupling?.percent as Double?),
                   \(metrics.decoupling?.basis.rawValue as String?), \(metrics.bestVAM_m_per_h as Double?)
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            ON CONFLICT (athlete_id, source_id, activity_id) DO UPDATE SET
                recorded_s = excluded.recorded_s, heartrate_s = excluded.heartrate_s,
                average_heartrate_bpm = excluded.average_heartrate_bpm, best_heartrate_30s_bpm = excluded.best_heartrate_30s_bpm,
                power_s = excluded.power_s, average_power_w = excluded.average_power_w,
                normalized_power_w = excluded.normalized_power_w, variability_index = excluded.variability_index,
                decoupling_percent = excluded.decoupling_percent, decoupling_basis = excluded.decoupling_basis,
                best_vam_10min_m_per_h = excluded.best_vam_10min_m_per_h
            """
    }
}

extension BestEfforts {
    /// The value at a rung of the durations; nil when it was not reached.
    func best(over duration_s: Int) -> Double? {
        guard let rung = EffortLadder.durations_s.firstIndex(of: duration_s), rung < values.count, !values[rung].isNaN else { return nil }
        return values[rung]
    }
}
