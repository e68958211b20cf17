-- Question: how much was trained in each month of the last two years, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per month and sport family with activities: month_start, sport_family, activity_count, distance_km, moving_time_h,
--           elevation_gain_m, load.
-- Reads:    silver.athlete_month; two years back from silver.today(), on the athlete's calendar.
SELECT month_start, sport_family, sum(activity_count) AS activity_count, round((sum(distance_m) / 1000)::numeric, 1) AS distance_km,
       round(sum(moving_time_s) / 3600.0, 2) AS moving_time_h, round(sum(elevation_gain_m)) AS elevation_gain_m, round(sum(load)) AS load
FROM silver.athlete_month
WHERE athlete_id = :athlete_id AND month_start >= date_trunc('month', (SELECT silver.today(:athlete_id)) - interval '2 years')
GROUP BY month_start, sport_family
ORDER BY month_start, sport_family;
