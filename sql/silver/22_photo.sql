-- In:     changed_activity (detail as jsonb; its object "photos").
-- Out:    silver.photo.
-- Grain:  one row per photo of an activity and size.
-- Units:  pixels.
-- Repeat: the photos of an activity are replaced as a whole, by values that depend on the detail only, and only when the detail is new.
-- When:   the batch has activities.
--
-- Strava sends {"primary": {…, "urls": {"100": "https://…"}}}; a list of such objects is read, too. At most 100 photos of 20 sizes are read.
DELETE FROM silver.photo AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

INSERT INTO silver.photo (athlete_id, source_id, activity_id, photo_number, size_px, photo_id, url, origin, media_type, is_primary)
SELECT c.athlete_id, c.source_id, c.activity_id, p.photo_number, u.size_px,
       coalesce(nullif(bronze_strava.json_text(p.photo -> 'unique_id'), ''), bronze_strava.json_text(p.photo -> 'id')), u.url,
       bronze_strava.json_int(p.photo -> 'source'), bronze_strava.json_int(p.photo -> 'media_type'),
       coalesce(bronze_strava.json_bool(p.photo -> 'default_photo'), p.photo_number = 1)
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT CASE jsonb_typeof(c.detail -> 'photos')
        WHEN 'object' THEN jsonb_build_array(c.detail -> 'photos' -> 'primary') WHEN 'array' THEN c.detail -> 'photos' ELSE '[]' END AS list
) AS l
CROSS JOIN LATERAL (
    SELECT row_number() OVER (ORDER BY e.place)::integer AS photo_number, e.photo
    FROM jsonb_array_elements(l.list) WITH ORDINALITY AS e(photo, place)
    WHERE jsonb_typeof(e.photo) = 'object' AND e.place <= 100
) AS p
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.key ~ '^[0-9]{1,6}$' THEN s.key::integer ELSE 0 END AS size_px, s.value #>> '{}' AS url
    FROM jsonb_each(CASE WHEN jsonb_typeof(p.photo -> 'urls') = 'object' THEN p.photo -> 'urls' ELSE '{}' END) WITH ORDINALITY AS s(key, value, place)
    WHERE jsonb_typeof(s.value) = 'string' AND length(s.value #>> '{}') BETWEEN 1 AND 4000 AND s.place <= 20
) AS u
WHERE c.laps_are_stale AND NOT c.is_gone
ON CONFLICT (athlete_id, source_id, activity_id, photo_number, size_px) DO NOTHING;
