-- Power was counted in bands of 5 W, so that time in a zone that begins within a band was off by the seconds of that band: up to a seventh of it.
-- Now each watt counts by itself, as each beat does.
COMMENT ON COLUMN silver.activity_rollup.power_seconds IS 'Element i: seconds with a power of at least i - 1 and less than i watts.';

-- The seconds of a zone are a slice of the histogram. A zone may begin before it or after its end.
DROP FUNCTION silver.zone_seconds(integer[], integer, integer, integer[]);
CREATE FUNCTION silver.zone_seconds(seconds integer[], first_value integer, lower_bounds integer[]) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT coalesce((
            SELECT sum(s) FROM unnest(seconds[
                greatest(lower_bounds[zone] - first_value + 1, 1)
                : CASE WHEN zone < cardinality(lower_bounds) THEN lower_bounds[zone + 1] - first_value ELSE cardinality(seconds) END]) AS s
        ), 0)::integer
        FROM generate_series(1, cardinality(lower_bounds)) AS zone
        ORDER BY zone);
END $$;
COMMENT ON FUNCTION silver.zone_seconds(integer[], integer, integer[]) IS 'Seconds in each zone from a histogram: element i of the histogram stands for first_value + i - 1, which belongs to the zone that begins at or below it.';

CREATE OR REPLACE VIEW silver.activity_histogram WITH (security_invoker = true) AS
SELECT r.athlete_id, r.source_id, r.activity_id, 'heartrate'::text AS metric, (r.heartrate_first_bpm + u.bin - 1)::integer AS heartrate_bpm,
       NULL::integer AS power_from_w, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.heartrate_seconds) WITH ORDINALITY AS u(seconds, bin)
UNION ALL
SELECT r.athlete_id, r.source_id, r.activity_id, 'power', NULL, (u.bin - 1)::integer, u.seconds
FROM silver.activity_rollup r CROSS JOIN LATERAL unnest(r.power_seconds) WITH ORDINALITY AS u(seconds, bin);
COMMENT ON VIEW silver.activity_histogram IS 'One row per activity, metric and bin: seconds at each heart rate and at each watt; also of 0 seconds. Filter by metric: both count the same time.';
COMMENT ON COLUMN silver.activity_histogram.power_from_w IS 'Power of the bin in whole watts: from it to less than one watt more.';
