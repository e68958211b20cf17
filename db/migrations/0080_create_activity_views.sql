-- Views of single activities: the arrays of silver as rows.

CREATE FUNCTION silver.is_dated(start_date_local timestamp) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT start_date_local >= silver.calendar_begin() AND start_date_local < silver.calendar_end()
$$;
COMMENT ON FUNCTION silver.is_dated IS 'Whether an activity counts in days, weeks, months, years, streaks, records and curves: it has a start, from calendar_begin() to before calendar_end(). Other dates come from a wrong clock.';

-- float4 goes through text to float8, because that gives the digits back as sent (12345.3, not 12345.2998046875).
CREATE VIEW silver.aggregate_stream WITH (security_invoker = true) AS
SELECT u.i::integer               AS index,
       u.t::float8                AS time,
       u.al::text::float8         AS altitude,
       u.ca::float8               AS cadence,
       u.d::text::float8          AS distance,
       u.g::text::float8          AS grade_smooth,
       u.hr::float8               AS heartrate,
       u.la / 1e6::float8         AS latitude,
       u.lo / 1e6::float8         AS longitude,
       NULL::float8               AS power,
       u.mo::integer::float8      AS moving,
       u.te::float8               AS temperature,
       u.v::text::float8          AS velocity_smooth,
       u.w::float8                AS watts,
       a.name,
       a.sport_type,
       s.athlete_id,
       s.activity_id,
       s.loaded_at                AS metadata_insert_timestamp,
       s.source_id,
       a.start_at + make_interval(secs => u.t) AS recorded_at
FROM silver.activity_stream s
JOIN silver.activity a USING (athlete_id, source_id, activity_id)
CROSS JOIN LATERAL unnest(
    s.time_s, s.altitude_m, s.cadence_rpm, s.distance_m, s.grade_percent, s.heartrate_bpm, s.latitude_e6, s.longitude_e6, s.moving,
    s.temperature_c, s.velocity_mps, s.power_w) WITH ORDINALITY AS u(t, al, ca, d, g, hr, la, lo, mo, te, v, w, i);
COMMENT ON VIEW silver.aggregate_stream IS 'One row per point of an activity: the predecessor''s table, column by column, then ours. Filter by athlete_id and activity_id.';
COMMENT ON COLUMN silver.aggregate_stream.index IS 'Place of the point in the activity, from 1.';
COMMENT ON COLUMN silver.aggregate_stream.time IS 'Seconds since the start.';
COMMENT ON COLUMN silver.aggregate_stream.altitude IS 'Metres above sea level.';
COMMENT ON COLUMN silver.aggregate_stream.cadence IS 'Revolutions per minute; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.aggregate_stream.distance IS 'Metres since the start.';
COMMENT ON COLUMN silver.aggregate_stream.grade_smooth IS 'Grade in percent.';
COMMENT ON COLUMN silver.aggregate_stream.heartrate IS 'Beats per minute.';
COMMENT ON COLUMN silver.aggregate_stream.latitude IS 'Degrees.';
COMMENT ON COLUMN silver.aggregate_stream.longitude IS 'Degrees.';
COMMENT ON COLUMN silver.aggregate_stream.power IS 'Always null: Strava has no stream of this name; see watts.';
COMMENT ON COLUMN silver.aggregate_stream.moving IS '1 in motion, 0 at rest.';
COMMENT ON COLUMN silver.aggregate_stream.temperature IS '°C.';
COMMENT ON COLUMN silver.aggregate_stream.velocity_smooth IS 'Metres per second.';
COMMENT ON COLUMN silver.aggregate_stream.watts IS 'Power in watts.';
COMMENT ON COLUMN silver.aggregate_stream.name IS 'Title of the activity.';
COMMENT ON COLUMN silver.aggregate_stream.sport_type IS 'Kind of sport.';
COMMENT ON COLUMN silver.aggregate_stream.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.aggregate_stream.activity_id IS 'Strava''s number for the activity.';
COMMENT ON COLUMN silver.aggregate_stream.metadata_insert_timestamp IS 'When the activity''s streams were loaded.';
COMMENT ON COLUMN silver.aggregate_stream.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.aggregate_stream.recorded_at IS 'Moment of the point, UTC.';

CREATE VIEW silver.activity_best_effort WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, 'power'::text AS metric, d.duration_s::float8 AS duration_s, NULL::float8 AS distance_m,
       u.value::text::float8 AS power_w, NULL::float8 AS heartrate_bpm, NULL::float8 AS pace_s_per_km, u.start_s AS start_offset_s
FROM silver.activity_rollup r
CROSS JOIN LATERAL unnest(r.power_w, r.power_start_s) WITH ORDINALITY AS u(value, start_s, rung)
JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY AS d(duration_s, rung) ON d.rung = u.rung
WHERE u.value IS NOT NULL
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'heartrate', d.duration_s, NULL, NULL, u.value::text::float8, NULL, u.start_s
FROM silver.activity_rollup r
CROSS JOIN LATERAL unnest(r.heartrate_bpm, r.heartrate_start_s) WITH ORDINALITY AS u(value, start_s, rung)
JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY AS d(duration_s, rung) ON d.rung = u.rung
WHERE u.value IS NOT NULL
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'pace', u.value::text::float8, d.distance_m, NULL, NULL,
       u.value::text::float8 / d.distance_m * 1000, u.start_s
FROM silver.activity_rollup r
CROSS JOIN LATERAL unnest(r.pace_time_s, r.pace_start_s) WITH ORDINALITY AS u(value, start_s, rung)
JOIN unnest(silver.effort_distances_m()) WITH ORDINALITY AS d(distance_m, rung) ON d.rung = u.rung
WHERE u.value IS NOT NULL;
COMMENT ON VIEW silver.activity_best_effort IS 'One row per activity, metric and rung of the ladder: best mean power and heart rate over fixed durations, shortest time for fixed distances. All sports have pace, errors of GPS too, and power may be Strava''s estimate: filter by sport_type, and power by has_power_meter IS NOT FALSE of activity; or use personal_record, which leaves out values that are too fast or estimated.';
COMMENT ON COLUMN silver.activity_best_effort.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_best_effort.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_best_effort.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_best_effort.metric IS 'power, heartrate or pace: which of the value columns is filled.';
COMMENT ON COLUMN silver.activity_best_effort.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the time it took for pace.';
COMMENT ON COLUMN silver.activity_best_effort.distance_m IS 'Metres: the rung for pace, null otherwise.';
COMMENT ON COLUMN silver.activity_best_effort.power_w IS 'Best mean power in watts over the duration, pauses counted as 0 W.';
COMMENT ON COLUMN silver.activity_best_effort.heartrate_bpm IS 'Best mean heart rate over the duration, beats per minute.';
COMMENT ON COLUMN silver.activity_best_effort.pace_s_per_km IS 'Seconds per kilometre over the distance, pauses included.';
COMMENT ON COLUMN silver.activity_best_effort.start_offset_s IS 'Seconds from the start of the activity to the start of the effort.';

CREATE VIEW silver.activity_histogram WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, 'heartrate'::text AS metric, (r.heartrate_first_bpm + u.bin - 1)::integer AS heartrate_bpm,
       NULL::integer AS power_from_w, NULL::float8 AS speed_from_mps, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.heartrate_seconds) WITH ORDINALITY AS u(seconds, bin)
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'power', NULL, (u.bin - 1)::integer, NULL, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.power_seconds) WITH ORDINALITY AS u(seconds, bin)
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'pace', NULL, NULL, (u.bin - 1) / 100::float8, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.speed_seconds) WITH ORDINALITY AS u(seconds, bin);
COMMENT ON VIEW silver.activity_histogram IS 'One row per activity, metric and bin: seconds at each heart rate, at each watt and at each centimetre per second; also of 0 seconds. Filter by metric: all count the same time. Power may be Strava''s estimate: then has_power_meter of the activity is false.';
COMMENT ON COLUMN silver.activity_histogram.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_histogram.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_histogram.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_histogram.metric IS 'heartrate, power or pace: which of the bin columns is filled.';
COMMENT ON COLUMN silver.activity_histogram.heartrate_bpm IS 'Heart rate of the bin, beats per minute.';
COMMENT ON COLUMN silver.activity_histogram.power_from_w IS 'Power of the bin in whole watts: from it to less than one watt more.';
COMMENT ON COLUMN silver.activity_histogram.speed_from_mps IS 'Speed of the bin in metres per second: from it to less than 0.01 more, the last bin (11.99) without an end. The pace in seconds per kilometre is 1000 / speed.';
COMMENT ON COLUMN silver.activity_histogram.seconds IS 'Seconds spent in the bin.';

-- unnest in the select list needs no copy of the rows that it makes.
CREATE VIEW silver.activity_grid WITH (security_invoker = true) AS
SELECT u.athlete_id, u.source_id, u.activity_id, u.cell,
       (u.cell / 1000000 - 90000 + 0.5::float8) / 1000 AS latitude_deg, (u.cell % 1000000 - 180000 + 0.5::float8) / 1000 AS longitude_deg,
       u.seconds
FROM (
    SELECT athlete_id, source_id, activity_id, unnest(cell) AS cell, unnest(cell_seconds) AS seconds FROM silver.activity_rollup
) AS u;
COMMENT ON VIEW silver.activity_grid IS 'One row per activity and heat map cell of 0.001 degree that was visited.';
COMMENT ON COLUMN silver.activity_grid.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_grid.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_grid.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_grid.cell IS 'Number of the cell: group by it.';
COMMENT ON COLUMN silver.activity_grid.latitude_deg IS 'Latitude of the middle of the cell, degrees.';
COMMENT ON COLUMN silver.activity_grid.longitude_deg IS 'Longitude of the middle of the cell, degrees.';
COMMENT ON COLUMN silver.activity_grid.seconds IS 'Seconds spent in the cell.';

CREATE VIEW silver.activity_interval_1min WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, u.start_s AS start_offset_s, u.recorded_s::integer,
       u.heartrate_bpm::integer, u.power_w::integer, u.cadence_rpm::integer, u.distance_m::text::float8, u.altitude_m::text::float8
FROM silver.activity_rollup r
CROSS JOIN LATERAL unnest(
    r.minute_start_s, r.minute_recorded_s, r.minute_heartrate_bpm, r.minute_power_w, r.minute_cadence_rpm, r.minute_distance_m,
    r.minute_altitude_m) AS u(start_s, recorded_s, heartrate_bpm, power_w, cadence_rpm, distance_m, altitude_m);
COMMENT ON VIEW silver.activity_interval_1min IS 'One row per activity and minute of elapsed time, pauses of up to 5 hours included; of a longer one the minutes after about the first 300 are left out. Null: no value in the minute.';
COMMENT ON COLUMN silver.activity_interval_1min.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_interval_1min.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_interval_1min.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_interval_1min.start_offset_s IS 'Seconds from the start of the activity to the start of the minute, a multiple of 60.';
COMMENT ON COLUMN silver.activity_interval_1min.recorded_s IS 'Seconds of the minute in which something was recorded.';
COMMENT ON COLUMN silver.activity_interval_1min.heartrate_bpm IS 'Mean heart rate, beats per minute.';
COMMENT ON COLUMN silver.activity_interval_1min.power_w IS 'Mean power over the seconds that have one, watts.';
COMMENT ON COLUMN silver.activity_interval_1min.cadence_rpm IS 'Mean cadence; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity_interval_1min.distance_m IS 'Metres covered in the minute.';
COMMENT ON COLUMN silver.activity_interval_1min.altitude_m IS 'Mean altitude, metres above sea level.';

CREATE VIEW silver.activity_zone_time WITH (security_invoker = true) AS
SELECT a.athlete_id, a.source_id, a.activity_id, a.start_date_local, a.sport_family, z.metric, u.zone::integer,
       CASE WHEN z.metric = 'heartrate' THEN u.bound END AS from_bpm,
       CASE WHEN z.metric = 'heartrate' THEN z.lower_bounds[u.zone + 1] END AS to_bpm,
       CASE WHEN z.metric = 'power' THEN u.bound END AS from_w,
       CASE WHEN z.metric = 'power' THEN z.lower_bounds[u.zone + 1] END AS to_w,
       CASE WHEN z.metric = 'pace' THEN u.bound / 100::float8 END AS from_mps,
       CASE WHEN z.metric = 'pace' THEN z.lower_bounds[u.zone + 1] / 100::float8 END AS to_mps,
       CASE WHEN z.metric = 'pace' THEN 100000 / nullif(u.bound, 0)::float8 END AS from_s_per_km,
       CASE WHEN z.metric = 'pace' THEN 100000 / nullif(z.lower_bounds[u.zone + 1], 0)::float8 END AS to_s_per_km,
       u.seconds, z.is_default
FROM silver.activity a
JOIN silver.activity_zone z USING (athlete_id, source_id, activity_id)
CROSS JOIN LATERAL unnest(z.lower_bounds, z.seconds) WITH ORDINALITY AS u(bound, seconds, zone);
COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate, power and pace zones as they were at the start of the activity; default zones (is_default) come from the newest maximal heart rate, and from the FTP of the date. Each second is in exactly one zone of a metric. Filter by metric: all count the same time.';
COMMENT ON COLUMN silver.activity_zone_time.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_zone_time.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_zone_time.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_zone_time.start_date_local IS 'Start of the activity in local wall-clock time.';
COMMENT ON COLUMN silver.activity_zone_time.sport_family IS 'Sports that are counted together, as in activity.sport_family.';
COMMENT ON COLUMN silver.activity_zone_time.metric IS 'heartrate, power or pace: which bounds are filled.';
COMMENT ON COLUMN silver.activity_zone_time.zone IS 'Number of the zone, from 1 (easiest).';
COMMENT ON COLUMN silver.activity_zone_time.from_bpm IS 'First heart rate of the zone, beats per minute.';
COMMENT ON COLUMN silver.activity_zone_time.to_bpm IS 'Heart rate at which the next zone begins; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.from_w IS 'Power at which the zone begins, watts.';
COMMENT ON COLUMN silver.activity_zone_time.to_w IS 'Power at which the next zone begins, watts; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.from_mps IS 'Speed at which the zone begins, metres per second.';
COMMENT ON COLUMN silver.activity_zone_time.to_mps IS 'Speed at which the next zone begins, metres per second; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.from_s_per_km IS 'Pace of from_mps, the slowest of the zone, seconds per kilometre; null for a zone that begins at rest.';
COMMENT ON COLUMN silver.activity_zone_time.to_s_per_km IS 'Pace of to_mps, at which the next zone begins, seconds per kilometre; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.seconds IS 'Seconds in the zone.';
COMMENT ON COLUMN silver.activity_zone_time.is_default IS 'The zones are a default, not the athlete''s own.';
