-- Question: does each heartbeat bring more than it used to, month by month?
-- In:       psql variable athlete_id.
-- Out:      one row per month and sport family: month_start, sport_family, activity_count, median_efficiency, unit (W per beat per minute
--           for rides, metres per beat for runs).
-- Reads:    silver.activity_metric, rides and runs of 20 minutes or more with heart rate: the efficiency factor after Friel, normalised
--           power by mean heart rate for rides with a power meter, grade-adjusted speed in metres per minute by mean heart rate for runs.
SELECT date_trunc('month', start_date_local)::date AS month_start, sport_family, count(*) AS activity_count,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY efficiency))::numeric, 3) AS median_efficiency,
       CASE WHEN sport_family = 'ride' THEN 'W per bpm' ELSE 'm per beat' END AS unit
FROM (
    SELECT a.start_date_local, a.sport_family, CASE
            WHEN a.sport_family = 'ride' AND a.has_power_meter IS NOT FALSE THEN m.normalized_power_w
            WHEN a.sport_family = 'run' THEN m.grade_adjusted_distance_m / nullif(a.moving_time_s, 0) * 60
        END / nullif(m.average_heartrate_bpm, 0) AS efficiency
    FROM silver.activity a
    JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    WHERE a.athlete_id = :athlete_id AND silver.is_dated(a.start_date_local) AND a.sport_family IN ('ride', 'run')
      AND a.moving_time_s >= 1200 AND m.heartrate_s >= 0.8 * a.moving_time_s
) AS e
WHERE efficiency IS NOT NULL
GROUP BY month_start, sport_family
ORDER BY month_start, sport_family;
