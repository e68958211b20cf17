-- In:     changed_athlete (profile; its lists "bikes" and "shoes"); bronze_strava.answer of these athletes' profile and gear.
-- Out:    silver.gear_item.
-- Grain:  one row per athlete, source and gear.
-- Units:  metres, kg.
-- When:   the batch has an athlete's own objects.
-- Repeat: an upsert by primary key with values that depend on the answers only; nothing is written when nothing changed.
--
-- Of the profile and the gear's own answer the newer one counts, field by field. Retired gear leaves the profile's lists: gear that a list no
-- longer names is marked as retired, never removed. At most 500 items of a list are read.
WITH listed AS (
    SELECT c.athlete_id, c.source_id, bronze_strava.json_text(e.item -> 'id') AS gear_id, p.fetched_at, e.item
    FROM changed_athlete c
    JOIN bronze_strava.answer p ON p.athlete_id = c.athlete_id AND p.source_id = c.source_id AND p.endpoint = 4 AND p.object_id = c.athlete_id
    CROSS JOIN (VALUES ('bikes'), ('shoes')) AS l(list)
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(c.profile -> l.list) = 'array' THEN c.profile -> l.list ELSE '[]' END) WITH ORDINALITY AS e(item, place)
    WHERE e.place <= 500
), answered AS (
    SELECT b.athlete_id, b.source_id, bronze_strava.json_text(d.item -> 'id') AS gear_id, b.fetched_at, d.item
    FROM changed_athlete c
    JOIN bronze_strava.answer b ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 7
    CROSS JOIN LATERAL (SELECT bronze_strava.json_object(b.body) AS item) AS d
    WHERE c.profile IS NOT NULL
), item AS (
    SELECT athlete_id, source_id, gear_id, fetched_at, bronze_strava.json_text(item -> 'name') AS name,
           nullif(bronze_strava.json_text(item -> 'nickname'), '') AS nickname,
           nullif(btrim(bronze_strava.json_text(item -> 'brand_name')), '') AS brand,
           nullif(btrim(bronze_strava.json_text(item -> 'model_name')), '') AS model,
           bronze_strava.json_bool(item -> 'primary') AS is_primary, coalesce(bronze_strava.json_bool(item -> 'retired'), false) AS is_retired,
           silver.plausible('gear_distance_m', bronze_strava.json_float(item -> 'distance')) AS strava_distance_m,
           CASE WHEN bronze_strava.json_int(item -> 'frame_type') BETWEEN 0 AND 100 THEN bronze_strava.json_int(item -> 'frame_type') END AS frame_type,
           silver.plausible('gear_weight_kg', nullif(bronze_strava.json_float(item -> 'weight'), 0)) AS weight_kg,
           nullif(bronze_strava.json_text(item -> 'description'), '') AS description, is_answer
    FROM (SELECT *, false AS is_answer FROM listed UNION ALL SELECT *, true FROM answered) AS u
    WHERE length(gear_id) BETWEEN 1 AND 40
), newest AS (
    SELECT athlete_id, source_id, gear_id, (array_agg(name ORDER BY fetched_at DESC) FILTER (WHERE name IS NOT NULL))[1] AS name,
           (array_agg(nickname ORDER BY fetched_at DESC))[1] AS nickname,
           (array_agg(brand ORDER BY fetched_at DESC) FILTER (WHERE brand IS NOT NULL))[1] AS brand,
           (array_agg(model ORDER BY fetched_at DESC) FILTER (WHERE model IS NOT NULL))[1] AS model,
           (array_agg(is_primary ORDER BY fetched_at DESC) FILTER (WHERE is_primary IS NOT NULL))[1] AS is_primary,
           (array_agg(is_retired ORDER BY fetched_at DESC))[1] AS is_retired,
           (array_agg(strava_distance_m ORDER BY fetched_at DESC) FILTER (WHERE strava_distance_m IS NOT NULL))[1] AS strava_distance_m,
           (array_agg(frame_type ORDER BY fetched_at DESC) FILTER (WHERE is_answer))[1] AS frame_type,
           (array_agg(weight_kg ORDER BY fetched_at DESC) FILTER (WHERE is_answer))[1] AS weight_kg,
           (array_agg(description ORDER BY fetched_at DESC) FILTER (WHERE is_answer))[1] AS description
    FROM item
    GROUP BY athlete_id, source_id, gear_id
), fact AS (
    SELECT n.*, jsonb_typeof(l.list) = 'array' AND NOT l.list @> jsonb_build_array(jsonb_build_object('id', n.gear_id)) AS is_unlisted
    FROM newest n
    JOIN changed_athlete c USING (athlete_id, source_id)
    CROSS JOIN LATERAL (SELECT c.profile -> CASE left(n.gear_id, 1) WHEN 'b' THEN 'bikes' ELSE 'shoes' END AS list) AS l
)
INSERT INTO silver.gear_item AS t (
    athlete_id, source_id, gear_id, name, nickname, brand, model, is_primary, is_retired, strava_distance_m, frame_type, weight_kg, description)
SELECT athlete_id, source_id, gear_id, name, nickname, brand, model, is_primary AND is_unlisted IS NOT TRUE, is_retired OR is_unlisted IS TRUE,
       strava_distance_m, frame_type, weight_kg, description
FROM fact
ORDER BY athlete_id, source_id, gear_id
ON CONFLICT (athlete_id, source_id, gear_id) DO UPDATE SET
    name = excluded.name, nickname = excluded.nickname, brand = excluded.brand, model = excluded.model, is_primary = excluded.is_primary,
    is_retired = excluded.is_retired, strava_distance_m = excluded.strava_distance_m, frame_type = excluded.frame_type,
    weight_kg = excluded.weight_kg, description = excluded.description, updated_at = now()
WHERE (t.name, t.nickname, t.brand, t.model, t.is_primary, t.is_retired, t.strava_distance_m, t.frame_type, t.weight_kg, t.description)
    IS DISTINCT FROM (
    excluded.name, excluded.nickname, excluded.brand, excluded.model, excluded.is_primary, excluded.is_retired, excluded.strava_distance_m,
    excluded.frame_type, excluded.weight_kg, excluded.description);

UPDATE silver.gear_item AS t SET is_retired = true, is_primary = false, updated_at = now()
FROM changed_athlete c
WHERE c.profile IS NOT NULL AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.is_retired IS DISTINCT FROM true
  AND jsonb_typeof(c.profile -> CASE left(t.gear_id, 1) WHEN 'b' THEN 'bikes' ELSE 'shoes' END) = 'array'
  AND NOT c.profile -> CASE left(t.gear_id, 1) WHEN 'b' THEN 'bikes' ELSE 'shoes' END @> jsonb_build_array(jsonb_build_object('id', t.gear_id));
