-- Views of an athlete: days, weeks and months, records, gear.

-- athlete_id comes from the table of athletes, so that a query about one athlete reads that athlete only.
CREATE VIEW silver.athlete_day WITH (security_invoker = true) AS
SELECT athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, fitness_ctl, fatigue_atl, form_tsb
FROM silver.training_day
UNION ALL
SELECT t.athlete_id, t.source_id, l.day + n, 0, 0, 0, 0, 0, l.fitness_ctl * exp(-n / 42.0::float8), l.fatigue_atl * exp(-n / 7.0::float8),
       l.fitness_ctl * exp(-(n - 1) / 42.0::float8) - l.fatigue_atl * exp(-(n - 1) / 7.0::float8)
FROM silver.athlete t
CROSS JOIN LATERAL (
    SELECT * FROM silver.training_day d
    WHERE d.athlete_id = t.athlete_id AND d.source_id = t.source_id
    ORDER BY d.athlete_id DESC, d.source_id DESC, d.day DESC LIMIT 1
) AS l
CROSS JOIN LATERAL generate_series(1, least((now() AT TIME ZONE 'UTC')::date - l.day, 2000)) AS n;
COMMENT ON VIEW silver.athlete_day IS 'One row per athlete and local day from the first activity to today by UTC (at most 2,000 days after the last activity), days without training included; activities dated before 1980 or more than two days ahead are left out.';
COMMENT ON COLUMN silver.athlete_day.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_day.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_day.day IS 'Day on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_day.activity_count IS 'Activities that began on the day.';
COMMENT ON COLUMN silver.athlete_day.distance_m IS 'Their metres, all sports.';
COMMENT ON COLUMN silver.athlete_day.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_day.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_day.load IS 'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';
COMMENT ON COLUMN silver.athlete_day.fitness_ctl IS 'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.athlete_day.fatigue_atl IS 'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.';
COMMENT ON COLUMN silver.athlete_day.form_tsb IS 'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.';

CREATE VIEW silver.athlete_week WITH (security_invoker = true) AS
SELECT a.athlete_id, a.source_id, date_trunc('week', a.start_date_local)::date AS week_start, a.sport_type,
       count(*)::integer AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
       coalesce(sum(a.elapsed_time_s), 0) AS elapsed_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
       sum(a.calories_kcal) AS calories_kcal, coalesce(sum(m.load), 0) AS load
FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
WHERE a.start_date_local IS NOT NULL
GROUP BY a.athlete_id, a.source_id, week_start, a.sport_type;
COMMENT ON VIEW silver.athlete_week IS 'One row per athlete, week and sport with activities. Sum over sport_type for the whole week; weeks without activities have no row.';
COMMENT ON COLUMN silver.athlete_week.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_week.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_week.week_start IS 'Monday of the week on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_week.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.athlete_week.activity_count IS 'Activities that began in the week, by local time.';
COMMENT ON COLUMN silver.athlete_week.distance_m IS 'Their metres.';
COMMENT ON COLUMN silver.athlete_week.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_week.elapsed_time_s IS 'Their seconds, pauses included.';
COMMENT ON COLUMN silver.athlete_week.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_week.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';
COMMENT ON COLUMN silver.athlete_week.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

CREATE VIEW silver.athlete_month WITH (security_invoker = true) AS
SELECT a.athlete_id, a.source_id, date_trunc('month', a.start_date_local)::date AS month_start, a.sport_type,
       count(*)::integer AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
       coalesce(sum(a.elapsed_time_s), 0) AS elapsed_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
       sum(a.calories_kcal) AS calories_kcal, coalesce(sum(m.load), 0) AS load
FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
WHERE a.start_date_local IS NOT NULL
GROUP BY a.athlete_id, a.source_id, month_start, a.sport_type;
COMMENT ON VIEW silver.athlete_month IS 'One row per athlete, month and sport with activities. Sum over sport_type for the whole month; months without activities have no row.';
COMMENT ON COLUMN silver.athlete_month.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_month.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_month.month_start IS 'First day of the month on the athlete''s calendar.';
COMMENT ON COLUMN silver.athlete_month.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.athlete_month.activity_count IS 'Activities that began in the month, by local time.';
COMMENT ON COLUMN silver.athlete_month.distance_m IS 'Their metres.';
COMMENT ON COLUMN silver.athlete_month.moving_time_s IS 'Their seconds in motion.';
COMMENT ON COLUMN silver.athlete_month.elapsed_time_s IS 'Their seconds, pauses included.';
COMMENT ON COLUMN silver.athlete_month.elevation_gain_m IS 'Their metres climbed.';
COMMENT ON COLUMN silver.athlete_month.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';
COMMENT ON COLUMN silver.athlete_month.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

CREATE VIEW silver.athlete_max_heartrate WITH (security_invoker = true) AS
SELECT athlete_id, source_id, valid_from, max_heartrate_bpm, activity_id
FROM (
    SELECT m.athlete_id, m.source_id, m.activity_id, a.start_at AS valid_from, m.best_heartrate_30s_bpm AS max_heartrate_bpm,
           max(m.best_heartrate_30s_bpm) OVER (
               PARTITION BY m.athlete_id, m.source_id ORDER BY a.start_at, m.activity_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_bpm
    FROM silver.activity_metric m JOIN silver.activity a USING (athlete_id, source_id, activity_id)
    WHERE m.best_heartrate_30s_bpm BETWEEN 165 AND 220 AND a.start_at IS NOT NULL
) AS r
WHERE before_bpm IS NULL OR max_heartrate_bpm > before_bpm;
COMMENT ON VIEW silver.athlete_max_heartrate IS 'One row per athlete and activity that raised the highest heart rate held for 30 seconds; it holds until the next row. The newest is the one of athlete_reference. Values under 165 say little about a maximum, and values over 220 count as sensor faults: both are left out.';
COMMENT ON COLUMN silver.athlete_max_heartrate.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_max_heartrate.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_max_heartrate.valid_from IS 'Start of the activity, UTC.';
COMMENT ON COLUMN silver.athlete_max_heartrate.max_heartrate_bpm IS 'Highest mean heart rate over 30 seconds so far, beats per minute.';
COMMENT ON COLUMN silver.athlete_max_heartrate.activity_id IS 'Activity in which it was reached.';

CREATE VIEW silver.gear WITH (security_invoker = true) AS
SELECT athlete_id, source_id, gear_id, CASE WHEN gear_id LIKE 'b%' THEN 'bike' WHEN gear_id LIKE 'g%' THEN 'shoes' END AS kind,
       coalesce(i.name, u.name) AS name, i.nickname, i.brand, i.model, i.is_primary, i.is_retired, i.strava_distance_m,
       coalesce(u.activity_count, 0)::integer AS activity_count, coalesce(u.distance_m, 0) AS activity_distance_m,
       coalesce(u.moving_time_s, 0) AS activity_moving_time_s, u.first_used_on, u.last_used_on,
       i.frame_type, i.weight_kg, i.description
FROM silver.gear_item i
FULL JOIN (
    SELECT athlete_id, source_id, gear_id, max(gear_name) AS name, count(*) AS activity_count, sum(distance_m) AS distance_m,
           sum(moving_time_s) AS moving_time_s, min(start_date_local)::date AS first_used_on, max(start_date_local)::date AS last_used_on
    FROM silver.activity
    WHERE gear_id IS NOT NULL
    GROUP BY athlete_id, source_id, gear_id
) AS u USING (athlete_id, source_id, gear_id);
COMMENT ON VIEW silver.gear IS 'One row per athlete and bike or pair of shoes, with its mileage.';
COMMENT ON COLUMN silver.gear.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.gear.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.gear.gear_id IS 'Strava''s id, as in activity.gear_id.';
COMMENT ON COLUMN silver.gear.kind IS 'bike or shoes.';
COMMENT ON COLUMN silver.gear.name IS 'Name.';
COMMENT ON COLUMN silver.gear.nickname IS 'The athlete''s own name for it.';
COMMENT ON COLUMN silver.gear.brand IS 'Brand, if known.';
COMMENT ON COLUMN silver.gear.model IS 'Model, if known.';
COMMENT ON COLUMN silver.gear.is_primary IS 'The default bike or pair of shoes; null when only activities name it.';
COMMENT ON COLUMN silver.gear.is_retired IS 'No longer in use; null when only activities name it.';
COMMENT ON COLUMN silver.gear.strava_distance_m IS 'Metres that Strava counts for it, with those from before Strava.';
COMMENT ON COLUMN silver.gear.activity_count IS 'Activities here with this gear.';
COMMENT ON COLUMN silver.gear.activity_distance_m IS 'Metres of these activities.';
COMMENT ON COLUMN silver.gear.activity_moving_time_s IS 'Seconds in motion of these activities.';
COMMENT ON COLUMN silver.gear.first_used_on IS 'Local day of the first of them.';
COMMENT ON COLUMN silver.gear.last_used_on IS 'Local day of the last of them.';
COMMENT ON COLUMN silver.gear.frame_type IS 'Strava''s number of the kind of bike: 1 mountain, 2 cyclo-cross, 3 road, 4 time trial, 5 gravel; null: shoes, or not known.';
COMMENT ON COLUMN silver.gear.weight_kg IS 'Weight of the bike in kilograms as the athlete entered it; null: not entered.';
COMMENT ON COLUMN silver.gear.description IS 'The athlete''s text about it.';

-- Strava sends tenths of a metre: 7 miles are 11265.408 m and arrive as 11265.4.
CREATE VIEW silver.eddington WITH (security_invoker = true) AS
SELECT athlete_id, source_id, sport_family, unit, coalesce(max(rank) FILTER (WHERE distance >= rank), 0)::integer AS eddington,
       (count(*) FILTER (WHERE distance >= coalesce(top, 0) + 1))::integer AS days_towards_next
FROM (
    SELECT d.athlete_id, d.source_id, d.sport_family, u.unit, v.distance, rank,
           max(rank) FILTER (WHERE v.distance >= rank) OVER (PARTITION BY d.athlete_id, d.source_id, d.sport_family, u.unit) AS top
    FROM (
        SELECT athlete_id, source_id, silver.sport_family(sport_type) AS sport_family, start_date_local::date AS day,
               sum(distance_m) AS distance_m,
               row_number() OVER (
                   PARTITION BY athlete_id, source_id, silver.sport_family(sport_type) ORDER BY sum(distance_m) DESC) AS rank
        FROM silver.activity
        WHERE distance_m > 0 AND start_date_local IS NOT NULL
        GROUP BY 1, 2, 3, 4
    ) AS d
    CROSS JOIN (VALUES ('km', 1000.0::float8), ('mile', 1609.344)) AS u(unit, metres)
    CROSS JOIN LATERAL (SELECT (d.distance_m + 0.05) / u.metres AS distance) AS v
) AS ranked
WHERE sport_family IN ('run', 'walk', 'ride')
GROUP BY athlete_id, source_id, sport_family, unit;
COMMENT ON VIEW silver.eddington IS 'One row per athlete, sport family and unit: Eddington''s number, the largest E for which there were E days with at least E kilometres (or miles), to half a tenth of a metre. All activities of a local day count together.';
COMMENT ON COLUMN silver.eddington.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.eddington.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.eddington.sport_family IS 'run, walk or ride; see silver.sport_family().';
COMMENT ON COLUMN silver.eddington.unit IS 'km or mile: the unit of the distances that are counted.';
COMMENT ON COLUMN silver.eddington.eddington IS 'Eddington''s number, in days and in that unit.';
COMMENT ON COLUMN silver.eddington.days_towards_next IS 'Days there are already with at least eddington + 1 of the unit; eddington + 1 are needed.';

-- Where Strava has no power meter's data it may send power that it estimated from speed and slope, and says so (device_watts false). An
-- estimate is no record. In plpgsql: its plan is kept from call to call, and Citus takes no parameters in an SQL function over its tables.
CREATE FUNCTION silver.best_efforts_between(
    p_athlete_id bigint, p_source_id smallint, p_metric text, p_from timestamp, p_to timestamp, p_sport_family text DEFAULT NULL)
RETURNS TABLE (rung integer, value float8, activity_id bigint, start_offset_s integer, start_date_local timestamp)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    -- Each activity gets a number; the best of a rung is the largest of value and number in one integer. A later activity has a smaller
    -- number, so the first of equals wins. The shortest time is the largest negative one.
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY a.start_date_local DESC, a.activity_id DESC) AS number, a.activity_id, a.start_date_local,
               CASE WHEN p_metric = 'power' THEN r.power_w WHEN p_metric = 'heartrate' THEN r.heartrate_bpm
                   WHEN p_metric = 'pace' THEN r.pace_time_s END AS vals,
               CASE WHEN p_metric = 'power' THEN r.power_start_s WHEN p_metric = 'heartrate' THEN r.heartrate_start_s
                   WHEN p_metric = 'pace' THEN r.pace_start_s END AS starts,
               CASE WHEN silver.sport_family(a.sport_type) = 'ride' THEN 30 WHEN silver.sport_family(a.sport_type) = 'swim' THEN 3
                   ELSE 10 END AS speed_mps_max
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
    ORDER BY b.rung;
END $$;
COMMENT ON FUNCTION silver.best_efforts_between IS 'The best effort of an athlete at each rung of the ladder in activities that began in [from, to) local time: metric power (W, without Strava''s estimates), heartrate (beats per minute) or pace (value: seconds for effort_distances_m()[rung]; faster than 30 m/s in rides, 3 in swims and 10 in other sports counts as an error of measurement). Sport family null: all sports.';

CREATE VIEW silver.power_curve WITH (security_invoker = true) AS
SELECT t.athlete_id, t.source_id, w.period, (silver.effort_durations_s())[b.rung] AS duration_s, b.value AS power_w, b.activity_id,
       b.start_offset_s, b.start_date_local
FROM silver.athlete t
CROSS JOIN (VALUES
    ('days_90'::text, (now() AT TIME ZONE 'UTC') - interval '90 days'),
    ('season', date_trunc('year', now() AT TIME ZONE 'UTC')),
    ('all_time', '-infinity'::timestamp)) AS w(period, since)
CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, 'power', w.since, 'infinity') AS b;
COMMENT ON VIEW silver.power_curve IS 'One row per athlete, period and duration: best mean power over the last 90 days, this calendar year and all time, in all sports together. By sport: personal_record, and for other periods silver.best_efforts_between().';
COMMENT ON COLUMN silver.power_curve.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.power_curve.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.power_curve.period IS 'days_90, season (this calendar year) or all_time. Filter by it.';
COMMENT ON COLUMN silver.power_curve.duration_s IS 'Seconds over which the power was held.';
COMMENT ON COLUMN silver.power_curve.power_w IS 'Best mean power in watts.';
COMMENT ON COLUMN silver.power_curve.activity_id IS 'Activity of the effort.';
COMMENT ON COLUMN silver.power_curve.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';
COMMENT ON COLUMN silver.power_curve.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE VIEW silver.personal_record WITH (security_invoker = true) AS
SELECT t.athlete_id, t.source_id, f.sport_family, f.metric,
       CASE WHEN f.metric = 'pace' THEN b.value ELSE (silver.effort_durations_s())[b.rung] END AS duration_s,
       CASE WHEN f.metric = 'pace' THEN (silver.effort_distances_m())[b.rung] END AS distance_m,
       CASE WHEN f.metric = 'power' THEN b.value END AS power_w,
       CASE WHEN f.metric = 'heartrate' THEN b.value END AS heartrate_bpm,
       CASE WHEN f.metric = 'pace' THEN b.value / (silver.effort_distances_m())[b.rung] * 1000 END AS pace_s_per_km,
       b.activity_id, b.start_offset_s, b.start_date_local
FROM silver.athlete t
CROSS JOIN (VALUES
    ('run'::text, 'pace'::text), ('run', 'heartrate'), ('run', 'power'), ('walk', 'pace'), ('ride', 'power'), ('ride', 'heartrate'),
    ('ride', 'pace'), ('swim', 'pace')) AS f(sport_family, metric)
CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, f.metric, '-infinity', 'infinity', f.sport_family) AS b;
COMMENT ON VIEW silver.personal_record IS 'One row per athlete, sport family, metric and rung of the ladder: the best of all time, from streams. Indoor and virtual activities count. Pace: faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by metric.';
COMMENT ON COLUMN silver.personal_record.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.personal_record.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.personal_record.sport_family IS 'run, walk, ride or swim; see silver.sport_family().';
COMMENT ON COLUMN silver.personal_record.metric IS 'pace, power or heartrate: which of the value columns is filled.';
COMMENT ON COLUMN silver.personal_record.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the record time for pace.';
COMMENT ON COLUMN silver.personal_record.distance_m IS 'Metres: the rung for pace, null otherwise.';
COMMENT ON COLUMN silver.personal_record.power_w IS 'Best mean power in watts.';
COMMENT ON COLUMN silver.personal_record.heartrate_bpm IS 'Best mean heart rate, beats per minute.';
COMMENT ON COLUMN silver.personal_record.pace_s_per_km IS 'Seconds per kilometre of the record time, pauses included.';
COMMENT ON COLUMN silver.personal_record.activity_id IS 'Activity of the record.';
COMMENT ON COLUMN silver.personal_record.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';
COMMENT ON COLUMN silver.personal_record.start_date_local IS 'Start of that activity in local wall-clock time.';
