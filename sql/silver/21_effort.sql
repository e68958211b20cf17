-- In:     changed_activity (lists: "segment_efforts" and "best_efforts" of the detail, at most 10,000 objects of each); silver.quality_check
--         (the bounds).
-- Out:    silver.segment_effort, silver.best_effort; silver.quality_finding, the checks that begin with effort_ or segment_.
-- Grain:  one row per effort of an activity, numbered in the order sent; one finding per activity and check, of several values the one
--         furthest from zero.
-- Units:  at the end of the column names. Strava counts points from 0; the two indexes here count from 1, as SQL does.
-- Repeat: the efforts of an activity are replaced as a whole, by values that depend on the detail only, and only when the detail is new.
-- When:   the batch has activities.
--
-- A figure out of bounds is null and a finding. There may be hundreds of efforts in an activity, so each is compared with the bounds as it is
-- written, and only one that is out of bounds is looked at a second time.
DELETE FROM silver.segment_effort AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

DELETE FROM silver.best_effort AS t
USING changed_activity c
WHERE c.laps_are_stale AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

WITH bound AS MATERIALIZED (
    SELECT max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_distance_m') AS distance,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_moving_time_s') AS moving,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_elapsed_time_s') AS elapsed,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_average_heartrate_bpm') AS average_bpm,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_max_heartrate_bpm') AS max_bpm,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_average_cadence_rpm') AS rpm,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'effort_average_power_w') AS power,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'segment_distance_m') AS length,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'segment_average_grade_percent') AS average_grade,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'segment_maximum_grade_percent') AS maximum_grade,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'segment_elevation_high_m') AS high,
           max(ARRAY[at_least, at_most]) FILTER (WHERE check_name = 'segment_elevation_low_m') AS low
    FROM silver.quality_check
    WHERE check_name LIKE 'effort\_%' OR check_name LIKE 'segment\_%'
), sent AS MATERIALIZED (
    SELECT c.athlete_id, c.source_id, c.activity_id, l.list, e.effort_number::integer, e.id, e."segment.id" AS segment_id, e.name, e.start_date,
           e.start_date_local, e.device_watts, e.pr_rank, e.kom_rank, e.hidden, e.visibility, e.start_index, e.end_index,
           e."segment.name" AS segment_name, e."segment.activity_type" AS segment_activity_type,
           e."segment.climb_category" AS segment_climb_category, e."segment.city" AS segment_city, e."segment.state" AS segment_state,
           e."segment.country" AS segment_country, e."segment.private" AS segment_private, e."segment.hazardous" AS segment_hazardous,
           e."segment.starred" AS segment_starred, e."segment.start_latlng" AS segment_start, e."segment.end_latlng" AS segment_end,
           CASE WHEN jsonb_typeof(e.achievements) = 'array' AND e.achievements <> '[]' THEN (
               SELECT array_agg(bronze_strava.json_text(x.item -> 'type') ORDER BY x.place)
               FROM jsonb_array_elements(e.achievements) WITH ORDINALITY AS x(item, place) WHERE x.place <= 20) END AS achievement_types,
           CASE WHEN jsonb_typeof(e.achievements) = 'array' AND e.achievements <> '[]' THEN (
               SELECT array_agg(bronze_strava.json_int(x.item -> 'rank') ORDER BY x.place)
               FROM jsonb_array_elements(e.achievements) WITH ORDINALITY AS x(item, place) WHERE x.place <= 20) END AS achievement_ranks,
           bronze_strava.json_measure(e.distance) AS distance,
           bronze_strava.json_measure(e.moving_time) AS moving,
           bronze_strava.json_measure(e.elapsed_time) AS elapsed,
           bronze_strava.json_measure(e.average_heartrate) AS average_bpm,
           bronze_strava.json_measure(e.max_heartrate) AS max_bpm,
           bronze_strava.json_measure(e.average_cadence) AS rpm,
           bronze_strava.json_measure(e.average_watts) AS power,
           bronze_strava.json_measure(e."segment.distance") AS length,
           bronze_strava.json_measure(e."segment.average_grade") AS average_grade,
           bronze_strava.json_measure(e."segment.maximum_grade") AS maximum_grade,
           bronze_strava.json_measure(e."segment.elevation_high") AS high,
           bronze_strava.json_measure(e."segment.elevation_low") AS low
    FROM changed_activity c
    CROSS JOIN (VALUES ('segment_efforts'), ('best_efforts')) AS l(list)
    CROSS JOIN LATERAL ROWS FROM (jsonb_to_recordset(c.lists -> l.list) AS (
        id jsonb, name jsonb, elapsed_time jsonb, moving_time jsonb, start_date jsonb, start_date_local jsonb, distance jsonb, start_index jsonb,
        end_index jsonb, average_cadence jsonb, device_watts jsonb, average_watts jsonb, average_heartrate jsonb, max_heartrate jsonb,
        pr_rank jsonb, kom_rank jsonb, hidden jsonb, visibility jsonb, achievements jsonb, "segment.id" jsonb, "segment.name" jsonb,
        "segment.activity_type" jsonb, "segment.distance" jsonb, "segment.average_grade" jsonb, "segment.maximum_grade" jsonb,
        "segment.elevation_high" jsonb, "segment.elevation_low" jsonb, "segment.start_latlng" jsonb, "segment.end_latlng" jsonb,
        "segment.climb_category" jsonb, "segment.city" jsonb, "segment.state" jsonb, "segment.country" jsonb, "segment.private" jsonb,
        "segment.hazardous" jsonb, "segment.starred" jsonb)) WITH ORDINALITY AS e(
        id, name, elapsed_time, moving_time, start_date, start_date_local, distance, start_index, end_index, average_cadence, device_watts,
        average_watts, average_heartrate, max_heartrate, pr_rank, kom_rank, hidden, visibility, achievements, "segment.id", "segment.name",
        "segment.activity_type", "segment.distance", "segment.average_grade", "segment.maximum_grade", "segment.elevation_high",
        "segment.elevation_low", "segment.start_latlng", "segment.end_latlng", "segment.climb_category", "segment.city", "segment.state",
        "segment.country", "segment.private", "segment.hazardous", "segment.starred", effort_number)
    WHERE c.laps_are_stale AND NOT c.is_gone AND c.lists IS NOT NULL
), segment AS (
    INSERT INTO silver.segment_effort (
        athlete_id, source_id, activity_id, effort_number, effort_id, segment_id, name, start_at, start_date_local, distance_m, moving_time_s,
        elapsed_time_s, average_heartrate_bpm, max_heartrate_bpm, average_cadence_rpm, average_power_w, has_power_meter, pr_rank, kom_rank,
        achievement_types, achievement_ranks, is_hidden, visibility, first_index, last_index, segment_name, segment_activity_type,
        segment_distance_m, segment_average_grade_percent, segment_maximum_grade_percent, segment_elevation_high_m, segment_elevation_low_m,
        segment_climb_category, segment_city, segment_state, segment_country, segment_is_private, segment_is_hazardous, segment_is_starred,
        segment_start_latitude_deg, segment_start_longitude_deg, segment_end_latitude_deg, segment_end_longitude_deg)
    SELECT s.athlete_id, s.source_id, s.activity_id, s.effort_number,
           bronze_strava.json_bigint(s.id),
           bronze_strava.json_bigint(s.segment_id),
           bronze_strava.json_text(s.name),
           bronze_strava.json_time(s.start_date),
           bronze_strava.json_local_time(s.start_date_local),
           CASE WHEN s.distance BETWEEN b.distance[1] AND b.distance[2] THEN s.distance END,
           CASE WHEN s.moving BETWEEN b.moving[1] AND b.moving[2] THEN round(s.moving)::integer END,
           CASE WHEN s.elapsed BETWEEN b.elapsed[1] AND b.elapsed[2] THEN round(s.elapsed)::integer END,
           CASE WHEN s.average_bpm BETWEEN b.average_bpm[1] AND b.average_bpm[2] THEN s.average_bpm END,
           CASE WHEN s.max_bpm BETWEEN b.max_bpm[1] AND b.max_bpm[2] THEN s.max_bpm END,
           CASE WHEN s.rpm BETWEEN b.rpm[1] AND b.rpm[2] THEN s.rpm END,
           CASE WHEN s.power BETWEEN b.power[1] AND b.power[2] THEN s.power END,
           bronze_strava.json_bool(s.device_watts),
           CASE WHEN bronze_strava.json_int(s.pr_rank) > 0 THEN bronze_strava.json_int(s.pr_rank) END,
           CASE WHEN bronze_strava.json_int(s.kom_rank) > 0 THEN bronze_strava.json_int(s.kom_rank) END,
           s.achievement_types, s.achievement_ranks,
           bronze_strava.json_bool(s.hidden),
           bronze_strava.json_text(s.visibility),
           CASE WHEN bronze_strava.json_int(s.start_index) >= 0 THEN bronze_strava.json_int(s.start_index) + 1 END,
           CASE WHEN bronze_strava.json_int(s.end_index) >= 0 THEN bronze_strava.json_int(s.end_index) + 1 END,
           bronze_strava.json_text(s.segment_name),
           bronze_strava.json_text(s.segment_activity_type),
           CASE WHEN s.length BETWEEN b.length[1] AND b.length[2] THEN s.length END,
           CASE WHEN s.average_grade BETWEEN b.average_grade[1] AND b.average_grade[2] THEN s.average_grade END,
           CASE WHEN s.maximum_grade BETWEEN b.maximum_grade[1] AND b.maximum_grade[2] THEN s.maximum_grade END,
           CASE WHEN s.high BETWEEN b.high[1] AND b.high[2] THEN s.high END,
           CASE WHEN s.low BETWEEN b.low[1] AND b.low[2] THEN s.low END,
           CASE WHEN bronze_strava.json_int(s.segment_climb_category) BETWEEN 0 AND 5 THEN bronze_strava.json_int(s.segment_climb_category) END,
           nullif(bronze_strava.json_text(s.segment_city), ''),
           nullif(bronze_strava.json_text(s.segment_state), ''),
           nullif(bronze_strava.json_text(s.segment_country), ''),
           bronze_strava.json_bool(s.segment_private),
           bronze_strava.json_bool(s.segment_hazardous),
           bronze_strava.json_bool(s.segment_starred),
           bronze_strava.json_degree(s.segment_start, 0),
           bronze_strava.json_degree(s.segment_start, 1),
           bronze_strava.json_degree(s.segment_end, 0),
           bronze_strava.json_degree(s.segment_end, 1)
    FROM sent s
    CROSS JOIN bound b
    WHERE s.list = 'segment_efforts'
    ON CONFLICT (athlete_id, source_id, activity_id, effort_number) DO NOTHING
), best AS (
    INSERT INTO silver.best_effort (
        athlete_id, source_id, activity_id, effort_number, effort_id, name, distance_m, moving_time_s, elapsed_time_s, start_at,
        start_date_local, pr_rank, achievement_types, achievement_ranks, first_index, last_index)
    SELECT s.athlete_id, s.source_id, s.activity_id, s.effort_number,
           bronze_strava.json_bigint(s.id),
           bronze_strava.json_text(s.name),
           CASE WHEN s.distance BETWEEN b.distance[1] AND b.distance[2] THEN s.distance END,
           CASE WHEN s.moving BETWEEN b.moving[1] AND b.moving[2] THEN round(s.moving)::integer END,
           CASE WHEN s.elapsed BETWEEN b.elapsed[1] AND b.elapsed[2] THEN round(s.elapsed)::integer END,
           bronze_strava.json_time(s.start_date),
           bronze_strava.json_local_time(s.start_date_local),
           CASE WHEN bronze_strava.json_int(s.pr_rank) > 0 THEN bronze_strava.json_int(s.pr_rank) END,
           s.achievement_types, s.achievement_ranks,
           CASE WHEN bronze_strava.json_int(s.start_index) >= 0 THEN bronze_strava.json_int(s.start_index) + 1 END,
           CASE WHEN bronze_strava.json_int(s.end_index) >= 0 THEN bronze_strava.json_int(s.end_index) + 1 END
    FROM sent s
    CROSS JOIN bound b
    WHERE s.list = 'best_efforts'
    ON CONFLICT (athlete_id, source_id, activity_id, effort_number) DO NOTHING
), finding AS MATERIALIZED (
    SELECT s.athlete_id, s.source_id, s.activity_id, q.check_name, (array_agg(m.measured ORDER BY abs(m.measured) DESC))[1] AS measured,
           q.at_least, q.at_most
    FROM sent s
    CROSS JOIN bound b
    CROSS JOIN LATERAL (VALUES
        ('effort_distance_m', s.distance), ('effort_moving_time_s', s.moving), ('effort_elapsed_time_s', s.elapsed),
        ('effort_average_heartrate_bpm', s.average_bpm), ('effort_max_heartrate_bpm', s.max_bpm), ('effort_average_cadence_rpm', s.rpm),
        ('effort_average_power_w', s.power), ('segment_distance_m', s.length), ('segment_average_grade_percent', s.average_grade),
        ('segment_maximum_grade_percent', s.maximum_grade), ('segment_elevation_high_m', s.high), ('segment_elevation_low_m', s.low)
    ) AS m(check_name, measured)
    JOIN silver.quality_check q ON q.check_name = m.check_name AND (m.measured < q.at_least OR m.measured > q.at_most)
    WHERE (s.distance BETWEEN b.distance[1] AND b.distance[2] AND s.moving BETWEEN b.moving[1] AND b.moving[2]
           AND s.elapsed BETWEEN b.elapsed[1] AND b.elapsed[2] AND s.average_bpm BETWEEN b.average_bpm[1] AND b.average_bpm[2]
           AND s.max_bpm BETWEEN b.max_bpm[1] AND b.max_bpm[2] AND s.rpm BETWEEN b.rpm[1] AND b.rpm[2]
           AND s.power BETWEEN b.power[1] AND b.power[2] AND s.length BETWEEN b.length[1] AND b.length[2]
           AND s.average_grade BETWEEN b.average_grade[1] AND b.average_grade[2]
           AND s.maximum_grade BETWEEN b.maximum_grade[1] AND b.maximum_grade[2]
           AND s.high BETWEEN b.high[1] AND b.high[2] AND s.low BETWEEN b.low[1] AND b.low[2]) IS FALSE
    GROUP BY s.athlete_id, s.source_id, s.activity_id, q.check_name, q.at_least, q.at_most
), passed AS (
    DELETE FROM silver.quality_finding t
    USING changed_activity c
    WHERE c.laps_are_stale AND NOT c.is_gone
      AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id
      AND (t.check_name LIKE 'effort\_%' OR t.check_name LIKE 'segment\_%')
      AND NOT EXISTS (
        SELECT FROM finding f
        WHERE f.athlete_id = t.athlete_id AND f.source_id = t.source_id AND f.activity_id = t.activity_id AND f.check_name = t.check_name)
)
INSERT INTO silver.quality_finding AS t (athlete_id, source_id, activity_id, check_name, measured, at_least, at_most)
SELECT athlete_id, source_id, activity_id, check_name, measured, at_least, at_most FROM finding
ON CONFLICT (athlete_id, source_id, activity_id, check_name) DO UPDATE SET
    measured = excluded.measured, at_least = excluded.at_least, at_most = excluded.at_most, found_at = excluded.found_at
WHERE (t.measured, t.at_least, t.at_most) IS DISTINCT FROM (excluded.measured, excluded.at_least, excluded.at_most);
