-- In:     changed_activity, changed_athlete; silver.activity, activity_rollup, athlete_zone_set.
-- Out:    silver.activity_zone.
-- Grain:  one row per activity and metric, for activities that have a histogram of it.
-- Units:  beats per minute, W, seconds.
-- Repeat: values that depend on the input only; rows that have them already are not written. When an athlete's zones changed in this
--         transaction (its now() is the time of the change), all activities of the athlete are read.
--
-- The zones that held at the start of the activity: the athlete's newest own set known by then, else the earliest; without own sets, the default
-- set by the same rule.
-- Power that was estimated, not measured, has no zones.
DELETE FROM silver.activity_zone AS t
USING changed_activity c
WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
  AND NOT EXISTS (
    SELECT FROM silver.activity_rollup r JOIN silver.activity a USING (athlete_id, source_id, activity_id)
    WHERE r.athlete_id = t.athlete_id AND r.source_id = t.source_id AND r.activity_id = t.activity_id
      AND CASE WHEN t.metric = 'heartrate' THEN r.heartrate_seconds WHEN a.has_power_meter IS NOT FALSE THEN r.power_seconds END IS NOT NULL
      AND EXISTS (
        SELECT FROM silver.athlete_zone_set z WHERE z.athlete_id = t.athlete_id AND z.source_id = t.source_id AND z.metric = t.metric));

WITH scope AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id FROM changed_activity
    UNION
    SELECT c.athlete_id, c.source_id, r.activity_id
    FROM (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
    CROSS JOIN LATERAL (
        SELECT t.activity_id FROM silver.activity_rollup t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND EXISTS (
            SELECT FROM silver.athlete_zone_set z
            WHERE z.athlete_id = c.athlete_id AND z.source_id = c.source_id AND z.changed_at = now())
        OFFSET 0 -- one look into the index per athlete
    ) AS r
)
INSERT INTO silver.activity_zone AS t (athlete_id, source_id, activity_id, metric, lower_bounds, seconds, is_default)
SELECT s.athlete_id, s.source_id, s.activity_id, k.metric, k.lower_bounds, k.seconds, k.is_default
FROM scope s CROSS JOIN LATERAL (
    SELECT z.metric, z.lower_bounds, z.is_default, CASE z.metric
            WHEN 'heartrate' THEN silver.zone_seconds(r.heartrate_seconds, r.heartrate_first_bpm, z.lower_bounds)
            ELSE silver.zone_seconds(r.power_seconds, 0, z.lower_bounds) END AS seconds
    FROM silver.activity a
    JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (x.metric) x.metric, x.lower_bounds, x.is_default
        FROM silver.athlete_zone_set x
        WHERE x.athlete_id = s.athlete_id AND x.source_id = s.source_id
          AND CASE WHEN x.metric = 'heartrate' THEN r.heartrate_seconds WHEN a.has_power_meter IS NOT FALSE THEN r.power_seconds END IS NOT NULL
        ORDER BY x.metric, x.is_default, x.valid_from <= a.start_at DESC,
            CASE WHEN x.valid_from <= a.start_at THEN x.valid_from END DESC, x.valid_from
    ) AS z
    WHERE a.athlete_id = s.athlete_id AND a.source_id = s.source_id AND a.activity_id = s.activity_id
    OFFSET 0 -- one look into each index per activity
) AS k
ON CONFLICT (athlete_id, source_id, activity_id, metric) DO UPDATE SET
    lower_bounds = excluded.lower_bounds, seconds = excluded.seconds, is_default = excluded.is_default
WHERE (t.lower_bounds, t.seconds, t.is_default) IS DISTINCT FROM (excluded.lower_bounds, excluded.seconds, excluded.is_default);
