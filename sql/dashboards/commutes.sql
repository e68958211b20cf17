-- Question: how much of the way was commuting, month by month in the last year?
-- In:       psql variable athlete_id.
-- Out:      one row per month with activities: month_start, commute_count, commute_km, commute_time_h, share_percent (of all kilometres of
--           the month).
-- Reads:    silver.activity, its flag is_commute; a year back from silver.today(), on the athlete's calendar.
SELECT date_trunc('month', start_date_local)::date AS month_start, count(*) FILTER (WHERE is_commute) AS commute_count,
       round((coalesce(sum(distance_m) FILTER (WHERE is_commute), 0) / 1000)::numeric, 1) AS commute_km,
       round(coalesce(sum(moving_time_s) FILTER (WHERE is_commute), 0) / 3600.0, 2) AS commute_time_h,
       round((100 * coalesce(sum(distance_m) FILTER (WHERE is_commute), 0) / nullif(sum(distance_m), 0))::numeric, 1) AS share_percent
FROM silver.activity
WHERE athlete_id = :athlete_id AND start_date_local >= date_trunc('month', (SELECT silver.today(:athlete_id)) - interval '1 year')
  AND silver.is_dated(start_date_local)
GROUP BY month_start
ORDER BY month_start;
