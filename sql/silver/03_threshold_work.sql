-- In:     changed_activity; silver.activity and activity_rollup as they were before this batch.
-- Out:    changed_activity.estimate_month, estimate_input: what the activity gave to its athlete's estimates; null: nothing.
-- Grain:  one row per activity.
-- Units:  months by UTC.
-- Repeat: reads what the batch has not changed yet.
-- When:   the batch has activities.
--
-- 60_athlete_threshold.sql compares it with what the activity gives after the batch: a new title leaves all estimates as they are.
UPDATE changed_activity AS c SET estimate_month = o.month, estimate_input = o.input
FROM changed_activity b
CROSS JOIN LATERAL (
    SELECT date_trunc('month', a.start_at AT TIME ZONE 'UTC')::date AS month, silver.estimate_input(
        a.start_date_local, a.sport_family, a.has_power_meter, r.power_w, r.pace_time_s, r.heartrate_bpm) AS input
    FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
    WHERE a.athlete_id = b.athlete_id AND a.source_id = b.source_id AND a.activity_id = b.activity_id
      AND a.transform_version = b.transform_version
    OFFSET 0 -- one look into each index per activity
) AS o
WHERE c.athlete_id = b.athlete_id AND c.source_id = b.source_id AND c.activity_id = b.activity_id AND o.input IS NOT NULL;
