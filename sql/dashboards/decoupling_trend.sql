-- Question: does the heart rate drift less in long activities than it used to, month by month?
-- In:       psql variable athlete_id.
-- Out:      one row per month, sport family and basis: month_start, sport_family, decoupling_basis, activity_count, median_percent,
--           steady_percent (share of activities with at most 5 %).
-- Reads:    silver.activity_metric, activities of an hour or more. Up to 5 % means a good aerobic base (Friel).
SELECT date_trunc('month', a.start_date_local)::date AS month_start, a.sport_family, m.decoupling_basis, count(*) AS activity_count,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY m.decoupling_percent))::numeric, 1) AS median_percent,
       round(100.0 * count(*) FILTER (WHERE m.decoupling_percent <= 5) / count(*)) AS steady_percent
FROM silver.activity a
JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
WHERE a.athlete_id = :athlete_id AND silver.is_dated(a.start_date_local) AND a.moving_time_s >= 3600 AND m.decoupling_percent IS NOT NULL
  AND (m.decoupling_basis <> 'power' OR a.has_power_meter IS NOT FALSE)
GROUP BY month_start, a.sport_family, m.decoupling_basis
ORDER BY month_start, a.sport_family, m.decoupling_basis;
