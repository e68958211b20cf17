-- What is worked out from an activity's arrays in the daemon: best efforts, histograms, heat map cells, minutes (one row of arrays per
-- activity, with views that give rows) and single figures.

CREATE FUNCTION silver.sport_family(sport_type text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN sport_type IN ('Run', 'TrailRun', 'VirtualRun') THEN 'run'
        WHEN sport_type IN ('Walk', 'Hike', 'Snowshoe') THEN 'walk'
        WHEN sport_type IN ('Ride', 'MountainBikeRide', 'GravelRide', 'VirtualRide', 'Handcycle', 'Velomobile') THEN 'ride'
        WHEN sport_type IN ('EBikeRide', 'EMountainBikeRide') THEN 'e_ride'
        WHEN sport_type IN ('Swim', 'OpenWaterSwim') THEN 'swim'
        WHEN sport_type IN ('AlpineSki', 'BackcountrySki', 'NordicSki', 'RollerSki', 'Snowboard') THEN 'ski'
        WHEN sport_type IN ('Rowing', 'VirtualRow', 'Kayaking', 'Canoeing', 'StandUpPaddling') THEN 'paddle'
        ELSE 'other'
    END
$$;
COMMENT ON FUNCTION silver.sport_family(text) IS 'Sports that are counted together: run, walk, ride, e_ride, swim, ski, paddle or other.';

CREATE FUNCTION silver.effort_durations_s() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{1,2,3,5,8,10,15,20,30,45,60,90,120,180,240,300,360,480,600,720,900,1200,1500,1800,2400,2700,3600,5400,7200,10800,14400,18000}'::integer[]
$$;
COMMENT ON FUNCTION silver.effort_durations_s() IS 'Seconds for which best mean power and heart rate are kept: element i belongs to element i of activity_rollup.power_w and heartrate_bpm.';

CREATE FUNCTION silver.effort_distances_m() RETURNS float8[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{400,804.672,1000,1609.344,3218.688,5000,10000,15000,16093.44,20000,21097.5,30000,42195}'::float8[]
$$;
COMMENT ON FUNCTION silver.effort_distances_m() IS 'Metres for which the fastest time is kept: element i belongs to element i of activity_rollup.pace_time_s.';

CREATE TABLE silver.activity_rollup (
    athlete_id           bigint      NOT NULL,
    source_id            smallint    NOT NULL DEFAULT 1,
    activity_id          bigint      NOT NULL,
    heartrate_first_bpm  smallint,
    heartrate_seconds    integer[]   COMPRESSION lz4,
    power_seconds        integer[]   COMPRESSION lz4,
    power_w              real[]      COMPRESSION lz4,
    power_start_s        integer[]   COMPRESSION lz4,
    heartrate_bpm        real[]      COMPRESSION lz4,
    heartrate_start_s    integer[]   COMPRESSION lz4,
    pace_time_s          real[]      COMPRESSION lz4,
    pace_start_s         integer[]   COMPRESSION lz4,
    cell                 bigint[]    COMPRESSION lz4,
    cell_seconds         integer[]   COMPRESSION lz4,
    minute_recorded_s    smallint[]  COMPRESSION lz4,
    minute_heartrate_bpm smallint[]  COMPRESSION lz4,
    minute_power_w       smallint[]  COMPRESSION lz4,
    minute_cadence_rpm   smallint[]  COMPRESSION lz4,
    minute_distance_m    real[]      COMPRESSION lz4,
    minute_altitude_m    real[]      COMPRESSION lz4,
    CONSTRAINT activity_rollup_pk PRIMARY KEY (athlete_id, source_id, activity_id),
    CONSTRAINT activity_rollup_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_rollup_aligned CHECK (
        cardinality(power_w) = cardinality(power_start_s) AND cardinality(heartrate_bpm) = cardinality(heartrate_start_s)
        AND cardinality(pace_time_s) = cardinality(pace_start_s) AND cardinality(cell) = cardinality(cell_seconds))
) WITH (toast.autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE silver.activity_rollup IS 'One row per activity with streams: arrays worked out from them when they landed. To read rows take the views activity_best_effort, activity_histogram, activity_grid and activity_interval_1min.';
COMMENT ON COLUMN silver.activity_rollup.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_rollup.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_rollup.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_first_bpm IS 'Heart rate of the first element of heartrate_seconds, beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_seconds IS 'Element i: seconds with a heart rate of heartrate_first_bpm + i - 1 beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.power_seconds IS 'Element i: seconds with a power of at least 5·(i - 1) and less than 5·i watts.';
COMMENT ON COLUMN silver.activity_rollup.power_w IS 'Element i: best mean power in watts over effort_durations_s()[i] seconds of elapsed time; a second without a value counts 0 W. Ends at the longest duration that was reached.';
COMMENT ON COLUMN silver.activity_rollup.power_start_s IS 'Element i: seconds from the start of the activity to the start of the effort power_w[i].';
COMMENT ON COLUMN silver.activity_rollup.heartrate_bpm IS 'Element i: best mean heart rate in beats per minute over effort_durations_s()[i] seconds; null when nine tenths of the seconds had no value in any window.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_start_s IS 'Element i: seconds from the start of the activity to the start of the effort heartrate_bpm[i].';
COMMENT ON COLUMN silver.activity_rollup.pace_time_s IS 'Element i: shortest elapsed time in seconds for effort_distances_m()[i] metres, pauses included. Ends at the longest distance that was reached.';
COMMENT ON COLUMN silver.activity_rollup.pace_start_s IS 'Element i: seconds from the start of the activity to the start of the effort pace_time_s[i].';
COMMENT ON COLUMN silver.activity_rollup.cell IS 'Heat map cells of 0.001 degree, ascending: (latitude cell + 90000)·1000000 + longitude cell + 180000. See activity_grid.';
COMMENT ON COLUMN silver.activity_rollup.cell_seconds IS 'Element i: seconds spent in cell[i].';
COMMENT ON COLUMN silver.activity_rollup.minute_recorded_s IS 'Element i: seconds of minute i (from 1) in which something was recorded; 0 in a pause.';
COMMENT ON COLUMN silver.activity_rollup.minute_heartrate_bpm IS 'Element i: mean heart rate of minute i, beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.minute_power_w IS 'Element i: mean power of minute i over the seconds that have one, watts.';
COMMENT ON COLUMN silver.activity_rollup.minute_cadence_rpm IS 'Element i: mean cadence of minute i; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity_rollup.minute_distance_m IS 'Element i: metres covered in minute i.';
COMMENT ON COLUMN silver.activity_rollup.minute_altitude_m IS 'Element i: mean altitude of minute i, metres above sea level.';

CREATE TABLE silver.activity_metric (
    athlete_id               bigint   NOT NULL,
    source_id                smallint NOT NULL DEFAULT 1,
    activity_id              bigint   NOT NULL,
    recorded_s               integer  NOT NULL,
    heartrate_s              integer  NOT NULL,
    average_heartrate_bpm    float8,
    best_heartrate_30s_bpm   float8,
    power_s                  integer  NOT NULL,
    average_power_w          float8,
    normalized_power_w       float8,
    variability_index        float8,
    decoupling_percent       float8,
    decoupling_basis         text,
    best_vam_10min_m_per_h       float8,
    grade_adjusted_distance_m float8,
    intensity_factor         float8,
    trimp                    float8,
    load                     float8   NOT NULL DEFAULT 0,
    load_method              text     NOT NULL DEFAULT 'none',
    load_ftp_w               integer,
    load_max_heartrate_bpm   float8,
    CONSTRAINT activity_metric_pk PRIMARY KEY (athlete_id, source_id, activity_id),
    CONSTRAINT activity_metric_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_metric_load_method CHECK (load_method IN ('power', 'heartrate', 'none')),
    CONSTRAINT activity_metric_decoupling_basis CHECK (decoupling_basis IN ('power', 'pace'))
) WITH (fillfactor = 80);
COMMENT ON TABLE silver.activity_metric IS 'One row per activity with streams: figures that follow from them, and the training load. An activity without streams has no row: its load is unknown and counts 0.';
COMMENT ON COLUMN silver.activity_metric.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_metric.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_metric.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_metric.recorded_s IS 'Seconds in which something was recorded: gaps of more than 10 seconds are pauses.';
COMMENT ON COLUMN silver.activity_metric.heartrate_s IS 'Seconds that have a heart rate.';
COMMENT ON COLUMN silver.activity_metric.average_heartrate_bpm IS 'Mean heart rate over heartrate_s, beats per minute.';
COMMENT ON COLUMN silver.activity_metric.best_heartrate_30s_bpm IS 'Best mean heart rate over 30 seconds, beats per minute.';
COMMENT ON COLUMN silver.activity_metric.power_s IS 'Seconds that have a power.';
COMMENT ON COLUMN silver.activity_metric.average_power_w IS 'Mean power over power_s, watts.';
COMMENT ON COLUMN silver.activity_metric.normalized_power_w IS 'Normalised power after Coggan in watts: fourth root of the mean of the fourth powers of rolling 30-second means, pauses taken out.';
COMMENT ON COLUMN silver.activity_metric.variability_index IS 'normalized_power_w / average_power_w; no unit, 1 is perfectly even.';
COMMENT ON COLUMN silver.activity_metric.decoupling_percent IS 'How much output per heart beat fell from the first to the second half (Friel), percent. Under 20 minutes null.';
COMMENT ON COLUMN silver.activity_metric.decoupling_basis IS 'The output that decoupling_percent is about: power, else pace.';
COMMENT ON COLUMN silver.activity_metric.best_vam_10min_m_per_h IS 'Climbing speed (VAM) over the best 10 minutes, net metres of altitude per hour.';
COMMENT ON COLUMN silver.activity_metric.grade_adjusted_distance_m IS 'Runs and walks: metres on the level that cost as much energy (Minetti 2002). Divide by moving_time_s of the activity for the grade-adjusted speed.';
COMMENT ON COLUMN silver.activity_metric.intensity_factor IS 'normalized_power_w / load_ftp_w (Coggan); no unit, 1 is an all-out hour. Null without a known FTP.';
COMMENT ON COLUMN silver.activity_metric.trimp IS 'Training impulse after Banister from the heart rate; no unit. Null without heart rate.';
COMMENT ON COLUMN silver.activity_metric.load IS 'Training load on one scale for both methods, no unit: 100 is one hour at threshold. Made as load_method says.';
COMMENT ON COLUMN silver.activity_metric.load_method IS 'power: hours · intensity_factor² · 100 (Coggan''s training stress score); heartrate: trimp relative to one hour at threshold · 100; none: neither is known, load is 0.';
COMMENT ON COLUMN silver.activity_metric.load_ftp_w IS 'FTP in watts that held at the date of the activity, as far as known: the figure that intensity_factor used.';
COMMENT ON COLUMN silver.activity_metric.load_max_heartrate_bpm IS 'Maximal heart rate that trimp used, beats per minute; see athlete_reference.';

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
COMMENT ON VIEW silver.activity_best_effort IS 'One row per activity, metric and rung of the ladder: best mean power and heart rate over fixed durations, shortest time for fixed distances. All sports have pace; filter by sport_type.';
COMMENT ON COLUMN silver.activity_best_effort.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_best_effort.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_best_effort.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_best_effort.metric IS 'power, heartrate or pace: says which of the value columns is filled.';
COMMENT ON COLUMN silver.activity_best_effort.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the time it took for pace.';
COMMENT ON COLUMN silver.activity_best_effort.distance_m IS 'Metres: the rung for pace, null otherwise.';
COMMENT ON COLUMN silver.activity_best_effort.power_w IS 'Best mean power in watts over the duration, pauses counted as 0 W.';
COMMENT ON COLUMN silver.activity_best_effort.heartrate_bpm IS 'Best mean heart rate over the duration, beats per minute.';
COMMENT ON COLUMN silver.activity_best_effort.pace_s_per_km IS 'Seconds per kilometre over the distance, pauses included.';
COMMENT ON COLUMN silver.activity_best_effort.start_offset_s IS 'Seconds from the start of the activity to the start of the effort.';

CREATE VIEW silver.activity_histogram WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, 'heartrate'::text AS metric, (r.heartrate_first_bpm + u.bin - 1)::integer AS heartrate_bpm,
       NULL::integer AS power_from_w, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.heartrate_seconds) WITH ORDINALITY AS u(seconds, bin)
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'power', NULL, (5 * (u.bin - 1))::integer, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.power_seconds) WITH ORDINALITY AS u(seconds, bin);
COMMENT ON VIEW silver.activity_histogram IS 'One row per activity, metric and bin: seconds at each heart rate, and in each band of 5 watts.';
COMMENT ON COLUMN silver.activity_histogram.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_histogram.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_histogram.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_histogram.metric IS 'heartrate or power: says which of the two bin columns is filled.';
COMMENT ON COLUMN silver.activity_histogram.heartrate_bpm IS 'Heart rate of the bin, beats per minute.';
COMMENT ON COLUMN silver.activity_histogram.power_from_w IS 'Lower bound of the bin in watts; it is 5 W wide.';
COMMENT ON COLUMN silver.activity_histogram.seconds IS 'Seconds spent in the bin.';

CREATE VIEW silver.activity_grid WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, u.cell,
       (u.cell / 1000000 - 90000 + 0.5) / 1000::float8 AS latitude_deg, (u.cell % 1000000 - 180000 + 0.5) / 1000::float8 AS longitude_deg,
       u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.cell, r.cell_seconds) AS u(cell, seconds);
COMMENT ON VIEW silver.activity_grid IS 'One row per activity and heat map cell of 0.001 degree that was visited.';
COMMENT ON COLUMN silver.activity_grid.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_grid.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_grid.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_grid.cell IS 'Number of the cell: group by it.';
COMMENT ON COLUMN silver.activity_grid.latitude_deg IS 'Latitude of the middle of the cell, degrees.';
COMMENT ON COLUMN silver.activity_grid.longitude_deg IS 'Longitude of the middle of the cell, degrees.';
COMMENT ON COLUMN silver.activity_grid.seconds IS 'Seconds spent in the cell.';

CREATE VIEW silver.activity_interval_1min WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, (u.minute - 1)::integer * 60 AS start_offset_s, u.recorded_s::integer,
       u.heartrate_bpm::integer, u.power_w::integer, u.cadence_rpm::integer, u.distance_m::text::float8, u.altitude_m::text::float8
FROM silver.activity_rollup r
CROSS JOIN LATERAL unnest(
    r.minute_recorded_s, r.minute_heartrate_bpm, r.minute_power_w, r.minute_cadence_rpm, r.minute_distance_m, r.minute_altitude_m)
    WITH ORDINALITY AS u(recorded_s, heartrate_bpm, power_w, cadence_rpm, distance_m, altitude_m, minute);
COMMENT ON VIEW silver.activity_interval_1min IS 'One row per activity and minute of elapsed time, pauses included.';
COMMENT ON COLUMN silver.activity_interval_1min.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_interval_1min.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_interval_1min.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_interval_1min.start_offset_s IS 'Seconds from the start of the activity to the start of the minute: 0, 60, 120, …';
COMMENT ON COLUMN silver.activity_interval_1min.recorded_s IS 'Seconds of the minute in which something was recorded.';
COMMENT ON COLUMN silver.activity_interval_1min.heartrate_bpm IS 'Mean heart rate, beats per minute.';
COMMENT ON COLUMN silver.activity_interval_1min.power_w IS 'Mean power over the seconds that have one, watts.';
COMMENT ON COLUMN silver.activity_interval_1min.cadence_rpm IS 'Mean cadence; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity_interval_1min.distance_m IS 'Metres covered in the minute.';
COMMENT ON COLUMN silver.activity_interval_1min.altitude_m IS 'Mean altitude, metres above sea level.';
