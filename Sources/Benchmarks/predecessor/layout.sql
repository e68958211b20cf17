-- The predecessor's layout in PostgreSQL: a narrow table per stream with a row per point, and one wide row per point joined from them.
-- Numbers as keys instead of its strings, and keys that its warehouse did not have: both in its favour here.
DROP SCHEMA IF EXISTS predecessor CASCADE;
CREATE SCHEMA predecessor;

DO $$
DECLARE
    stream text;
BEGIN
    FOREACH stream IN ARRAY '{time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth}'::text[] LOOP
        EXECUTE format(
            'CREATE TABLE predecessor.%I (%s, index integer NOT NULL, original_size integer, series_type text, athlete_id bigint NOT NULL,
             activity_id bigint NOT NULL, metadata_insert_timestamp timestamptz, PRIMARY KEY (athlete_id, activity_id, index))',
            stream, CASE stream WHEN 'latlng' THEN 'latitude float8, longitude float8' ELSE 'data float8' END);
    END LOOP;
END $$;

CREATE TABLE predecessor.activity AS SELECT * FROM bronze_strava.activity WITH NO DATA;
ALTER TABLE predecessor.activity ADD PRIMARY KEY (athlete_id, activity_id);

CREATE TABLE predecessor.aggregate_stream (
    index integer NOT NULL, time float8, altitude float8, cadence float8, distance float8, grade_smooth float8, heartrate float8,
    latitude float8, longitude float8, power float8, moving float8, temperature float8, velocity_smooth float8, watts float8, name text,
    sport_type text, athlete_id bigint NOT NULL, activity_id bigint NOT NULL, metadata_insert_timestamp timestamptz,
    PRIMARY KEY (athlete_id, activity_id, index));
