-- In:     changed_activity (detail as jsonb; its list "splits_metric").
-- Out:    silver.split.
-- Grain:  one row per kilometre of an activity, numbered in the order sent.
-- Units:  as the column names say.
-- Repeat: the splits of an activity are replaced as a whole, by values that depend on the detail only, and only when the detail is new.
--
-- At most 10,000 splits are taken from an activity; a list element that is not an object is passed over.
DELETE FROM silver.split AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

INSERT INTO silver.split (
    athlete_id, source_id, activity_id, split_number, distance_m, moving_time_s, elapsed_time_s, elevation_difference_m, average_speed_mps,
    grade_adjusted_speed_mps, average_heartrate_bpm, pace_zone)
SELECT
    c.athlete_id, c.source_id, c.activity_id, s.split_number,
    bronze_strava.json_float(r.distance),
    bronze_strava.json_int(r.moving_time),
    bronze_strava.json_int(r.elapsed_time),
    bronze_strava.json_float(r.elevation_difference),
    bronze_strava.json_float(r.average_speed),
    bronze_strava.json_float(r.average_grade_adjusted_speed),
    bronze_strava.json_float(r.average_heartrate),
    bronze_strava.json_int(r.pace_zone)
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT row_number() OVER (ORDER BY e.place)::integer AS split_number, e.split
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(c.detail -> 'splits_metric') = 'array' THEN c.detail -> 'splits_metric' ELSE '[]' END)
         WITH ORDINALITY AS e(split, place)
    WHERE jsonb_typeof(e.split) = 'object' AND e.place <= 10000
) AS s
CROSS JOIN LATERAL jsonb_to_record(s.split) AS r(
    distance jsonb, moving_time jsonb, elapsed_time jsonb, elevation_difference jsonb, average_speed jsonb,
    average_grade_adjusted_speed jsonb, average_heartrate jsonb, pace_zone jsonb)
WHERE c.laps_are_stale AND NOT c.is_gone
ON CONFLICT (athlete_id, source_id, activity_id, split_number) DO NOTHING;
