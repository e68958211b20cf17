-- Question: which was the longest ride of each year?
-- In:       psql variable athlete_id.
-- Out:      one row per year with rides: year, distance_km, moving_time_h, elevation_gain_m, name, activity_id, start_date_local.
-- Reads:    silver.activity, sport family ride (without e-bikes); by distance, of equals the first.
SELECT DISTINCT ON (year) extract(year FROM start_date_local)::integer AS year, round((distance_m / 1000)::numeric, 1) AS distance_km,
       round(moving_time_s / 3600.0, 2) AS moving_time_h, round(elevation_gain_m) AS elevation_gain_m, name, activity_id, start_date_local
FROM silver.activity
WHERE athlete_id = :athlete_id AND sport_family = 'ride' AND distance_m > 0 AND silver.is_dated(start_date_local)
ORDER BY year, distance_m DESC, start_date_local, activity_id;
