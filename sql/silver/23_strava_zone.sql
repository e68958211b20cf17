-- In:     changed_activity; bronze_strava.answer of these activities' zones (endpoint 6); silver.activity; silver.quality_check (the bounds).
-- Out:    silver.activity_strava_zone; silver.quality_finding, the checks that begin with strava_zone_.
-- Grain:  one row per activity, metric and zone, numbered in the order sent; one finding per activity and check, of several values the one
--         furthest from zero.
-- Units:  beats per minute, W, or for pace metres per second; seconds.
-- Repeat: values that depend on the answer only; an unchanged row is not written, a zone that is no longer sent is deleted.
-- When:   the batch has activities.
--
-- Of several lists for a metric the first counts. At most 20 lists of 100 zones are read. A metric that is not known here has the widest bounds.
WITH answer AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, c.activity_id, b.document
    FROM changed_activity c
    CROSS JOIN LATERAL (
        SELECT bronze_strava.json_list(x.body) AS document FROM bronze_strava.answer x
        WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.endpoint = 6 AND x.object_id = c.activity_id
        OFFSET 0 -- one look into the index per activity
    ) AS b
    WHERE NOT c.is_gone AND b.document IS NOT NULL
      AND EXISTS (
        SELECT FROM silver.activity a
        WHERE a.athlete_id = c.athlete_id AND a.source_id = c.source_id AND a.activity_id = c.activity_id)
), series AS (
    SELECT DISTINCT ON (a.athlete_id, a.source_id, a.activity_id, m.metric)
           a.athlete_id, a.source_id, a.activity_id, m.metric, e.series
    FROM answer a
    CROSS JOIN LATERAL jsonb_array_elements(a.document) WITH ORDINALITY AS e(series, place)
    CROSS JOIN LATERAL (SELECT bronze_strava.json_text(e.series -> 'type') AS metric) AS m
    WHERE e.place <= 20 AND length(m.metric) BETWEEN 1 AND 40 AND jsonb_typeof(e.series -> 'distribution_buckets') = 'array'
    ORDER BY a.athlete_id, a.source_id, a.activity_id, m.metric, e.place
), sent AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, s.metric, z.place::integer AS zone, 'strava_zone_' ||
           CASE s.metric WHEN 'heartrate' THEN 'heartrate_bpm' WHEN 'power' THEN 'power_w' WHEN 'pace' THEN 'pace_mps' ELSE 'power_w' END AS bound_check,
           bronze_strava.json_measure(z.bucket -> 'min') AS from_value, nullif(bronze_strava.json_measure(z.bucket -> 'max'), -1) AS to_value,
           bronze_strava.json_measure(z.bucket -> 'time') AS time_s, bronze_strava.json_measure(s.series -> 'score') AS score,
           bronze_strava.json_measure(s.series -> 'points') AS points, bronze_strava.json_bool(s.series -> 'sensor_based') AS is_sensor_based,
           bronze_strava.json_bool(s.series -> 'custom_zones') AS is_custom
    FROM series s
    CROSS JOIN LATERAL jsonb_array_elements(s.series -> 'distribution_buckets') WITH ORDINALITY AS z(bucket, place)
    WHERE z.place <= 100
), finding AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, q.check_name, (array_agg(m.measured ORDER BY abs(m.measured) DESC))[1] AS measured,
           q.at_least, q.at_most
    FROM sent s
    CROSS JOIN LATERAL (VALUES
        (s.bound_check, s.from_value), (s.bound_check, s.to_value), ('strava_zone_time_s', s.time_s), ('strava_zone_score', s.score),
        ('strava_zone_score', s.points)) AS m(check_name, measured)
    JOIN silver.quality_check q ON q.check_name = m.check_name AND (m.measured < q.at_least OR m.measured > q.at_most)
    GROUP BY s.athlete_id, s.source_id, s.activity_id, q.check_name, q.at_least, q.at_most
), passed AS (
    DELETE FROM silver.quality_finding t
    USING changed_activity c
    WHERE NOT c.is_gone AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
      AND t.check_name LIKE 'strava\_zone\_%'
      AND NOT EXISTS (
        SELECT FROM finding f
        WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.activity_id = t.activity_id AND f.check_name = t.check_name)
), found AS (
    INSERT INTO silver.quality_finding AS t (athlete_id, source_id, activity_id, check_name, measured, at_least, at_most)
    SELECT athlete_id, source_id, activity_id, check_name, measured, at_least, at_most FROM finding
    ON CONFLICT (athlete_id, source_id, activity_id, check_name) DO UPDATE SET
        measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
    WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most)
), unsent AS (
    DELETE FROM silver.activity_strava_zone t
    USING changed_activity c
    WHERE NOT c.is_gone AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
      AND NOT EXISTS (
        SELECT FROM sent s
        WHERE s.athlete_id = t.athlete_id AND s.source_id = t.source_id AND s.activity_id = t.activity_id AND s.metric = t.metric
          AND s.zone = t.zone)
)
INSERT INTO silver.activity_strava_zone AS t (
    athlete_id, source_id, activity_id, metric, zone, from_value, to_value, time_s, score, points, is_sensor_based, is_custom)
SELECT athlete_id, source_id, activity_id, metric, zone, silver.plausible(bound_check, from_value), silver.plausible(bound_check, to_value),
       silver.plausible('strava_zone_time_s', time_s), silver.plausible('strava_zone_score', score),
       silver.plausible('strava_zone_score', points), is_sensor_based, is_custom
FROM sent
ON CONFLICT (athlete_id, source_id, activity_id, metric, zone) DO UPDATE SET
    from_value = excluded.from_value, to_value = excluded.to_value, time_s = excluded.time_s, score = excluded.score, points = excluded.points,
    is_sensor_based = excluded.is_sensor_based, is_custom = excluded.is_custom
WHERE (t.from_value, t.to_value, t.time_s, t.score, t.points, t.is_sensor_based, t.is_custom) IS DISTINCT FROM (
    excluded.from_value, excluded.to_value, excluded.time_s, excluded.score, excluded.points, excluded.is_sensor_based, excluded.is_custom);
