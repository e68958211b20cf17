-- In:     changed_activity (estimate_month, estimate_input), changed_athlete; sync.athlete_threshold; silver.athlete, athlete_history, activity, activity_metric and
--         activity_rollup of these athletes.
-- Out:    silver.athlete_threshold, threshold_work, athlete_reference; the default rows of silver.athlete_zone_set;
--         changed_athlete.stale_from, stale_until: from when until when loads and zones have to be made again.
-- Grain:  one row per athlete, source, sport family, metric, origin, method and date.
-- Units:  W, metres per second, beats per minute, J; times UTC.
-- Repeat: values that depend on the athlete's activities and facts only; nothing is written when they are the same.
--
-- A batch with activities of an athlete only notes the months of those that give something else to the estimates than before, and puts the
-- athlete behind all live work; the batch that comes to it then makes the estimates, so that the first load of a history makes them once.
INSERT INTO silver.threshold_work (athlete_id, source_id, month)
SELECT DISTINCT c.athlete_id, c.source_id, m.month
FROM changed_activity c
LEFT JOIN LATERAL (
    SELECT date_trunc('month', a.start_at AT TIME ZONE 'UTC')::date AS month, silver.estimate_input(
        a.start_date_local, a.sport_family, a.has_power_meter, r.power_w, r.pace_time_s, r.heartrate_bpm) AS input
    FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
    WHERE a.athlete_id = c.athlete_id AND a.source_id = c.source_id AND a.activity_id = c.activity_id
    OFFSET 0 -- one look into each index per activity
) AS n ON n.input IS NOT NULL
CROSS JOIN LATERAL (VALUES (c.estimate_month), (n.month)) AS m(month)
WHERE (n.month, n.input) IS DISTINCT FROM (c.estimate_month, c.estimate_input) AND m.month IS NOT NULL
ON CONFLICT (athlete_id, source_id, month) DO NOTHING;

-- an athlete's activities may come from other sources than the objects in the batch
INSERT INTO changed_athlete (athlete_id, source_id, transform_version, makes_estimates)
SELECT DISTINCT c.athlete_id, w.source_id, c.transform_version, c.makes_estimates
FROM changed_athlete c JOIN silver.threshold_work w ON w.athlete_id = c.athlete_id
ON CONFLICT (athlete_id, source_id) DO NOTHING;

UPDATE changed_athlete AS c SET (stale_from, stale_until) = (
    SELECT f.stale_from, f.stale_until FROM silver.refresh_threshold(c.athlete_id, c.source_id) AS f);

UPDATE changed_athlete AS c SET (stale_from, stale_until) = (
    SELECT least(c.stale_from, f.stale_from), greatest(c.stale_until, f.stale_until)
    FROM silver.refresh_threshold_estimate(c.athlete_id, c.source_id) AS f)
WHERE c.makes_estimates;

SELECT silver.refresh_zone_default(c.athlete_id, c.source_id) FROM changed_athlete c
WHERE c.stale_from IS NOT NULL;

INSERT INTO silver.athlete_reference AS t (
    athlete_id, source_id, sex, max_heartrate_bpm, max_heartrate_is_default, rest_heartrate_bpm, changed_at)
SELECT a.athlete_id, a.source_id, a.sex, h.max_heartrate_bpm, h.max_heartrate_origin = 'default', h.rest_heartrate_bpm, now()
FROM changed_athlete c
JOIN silver.athlete a USING (athlete_id, source_id)
CROSS JOIN LATERAL silver.thresholds_at(a.athlete_id, a.source_id, 'all', 'infinity') AS h
ON CONFLICT (athlete_id, source_id) DO UPDATE SET
    sex = excluded.sex, max_heartrate_bpm = excluded.max_heartrate_bpm, max_heartrate_is_default = excluded.max_heartrate_is_default,
    rest_heartrate_bpm = excluded.rest_heartrate_bpm, changed_at = excluded.changed_at
WHERE (t.sex, t.max_heartrate_bpm, t.max_heartrate_is_default, t.rest_heartrate_bpm)
    IS DISTINCT FROM (excluded.sex, excluded.max_heartrate_bpm, excluded.max_heartrate_is_default, excluded.rest_heartrate_bpm);

-- the constants of trimp depend on the sex
UPDATE changed_athlete AS c SET stale_from = '-infinity', stale_until = 'infinity'
FROM silver.athlete_reference r
WHERE r.athlete_id = c.athlete_id AND r.source_id = c.source_id AND r.changed_at = now();
