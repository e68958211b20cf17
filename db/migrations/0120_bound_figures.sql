-- Figures that can't be true. One absurd number of an answer (an FTP of 2,000,000,000 W, an average of 65,535 W) spoilt loads and zones, or kept
-- its athlete out of silver. From now on silver takes it as missing and says so in a finding; what Strava sent stays in bronze.

-- The one place of the bounds. sql/silver/30_implausible_figure.sql and 09_athlete_finding.sql apply those of figures, 65_quality_finding.sql
-- measures the rest.
CREATE OR REPLACE VIEW silver.quality_check WITH (security_invoker = true) AS
WITH figure(check_name, measures, at_least, at_most, is_in_laps) AS (
    VALUES
        ('distance_m', 'distance, metres', 0, 1e7, true),
        ('moving_time_s', 'time in motion, seconds', 0, 864000, true),
        ('elapsed_time_s', 'time from start to end, seconds', 0, 31622400, true),
        ('elevation_gain_m', 'metres climbed', 0, 100000, true),
        ('elevation_difference_m', 'metres that the end lies higher than the start', -20000, 20000, true),
        ('elevation_high_m', 'highest point, metres above sea level', -12000, 30000, false),
        ('elevation_low_m', 'lowest point, metres above sea level', -12000, 30000, false),
        ('average_speed_mps', 'average speed, metres per second', 0, 300, true),
        ('max_speed_mps', 'highest speed, metres per second', 0, 300, true),
        ('grade_adjusted_speed_mps', 'average grade-adjusted speed, metres per second', 0, 300, true),
        ('average_heartrate_bpm', 'average heart rate, beats per minute', 0, 300, true),
        ('max_heartrate_bpm', 'highest heart rate, beats per minute', 0, 300, true),
        ('average_cadence_rpm', 'average cadence, revolutions per minute', 0, 300, true),
        ('average_temperature_c', 'average temperature, °C', -90, 90, false),
        ('average_power_w', 'average power, watts', 0, 5000, true),
        ('weighted_power_w', 'weighted average power, watts', 0, 5000, false),
        ('max_power_w', 'highest power, watts', 0, 5000, false),
        ('energy_kj', 'mechanical work, kilojoules', 0, 1000000, false),
        ('calories_kcal', 'energy spent, kilocalories', 0, 1000000, false),
        ('relative_effort', 'Strava''s relative effort', 0, 100000, false),
        ('perceived_exertion', 'the athlete''s own rating', 0, 10, false)
)
SELECT c.check_name, c.measures, c.at_least::float8, c.at_most::float8
FROM (VALUES
    ('distance_percent', 'difference between the end of the distance stream and the distance of the summary, in percent of the larger', NULL, 5),
    ('heartrate_max_bpm', 'highest heart rate of the stream, beats per minute', NULL, 250),
    ('heartrate_min_bpm', 'lowest heart rate of the stream, beats per minute', 20, NULL),
    ('load_per_h', 'training load by power, divided by the hours of power and three quarters of an hour', NULL, 400),
    ('point_count', 'points of an activity with streams', 10, 200000),
    ('short_points', 'points by which the shortest stream is shorter than the longest', NULL, 0),
    ('time_disorder_points', 'points whose time is missing or not later than before', NULL, 0),
    ('ftp_w', 'functional threshold power of the profile, watts', 30, 1000),
    ('weight_kg', 'body weight of the profile, kilograms', 20, 400),
    ('gear_distance_m', 'distance of a bike or a pair of shoes, metres', 0, 1e9),
    ('zone_heartrate_bpm', 'bound of the athlete''s own heart rate zones, beats per minute', 0, 300),
    ('zone_power_w', 'bound of the athlete''s own power zones, watts', 0, 5000)
) AS c(check_name, measures, at_least, at_most)
UNION ALL
SELECT check_name, measures || '; of the activity', at_least::float8, at_most::float8 FROM figure
UNION ALL
SELECT 'lap_' || check_name, measures || '; of a lap or a split', at_least::float8, at_most::float8 FROM figure WHERE is_in_laps;
COMMENT ON VIEW silver.quality_check IS 'The checks of data quality, one row each, with the values that are allowed. An activity outside of them has a row in quality_finding, an athlete in athlete_finding.';

COMMENT ON TABLE silver.quality_finding IS 'One row per activity and check of quality_check that it does not pass. A figure named after a column (with lap_ before it: of a lap or a split) is null there: it can''t be true. Other findings change nothing, they are a reason to look.';

CREATE TABLE silver.athlete_finding (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL DEFAULT 1,
    check_name text        NOT NULL,
    measured   float8      NOT NULL,
    at_least   float8,
    at_most    float8,
    found_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_finding_pk PRIMARY KEY (athlete_id, source_id, check_name),
    CONSTRAINT athlete_finding_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.athlete_finding IS 'One row per athlete and check of quality_check that the profile, the zones or the gear do not pass. What can''t be true counts as missing: an FTP, a weight or a distance is null, zones are passed over.';
COMMENT ON COLUMN silver.athlete_finding.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_finding.check_name IS 'The check; quality_check says what it measures.';
COMMENT ON COLUMN silver.athlete_finding.measured IS 'What Strava sent, in the unit that check_name ends with; at most 1e100.';
COMMENT ON COLUMN silver.athlete_finding.at_least IS 'Smallest value that was allowed, in the same unit; null: any.';
COMMENT ON COLUMN silver.athlete_finding.at_most IS 'Largest value that was allowed, in the same unit; null: any.';
COMMENT ON COLUMN silver.athlete_finding.found_at IS 'When it was found, or last measured anew.';

CREATE FUNCTION silver.plausible(p_check_name text, p_value float8) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_value FROM silver.quality_check
    WHERE check_name = p_check_name AND p_value >= coalesce(at_least, '-infinity') AND p_value <= coalesce(at_most, 'infinity')
$$;
COMMENT ON FUNCTION silver.plausible(text, float8) IS 'The value, or null when it is outside of what the check of this name allows.';

CREATE FUNCTION bronze_strava.json_measure(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n < -1e100 THEN -1e100 WHEN n > 1e100 THEN 1e100 ELSE n END::float8
    FROM (
        SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric
            WHEN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$' THEN (value #>> '{}')::numeric
        END AS n
    ) AS v
$$;
COMMENT ON FUNCTION bronze_strava.json_measure(jsonb) IS 'A number of any size, or a text that is one, for a finding: at most 1e100, at least -1e100; null for anything else.';

CREATE FUNCTION silver.load_per_h(p_power_w float8, p_ftp_w float8, p_duration_s float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 100 * (p_power_w / nullif(p_ftp_w, 0)) ^ 2 * (p_duration_s / 3600) / (p_duration_s / 3600 + 0.75)
$$;
COMMENT ON FUNCTION silver.load_per_h(float8, float8, float8) IS 'Training load by power over the duration in seconds, divided by the hours and three quarters of an hour: high in a sprint, too, but not without bounds.';

-- Facts of the past are no longer in bronze, perhaps: they are bounded here. All activities are made anew at the next start.
UPDATE silver.athlete_history SET ftp_w = silver.plausible('ftp_w', ftp_w)::integer, weight_kg = silver.plausible('weight_kg', weight_kg)
WHERE ftp_w <> 0 AND silver.plausible('ftp_w', ftp_w) IS NULL OR weight_kg <> 0 AND silver.plausible('weight_kg', weight_kg) IS NULL;
DELETE FROM silver.athlete_zone_set z
WHERE EXISTS (
    SELECT FROM unnest(z.lower_bounds) AS b
    WHERE silver.plausible(CASE z.metric WHEN 'heartrate' THEN 'zone_heartrate_bpm' ELSE 'zone_power_w' END, b) IS NULL)
   OR z.is_default AND z.metric = 'power' AND NOT EXISTS (
    SELECT FROM silver.athlete_history h
    WHERE h.athlete_id = z.athlete_id AND h.source_id = z.source_id AND h.valid_from = z.valid_from AND h.ftp_w > 0);

CREATE OR REPLACE VIEW silver.readme WITH (security_invoker = true) AS
SELECT c.relname::text AS relation, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind, obj_description(c.oid, 'pg_class') AS description,
       e.example
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (VALUES
    ('activity', $$SELECT sport_type, count(*) AS activity_count, sum(distance_m) / 1000 AS distance_km FROM silver.activity WHERE athlete_id = :athlete_id AND start_date_local >= '2026-01-01' GROUP BY sport_type$$),
    ('activity_best_effort', $$SELECT a.start_date_local, e.power_w FROM silver.activity_best_effort e JOIN silver.activity a USING (athlete_id, source_id, activity_id) WHERE e.athlete_id = :athlete_id AND e.metric = 'power' AND e.duration_s = 60 AND a.has_power_meter IS NOT FALSE ORDER BY 1$$),
    ('activity_grid', $$SELECT latitude_deg, longitude_deg, sum(seconds) AS seconds FROM silver.activity_grid WHERE athlete_id = :athlete_id GROUP BY 1, 2$$),
    ('activity_histogram', $$SELECT heartrate_bpm, sum(seconds) AS seconds FROM silver.activity_histogram WHERE athlete_id = :athlete_id AND metric = 'heartrate' GROUP BY 1 ORDER BY 1$$),
    ('activity_interval_1min', $$SELECT start_offset_s / 60 AS minute, heartrate_bpm, power_w FROM silver.activity_interval_1min WHERE athlete_id = :athlete_id AND activity_id = :activity_id ORDER BY 1$$),
    ('activity_metric', $$SELECT a.start_date_local, m.load, m.load_method FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id) WHERE a.athlete_id = :athlete_id ORDER BY 1$$),
    ('activity_stream', $$SELECT s.time_s[i] AS time_s, s.power_w[i] AS power_w FROM silver.activity_stream s CROSS JOIN generate_series(1, s.point_count, 10) AS i WHERE s.athlete_id = :athlete_id AND s.activity_id = :activity_id ORDER BY i$$),
    ('activity_zone_time', $$SELECT zone, sum(seconds) / 3600.0 AS hours FROM silver.activity_zone_time WHERE athlete_id = :athlete_id AND metric = 'heartrate' AND start_date_local >= '2026-01-01' GROUP BY zone ORDER BY zone$$),
    ('aggregate_stream', $$SELECT time, heartrate, watts FROM silver.aggregate_stream WHERE athlete_id = :athlete_id AND activity_id = :activity_id ORDER BY index$$),
    ('athlete', $$SELECT first_name, weight_kg, ftp_w FROM silver.athlete WHERE athlete_id = :athlete_id$$),
    ('athlete_day', $$SELECT day, load, fitness_ctl, fatigue_atl, form_tsb FROM silver.athlete_day WHERE athlete_id = :athlete_id ORDER BY day$$),
    ('athlete_finding', $$SELECT check_name, measured, at_least, at_most FROM silver.athlete_finding WHERE athlete_id = :athlete_id ORDER BY check_name$$),
    ('athlete_history', $$SELECT valid_from, weight_kg, ftp_w FROM silver.athlete_history WHERE athlete_id = :athlete_id ORDER BY valid_from$$),
    ('athlete_max_heartrate', $$SELECT valid_from, max_heartrate_bpm FROM silver.athlete_max_heartrate WHERE athlete_id = :athlete_id ORDER BY valid_from$$),
    ('athlete_month', $$SELECT month_start, sum(moving_time_s) / 3600.0 AS hours FROM silver.athlete_month WHERE athlete_id = :athlete_id GROUP BY month_start ORDER BY month_start$$),
    ('athlete_reference', $$SELECT max_heartrate_bpm, max_heartrate_is_default FROM silver.athlete_reference WHERE athlete_id = :athlete_id$$),
    ('athlete_week', $$SELECT week_start, sum(distance_m) / 1000 AS distance_km, sum(load) AS load FROM silver.athlete_week WHERE athlete_id = :athlete_id GROUP BY week_start ORDER BY week_start$$),
    ('athlete_zone_set', $$SELECT metric, valid_from, lower_bounds, is_default FROM silver.athlete_zone_set WHERE athlete_id = :athlete_id ORDER BY metric, valid_from$$),
    ('completeness', $$SELECT endpoint, landed, pending, share_complete FROM silver.completeness WHERE athlete_id = :athlete_id$$),
    ('eddington', $$SELECT sport_family, eddington, days_towards_next FROM silver.eddington WHERE athlete_id = :athlete_id AND unit = 'km'$$),
    ('freshness', $$SELECT state, data_age_s / 3600 AS data_age_h, silver_backlog FROM silver.freshness WHERE athlete_id = :athlete_id$$),
    ('gear', $$SELECT coalesce(nickname, name, gear_id) AS name, activity_distance_m / 1000 AS distance_km FROM silver.gear WHERE athlete_id = :athlete_id ORDER BY 2 DESC$$),
    ('lap', $$SELECT lap_number, distance_m, moving_time_s FROM silver.lap WHERE athlete_id = :athlete_id AND activity_id = :activity_id ORDER BY lap_number$$),
    ('personal_record', $$SELECT sport_family, distance_m, duration_s, start_date_local FROM silver.personal_record WHERE athlete_id = :athlete_id AND metric = 'pace' ORDER BY 1, 2$$),
    ('power_curve', $$SELECT duration_s, power_w, start_date_local FROM silver.power_curve WHERE athlete_id = :athlete_id AND period = 'all_time' ORDER BY duration_s$$),
    ('quality_check', $$SELECT check_name, measures, at_least, at_most FROM silver.quality_check ORDER BY check_name$$),
    ('quality_finding', $$SELECT activity_id, check_name, measured FROM silver.quality_finding WHERE athlete_id = :athlete_id ORDER BY 1, 2$$),
    ('split', $$SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split WHERE athlete_id = :athlete_id AND activity_id = :activity_id ORDER BY split_number$$),
    ('split_mile', $$SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split_mile WHERE athlete_id = :athlete_id AND activity_id = :activity_id ORDER BY split_number$$)
) AS e(relation, example) ON e.relation = c.relname
WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition;
