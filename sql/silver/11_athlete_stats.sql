-- In:     changed_athlete; bronze_strava.answer of these athletes' statistics (endpoint 8); silver.quality_check (the bounds).
-- Out:    silver.athlete_stats; silver.athlete_finding, the checks that begin with stats_.
-- Grain:  one row per athlete, source, period and sport that the answer has; one finding per athlete and check, of several values the one
--         furthest from zero.
-- Units:  at the end of the column names.
-- When:   the batch has an athlete's own objects.
-- Repeat: values that depend on the answer only; an answer that silver has already is not read again.
WITH answer AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, c.transform_version, b.sha256, bronze_strava.json_object(b.body) AS document
    FROM changed_athlete c
    JOIN bronze_strava.answer b
      ON b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.endpoint = 8 AND b.object_id = c.athlete_id
    WHERE NOT EXISTS (
        SELECT FROM silver.athlete_stats t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.src_sha256 = b.sha256
          AND t.transform_version = c.transform_version)
), sent AS MATERIALIZED (
    SELECT a.athlete_id, a.source_id, a.transform_version, a.sha256, p.period, p.sport_family,
           bronze_strava.json_measure(t.totals -> 'count') AS activity_count, bronze_strava.json_measure(t.totals -> 'distance') AS distance_m,
           bronze_strava.json_measure(t.totals -> 'moving_time') AS moving_time_s,
           bronze_strava.json_measure(t.totals -> 'elapsed_time') AS elapsed_time_s,
           bronze_strava.json_measure(t.totals -> 'elevation_gain') AS elevation_gain_m,
           bronze_strava.json_measure(t.totals -> 'achievement_count') AS achievement_count,
           CASE WHEN (p.period, p.sport_family) = ('all', 'ride') THEN bronze_strava.json_measure(a.document -> 'biggest_ride_distance') END
               AS biggest_ride_distance_m,
           CASE WHEN (p.period, p.sport_family) = ('all', 'ride') THEN bronze_strava.json_measure(a.document -> 'biggest_climb_elevation_gain') END
               AS biggest_climb_m
    FROM answer a
    CROSS JOIN (
        SELECT period, sport_family FROM unnest(ARRAY['recent', 'ytd', 'all']) AS x(period), unnest(ARRAY['ride', 'run', 'swim']) AS y(sport_family)
    ) AS p
    CROSS JOIN LATERAL (SELECT a.document -> format('%s_%s_totals', p.period, p.sport_family) AS totals) AS t
    WHERE jsonb_typeof(t.totals) = 'object'
), finding AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, q.check_name, (array_agg(m.measured ORDER BY abs(m.measured) DESC))[1] AS measured, q.at_least, q.at_most
    FROM sent s
    CROSS JOIN LATERAL (VALUES
        ('stats_count', s.activity_count), ('stats_count', s.achievement_count), ('stats_distance_m', s.distance_m),
        ('stats_time_s', s.moving_time_s), ('stats_time_s', s.elapsed_time_s), ('stats_elevation_gain_m', s.elevation_gain_m),
        ('stats_distance_m', s.biggest_ride_distance_m), ('stats_elevation_gain_m', s.biggest_climb_m)) AS m(check_name, measured)
    JOIN silver.quality_check q ON q.check_name = m.check_name AND (m.measured < q.at_least OR m.measured > q.at_most)
    GROUP BY s.athlete_id, s.source_id, q.check_name, q.at_least, q.at_most
), passed AS (
    DELETE FROM silver.athlete_finding t
    USING answer a
    WHERE t.athlete_id = a.athlete_id AND t.source_id = a.source_id AND t.check_name LIKE 'stats\_%'
      AND NOT EXISTS (
        SELECT FROM finding f WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.check_name = t.check_name)
), found AS (
    INSERT INTO silver.athlete_finding AS t (athlete_id, source_id, check_name, measured, at_least, at_most)
    SELECT athlete_id, source_id, check_name, measured, at_least, at_most FROM finding
    ON CONFLICT (athlete_id, source_id, check_name) DO UPDATE SET
        measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
    WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most)
), unsent AS (
    DELETE FROM silver.athlete_stats t
    USING answer a
    WHERE t.athlete_id = a.athlete_id AND t.source_id = a.source_id
      AND NOT EXISTS (
        SELECT FROM sent s
        WHERE s.athlete_id = t.athlete_id AND s.source_id = t.source_id AND s.period = t.period AND s.sport_family = t.sport_family)
)
INSERT INTO silver.athlete_stats AS t (
    athlete_id, source_id, period, sport_family, activity_count, distance_m, moving_time_s, elapsed_time_s, elevation_gain_m,
    achievement_count, biggest_ride_distance_m, biggest_climb_m, transform_version, src_sha256)
SELECT athlete_id, source_id, period, sport_family, round(silver.plausible('stats_count', activity_count))::integer,
       silver.plausible('stats_distance_m', distance_m), round(silver.plausible('stats_time_s', moving_time_s))::integer,
       round(silver.plausible('stats_time_s', elapsed_time_s))::integer, silver.plausible('stats_elevation_gain_m', elevation_gain_m),
       round(silver.plausible('stats_count', achievement_count))::integer, silver.plausible('stats_distance_m', biggest_ride_distance_m),
       silver.plausible('stats_elevation_gain_m', biggest_climb_m), transform_version, sha256
FROM sent
ON CONFLICT (athlete_id, source_id, period, sport_family) DO UPDATE SET
    activity_count = excluded.activity_count, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
    elapsed_time_s = excluded.elapsed_time_s, elevation_gain_m = excluded.elevation_gain_m, achievement_count = excluded.achievement_count,
    biggest_ride_distance_m = excluded.biggest_ride_distance_m, biggest_climb_m = excluded.biggest_climb_m,
    transform_version = excluded.transform_version, src_sha256 = excluded.src_sha256, updated_at = now();
