-- An index of silver for people: each table and view with an example.

CREATE VIEW silver.readme WITH (security_invoker = true) AS
SELECT c.relname::text AS relation, CASE WHEN c.relkind = 'v' THEN 'view' ELSE 'table' END AS kind, obj_description(c.oid, 'pg_class') AS description,
       e.example
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (VALUES
    ('activity', $$SELECT sport_family, count(*) AS activity_count, sum(distance_m) / 1000 AS distance_km FROM silver.activity WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND start_date_local >= '2026-01-01' GROUP BY sport_family;$$),
    ('activity_best_effort', $$SELECT a.start_date_local, e.power_w FROM silver.activity_best_effort e JOIN silver.activity a USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND e.metric = 'power' AND e.duration_s = 60 AND a.has_power_meter IS NOT FALSE ORDER BY 1;$$),
    ('activity_grid', $$SELECT latitude_deg, longitude_deg, sum(seconds) AS seconds FROM silver.activity_grid WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY 1, 2;$$),
    ('activity_histogram', $$SELECT heartrate_bpm, sum(seconds) AS seconds FROM silver.activity_histogram WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = 'heartrate' GROUP BY 1 ORDER BY 1;$$),
    ('activity_interval_1min', $$SELECT start_offset_s / 60 AS minute, heartrate_bpm, power_w FROM silver.activity_interval_1min WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_rollup LIMIT 1) ORDER BY 1;$$),
    ('activity_metric', $$SELECT a.start_date_local, m.load, m.load_method FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1;$$),
    ('activity_strava_zone', $$SELECT metric, zone, from_value, to_value, time_s FROM silver.activity_strava_zone WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_strava_zone LIMIT 1) ORDER BY metric, zone;$$),
    ('activity_stream', $$SELECT s.time_s[i] AS time_s, s.power_w[i] AS power_w FROM silver.activity_stream s CROSS JOIN generate_series(1, s.point_count, 10) AS i WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_stream LIMIT 1) ORDER BY i;$$),
    ('activity_zone_time', $$SELECT zone, sum(seconds) / 3600.0 AS hours FROM silver.activity_zone_time WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = 'heartrate' AND start_date_local >= '2026-01-01' GROUP BY zone ORDER BY zone;$$),
    ('aggregate_stream', $$SELECT time, heartrate, watts FROM silver.aggregate_stream WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_stream LIMIT 1) ORDER BY index;$$),
    ('athlete', $$SELECT first_name, weight_kg, ftp_w FROM silver.athlete WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);$$),
    ('athlete_day', $$SELECT day, load, fitness_ctl, fatigue_atl, form_tsb FROM silver.athlete_day WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY day;$$),
    ('athlete_finding', $$SELECT check_name, measured, at_least, at_most FROM silver.athlete_finding WHERE athlete_id = (SELECT min(athlete_id) FROM silver.athlete_finding) ORDER BY check_name;$$),
    ('athlete_history', $$SELECT valid_from, weight_kg, ftp_w FROM silver.athlete_history WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY valid_from;$$),
    ('athlete_max_heartrate', $$SELECT valid_from, max_heartrate_bpm FROM silver.athlete_max_heartrate WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY valid_from;$$),
    ('athlete_month', $$SELECT month_start, sum(moving_time_s) / 3600.0 AS hours FROM silver.athlete_month WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY month_start ORDER BY month_start;$$),
    ('athlete_reference', $$SELECT max_heartrate_bpm, max_heartrate_is_default FROM silver.athlete_reference WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);$$),
    ('athlete_stats', $$SELECT sport_family, activity_count, distance_m / 1000 AS distance_km FROM silver.athlete_stats WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND period = 'all' ORDER BY sport_family;$$),
    ('athlete_threshold', $$SELECT sport_family, metric, origin, method, valid_from, value FROM silver.athlete_threshold WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1, 2, 3, 4, 5;$$),
    ('athlete_week', $$SELECT week_start, sum(distance_m) / 1000 AS distance_km, sum(load) AS load FROM silver.athlete_week WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY week_start ORDER BY week_start;$$),
    ('athlete_year', $$SELECT year_start, sport_family, sum(distance_m) / 1000 AS distance_km FROM silver.athlete_year WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY 1, 2 ORDER BY 1, 2;$$),
    ('athlete_zone_set', $$SELECT metric, valid_from, lower_bounds, is_default FROM silver.athlete_zone_set WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY metric, valid_from;$$),
    ('best_effort', $$SELECT a.start_date_local, b.elapsed_time_s, b.pr_rank FROM silver.best_effort b JOIN silver.activity a USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND b.name = '5K' ORDER BY b.elapsed_time_s;$$),
    ('completeness', $$SELECT endpoint, landed, pending, share_complete FROM silver.completeness WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);$$),
    ('eddington', $$SELECT sport_family, eddington, days_towards_next FROM silver.eddington WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND unit = 'km';$$),
    ('freshness', $$SELECT state, data_age_s / 3600 AS data_age_h, silver_backlog FROM silver.freshness WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);$$),
    ('gear', $$SELECT coalesce(nickname, name, gear_id) AS name, activity_distance_m / 1000 AS distance_km FROM silver.gear WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 2 DESC;$$),
    ('lap', $$SELECT lap_number, distance_m, moving_time_s FROM silver.lap WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.lap LIMIT 1) ORDER BY lap_number;$$),
    ('pace_curve', $$SELECT distance_m, pace_s_per_km, start_date_local FROM silver.pace_curve WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND sport_family = 'run' AND period = 'all_time' ORDER BY distance_m;$$),
    ('personal_record', $$SELECT sport_family, distance_m, duration_s, start_date_local FROM silver.personal_record WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = 'pace' ORDER BY 1, 2;$$),
    ('photo', $$SELECT activity_id, url FROM silver.photo WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND size_px = 600 ORDER BY activity_id DESC;$$),
    ('power_curve', $$SELECT sport_family, duration_s, power_w, start_date_local FROM silver.power_curve WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND period = 'all_time' ORDER BY 1, 2;$$),
    ('quality_check', $$SELECT check_name, measures, at_least, at_most FROM silver.quality_check ORDER BY check_name;$$),
    ('quality_finding', $$SELECT activity_id, check_name, measured FROM silver.quality_finding WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1, 2;$$),
    ('segment', $$SELECT name, distance_m, effort_count, best_elapsed_time_s FROM silver.segment WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY effort_count DESC, name LIMIT 20;$$),
    ('segment_effort', $$SELECT segment_name, start_date_local, elapsed_time_s, pr_rank FROM silver.segment_effort WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND pr_rank = 1 ORDER BY start_at DESC;$$),
    ('split', $$SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.split LIMIT 1) ORDER BY split_number;$$),
    ('split_mile', $$SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split_mile WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.split_mile LIMIT 1) ORDER BY split_number;$$),
    ('streak', $$SELECT started_on, ended_on, period_count FROM silver.streak WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND sport_family = 'all' AND unit = 'week' ORDER BY period_count DESC LIMIT 10;$$)
) AS e(relation, example) ON e.relation = c.relname
WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition;
COMMENT ON VIEW silver.readme IS 'One row per table and view of silver with a description and an example. The comment of the schema has the rules for all of them.';
COMMENT ON COLUMN silver.readme.relation IS 'Name of the table or view in schema silver.';
COMMENT ON COLUMN silver.readme.kind IS 'table or view.';
COMMENT ON COLUMN silver.readme.description IS 'Its comment: the grain first. The columns have comments of their own.';
COMMENT ON COLUMN silver.readme.example IS 'A statement that runs as it stands; it chooses an athlete or an activity by itself. Null: a table behind a view, which its description names.';
