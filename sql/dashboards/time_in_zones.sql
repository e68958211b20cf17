-- Question: how much time was spent in each heart rate and power zone in the last 90 days?
-- In:       psql variable athlete_id.
-- Out:      one row per metric and zone: metric, zone, hours, share_percent, has_default_zones.
-- Reads:    silver.activity_zone_time; 90 days back from now by UTC. Pace: time_in_pace_zones.sql.
SELECT metric, zone, round(sum(seconds) / 3600.0, 2) AS hours,
       round(100.0 * sum(seconds) / nullif(sum(sum(seconds)) OVER (PARTITION BY metric), 0), 1) AS share_percent,
       bool_or(is_default) AS has_default_zones
FROM silver.activity_zone_time
WHERE athlete_id = :athlete_id AND metric IN ('heartrate', 'power') AND silver.is_dated(start_date_local)
  AND start_date_local >= now() AT TIME ZONE 'UTC' - interval '90 days'
GROUP BY metric, zone
ORDER BY metric, zone;
