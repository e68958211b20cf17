-- In:     changed_activity (detail as jsonb; its list "laps").
-- Out:    silver.lap.
-- Grain:  one row per lap of an activity, numbered in the order sent.
-- Units:  at the end of the column names. Strava counts points from 0; the two indexes here count from 1, as SQL does.
-- Repeat: the laps of an activity are replaced as a whole, by values that depend on the detail only, and only when the detail is new.
-- When:   the batch has activities.
--
-- At most 10,000 laps of an activity are read; a list element that is not an object is ignored.
DELETE FROM silver.lap AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

INSERT INTO silver.lap (
    athlete_id, source_id, activity_id, lap_number, lap_id, name, start_at, start_date_local, distance_m, moving_time_s, elapsed_time_s,
    elevation_gain_m, average_speed_mps, max_speed_mps, average_heartrate_bpm, max_heartrate_bpm, average_cadence_rpm, average_power_w,
    has_power_meter, pace_zone, first_index, last_index)
SELECT
    c.athlete_id, c.source_id, c.activity_id, l.lap_number,
    bronze_strava.json_bigint(r.id),
    bronze_strava.json_text(r.name),
    bronze_strava.json_time(r.start_date),
    bronze_strava.json_local_time(r.start_date_local),
    bronze_strava.json_float(r.distance),
    bronze_strava.json_int(r.moving_time),
    bronze_strava.json_int(r.elapsed_time),
    bronze_strava.json_float(r.total_elevation_gain),
    bronze_strava.json_float(r.average_speed),
    bronze_strava.json_float(r.max_speed),
    bronze_strava.json_float(r.average_heartrate),
    bronze_strava.json_float(r.max_heartrate),
    bronze_strava.json_float(r.average_cadence),
    bronze_strava.json_float(r.average_watts),
    bronze_strava.json_bool(r.device_watts),
    bronze_strava.json_int(r.pace_zone),
    bronze_strava.json_int(r.start_index) + 1,
    bronze_strava.json_int(r.end_index) + 1
FROM changed_activity c
CROSS JOIN LATERAL (
    SELECT row_number() OVER (ORDER BY e.place)::integer AS lap_number, e.lap
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(c.detail -> 'laps') = 'array' THEN c.detail -> 'laps' ELSE '[]' END)
         WITH ORDINALITY AS e(lap, place)
    WHERE jsonb_typeof(e.lap) = 'object' AND e.place <= 10000
) AS l
CROSS JOIN LATERAL jsonb_to_record(l.lap) AS r(
    id jsonb, name jsonb, start_date jsonb, start_date_local jsonb, distance jsonb, moving_time jsonb, elapsed_time jsonb,
    total_elevation_gain jsonb, average_speed jsonb, max_speed jsonb, average_heartrate jsonb, max_heartrate jsonb, average_cadence jsonb,
    average_watts jsonb, device_watts jsonb, pace_zone jsonb, start_index jsonb, end_index jsonb)
WHERE c.laps_are_stale AND NOT c.is_gone
ON CONFLICT (athlete_id, source_id, activity_id, lap_number) DO NOTHING;
