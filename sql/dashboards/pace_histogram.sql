-- Question: at which paces were the runs of the last 90 days, in steps of 10 seconds per kilometre?
-- In:       psql variable athlete_id.
-- Out:      one row per step with time in it, the fastest first: pace_from_s_per_km, pace_to_s_per_km (slower than that: the next step),
--           minutes, share_percent.
-- Reads:    silver.activity_rollup.speed_seconds (to read one activity: silver.activity_histogram); 90 days back from now by UTC. A bin
--           counts by the pace of its middle; slower than 20 min/km is left out.
SELECT step * 10 AS pace_from_s_per_km, step * 10 + 10 AS pace_to_s_per_km, round(seconds / 60.0, 1) AS minutes,
       round(100.0 * seconds / sum(seconds) OVER (), 1) AS share_percent
FROM (
    SELECT floor(1000 / ((u.bin - 0.5) / 100) / 10)::integer AS step, sum(u.seconds) AS seconds
    FROM silver.activity a
    JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
    CROSS JOIN LATERAL unnest(r.speed_seconds) WITH ORDINALITY AS u(seconds, bin)
    WHERE a.athlete_id = :athlete_id AND a.sport_family = 'run' AND silver.is_dated(a.start_date_local)
      AND a.start_date_local >= now() AT TIME ZONE 'UTC' - interval '90 days'
      AND u.seconds > 0 AND u.bin > 83 -- 0.83 m/s is 20 min/km
    GROUP BY 1
) AS s
ORDER BY step;
