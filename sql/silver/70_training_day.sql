-- In:     changed_activity, changed_athlete; silver.activity and activity_metric of these athletes.
-- Out:    silver.training_day.
-- Grain:  one row per athlete, source and local day, from the first to the last activity.
-- Units:  as the column names say.
-- Repeat: the days' sums are made anew and compared; from the first day that differs fitness, fatigue and form are followed to the last
--         day, and rows are written where they differ. 60_athlete_reference.sql holds the athlete's row: no runner works on the same days.
--
-- Activities dated before 1980 or more than two days ahead are errors of a clock and are left out.
WITH concerned AS (
    SELECT athlete_id, source_id FROM changed_activity UNION SELECT athlete_id, source_id FROM changed_athlete
), trained AS (
    SELECT a.athlete_id, a.source_id, a.start_date_local::date AS day, count(*)::integer AS activity_count,
           coalesce(sum(a.distance_m), 0) AS distance_m, coalesce(sum(a.moving_time_s), 0) AS moving_time_s,
           coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m, coalesce(sum(m.load), 0) AS load
    FROM concerned c
    JOIN silver.activity a USING (athlete_id, source_id)
    LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
    WHERE a.start_date_local >= '1980-01-01' AND a.start_date_local < (now() AT TIME ZONE 'UTC')::date + 3
    GROUP BY 1, 2, 3
), span AS (
    SELECT athlete_id, source_id, min(day) AS first_day, max(day) AS last_day FROM trained GROUP BY 1, 2
), gone AS (
    DELETE FROM silver.training_day AS t
    USING concerned c LEFT JOIN span s USING (athlete_id, source_id)
    WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND (s.first_day IS NULL OR t.day < s.first_day OR t.day > s.last_day)
), differing AS (
    SELECT athlete_id, source_id, min(day) AS day
    FROM (
        SELECT n.athlete_id, n.source_id, n.day
        FROM trained n LEFT JOIN silver.training_day t USING (athlete_id, source_id, day)
        WHERE (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load)
            IS DISTINCT FROM (n.activity_count, n.distance_m, least(n.moving_time_s, 2147483647)::integer, n.elevation_gain_m, n.load)
        UNION ALL
        SELECT t.athlete_id, t.source_id, t.day
        FROM span s JOIN silver.training_day t ON t.athlete_id = s.athlete_id AND t.source_id = s.source_id AND t.day BETWEEN s.first_day AND s.last_day
        LEFT JOIN trained n ON n.athlete_id = t.athlete_id AND n.source_id = t.source_id AND n.day = t.day
        WHERE t.activity_count > 0 AND n.day IS NULL
        UNION ALL
        -- the first day used to have a past, or days are missing between old and new ones
        SELECT s.athlete_id, s.source_id, s.first_day
        FROM span s
        WHERE EXISTS (
            SELECT FROM silver.training_day t WHERE t.athlete_id = s.athlete_id AND t.source_id = s.source_id AND t.day < s.first_day)
    ) AS d
    GROUP BY athlete_id, source_id
), start AS (
    SELECT d.athlete_id, d.source_id, greatest(least(d.day, coalesce(k.last_known + 1, s.first_day)), s.first_day) AS day, s.last_day
    FROM differing d
    JOIN span s USING (athlete_id, source_id)
    LEFT JOIN LATERAL (
        SELECT max(t.day) AS last_known FROM silver.training_day t WHERE t.athlete_id = d.athlete_id AND t.source_id = d.source_id
    ) AS k ON true
), loads AS (
    SELECT x.athlete_id, x.source_id, x.day AS first_day,
           array_agg(coalesce(n.load, 0) ORDER BY g.day) AS loads
    FROM start x
    CROSS JOIN LATERAL generate_series(0, x.last_day - x.day) AS o(days)
    CROSS JOIN LATERAL (SELECT x.day + o.days AS day) AS g
    LEFT JOIN trained n ON n.athlete_id = x.athlete_id AND n.source_id = x.source_id AND n.day = g.day
    GROUP BY 1, 2, 3
), followed AS (
    SELECT l.athlete_id, l.source_id, l.first_day + e.place - 1 AS day, e.ctl, e.atl, e.tsb
    FROM loads l
    LEFT JOIN silver.training_day b ON b.athlete_id = l.athlete_id AND b.source_id = l.source_id AND b.day = l.first_day - 1
        AND b.day >= (SELECT s.first_day FROM span s WHERE s.athlete_id = l.athlete_id AND s.source_id = l.source_id)
    CROSS JOIN LATERAL silver.training_effect(coalesce(b.fitness_ctl, 0), coalesce(b.fatigue_atl, 0), l.loads) AS e
)
INSERT INTO silver.training_day AS t (
    athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, fitness_ctl, fatigue_atl, form_tsb)
SELECT f.athlete_id, f.source_id, f.day, coalesce(n.activity_count, 0), coalesce(n.distance_m, 0),
       least(coalesce(n.moving_time_s, 0), 2147483647)::integer, coalesce(n.elevation_gain_m, 0), coalesce(n.load, 0), f.ctl, f.atl, f.tsb
FROM followed f LEFT JOIN trained n USING (athlete_id, source_id, day)
ON CONFLICT (athlete_id, source_id, day) DO UPDATE SET
    activity_count = excluded.activity_count, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
    elevation_gain_m = excluded.elevation_gain_m, load = excluded.load, fitness_ctl = excluded.fitness_ctl,
    fatigue_atl = excluded.fatigue_atl, form_tsb = excluded.form_tsb
WHERE (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load)
        IS DISTINCT FROM (excluded.activity_count, excluded.distance_m, excluded.moving_time_s, excluded.elevation_gain_m, excluded.load)
   OR abs(t.fitness_ctl - excluded.fitness_ctl) > 1e-6 OR abs(t.fatigue_atl - excluded.fatigue_atl) > 1e-6
   OR abs(t.form_tsb - excluded.form_tsb) > 1e-6;
