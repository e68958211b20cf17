-- Strava may send a course of power that it has worked out from speed and slope, and says so (device_watts false). An estimate is no record.
CREATE OR REPLACE FUNCTION silver.best_efforts_between(
    p_athlete_id bigint, p_source_id smallint, p_metric text, p_from timestamp, p_to timestamp, p_sport_family text DEFAULT NULL)
RETURNS TABLE (rung integer, value float8, activity_id bigint, start_offset_s integer, start_date_local timestamp)
LANGUAGE sql STABLE AS $$
    -- Each activity gets a number; the best of a rung is the largest of value and number in one integer. A later activity has a smaller
    -- number, so the first of equals wins. The shortest time is the largest negative one.
    WITH candidate AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY a.start_date_local DESC, a.activity_id DESC) AS number, a.activity_id, a.start_date_local,
               CASE p_metric WHEN 'power' THEN r.power_w WHEN 'heartrate' THEN r.heartrate_bpm WHEN 'pace' THEN r.pace_time_s END AS vals,
               CASE p_metric WHEN 'power' THEN r.power_start_s WHEN 'heartrate' THEN r.heartrate_start_s WHEN 'pace' THEN r.pace_start_s END AS starts,
               CASE silver.sport_family(a.sport_type) WHEN 'ride' THEN 30 WHEN 'swim' THEN 3 ELSE 10 END AS speed_mps_max
        FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_date_local >= p_from AND a.start_date_local < p_to
          AND (p_sport_family IS NULL OR silver.sport_family(a.sport_type) = p_sport_family)
          AND (p_metric <> 'power' OR a.has_power_meter IS NOT FALSE)
    ), best AS (
        SELECT u.rung, max(CASE WHEN p_metric = 'pace' THEN -round(u.val * 100) ELSE round(u.val * 100) END::bigint * 4294967296 + c.number) AS code
        FROM candidate c CROSS JOIN LATERAL unnest(c.vals) WITH ORDINALITY AS u(val, rung)
        WHERE u.val IS NOT NULL AND (p_metric <> 'pace' OR (silver.effort_distances_m())[u.rung] <= u.val * c.speed_mps_max)
        GROUP BY u.rung
    )
    SELECT b.rung::integer, c.vals[b.rung]::text::float8, c.activity_id, c.starts[b.rung], c.start_date_local
    FROM best b JOIN candidate c ON c.number = b.code & 4294967295
    ORDER BY b.rung
$$;
COMMENT ON FUNCTION silver.best_efforts_between(bigint, smallint, text, timestamp, timestamp, text) IS 'The best effort of an athlete at each rung of the ladder in activities that began in [from, to) local time: metric power (W, not where Strava says that it was estimated), heartrate (beats per minute) or pace (value: seconds for effort_distances_m()[rung]; faster than 30 m/s in rides, 3 in swims and 10 in other sports is taken for an error of measurement). Sport family null: all sports.';
COMMENT ON COLUMN silver.activity.has_power_meter IS 'Power was measured (device_watts); null when there is no word about it. Where it is false, power is Strava''s estimate, and counts for no load, zone, curve or record.';
