-- Question: how were easy, moderate and hard training distributed in each of the last 12 weeks?
-- In:       psql variable athlete_id.
-- Out:      one row per week with heart rate: week_start (Monday), hours, low_percent (zones 1 and 2), moderate_percent (zone 3),
--           high_percent (zone 4 and above), has_default_zones.
-- Reads:    silver.activity_zone_time, metric heartrate: three ranges after Seiler; the current week is that of silver.today(), on the
--           athlete's calendar.
SELECT date_trunc('week', start_date_local)::date AS week_start, round(sum(seconds) / 3600.0, 2) AS hours,
       round(100.0 * coalesce(sum(seconds) FILTER (WHERE zone <= 2), 0) / nullif(sum(seconds), 0), 1) AS low_percent,
       round(100.0 * coalesce(sum(seconds) FILTER (WHERE zone = 3), 0) / nullif(sum(seconds), 0), 1) AS moderate_percent,
       round(100.0 * coalesce(sum(seconds) FILTER (WHERE zone >= 4), 0) / nullif(sum(seconds), 0), 1) AS high_percent,
       bool_or(is_default) AS has_default_zones
FROM silver.activity_zone_time
WHERE athlete_id = :athlete_id AND metric = 'heartrate' AND silver.is_dated(start_date_local)
  AND start_date_local >= date_trunc('week', (SELECT silver.today(:athlete_id)))::date - 77
GROUP BY week_start
ORDER BY week_start;
