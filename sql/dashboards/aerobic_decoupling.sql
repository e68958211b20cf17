-- Question: in which long activities of the last year did the heart rate drift away from the output?
-- In:       psql variable athlete_id.
-- Out:      one row per activity of an hour or more: start_date_local, name, sport_type, decoupling_percent, decoupling_basis,
--           variability_index.
-- Reads:    silver.activity_metric; the year ends now. Up to 5 % means a good aerobic base.
SELECT a.start_date_local, a.name, a.sport_type, round(m.decoupling_percent::numeric, 1) AS decoupling_percent, m.decoupling_basis,
       round(m.variability_index::numeric, 2) AS variability_index
FROM silver.activity a
JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
WHERE a.athlete_id = :athlete_id AND a.start_at >= now() - interval '1 year' AND silver.is_dated(a.start_date_local)
  AND a.moving_time_s >= 3600 AND m.decoupling_percent IS NOT NULL
ORDER BY a.start_date_local DESC;
