-- Views of an athlete: maximum heart rate, gear, Eddington's number, curves and records. Days, weeks, months and years: 0083.

CREATE VIEW silver.athlete_max_heartrate WITH (security_invoker = true) AS
SELECT athlete_id, source_id, valid_from, max_heartrate_bpm, activity_id
FROM (
    SELECT t.athlete_id, t.source_id, m.activity_id, a.start_at AS valid_from, m.best_heartrate_30s_bpm AS max_heartrate_bpm,
           max(m.best_heartrate_30s_bpm) OVER (
               PARTITION BY t.athlete_id, t.source_id ORDER BY a.start_at, m.activity_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_bpm
    FROM silver.athlete t
    CROSS JOIN LATERAL (SELECT silver.estimated_max_heartrate_bpm(t.athlete_id, t.source_id) AS bpm OFFSET 0) AS e
    JOIN silver.activity_metric m
        ON m.athlete_id = t.athlete_id AND m.source_id = t.source_id AND m.best_heartrate_30s_bpm BETWEEN 165 AND e.bpm
    JOIN silver.activity a ON a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.activity_id = m.activity_id
    WHERE silver.is_dated(a.start_at AT TIME ZONE 'UTC')
) AS r
WHERE before_bpm IS NULL OR max_heartrate_bpm > before_bpm;
COMMENT ON VIEW silver.athlete_max_heartrate IS 'One row per athlete and activity that raised the highest heart rate held for 30 seconds; it holds until the next row. Values under 165 say little about a maximum, and values that no other activity confirms count as sensor faults, see silver.estimated_max_heartrate_bpm(): both are left out. The maximum that load uses may be another, if it was set: see athlete_threshold.';
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
           sum(moving_time_s) AS moving_time_s, min(start_date_local) FILTER (WHERE silver.is_dated(start_date_local))::date AS first_used_on,
           max(start_date_local) FILTER (WHERE silver.is_dated(start_date_local))::date AS last_used_on
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
        SELECT athlete_id, source_id, sport_family AS sport_family, start_date_local::date AS day,
               sum(distance_m) AS distance_m,
               row_number() OVER (
                   PARTITION BY athlete_id, source_id, sport_family ORDER BY sum(distance_m) DESC) AS rank
        FROM silver.activity
        WHERE distance_m > 0 AND silver.is_dated(start_date_local)
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
COMMENT ON COLUMN silver.eddington.sport_family IS 'run, walk or ride, as in activity.sport_family.';
COMMENT ON COLUMN silver.eddington.unit IS 'km or mile: the unit of the distances that are counted.';
COMMENT ON COLUMN silver.eddington.eddington IS 'Eddington''s number, in days and in that unit.';
COMMENT ON COLUMN silver.eddington.days_towards_next IS 'Days there are already with at least eddington + 1 of the unit; eddington + 1 are needed.';

-- Where Strava has no power meter's data it may send power that it estimated from speed and slope, and says so (device_watts false). An
-- estimate is no record. In plpgsql: its plan is kept from call to call, and Citus takes no parameters in an SQL function over its tables.
CREATE FUNCTION silver.best_efforts_between(
    p_athlete_id bigint, p_source_id smallint, p_metric text, p_from timestamp, p_to timestamp, p_sport_family text DEFAULT NULL)
RETURNS TABLE (sport_family text, rung integer, value float8, activity_id bigint, start_offset_s integer, start_date_local timestamp)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    -- Each activity gets a number; the best of a rung is the largest of value and number in one integer. A later activity has a smaller
    -- number, so the first of equals wins. The shortest time is the largest negative one.
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY a.start_date_local DESC, a.activity_id DESC) AS number, a.activity_id, a.sport_family,
               a.start_date_local,
               CASE WHEN p_metric = 'power' THEN r.power_w WHEN p_metric = 'heartrate' THEN r.heartrate_bpm
                   WHEN p_metric = 'pace' THEN r.pace_time_s END AS vals,
               CASE WHEN p_metric = 'power' THEN r.power_start_s WHEN p_metric = 'heartrate' THEN r.heartrate_start_s
                   WHEN p_metric = 'pace' THEN r.pace_start_s END AS starts,
               CASE WHEN a.sport_family = 'ride' THEN 30 WHEN a.sport_family = 'swim' THEN 3 ELSE 10 END AS speed_mps_max
        FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_date_local >= p_from AND a.start_date_local < p_to
          AND silver.is_dated(a.start_date_local)
          AND (p_sport_family IS NULL OR a.sport_family = p_sport_family)
          AND (p_metric <> 'power' OR a.has_power_meter IS NOT FALSE)
    ), best AS (
        SELECT c.sport_family, u.rung,
               max(CASE WHEN p_metric = 'pace' THEN -round(u.val * 100) ELSE round(u.val * 100) END::bigint * 4294967296 + c.number) AS code
        FROM candidate c CROSS JOIN LATERAL unnest(c.vals) WITH ORDINALITY AS u(val, rung)
        WHERE u.val IS NOT NULL AND (p_metric <> 'pace' OR (silver.effort_distances_m())[u.rung] <= u.val * c.speed_mps_max)
        GROUP BY c.sport_family, u.rung
    )
    SELECT b.sport_family, b.rung::integer, c.vals[b.rung]::text::float8, c.activity_id, c.starts[b.rung], c.start_date_local
    FROM best b JOIN candidate c ON c.number = b.code & 4294967295
    ORDER BY b.sport_family, b.rung;
END $$;
COMMENT ON FUNCTION silver.best_efforts_between IS 'The best effort of an athlete in each sport family (or in p_sport_family alone) at each rung of the ladder, in activities that began in [from, to) local time and count (silver.is_dated): metric power (W, without Strava''s estimates), heartrate (beats per minute) or pace (value: seconds for effort_distances_m()[rung]; faster than 30 m/s in rides, 3 in swims and 10 in other sports counts as an error of measurement).';

-- A filter on period reaches the function's argument: only the curves that are asked for are computed.
CREATE FUNCTION silver.curve_periods() RETURNS TABLE (period text, since timestamp) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT v.period, v.since FROM (VALUES
        ('days_90'::text, (now() AT TIME ZONE 'UTC') - interval '90 days'),
        ('season', date_trunc('year', now() AT TIME ZONE 'UTC')),
        ('all_time', '-infinity'::timestamp)) AS v(period, since)
$$;
COMMENT ON FUNCTION silver.curve_periods IS 'The periods of power_curve and pace_curve and the local time since when each counts: days_90 (90 days by UTC), season (this calendar year), all_time.';

CREATE VIEW silver.power_curve WITH (security_invoker = true) AS
SELECT t.athlete_id, t.source_id, b.sport_family, w.period, (silver.effort_durations_s())[b.rung] AS duration_s, b.value AS power_w,
       b.activity_id, b.start_offset_s, b.start_date_local
FROM silver.athlete t
CROSS JOIN silver.curve_periods() AS w
CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, 'power', w.since, 'infinity') AS b;
COMMENT ON VIEW silver.power_curve IS 'One row per athlete, sport family, period and duration: best mean power over the last 90 days, this calendar year and all time. Measured power only; a rider''s watts and a runner''s are different things and never share a curve. Filter by period and sport_family. For other periods: silver.best_efforts_between().';
COMMENT ON COLUMN silver.power_curve.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.power_curve.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.power_curve.sport_family IS 'Sports that are counted together, as in activity.sport_family; only those with power have rows.';
COMMENT ON COLUMN silver.power_curve.period IS 'days_90, season (this calendar year) or all_time; see silver.curve_periods().';
COMMENT ON COLUMN silver.power_curve.duration_s IS 'Seconds over which the power was held.';
COMMENT ON COLUMN silver.power_curve.power_w IS 'Best mean power in watts.';
COMMENT ON COLUMN silver.power_curve.activity_id IS 'Activity of the effort.';
COMMENT ON COLUMN silver.power_curve.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';
COMMENT ON COLUMN silver.power_curve.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE VIEW silver.pace_curve WITH (security_invoker = true) AS
SELECT t.athlete_id, t.source_id, b.sport_family, w.period, (silver.effort_distances_m())[b.rung] AS distance_m, b.value AS duration_s,
       b.value / (silver.effort_distances_m())[b.rung] * 1000 AS pace_s_per_km, b.activity_id, b.start_offset_s, b.start_date_local
FROM silver.athlete t
CROSS JOIN silver.curve_periods() AS w
CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, 'pace', w.since, 'infinity') AS b
WHERE b.sport_family IN ('run', 'walk', 'ride', 'swim', 'ski', 'paddle');
COMMENT ON VIEW silver.pace_curve IS 'One row per athlete, sport family, period and distance: shortest time for the distance over the last 90 days, this calendar year and all time, from streams. Faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by period and sport_family. For other periods: silver.best_efforts_between().';
COMMENT ON COLUMN silver.pace_curve.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.pace_curve.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.pace_curve.sport_family IS 'run, walk, ride, swim, ski or paddle, as in activity.sport_family; only those with a distance stream have rows.';
COMMENT ON COLUMN silver.pace_curve.period IS 'days_90, season (this calendar year) or all_time; see silver.curve_periods().';
COMMENT ON COLUMN silver.pace_curve.distance_m IS 'Metres of the effort.';
COMMENT ON COLUMN silver.pace_curve.duration_s IS 'Shortest elapsed time for it in seconds, pauses included.';
COMMENT ON COLUMN silver.pace_curve.pace_s_per_km IS 'The same in seconds per kilometre.';
COMMENT ON COLUMN silver.pace_curve.activity_id IS 'Activity of the effort.';
COMMENT ON COLUMN silver.pace_curve.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';
COMMENT ON COLUMN silver.pace_curve.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE VIEW silver.personal_record WITH (security_invoker = true) AS
SELECT t.athlete_id, t.source_id, b.sport_family, f.metric,
       CASE WHEN f.metric = 'pace' THEN b.value ELSE (silver.effort_durations_s())[b.rung] END AS duration_s,
       CASE WHEN f.metric = 'pace' THEN (silver.effort_distances_m())[b.rung] END AS distance_m,
       CASE WHEN f.metric = 'power' THEN b.value END AS power_w,
       CASE WHEN f.metric = 'heartrate' THEN b.value END AS heartrate_bpm,
       CASE WHEN f.metric = 'pace' THEN b.value / (silver.effort_distances_m())[b.rung] * 1000 END AS pace_s_per_km,
       b.activity_id, b.start_offset_s, b.start_date_local
FROM silver.athlete t
CROSS JOIN (VALUES ('pace'::text), ('power'), ('heartrate')) AS f(metric)
CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, f.metric, '-infinity', 'infinity') AS b
WHERE b.sport_family IN ('run', 'ride') OR b.sport_family IN ('walk', 'swim') AND f.metric = 'pace';
COMMENT ON VIEW silver.personal_record IS 'One row per athlete, sport family, metric and rung of the ladder: the best of all time, from streams. Indoor and virtual activities count. Pace: faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by metric.';
COMMENT ON COLUMN silver.personal_record.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.personal_record.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.personal_record.sport_family IS 'run, walk, ride or swim, as in activity.sport_family.';
COMMENT ON COLUMN silver.personal_record.metric IS 'pace, power or heartrate: which of the value columns is filled.';
COMMENT ON COLUMN silver.personal_record.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the record time for pace.';
COMMENT ON COLUMN silver.personal_record.distance_m IS 'Metres: the rung for pace, null otherwise.';
COMMENT ON COLUMN silver.personal_record.power_w IS 'Best mean power in watts.';
COMMENT ON COLUMN silver.personal_record.heartrate_bpm IS 'Best mean heart rate, beats per minute.';
COMMENT ON COLUMN silver.personal_record.pace_s_per_km IS 'Seconds per kilometre of the record time, pauses included.';
COMMENT ON COLUMN silver.personal_record.activity_id IS 'Activity of the record.';
COMMENT ON COLUMN silver.personal_record.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';
COMMENT ON COLUMN silver.personal_record.start_date_local IS 'Start of that activity in local wall-clock time.';
