-- In:     changed_activity (detail as jsonb; its lists "splits_metric" and "splits_standard").
-- Out:    silver.split (by the kilometre), silver.split_mile.
-- Grain:  one row per kilometre, or mile, of an activity, numbered in the order sent.
-- Units:  at the end of the column names.
-- Repeat: the splits of an activity are replaced as a whole, by values that depend on the detail only, and only when the detail is new.
-- When:   the batch has activities.
--
-- At most 10,000 splits of a list are read; an element that is not an object is ignored.
DELETE FROM silver.split AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

DELETE FROM silver.split_mile AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

WITH piece AS MATERIALIZED (
    SELECT
        l.list, c.athlete_id, c.source_id, c.activity_id, s.split_number,
        bronze_strava.json_float(r.distance) AS distance_m,
        bronze_strava.json_int(r.moving_time) AS moving_time_s,
        bronze_strava.json_int(r.elapsed_time) AS elapsed_time_s,
        bronze_strava.json_float(r.elevation_difference) AS elevation_difference_m,
        bronze_strava.json_float(r.average_speed) AS average_speed_mps,
        bronze_strava.json_float(r.average_grade_adjusted_speed) AS grade_adjusted_speed_mps,
        bronze_strava.json_float(r.average_heartrate) AS average_heartrate_bpm,
        bronze_strava.json_int(r.pace_zone) AS pace_zone
    FROM changed_activity c
    CROSS JOIN (VALUES ('splits_metric'), ('splits_standard')) AS l(list)
    CROSS JOIN LATERAL (
        SELECT row_number() OVER (ORDER BY e.place)::integer AS split_number, e.split
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(c.detail -> l.list) = 'array' THEN c.detail -> l.list ELSE '[]' END)
             WITH ORDINALITY AS e(split, place)
        WHERE jsonb_typeof(e.split) = 'object' AND e.place <= 10000
    ) AS s
    CROSS JOIN LATERAL jsonb_to_record(s.split) AS r(
        distance jsonb, moving_time jsonb, elapsed_time jsonb, elevation_difference jsonb, average_speed jsonb,
        average_grade_adjusted_speed jsonb, average_heartrate jsonb, pace_zone jsonb)
    WHERE c.laps_are_stale AND NOT c.is_gone
), mile AS (
    INSERT INTO silver.split_mile (
        athlete_id, source_id, activity_id, split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m,
        average_speed_mps, grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone)
    SELECT athlete_id, source_id, activity_id, split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m,
           average_speed_mps, grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone
    FROM piece WHERE list = 'splits_standard'
    ON CONFLICT (athlete_id, source_id, activity_id, split_number) DO NOTHING
)
INSERT INTO silver.split (
    athlete_id, source_id, activity_id, split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m,
    average_speed_mps, grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone)
SELECT athlete_id, source_id, activity_id, split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m,
       average_speed_mps, grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone
FROM piece WHERE list = 'splits_metric'
ON CONFLICT (athlete_id, source_id, activity_id, split_number) DO NOTHING;
