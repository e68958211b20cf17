-- Question: which activities are like this one: same sport, a course as long and as hilly?
-- In:       psql variables athlete_id, activity_id.
-- Out:      the activity itself and at most 20 others, the most similar first: activity_id, start_date_local, name, distance_km,
--           elevation_gain_m, moving_time_s, speed_kmh, average_heartrate_bpm, moving_time_difference_s (against the given one).
-- Reads:    silver.activity: distance within 10 %, climb within 20 % or 30 m; of equally similar ones the newest first.
SELECT o.activity_id, o.start_date_local, o.name, round((o.distance_m / 1000)::numeric, 2) AS distance_km,
       round(o.elevation_gain_m) AS elevation_gain_m, o.moving_time_s,
       round((o.distance_m / nullif(o.moving_time_s, 0) * 3.6)::numeric, 1) AS speed_kmh, o.average_heartrate_bpm,
       o.moving_time_s - a.moving_time_s AS moving_time_difference_s
FROM silver.activity a
JOIN silver.activity o ON o.athlete_id = a.athlete_id AND o.source_id = a.source_id AND o.sport_type = a.sport_type
    AND o.distance_m BETWEEN a.distance_m * 0.9 AND a.distance_m * 1.1
    AND abs(coalesce(o.elevation_gain_m, 0) - coalesce(a.elevation_gain_m, 0)) <= greatest(coalesce(a.elevation_gain_m, 0) * 0.2, 30)
WHERE a.athlete_id = :athlete_id AND a.activity_id = :activity_id AND a.distance_m > 0
ORDER BY o.activity_id <> a.activity_id,
    abs(o.distance_m / a.distance_m - 1) + abs(coalesce(o.elevation_gain_m, 0) - coalesce(a.elevation_gain_m, 0)) / a.distance_m * 10,
    o.start_date_local DESC, o.activity_id
LIMIT 21;
