-- In:     changed_activity (summary and detail as jsonb).
-- Out:    silver.activity; activities that are gone leave it, and with them their laps and streams.
-- Grain:  one row per activity and source.
-- Units:  at the end of the column names; times UTC, start_date_local is wall-clock time.
-- Repeat: an upsert by primary key with values that depend on the two answers only; rows that are not stale are not written.
-- When:   the batch has activities.
--
-- Columns that a list has come from the newer of the two answers, and from that one alone: a heart rate that the athlete has hidden since is
-- not read from the older one. Columns that only a detail has come from the detail. A field that is missing, null or of a wrong type is null.
DELETE FROM silver.activity AS t
USING changed_activity c
WHERE c.is_gone AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id AND t.activity_id = c.activity_id;

INSERT INTO silver.activity (
    athlete_id, source_id, activity_id, name, sport_type, activity_type, start_at, start_date_local, utc_offset_s, timezone,
    distance_m, moving_time_s, elapsed_time_s, elevation_gain_m, elevation_high_m, elevation_low_m, average_speed_mps,
    max_speed_mps, average_heartrate_bpm, max_heartrate_bpm, average_cadence_rpm, average_temperature_c, average_power_w,
    weighted_power_w, max_power_w, energy_kj, calories_kcal, relative_effort, perceived_exertion,
    prefers_perceived_exertion, has_power_meter, has_heartrate, heartrate_opt_out, is_trainer, is_commute, is_manual, is_private, is_flagged,
    is_hidden_from_home, is_from_tag,
    visibility, workout_type, gear_id, gear_name, device_name, external_id, upload_id, start_latitude_deg, start_longitude_deg,
    end_latitude_deg, end_longitude_deg, location_city, location_state, location_country, achievement_count, kudos_count,
    comment_count, athlete_count, photo_count, pr_count, available_zones, description, private_note, summary_polyline, polyline, has_detail,
    transform_version, summary_sha256, detail_sha256, updated_at)
SELECT
    c.athlete_id, c.source_id, c.activity_id,
    bronze_strava.json_text(r.name),
    coalesce(bronze_strava.json_text(r.sport_type), bronze_strava.json_text(r.type)),
    bronze_strava.json_text(r.type),
    bronze_strava.json_time(r.start_date),
    coalesce(bronze_strava.json_local_time(r.start_date_local),
        bronze_strava.json_time(r.start_date) AT TIME ZONE 'UTC' + make_interval(secs => o.sent_s)),
    coalesce(o.sent_s, CASE WHEN o.seen_s BETWEEN -64800 AND 64800 THEN round(o.seen_s)::integer END),
    regexp_replace(bronze_strava.json_text(r.timezone), '^\(GMT[^)]*\) *', ''),
    bronze_strava.json_float(r.distance),
    bronze_strava.json_int(r.moving_time),
    bronze_strava.json_int(r.elapsed_time),
    bronze_strava.json_float(r.total_elevation_gain),
    bronze_strava.json_float(r.elev_high),
    bronze_strava.json_float(r.elev_low),
    bronze_strava.json_float(r.average_speed),
    bronze_strava.json_float(r.max_speed),
    bronze_strava.json_float(r.average_heartrate),
    bronze_strava.json_float(r.max_heartrate),
    bronze_strava.json_float(r.average_cadence),
    bronze_strava.json_float(r.average_temp),
    bronze_strava.json_float(r.average_watts),
    bronze_strava.json_float(r.weighted_average_watts),
    bronze_strava.json_float(r.max_watts),
    bronze_strava.json_float(r.kilojoules),
    bronze_strava.json_float(r.calories),
    bronze_strava.json_float(r.suffer_score),
    bronze_strava.json_float(r.perceived_exertion),
    bronze_strava.json_bool(r.prefer_perceived_exertion),
    bronze_strava.json_bool(r.device_watts),
    bronze_strava.json_bool(r.has_heartrate),
    bronze_strava.json_bool(r.heartrate_opt_out),
    bronze_strava.json_bool(r.trainer),
    bronze_strava.json_bool(r.commute),
    bronze_strava.json_bool(r.manual),
    bronze_strava.json_bool(r.private),
    bronze_strava.json_bool(r.flagged),
    bronze_strava.json_bool(r.hide_from_home),
    bronze_strava.json_bool(r.from_accepted_tag),
    bronze_strava.json_text(r.visibility),
    bronze_strava.json_int(r.workout_type),
    bronze_strava.json_text(r.gear_id),
    bronze_strava.json_text(r.gear -> 'name'),
    bronze_strava.json_text(r.device_name),
    bronze_strava.json_text(r.external_id),
    bronze_strava.json_bigint(r.upload_id),
    bronze_strava.json_degree(r.start_latlng, 0),
    bronze_strava.json_degree(r.start_latlng, 1),
    bronze_strava.json_degree(r.end_latlng, 0),
    bronze_strava.json_degree(r.end_latlng, 1),
    nullif(bronze_strava.json_text(r.location_city), ''),
    nullif(bronze_strava.json_text(r.location_state), ''),
    nullif(bronze_strava.json_text(r.location_country), ''),
    bronze_strava.json_int(r.achievement_count),
    bronze_strava.json_int(r.kudos_count),
    bronze_strava.json_int(r.comment_count),
    bronze_strava.json_int(r.athlete_count),
    coalesce(bronze_strava.json_int(r.total_photo_count), bronze_strava.json_int(r.photo_count)),
    bronze_strava.json_int(r.pr_count),
    CASE WHEN jsonb_typeof(r.available_zones) = 'array' THEN (
        SELECT array_agg(z.item #>> '{}' ORDER BY z.place) FROM jsonb_array_elements(r.available_zones) WITH ORDINALITY AS z(item, place)
        WHERE jsonb_typeof(z.item) = 'string' AND z.place <= 20) END,
    nullif(bronze_strava.json_text(r.description), ''),
    nullif(bronze_strava.json_text(r.private_note), ''),
    nullif(bronze_strava.json_text(r.map -> 'summary_polyline'), ''),
    nullif(bronze_strava.json_text(coalesce(c.detail -> 'map' -> 'polyline', r.map -> 'polyline')), ''),
    c.detail IS NOT NULL, c.transform_version, c.summary_sha256, c.detail_sha256, now()
FROM (
    SELECT *, CASE
        WHEN summary IS NULL OR (detail IS NOT NULL AND detail_is_newer) THEN detail
        WHEN detail IS NULL THEN summary
        ELSE (detail - ARRAY[
            'achievement_count', 'athlete', 'athlete_count', 'average_cadence', 'average_heartrate', 'average_speed',
            'average_temp', 'average_watts', 'comment_count', 'commute', 'device_watts', 'display_hide_heartrate_option',
            'distance', 'elapsed_time', 'elev_high', 'elev_low', 'end_latlng', 'external_id', 'flagged', 'from_accepted_tag',
            'gear_id', 'has_heartrate', 'has_kudoed', 'heartrate_opt_out', 'id', 'kilojoules', 'kudos_count', 'location_city',
            'location_country', 'location_state', 'manual', 'map', 'max_heartrate', 'max_speed', 'max_watts', 'moving_time',
            'name', 'photo_count', 'pr_count', 'private', 'resource_state', 'sport_type', 'start_date', 'start_date_local',
            'start_latlng', 'suffer_score', 'timezone', 'total_elevation_gain', 'total_photo_count', 'trainer', 'type',
            'upload_id', 'upload_id_str', 'utc_offset', 'visibility', 'weighted_average_watts', 'workout_type']) || summary
    END AS document
    FROM changed_activity
    WHERE is_stale AND NOT is_gone AND coalesce(summary, detail) IS NOT NULL
    OFFSET 0
) AS c
CROSS JOIN LATERAL jsonb_to_record(c.document) AS r(
    name jsonb, sport_type jsonb, type jsonb, start_date jsonb, start_date_local jsonb, utc_offset jsonb, timezone jsonb,
    distance jsonb, moving_time jsonb, elapsed_time jsonb, total_elevation_gain jsonb, elev_high jsonb, elev_low jsonb,
    average_speed jsonb, max_speed jsonb, average_heartrate jsonb, max_heartrate jsonb, average_cadence jsonb,
    average_temp jsonb, average_watts jsonb, weighted_average_watts jsonb, max_watts jsonb, kilojoules jsonb, calories jsonb,
    suffer_score jsonb, perceived_exertion jsonb, device_watts jsonb, has_heartrate jsonb, heartrate_opt_out jsonb,
    trainer jsonb, commute jsonb, manual jsonb, private jsonb, flagged jsonb, hide_from_home jsonb, visibility jsonb,
    workout_type jsonb, gear_id jsonb, gear jsonb, device_name jsonb, external_id jsonb, upload_id jsonb, start_latlng jsonb,
    end_latlng jsonb, location_city jsonb, location_state jsonb, location_country jsonb, achievement_count jsonb,
    kudos_count jsonb, comment_count jsonb, athlete_count jsonb, total_photo_count jsonb, photo_count jsonb, pr_count jsonb,
    description jsonb, map jsonb, prefer_perceived_exertion jsonb, from_accepted_tag jsonb, available_zones jsonb, private_note jsonb)
-- no place on Earth is more than 18 hours from UTC
CROSS JOIN LATERAL (
    SELECT CASE WHEN bronze_strava.json_int(r.utc_offset) BETWEEN -64800 AND 64800 THEN bronze_strava.json_int(r.utc_offset) END AS sent_s,
           extract(epoch FROM bronze_strava.json_local_time(r.start_date_local) - bronze_strava.json_time(r.start_date) AT TIME ZONE 'UTC') AS seen_s
) AS o
ON CONFLICT (athlete_id, source_id, activity_id) DO UPDATE SET
    name = excluded.name, sport_type = excluded.sport_type, activity_type = excluded.activity_type,
    start_at = excluded.start_at, start_date_local = excluded.start_date_local, utc_offset_s = excluded.utc_offset_s,
    timezone = excluded.timezone, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
    elapsed_time_s = excluded.elapsed_time_s, elevation_gain_m = excluded.elevation_gain_m,
    elevation_high_m = excluded.elevation_high_m, elevation_low_m = excluded.elevation_low_m,
    average_speed_mps = excluded.average_speed_mps, max_speed_mps = excluded.max_speed_mps,
    average_heartrate_bpm = excluded.average_heartrate_bpm, max_heartrate_bpm = excluded.max_heartrate_bpm,
    average_cadence_rpm = excluded.average_cadence_rpm, average_temperature_c = excluded.average_temperature_c,
    average_power_w = excluded.average_power_w, weighted_power_w = excluded.weighted_power_w,
    max_power_w = excluded.max_power_w, energy_kj = excluded.energy_kj, calories_kcal = excluded.calories_kcal,
    relative_effort = excluded.relative_effort, perceived_exertion = excluded.perceived_exertion,
    prefers_perceived_exertion = excluded.prefers_perceived_exertion, is_from_tag = excluded.is_from_tag,
    available_zones = excluded.available_zones, private_note = excluded.private_note,
    has_power_meter = excluded.has_power_meter, has_heartrate = excluded.has_heartrate,
    heartrate_opt_out = excluded.heartrate_opt_out, is_trainer = excluded.is_trainer, is_commute = excluded.is_commute,
    is_manual = excluded.is_manual, is_private = excluded.is_private, is_flagged = excluded.is_flagged,
    is_hidden_from_home = excluded.is_hidden_from_home, visibility = excluded.visibility, workout_type = excluded.workout_type,
    gear_id = excluded.gear_id, gear_name = excluded.gear_name, device_name = excluded.device_name,
    external_id = excluded.external_id, upload_id = excluded.upload_id, start_latitude_deg = excluded.start_latitude_deg,
    start_longitude_deg = excluded.start_longitude_deg, end_latitude_deg = excluded.end_latitude_deg,
    end_longitude_deg = excluded.end_longitude_deg, location_city = excluded.location_city,
    location_state = excluded.location_state, location_country = excluded.location_country,
    achievement_count = excluded.achievement_count, kudos_count = excluded.kudos_count, comment_count = excluded.comment_count,
    athlete_count = excluded.athlete_count, photo_count = excluded.photo_count, pr_count = excluded.pr_count,
    description = excluded.description, summary_polyline = excluded.summary_polyline, polyline = excluded.polyline,
    has_detail = excluded.has_detail, transform_version = excluded.transform_version, summary_sha256 = excluded.summary_sha256,
    detail_sha256 = excluded.detail_sha256, updated_at = excluded.updated_at;
