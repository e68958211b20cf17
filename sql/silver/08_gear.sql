-- In:     changed_athlete (profile; its lists "bikes" and "shoes"); bronze_strava.answer of these athletes' gear.
-- Out:    silver.gear_item.
-- Grain:  one row per athlete, source and gear.
-- Units:  metres.
-- Repeat: upserts by primary key with values that depend on the answers only; nothing is written when nothing changed.
--
-- Retired gear leaves the profile's lists: what a list no longer names is marked as retired, never removed. At most 500 items are taken.
WITH item AS (
    SELECT DISTINCT ON (c.athlete_id, c.source_id, gear_id) c.athlete_id, c.source_id, bronze_strava.json_text(e.item -> 'id') AS gear_id,
           bronze_strava.json_text(e.item -> 'name') AS name, nullif(bronze_strava.json_text(e.item -> 'nickname'), '') AS nickname,
           bronze_strava.json_bool(e.item -> 'primary') AS is_primary, coalesce(bronze_strava.json_bool(e.item -> 'retired'), false) AS is_retired,
           bronze_strava.json_float(e.item -> 'distance') AS strava_distance_m
    FROM changed_athlete c
    CROSS JOIN (VALUES ('bikes'), ('shoes')) AS l(list)
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(c.profile -> l.list) = 'array' THEN c.profile -> l.list ELSE '[]' END) WITH ORDINALITY AS e(item, place)
    WHERE e.place <= 500 AND length(bronze_strava.json_text(e.item -> 'id')) BETWEEN 1 AND 40
    ORDER BY c.athlete_id, c.source_id, gear_id, e.place
)
INSERT INTO silver.gear_item AS t (athlete_id, source_id, gear_id, name, nickname, is_primary, is_retired, strava_distance_m)
SELECT athlete_id, source_id, gear_id, name, nickname, is_primary, is_retired, strava_distance_m FROM item
ON CONFLICT (athlete_id, source_id, gear_id) DO UPDATE SET
    name = excluded.name, nickname = excluded.nickname, is_primary = excluded.is_primary, is_retired = excluded.is_retired,
    strava_distance_m = excluded.strava_distance_m, updated_at = now()
WHERE (t.name, t.nickname, t.is_primary, t.is_retired, t.strava_distance_m)
    IS DISTINCT FROM (excluded.name, excluded.nickname, excluded.is_primary, excluded.is_retired, excluded.strava_distance_m);

UPDATE silver.gear_item AS t SET is_retired = true, is_primary = false, updated_at = now()
FROM changed_athlete c
WHERE c.profile IS NOT NULL AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.is_retired IS DISTINCT FROM true
  AND jsonb_typeof(c.profile -> CASE left(t.gear_id, 1) WHEN 'b' THEN 'bikes' ELSE 'shoes' END) = 'array'
  AND NOT c.profile -> CASE left(t.gear_id, 1) WHEN 'b' THEN 'bikes' ELSE 'shoes' END @> jsonb_build_array(jsonb_build_object('id', t.gear_id));

INSERT INTO silver.gear_item AS t (athlete_id, source_id, gear_id, name, nickname, brand, model, is_primary, is_retired, strava_distance_m)
SELECT c.athlete_id, c.source_id, bronze_strava.json_text(r.id), bronze_strava.json_text(r.name),
       nullif(bronze_strava.json_text(r.nickname), ''), btrim(bronze_strava.json_text(r.brand_name)),
       btrim(bronze_strava.json_text(r.model_name)), bronze_strava.json_bool(r."primary"), bronze_strava.json_bool(r.retired),
       bronze_strava.json_float(r.distance)
FROM changed_athlete c
JOIN bronze_strava.answer b ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 7
CROSS JOIN LATERAL jsonb_to_record(bronze_strava.json_object(b.body)) AS r(
    id jsonb, name jsonb, nickname jsonb, brand_name jsonb, model_name jsonb, "primary" jsonb, retired jsonb, distance jsonb)
WHERE c.profile IS NOT NULL AND length(bronze_strava.json_text(r.id)) BETWEEN 1 AND 40
ORDER BY 1, 2, 3, b.fetched_at DESC
ON CONFLICT (athlete_id, source_id, gear_id) DO UPDATE SET brand = excluded.brand, model = excluded.model, updated_at = now()
WHERE (t.brand, t.model) IS DISTINCT FROM (excluded.brand, excluded.model);
