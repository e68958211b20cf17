-- In:     changed_activity; silver.activity as it was before this batch.
-- Out:    silver.threshold_work: the months of these activities.
-- Grain:  one row per athlete, source and month.
-- Units:  months by UTC.
-- Repeat: an insert that skips what is there.
--
-- An activity that is deleted, or moves to another date, leaves a month whose estimates no longer hold.
INSERT INTO silver.threshold_work (athlete_id, source_id, month)
SELECT DISTINCT c.athlete_id, c.source_id, date_trunc('month', a.start_at AT TIME ZONE 'UTC')::date
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT x.start_at FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id AND x.start_at IS NOT NULL
      AND x.start_date_local >= silver.calendar_begin() AND x.start_date_local < silver.calendar_end()
    OFFSET 0 -- one look into the index per activity
) AS a
WHERE c.is_gone OR c.is_stale
ON CONFLICT (athlete_id, source_id, month) DO NOTHING;
