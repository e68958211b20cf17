-- The point series of activities, and what is computed from them once, when they land.

CREATE TABLE silver.activity_stream (
    athlete_id        bigint      NOT NULL,
    source_id         smallint    NOT NULL DEFAULT 1,
    activity_id       bigint      NOT NULL,
    point_count       integer     NOT NULL,
    original_size     integer,
    series_type       text,
    resolution        text,
    time_s            integer[]   COMPRESSION lz4,
    distance_m        real[]      COMPRESSION lz4,
    latitude_e6       integer[]   COMPRESSION lz4,
    longitude_e6      integer[]   COMPRESSION lz4,
    altitude_m        real[]      COMPRESSION lz4,
    velocity_mps      real[]      COMPRESSION lz4,
    grade_percent     real[]      COMPRESSION lz4,
    heartrate_bpm     smallint[]  COMPRESSION lz4,
    cadence_rpm       smallint[]  COMPRESSION lz4,
    power_w           smallint[]  COMPRESSION lz4,
    temperature_c     smallint[]  COMPRESSION lz4,
    moving            boolean[]   COMPRESSION lz4,
    transform_version smallint    NOT NULL,
    src_sha256        bytea       NOT NULL,
    loaded_at         timestamptz NOT NULL DEFAULT now(),
    short_points      integer,
    disordered_points integer,
    longest_step_s    integer,
    end_distance_m    float8,
    outlier_time_points      integer,
    outlier_distance_points  integer,
    outlier_position_points  integer,
    outlier_altitude_points  integer,
    outlier_heartrate_points integer,
    outlier_power_points     integer,
    outlier_cadence_points   integer,
    CONSTRAINT activity_stream_pk PRIMARY KEY (athlete_id, source_id, activity_id),
    CONSTRAINT activity_stream_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_stream_aligned CHECK (
        coalesce(cardinality(time_s), point_count) = point_count AND coalesce(cardinality(distance_m), point_count) = point_count
        AND coalesce(cardinality(latitude_e6), point_count) = point_count AND coalesce(cardinality(longitude_e6), point_count) = point_count
        AND coalesce(cardinality(altitude_m), point_count) = point_count AND coalesce(cardinality(velocity_mps), point_count) = point_count
        AND coalesce(cardinality(grade_percent), point_count) = point_count AND coalesce(cardinality(heartrate_bpm), point_count) = point_count
        AND coalesce(cardinality(cadence_rpm), point_count) = point_count AND coalesce(cardinality(power_w), point_count) = point_count
        AND coalesce(cardinality(temperature_c), point_count) = point_count AND coalesce(cardinality(moving), point_count) = point_count)
) WITH (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE silver.activity_stream IS 'One row per activity with its point series as arrays: element i of each array belongs to the same moment. All as Strava sent it: figures are computed without the outliers that the columns outlier_* count. Null array: Strava sent no such stream; null element: no value at that point. For one row per point see silver.aggregate_stream.';
COMMENT ON COLUMN silver.activity_stream.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_stream.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_stream.activity_id IS 'Activity of the streams.';
COMMENT ON COLUMN silver.activity_stream.point_count IS 'Length of each array.';
COMMENT ON COLUMN silver.activity_stream.original_size IS 'Points that were recorded, before Strava thinned them out.';
COMMENT ON COLUMN silver.activity_stream.series_type IS 'distance or time: along what Strava thinned out.';
COMMENT ON COLUMN silver.activity_stream.resolution IS 'high, medium or low, as sent by Strava.';
COMMENT ON COLUMN silver.activity_stream.time_s IS 'Seconds since the start, as sent: a step may be of any length, and faulty clocks repeat, go back or jump. activity_metric.recorded_s leaves out pauses.';
COMMENT ON COLUMN silver.activity_stream.distance_m IS 'Metres since the start. Exact to 7 digits; read with ::text::float8 to see the digits that Strava sent.';
COMMENT ON COLUMN silver.activity_stream.latitude_e6 IS 'Latitude in millionths of a degree.';
COMMENT ON COLUMN silver.activity_stream.longitude_e6 IS 'Longitude in millionths of a degree.';
COMMENT ON COLUMN silver.activity_stream.altitude_m IS 'Metres above sea level.';
COMMENT ON COLUMN silver.activity_stream.velocity_mps IS 'Smoothed speed, metres per second.';
COMMENT ON COLUMN silver.activity_stream.grade_percent IS 'Smoothed grade in percent.';
COMMENT ON COLUMN silver.activity_stream.heartrate_bpm IS 'Heart rate, beats per minute.';
COMMENT ON COLUMN silver.activity_stream.cadence_rpm IS 'Cadence: revolutions per minute; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity_stream.power_w IS 'Power in watts (Strava''s stream watts).';
COMMENT ON COLUMN silver.activity_stream.temperature_c IS 'Temperature, °C.';
COMMENT ON COLUMN silver.activity_stream.moving IS 'Whether the athlete was in motion.';
COMMENT ON COLUMN silver.activity_stream.transform_version IS 'Version of the decoder that made the row.';
COMMENT ON COLUMN silver.activity_stream.src_sha256 IS 'SHA-256 of the answer the row was made from.';
COMMENT ON COLUMN silver.activity_stream.loaded_at IS 'When the row was made.';
COMMENT ON COLUMN silver.activity_stream.short_points IS 'Points by which the shortest of Strava''s lists is shorter than the longest; the missing points at its end are null.';
COMMENT ON COLUMN silver.activity_stream.disordered_points IS 'Points whose time is missing or not at least a second later than that of the point before; null: there are no times.';
COMMENT ON COLUMN silver.activity_stream.longest_step_s IS 'Longest time from one point to the next, seconds, without the points that outlier_time_points counts; null: there are no times.';
COMMENT ON COLUMN silver.activity_stream.end_distance_m IS 'Last known element of distance_m, metres.';
COMMENT ON COLUMN silver.activity_stream.outlier_time_points IS 'Points that no figure counts because their time is missing or contradicts the points around it. Null: there are no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_distance_points IS 'Elements of distance_m that no figure counts (they go far away and come back), and jumps of it, which are no way covered: falls, and steps of more than 300 m/s, or of more than 12 m/s and more than four times the steps around. Null: there is no such stream, or no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_position_points IS 'Positions that no figure counts (they go far away and come back, are a wrong start, or 0° north, 0° east), and jumps of the position. Null: there is no such stream, or no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_altitude_points IS 'Elements of altitude_m that no figure counts (dropouts, spikes, codes for no value), and lasting steps of more than 15 m a second, which are no climb. Null: there is no such stream, or no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_heartrate_points IS 'Elements of heartrate_bpm that no figure counts: below 25 (0: the sensor was lost) or above 240 beats per minute (255 is a code for no value). Null: there is no such stream, or no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_power_points IS 'Elements of power_w that no figure counts: below 0 or above 3000 W, single spikes of more than 1000 W and three times all within 5 seconds, and zeros for more than 20 minutes while the athlete moved on: the meter had died. Null: there is no such stream, or no times.';
COMMENT ON COLUMN silver.activity_stream.outlier_cadence_points IS 'Elements of cadence_rpm that no figure counts: below 0 or above 250 a minute (255 is a code for no value). Null: there is no such stream, or no times.';

CREATE FUNCTION silver.effort_durations_s() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{1,2,3,5,8,10,15,20,30,45,60,90,120,180,240,300,360,480,600,720,900,1200,1500,1800,2400,2700,3600,5400,7200,10800,14400,18000}'::integer[]
$$;
COMMENT ON FUNCTION silver.effort_durations_s IS 'Seconds for which best mean power and heart rate are kept: element i belongs to element i of activity_rollup.power_w and heartrate_bpm.';

CREATE FUNCTION silver.effort_distances_m() RETURNS float8[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{400,804.672,1000,1609.344,3218.688,5000,10000,15000,16093.44,20000,21097.5,30000,42195}'::float8[]
$$;
COMMENT ON FUNCTION silver.effort_distances_m IS 'Metres for which the fastest time is kept: element i belongs to element i of activity_rollup.pace_time_s.';

CREATE TABLE silver.activity_rollup (
    athlete_id           bigint      NOT NULL,
    source_id            smallint    NOT NULL DEFAULT 1,
    activity_id          bigint      NOT NULL,
    heartrate_first_bpm  smallint,
    heartrate_seconds    integer[]   COMPRESSION lz4,
    power_seconds        integer[]   COMPRESSION lz4,
    speed_seconds        integer[]   COMPRESSION lz4,
    power_w              real[]      COMPRESSION lz4,
    power_start_s        integer[]   COMPRESSION lz4,
    heartrate_bpm        real[]      COMPRESSION lz4,
    heartrate_start_s    integer[]   COMPRESSION lz4,
    pace_time_s          real[]      COMPRESSION lz4,
    pace_start_s         integer[]   COMPRESSION lz4,
    cell                 bigint[]    COMPRESSION lz4,
    cell_seconds         integer[]   COMPRESSION lz4,
    minute_start_s       integer[]   COMPRESSION lz4,
    minute_recorded_s    smallint[]  COMPRESSION lz4,
    minute_heartrate_bpm smallint[]  COMPRESSION lz4,
    minute_power_w       smallint[]  COMPRESSION lz4,
    minute_cadence_rpm   smallint[]  COMPRESSION lz4,
    minute_distance_m    real[]      COMPRESSION lz4,
    minute_altitude_m    real[]      COMPRESSION lz4,
    adjusted_distance_m  float8[],
    CONSTRAINT activity_rollup_pk PRIMARY KEY (athlete_id, source_id, activity_id),
    CONSTRAINT activity_rollup_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_rollup_aligned CHECK (
        cardinality(power_w) = cardinality(power_start_s) AND cardinality(heartrate_bpm) = cardinality(heartrate_start_s)
        AND cardinality(pace_time_s) = cardinality(pace_start_s) AND cardinality(cell) = cardinality(cell_seconds)
        AND cardinality(minute_start_s) = cardinality(minute_recorded_s))
) WITH (toast.autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE silver.activity_rollup IS 'One row per activity with streams: arrays computed from them when they landed. To read rows use the views activity_best_effort, activity_histogram, activity_grid and activity_interval_1min.';
COMMENT ON COLUMN silver.activity_rollup.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_rollup.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_rollup.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_first_bpm IS 'Heart rate of the first element of heartrate_seconds, beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_seconds IS 'Element i: seconds with a heart rate of heartrate_first_bpm + i - 1 beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.power_seconds IS 'Element i: seconds with a power of at least i - 1 and less than i watts.';
COMMENT ON COLUMN silver.activity_rollup.speed_seconds IS 'Element i: recorded seconds at a speed of at least i - 1 and less than i centimetres per second; element 1200 stands for 11.99 m/s and more. Of velocity_mps, else of the way covered; pauses and outliers are left out. Ends at the highest speed. Null: no speed is known.';
COMMENT ON COLUMN silver.activity_rollup.power_w IS 'Element i: best mean power in watts over effort_durations_s()[i] seconds of elapsed time; a second without a value counts 0 W. Ends at the longest duration that was reached.';
COMMENT ON COLUMN silver.activity_rollup.power_start_s IS 'Element i: seconds from the start of the activity to the start of the effort power_w[i].';
COMMENT ON COLUMN silver.activity_rollup.heartrate_bpm IS 'Element i: best mean heart rate in beats per minute over effort_durations_s()[i] seconds of elapsed time, of the seconds that have one; null when no window has one in nine tenths of its seconds.';
COMMENT ON COLUMN silver.activity_rollup.heartrate_start_s IS 'Element i: seconds from the start of the activity to the start of the effort heartrate_bpm[i].';
COMMENT ON COLUMN silver.activity_rollup.pace_time_s IS 'Element i: shortest elapsed time in seconds for effort_distances_m()[i] metres, pauses included. Ends at the longest distance that was reached.';
COMMENT ON COLUMN silver.activity_rollup.pace_start_s IS 'Element i: seconds from the start of the activity to the start of the effort pace_time_s[i].';
COMMENT ON COLUMN silver.activity_rollup.cell IS 'Heat map cells of 0.001 degree, ascending: (latitude cell + 90000)·1000000 + longitude cell + 180000. See activity_grid.';
COMMENT ON COLUMN silver.activity_rollup.cell_seconds IS 'Element i: seconds spent in cell[i].';
COMMENT ON COLUMN silver.activity_rollup.minute_start_s IS 'Element i: seconds from the start of the activity to the start of minute i, a multiple of 60. Of a pause of more than 5 hours the minutes after about the first 300 are left out.';
COMMENT ON COLUMN silver.activity_rollup.minute_recorded_s IS 'Element i: seconds of minute i (from 1) in which something was recorded; 0 in a pause.';
COMMENT ON COLUMN silver.activity_rollup.minute_heartrate_bpm IS 'Element i: mean heart rate of minute i, beats per minute.';
COMMENT ON COLUMN silver.activity_rollup.minute_power_w IS 'Element i: mean power of minute i over the seconds that have one, watts.';
COMMENT ON COLUMN silver.activity_rollup.minute_cadence_rpm IS 'Element i: mean cadence of minute i; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity_rollup.minute_distance_m IS 'Element i: metres covered in minute i.';
COMMENT ON COLUMN silver.activity_rollup.minute_altitude_m IS 'Element i: mean altitude of minute i, metres above sea level.';
COMMENT ON COLUMN silver.activity_rollup.adjusted_distance_m IS 'Metres on the level that cost as much energy (Minetti 2002): element 1 if it was run, element 2 if it was walked. Null without grades. To read use activity_metric.grade_adjusted_distance_m.';

CREATE TABLE silver.activity_metric (
    athlete_id                   bigint   NOT NULL,
    source_id                    smallint NOT NULL DEFAULT 1,
    activity_id                  bigint   NOT NULL,
    recorded_s                   integer  NOT NULL,
    heartrate_s                  integer  NOT NULL,
    average_heartrate_bpm        float8,
    best_heartrate_30s_bpm       float8,
    power_s                      integer  NOT NULL,
    power_positive_s             integer  NOT NULL DEFAULT 0,
    distance_s                   integer  NOT NULL DEFAULT 0,
    mean_power_w                 float8,
    normalized_power_w           float8,
    variability_index            float8,
    decoupling_percent           float8,
    decoupling_basis             text,
    best_vam_10min_m_per_h       float8,
    grade_adjusted_distance_m    float8,
    grade_adjusted_pace_s_per_km float8,
    intensity_factor             float8,
    trimp                        float8,
    load                         float8   NOT NULL DEFAULT 0,
    load_method                  text     NOT NULL DEFAULT 'none',
    load_confidence              float8,
    load_threshold_origin        text,
    load_ftp_w                   float8,
    load_threshold_speed_mps     float8,
    load_threshold_heartrate_bpm float8,
    load_max_heartrate_bpm       float8,
    load_rest_heartrate_bpm      float8,
    critical_power_w             float8,
    w_prime_j                    float8,
    w_prime_balance_min_j        float8,
    w_prime_low_s                integer,
    CONSTRAINT activity_metric_pk PRIMARY KEY (athlete_id, source_id, activity_id),
    CONSTRAINT activity_metric_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_metric_load_method CHECK (
        load_method IN ('power', 'heartrate', 'pace', 'power_average', 'heartrate_average', 'pace_average', 'none')),
    CONSTRAINT activity_metric_decoupling_basis CHECK (decoupling_basis IN ('power', 'pace'))
) WITH (fillfactor = 80);
-- Each silver batch asks for the highest heart rate of each of its athletes: the end of this index, instead of all their activities.
CREATE INDEX activity_metric_by_heartrate ON silver.activity_metric (athlete_id, source_id, best_heartrate_30s_bpm)
    WHERE best_heartrate_30s_bpm BETWEEN 165 AND 220;
COMMENT ON TABLE silver.activity_metric IS 'One row per activity with streams: figures that follow from them, and the training load. Without streams an activity has a row if it has averages to estimate its load from; else its load is unknown and counts 0.';
COMMENT ON COLUMN silver.activity_metric.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_metric.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_metric.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_metric.recorded_s IS 'Seconds in which something was recorded, without pauses. A step from one point to the next is no pause if it has up to 10 seconds; if it has up to 3 times the median step (of the activity, or of the 10 steps around) and the athlete was not at rest; if its speed is 0.5 to 3 times the activity''s median; where the way is not known, if it has up to twice the step that nine in ten do not exceed. A step of more than 5 hours always is one. 0: there are no streams.';
COMMENT ON COLUMN silver.activity_metric.heartrate_s IS 'Seconds that have a heart rate.';
COMMENT ON COLUMN silver.activity_metric.average_heartrate_bpm IS 'Mean heart rate over heartrate_s, beats per minute. For a mean over activities weigh by heartrate_s.';
COMMENT ON COLUMN silver.activity_metric.best_heartrate_30s_bpm IS 'Best mean heart rate over 30 seconds, beats per minute.';
COMMENT ON COLUMN silver.activity_metric.power_s IS 'Seconds that have a power.';
COMMENT ON COLUMN silver.activity_metric.power_positive_s IS 'Seconds with a power above 0 W.';
COMMENT ON COLUMN silver.activity_metric.distance_s IS 'Recorded seconds in which the way covered is known.';
COMMENT ON COLUMN silver.activity_metric.mean_power_w IS 'Mean power over power_s, watts; seconds of 0 W count. For a mean over activities weigh by power_s. Strava''s average is activity.average_power_w.';
COMMENT ON COLUMN silver.activity_metric.normalized_power_w IS 'Normalised power after Coggan in watts: fourth root of the mean of the fourth powers of rolling 30-second means, pauses taken out. Of Strava''s estimate when has_power_meter of the activity is false: then it makes no load.';
COMMENT ON COLUMN silver.activity_metric.variability_index IS 'normalized_power_w / mean_power_w; no unit, 1 is perfectly even.';
COMMENT ON COLUMN silver.activity_metric.decoupling_percent IS 'How much output per heart beat fell from the first to the second half (Friel''s Pw:HR and Pa:HR): output is mean power, else mean speed; percent, negative when it rose. Null when less than 20 minutes have both. Never summed.';
COMMENT ON COLUMN silver.activity_metric.decoupling_basis IS 'The output that decoupling_percent is about: power, else pace.';
COMMENT ON COLUMN silver.activity_metric.best_vam_10min_m_per_h IS 'Climbing speed (VAM) over the best 10 minutes of elapsed time, net metres of altitude per hour. In every sport, so a lift counts: filter by sport_type.';
COMMENT ON COLUMN silver.activity_metric.grade_adjusted_distance_m IS 'Runs and walks, else null: metres on the level that cost as much energy, by Minetti''s cost (2002) of running or of walking.';
COMMENT ON COLUMN silver.activity_metric.grade_adjusted_pace_s_per_km IS 'Runs and walks: seconds per kilometre on the level that cost as much: the time in motion of the activity (without it recorded_s) by grade_adjusted_distance_m.';
COMMENT ON COLUMN silver.activity_metric.intensity_factor IS 'Output relative to the threshold that held at the date; no unit, 1 is an all-out hour. Power: normalized_power_w / load_ftp_w (Coggan); power_average: the average instead; pace, pace_average: grade-adjusted speed (swims: speed) / load_threshold_speed_mps (McGregor). Null for load from heart rate.';
COMMENT ON COLUMN silver.activity_metric.trimp IS 'Training impulse after Banister (Morton 1990) from the heart rate: sum of minutes · x · k · e^(c · x) with x the part of the heart rate reserve; k and c are 0.86 and 1.67 for women, 0.64 and 1.92 for men and when the sex is not known. No unit, may be summed. Null without heart rate.';
COMMENT ON COLUMN silver.activity_metric.load IS 'Training load on one scale for all methods, no unit: 100 is one hour at threshold. May be summed. load_method names the method; 0 with load_method none means unknown, not easy.';
COMMENT ON COLUMN silver.activity_metric.load_method IS 'The first of these whose data cover three quarters of the time in motion. power: hours · intensity_factor² · 100 (Coggan''s training stress score), only where power was measured and above 0 for half of that time; heartrate: trimp relative to one hour at the threshold heart rate · 100; pace: runs, hours · intensity_factor² · 100 (McGregor''s rTSS), and swims, hours · intensity_factor³ · 100. Else from averages over the time in motion, which is less exact (hard and easy parts are levelled): power_average, heartrate_average, pace_average. none: nothing is known, load is 0.';
COMMENT ON COLUMN silver.activity_metric.load_confidence IS 'Share of the load that comes from streams, no unit: 1 for power, heartrate and pace, 0 for averages, null without a load.';
COMMENT ON COLUMN silver.activity_metric.load_threshold_origin IS 'Where the threshold of load_method comes from: set (by the athlete or operator), strava, estimate (from the activities) or default; see athlete_threshold. A threshold heart rate that is derived from the maximum is default.';
COMMENT ON COLUMN silver.activity_metric.load_ftp_w IS 'Threshold power in watts that held for this sport at the date of the activity, as far as known; see athlete_threshold.';
COMMENT ON COLUMN silver.activity_metric.load_threshold_speed_mps IS 'Threshold speed of runs and swims at the date of the activity, metres per second; null in other sports. A default is raised to what the activity itself proves: its speed over 15 minutes or more, brought to an hour with Riegel''s exponent.';
COMMENT ON COLUMN silver.activity_metric.load_threshold_heartrate_bpm IS 'Threshold heart rate at the date of the activity, beats per minute: what athlete_threshold has, else 85 % of the heart rate reserve.';
COMMENT ON COLUMN silver.activity_metric.load_max_heartrate_bpm IS 'Maximal heart rate that trimp used, beats per minute; see athlete_threshold.';
COMMENT ON COLUMN silver.activity_metric.load_rest_heartrate_bpm IS 'Heart rate at rest that trimp used, beats per minute; see athlete_threshold.';
COMMENT ON COLUMN silver.activity_metric.critical_power_w IS 'Critical power in watts that the W'' balance used; null without measured power or when no critical power is known; see athlete_threshold.';
COMMENT ON COLUMN silver.activity_metric.w_prime_j IS 'W'' in joules, the work that can be done above critical power, that the W'' balance used.';
COMMENT ON COLUMN silver.activity_metric.w_prime_balance_min_j IS 'Lowest W'' balance of the activity in joules after Skiba''s differential model (2015): above critical power W'' falls by the work above it, below it recovers by (critical power - power) · the part that is spent; a pause is 0 W. Negative: critical power or W'' is set too low.';
COMMENT ON COLUMN silver.activity_metric.w_prime_low_s IS 'Seconds in which less than a quarter of W'' was left.';

CREATE TABLE silver.activity_zone (
    athlete_id   bigint    NOT NULL,
    source_id    smallint  NOT NULL DEFAULT 1,
    activity_id  bigint    NOT NULL,
    metric       text      NOT NULL,
    lower_bounds integer[] NOT NULL,
    seconds      integer[] NOT NULL,
    is_default   boolean   NOT NULL,
    CONSTRAINT activity_zone_pk PRIMARY KEY (athlete_id, source_id, activity_id, metric),
    CONSTRAINT activity_zone_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE,
    CONSTRAINT activity_zone_aligned CHECK (cardinality(lower_bounds) = cardinality(seconds))
);
COMMENT ON TABLE silver.activity_zone IS 'One row per activity and metric: seconds in each of the athlete''s zones as they were at the start of the activity. To read rows use the view activity_zone_time.';
COMMENT ON COLUMN silver.activity_zone.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_zone.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_zone.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_zone.metric IS 'heartrate, power or pace.';
COMMENT ON COLUMN silver.activity_zone.lower_bounds IS 'Element i: where zone i begins, beats per minute, watts or (pace) centimetres per second.';
COMMENT ON COLUMN silver.activity_zone.seconds IS 'Element i: seconds in zone i.';
COMMENT ON COLUMN silver.activity_zone.is_default IS 'The zones are a default, not the athlete''s own.';

-- The seconds of a zone are a slice of the histogram. A zone may begin before the histogram or after its end. As a table, so that the planner
-- merges it into the query that calls it: a call for each row costs five times as much.
CREATE FUNCTION silver.zone_seconds(histogram integer[], first_value integer, lower_bounds integer[]) RETURNS TABLE (seconds integer[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(
        SELECT coalesce((
            SELECT sum(s) FROM unnest(histogram[
                greatest(lower_bounds[zone] - first_value + 1, 1)
                : CASE WHEN zone < cardinality(lower_bounds) THEN lower_bounds[zone + 1] - first_value ELSE cardinality(histogram) END]) AS s
        ), 0)::integer
        FROM generate_series(1, cardinality(lower_bounds)) AS zone
        ORDER BY zone)
$$;
COMMENT ON FUNCTION silver.zone_seconds IS 'Seconds in each zone from a histogram: element i of the histogram stands for first_value + i - 1, which belongs to the zone that begins at or below it.';
