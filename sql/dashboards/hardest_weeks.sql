-- Question: which were the ten hardest weeks of all?
-- In:       psql variable athlete_id.
-- Out:      at most ten rows, the hardest first: week_start (Monday), load, moving_time_h, distance_km, activity_count,
--           load_from_streams_percent.
-- Reads:    silver.athlete_week, all sports added up; weeks without load are left out.
SELECT week_start, round(sum(load)) AS load, round(sum(moving_time_s) / 3600.0, 2) AS moving_time_h,
       round((sum(distance_m) / 1000)::numeric, 1) AS distance_km, sum(activity_count) AS activity_count,
       round((100 * sum(load * load_confidence) / sum(load))::numeric) AS load_from_streams_percent
FROM silver.athlete_week
WHERE athlete_id = :athlete_id AND load > 0
GROUP BY week_start
ORDER BY sum(load) DESC, week_start
LIMIT 10;
