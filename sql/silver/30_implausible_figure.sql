-- In:     changed_activity (summary and detail as jsonb); silver.activity, lap, split, split_mile of the batch; silver.quality_check (the bounds).
-- Out:    silver.quality_finding, the checks that are named after a column (with lap_ before it: of a lap or a split); these columns become null.
-- Grain:  one row per activity and implausible figure; of several laps and splits the value furthest from zero.
-- Units:  at the end of the checks' names.
-- Repeat: reads only rows that the files before it have made from the same answers; the same answers give the same result.
-- When:   the batch has activities.
--
-- A number too large for its column is null there already, so the value sent is read from the answer.
WITH bound AS MATERIALIZED (
    SELECT k.place, k.check_names, array_agg(q.at_least ORDER BY array_position(k.check_names, q.check_name)) AS at_least,
           array_agg(q.at_most ORDER BY array_position(k.check_names, q.check_name)) AS at_most
    FROM (VALUES
        ('activity', '{distance_m,moving_time_s,elapsed_time_s,elevation_gain_m,elevation_high_m,elevation_low_m,average_speed_mps,max_speed_mps,
            average_heartrate_bpm,max_heartrate_bpm,average_cadence_rpm,average_temperature_c,average_power_w,weighted_power_w,max_power_w,
            energy_kj,calories_kcal,relative_effort,perceived_exertion}'::text[]),
        ('lap', '{lap_distance_m,lap_moving_time_s,lap_elapsed_time_s,lap_elevation_gain_m,lap_average_speed_mps,lap_max_speed_mps,
            lap_average_heartrate_bpm,lap_max_heartrate_bpm,lap_average_cadence_rpm,lap_average_power_w}'),
        ('split', '{lap_distance_m,lap_moving_time_s,lap_elapsed_time_s,lap_elevation_difference_m,lap_average_speed_mps,
            lap_grade_adjusted_speed_mps,lap_average_heartrate_bpm}')
    ) AS k(place, check_names)
    JOIN silver.quality_check q ON q.check_name = ANY (k.check_names)
    GROUP BY k.place, k.check_names
), absurd AS MATERIALIZED (
    SELECT x.*
    FROM (
        SELECT c.athlete_id, c.source_id, c.activity_id, 'activity' AS place, 0 AS number, m.check_name, m.at_least, m.at_most,
               coalesce(m.value, bronze_strava.json_measure(
                   CASE WHEN m.field IN ('calories', 'perceived_exertion') THEN c.detail ELSE c.document END -> m.field)) AS measured
        FROM (
            SELECT *, CASE WHEN summary IS NULL OR (detail IS NOT NULL AND detail_is_newer) THEN detail ELSE summary END AS document
            FROM changed_activity
            WHERE is_stale AND NOT is_gone AND coalesce(summary, detail) IS NOT NULL
        ) AS c
        CROSS JOIN LATERAL (
            SELECT * FROM silver.activity x
            WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
            OFFSET 0 -- one look into the index per activity
        ) AS a
        JOIN bound b ON b.place = 'activity'
        CROSS JOIN LATERAL unnest(
            b.check_names,
            '{distance,moving_time,elapsed_time,total_elevation_gain,elev_high,elev_low,average_speed,max_speed,average_heartrate,max_heartrate,
                average_cadence,average_temp,average_watts,weighted_average_watts,max_watts,kilojoules,calories,suffer_score,
                perceived_exertion}'::text[],
            ARRAY[a.distance_m, a.moving_time_s, a.elapsed_time_s, a.elevation_gain_m, a.elevation_high_m, a.elevation_low_m,
                a.average_speed_mps, a.max_speed_mps, a.average_heartrate_bpm, a.max_heartrate_bpm, a.average_cadence_rpm,
                a.average_temperature_c, a.average_power_w, a.weighted_power_w, a.max_power_w, a.energy_kj, a.calories_kcal,
                a.relative_effort, a.perceived_exertion],
            b.at_least, b.at_most) AS m(check_name, field, value, at_least, at_most)
        OFFSET 0 -- the answer is read once per figure
    ) AS x
    WHERE x.measured < x.at_least OR x.measured > x.at_most
    UNION ALL
    SELECT c.athlete_id, c.source_id, c.activity_id, b.place, x.number, x.check_name, x.at_least, x.at_most, x.value
    FROM changed_activity c JOIN bound b ON b.place = 'lap'
    CROSS JOIN LATERAL (
        SELECT t.lap_number AS number, m.*
        FROM silver.lap t
        CROSS JOIN LATERAL unnest(
            b.check_names,
            ARRAY[t.distance_m, t.moving_time_s, t.elapsed_time_s, t.elevation_gain_m, t.average_speed_mps, t.max_speed_mps,
                t.average_heartrate_bpm, t.max_heartrate_bpm, t.average_cadence_rpm, t.average_power_w],
            b.at_least, b.at_most) AS m(check_name, value, at_least, at_most)
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
          AND (m.value < m.at_least OR m.value > m.at_most)
        OFFSET 0 -- one look into the index per activity
    ) AS x
    WHERE c.laps_are_stale AND NOT c.is_gone
    UNION ALL
    SELECT c.athlete_id, c.source_id, c.activity_id, x.place, x.number, x.check_name, x.at_least, x.at_most, x.value
    FROM changed_activity c JOIN bound b ON b.place = 'split'
    CROSS JOIN LATERAL (
        SELECT t.place, t.split_number AS number, m.*
        FROM (
            SELECT 'split' AS place, s.* FROM silver.split s
            WHERE s.athlete_id = c.athlete_id AND s.source_id = c.source_id AND s.activity_id = c.activity_id
            UNION ALL
            SELECT 'split_mile', s.* FROM silver.split_mile s
            WHERE s.athlete_id = c.athlete_id AND s.source_id = c.source_id AND s.activity_id = c.activity_id
        ) AS t
        CROSS JOIN LATERAL unnest(
            b.check_names,
            ARRAY[t.distance_m, t.moving_time_s, t.elapsed_time_s, t.elevation_difference_m, t.average_speed_mps, t.grade_adjusted_speed_mps,
                t.average_heartrate_bpm],
            b.at_least, b.at_most) AS m(check_name, value, at_least, at_most)
        WHERE m.value < m.at_least OR m.value > m.at_most
        OFFSET 0 -- one look into each index per activity
    ) AS x
    WHERE c.laps_are_stale AND NOT c.is_gone
), place AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id, place, number, array_agg(regexp_replace(check_name, '^lap_', '')) AS figures
    FROM absurd
    GROUP BY athlete_id, source_id, activity_id, place, number
), bounded_activity AS (
    UPDATE silver.activity AS t SET
        distance_m = CASE WHEN 'distance_m' <> ALL (p.figures) THEN t.distance_m END,
        moving_time_s = CASE WHEN 'moving_time_s' <> ALL (p.figures) THEN t.moving_time_s END,
        elapsed_time_s = CASE WHEN 'elapsed_time_s' <> ALL (p.figures) THEN t.elapsed_time_s END,
        elevation_gain_m = CASE WHEN 'elevation_gain_m' <> ALL (p.figures) THEN t.elevation_gain_m END,
        elevation_high_m = CASE WHEN 'elevation_high_m' <> ALL (p.figures) THEN t.elevation_high_m END,
        elevation_low_m = CASE WHEN 'elevation_low_m' <> ALL (p.figures) THEN t.elevation_low_m END,
        average_speed_mps = CASE WHEN 'average_speed_mps' <> ALL (p.figures) THEN t.average_speed_mps END,
        max_speed_mps = CASE WHEN 'max_speed_mps' <> ALL (p.figures) THEN t.max_speed_mps END,
        average_heartrate_bpm = CASE WHEN 'average_heartrate_bpm' <> ALL (p.figures) THEN t.average_heartrate_bpm END,
        max_heartrate_bpm = CASE WHEN 'max_heartrate_bpm' <> ALL (p.figures) THEN t.max_heartrate_bpm END,
        average_cadence_rpm = CASE WHEN 'average_cadence_rpm' <> ALL (p.figures) THEN t.average_cadence_rpm END,
        average_temperature_c = CASE WHEN 'average_temperature_c' <> ALL (p.figures) THEN t.average_temperature_c END,
        average_power_w = CASE WHEN 'average_power_w' <> ALL (p.figures) THEN t.average_power_w END,
        weighted_power_w = CASE WHEN 'weighted_power_w' <> ALL (p.figures) THEN t.weighted_power_w END,
        max_power_w = CASE WHEN 'max_power_w' <> ALL (p.figures) THEN t.max_power_w END,
        energy_kj = CASE WHEN 'energy_kj' <> ALL (p.figures) THEN t.energy_kj END,
        calories_kcal = CASE WHEN 'calories_kcal' <> ALL (p.figures) THEN t.calories_kcal END,
        relative_effort = CASE WHEN 'relative_effort' <> ALL (p.figures) THEN t.relative_effort END,
        perceived_exertion = CASE WHEN 'perceived_exertion' <> ALL (p.figures) THEN t.perceived_exertion END
    FROM place p
    WHERE p.place = 'activity' AND t.athlete_id = p.athlete_id AND t.source_id = p.source_id AND t.activity_id = p.activity_id
), bounded_lap AS (
    UPDATE silver.lap AS t SET
        distance_m = CASE WHEN 'distance_m' <> ALL (p.figures) THEN t.distance_m END,
        moving_time_s = CASE WHEN 'moving_time_s' <> ALL (p.figures) THEN t.moving_time_s END,
        elapsed_time_s = CASE WHEN 'elapsed_time_s' <> ALL (p.figures) THEN t.elapsed_time_s END,
        elevation_gain_m = CASE WHEN 'elevation_gain_m' <> ALL (p.figures) THEN t.elevation_gain_m END,
        average_speed_mps = CASE WHEN 'average_speed_mps' <> ALL (p.figures) THEN t.average_speed_mps END,
        max_speed_mps = CASE WHEN 'max_speed_mps' <> ALL (p.figures) THEN t.max_speed_mps END,
        average_heartrate_bpm = CASE WHEN 'average_heartrate_bpm' <> ALL (p.figures) THEN t.average_heartrate_bpm END,
        max_heartrate_bpm = CASE WHEN 'max_heartrate_bpm' <> ALL (p.figures) THEN t.max_heartrate_bpm END,
        average_cadence_rpm = CASE WHEN 'average_cadence_rpm' <> ALL (p.figures) THEN t.average_cadence_rpm END,
        average_power_w = CASE WHEN 'average_power_w' <> ALL (p.figures) THEN t.average_power_w END
    FROM place p
    WHERE p.place = 'lap' AND t.athlete_id = p.athlete_id AND t.source_id = p.source_id AND t.activity_id = p.activity_id
      AND t.lap_number = p.number
), bounded_split AS (
    UPDATE silver.split AS t SET
        distance_m = CASE WHEN 'distance_m' <> ALL (p.figures) THEN t.distance_m END,
        moving_time_s = CASE WHEN 'moving_time_s' <> ALL (p.figures) THEN t.moving_time_s END,
        elapsed_time_s = CASE WHEN 'elapsed_time_s' <> ALL (p.figures) THEN t.elapsed_time_s END,
        elevation_difference_m = CASE WHEN 'elevation_difference_m' <> ALL (p.figures) THEN t.elevation_difference_m END,
        average_speed_mps = CASE WHEN 'average_speed_mps' <> ALL (p.figures) THEN t.average_speed_mps END,
        grade_adjusted_speed_mps = CASE WHEN 'grade_adjusted_speed_mps' <> ALL (p.figures) THEN t.grade_adjusted_speed_mps END,
        average_heartrate_bpm = CASE WHEN 'average_heartrate_bpm' <> ALL (p.figures) THEN t.average_heartrate_bpm END
    FROM place p
    WHERE p.place = 'split' AND t.athlete_id = p.athlete_id AND t.source_id = p.source_id AND t.activity_id = p.activity_id
      AND t.split_number = p.number
), bounded_mile AS (
    UPDATE silver.split_mile AS t SET
        distance_m = CASE WHEN 'distance_m' <> ALL (p.figures) THEN t.distance_m END,
        moving_time_s = CASE WHEN 'moving_time_s' <> ALL (p.figures) THEN t.moving_time_s END,
        elapsed_time_s = CASE WHEN 'elapsed_time_s' <> ALL (p.figures) THEN t.elapsed_time_s END,
        elevation_difference_m = CASE WHEN 'elevation_difference_m' <> ALL (p.figures) THEN t.elevation_difference_m END,
        average_speed_mps = CASE WHEN 'average_speed_mps' <> ALL (p.figures) THEN t.average_speed_mps END,
        grade_adjusted_speed_mps = CASE WHEN 'grade_adjusted_speed_mps' <> ALL (p.figures) THEN t.grade_adjusted_speed_mps END,
        average_heartrate_bpm = CASE WHEN 'average_heartrate_bpm' <> ALL (p.figures) THEN t.average_heartrate_bpm END
    FROM place p
    WHERE p.place = 'split_mile' AND t.athlete_id = p.athlete_id AND t.source_id = p.source_id AND t.activity_id = p.activity_id
      AND t.split_number = p.number
), finding AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id, check_name, (array_agg(measured ORDER BY abs(measured) DESC))[1] AS measured, at_least, at_most
    FROM absurd
    GROUP BY athlete_id, source_id, activity_id, check_name, at_least, at_most
), passed AS (
    DELETE FROM silver.quality_finding t
    USING changed_activity c
    WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id AND NOT c.is_gone
      AND CASE WHEN t.check_name LIKE 'lap\_%' THEN c.laps_are_stale
          ELSE c.is_stale AND t.check_name IN (
              'distance_m', 'moving_time_s', 'elapsed_time_s', 'elevation_gain_m', 'elevation_high_m', 'elevation_low_m',
              'average_speed_mps', 'max_speed_mps', 'average_heartrate_bpm', 'max_heartrate_bpm', 'average_cadence_rpm',
              'average_temperature_c', 'average_power_w', 'weighted_power_w', 'max_power_w', 'energy_kj', 'calories_kcal',
              'relative_effort', 'perceived_exertion') END
      AND NOT EXISTS (
        SELECT FROM finding f
        WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.activity_id = t.activity_id AND f.check_name = t.check_name)
)
INSERT INTO silver.quality_finding AS t (athlete_id, source_id, activity_id, check_name, measured, at_least, at_most)
SELECT athlete_id, source_id, activity_id, check_name, measured, at_least, at_most FROM finding
ON CONFLICT (athlete_id, source_id, activity_id, check_name) DO UPDATE SET
    measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most);
