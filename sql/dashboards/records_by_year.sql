-- Question: what was the best of each year over the distances that runners race, and over 5, 20 and 60 minutes of cycling power?
-- In:       psql variable athlete_id.
-- Out:      one row per year, sport family and distance or duration: year, sport_family, distance_m, duration_s, pace_per_km, power_w,
--           activity_id, start_date_local.
-- Reads:    silver.best_efforts_between() over silver.activity_rollup, once a year and sport family.
SELECT y.year, f.sport_family, CASE WHEN f.metric = 'pace' THEN (silver.effort_distances_m())[b.rung] END AS distance_m,
       CASE WHEN f.metric = 'pace' THEN b.value ELSE (silver.effort_durations_s())[b.rung] END AS duration_s,
       CASE WHEN f.metric = 'pace' THEN make_interval(secs => round(b.value / (silver.effort_distances_m())[b.rung] * 1000)) END
           AS pace_per_km,
       CASE WHEN f.metric = 'power' THEN b.value END AS power_w, b.activity_id, b.start_date_local
FROM (SELECT DISTINCT extract(year FROM year_start)::integer AS year FROM silver.athlete_year WHERE athlete_id = :athlete_id) AS y
CROSS JOIN (VALUES ('run', 'pace'), ('ride', 'power')) AS f(sport_family, metric)
CROSS JOIN LATERAL silver.best_efforts_between(
    :athlete_id, 1::smallint, f.metric, make_timestamp(y.year, 1, 1, 0, 0, 0), make_timestamp(y.year + 1, 1, 1, 0, 0, 0),
    f.sport_family) AS b
WHERE CASE WHEN f.metric = 'pace' THEN (silver.effort_distances_m())[b.rung] IN (1000, 5000, 10000, 21097.5, 42195)
    ELSE (silver.effort_durations_s())[b.rung] IN (300, 1200, 3600) END
ORDER BY y.year, f.sport_family DESC, b.rung;
