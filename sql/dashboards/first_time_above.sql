-- Question: when was a mark first passed, for instance a ride of 100 km, and how often since?
-- In:       psql variables athlete_id, sport_family (run, ride, …), measure (distance_km, moving_time_h, elevation_gain_m, load,
--           power_5min_w, power_20min_w or power_60min_w), at_least (a number in the unit of the measure).
-- Out:      one row, or none if it was never passed: start_date_local, name, activity_id, measured, times (activities that passed it, the
--           first included).
-- Reads:    silver.activity, activity_metric and, for measured power, activity_rollup. Run it with psql -v measure=distance_km -v
--           at_least=100 …
SELECT start_date_local, name, activity_id, round(measured::numeric, 1) AS measured, count(*) OVER () AS times
FROM (
    SELECT a.start_date_local, a.name, a.activity_id, CASE
            WHEN :'measure' = 'distance_km' THEN a.distance_m / 1000
            WHEN :'measure' = 'moving_time_h' THEN a.moving_time_s / 3600.0
            WHEN :'measure' = 'elevation_gain_m' THEN a.elevation_gain_m
            WHEN :'measure' = 'load' THEN m.load
            WHEN a.has_power_meter IS NOT FALSE THEN r.power_w[array_position(silver.effort_durations_s(), CASE
                WHEN :'measure' = 'power_5min_w' THEN 300 WHEN :'measure' = 'power_20min_w' THEN 1200
                WHEN :'measure' = 'power_60min_w' THEN 3600 END)]
        END AS measured
    FROM silver.activity a
    LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    LEFT JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
    WHERE a.athlete_id = :athlete_id AND a.sport_family = :'sport_family' AND silver.is_dated(a.start_date_local)
) AS s
WHERE measured >= :at_least
ORDER BY start_date_local, activity_id
LIMIT 1;
