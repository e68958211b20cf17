-- In:     changed_activity, changed_athlete; silver.athlete, activity_metric and athlete_history of these athletes.
-- Out:    silver.athlete_reference; the default rows of silver.athlete_zone_set.
-- Grain:  one row per athlete and source; one default set per athlete, source and metric.
-- Units:  beats per minute, W.
-- Repeat: values that depend on the athlete's activities and facts only; nothing is written when they are the same.
INSERT INTO silver.athlete_reference AS t (
    athlete_id, source_id, sex, max_heartrate_bpm, max_heartrate_is_default, rest_heartrate_bpm, changed_at)
SELECT a.athlete_id, a.source_id, a.sex, coalesce(b.heartrate_bpm, 190), b.heartrate_bpm IS NULL, 60, now()
FROM silver.athlete a
JOIN (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
  USING (athlete_id, source_id)
CROSS JOIN LATERAL (
    SELECT max(m.best_heartrate_30s_bpm) AS heartrate_bpm
    FROM silver.activity_metric m
    WHERE m.athlete_id = a.athlete_id AND m.source_id = a.source_id AND m.best_heartrate_30s_bpm BETWEEN 165 AND 220
) AS b
ON CONFLICT (athlete_id, source_id) DO UPDATE SET
    sex = excluded.sex, max_heartrate_bpm = excluded.max_heartrate_bpm, max_heartrate_is_default = excluded.max_heartrate_is_default,
    rest_heartrate_bpm = excluded.rest_heartrate_bpm, changed_at = excluded.changed_at
WHERE (t.sex, t.max_heartrate_bpm, t.max_heartrate_is_default, t.rest_heartrate_bpm)
    IS DISTINCT FROM (excluded.sex, excluded.max_heartrate_bpm, excluded.max_heartrate_is_default, excluded.rest_heartrate_bpm);

-- Heart rate zones from the maximum; power zones (Coggan's seven levels) from the newest FTP, if there is one. A zone begins at its first whole
-- beat or watt.
INSERT INTO silver.athlete_zone_set AS t (athlete_id, source_id, metric, valid_from, lower_bounds, is_default)
SELECT d.athlete_id, d.source_id, d.metric, '-infinity', ARRAY(SELECT ceil(round((d.base * p)::numeric, 6))::integer FROM unnest(d.parts) AS p), true
FROM (
    SELECT r.athlete_id, r.source_id, m.metric,
           CASE m.metric WHEN 'heartrate' THEN r.max_heartrate_bpm ELSE silver.ftp_w_at(r.athlete_id, r.source_id, now()) END AS base,
           m.parts
    FROM silver.athlete_reference r
    JOIN (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
      USING (athlete_id, source_id)
    CROSS JOIN (VALUES
        ('heartrate', '{0,0.6,0.7,0.8,0.9}'::float8[]), ('power', '{0,0.55,0.75,0.9,1.05,1.2,1.5}')) AS m(metric, parts)
) AS d
WHERE d.base > 20
ON CONFLICT (athlete_id, source_id, metric, valid_from) DO UPDATE SET lower_bounds = excluded.lower_bounds, changed_at = now()
WHERE t.lower_bounds IS DISTINCT FROM excluded.lower_bounds;
