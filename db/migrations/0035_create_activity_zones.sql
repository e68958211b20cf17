-- Time in zones, kept per activity: worked out when streams land or zones change, because sums over a quarter should take no time.

ALTER TABLE silver.athlete_zone_set ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN silver.athlete_zone_set.changed_at IS 'When the row was made or last changed.';

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
COMMENT ON TABLE silver.activity_zone IS 'One row per activity and metric: seconds in each of the athlete''s zones as they were at the start of the activity. To read rows take the view activity_zone_time.';
COMMENT ON COLUMN silver.activity_zone.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_zone.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_zone.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_zone.metric IS 'heartrate or power.';
COMMENT ON COLUMN silver.activity_zone.lower_bounds IS 'Element i: where zone i begins, beats per minute or watts.';
COMMENT ON COLUMN silver.activity_zone.seconds IS 'Element i: seconds in zone i.';
COMMENT ON COLUMN silver.activity_zone.is_default IS 'The zones are a default, not the athlete''s own.';

CREATE FUNCTION silver.zone_seconds(seconds integer[], first_value integer, bin_width integer, lower_bounds integer[]) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT coalesce(sum(h.seconds), 0)::integer
        FROM generate_series(1, cardinality(lower_bounds)) AS z(zone)
        LEFT JOIN (
            SELECT s.seconds, width_bucket((first_value + (s.bin - 1) * bin_width)::integer, lower_bounds) AS zone
            FROM unnest(zone_seconds.seconds) WITH ORDINALITY AS s(seconds, bin)
        ) AS h USING (zone)
        GROUP BY zone ORDER BY zone);
END $$;
COMMENT ON FUNCTION silver.zone_seconds(integer[], integer, integer, integer[]) IS 'Seconds in each zone from a histogram: element i of the histogram stands for first_value + (i - 1)·bin_width, which belongs to the zone that begins at or below it.';

DROP VIEW silver.activity_zone_time;
CREATE VIEW silver.activity_zone_time WITH (security_invoker = true) AS
SELECT a.athlete_id, a.source_id, a.activity_id, a.start_date_local, z.metric, u.zone::integer,
       CASE z.metric WHEN 'heartrate' THEN u.bound END AS from_bpm,
       CASE z.metric WHEN 'heartrate' THEN z.lower_bounds[u.zone + 1] END AS to_bpm,
       CASE z.metric WHEN 'power' THEN u.bound END AS from_w,
       CASE z.metric WHEN 'power' THEN z.lower_bounds[u.zone + 1] END AS to_w,
       u.seconds, z.is_default
FROM silver.activity a
JOIN silver.activity_zone z USING (athlete_id, source_id, activity_id)
CROSS JOIN LATERAL unnest(z.lower_bounds, z.seconds) WITH ORDINALITY AS u(bound, seconds, zone);
COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate and power zones as they were at the start of the activity. Each second is in exactly one zone of a metric.';
COMMENT ON COLUMN silver.activity_zone_time.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_zone_time.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_zone_time.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_zone_time.start_date_local IS 'Start of the activity on the clock on the wall.';
COMMENT ON COLUMN silver.activity_zone_time.metric IS 'heartrate or power: says which bounds are filled.';
COMMENT ON COLUMN silver.activity_zone_time.zone IS 'Number of the zone, from 1 (easiest).';
COMMENT ON COLUMN silver.activity_zone_time.from_bpm IS 'First heart rate of the zone, beats per minute.';
COMMENT ON COLUMN silver.activity_zone_time.to_bpm IS 'Heart rate at which the next zone begins; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.from_w IS 'Power at which the zone begins, watts. Time is counted in bands of 5 W: a band belongs to the zone in which it begins.';
COMMENT ON COLUMN silver.activity_zone_time.to_w IS 'Power at which the next zone begins, watts; null for the last.';
COMMENT ON COLUMN silver.activity_zone_time.seconds IS 'Seconds in the zone.';
COMMENT ON COLUMN silver.activity_zone_time.is_default IS 'The zones are a default, not the athlete''s own.';
