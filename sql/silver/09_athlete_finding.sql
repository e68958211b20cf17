-- In:     changed_athlete (profile; its lists "bikes" and "shoes"); bronze_strava.answer of these athletes' zones and gear;
--         silver.quality_check (the bounds).
-- Out:    silver.athlete_finding.
-- Grain:  one row per athlete, source and check that is not passed; of several values the one furthest from zero.
-- Units:  at the end of the checks' names.
-- When:   the batch has an athlete's own objects.
-- Repeat: values that depend on the answers only; a finding that no longer holds is deleted, an unchanged one is not written.
--
-- A weight or an FTP of 0 means that none is set. The checks that begin with stats_ are those of 11_athlete_stats.sql.
WITH figure AS (
    SELECT c.athlete_id, c.source_id, m.check_name, m.measured
    FROM changed_athlete c
    CROSS JOIN LATERAL (VALUES
        ('weight_kg', nullif(bronze_strava.json_measure(c.profile -> 'weight'), 0)),
        ('ftp_w', nullif(bronze_strava.json_measure(c.profile -> 'ftp'), 0))) AS m(check_name, measured)
    WHERE c.profile IS NOT NULL
    UNION ALL
    SELECT c.athlete_id, c.source_id, 'gear_distance_m', bronze_strava.json_measure(e.item -> 'distance')
    FROM changed_athlete c
    CROSS JOIN (VALUES ('bikes'), ('shoes')) AS l(list)
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(c.profile -> l.list) = 'array' THEN c.profile -> l.list ELSE '[]' END) WITH ORDINALITY AS e(item, place)
    WHERE c.profile IS NOT NULL AND e.place <= 500
    UNION ALL
    SELECT c.athlete_id, c.source_id, m.check_name, m.measured
    FROM changed_athlete c
    JOIN bronze_strava.answer b ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 7
    CROSS JOIN LATERAL (SELECT bronze_strava.json_object(b.body) AS document) AS d
    CROSS JOIN LATERAL (VALUES
        ('gear_distance_m', bronze_strava.json_measure(d.document -> 'distance')),
        ('gear_weight_kg', nullif(bronze_strava.json_measure(d.document -> 'weight'), 0))) AS m(check_name, measured)
    WHERE c.profile IS NOT NULL
    UNION ALL
    SELECT c.athlete_id, c.source_id, m.check_name, bronze_strava.json_measure(e.zone -> 'min')
    FROM changed_athlete c
    JOIN bronze_strava.answer b
      ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 5 AND b.object_id = c.athlete_id
    CROSS JOIN LATERAL (SELECT bronze_strava.json_object(b.body) AS document) AS d
    CROSS JOIN (VALUES ('zone_heartrate_bpm', 'heart_rate'), ('zone_power_w', 'power')) AS m(check_name, name)
    CROSS JOIN LATERAL (SELECT d.document -> m.name -> 'zones' AS list) AS l
    CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(l.list) = 'array' THEN l.list ELSE '[]' END)
        WITH ORDINALITY AS e(zone, place)
    WHERE c.profile IS NOT NULL AND e.place BETWEEN 2 AND 500
), finding AS MATERIALIZED (
    SELECT f.athlete_id, f.source_id, f.check_name, (array_agg(f.measured ORDER BY abs(f.measured) DESC))[1] AS measured, q.at_least, q.at_most
    FROM figure f
    JOIN silver.quality_check q ON q.check_name = f.check_name AND (f.measured < q.at_least OR f.measured > q.at_most)
    GROUP BY f.athlete_id, f.source_id, f.check_name, q.at_least, q.at_most
), passed AS (
    DELETE FROM silver.athlete_finding t
    USING changed_athlete c
    WHERE c.profile IS NOT NULL AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.check_name NOT LIKE 'stats\_%'
      AND NOT EXISTS (
        SELECT FROM finding f WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.check_name = t.check_name)
)
INSERT INTO silver.athlete_finding AS t (athlete_id, source_id, check_name, measured, at_least, at_most)
SELECT athlete_id, source_id, check_name, measured, at_least, at_most FROM finding
ON CONFLICT (athlete_id, source_id, check_name) DO UPDATE SET
    measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most);
