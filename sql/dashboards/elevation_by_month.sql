-- Question: how many metres were climbed in each of the last 24 months, months without activities included?
-- In:       psql variable athlete_id.
-- Out:      24 rows, the current month last: month_start, elevation_gain_m, m_per_km (climb per kilometre, over the sports that climb).
-- Reads:    silver.athlete_month, sport families run, walk, ride and e_ride; the current month is that of silver.today(), on the athlete's
--           calendar.
SELECT w.month_start, round(coalesce(sum(m.elevation_gain_m), 0)) AS elevation_gain_m,
       round((sum(m.elevation_gain_m) / nullif(sum(m.distance_m) / 1000, 0))::numeric, 1) AS m_per_km
FROM (
    SELECT (date_trunc('month', silver.today(:athlete_id)) - n * interval '1 month')::date AS month_start FROM generate_series(0, 23) AS n
) AS w
LEFT JOIN silver.athlete_month m
    ON m.athlete_id = :athlete_id AND m.month_start = w.month_start AND m.sport_family IN ('run', 'walk', 'ride', 'e_ride')
GROUP BY w.month_start
ORDER BY w.month_start;
