-- Question: what is needed for the next Eddington numbers?
-- In:       psql variable athlete_id.
-- Out:      ten rows per sport family: sport_family, eddington_now (in kilometres), target, days_done (days with at least target
--           kilometres), days_needed (more of them).
-- Reads:    silver.eddington and silver.activity, sport families ride and run; all activities of a local day count together.
SELECT e.sport_family, e.eddington AS eddington_now, e.eddington + n AS target, count(d.day) AS days_done,
       e.eddington + n - count(d.day) AS days_needed
FROM silver.eddington e
CROSS JOIN generate_series(1, 10) AS n
LEFT JOIN (
    SELECT sport_family, start_date_local::date AS day, (sum(distance_m) + 0.05) / 1000 AS distance_km -- sent in tenths of a metre
    FROM silver.activity
    WHERE athlete_id = :athlete_id AND silver.is_dated(start_date_local)
    GROUP BY 1, 2
) AS d ON d.sport_family = e.sport_family AND d.distance_km >= e.eddington + n
WHERE e.athlete_id = :athlete_id AND e.unit = 'km' AND e.sport_family IN ('ride', 'run')
GROUP BY e.sport_family, e.eddington, n
ORDER BY e.sport_family, n;
