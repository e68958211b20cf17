-- The dear parts of load and training days as functions: their statements are planned once a connection, not once a transaction.

CREATE OR REPLACE FUNCTION silver.ftp_w_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT h.ftp_w
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.ftp_w > 0
        ORDER BY h.valid_from <= p_at DESC, abs(extract(epoch FROM h.valid_from - p_at))
        LIMIT 1);
END $$;

CREATE FUNCTION silver.trimp(seconds integer[], first_bpm smallint, rest_bpm float8, max_bpm float8, k float8, c float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT sum(h.seconds / 60.0::float8 * x.part * k * exp(c * x.part))
        FROM unnest(seconds) WITH ORDINALITY AS h(seconds, bin)
        CROSS JOIN LATERAL (SELECT least(greatest((first_bpm + h.bin - 1 - rest_bpm) / (max_bpm - rest_bpm), 0), 1) AS part) AS x
        WHERE h.seconds > 0);
END $$;
COMMENT ON FUNCTION silver.trimp(integer[], smallint, float8, float8, float8, float8) IS 'Training impulse of a heart rate histogram (Morton, Fitz-Clarke, Banister 1990): sum of minutes · x · k · e^(c · x), where x is the part of the heart rate reserve; null when there are no seconds.';

CREATE FUNCTION silver.refresh_training_day(p_athlete_id bigint, p_source_id smallint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    first_possible CONSTANT timestamp := '1980-01-01';
    last_possible CONSTANT timestamp := (now() AT TIME ZONE 'UTC')::date + 3;
    first_day date;
    last_day  date;
    from_day  date;
    before    record;
    written   integer;
BEGIN
    SELECT min(a.start_date_local)::date, max(a.start_date_local)::date INTO first_day, last_day
    FROM silver.activity a
    WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
      AND a.start_date_local >= first_possible AND a.start_date_local < last_possible;

    DELETE FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (first_day IS NULL OR t.day < first_day OR t.day > last_day);
    IF first_day IS NULL THEN RETURN 0; END IF;

    -- the first day that is new, other than it was, or missing behind the last known one
    SELECT least(min(coalesce(n.day, t.day)), max(t.day) + 1) INTO from_day
    FROM (
        SELECT a.start_date_local::date AS day, count(*)::integer AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m,
               least(coalesce(sum(a.moving_time_s), 0), 2147483647)::integer AS moving_time_s,
               coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m, coalesce(sum(m.load), 0) AS load
        FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
          AND a.start_date_local >= first_possible AND a.start_date_local < last_possible
        GROUP BY 1
    ) AS n
    FULL JOIN (
        SELECT * FROM silver.training_day WHERE athlete_id = p_athlete_id AND source_id = p_source_id
    ) AS t USING (day)
    WHERE t.day IS NULL
       OR (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load) IS DISTINCT FROM (
            coalesce(n.activity_count, 0), coalesce(n.distance_m, 0), coalesce(n.moving_time_s, 0), coalesce(n.elevation_gain_m, 0),
            coalesce(n.load, 0))
       OR (t.day = first_day AND t.form_tsb <> 0);
    IF from_day IS NULL THEN RETURN 0; END IF;
    SELECT least(from_day, max(t.day) + 1) INTO from_day
    FROM silver.training_day t WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id;

    SELECT t.fitness_ctl, t.fatigue_atl INTO before
    FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.day = from_day - 1;

    WITH trained AS (
        SELECT a.start_date_local::date AS day, count(*)::integer AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m,
               least(coalesce(sum(a.moving_time_s), 0), 2147483647)::integer AS moving_time_s,
               coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m, coalesce(sum(m.load), 0) AS load
        FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
          AND a.start_date_local >= from_day AND a.start_date_local < last_possible
        GROUP BY 1
    ), calendar AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY o.days)::integer AS place, from_day + o.days AS day, coalesce(n.activity_count, 0) AS activity_count,
               coalesce(n.distance_m, 0) AS distance_m, coalesce(n.moving_time_s, 0) AS moving_time_s,
               coalesce(n.elevation_gain_m, 0) AS elevation_gain_m, coalesce(n.load, 0) AS load
        FROM generate_series(0, last_day - from_day) AS o(days) LEFT JOIN trained n ON n.day = from_day + o.days
    )
    INSERT INTO silver.training_day AS t (
        athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, fitness_ctl, fatigue_atl, form_tsb)
    SELECT p_athlete_id, p_source_id, c.day, c.activity_count, c.distance_m, c.moving_time_s, c.elevation_gain_m, c.load, e.ctl, e.atl, e.tsb
    FROM silver.training_effect(
            coalesce(before.fitness_ctl, 0), coalesce(before.fatigue_atl, 0), ARRAY(SELECT load FROM calendar ORDER BY place)) AS e
    JOIN calendar c USING (place)
    ON CONFLICT (athlete_id, source_id, day) DO UPDATE SET
        activity_count = excluded.activity_count, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
        elevation_gain_m = excluded.elevation_gain_m, load = excluded.load, fitness_ctl = excluded.fitness_ctl,
        fatigue_atl = excluded.fatigue_atl, form_tsb = excluded.form_tsb
    WHERE (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load)
            IS DISTINCT FROM (excluded.activity_count, excluded.distance_m, excluded.moving_time_s, excluded.elevation_gain_m, excluded.load)
       OR abs(t.fitness_ctl - excluded.fitness_ctl) > 1e-6 OR abs(t.fatigue_atl - excluded.fatigue_atl) > 1e-6
       OR abs(t.form_tsb - excluded.form_tsb) > 1e-6;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END $$;
COMMENT ON FUNCTION silver.refresh_training_day(bigint, smallint) IS 'Brings an athlete''s rows of silver.training_day up to date: the days'' sums are made anew and compared; from the first day that differs fitness, fatigue and form are followed to the last day, and rows are written where they differ. Answers how many. The caller holds the athlete''s row.';
