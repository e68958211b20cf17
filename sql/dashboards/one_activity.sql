-- Question: how did one activity go, in at most 500 points?
-- In:       psql variables athlete_id, activity_id.
-- Out:      one row per kept point: offset_s, distance_m, altitude_m, speed_mps, heartrate_bpm, power_w, cadence_rpm.
-- Reads:    silver.activity_stream, one row of arrays; every n-th element is read, without joins.
SELECT s.time_s[i] AS offset_s, s.distance_m[i] AS distance_m, s.altitude_m[i] AS altitude_m, s.velocity_mps[i] AS speed_mps,
       s.heartrate_bpm[i] AS heartrate_bpm, s.power_w[i] AS power_w, s.cadence_rpm[i] AS cadence_rpm
FROM (
    -- "|| '{}'" unpacks each array once, not once for each point
    SELECT point_count, time_s || '{}' AS time_s, distance_m || '{}' AS distance_m, altitude_m || '{}' AS altitude_m,
           velocity_mps || '{}' AS velocity_mps, heartrate_bpm || '{}' AS heartrate_bpm, power_w || '{}' AS power_w,
           cadence_rpm || '{}' AS cadence_rpm
    FROM silver.activity_stream
    WHERE athlete_id = :athlete_id AND activity_id = :activity_id
    OFFSET 0
) AS s
CROSS JOIN LATERAL generate_series(1, s.point_count, greatest(1, ceil(s.point_count / 500.0)::integer)) AS i
ORDER BY i;
