-- In:     changed_activity; silver.activity (averages), activity_metric, activity_rollup, athlete_reference, athlete_history.
-- Out:    silver.activity_metric: intensity_factor, trimp, load, load_method and the figures they refer to; a row for each activity without
--         streams whose load can be estimated from its averages.
-- Grain:  one row per activity.
-- Units:  at the end of the column names; load and trimp have none.
-- Repeat: values that depend on the input only; rows that have them already are not written. When an athlete's FTP, sex or maximal heart
--         rate became known or changed in this transaction (its now() is the time of the change), all of the athlete's activities are read.
--
-- Power: Coggan's intensity factor is normalised power by FTP, his training stress score seconds · NP · IF / (FTP · 3600) · 100, that is
-- hours · IF² · 100, over the seconds with power.
-- Heart rate: Banister's training impulse (Morton, Fitz-Clarke, Banister 1990): minutes · x · k · e^(c · x), where x is the part of the heart
-- rate reserve, (heart rate - rest) / (maximum - rest), and k, c are 0.64, 1.92 for men and 0.86, 1.67 for women (men's when the sex is unknown).
-- To match the scale of power it is divided by the impulse of one hour at 85 % of the reserve, about the threshold, times 100.
-- Power that was estimated, not measured (has_power_meter is false), makes no load. Nor does power that is impossible with the athlete's
-- FTP (the check load_per_h): one of the two is wrong.
-- Averages: without streams of either, both are computed from the summary: Strava's weighted power, else its average, if power was measured,
-- or the average heart rate, over the moving time. Both curves are convex, so this gives less than streams would.
DELETE FROM silver.activity_metric AS t
USING changed_activity c
CROSS JOIN LATERAL (
    SELECT * FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS a
WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
  AND (a.moving_time_s > 0
       AND (a.average_heartrate_bpm > 0 OR a.has_power_meter AND coalesce(a.weighted_power_w, a.average_power_w) > 0)) IS NOT TRUE
  AND NOT EXISTS (
    SELECT FROM silver.activity_rollup r
    WHERE r.athlete_id = t.athlete_id AND r.source_id = t.source_id AND r.activity_id = t.activity_id);

INSERT INTO silver.activity_metric (athlete_id, source_id, activity_id, recorded_s, heartrate_s, power_s)
SELECT c.athlete_id, c.source_id, c.activity_id, 0, 0, 0
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT * FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS a
WHERE a.moving_time_s > 0
  AND (a.average_heartrate_bpm > 0 OR a.has_power_meter AND coalesce(a.weighted_power_w, a.average_power_w) > 0)
ON CONFLICT (athlete_id, source_id, activity_id) DO NOTHING;

WITH concerned AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, bool_or(r.changed_at = now() OR EXISTS (
        SELECT FROM silver.athlete_history h
        WHERE h.athlete_id = c.athlete_id AND h.source_id = c.source_id AND h.added_at = now())) AS all_activities
    FROM (SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete) AS c
    JOIN silver.athlete_reference r USING (athlete_id, source_id)
    GROUP BY 1, 2
), scope AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id FROM changed_activity
    UNION
    SELECT c.athlete_id, c.source_id, m.activity_id
    FROM concerned c CROSS JOIN LATERAL (
        SELECT t.activity_id FROM silver.activity_metric t
        WHERE c.all_activities AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id
        OFFSET 0 -- one look into the index per athlete
    ) AS m
), known AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, k.*
    FROM scope s CROSS JOIN LATERAL (
        SELECT CASE WHEN a.has_power_meter IS NOT FALSE THEN m.normalized_power_w END AS normalized_power_w, m.power_s,
               silver.ftp_w_at(m.athlete_id, m.source_id, a.start_at) AS ftp_w, r.max_heartrate_bpm,
               silver.trimp(u.heartrate_seconds, u.heartrate_first_bpm, r.rest_heartrate_bpm, r.max_heartrate_bpm, f.k, f.c) AS trimp,
               60 * 0.85 * f.k * exp(f.c * 0.85) AS hour_trimp,
               (SELECT at_most FROM silver.quality_check WHERE check_name = 'load_per_h') AS load_per_h_max, a.moving_time_s,
               CASE WHEN a.has_power_meter AND a.moving_time_s > 0 THEN coalesce(a.weighted_power_w, a.average_power_w) END AS average_power_w,
               CASE WHEN a.average_heartrate_bpm > 0 AND a.moving_time_s > 0
                   THEN a.moving_time_s / 60.0::float8 * x.part * f.k * exp(f.c * x.part) END AS average_trimp
        FROM silver.activity_metric m
        JOIN silver.activity a USING (athlete_id, source_id, activity_id)
        LEFT JOIN silver.activity_rollup u USING (athlete_id, source_id, activity_id)
        JOIN silver.athlete_reference r USING (athlete_id, source_id)
        CROSS JOIN LATERAL (
            SELECT CASE r.sex WHEN 'F' THEN 0.86 ELSE 0.64 END::float8 AS k, CASE r.sex WHEN 'F' THEN 1.67 ELSE 1.92 END::float8 AS c
        ) AS f
        CROSS JOIN LATERAL (
            SELECT least(greatest((a.average_heartrate_bpm - r.rest_heartrate_bpm) / (r.max_heartrate_bpm - r.rest_heartrate_bpm), 0), 1) AS part
        ) AS x
        WHERE m.athlete_id = s.athlete_id AND m.source_id = s.source_id AND m.activity_id = s.activity_id
        OFFSET 0 -- one look into each index per activity
    ) AS k
), result AS MATERIALIZED (
    SELECT k.athlete_id, k.source_id, k.activity_id, k.ftp_w, k.max_heartrate_bpm, coalesce(k.trimp, k.average_trimp) AS trimp, w.method,
           i.intensity_factor, CASE w.method
        WHEN 'power' THEN k.power_s / 3600.0::float8 * i.intensity_factor ^ 2 * 100
        WHEN 'heartrate' THEN k.trimp / k.hour_trimp * 100
        WHEN 'power_average' THEN k.moving_time_s / 3600.0::float8 * i.intensity_factor ^ 2 * 100
        WHEN 'heartrate_average' THEN k.average_trimp / k.hour_trimp * 100
        ELSE 0 END AS load
    FROM known k
    CROSS JOIN LATERAL (
        SELECT CASE WHEN silver.load_per_h(k.normalized_power_w, k.ftp_w, k.power_s) <= k.load_per_h_max THEN 'power'
            WHEN k.trimp IS NOT NULL THEN 'heartrate'
            WHEN silver.load_per_h(k.average_power_w, k.ftp_w, k.moving_time_s) <= k.load_per_h_max THEN 'power_average'
            WHEN k.average_trimp IS NOT NULL THEN 'heartrate_average'
            ELSE 'none' END AS method
    ) AS w
    CROSS JOIN LATERAL (
        SELECT CASE w.method WHEN 'power_average' THEN k.average_power_w ELSE k.normalized_power_w END / k.ftp_w AS intensity_factor
    ) AS i
)
UPDATE silver.activity_metric AS t SET
    intensity_factor = r.intensity_factor, trimp = r.trimp, load = r.load, load_method = r.method, load_ftp_w = r.ftp_w,
    load_max_heartrate_bpm = r.max_heartrate_bpm
FROM result r
WHERE t.athlete_id = r.athlete_id AND t.source_id = r.source_id AND t.activity_id = r.activity_id
  AND (t.intensity_factor, t.trimp, t.load, t.load_method, t.load_ftp_w, t.load_max_heartrate_bpm)
      IS DISTINCT FROM (r.intensity_factor, r.trimp, r.load, r.method, r.ftp_w, r.max_heartrate_bpm);
