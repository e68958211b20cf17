-- Question: how much was trained in each year, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per year and sport family with activities: year, sport_family, activity_count, distance_km, moving_time_h,
--           elevation_gain_m, load, load_from_streams_percent.
-- Reads:    silver.athlete_year.
SELECT extract(year FROM year_start)::integer AS year, sport_family, sum(activity_count) AS activity_count,
       round((sum(distance_m) / 1000)::numeric, 1) AS distance_km, round(sum(moving_time_s) / 3600.0, 2) AS moving_time_h,
       round(sum(elevation_gain_m)) AS elevation_gain_m, round(sum(load)) AS load,
       round((100 * sum(load * load_confidence) / nullif(sum(load), 0))::numeric) AS load_from_streams_percent
FROM silver.athlete_year
WHERE athlete_id = :athlete_id
GROUP BY year_start, sport_family
ORDER BY year_start, sport_family;
