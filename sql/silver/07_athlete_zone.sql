-- In:     changed_athlete; bronze_strava.answer and answer_version of these athletes' zones that are newer than the known zone sets.
-- Out:    silver.athlete_zone_set, the rows with is_default = false.
-- Grain:  one row per athlete, source, metric and change of zones.
-- Units:  beats per minute, W; times UTC.
-- When:   the batch has an athlete's own objects.
-- Repeat: only answers newer than the newest set are read, and a set is added only when it differs from the one before it.
--
-- Strava's zones may touch (0-116, 116-144) or leave a gap of one (0-116, 117-144): a zone begins at its min, the first at 0.
-- Strava's power zones are a rider's, its heart rate zones hold for all sports.
-- A list with anything but ascending whole numbers, with more than 20 zones, or with an implausible bound is ignored.
WITH known AS (
    SELECT c.athlete_id, c.source_id, m.metric, m.name, z.valid_from, z.lower_bounds
    FROM changed_athlete c
    CROSS JOIN (VALUES ('heartrate', 'heart_rate'), ('power', 'power')) AS m(metric, name)
    LEFT JOIN LATERAL (
        SELECT t.valid_from, t.lower_bounds
        FROM silver.athlete_zone_set t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.metric = m.metric AND NOT t.is_default
        ORDER BY t.valid_from DESC LIMIT 1
    ) AS z ON true
), answer AS (
    SELECT b.athlete_id, b.source_id, b.fetched_at AS valid_from, bronze_strava.json_object(b.body) AS document
    FROM changed_athlete c JOIN bronze_strava.answer b
      ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 5 AND b.object_id = c.athlete_id
    UNION ALL
    SELECT b.athlete_id, b.source_id, b.valid_from, bronze_strava.json_object(b.body)
    FROM changed_athlete c JOIN bronze_strava.answer_version b
      ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 5 AND b.object_id = c.athlete_id
), fact AS (
    SELECT k.athlete_id, k.source_id, k.metric, a.valid_from, z.lower_bounds, k.lower_bounds AS known_bounds
    FROM known k
    JOIN answer a ON a.athlete_id = k.athlete_id AND a.source_id = k.source_id AND a.valid_from > coalesce(k.valid_from, '-infinity')
    CROSS JOIN LATERAL (
        SELECT a.document -> k.name -> 'zones' AS list
    ) AS l
    CROSS JOIN LATERAL (
        SELECT array_agg(b.bound ORDER BY e.place) AS lower_bounds, array_agg(b.bound ORDER BY b.bound, e.place) AS in_order,
               count(DISTINCT b.bound) AS bounds
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(l.list) = 'array' THEN l.list ELSE '[]' END) WITH ORDINALITY AS e(zone, place)
        CROSS JOIN LATERAL (SELECT CASE WHEN e.place = 1 THEN 0 ELSE bronze_strava.json_int(e.zone -> 'min') END AS bound) AS b
        HAVING count(*) BETWEEN 2 AND 20
    ) AS z
    WHERE z.lower_bounds = z.in_order AND z.bounds = cardinality(z.lower_bounds) AND z.lower_bounds[1] = 0
      AND silver.plausible(CASE k.metric WHEN 'heartrate' THEN 'zone_heartrate_bpm' ELSE 'zone_power_w' END,
          z.lower_bounds[cardinality(z.lower_bounds)]) IS NOT NULL
), step AS (
    SELECT *, lag(lower_bounds, 1, known_bounds) OVER (PARTITION BY athlete_id, source_id, metric ORDER BY valid_from) AS before
    FROM fact
)
INSERT INTO silver.athlete_zone_set (athlete_id, source_id, sport_family, metric, valid_from, lower_bounds, is_default)
SELECT athlete_id, source_id, CASE metric WHEN 'power' THEN 'ride' ELSE 'all' END, metric, valid_from, lower_bounds, false
FROM step
WHERE before IS DISTINCT FROM lower_bounds
ON CONFLICT (athlete_id, source_id, sport_family, metric, is_default, valid_from) DO NOTHING;
