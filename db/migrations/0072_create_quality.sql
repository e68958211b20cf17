-- Data quality: what is checked, what is allowed, and what was found.

-- The one place of the bounds. A figure outside of them counts as missing in silver and has a finding; what Strava sent stays in bronze.
-- sql/silver/30_implausible_figure.sql, 09_athlete_finding.sql, 11_athlete_stats.sql, 21_effort.sql and 23_strava_zone.sql apply the bounds of
-- figures, 65_quality_finding.sql measures the rest.
CREATE VIEW silver.quality_check WITH (security_invoker = true) AS
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
    ('load_per_h', 'training load by power, divided by the hours of power and three quarters of an hour', NULL, 400),
    ('longest_step_s', 'longest time from one point to the next, seconds: the clock may have been set, or the recording went on another day', NULL, 86400),
    ('outlier_altitude_points', 'dropouts, spikes and lasting jumps of the altitude', NULL, 0),
    ('outlier_cadence_points', 'cadences that can''t be', NULL, 0),
    ('outlier_distance_points', 'points at which the distance goes away and comes back, jumps or starts anew', NULL, 0),
    ('outlier_heartrate_points', 'heart rates that can''t be', NULL, 0),
    ('outlier_position_points', 'points at which the position is 0/0, goes away and comes back, or jumps', NULL, 0),
    ('outlier_power_points', 'powers that can''t be, single spikes, and zeros of a meter that had died', NULL, 0),
    ('outlier_time_points', 'points whose time is missing or contradicts those around it', NULL, 0),
    ('point_count', 'points of an activity with streams', 10, 200000),
    ('recorded_percent', 'recorded time in percent of the time in motion of the summary', 75, NULL),
    ('short_points', 'points by which the shortest stream is shorter than the longest', NULL, 0),
    ('time_disorder_points', 'points whose time is missing or not later than that of the point before', NULL, 0),
    ('ftp_w', 'functional threshold power of the profile, watts', 30, 1000),
    ('weight_kg', 'body weight of the profile, kilograms', 20, 400),
    ('gear_distance_m', 'distance of a bike or a pair of shoes, metres', 0, 1e9),
    ('zone_heartrate_bpm', 'bound of the athlete''s own heart rate zones, beats per minute', 0, 300),
    ('zone_power_w', 'bound of the athlete''s own power zones, watts', 0, 5000),
    ('gear_weight_kg', 'weight of a bike, kilograms', 0, 500),
    ('stats_count', 'activities or achievements in Strava''s totals of the athlete', 0, 1e6),
    ('stats_distance_m', 'distance in Strava''s totals of the athlete, metres', 0, 1e9),
    ('stats_elevation_gain_m', 'metres climbed in Strava''s totals of the athlete', 0, 1e8),
    ('stats_time_s', 'time in Strava''s totals of the athlete, seconds', 0, 2e9),
    ('segment_distance_m', 'length of a segment, metres', 0, 1e7),
    ('segment_average_grade_percent', 'average grade of a segment, percent', -100, 100),
    ('segment_maximum_grade_percent', 'steepest grade of a segment, percent', -500, 500),
    ('segment_elevation_high_m', 'highest point of a segment, metres above sea level', -12000, 30000),
    ('segment_elevation_low_m', 'lowest point of a segment, metres above sea level', -12000, 30000),
    ('strava_zone_heartrate_bpm', 'bound of a heart rate zone in Strava''s zones of the activity, beats per minute', 0, 300),
    ('strava_zone_power_w', 'bound of a power zone in Strava''s zones of the activity, watts', 0, 5000),
    ('strava_zone_pace_mps', 'bound of a pace zone in Strava''s zones of the activity, metres per second', 0, 300),
    ('strava_zone_score', 'score or points in Strava''s zones of the activity', 0, 1e6),
    ('strava_zone_time_s', 'time in one of Strava''s zones of the activity, seconds', 0, 31622400)
) AS c(check_name, measures, at_least, at_most)
UNION ALL
SELECT check_name, measures || '; of the activity', at_least::float8, at_most::float8 FROM figure
UNION ALL
SELECT 'lap_' || check_name, measures || '; of a lap or a split', at_least::float8, at_most::float8 FROM figure WHERE is_in_laps
UNION ALL
SELECT 'effort_' || check_name, measures || '; of a best effort or an effort on a segment', at_least::float8, at_most::float8
FROM figure
WHERE check_name IN ('distance_m', 'moving_time_s', 'elapsed_time_s', 'average_heartrate_bpm', 'max_heartrate_bpm', 'average_cadence_rpm',
    'average_power_w');
COMMENT ON VIEW silver.quality_check IS 'The checks of data quality, one row each, with the values that are allowed. An activity outside of them has a row in quality_finding, an athlete in athlete_finding.';
COMMENT ON COLUMN silver.quality_check.check_name IS 'Name of the check; ends with the unit of the measured value.';
COMMENT ON COLUMN silver.quality_check.measures IS 'The measured quantity.';
COMMENT ON COLUMN silver.quality_check.at_least IS 'Smallest value that is allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_check.at_most IS 'Largest value that is allowed, in the unit that check_name ends with; null: any.';

CREATE FUNCTION silver.plausible(p_check_name text, p_value float8) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_value FROM silver.quality_check
    WHERE check_name = p_check_name AND p_value >= coalesce(at_least, '-infinity') AND p_value <= coalesce(at_most, 'infinity')
$$;
COMMENT ON FUNCTION silver.plausible IS 'The value, or null when it is outside of what the check of this name allows.';

CREATE TABLE silver.quality_finding (
    athlete_id  bigint      NOT NULL,
    source_id   smallint    NOT NULL DEFAULT 1,
    activity_id bigint      NOT NULL,
    check_name  text        NOT NULL,
    measured    float8      NOT NULL,
    at_least    float8,
    at_most     float8,
    found_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT quality_finding_pk PRIMARY KEY (athlete_id, source_id, activity_id, check_name),
    CONSTRAINT quality_finding_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.quality_finding IS 'One row per activity and check of quality_check that it does not pass. A figure named after a column (with lap_ before it: of a lap or a split; effort_, segment_, strava_zone_: of these) is null there: it can''t be true. outlier_ and a stream: so many of its points are left out of all figures; activity_stream has them as they were sent. Other findings change nothing, they are a reason to look.';
COMMENT ON COLUMN silver.quality_finding.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.quality_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.quality_finding.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.quality_finding.check_name IS 'The check; see quality_check.';
COMMENT ON COLUMN silver.quality_finding.measured IS 'The measured value, in the unit that check_name ends with (point_count: points).';
COMMENT ON COLUMN silver.quality_finding.at_least IS 'Smallest value that was allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_finding.at_most IS 'Largest value that was allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_finding.found_at IS 'When it was found, or last measured again.';

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
COMMENT ON TABLE silver.athlete_finding IS 'One row per athlete and check of quality_check that the profile, the zones or the gear do not pass. Implausible values count as missing: an FTP, a weight or a distance is null, zones are ignored.';
COMMENT ON COLUMN silver.athlete_finding.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_finding.check_name IS 'The check; see quality_check.';
COMMENT ON COLUMN silver.athlete_finding.measured IS 'The value that Strava sent, in the unit that check_name ends with; at most 1e100.';
COMMENT ON COLUMN silver.athlete_finding.at_least IS 'Smallest value that was allowed, in the same unit; null: any.';
COMMENT ON COLUMN silver.athlete_finding.at_most IS 'Largest value that was allowed, in the same unit; null: any.';
COMMENT ON COLUMN silver.athlete_finding.found_at IS 'When it was found, or last measured again.';
