-- Question: which activities of the last year have no heart rate, so that load can only come from power, pace or not at all?
-- In:       psql variable athlete_id.
-- Out:      one row per activity, the newest first: start_date_local, name, sport_type, moving_time_h, is_manual, device_name,
--           load_method, activity_id.
-- Reads:    silver.activity and activity_metric; a year back from silver.today(), on the athlete's calendar.
SELECT a.start_date_local, a.name, a.sport_type, round(a.moving_time_s / 3600.0, 2) AS moving_time_h, a.is_manual, a.device_name,
       coalesce(m.load_method, 'none') AS load_method, a.activity_id
FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
WHERE a.athlete_id = :athlete_id AND silver.is_dated(a.start_date_local)
  AND a.start_date_local >= (SELECT silver.today(:athlete_id)) - interval '1 year'
  AND a.average_heartrate_bpm IS NULL AND coalesce(m.heartrate_s, 0) = 0
ORDER BY a.start_date_local DESC, a.activity_id;
