-- In:     changed_activity; silver.activity, activity_stream, activity_metric; silver.quality_check (the thresholds).
-- Out:    silver.quality_finding.
-- Grain:  one row per activity and check that it does not pass.
-- Units:  at the end of the checks' names.
-- Repeat: values that depend on the input only; a finding that no longer holds is deleted, an unchanged one is not written.
-- When:   the batch has activities.
--
-- 30_implausible_figure.sql finds implausible figures. Distances that are both under 100 m are not compared: a few metres are no error there.
WITH allowed AS MATERIALIZED (
    SELECT check_name, at_least, at_most FROM silver.quality_check
    WHERE check_name LIKE 'outlier\_%' OR check_name IN (
        'distance_percent', 'load_per_h', 'longest_step_s', 'point_count', 'recorded_percent', 'short_points', 'time_disorder_points')
), finding AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, c.activity_id, q.check_name, m.measured, q.at_least, q.at_most
    FROM changed_activity c
    CROSS JOIN LATERAL (
        SELECT * FROM silver.activity x
        WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
        OFFSET 0 -- one look into the index per activity
    ) AS a
    LEFT JOIN silver.activity_stream s
      ON s.athlete_id = c.athlete_id AND s.source_id = c.source_id AND s.activity_id = c.activity_id
    LEFT JOIN silver.activity_metric t
      ON t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
    CROSS JOIN LATERAL (VALUES
        ('load_per_h', CASE WHEN a.has_power_meter AND t.normalized_power_w IS NULL
            THEN silver.load_per_h(coalesce(a.weighted_power_w, a.average_power_w), t.load_ftp_w, a.moving_time_s)
            WHEN a.has_power_meter IS NOT FALSE THEN silver.load_per_h(t.normalized_power_w, t.load_ftp_w, t.power_s) END),
        ('distance_percent', CASE WHEN greatest(s.end_distance_m, a.distance_m) >= 100
            THEN 100 * abs(s.end_distance_m - a.distance_m) / greatest(s.end_distance_m, a.distance_m) END),
        ('recorded_percent', CASE WHEN s.point_count > 0 AND a.moving_time_s >= 60 THEN 100.0 * t.recorded_s / a.moving_time_s END),
        ('longest_step_s', s.longest_step_s), ('point_count', s.point_count), ('short_points', s.short_points),
        ('time_disorder_points', s.disordered_points), ('outlier_time_points', s.outlier_time_points),
        ('outlier_distance_points', s.outlier_distance_points), ('outlier_position_points', s.outlier_position_points),
        ('outlier_altitude_points', s.outlier_altitude_points), ('outlier_heartrate_points', s.outlier_heartrate_points),
        ('outlier_power_points', s.outlier_power_points), ('outlier_cadence_points', s.outlier_cadence_points)
    ) AS m(check_name, measured)
    JOIN allowed q ON q.check_name = m.check_name AND (m.measured < q.at_least OR m.measured > q.at_most)
), passed AS (
    DELETE FROM silver.quality_finding t
    USING changed_activity c
    WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
      AND t.check_name IN (
        'distance_percent', 'load_per_h', 'longest_step_s', 'outlier_altitude_points', 'outlier_cadence_points', 'outlier_distance_points',
        'outlier_heartrate_points', 'outlier_position_points', 'outlier_power_points', 'outlier_time_points', 'point_count',
        'recorded_percent', 'short_points', 'time_disorder_points')
      AND NOT EXISTS (
        SELECT FROM finding f
        WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.activity_id = t.activity_id AND f.check_name = t.check_name)
)
INSERT INTO silver.quality_finding AS t (athlete_id, source_id, activity_id, check_name, measured, at_least, at_most)
SELECT athlete_id, source_id, activity_id, check_name, measured, at_least, at_most FROM finding
ON CONFLICT (athlete_id, source_id, activity_id, check_name) DO UPDATE SET
    measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most);
