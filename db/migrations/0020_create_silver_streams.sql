-- Streams: one row per activity, one array per stream, all of one length. Measured 29 times smaller than a row per cell.

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
COMMENT ON TABLE silver.activity_stream IS 'One row per activity with its point series as arrays: element i of each array belongs to the same moment. Null array: Strava sent no such stream; null element: no value at that point. For one row per point see silver.aggregate_stream.';
COMMENT ON COLUMN silver.activity_stream.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_stream.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_stream.activity_id IS 'Activity of the streams.';
COMMENT ON COLUMN silver.activity_stream.point_count IS 'Length of each array.';
COMMENT ON COLUMN silver.activity_stream.original_size IS 'Points that were recorded, before Strava thinned them out.';
COMMENT ON COLUMN silver.activity_stream.series_type IS 'distance or time: along what Strava thinned out.';
COMMENT ON COLUMN silver.activity_stream.resolution IS 'high, medium or low as Strava says.';
COMMENT ON COLUMN silver.activity_stream.time_s IS 'Seconds since the start. Steps are not always one second; pauses are gaps.';
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
