-- Question: how much time was spent in each pace zone in the last 90 days, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family and zone: sport_family, zone, slowest_pace_per_km, fastest_pace_per_km (of the newest activity),
--           hours, share_percent, has_default_zones.
-- Reads:    silver.activity_zone_time; 90 days back from now by UTC. A zone reaches from its slowest pace to just below its fastest; null:
--           without a bound.
SELECT sport_family, zone,
       make_interval(secs => round((array_agg(from_s_per_km ORDER BY start_date_local DESC, activity_id))[1]))
           AS slowest_pace_per_km,
       make_interval(secs => round((array_agg(to_s_per_km ORDER BY start_date_local DESC, activity_id))[1]))
           AS fastest_pace_per_km,
       round(sum(seconds) / 3600.0, 2) AS hours,
       round(100.0 * sum(seconds) / nullif(sum(sum(seconds)) OVER (PARTITION BY sport_family), 0), 1) AS share_percent,
       bool_or(is_default) AS has_default_zones
FROM silver.activity_zone_time
WHERE athlete_id = :athlete_id AND metric = 'pace' AND silver.is_dated(start_date_local)
  AND start_date_local >= now() AT TIME ZONE 'UTC' - interval '90 days'
GROUP BY sport_family, zone
ORDER BY sport_family, zone;
