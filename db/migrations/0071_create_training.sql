-- Training load, and fitness, fatigue and form day by day.

-- As a table, so that the planner merges it into the query that calls it.
CREATE FUNCTION silver.trimp(seconds integer[], first_bpm smallint, rest_bpm float8, max_bpm float8, k float8, c float8) RETURNS TABLE (trimp float8)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sum(h.seconds / 60.0::float8 * x.part * k * exp(c * x.part))
    FROM unnest(seconds) WITH ORDINALITY AS h(seconds, bin)
    CROSS JOIN LATERAL (SELECT least(greatest((first_bpm + h.bin - 1 - rest_bpm) / (max_bpm - rest_bpm), 0), 1) AS part) AS x
    WHERE h.seconds > 0
$$;
COMMENT ON FUNCTION silver.trimp IS 'Training impulse of a heart rate histogram (Morton, Fitz-Clarke, Banister 1990): sum of minutes · x · k · e^(c · x), where x is the part of the heart rate reserve; null when there are no seconds.';

CREATE FUNCTION silver.load_per_h(p_power_w float8, p_ftp_w float8, p_duration_s float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 100 * (p_power_w / nullif(p_ftp_w, 0)) ^ 2 * (p_duration_s / 3600) / (p_duration_s / 3600 + 0.75)
$$;
COMMENT ON FUNCTION silver.load_per_h IS 'Training load by power over the duration in seconds, divided by the hours and three quarters of an hour: high in a sprint, too, but not without bounds.';

CREATE FUNCTION silver.training_effect(start_ctl float8, start_atl float8, loads float8[])
RETURNS TABLE (place integer, ctl float8, atl float8, tsb float8) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    ctl_part CONSTANT float8 := 1 - exp(-1.0 / 42);
    atl_part CONSTANT float8 := 1 - exp(-1.0 / 7);
BEGIN
    ctl := start_ctl;
    atl := start_atl;
    FOR i IN 1 .. coalesce(cardinality(loads), 0) LOOP
        place := i;
        tsb := ctl - atl;
        ctl := ctl + (loads[place] - ctl) * ctl_part;
        atl := atl + (loads[place] - atl) * atl_part;
        -- what has faded below any display becomes zero, instead of a number too small to be stored
        IF ctl < 1e-9 THEN ctl := 0; END IF;
        IF atl < 1e-9 THEN atl := 0; END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION silver.training_effect IS 'Fitness, fatigue and form day by day (Banister''s impulse-response model as Coggan''s performance manager uses it): exponentially weighted means of the daily load with time constants of 42 and 7 days; form is fitness minus fatigue of the day before.';

CREATE TABLE silver.training_day (
    athlete_id       bigint   NOT NULL,
    source_id        smallint NOT NULL DEFAULT 1,
    day              date     NOT NULL,
    activity_count   integer  NOT NULL,
    distance_m       float8   NOT NULL,
    moving_time_s    integer  NOT NULL,
    elevation_gain_m float8   NOT NULL,
    load             float8   NOT NULL,
    load_method      text,
    load_confidence  float8,
    fitness_ctl      float8   NOT NULL,
    fatigue_atl      float8   NOT NULL,
    form_tsb         float8   NOT NULL,
    CONSTRAINT training_day_pk PRIMARY KEY (athlete_id, source_id, day),
    CONSTRAINT training_day_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.training_day IS 'One row per athlete and local day from the first to the last activity, days without training included; activities dated before 1980 or more than two days ahead are left out. To read use athlete_day, which goes on to today.';
COMMENT ON COLUMN silver.training_day.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.training_day.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.training_day.day IS 'Day on the athlete''s calendar.';
COMMENT ON COLUMN silver.training_day.activity_count IS 'Activities that began on the day.';
COMMENT ON COLUMN silver.training_day.distance_m IS 'Their metres, all sports.';
COMMENT ON COLUMN silver.training_day.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.training_day.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.training_day.load IS 'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.training_day.load_method IS 'The method that most of the load comes from, see activity_metric.load_method; null when the load is 0.';
COMMENT ON COLUMN silver.training_day.load_confidence IS 'Share of the load that comes from streams instead of averages, no unit: 0 to 1; null when the load is 0.';
COMMENT ON COLUMN silver.training_day.fitness_ctl IS 'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.training_day.fatigue_atl IS 'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.training_day.form_tsb IS 'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.';

-- A silver batch looks up few rows and tells the planner so; these functions read all rows of an athlete. Without statistics the planner
-- expects two rows and would join them one by one: hence the settings.
CREATE FUNCTION silver.trained_days(p_athlete_id bigint, p_source_id smallint, p_from timestamp)
RETURNS TABLE (
    day date, activity_count integer, distance_m float8, moving_time_s integer, elevation_gain_m float8, load float8, load_method text,
    load_confidence float8)
LANGUAGE plpgsql STABLE SET enable_seqscan = on SET enable_hashjoin = on SET enable_mergejoin = on SET enable_nestloop = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.day, sum(d.activity_count)::integer, sum(d.distance_m), least(sum(d.moving_time_s), 2147483647)::integer,
           sum(d.elevation_gain_m), sum(d.load), (array_agg(d.load_method ORDER BY d.load DESC, d.load_method) FILTER (WHERE d.load > 0))[1],
           sum(d.load_from_streams) / nullif(sum(d.load), 0)
    FROM (
        SELECT a.start_date_local::date AS day, m.load_method, count(*) AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m,
               coalesce(sum(a.moving_time_s), 0) AS moving_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
               coalesce(sum(m.load), 0) AS load, coalesce(sum(m.load * m.load_confidence), 0) AS load_from_streams
        FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
          AND a.start_date_local >= p_from AND a.start_date_local < silver.calendar_end()
        GROUP BY 1, 2
    ) AS d
    GROUP BY d.day;
END $$;
COMMENT ON FUNCTION silver.trained_days IS 'The days of an athlete with activities from a local time on, with their sums: what silver.training_day has, but for fitness, fatigue and form.';

CREATE FUNCTION silver.refresh_training_day(p_athlete_id bigint, p_source_id smallint) RETURNS integer LANGUAGE plpgsql
SET enable_seqscan = on SET enable_hashjoin = on SET enable_mergejoin = on SET enable_nestloop = off AS $$
DECLARE
    first_day date;
    last_day  date;
    from_day  date;
    before    record;
    written   integer;
BEGIN
    SELECT min(a.start_date_local)::date, max(a.start_date_local)::date INTO first_day, last_day
    FROM silver.activity a
    WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
      AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end();

    DELETE FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (first_day IS NULL OR t.day < first_day OR t.day > last_day);
    IF first_day IS NULL THEN RETURN 0; END IF;

    -- the first day that is new or other than it was
    SELECT min(coalesce(n.day, t.day)) INTO from_day
    FROM silver.trained_days(p_athlete_id, p_source_id, silver.calendar_begin()) AS n
    FULL JOIN (
        SELECT * FROM silver.training_day WHERE athlete_id = p_athlete_id AND source_id = p_source_id
    ) AS t USING (day)
    WHERE t.day IS NULL
       OR (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load, t.load_method, t.load_confidence) IS DISTINCT FROM (
            coalesce(n.activity_count, 0), coalesce(n.distance_m, 0), coalesce(n.moving_time_s, 0), coalesce(n.elevation_gain_m, 0),
            coalesce(n.load, 0), n.load_method, n.load_confidence)
       OR (t.day = first_day AND t.form_tsb <> 0);
    IF from_day IS NULL THEN RETURN 0; END IF;
    -- or missing behind the last known one
    SELECT least(from_day, max(t.day) + 1) INTO from_day
    FROM silver.training_day t WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id;

    SELECT t.fitness_ctl, t.fatigue_atl INTO before
    FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.day = from_day - 1;

    WITH calendar AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY o.days)::integer AS place, from_day + o.days AS day, coalesce(n.activity_count, 0) AS activity_count,
               coalesce(n.distance_m, 0) AS distance_m, coalesce(n.moving_time_s, 0) AS moving_time_s,
               coalesce(n.elevation_gain_m, 0) AS elevation_gain_m, coalesce(n.load, 0) AS load, n.load_method, n.load_confidence
        FROM generate_series(0, last_day - from_day) AS o(days)
        LEFT JOIN silver.trained_days(p_athlete_id, p_source_id, from_day) AS n ON n.day = from_day + o.days
    )
    INSERT INTO silver.training_day AS t (
        athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, load_method, load_confidence,
        fitness_ctl, fatigue_atl, form_tsb)
    SELECT p_athlete_id, p_source_id, c.day, c.activity_count, c.distance_m, c.moving_time_s, c.elevation_gain_m, c.load, c.load_method,
           c.load_confidence, e.ctl, e.atl, e.tsb
    FROM silver.training_effect(
            coalesce(before.fitness_ctl, 0), coalesce(before.fatigue_atl, 0), ARRAY(SELECT load FROM calendar ORDER BY place)) AS e
    JOIN calendar c USING (place)
    ON CONFLICT (athlete_id, source_id, day) DO UPDATE SET
        activity_count = excluded.activity_count, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
        elevation_gain_m = excluded.elevation_gain_m, load = excluded.load, load_method = excluded.load_method,
        load_confidence = excluded.load_confidence, fitness_ctl = excluded.fitness_ctl, fatigue_atl = excluded.fatigue_atl,
        form_tsb = excluded.form_tsb
    WHERE (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load, t.load_method, t.load_confidence)
            IS DISTINCT FROM (excluded.activity_count, excluded.distance_m, excluded.moving_time_s, excluded.elevation_gain_m, excluded.load,
                excluded.load_method, excluded.load_confidence)
       OR abs(t.fitness_ctl - excluded.fitness_ctl) > 1e-6 OR abs(t.fatigue_atl - excluded.fatigue_atl) > 1e-6
       OR abs(t.form_tsb - excluded.form_tsb) > 1e-6;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END $$;
COMMENT ON FUNCTION silver.refresh_training_day IS 'Brings an athlete''s rows of silver.training_day up to date: the days'' sums are computed again and compared; from the first day that differs, fitness, fatigue and form are computed to the last day, and rows that differ are written. Returns their number. The caller has locked the athlete: no other transaction makes its silver meanwhile.';
