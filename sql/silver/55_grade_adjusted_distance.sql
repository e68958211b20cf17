-- In:     changed_activity; silver.activity (the sport), activity_rollup.
-- Out:    silver.activity_metric: grade_adjusted_distance_m (and with it the pace, a generated column).
-- Grain:  one row per activity.
-- Units:  metres.
-- Repeat: values that depend on the input only; rows that have them already are not written.
--
-- Minetti's cost of running or of walking, by the activity's current sport, which may be edited while the streams stay the same.
UPDATE silver.activity_metric AS t SET grade_adjusted_distance_m = n.distance_m
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT * FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS a
LEFT JOIN silver.activity_rollup r ON r.athlete_id = c.athlete_id AND r.source_id = c.source_id AND r.activity_id = c.activity_id
CROSS JOIN LATERAL (
    SELECT CASE silver.sport_family(a.sport_type) WHEN 'run' THEN r.adjusted_distance_m[1] WHEN 'walk' THEN r.adjusted_distance_m[2] END AS distance_m
) AS n
WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
  AND t.grade_adjusted_distance_m IS DISTINCT FROM n.distance_m;
