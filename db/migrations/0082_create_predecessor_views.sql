-- The predecessor's tables as views: the same names, columns and types.

CREATE VIEW bronze_strava.activity WITH (security_invoker = true) AS
SELECT
    d.object_id AS activity_id, bronze_strava.json_int(r.achievement_count) AS achievement_count,
    bronze_strava.json_int(r.athlete_count) AS athlete_count, bronze_strava.json_float(r.average_speed) AS average_speed,
    bronze_strava.json_text(r.average_watts) AS average_watts, bronze_strava.json_int(r.comment_count) AS comment_count,
    bronze_strava.json_bool(r.commute) AS commute, bronze_strava.json_text(r.device_watts) AS device_watts,
    bronze_strava.json_float(r.distance) AS distance, bronze_strava.json_int(r.elapsed_time) AS elapsed_time,
    bronze_strava.json_float(r.elev_high) AS elev_high, bronze_strava.json_float(r.elev_low) AS elev_low,
    r.end_latlng::text AS end_latlng, bronze_strava.json_text(r.external_id) AS external_id,
    bronze_strava.json_bool(r.flagged) AS flagged, bronze_strava.json_text(r.gear_id) AS gear_id,
    bronze_strava.json_bool(r.has_kudoed) AS has_kudoed, bronze_strava.json_text(r.hide_from_home) AS hide_from_home,
    bronze_strava.json_text(r.kilojoules) AS kilojoules, bronze_strava.json_int(r.kudos_count) AS kudos_count,
    bronze_strava.json_bool(r.manual) AS manual, bronze_strava.json_float(r.max_speed) AS max_speed,
    bronze_strava.json_text(r.max_watts) AS max_watts, bronze_strava.json_int(r.moving_time) AS moving_time,
    bronze_strava.json_text(r.name) AS name, bronze_strava.json_int(r.photo_count) AS photo_count,
    bronze_strava.json_bool(r.private) AS private, bronze_strava.json_text(r.sport_type) AS sport_type,
    bronze_strava.json_text(r.start_date) AS start_date, bronze_strava.json_text(r.start_date_local) AS start_date_local,
    r.start_latlng::text AS start_latlng, bronze_strava.json_text(r.timezone) AS timezone,
    bronze_strava.json_float(r.total_elevation_gain) AS total_elevation_gain,
    bronze_strava.json_int(r.total_photo_count) AS total_photo_count, bronze_strava.json_bool(r.trainer) AS trainer,
    bronze_strava.json_text(r.type) AS type, bronze_strava.json_bigint(r.upload_id) AS upload_id,
    bronze_strava.json_text(r.upload_id_str) AS upload_id_str,
    bronze_strava.json_text(r.weighted_average_watts) AS weighted_average_watts,
    bronze_strava.json_text(r.workout_type) AS workout_type, bronze_strava.json_float(r.utc_offset) AS utc_offset,
    bronze_strava.json_text(r.location_city) AS location_city, bronze_strava.json_text(r.location_state) AS location_state,
    bronze_strava.json_text(r.location_country) AS location_country, bronze_strava.json_int(r.pr_count) AS pr_count,
    bronze_strava.json_int(r.suffer_score) AS suffer_score, bronze_strava.json_bool(r.has_heartrate) AS has_heartrate,
    bronze_strava.json_float(r.average_heartrate) AS average_heartrate,
    bronze_strava.json_int(r.max_heartrate) AS max_heartrate, bronze_strava.json_text(r.average_cadence) AS average_cadence,
    bronze_strava.json_bool(r.from_accepted_tag) AS from_accepted_tag, bronze_strava.json_text(r.visibility) AS visibility,
    d.athlete_id, bronze_strava.json_int(r.athlete -> 'resource_state') AS athlete_resource_state,
    bronze_strava.json_text(r.map -> 'id') AS map_id, bronze_strava.json_text(r.map -> 'polyline') AS map_polyline,
    bronze_strava.json_text(r.map -> 'summary_polyline') AS map_summary_polyline, d.fetched_at AS metadata_insert_timestamp
FROM (
    SELECT DISTINCT ON (athlete_id, object_id) athlete_id, object_id, fetched_at, bronze_strava.json_object(body) AS document
    FROM bronze_strava.answer
    WHERE source_id = 1 AND endpoint IN (1, 2)
    ORDER BY athlete_id, object_id, fetched_at DESC, endpoint DESC
) AS d
CROSS JOIN LATERAL jsonb_to_record(d.document) AS r(
    achievement_count jsonb, athlete_count jsonb, average_speed jsonb, average_watts jsonb, comment_count jsonb, commute jsonb,
    device_watts jsonb, distance jsonb, elapsed_time jsonb, elev_high jsonb, elev_low jsonb, end_latlng jsonb,
    external_id jsonb, flagged jsonb, gear_id jsonb, has_kudoed jsonb, hide_from_home jsonb, kilojoules jsonb,
    kudos_count jsonb, manual jsonb, max_speed jsonb, max_watts jsonb, moving_time jsonb, name jsonb, photo_count jsonb,
    private jsonb, sport_type jsonb, start_date jsonb, start_date_local jsonb, start_latlng jsonb, timezone jsonb,
    total_elevation_gain jsonb, total_photo_count jsonb, trainer jsonb, type jsonb, upload_id jsonb, upload_id_str jsonb,
    weighted_average_watts jsonb, workout_type jsonb, utc_offset jsonb, location_city jsonb, location_state jsonb,
    location_country jsonb, pr_count jsonb, suffer_score jsonb, has_heartrate jsonb, average_heartrate jsonb,
    max_heartrate jsonb, average_cadence jsonb, from_accepted_tag jsonb, visibility jsonb, athlete jsonb, map jsonb)
WHERE d.document IS NOT NULL;
COMMENT ON VIEW bronze_strava.activity IS 'Predecessor''s table: one row per activity from the newest of detail and summary. Each row is parsed when read: for dashboards take silver.activity.';

CREATE VIEW bronze_strava.athlete_summary WITH (security_invoker = true) AS
SELECT
    d.athlete_id, bronze_strava.json_text(r.city) AS city, bronze_strava.json_text(r.country) AS country,
    bronze_strava.json_text(r.created_at) AS created_at, bronze_strava.json_text(r.firstname) AS firstname,
    bronze_strava.json_text(r.lastname) AS lastname, bronze_strava.json_bool(r.premium) AS premium,
    bronze_strava.json_text(r.profile) AS profile, bronze_strava.json_text(r.profile_medium) AS profile_medium,
    bronze_strava.json_int(r.resource_state) AS resource_state, bronze_strava.json_text(r.sex) AS sex,
    bronze_strava.json_text(r.state) AS state, bronze_strava.json_bool(r.summit) AS summit,
    bronze_strava.json_text(r.updated_at) AS updated_at, r.bikes::text AS bikes, r.clubs::text AS clubs,
    bronze_strava.json_text(r.follower_count) AS follower_count, bronze_strava.json_text(r.friend_count) AS friend_count,
    bronze_strava.json_text(r.ftp) AS ftp, bronze_strava.json_text(r.measurement_preference) AS measurement_preference,
    r.shoes::text AS shoes, bronze_strava.json_text(r.weight) AS weight,
    bronze_strava.json_text(r.athlete_type) AS athlete_type, bronze_strava.json_text(r.friend) AS friend,
    bronze_strava.json_text(r.follower) AS follower, bronze_strava.json_text(r.approve_followers) AS approve_followers,
    bronze_strava.json_int(r.badge_type_id) AS badge_type_id,
    bronze_strava.json_text(r.mutual_friend_count) AS mutual_friend_count,
    bronze_strava.json_text(r.date_preference) AS date_preference, bronze_strava.json_text(r.email) AS email,
    bronze_strava.json_text(r.super_user) AS super_user, bronze_strava.json_text(r.email_language) AS email_language,
    bronze_strava.json_text(r.max_heartrate) AS max_heartrate, bronze_strava.json_text(r.username) AS username,
    bronze_strava.json_text(r.description) AS description, bronze_strava.json_text(r.instagram_username) AS instagram_username,
    bronze_strava.json_text(r.offer_in_app_payment) AS offer_in_app_payment,
    bronze_strava.json_text(r.global_privacy) AS global_privacy,
    bronze_strava.json_text(r.receive_newsletter) AS receive_newsletter,
    bronze_strava.json_text(r.email_kom_lost) AS email_kom_lost, bronze_strava.json_text(r.dateofbirth) AS dateofbirth,
    bronze_strava.json_text(r.facebook_sharing_enabled) AS facebook_sharing_enabled,
    bronze_strava.json_text(r.profile_original) AS profile_original,
    bronze_strava.json_text(r.premium_expiration_date) AS premium_expiration_date,
    bronze_strava.json_text(r.email_send_follower_notices) AS email_send_follower_notices,
    bronze_strava.json_text(r.plan) AS plan, bronze_strava.json_text(r.agreed_to_terms) AS agreed_to_terms,
    bronze_strava.json_text(r.follower_request_count) AS follower_request_count,
    bronze_strava.json_text(r.email_facebook_twitter_friend_joins) AS email_facebook_twitter_friend_joins,
    bronze_strava.json_text(r.receive_kudos_emails) AS receive_kudos_emails,
    bronze_strava.json_text(r.receive_follower_feed_emails) AS receive_follower_feed_emails,
    bronze_strava.json_text(r.receive_comment_emails) AS receive_comment_emails,
    bronze_strava.json_text(r.sample_race_distance) AS sample_race_distance,
    bronze_strava.json_text(r.sample_race_time) AS sample_race_time, bronze_strava.json_text(r.membership) AS membership,
    bronze_strava.json_text(r.admin) AS admin, bronze_strava.json_text(r.owner) AS owner,
    bronze_strava.json_text(r.subscription_permissions) AS subscription_permissions, d.fetched_at AS metadata_insert_timestamp
FROM (
    SELECT athlete_id, fetched_at, bronze_strava.json_object(body) AS document
    FROM bronze_strava.answer
    WHERE source_id = 1 AND endpoint = 4 AND object_id = athlete_id
    OFFSET 0 -- parse once per row
) AS d
CROSS JOIN LATERAL jsonb_to_record(d.document) AS r(
    city jsonb, country jsonb, created_at jsonb, firstname jsonb, lastname jsonb, premium jsonb, profile jsonb,
    profile_medium jsonb, resource_state jsonb, sex jsonb, state jsonb, summit jsonb, updated_at jsonb, bikes jsonb,
    clubs jsonb, follower_count jsonb, friend_count jsonb, ftp jsonb, measurement_preference jsonb, shoes jsonb, weight jsonb,
    athlete_type jsonb, friend jsonb, follower jsonb, approve_followers jsonb, badge_type_id jsonb, mutual_friend_count jsonb,
    date_preference jsonb, email jsonb, super_user jsonb, email_language jsonb, max_heartrate jsonb, username jsonb,
    description jsonb, instagram_username jsonb, offer_in_app_payment jsonb, global_privacy jsonb, receive_newsletter jsonb,
    email_kom_lost jsonb, dateofbirth jsonb, facebook_sharing_enabled jsonb, profile_original jsonb,
    premium_expiration_date jsonb, email_send_follower_notices jsonb, plan jsonb, agreed_to_terms jsonb,
    follower_request_count jsonb, email_facebook_twitter_friend_joins jsonb, receive_kudos_emails jsonb,
    receive_follower_feed_emails jsonb, receive_comment_emails jsonb, sample_race_distance jsonb, sample_race_time jsonb,
    membership jsonb, admin jsonb, owner jsonb, subscription_permissions jsonb)
WHERE d.document IS NOT NULL;
COMMENT ON VIEW bronze_strava.athlete_summary IS 'Predecessor''s table: the athlete''s profile. Most columns have not been sent by Strava for years and are null. For dashboards take silver.athlete.';

CREATE VIEW bronze_strava.time WITH (security_invoker = true) AS
SELECT u.data::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.time_s) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.time IS 'Predecessor''s table: one row per point, index from 1. Data: seconds since the start.';

CREATE VIEW bronze_strava.distance WITH (security_invoker = true) AS
SELECT u.data::text::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.distance_m) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.distance IS 'Predecessor''s table: one row per point, index from 1. Data: metres since the start.';

CREATE VIEW bronze_strava.altitude WITH (security_invoker = true) AS
SELECT u.data::text::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.altitude_m) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.altitude IS 'Predecessor''s table: one row per point, index from 1. Data: metres above sea level.';

CREATE VIEW bronze_strava.velocity_smooth WITH (security_invoker = true) AS
SELECT u.data::text::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.velocity_mps) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.velocity_smooth IS 'Predecessor''s table: one row per point, index from 1. Data: metres per second.';

CREATE VIEW bronze_strava.heartrate WITH (security_invoker = true) AS
SELECT u.data::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.heartrate_bpm) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.heartrate IS 'Predecessor''s table: one row per point, index from 1. Data: beats per minute.';

CREATE VIEW bronze_strava.cadence WITH (security_invoker = true) AS
SELECT u.data::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.cadence_rpm) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.cadence IS 'Predecessor''s table: one row per point, index from 1. Data: revolutions per minute; for runs steps of one leg per minute.';

CREATE VIEW bronze_strava.watts WITH (security_invoker = true) AS
SELECT u.data::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.power_w) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.watts IS 'Predecessor''s table: one row per point, index from 1. Data: watts.';

CREATE VIEW bronze_strava.temp WITH (security_invoker = true) AS
SELECT u.data::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.temperature_c) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.temp IS 'Predecessor''s table: one row per point, index from 1. Data: °C.';

CREATE VIEW bronze_strava.moving WITH (security_invoker = true) AS
SELECT u.data::integer::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.moving) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.moving IS 'Predecessor''s table: one row per point, index from 1. Data: 1 in motion, 0 at rest.';

CREATE VIEW bronze_strava.grade_smooth WITH (security_invoker = true) AS
SELECT u.data::text::float8 AS data, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.grade_percent) WITH ORDINALITY AS u(data, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.grade_smooth IS 'Predecessor''s table: one row per point, index from 1. Data: percent.';

CREATE VIEW bronze_strava.latlng WITH (security_invoker = true) AS
SELECT u.la / 1e6::float8 AS latitude, u.lo / 1e6::float8 AS longitude, u.i::integer AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s CROSS JOIN LATERAL unnest(s.latitude_e6, s.longitude_e6) WITH ORDINALITY AS u(la, lo, i)
WHERE s.source_id = 1;
COMMENT ON VIEW bronze_strava.latlng IS 'Predecessor''s table: one row per point, index from 1. Degrees.';

CREATE VIEW bronze_strava.power WITH (security_invoker = true) AS
SELECT NULL::float8 AS data, 0 AS index, s.original_size, s.series_type, s.athlete_id, s.activity_id, s.loaded_at AS metadata_insert_timestamp
FROM silver.activity_stream s
WHERE false;
COMMENT ON VIEW bronze_strava.power IS 'Predecessor''s table, always empty: Strava has no stream of this name; see watts.';
