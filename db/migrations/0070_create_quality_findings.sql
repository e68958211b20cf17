-- Data quality: what is checked, what is allowed, and what was found.

-- Measured in the daemon while the arrays are in memory, one pass: in SQL they would have to be unnested. The checks are SQL.
ALTER TABLE silver.activity_stream
    ADD COLUMN short_points      integer,
    ADD COLUMN disordered_points integer,
    ADD COLUMN end_distance_m    float8,
    ADD COLUMN min_heartrate_bpm smallint,
    ADD COLUMN max_heartrate_bpm smallint;
COMMENT ON COLUMN silver.activity_stream.short_points IS 'Points by which the shortest of the lists that Strava sent is shorter than the longest; what it lacks is null at its end.';
COMMENT ON COLUMN silver.activity_stream.disordered_points IS 'Points whose time is missing or not later than that of the points before; null: there are no times.';
COMMENT ON COLUMN silver.activity_stream.end_distance_m IS 'Last known element of distance_m, metres.';
COMMENT ON COLUMN silver.activity_stream.min_heartrate_bpm IS 'Lowest element of heartrate_bpm, beats per minute; 0: the sensor was lost.';
COMMENT ON COLUMN silver.activity_stream.max_heartrate_bpm IS 'Highest element of heartrate_bpm, beats per minute.';

-- The one place of the thresholds. sql/silver/65_quality_finding.sql says how each figure is measured.
CREATE VIEW silver.quality_check WITH (security_invoker = true) AS
SELECT check_name, measures, at_least::float8, at_most::float8
FROM (VALUES
    ('distance_percent', 'difference between the end of the distance stream and the distance of the summary, in percent of the larger', NULL, 5),
    ('heartrate_max_bpm', 'highest heart rate of the stream, beats per minute', NULL, 250),
    ('heartrate_min_bpm', 'lowest heart rate of the stream, beats per minute', 20, NULL),
    ('point_count', 'points of an activity with streams', 10, 200000),
    ('short_points', 'points by which the shortest stream is shorter than the longest', NULL, 0),
    ('time_disorder_points', 'points whose time is missing or not later than before', NULL, 0)
) AS c(check_name, measures, at_least, at_most);
COMMENT ON VIEW silver.quality_check IS 'The checks of data quality, one row each, with the values that are allowed. An activity outside of them has a row in quality_finding.';
COMMENT ON COLUMN silver.quality_check.check_name IS 'Name of the check; ends with the unit of what is measured.';
COMMENT ON COLUMN silver.quality_check.measures IS 'What is measured.';
COMMENT ON COLUMN silver.quality_check.at_least IS 'Smallest value that is allowed; null: any.';
COMMENT ON COLUMN silver.quality_check.at_most IS 'Largest value that is allowed; null: any.';

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
COMMENT ON TABLE silver.quality_finding IS 'One row per activity and check of quality_check that it does not pass. The activity''s figures are in the other tables all the same: a finding is a reason to look, no verdict.';
COMMENT ON COLUMN silver.quality_finding.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.quality_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.quality_finding.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.quality_finding.check_name IS 'The check; quality_check says what it measures.';
COMMENT ON COLUMN silver.quality_finding.measured IS 'What was measured, in the unit that check_name ends with (point_count: points).';
COMMENT ON COLUMN silver.quality_finding.at_least IS 'Smallest value that was allowed; null: any.';
COMMENT ON COLUMN silver.quality_finding.at_most IS 'Largest value that was allowed; null: any.';
COMMENT ON COLUMN silver.quality_finding.found_at IS 'When it was found, or last measured anew.';
