-- Question: what are the athlete's records over the usual distances, and when were they set?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family and distance: sport_family, distance_m, record_time, pace_per_km, activity_id, start_date_local.
-- Reads:    silver.personal_record.
SELECT sport_family, distance_m, make_interval(secs => round(duration_s)) AS record_time,
       make_interval(secs => round(pace_s_per_km)) AS pace_per_km, activity_id, start_date_local
FROM silver.personal_record
WHERE athlete_id = :athlete_id AND metric = 'pace'
ORDER BY sport_family, distance_m;
