-- In:     changed_athlete (one row per athlete in the batch; profile is the answer of GET /athlete or null).
-- Out:    silver.athlete.
-- Grain:  one row per athlete and source. Athletes without a profile get a row with their key only, for other tables to refer to.
-- Units:  weight kg, FTP W.
-- Repeat: an upsert by primary key with values that depend on the profile only; nothing is written when it is the same profile.
--
-- An implausible weight or FTP is null (the bounds: silver.quality_check; the value sent: silver.athlete_finding).
INSERT INTO silver.athlete (athlete_id, source_id)
SELECT athlete_id, source_id FROM changed_athlete ORDER BY athlete_id, source_id
ON CONFLICT (athlete_id, source_id) DO NOTHING;

UPDATE silver.athlete AS t SET
    username           = bronze_strava.json_text(r.username),
    first_name         = bronze_strava.json_text(r.firstname),
    last_name          = bronze_strava.json_text(r.lastname),
    city               = nullif(bronze_strava.json_text(r.city), ''),
    state              = nullif(bronze_strava.json_text(r.state), ''),
    country            = nullif(bronze_strava.json_text(r.country), ''),
    sex                = bronze_strava.json_text(r.sex),
    weight_kg          = silver.plausible('weight_kg', bronze_strava.json_float(r.weight)),
    ftp_w              = silver.plausible('ftp_w', bronze_strava.json_int(r.ftp))::integer,
    measurement_system = bronze_strava.json_text(r.measurement_preference),
    is_subscriber      = coalesce(bronze_strava.json_bool(r.summit), bronze_strava.json_bool(r.premium)),
    joined_at          = bronze_strava.json_time(r.created_at),
    profile_url        = bronze_strava.json_text(r.profile),
    bio                = nullif(bronze_strava.json_text(r.bio), ''),
    athlete_type       = bronze_strava.json_int(r.athlete_type),
    follower_count     = bronze_strava.json_int(r.follower_count),
    friend_count       = bronze_strava.json_int(r.friend_count),
    strava_updated_at  = bronze_strava.json_time(r.updated_at),
    transform_version  = c.transform_version,
    src_sha256         = c.profile_sha256,
    updated_at         = now()
FROM changed_athlete c
CROSS JOIN LATERAL jsonb_to_record(c.profile) AS r(
    username jsonb, firstname jsonb, lastname jsonb, city jsonb, state jsonb, country jsonb, sex jsonb, weight jsonb, ftp jsonb,
    measurement_preference jsonb, summit jsonb, premium jsonb, created_at jsonb, profile jsonb, bio jsonb, athlete_type jsonb, follower_count jsonb,
    friend_count jsonb, updated_at jsonb)
WHERE c.profile IS NOT NULL
  AND t.athlete_id = c.athlete_id AND t.source_id = c.source_id
  AND (t.src_sha256, t.transform_version) IS DISTINCT FROM (c.profile_sha256, c.transform_version);
