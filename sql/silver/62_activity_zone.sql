-- In:     changed_activity, changed_athlete (stale_from, stale_until); silver.activity, activity_rollup, athlete_zone_set.
-- Out:    silver.activity_zone.
-- Grain:  one row per activity and metric, for activities that have a histogram of it.
-- Units:  beats per minute, W, centimetres per second; seconds.
-- Repeat: values that depend on the input only; rows that have them already are not written. When an athlete's own zones changed in this
--         transaction (its now() is the time of the change), all activities of the athlete are read; when thresholds did, those from
--         stale_from to stale_until.
--
-- The zones that held at the start of the activity: the athlete's newest own set known by then, else the earliest; without own sets, the default
-- set by the same rule. Zones of power and pace are those of the activity's sport.
-- Power that was estimated, not measured, has no zones.
WITH scope AS MATERIALIZED (
    SELECT athlete_id, source_id, activity_id, true AS has_new_seconds FROM changed_activity
    UNION ALL
    SELECT c.athlete_id, c.source_id, m.activity_id, false
    FROM changed_athlete c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN max(z.changed_at) = now() THEN '-infinity' ELSE c.stale_from END AS stale_from,
               CASE WHEN max(z.changed_at) = now() THEN 'infinity' ELSE c.stale_until END AS stale_until
        FROM silver.athlete_zone_set z
        WHERE z.athlete_id = c.athlete_id AND z.source_id = c.source_id AND NOT z.is_default
    ) AS f
    CROSS JOIN LATERAL (
        SELECT t.activity_id FROM silver.activity t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND (t.start_at >= f.stale_from AND t.start_at < f.stale_until OR t.start_at IS NULL)
        OFFSET 0 -- one look into the index per athlete
    ) AS m
    WHERE f.stale_from IS NOT NULL AND NOT EXISTS (
        SELECT FROM changed_activity b
        WHERE b.athlete_id = c.athlete_id AND b.source_id = c.source_id AND b.activity_id = m.activity_id)
), wanted AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, k.metric, k.lower_bounds, k.seconds, k.is_default
    FROM scope s LEFT JOIN LATERAL (
        -- most sets of zones are those that the activity has already
        SELECT z.metric, z.lower_bounds, z.is_default,
               CASE WHEN NOT s.has_new_seconds AND e.lower_bounds = z.lower_bounds THEN e.seconds ELSE n.seconds END AS seconds
        FROM silver.activity a
        JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (x.metric) x.metric, x.lower_bounds, x.is_default
            FROM silver.athlete_zone_set x
            WHERE x.athlete_id = s.athlete_id AND x.source_id = s.source_id
              AND x.sport_family IN ('all', CASE a.sport_family WHEN 'e_ride' THEN 'ride' ELSE a.sport_family END)
              AND CASE x.metric WHEN 'heartrate' THEN r.heartrate_seconds
                  WHEN 'power' THEN CASE WHEN a.has_power_meter IS NOT FALSE THEN r.power_seconds END ELSE r.speed_seconds END IS NOT NULL
            ORDER BY x.metric, x.is_default, x.valid_from <= a.start_at DESC,
                CASE WHEN x.valid_from <= a.start_at THEN x.valid_from END DESC, x.valid_from
        ) AS z
        LEFT JOIN silver.activity_zone e
          ON e.athlete_id = s.athlete_id AND e.source_id = s.source_id AND e.activity_id = s.activity_id AND e.metric = z.metric
        CROSS JOIN LATERAL silver.zone_seconds(
            CASE z.metric WHEN 'heartrate' THEN r.heartrate_seconds WHEN 'power' THEN r.power_seconds ELSE r.speed_seconds END,
            CASE z.metric WHEN 'heartrate' THEN r.heartrate_first_bpm ELSE 0 END, z.lower_bounds) AS n
        WHERE a.athlete_id = s.athlete_id AND a.source_id = s.source_id AND a.activity_id = s.activity_id
        OFFSET 0 -- one look into each index per activity
    ) AS k ON true
), kept AS MATERIALIZED (
    -- of an activity without zones no metric
    SELECT athlete_id, source_id, activity_id, array_remove(array_agg(metric), NULL) AS metrics
    FROM wanted
    GROUP BY athlete_id, source_id, activity_id
), gone AS (
    DELETE FROM silver.activity_zone AS t
    USING kept k
    WHERE t.athlete_id = k.athlete_id AND t.source_id = k.source_id AND t.activity_id = k.activity_id AND t.metric <> ALL (k.metrics)
)
INSERT INTO silver.activity_zone AS t (athlete_id, source_id, activity_id, metric, lower_bounds, seconds, is_default)
SELECT athlete_id, source_id, activity_id, metric, lower_bounds, seconds, is_default FROM wanted
WHERE metric IS NOT NULL
ON CONFLICT (athlete_id, source_id, activity_id, metric) DO UPDATE SET
    lower_bounds = excluded.lower_bounds, seconds = excluded.seconds, is_default = excluded.is_default
WHERE (t.lower_bounds, t.seconds, t.is_default) IS DISTINCT FROM (excluded.lower_bounds, excluded.seconds, excluded.is_default);
