-- In:     changed_activity, changed_athlete; silver.activity and activity_metric of these athletes.
-- Out:    silver.training_day, through silver.refresh_training_day (a function, so that its statements are planned once a connection).
-- Grain:  one row per athlete, source and local day, from the first to the last activity.
-- Units:  at the end of the column names.
-- Repeat: sums and fitness depend on the athlete's activities only; rows that differ are written.
--         The batch has locked the athlete: no other runner writes the same days.
--
-- Activities dated before 1980 or more than two days ahead are clock errors and are left out. While more of an athlete's activities are waiting,
-- as in the first load of a history, the days are left to the batch with the last of them.
SELECT silver.refresh_training_day(c.athlete_id, c.source_id)
FROM (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
WHERE NOT EXISTS (
    SELECT FROM sync.transform_work w
    WHERE w.athlete_id = c.athlete_id AND w.activity_id <> 0 AND w.enqueued_at < 'infinity'
      AND NOT EXISTS (SELECT FROM changed_activity b WHERE b.athlete_id = w.athlete_id AND b.activity_id = w.activity_id));
