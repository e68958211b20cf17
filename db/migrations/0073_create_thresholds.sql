-- Thresholds as dated facts: what training load, zones and W' balance refer to.

CREATE TABLE silver.athlete_threshold (
    athlete_id   bigint      NOT NULL,
    source_id    smallint    NOT NULL DEFAULT 1,
    sport_family text        NOT NULL,
    metric       text        NOT NULL,
    origin       text        NOT NULL,
    method       text        NOT NULL,
    valid_from   timestamptz NOT NULL,
    value        float8      NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_threshold_pk PRIMARY KEY (athlete_id, source_id, sport_family, metric, origin, method, valid_from),
    CONSTRAINT athlete_threshold_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_threshold_metric CHECK (
        metric IN ('power', 'pace', 'threshold_heartrate', 'max_heartrate', 'rest_heartrate', 'critical_power', 'w_prime')),
    CONSTRAINT athlete_threshold_origin CHECK (origin IN ('set', 'strava', 'estimate', 'default'))
);
COMMENT ON TABLE silver.athlete_threshold IS 'One row per athlete, sport family, metric, origin, method and date: thresholds, as far as they are known. A row holds from valid_from until the next of its kind, the first also before. What holds at a date is the first that there is of: set, strava, estimate, default; a row of the sport before one of all sports. Function: silver.thresholds_at().';
COMMENT ON COLUMN silver.athlete_threshold.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_threshold.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_threshold.sport_family IS 'Sport family that the threshold is for, as in activity.sport_family; all: every sport. Power on an e-bike counts as ride.';
COMMENT ON COLUMN silver.athlete_threshold.metric IS 'power (FTP: the power of an hour), pace (the speed of an hour), threshold_heartrate (the heart rate of an hour), max_heartrate, rest_heartrate, critical_power or w_prime.';
COMMENT ON COLUMN silver.athlete_threshold.origin IS 'set: by the athlete or the operator (fitnessctl athletes set-threshold); strava: the FTP of the profile, which is a rider''s; estimate: from the athlete''s activities; default: assumed, the same for everybody.';
COMMENT ON COLUMN silver.athlete_threshold.method IS 'set, profile, assumed; for estimates: best_20min_95 (95 % of the best mean power over 20 minutes, Allen and Coggan), cp_2_parameter (critical power and W'' from work = CP · t + W'', Monod and Scherrer) and cp_3_parameter (with a finite sprint power, Morton 1996) from the best efforts of 2 to 20 minutes (3 parameters: from 5 seconds), riegel_one_hour (best distance of 15 to 90 minutes, brought to an hour with Riegel''s exponent of 1.06), best_30s (highest heart rate held for 30 seconds, confirmed by another activity).';
COMMENT ON COLUMN silver.athlete_threshold.valid_from IS 'From when it holds, UTC. strava: when a profile first had it. estimate: the month from whose efforts, and those of the two months before, it was made; max_heartrate: 1970-01-01, since one maximum is used for all time. 1970-01-01: always.';
COMMENT ON COLUMN silver.athlete_threshold.value IS 'Watts for power and critical_power, metres per second for pace, beats per minute for heart rates, joules for w_prime.';
COMMENT ON COLUMN silver.athlete_threshold.changed_at IS 'When the row was made or last changed.';

-- Estimates are made behind all live work: a first load of a history makes them once, at its end, instead of after each batch.
CREATE TABLE silver.threshold_work (
    athlete_id bigint   NOT NULL,
    source_id  smallint NOT NULL DEFAULT 1,
    month      date     NOT NULL,
    CONSTRAINT threshold_work_pk PRIMARY KEY (athlete_id, source_id, month),
    CONSTRAINT threshold_work_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.threshold_work IS 'One row per athlete and month whose estimates are made again after all live work. To read estimates use athlete_threshold.';
COMMENT ON COLUMN silver.threshold_work.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.threshold_work.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.threshold_work.month IS 'First day of the month.';

-- In plpgsql, so that the plan is kept for all rows of a query and all queries of a connection.
CREATE FUNCTION silver.thresholds_at(
    p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_at timestamptz,
    OUT power_w float8, OUT power_origin text, OUT speed_mps float8, OUT speed_origin text,
    OUT threshold_heartrate_bpm float8, OUT threshold_heartrate_origin text, OUT max_heartrate_bpm float8, OUT max_heartrate_origin text,
    OUT rest_heartrate_bpm float8, OUT critical_power_w float8, OUT w_prime_j float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    critical_power_origin text;
    w_prime_origin        text;
BEGIN
    SELECT max(t.value) FILTER (WHERE t.metric = 'power'), max(t.origin) FILTER (WHERE t.metric = 'power'),
           max(t.value) FILTER (WHERE t.metric = 'pace'), max(t.origin) FILTER (WHERE t.metric = 'pace'),
           max(t.value) FILTER (WHERE t.metric = 'threshold_heartrate'), max(t.origin) FILTER (WHERE t.metric = 'threshold_heartrate'),
           max(t.value) FILTER (WHERE t.metric = 'max_heartrate'), max(t.origin) FILTER (WHERE t.metric = 'max_heartrate'),
           max(t.value) FILTER (WHERE t.metric = 'rest_heartrate'), max(t.value) FILTER (WHERE t.metric = 'critical_power'),
           max(t.origin) FILTER (WHERE t.metric = 'critical_power'), max(t.value) FILTER (WHERE t.metric = 'w_prime'),
           max(t.origin) FILTER (WHERE t.metric = 'w_prime')
    INTO power_w, power_origin, speed_mps, speed_origin, threshold_heartrate_bpm, threshold_heartrate_origin, max_heartrate_bpm,
         max_heartrate_origin, rest_heartrate_bpm, critical_power_w, critical_power_origin, w_prime_j, w_prime_origin
    FROM (
        SELECT DISTINCT ON (f.metric) f.metric, f.value, f.origin
        FROM silver.athlete_threshold f
        WHERE f.athlete_id = p_athlete_id AND f.source_id = p_source_id
          AND f.sport_family IN ('all', CASE WHEN p_sport_family = 'e_ride' THEN 'ride' ELSE p_sport_family END)
        ORDER BY f.metric, array_position('{set,strava,estimate,default}', f.origin), f.sport_family <> 'all' DESC,
            f.valid_from <= p_at DESC, CASE WHEN f.valid_from <= p_at THEN f.valid_from END DESC, f.valid_from, f.method
    ) AS t;
    -- Facts of different dates and origins may contradict each other: some reserve there always is.
    rest_heartrate_bpm := least(rest_heartrate_bpm, max_heartrate_bpm - 20);
    IF threshold_heartrate_bpm IS NULL OR threshold_heartrate_bpm <= rest_heartrate_bpm THEN
        threshold_heartrate_bpm := rest_heartrate_bpm + 0.85 * (max_heartrate_bpm - rest_heartrate_bpm);
        threshold_heartrate_origin := 'default';
    END IF;
    -- An FTP that was set, or is Strava's, comes before an estimated critical power, as it comes before an estimated FTP. W' belongs to its
    -- critical power: an estimate of one says nothing of the other.
    IF critical_power_origin IS DISTINCT FROM 'set' AND power_origin IN ('set', 'strava') OR critical_power_w IS NULL THEN
        critical_power_w := power_w;
        critical_power_origin := 'power';
    END IF;
    IF w_prime_origin = 'estimate' AND critical_power_origin <> 'estimate' THEN
        w_prime_j := 20000;
    END IF;
END $$;
COMMENT ON FUNCTION silver.thresholds_at IS 'The athlete''s thresholds in a sport family at an instant, and where they come from (set, strava, estimate, default); see athlete_threshold. Null: not known. The heart rate at rest is at least 20 beats below the maximum. Threshold heart rate: else 85 % of the heart rate reserve (default). Critical power: as set, else a threshold power that is set or Strava''s, else estimated with its W'', else the threshold power; W'' else 20 kJ.';

-- What silver.estimated_thresholds() reads of an activity beside its month.
CREATE FUNCTION silver.estimate_input(
    p_start_date_local timestamp, p_sport_family text, p_has_power_meter boolean, p_power_w real[], p_pace_time_s real[], p_heartrate_bpm real[])
RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_sport_family IN ('ride', 'run', 'swim', 'paddle') AND p_start_date_local >= silver.calendar_begin()
            AND p_start_date_local < silver.calendar_end()
        THEN hash_record_extended((p_sport_family, CASE WHEN p_has_power_meter IS NOT FALSE THEN p_power_w END, p_pace_time_s,
            p_heartrate_bpm[array_position(silver.effort_durations_s(), 1200)]), 0) END
$$;
COMMENT ON FUNCTION silver.estimate_input IS 'A number that is another one when an activity gives something else to the estimates of its month; null: it gives nothing.';

-- Power over short durations says nothing of the hour, and most 20 minutes are not hard: an effort counts as hard when its activity has no
-- heart rate, or one of at least 85 % of the maximum over 20 minutes. Without a heart rate it takes three activities.
CREATE FUNCTION silver.estimated_thresholds(p_athlete_id bigint, p_source_id smallint, p_month date, p_max_heartrate_bpm float8)
RETURNS TABLE (sport_family text, metric text, method text, value float8) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    rung_20min CONSTANT integer := array_position(silver.effort_durations_s(), 1200);
BEGIN
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT a.sport_family, a.activity_id, a.start_at >= p_month::timestamp AT TIME ZONE 'UTC' AS is_of_month, CASE WHEN a.has_power_meter IS NOT FALSE THEN r.power_w END AS power_w, r.pace_time_s,
               r.heartrate_bpm[rung_20min] AS beats
        FROM (
            SELECT * FROM silver.activity x
            WHERE x.athlete_id = p_athlete_id AND x.start_at >= (p_month - interval '2 months') AT TIME ZONE 'UTC'
              AND x.start_at < (p_month + interval '1 month') AT TIME ZONE 'UTC'
            OFFSET 0 -- by the index of starts; the source would make the primary key look as cheap
        ) AS a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        WHERE a.source_id = p_source_id AND a.sport_family IN ('ride', 'run', 'swim', 'paddle')
          AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end()
    ), power AS MATERIALIZED (
        SELECT c.sport_family, d.duration_s::float8 AS duration_s, max(u.watts::float8) AS power_w
        FROM candidate c
        CROSS JOIN LATERAL unnest(c.power_w) WITH ORDINALITY AS u(watts, rung)
        JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY AS d(duration_s, rung) USING (rung)
        WHERE c.power_w[rung_20min] > 0 AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1, 2
    ), proven AS (
        SELECT c.sport_family
        FROM candidate c
        WHERE c.power_w[rung_20min] > 0 AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1 HAVING bool_or(c.is_of_month) AND (count(c.beats) > 0 OR count(*) >= 3)
    ), best AS (
        SELECT p.sport_family, p.power_w FROM power p JOIN proven USING (sport_family) WHERE p.duration_s = 1200
    ), two AS (
        SELECT p.sport_family, regr_slope(p.power_w * p.duration_s, p.duration_s) AS cp, regr_intercept(p.power_w * p.duration_s, p.duration_s) AS w,
               count(*) AS efforts
        FROM power p JOIN proven USING (sport_family)
        WHERE p.duration_s BETWEEN 120 AND 1200
        GROUP BY 1
    ), three AS (
        -- for a given W' / (sprint power - CP), tau, Morton's curve is a line: power = CP + W' / (t + tau)
        SELECT DISTINCT ON (p.sport_family) p.sport_family, p.cp, p.w
        FROM (
            SELECT p.sport_family, tau, regr_intercept(p.power_w, 1 / (p.duration_s + tau)) AS cp,
                   regr_slope(p.power_w, 1 / (p.duration_s + tau)) AS w, regr_syy(p.power_w, 1 / (p.duration_s + tau))
                   * (1 - regr_r2(p.power_w, 1 / (p.duration_s + tau))) AS error
            FROM power p JOIN proven USING (sport_family)
            CROSS JOIN LATERAL (SELECT n::float8 AS tau FROM generate_series(1, 40) AS n) AS o
            WHERE p.duration_s BETWEEN 5 AND 1200
            GROUP BY 1, 2 HAVING count(*) >= 6
        ) AS p
        WHERE p.w > 0 AND p.cp + p.w / p.tau <= 2500 -- nobody sprints with more
        ORDER BY p.sport_family, p.error, p.tau
    ), model AS (
        SELECT t.sport_family, 'cp_2_parameter' AS method, t.cp, t.w FROM two t WHERE t.efforts >= 5
        UNION ALL
        SELECT t.sport_family, 'cp_3_parameter', t.cp, t.w FROM three t
    ), hour AS (
        -- v of an hour = v · (t / 3600) ^ (0.06 / 1.06), after Riegel (1981): t2 = t1 · (d2 / d1) ^ 1.06
        SELECT c.sport_family, c.activity_id, c.is_of_month, c.beats,
               max(d.distance_m / u.seconds * (u.seconds / 3600) ^ (0.06 / 1.06)) AS speed_mps
        FROM candidate c
        CROSS JOIN LATERAL unnest(c.pace_time_s) WITH ORDINALITY AS u(seconds, rung)
        JOIN unnest(silver.effort_distances_m()) WITH ORDINALITY AS d(distance_m, rung) USING (rung)
        WHERE c.sport_family IN ('run', 'swim') AND u.seconds BETWEEN 900 AND 5400
          AND d.distance_m / u.seconds <= CASE WHEN c.sport_family = 'run' THEN 6.5 ELSE 2 END
          AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1, 2, 3, 4
    )
    SELECT b.sport_family, 'power', 'best_20min_95', 0.95 * b.power_w FROM best b WHERE 0.95 * b.power_w BETWEEN 30 AND 600
    UNION ALL
    SELECT m.sport_family, v.metric, m.method, v.value
    FROM model m
    JOIN best b USING (sport_family)
    CROSS JOIN LATERAL (VALUES ('critical_power', m.cp), ('w_prime', m.w)) AS v(metric, value)
    -- outside of these the efforts were not all-out, and the curve says nothing
    WHERE m.cp BETWEEN 0.7 * b.power_w AND b.power_w AND m.w BETWEEN 3000 AND 60000
    UNION ALL
    SELECT h.sport_family, 'pace', 'riegel_one_hour', max(h.speed_mps)
    FROM hour h GROUP BY 1 HAVING bool_or(h.is_of_month) AND (count(h.beats) > 0 OR count(*) >= 3);
END $$;
COMMENT ON FUNCTION silver.estimated_thresholds IS 'Thresholds estimated from the activities of a month and the two before it, by sport family and method; see athlete_threshold. A month without such an activity of its own has none. Only activities count that were hard: a heart rate over 20 minutes of at least 85 % of the given maximum, or none at all; without any heart rate there must be three.';

-- Of several activities one that stands alone is a fault of a sensor: the highest value counts that another activity confirms within 8 beats.
-- With no more than three hard activities there may be nobody to confirm it: up to 200 beats it is taken as it is.
CREATE FUNCTION silver.estimated_max_heartrate_bpm(p_athlete_id bigint, p_source_id smallint) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT v.bpm
        FROM (
            SELECT m.best_heartrate_30s_bpm AS bpm, lead(m.best_heartrate_30s_bpm) OVER (ORDER BY m.best_heartrate_30s_bpm DESC) AS next_bpm,
                   count(*) OVER () AS activities
            FROM (
                SELECT t.best_heartrate_30s_bpm FROM silver.activity_metric t
                WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.best_heartrate_30s_bpm BETWEEN 165 AND 220
                ORDER BY t.best_heartrate_30s_bpm DESC LIMIT 20
            ) AS m
        ) AS v
        WHERE v.bpm - v.next_bpm <= 8 OR (v.bpm <= 200 AND v.activities <= 3)
        ORDER BY v.bpm DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION silver.estimated_max_heartrate_bpm IS 'The athlete''s maximal heart rate, beats per minute: the highest mean over 30 seconds between 165 and 220 that another activity confirms within 8 beats; with up to three such activities the highest up to 200. Null: there was no hard effort.';

-- What follows from a fact ends where the next of its kind begins; the first of its kind also holds before.
CREATE FUNCTION silver.threshold_reach(
    p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_metric text, p_origin text, p_valid_from timestamptz,
    OUT from_at timestamptz, OUT until_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT CASE WHEN count(*) FILTER (WHERE o.valid_from < p_valid_from) > 0 THEN p_valid_from ELSE '-infinity' END,
           coalesce(min(o.valid_from) FILTER (WHERE o.valid_from > p_valid_from), 'infinity')
    INTO from_at, until_at
    FROM silver.athlete_threshold o
    WHERE o.athlete_id = p_athlete_id AND o.source_id = p_source_id AND o.sport_family = p_sport_family AND o.metric = p_metric
      AND o.origin = p_origin;
END $$;
COMMENT ON FUNCTION silver.threshold_reach IS 'From when until when a threshold of this kind and date holds, beside the others of its kind in silver.athlete_threshold; -infinity and infinity: the first and the last.';

CREATE FUNCTION silver.refresh_threshold(p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamptz, OUT stale_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    beats   float8 := silver.estimated_max_heartrate_bpm(p_athlete_id, p_source_id);
    maximum float8;
BEGIN
    -- most batches change none of the facts
    IF (SELECT count(*) FILTER (WHERE t.origin = 'default') > 0
               AND max(t.value) FILTER (WHERE t.origin = 'estimate') IS NOT DISTINCT FROM beats
               AND coalesce(sum(hash_record_extended((t.sport_family, t.metric, t.valid_from, t.value), 0)) FILTER (WHERE t.origin = 'set'), 0) = (
                   SELECT coalesce(sum(hash_record_extended(
                       (f.sport_family, f.metric, f.valid_from::timestamp AT TIME ZONE 'UTC', f.value), 0)), 0)
                   FROM sync.athlete_threshold f WHERE f.athlete_id = p_athlete_id)
               AND (count(*) FILTER (WHERE t.origin = 'strava') > 0) = EXISTS (
                   SELECT FROM silver.athlete_history h
                   WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.ftp_w > 0)
               AND NOT EXISTS (
                   SELECT FROM silver.athlete_history h
                   WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.added_at = now())
        FROM silver.athlete_threshold t
        WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (t.origin <> 'estimate' OR t.metric = 'max_heartrate')) THEN
        RETURN;
    END IF;
    maximum := (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm;
    WITH wanted AS (
        SELECT f.sport_family, f.metric, 'set' AS origin, 'set' AS method, f.valid_from::timestamp AT TIME ZONE 'UTC' AS valid_from, f.value
        FROM sync.athlete_threshold f WHERE f.athlete_id = p_athlete_id
        UNION ALL
        SELECT 'ride', 'power', 'strava', 'profile', h.valid_from, h.ftp_w
        FROM (
            SELECT f.valid_from, f.ftp_w, lag(f.ftp_w) OVER (ORDER BY f.valid_from) AS before_w
            FROM silver.athlete_history f
            WHERE f.athlete_id = p_athlete_id AND f.source_id = p_source_id AND f.ftp_w > 0
        ) AS h
        WHERE h.ftp_w IS DISTINCT FROM h.before_w
        UNION ALL
        SELECT 'all', 'max_heartrate', 'estimate', 'best_30s', '1970-01-01 00:00+00', beats WHERE beats IS NOT NULL
        UNION ALL
        SELECT d.sport_family, d.metric, 'default', 'assumed', '1970-01-01 00:00+00', d.value
        FROM (VALUES ('all', 'max_heartrate', 190::float8), ('all', 'rest_heartrate', 60), ('all', 'w_prime', 20000),
            ('run', 'pace', 1000 / 300.0::float8), ('swim', 'pace', 100 / 120.0::float8)) AS d(sport_family, metric, value)
    ), gone AS (
        DELETE FROM silver.athlete_threshold t
        WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (t.origin <> 'estimate' OR t.metric = 'max_heartrate')
          AND NOT EXISTS (
            SELECT FROM wanted w
            WHERE (w.sport_family, w.metric, w.origin, w.method, w.valid_from) = (t.sport_family, t.metric, t.origin, t.method, t.valid_from))
        RETURNING t.sport_family, t.metric, t.origin, t.valid_from
    ), written AS (
        INSERT INTO silver.athlete_threshold AS t (athlete_id, source_id, sport_family, metric, origin, method, valid_from, value)
        SELECT p_athlete_id, p_source_id, w.* FROM wanted w
        ON CONFLICT (athlete_id, source_id, sport_family, metric, origin, method, valid_from)
        DO UPDATE SET value = excluded.value, changed_at = now() WHERE t.value <> excluded.value
        RETURNING t.sport_family, t.metric, t.origin, t.valid_from
    )
    SELECT min(r.from_at), max(r.until_at) INTO stale_from, stale_until
    FROM (SELECT * FROM gone UNION ALL SELECT * FROM written) AS c
    CROSS JOIN LATERAL silver.threshold_reach(p_athlete_id, p_source_id, c.sport_family, c.metric, c.origin, c.valid_from) AS r;
    -- the maximum decides which activities were hard; a new athlete has none yet, and no estimates
    IF maximum <> (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm THEN
        INSERT INTO silver.threshold_work (athlete_id, source_id, month)
        SELECT DISTINCT p_athlete_id, p_source_id, date_trunc('month', a.start_at AT TIME ZONE 'UTC')::date
        FROM silver.activity a
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_at IS NOT NULL
          AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end()
        ON CONFLICT (athlete_id, source_id, month) DO NOTHING;
    END IF;
END $$;
COMMENT ON FUNCTION silver.refresh_threshold IS 'Brings the athlete''s rows of silver.athlete_threshold up to date, but for the estimates by month. When the maximal heart rate is another one, all months with activities go into silver.threshold_work. Returns from when until when thresholds are others than before; null: none is.';

CREATE FUNCTION silver.refresh_threshold_estimate(
    p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamptz, OUT stale_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    changed record;
    beats   float8;
    due     record;
BEGIN
    beats := (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm;
    FOR due IN
        SELECT DISTINCT (w.month + make_interval(months => n))::date AS month
        FROM silver.threshold_work w CROSS JOIN generate_series(0, 2) AS n
        WHERE w.athlete_id = p_athlete_id AND w.source_id = p_source_id
        ORDER BY 1
    LOOP
        -- most of the following months have no activity yet, and no estimate
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM silver.activity a
            WHERE a.athlete_id = p_athlete_id AND a.start_at >= due.month::timestamp AT TIME ZONE 'UTC'
              AND a.start_at < (due.month + interval '1 month') AT TIME ZONE 'UTC')
            AND NOT EXISTS (
            SELECT FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.origin = 'estimate'
              AND t.valid_from = due.month::timestamp AT TIME ZONE 'UTC');
        WITH wanted AS MATERIALIZED (
            SELECT e.sport_family, e.metric, e.method, e.value
            FROM silver.estimated_thresholds(p_athlete_id, p_source_id, due.month, beats) AS e
        ), gone AS (
            DELETE FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.origin = 'estimate' AND t.metric <> 'max_heartrate'
              AND t.valid_from = due.month::timestamp AT TIME ZONE 'UTC'
              AND NOT EXISTS (
                SELECT FROM wanted w WHERE (w.sport_family, w.metric, w.method) = (t.sport_family, t.metric, t.method))
            RETURNING t.sport_family, t.metric, t.valid_from
        ), written AS (
            INSERT INTO silver.athlete_threshold AS t (athlete_id, source_id, sport_family, metric, origin, method, valid_from, value)
            SELECT p_athlete_id, p_source_id, w.sport_family, w.metric, 'estimate', w.method, due.month::timestamp AT TIME ZONE 'UTC', w.value
            FROM wanted w
            ON CONFLICT (athlete_id, source_id, sport_family, metric, origin, method, valid_from)
            DO UPDATE SET value = excluded.value, changed_at = now() WHERE abs(t.value - excluded.value) > 1e-6 * excluded.value
            RETURNING t.sport_family, t.metric, t.valid_from
        )
        SELECT min(r.from_at) AS from_at, max(r.until_at) AS until_at INTO changed
        FROM (SELECT * FROM gone UNION ALL SELECT * FROM written) AS c
        CROSS JOIN LATERAL silver.threshold_reach(p_athlete_id, p_source_id, c.sport_family, c.metric, 'estimate', c.valid_from) AS r
        -- where a better fact holds, nothing follows from an estimate
        WHERE NOT EXISTS (
            SELECT FROM silver.athlete_threshold b
            WHERE b.athlete_id = p_athlete_id AND b.source_id = p_source_id AND b.sport_family = c.sport_family AND b.origin IN ('set', 'strava')
              AND b.metric IN (c.metric, CASE WHEN c.metric IN ('critical_power', 'w_prime') THEN 'power' END));
        stale_from := least(stale_from, changed.from_at);
        stale_until := greatest(stale_until, changed.until_at);
    END LOOP;
    DELETE FROM silver.threshold_work w WHERE w.athlete_id = p_athlete_id AND w.source_id = p_source_id;
END $$;
COMMENT ON FUNCTION silver.refresh_threshold_estimate IS 'Makes the athlete''s estimates of the months in silver.threshold_work, and of the two months after each, again. Returns from when until when thresholds are others than before; null: none is.';

CREATE FUNCTION silver.refresh_zone_default(p_athlete_id bigint, p_source_id smallint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH threshold AS (
        -- of each metric the rows of the first origin that there is, as loads use them
        SELECT *, min(place) OVER (PARTITION BY sport_family, metric) AS first_place
        FROM (
            SELECT t.sport_family, t.metric, t.valid_from, t.value, array_position('{set,strava,estimate,default}', t.origin) AS place
            FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.metric IN ('max_heartrate', 'power', 'pace')
        ) AS f
    ), wanted AS (
        -- a zone begins at its first whole beat, watt or centimetre per second
        SELECT t.sport_family, k.metric, t.valid_from,
               ARRAY(SELECT ceil(round((t.value * k.unit * p)::numeric, 6))::integer FROM unnest(k.parts) AS p) AS lower_bounds
        FROM threshold t
        JOIN (VALUES
            ('max_heartrate', 'heartrate', 1, '{0,0.6,0.7,0.8,0.9}'::float8[]), ('power', 'power', 1, '{0,0.55,0.75,0.9,1.05,1.2,1.5}'),
            ('pace', 'pace', 100, ARRAY[0, 1 / 1.29, 1 / 1.14, 1 / 1.06, 1 / 0.99, 1 / 0.9])
        ) AS k(threshold, metric, unit, parts) ON k.threshold = t.metric
        WHERE t.place = t.first_place AND t.value > 20.0 / k.unit
    ), gone AS (
        DELETE FROM silver.athlete_zone_set z
        WHERE z.athlete_id = p_athlete_id AND z.source_id = p_source_id AND z.is_default AND NOT EXISTS (
            SELECT FROM wanted w WHERE (w.sport_family, w.metric, w.valid_from) = (z.sport_family, z.metric, z.valid_from))
    )
    INSERT INTO silver.athlete_zone_set AS z (athlete_id, source_id, sport_family, metric, valid_from, lower_bounds, is_default)
    SELECT p_athlete_id, p_source_id, w.sport_family, w.metric, w.valid_from, w.lower_bounds, true FROM wanted w
    ON CONFLICT (athlete_id, source_id, sport_family, metric, is_default, valid_from)
    DO UPDATE SET lower_bounds = excluded.lower_bounds, changed_at = now() WHERE z.lower_bounds IS DISTINCT FROM excluded.lower_bounds;
END $$;
COMMENT ON FUNCTION silver.refresh_zone_default IS 'Brings the athlete''s default zones up to date: heart rate from the maximum, power (Coggan) and pace (Friel) from the threshold, by their dates.';
