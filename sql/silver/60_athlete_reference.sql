-- In:     changed_activity, changed_athlete; silver.athlete, activity_metric and athlete_history of these athletes.
-- Out:    silver.athlete_reference; the default rows of silver.athlete_zone_set.
-- Grain:  one row per athlete and source; one default set of heart rate zones per athlete and source, one of power zones per change of the FTP.
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

-- Heart rate zones from the maximum. A zone begins at its first whole beat or watt.
INSERT INTO silver.athlete_zone_set AS t (athlete_id, source_id, metric, valid_from, lower_bounds, is_default)
SELECT r.athlete_id, r.source_id, 'heartrate', '-infinity',
       ARRAY(SELECT ceil(round((r.max_heartrate_bpm * p)::numeric, 6))::integer FROM unnest('{0,0.6,0.7,0.8,0.9}'::float8[]) AS p), true
FROM silver.athlete_reference r
JOIN (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
  USING (athlete_id, source_id)
ON CONFLICT (athlete_id, source_id, metric, is_default, valid_from) DO UPDATE SET lower_bounds = excluded.lower_bounds, changed_at = now()
WHERE t.lower_bounds IS DISTINCT FROM excluded.lower_bounds;

-- Power zones (Coggan's seven levels) from each FTP since it became known; a fact once written is kept.
INSERT INTO silver.athlete_zone_set (athlete_id, source_id, metric, valid_from, lower_bounds, is_default)
SELECT h.athlete_id, h.source_id, 'power', h.valid_from,
       ARRAY(SELECT ceil(round((h.ftp_w * p)::numeric, 6))::integer FROM unnest('{0,0.55,0.75,0.9,1.05,1.2,1.5}'::float8[]) AS p), true
FROM (
    SELECT f.athlete_id, f.source_id, f.valid_from, f.ftp_w, lag(f.ftp_w) OVER (PARTITION BY f.athlete_id, f.source_id ORDER BY f.valid_from) AS before_w
    FROM silver.athlete_history f
    JOIN (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
      USING (athlete_id, source_id)
    WHERE f.ftp_w > 20
) AS h
WHERE h.ftp_w IS DISTINCT FROM h.before_w
ON CONFLICT (athlete_id, source_id, metric, is_default, valid_from) DO NOTHING;
