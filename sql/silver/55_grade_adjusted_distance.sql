-- In:     changed_activity; silver.activity (the sport, the time in motion), activity_rollup.
-- Out:    silver.activity_metric: grade_adjusted_distance_m, grade_adjusted_pace_s_per_km.
-- Grain:  one row per activity.
-- Units:  metres; seconds per kilometre.
-- Repeat: values that depend on the input only; rows that have them already are not written.
-- When:   the batch has activities.
--
-- Minetti's cost of running or of walking, by the activity's current sport, which may be edited while the streams stay the same.
UPDATE silver.activity_metric AS t SET grade_adjusted_distance_m = n.distance_m, grade_adjusted_pace_s_per_km = p.pace_s_per_km
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT * FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS a
LEFT JOIN silver.activity_rollup r ON r.athlete_id = c.athlete_id AND r.source_id = c.source_id AND r.activity_id = c.activity_id
CROSS JOIN LATERAL (
    SELECT CASE a.sport_family WHEN 'run' THEN r.adjusted_distance_m[1] WHEN 'walk' THEN r.adjusted_distance_m[2] END AS distance_m
) AS n
CROSS JOIN LATERAL (
    SELECT m.recorded_s FROM silver.activity_metric m
    WHERE m.athlete_id = c.athlete_id AND m.source_id = c.source_id AND m.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS m
CROSS JOIN LATERAL (
    SELECT coalesce(nullif(a.moving_time_s, 0), nullif(m.recorded_s, 0)) / nullif(n.distance_m, 0) * 1000 AS pace_s_per_km
) AS p
WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
  AND (t.grade_adjusted_distance_m, t.grade_adjusted_pace_s_per_km) IS DISTINCT FROM (n.distance_m, p.pace_s_per_km);
