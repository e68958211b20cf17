-- Question: how much was trained in each week of the last two years?
-- In:       psql variable athlete_id.
-- Out:      one row per week with activities: week_start (Monday), activity_count, distance_km, moving_time_h, elevation_gain_m, load.
-- Reads:    silver.athlete_week, all sports added up; two years back from today by UTC.
SELECT week_start, sum(activity_count) AS activity_count, round((sum(distance_m) / 1000)::numeric, 1) AS distance_km,
       round(sum(moving_time_s) / 3600.0, 2) AS moving_time_h, round(sum(elevation_gain_m)) AS elevation_gain_m, round(sum(load)) AS load
FROM silver.athlete_week
WHERE athlete_id = :athlete_id AND week_start >= date_trunc('week', now() AT TIME ZONE 'UTC' - interval '2 years')
GROUP BY week_start
ORDER BY week_start;
