-- The athlete's calendar: days, weeks, months and years, and streaks of them.

CREATE FUNCTION silver.today(p_athlete_id bigint, p_source_id smallint DEFAULT 1) RETURNS date LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        now() AT TIME ZONE 'UTC' + make_interval(secs => coalesce((
            SELECT a.utc_offset_s FROM silver.activity a
            WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_at < now() + interval '2 days'
              AND a.utc_offset_s BETWEEN -50400 AND 50400
            ORDER BY a.start_at DESC LIMIT 1), 0)))::date;
END $$;
COMMENT ON FUNCTION silver.today IS 'Today on the athlete''s calendar: now at the UTC offset of the newest activity (of up to 14 hours; UTC when there is none).';

-- athlete_id comes from the table of athletes, so that a query about one athlete reads that athlete only.
CREATE VIEW silver.athlete_day WITH (security_invoker = true) AS
SELECT athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, load_method, load_confidence,
       fitness_ctl, fatigue_atl, form_tsb
FROM silver.training_day
UNION ALL
SELECT t.athlete_id, t.source_id, l.day + n, 0, 0, 0, 0, 0, NULL, NULL, l.fitness_ctl * exp(-n / 42.0::float8), l.fatigue_atl * exp(-n / 7.0::float8),
       l.fitness_ctl * exp(-(n - 1) / 42.0::float8) - l.fatigue_atl * exp(-(n - 1) / 7.0::float8)
FROM silver.athlete t
CROSS JOIN LATERAL (
    SELECT * FROM silver.training_day d
    WHERE d.athlete_id = t.athlete_id AND d.source_id = t.source_id
    ORDER BY d.athlete_id DESC, d.source_id DESC, d.day DESC LIMIT 1
) AS l
CROSS JOIN LATERAL generate_series(1, least(silver.today(t.athlete_id, t.source_id) - l.day, 2000)) AS n;
COMMENT ON VIEW silver.athlete_day IS 'One row per athlete and local day from the first activity to today (silver.today(); at most 2,000 days after the last activity), days without training included. Activities with an impossible date are left out: see silver.is_dated().';
COMMENT ON COLUMN silver.athlete_day.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_day.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_day.day IS 'Day on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_day.activity_count IS 'Activities that began on the day.';
COMMENT ON COLUMN silver.athlete_day.distance_m IS 'Their metres, all sports.';
COMMENT ON COLUMN silver.athlete_day.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_day.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_day.load IS 'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.athlete_day.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';
COMMENT ON COLUMN silver.athlete_day.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0.';
COMMENT ON COLUMN silver.athlete_day.fitness_ctl IS 'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.athlete_day.fatigue_atl IS 'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.athlete_day.form_tsb IS 'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.';

CREATE VIEW silver.athlete_week WITH (security_invoker = true) AS
SELECT athlete_id, source_id, week_start, sport_family, sport_type, sum(activity_count)::integer AS activity_count, sum(distance_m) AS distance_m,
       sum(moving_time_s)::bigint AS moving_time_s, sum(elapsed_time_s)::bigint AS elapsed_time_s, sum(elevation_gain_m) AS elevation_gain_m,
       sum(calories_kcal) AS calories_kcal, sum(load) AS load,
       (array_agg(load_method ORDER BY load DESC, load_method) FILTER (WHERE load > 0))[1] AS load_method,
       sum(stream_load) / nullif(sum(load), 0) AS load_confidence
FROM (
    SELECT a.athlete_id, a.source_id, date_trunc('week', a.start_date_local)::date AS week_start, a.sport_family, a.sport_type, m.load_method,
           count(*) AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
           coalesce(sum(a.elapsed_time_s), 0) AS elapsed_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
           sum(a.calories_kcal) AS calories_kcal, coalesce(sum(m.load), 0) AS load, coalesce(sum(m.load * m.load_confidence), 0) AS stream_load
    FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    WHERE silver.is_dated(a.start_date_local)
    GROUP BY a.athlete_id, a.source_id, week_start, a.sport_family, a.sport_type, m.load_method
) AS by_method
GROUP BY athlete_id, source_id, week_start, sport_family, sport_type;
COMMENT ON VIEW silver.athlete_week IS 'One row per athlete, week and sport with activities. Sum over the sports for the whole week; weeks without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';
COMMENT ON COLUMN silver.athlete_week.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_week.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_week.week_start IS 'Monday of the week on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_week.sport_family IS 'Sports that are counted together, as in activity.sport_family.';
COMMENT ON COLUMN silver.athlete_week.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.athlete_week.activity_count IS 'Activities that began in the week, by local time.';
COMMENT ON COLUMN silver.athlete_week.distance_m IS 'Their metres.';
COMMENT ON COLUMN silver.athlete_week.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_week.elapsed_time_s IS 'Their seconds, pauses included.';
COMMENT ON COLUMN silver.athlete_week.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_week.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';
COMMENT ON COLUMN silver.athlete_week.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.athlete_week.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';
COMMENT ON COLUMN silver.athlete_week.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

CREATE VIEW silver.athlete_month WITH (security_invoker = true) AS
SELECT athlete_id, source_id, month_start, sport_family, sport_type, sum(activity_count)::integer AS activity_count, sum(distance_m) AS distance_m,
       sum(moving_time_s)::bigint AS moving_time_s, sum(elapsed_time_s)::bigint AS elapsed_time_s, sum(elevation_gain_m) AS elevation_gain_m,
       sum(calories_kcal) AS calories_kcal, sum(load) AS load,
       (array_agg(load_method ORDER BY load DESC, load_method) FILTER (WHERE load > 0))[1] AS load_method,
       sum(stream_load) / nullif(sum(load), 0) AS load_confidence
FROM (
    SELECT a.athlete_id, a.source_id, date_trunc('month', a.start_date_local)::date AS month_start, a.sport_family, a.sport_type, m.load_method,
           count(*) AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
           coalesce(sum(a.elapsed_time_s), 0) AS elapsed_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
           sum(a.calories_kcal) AS calories_kcal, coalesce(sum(m.load), 0) AS load, coalesce(sum(m.load * m.load_confidence), 0) AS stream_load
    FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    WHERE silver.is_dated(a.start_date_local)
    GROUP BY a.athlete_id, a.source_id, month_start, a.sport_family, a.sport_type, m.load_method
) AS by_method
GROUP BY athlete_id, source_id, month_start, sport_family, sport_type;
COMMENT ON VIEW silver.athlete_month IS 'One row per athlete, month and sport with activities. Sum over the sports for the whole month; months without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';
COMMENT ON COLUMN silver.athlete_month.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_month.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_month.month_start IS 'First day of the month on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_month.sport_family IS 'Sports that are counted together, as in activity.sport_family.';
COMMENT ON COLUMN silver.athlete_month.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.athlete_month.activity_count IS 'Activities that began in the month, by local time.';
COMMENT ON COLUMN silver.athlete_month.distance_m IS 'Their metres.';
COMMENT ON COLUMN silver.athlete_month.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_month.elapsed_time_s IS 'Their seconds, pauses included.';
COMMENT ON COLUMN silver.athlete_month.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_month.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';
COMMENT ON COLUMN silver.athlete_month.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.athlete_month.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';
COMMENT ON COLUMN silver.athlete_month.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

CREATE VIEW silver.athlete_year WITH (security_invoker = true) AS
SELECT athlete_id, source_id, year_start, sport_family, sport_type, sum(activity_count)::integer AS activity_count, sum(distance_m) AS distance_m,
       sum(moving_time_s)::bigint AS moving_time_s, sum(elapsed_time_s)::bigint AS elapsed_time_s, sum(elevation_gain_m) AS elevation_gain_m,
       sum(calories_kcal) AS calories_kcal, sum(load) AS load,
       (array_agg(load_method ORDER BY load DESC, load_method) FILTER (WHERE load > 0))[1] AS load_method,
       sum(stream_load) / nullif(sum(load), 0) AS load_confidence
FROM (
    SELECT a.athlete_id, a.source_id, date_trunc('year', a.start_date_local)::date AS year_start, a.sport_family, a.sport_type, m.load_method,
           count(*) AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
           coalesce(sum(a.elapsed_time_s), 0) AS elapsed_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
           sum(a.calories_kcal) AS calories_kcal, coalesce(sum(m.load), 0) AS load, coalesce(sum(m.load * m.load_confidence), 0) AS stream_load
    FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    WHERE silver.is_dated(a.start_date_local)
    GROUP BY a.athlete_id, a.source_id, year_start, a.sport_family, a.sport_type, m.load_method
) AS by_method
GROUP BY athlete_id, source_id, year_start, sport_family, sport_type;
COMMENT ON VIEW silver.athlete_year IS 'One row per athlete, year and sport with activities. Sum over the sports for the whole year; years without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';
COMMENT ON COLUMN silver.athlete_year.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_year.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_year.year_start IS 'First day of the year on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_year.sport_family IS 'Sports that are counted together, as in activity.sport_family.';
COMMENT ON COLUMN silver.athlete_year.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.athlete_year.activity_count IS 'Activities that began in the year, by local time.';
COMMENT ON COLUMN silver.athlete_year.distance_m IS 'Their metres.';
COMMENT ON COLUMN silver.athlete_year.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_year.elapsed_time_s IS 'Their seconds, pauses included.';
COMMENT ON COLUMN silver.athlete_year.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_year.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';
COMMENT ON COLUMN silver.athlete_year.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.athlete_year.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';
COMMENT ON COLUMN silver.athlete_year.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

-- Days and weeks are numbered from Monday, 1970-01-05. Consecutive numbers have the same difference from their rank: they are one streak.
CREATE VIEW silver.streak WITH (security_invoker = true) AS
SELECT athlete_id, source_id, sport_family, unit, date '1970-01-05' + min(serial) * length_days AS started_on,
       date '1970-01-05' + (max(serial) + 1) * length_days - 1 AS ended_on, count(*)::integer AS period_count,
       sum(activity_count)::integer AS activity_count
FROM (
    SELECT athlete_id, source_id, sport_family, unit, length_days, serial, activity_count,
           serial - row_number() OVER (PARTITION BY athlete_id, source_id, sport_family, unit ORDER BY serial) AS island
    FROM (
        SELECT a.athlete_id, a.source_id, f.sport_family, u.unit, u.length_days,
               floor((a.start_date_local::date - date '1970-01-05')::float8 / u.length_days)::integer AS serial, count(*) AS activity_count
        FROM silver.activity a
        CROSS JOIN LATERAL (VALUES (a.sport_family), ('all')) AS f(sport_family)
        CROSS JOIN (VALUES ('day'::text, 1), ('week', 7)) AS u(unit, length_days)
        WHERE silver.is_dated(a.start_date_local)
        GROUP BY a.athlete_id, a.source_id, f.sport_family, u.unit, u.length_days, serial
    ) AS trained
) AS ranked
GROUP BY athlete_id, source_id, sport_family, unit, length_days, island;
COMMENT ON VIEW silver.streak IS 'One row per athlete, sport family and streak: local days, or weeks from Monday to Sunday, that follow one another and each have an activity. It is current while ended_on is not before yesterday (weeks: not before last Sunday) on the athlete''s calendar, silver.today(). Filter by unit and sport_family.';
COMMENT ON COLUMN silver.streak.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.streak.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.streak.sport_family IS 'Sports that are counted together, as in activity.sport_family, or all.';
COMMENT ON COLUMN silver.streak.unit IS 'day or week: what follows one another without a gap.';
COMMENT ON COLUMN silver.streak.started_on IS 'First day of the streak; of weeks a Monday.';
COMMENT ON COLUMN silver.streak.ended_on IS 'Last day of the streak; of weeks a Sunday.';
COMMENT ON COLUMN silver.streak.period_count IS 'Length of the streak in days or weeks.';
COMMENT ON COLUMN silver.streak.activity_count IS 'Activities of the streak.';
