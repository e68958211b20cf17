-- Question: how did the laps of one activity go?
-- In:       psql variables athlete_id, activity_id.
-- Out:      one row per lap: lap_number, name, distance_m, moving_time, pace_per_km, speed_kmh, average_heartrate_bpm, average_power_w,
--           elevation_gain_m.
-- Reads:    silver.lap.
SELECT lap_number, name, distance_m, make_interval(secs => moving_time_s) AS moving_time,
       make_interval(secs => round(moving_time_s / nullif(distance_m, 0) * 1000)) AS pace_per_km,
       round((distance_m / nullif(moving_time_s, 0) * 3.6)::numeric, 1) AS speed_kmh,
       average_heartrate_bpm, average_power_w, elevation_gain_m
FROM silver.lap
WHERE athlete_id = :athlete_id AND activity_id = :activity_id
ORDER BY lap_number;
