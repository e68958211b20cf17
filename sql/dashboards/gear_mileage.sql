-- Question: what is the mileage of each bike and pair of shoes?
-- In:       psql variable athlete_id.
-- Out:      one row per gear: kind, name, distance_km (here), strava_distance_km, activity_count, last_used_on, is_retired.
-- Reads:    silver.gear.
SELECT kind, coalesce(nickname, name, gear_id) AS name, round((activity_distance_m / 1000)::numeric, 1) AS distance_km,
       round((strava_distance_m / 1000)::numeric, 1) AS strava_distance_km, activity_count, last_used_on, is_retired
FROM silver.gear
WHERE athlete_id = :athlete_id
ORDER BY kind, activity_distance_m DESC, gear_id;
