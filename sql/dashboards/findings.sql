-- Question: which figures of the last year did not pass a quality check?
-- In:       psql variable athlete_id.
-- Out:      one row per activity and check, the newest first: start_date_local, name, check_name, measures, measured, at_least, at_most,
--           activity_id.
-- Reads:    silver.quality_finding, quality_check and activity; a year back from silver.today(), on the athlete's calendar, and activities
--           without a date.
SELECT a.start_date_local, a.name, f.check_name, c.measures, f.measured, f.at_least, f.at_most, f.activity_id
FROM silver.quality_finding f
JOIN silver.activity a USING (athlete_id, source_id, activity_id)
LEFT JOIN silver.quality_check c USING (check_name)
WHERE f.athlete_id = :athlete_id
  AND (a.start_date_local IS NULL OR a.start_date_local >= (SELECT silver.today(:athlete_id)) - interval '1 year')
ORDER BY a.start_date_local DESC NULLS LAST, f.activity_id, f.check_name;
