-- In:     changed_activity, changed_athlete (stale_from, stale_until); silver.activity (averages), activity_metric, activity_rollup, athlete_reference,
--         athlete_threshold (through silver.thresholds_at()).
-- Out:    silver.activity_metric: intensity_factor, trimp, load, load_method, the figures they refer to, and the critical power for the W'
--         balance; a row for each activity without streams whose load can be estimated from its averages.
-- Grain:  one row per activity.
-- Units:  at the end of the column names; load, trimp and intensity_factor have none.
-- Repeat: values that depend on the input only; rows that have them already are not written. When an athlete's thresholds or sex are others
--         than before, the activities from stale_from on are read.
--
-- Power: Coggan's intensity factor is normalised power by threshold power, his training stress score seconds · NP · IF / (FTP · 3600) · 100,
-- that is hours · IF² · 100, over the seconds with power.
-- Heart rate: Banister's training impulse (Morton, Fitz-Clarke, Banister 1990): minutes · x · k · e^(c · x), where x is the part of the heart
-- rate reserve, (heart rate - rest) / (maximum - rest), and k, c are 0.64, 1.92 for men and 0.86, 1.67 for women (men's when the sex is unknown).
-- To match the scale of power it is divided by the impulse of one hour at the threshold heart rate, times 100.
-- Pace: McGregor's rTSS, hours · IF² · 100 with IF the grade-adjusted speed by the threshold speed; swims, whose resistance grows with the
-- square of the speed, hours · IF³ · 100 (sTSS). The default threshold is raised to what the activity itself shows: who runs a quarter of an hour
-- or more at a pace proves an hour at the pace that Riegel's formula makes of it.
-- A stream makes the load when it covers three quarters of the time in motion; power also has to be above 0 for half of it, since a meter
-- that died may go on sending zeros. Else averages over the time in motion do. Their curves are convex, so this gives less than streams would.
-- Of measured power of which only a part is known (10 minutes at least), the part stands for the whole.
-- Power that was estimated, not measured (has_power_meter is false), makes no load. Nor does power that is impossible with the athlete's
-- threshold (the check load_per_h), or a pace that nobody holds: one of the two is wrong.
DELETE FROM silver.activity_metric AS t
USING changed_activity c
CROSS JOIN LATERAL (
    SELECT * FROM silver.activity x
    WHERE x.athlete_id = c.athlete_id AND x.source_id = c.source_id AND x.activity_id = c.activity_id
    OFFSET 0 -- one look into the index per activity
) AS a
WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
  AND (a.moving_time_s > 0
       AND (a.average_heartrate_bpm > 0 OR a.has_power_meter AND coalesce(a.weighted_power_w, a.average_power_w) > 0
            OR a.sport_family IN ('run', 'swim') AND a.distance_m > 0)) IS NOT TRUE
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
  AND (a.average_heartrate_bpm > 0 OR a.has_power_meter AND coalesce(a.weighted_power_w, a.average_power_w) > 0
       OR a.sport_family IN ('run', 'swim') AND a.distance_m > 0)
ON CONFLICT (athlete_id, source_id, activity_id) DO NOTHING;

WITH scope AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id FROM changed_activity
    UNION
    SELECT c.athlete_id, c.source_id, m.activity_id
    FROM changed_athlete c CROSS JOIN LATERAL (
        SELECT t.activity_id FROM silver.activity t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND (t.start_at >= c.stale_from AND t.start_at < c.stale_until OR t.start_at IS NULL)
        OFFSET 0 -- one look into the index per athlete
    ) AS m
    WHERE c.stale_from IS NOT NULL
), bound AS MATERIALIZED (
    SELECT at_most AS load_per_h_max FROM silver.quality_check WHERE check_name = 'load_per_h'
), known AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, q.load_per_h_max, k.*
    FROM scope s CROSS JOIN bound q CROSS JOIN LATERAL (
        SELECT a.sport_family, a.has_power_meter IS NOT FALSE AS is_measured, m.recorded_s, m.power_s, m.power_positive_s, m.heartrate_s, m.distance_s, m.normalized_power_w,
               b.basis_s, h.power_w AS ftp_w, h.power_origin, h.speed_mps AS assumed_speed_mps, h.speed_origin,
               h.threshold_heartrate_bpm, h.threshold_heartrate_origin, h.max_heartrate_bpm, h.rest_heartrate_bpm,
               h.critical_power_w, h.w_prime_j,
               i.trimp,
               60 * x.threshold_part * f.k * exp(f.c * x.threshold_part) AS hour_trimp,
               CASE WHEN a.has_power_meter AND a.moving_time_s > 0 AND (m.power_s = 0 OR m.recorded_s < 0.75 * a.moving_time_s)
                   THEN coalesce(a.weighted_power_w, a.average_power_w) END AS average_power_w,
               CASE WHEN a.average_heartrate_bpm > 0 AND a.moving_time_s > 0
                   THEN a.moving_time_s / 60.0::float8 * x.part * f.k * exp(f.c * x.part) END AS average_trimp,
               CASE WHEN a.sport_family IN ('run', 'swim')
                   THEN coalesce(m.grade_adjusted_distance_m, u.way_m) / nullif(b.basis_s, 0) END AS speed_mps,
               CASE WHEN a.sport_family IN ('run', 'swim') AND a.moving_time_s > 0 THEN a.distance_m / a.moving_time_s END AS average_speed_mps,
               CASE a.sport_family WHEN 'swim' THEN 2.2 ELSE 7 END AS speed_mps_max,
               CASE a.sport_family WHEN 'swim' THEN 3 ELSE 2 END AS pace_power
        FROM silver.activity_metric m
        JOIN silver.activity a USING (athlete_id, source_id, activity_id)
        JOIN silver.athlete_reference r USING (athlete_id, source_id)
        LEFT JOIN LATERAL (
            SELECT o.heartrate_seconds, o.heartrate_first_bpm,
                   CASE WHEN a.sport_family IN ('run', 'swim') THEN (SELECT sum(d) FROM unnest(o.minute_distance_m) AS d) END AS way_m
            FROM silver.activity_rollup o
            WHERE o.athlete_id = m.athlete_id AND o.source_id = m.source_id AND o.activity_id = m.activity_id
        ) AS u ON true
        CROSS JOIN LATERAL silver.thresholds_at(m.athlete_id, m.source_id, a.sport_family, a.start_at) AS h
        CROSS JOIN LATERAL (
            SELECT CASE r.sex WHEN 'F' THEN 0.86 ELSE 0.64 END::float8 AS k, CASE r.sex WHEN 'F' THEN 1.67 ELSE 1.92 END::float8 AS c
        ) AS f
        CROSS JOIN LATERAL (
            SELECT least(greatest((a.average_heartrate_bpm - h.rest_heartrate_bpm) / (h.max_heartrate_bpm - h.rest_heartrate_bpm), 0), 1) AS part,
                   (h.threshold_heartrate_bpm - h.rest_heartrate_bpm) / (h.max_heartrate_bpm - h.rest_heartrate_bpm) AS threshold_part
        ) AS x
        CROSS JOIN LATERAL silver.trimp(
            u.heartrate_seconds, u.heartrate_first_bpm, h.rest_heartrate_bpm, h.max_heartrate_bpm, f.k, f.c) AS i
        CROSS JOIN LATERAL (SELECT coalesce(nullif(a.moving_time_s, 0), m.recorded_s) AS basis_s) AS b
        WHERE m.athlete_id = s.athlete_id AND m.source_id = s.source_id AND m.activity_id = s.activity_id
        OFFSET 0 -- one look into each index per activity
    ) AS k
), able AS MATERIALIZED (
    -- Riegel: what was held over the time in motion, brought to an hour
    SELECT k.*, CASE WHEN k.speed_origin = 'default' AND k.basis_s >= 900
            THEN greatest(k.assumed_speed_mps, v.speed_mps * (k.basis_s / 3600.0::float8) ^ (0.06 / 1.06))
            ELSE k.assumed_speed_mps END AS threshold_speed_mps
    FROM known k
    CROSS JOIN LATERAL (SELECT coalesce(
        CASE WHEN k.speed_mps <= k.speed_mps_max AND k.recorded_s > 0 THEN k.speed_mps END,
        CASE WHEN k.average_speed_mps <= k.speed_mps_max THEN k.average_speed_mps END) AS speed_mps) AS v
), chosen AS MATERIALIZED (
    SELECT k.*, CASE
            WHEN k.is_measured AND k.power_s >= 0.75 * k.basis_s AND k.power_positive_s >= 0.5 * k.basis_s AND k.normalized_power_w > 0
                AND silver.load_per_h(k.normalized_power_w, k.ftp_w, k.power_s) <= k.load_per_h_max THEN 'power'
            WHEN k.trimp IS NOT NULL AND k.heartrate_s >= 0.75 * k.basis_s THEN 'heartrate'
            WHEN k.threshold_speed_mps > 0 AND k.speed_mps > 0 AND k.speed_mps <= k.speed_mps_max AND k.recorded_s > 0
                AND k.distance_s >= 0.75 * k.basis_s THEN 'pace'
            WHEN k.average_power_w > 0 AND silver.load_per_h(k.average_power_w, k.ftp_w, k.basis_s) <= k.load_per_h_max THEN 'power_average'
            WHEN k.average_trimp IS NOT NULL THEN 'heartrate_average'
            WHEN k.is_measured AND k.power_positive_s >= 600
                AND silver.load_per_h(k.normalized_power_w, k.ftp_w, k.basis_s) <= k.load_per_h_max THEN 'power_average'
            WHEN k.threshold_speed_mps > 0 AND k.average_speed_mps > 0 AND k.average_speed_mps <= k.speed_mps_max THEN 'pace_average'
            ELSE 'none' END AS method
    FROM able k
), result AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, c.activity_id, c.ftp_w, c.threshold_speed_mps, c.threshold_heartrate_bpm, c.max_heartrate_bpm,
           c.rest_heartrate_bpm, coalesce(c.trimp, c.average_trimp) AS trimp, c.method, i.intensity_factor, CASE c.method
               WHEN 'power' THEN c.power_s / 3600.0::float8 * i.intensity_factor ^ 2 * 100
               WHEN 'power_average' THEN c.basis_s / 3600.0::float8 * i.intensity_factor ^ 2 * 100
               WHEN 'heartrate' THEN c.trimp / c.hour_trimp * 100
               WHEN 'heartrate_average' THEN c.average_trimp / c.hour_trimp * 100
               WHEN 'pace' THEN c.basis_s / 3600.0::float8 * i.intensity_factor ^ c.pace_power * 100
               WHEN 'pace_average' THEN c.basis_s / 3600.0::float8 * i.intensity_factor ^ c.pace_power * 100
               ELSE 0 END AS load,
           CASE WHEN c.method IN ('power', 'heartrate', 'pace') THEN 1 WHEN c.method <> 'none' THEN 0 END::float8 AS confidence,
           CASE WHEN c.method LIKE 'power%' THEN c.power_origin WHEN c.method LIKE 'heartrate%' THEN c.threshold_heartrate_origin
               WHEN c.method LIKE 'pace%' THEN c.speed_origin END AS threshold_origin,
           CASE WHEN c.is_measured AND c.power_positive_s > 0 THEN c.critical_power_w END AS critical_power_w,
           CASE WHEN c.is_measured AND c.power_positive_s > 0 AND c.critical_power_w IS NOT NULL THEN c.w_prime_j END AS w_prime_j
    FROM chosen c
    CROSS JOIN LATERAL (
        SELECT CASE c.method
            WHEN 'power' THEN c.normalized_power_w / c.ftp_w
            WHEN 'power_average' THEN coalesce(nullif(c.average_power_w, 0), c.normalized_power_w) / c.ftp_w
            WHEN 'pace' THEN c.speed_mps / c.threshold_speed_mps
            WHEN 'pace_average' THEN c.average_speed_mps / c.threshold_speed_mps END AS intensity_factor
    ) AS i
)
UPDATE silver.activity_metric AS t SET
    intensity_factor = r.intensity_factor, trimp = r.trimp, load = r.load, load_method = r.method, load_confidence = r.confidence,
    load_threshold_origin = r.threshold_origin, load_ftp_w = r.ftp_w, load_threshold_speed_mps = r.threshold_speed_mps,
    load_threshold_heartrate_bpm = r.threshold_heartrate_bpm, load_max_heartrate_bpm = r.max_heartrate_bpm,
    load_rest_heartrate_bpm = r.rest_heartrate_bpm, critical_power_w = r.critical_power_w, w_prime_j = r.w_prime_j,
    w_prime_balance_min_j = CASE WHEN (t.critical_power_w, t.w_prime_j) IS NOT DISTINCT FROM (r.critical_power_w, r.w_prime_j)
        THEN t.w_prime_balance_min_j END,
    w_prime_low_s = CASE WHEN (t.critical_power_w, t.w_prime_j) IS NOT DISTINCT FROM (r.critical_power_w, r.w_prime_j) THEN t.w_prime_low_s END
FROM result r
WHERE t.athlete_id = r.athlete_id AND t.source_id = r.source_id AND t.activity_id = r.activity_id
  AND (t.intensity_factor, t.trimp, t.load, t.load_method, t.load_confidence, t.load_threshold_origin, t.load_ftp_w,
       t.load_threshold_speed_mps, t.load_threshold_heartrate_bpm, t.load_max_heartrate_bpm, t.load_rest_heartrate_bpm, t.critical_power_w,
       t.w_prime_j)
      IS DISTINCT FROM (r.intensity_factor, r.trimp, r.load, r.method, r.confidence, r.threshold_origin, r.ftp_w,
       r.threshold_speed_mps, r.threshold_heartrate_bpm, r.max_heartrate_bpm, r.rest_heartrate_bpm, r.critical_power_w, r.w_prime_j);
