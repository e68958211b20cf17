-- Silver: typed tables that dashboards read, made from bronze. Numbers are in the unit that their name ends with. One grain per table.
-- First the athletes, their activities, and the laps and splits of these.

CREATE TABLE silver.athlete (
    athlete_id         bigint   NOT NULL,
    source_id          smallint NOT NULL DEFAULT 1,
    username           text,
    first_name         text,
    last_name          text,
    city               text,
    state              text,
    country            text,
    sex                text,
    weight_kg          float8,
    ftp_w              integer,
    measurement_system text,
    is_subscriber      boolean,
    joined_at          timestamptz,
    profile_url        text,
    bio                text,
    athlete_type       integer,
    follower_count     integer,
    friend_count       integer,
    strava_updated_at  timestamptz,
    transform_version  smallint NOT NULL DEFAULT 0,
    src_sha256         bytea,
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_pk PRIMARY KEY (athlete_id, source_id),
    CONSTRAINT athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.athlete IS 'One row per athlete and source, from the current profile. All other silver tables refer to it.';
COMMENT ON COLUMN silver.athlete.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete.username IS 'Name in the address of the public profile; often null.';
COMMENT ON COLUMN silver.athlete.first_name IS 'Given name.';
COMMENT ON COLUMN silver.athlete.last_name IS 'Family name.';
COMMENT ON COLUMN silver.athlete.city IS 'City as the athlete wrote it.';
COMMENT ON COLUMN silver.athlete.state IS 'State or province as the athlete wrote it.';
COMMENT ON COLUMN silver.athlete.country IS 'Country as the athlete wrote it.';
COMMENT ON COLUMN silver.athlete.sex IS 'M, F or null.';
COMMENT ON COLUMN silver.athlete.weight_kg IS 'Body weight in kilograms.';
COMMENT ON COLUMN silver.athlete.ftp_w IS 'Functional threshold power in watts as set at Strava; null when not set.';
COMMENT ON COLUMN silver.athlete.measurement_system IS 'feet or meters: how the athlete wants figures shown. Silver is metric in any case.';
COMMENT ON COLUMN silver.athlete.is_subscriber IS 'Whether the athlete subscribes to Strava.';
COMMENT ON COLUMN silver.athlete.joined_at IS 'When the Strava account was made.';
COMMENT ON COLUMN silver.athlete.profile_url IS 'Address of the profile picture.';
COMMENT ON COLUMN silver.athlete.bio IS 'What the athlete wrote about themselves.';
COMMENT ON COLUMN silver.athlete.athlete_type IS 'Strava''s number for the main sport: 0 cyclist, 1 runner.';
COMMENT ON COLUMN silver.athlete.follower_count IS 'Athletes who follow this one.';
COMMENT ON COLUMN silver.athlete.friend_count IS 'Athletes whom this one follows.';
COMMENT ON COLUMN silver.athlete.strava_updated_at IS 'When the profile last changed at Strava, UTC.';
COMMENT ON COLUMN silver.athlete.transform_version IS 'Version of the transform that made the row; 0: only the key is known yet.';
COMMENT ON COLUMN silver.athlete.src_sha256 IS 'SHA-256 of the answer the row was made from.';
COMMENT ON COLUMN silver.athlete.updated_at IS 'When the row was last made.';

CREATE FUNCTION silver.sport_family(sport_type text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN sport_type IN ('Run', 'TrailRun', 'VirtualRun') THEN 'run'
        WHEN sport_type IN ('Walk', 'Hike', 'Snowshoe') THEN 'walk'
        WHEN sport_type IN ('Ride', 'MountainBikeRide', 'GravelRide', 'VirtualRide', 'Handcycle', 'Velomobile') THEN 'ride'
        WHEN sport_type IN ('EBikeRide', 'EMountainBikeRide') THEN 'e_ride'
        WHEN sport_type IN ('Swim', 'OpenWaterSwim') THEN 'swim'
        WHEN sport_type IN ('AlpineSki', 'BackcountrySki', 'NordicSki', 'RollerSki', 'Snowboard') THEN 'ski'
        WHEN sport_type IN ('Rowing', 'VirtualRow', 'Kayaking', 'Canoeing', 'StandUpPaddling') THEN 'paddle'
        ELSE 'other'
    END
$$;
COMMENT ON FUNCTION silver.sport_family IS 'Sports that are counted together: run, walk, ride, e_ride, swim, ski, paddle or other.';

-- One rule for all calendars, records and curves: what a wrong clock dated stands in none of them.
CREATE FUNCTION silver.calendar_begin() RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT timestamp '1980-01-01' $$;
COMMENT ON FUNCTION silver.calendar_begin IS 'Local time from which activities count in days, weeks, months, years, records and curves: what is dated before 1980 is an error of a clock.';

CREATE FUNCTION silver.calendar_end() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ((now() AT TIME ZONE 'UTC')::date + 3)::timestamp
$$;
COMMENT ON FUNCTION silver.calendar_end IS 'Local time before which activities count in days, weeks, months, years, records and curves: what is dated more than two days ahead is an error of a clock.';

CREATE TABLE silver.activity (
    athlete_id             bigint      NOT NULL,
    source_id              smallint    NOT NULL DEFAULT 1,
    activity_id            bigint      NOT NULL,
    name                   text,
    sport_type             text,
    sport_family           text        NOT NULL GENERATED ALWAYS AS (silver.sport_family(sport_type)) STORED,
    activity_type          text,
    start_at               timestamptz,
    start_date_local       timestamp,
    utc_offset_s           integer,
    timezone               text,
    distance_m             float8,
    moving_time_s          integer,
    elapsed_time_s         integer,
    elevation_gain_m       float8,
    elevation_high_m       float8,
    elevation_low_m        float8,
    average_speed_mps      float8,
    max_speed_mps          float8,
    average_heartrate_bpm  float8,
    max_heartrate_bpm      float8,
    average_cadence_rpm    float8,
    average_temperature_c  float8,
    average_power_w        float8,
    weighted_power_w       float8,
    max_power_w            float8,
    energy_kj              float8,
    calories_kcal          float8,
    relative_effort        float8,
    perceived_exertion     float8,
    prefers_perceived_exertion boolean,
    has_power_meter        boolean,
    has_heartrate          boolean,
    heartrate_opt_out      boolean,
    is_trainer             boolean,
    is_commute             boolean,
    is_manual              boolean,
    is_private             boolean,
    is_flagged             boolean,
    is_hidden_from_home    boolean,
    is_from_tag            boolean,
    visibility             text,
    workout_type           integer,
    gear_id                text,
    gear_name              text,
    device_name            text,
    external_id            text,
    upload_id              bigint,
    start_latitude_deg     float8,
    start_longitude_deg    float8,
    end_latitude_deg       float8,
    end_longitude_deg      float8,
    location_city          text,
    location_state         text,
    location_country       text,
    achievement_count      integer,
    kudos_count            integer,
    comment_count          integer,
    athlete_count          integer,
    photo_count            integer,
    pr_count               integer,
    available_zones        text[],
    description            text        COMPRESSION lz4,
    private_note           text        COMPRESSION lz4,
    summary_polyline       text        COMPRESSION lz4,
    polyline               text        COMPRESSION lz4,
    has_detail             boolean     NOT NULL,
    transform_version      smallint    NOT NULL,
    summary_sha256         bytea,
    detail_sha256          bytea,
    updated_at             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT activity_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
CREATE INDEX activity_by_start ON silver.activity (athlete_id, start_at DESC);
-- After the other index: while the table is empty both cost the same to the planner, and it then takes the newer one. Silver looks up single
-- activities, and a connection keeps such a plan until the table's first statistics.
ALTER TABLE silver.activity ADD CONSTRAINT activity_pk PRIMARY KEY (athlete_id, source_id, activity_id);
COMMENT ON TABLE silver.activity IS 'One row per activity: the newest of its summary (from the list) and its detail; columns that only a detail has keep their values until the next detail.';
COMMENT ON COLUMN silver.activity.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity.source_id IS '1 strava_api, 2 strava_archive, 3 file. Part of each key: the same workout from two sources is two rows.';
COMMENT ON COLUMN silver.activity.activity_id IS 'Strava''s number for the activity. Not ordered by date.';
COMMENT ON COLUMN silver.activity.name IS 'Title.';
COMMENT ON COLUMN silver.activity.sport_type IS 'Kind of sport (Run, TrailRun, Ride, …); new values appear. Old answers have only activity_type, which then stands here too.';
COMMENT ON COLUMN silver.activity.sport_family IS 'Sports that are counted together: run, walk, ride, e_ride, swim, ski, paddle or other; from sport_type, see silver.sport_family().';
COMMENT ON COLUMN silver.activity.activity_type IS 'Strava''s older, coarser kind of sport (type).';
COMMENT ON COLUMN silver.activity.start_at IS 'Start, UTC. 00:00:01 means that the athlete hides the time; then start_date_local has the same time, and only the day of both is true.';
COMMENT ON COLUMN silver.activity.start_date_local IS 'Start in local wall-clock time, without a zone. Use it for days, weeks and hours of the athlete. 00:00:01: hidden, see start_at.';
COMMENT ON COLUMN silver.activity.utc_offset_s IS 'Seconds to add to UTC for the local time at the start.';
COMMENT ON COLUMN silver.activity.timezone IS 'Name of the time zone as Strava has it, mostly an IANA name.';
COMMENT ON COLUMN silver.activity.distance_m IS 'Distance in metres.';
COMMENT ON COLUMN silver.activity.moving_time_s IS 'Time in motion in seconds. In rare cases a second more than elapsed_time_s.';
COMMENT ON COLUMN silver.activity.elapsed_time_s IS 'Time from start to end in seconds, pauses included.';
COMMENT ON COLUMN silver.activity.elevation_gain_m IS 'Metres climbed.';
COMMENT ON COLUMN silver.activity.elevation_high_m IS 'Highest point in metres above sea level.';
COMMENT ON COLUMN silver.activity.elevation_low_m IS 'Lowest point in metres above sea level.';
COMMENT ON COLUMN silver.activity.average_speed_mps IS 'Average speed in motion, metres per second.';
COMMENT ON COLUMN silver.activity.max_speed_mps IS 'Highest speed, metres per second.';
COMMENT ON COLUMN silver.activity.average_heartrate_bpm IS 'Average heart rate, beats per minute.';
COMMENT ON COLUMN silver.activity.max_heartrate_bpm IS 'Highest heart rate, beats per minute.';
COMMENT ON COLUMN silver.activity.average_cadence_rpm IS 'Average cadence: revolutions per minute; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.activity.average_temperature_c IS 'Average temperature, °C.';
COMMENT ON COLUMN silver.activity.average_power_w IS 'Average power in watts; an estimate of Strava''s unless has_power_meter.';
COMMENT ON COLUMN silver.activity.weighted_power_w IS 'Strava''s weighted average power in watts.';
COMMENT ON COLUMN silver.activity.max_power_w IS 'Highest power in watts.';
COMMENT ON COLUMN silver.activity.energy_kj IS 'Mechanical work in kilojoules.';
COMMENT ON COLUMN silver.activity.calories_kcal IS 'Energy spent in kilocalories; only a detail has it.';
COMMENT ON COLUMN silver.activity.relative_effort IS 'Strava''s relative effort (suffer_score); no unit.';
COMMENT ON COLUMN silver.activity.perceived_exertion IS 'The athlete''s own rating, no unit: from 1, easiest, to 10; only a detail has it.';
COMMENT ON COLUMN silver.activity.prefers_perceived_exertion IS 'The athlete wants perceived_exertion to count in place of heart rate; only a detail has it.';
COMMENT ON COLUMN silver.activity.has_power_meter IS 'Whether power was measured (device_watts); null when Strava does not say. Where it is false, power is Strava''s estimate, and counts for no load, zone, curve or record.';
COMMENT ON COLUMN silver.activity.has_heartrate IS 'Heart rate was recorded.';
COMMENT ON COLUMN silver.activity.heartrate_opt_out IS 'The athlete does not share heart rate.';
COMMENT ON COLUMN silver.activity.is_trainer IS 'Indoors or on a trainer. May have positions all the same (virtual courses).';
COMMENT ON COLUMN silver.activity.is_commute IS 'Marked as a commute.';
COMMENT ON COLUMN silver.activity.is_manual IS 'Entered by hand: there are no streams.';
COMMENT ON COLUMN silver.activity.is_private IS 'Seen by the athlete only.';
COMMENT ON COLUMN silver.activity.is_flagged IS 'Flagged by other athletes.';
COMMENT ON COLUMN silver.activity.is_hidden_from_home IS 'Muted: not shown in followers'' feeds.';
COMMENT ON COLUMN silver.activity.is_from_tag IS 'Made by accepting another athlete''s tag, not recorded by this one.';
COMMENT ON COLUMN silver.activity.visibility IS 'everyone, followers_only or only_me.';
COMMENT ON COLUMN silver.activity.workout_type IS 'Number of a kind of workout. Runs: 0 default, 1 race, 2 long run, 3 workout. Rides: 10 default, 11 race, 12 workout.';
COMMENT ON COLUMN silver.activity.gear_id IS 'Strava''s id of the bike (b…) or shoes (g…).';
COMMENT ON COLUMN silver.activity.gear_name IS 'Name of the gear; only a detail has it.';
COMMENT ON COLUMN silver.activity.device_name IS 'Recording device.';
COMMENT ON COLUMN silver.activity.external_id IS 'File name or id given at upload.';
COMMENT ON COLUMN silver.activity.upload_id IS 'Strava''s number for the upload; null when entered by hand.';
COMMENT ON COLUMN silver.activity.start_latitude_deg IS 'Latitude of the start in degrees; null indoors.';
COMMENT ON COLUMN silver.activity.start_longitude_deg IS 'Longitude of the start in degrees; null indoors.';
COMMENT ON COLUMN silver.activity.end_latitude_deg IS 'Latitude of the end in degrees.';
COMMENT ON COLUMN silver.activity.end_longitude_deg IS 'Longitude of the end in degrees.';
COMMENT ON COLUMN silver.activity.location_city IS 'City; Strava has not filled it for years.';
COMMENT ON COLUMN silver.activity.location_state IS 'State; Strava has not filled it for years.';
COMMENT ON COLUMN silver.activity.location_country IS 'Country; rarely filled.';
COMMENT ON COLUMN silver.activity.achievement_count IS 'Achievements earned.';
COMMENT ON COLUMN silver.activity.kudos_count IS 'Kudos received.';
COMMENT ON COLUMN silver.activity.comment_count IS 'Comments received.';
COMMENT ON COLUMN silver.activity.athlete_count IS 'Athletes who took part, this one included.';
COMMENT ON COLUMN silver.activity.photo_count IS 'Photos, from whatever source.';
COMMENT ON COLUMN silver.activity.pr_count IS 'Personal records on segments.';
COMMENT ON COLUMN silver.activity.available_zones IS 'Metrics for which Strava has time in zones (heartrate, pace, power); null: no detail yet, or none.';
COMMENT ON COLUMN silver.activity.description IS 'The athlete''s text; only a detail has it.';
COMMENT ON COLUMN silver.activity.private_note IS 'The athlete''s note that nobody else sees; only a detail has it, and not every one.';
COMMENT ON COLUMN silver.activity.summary_polyline IS 'Coarse course as an encoded polyline (precision 5).';
COMMENT ON COLUMN silver.activity.polyline IS 'Fine course as an encoded polyline (precision 5); only a detail has it.';
COMMENT ON COLUMN silver.activity.has_detail IS 'Whether a detail has landed; if not, columns that only a detail has are null.';
COMMENT ON COLUMN silver.activity.transform_version IS 'Version of the transform that made the row.';
COMMENT ON COLUMN silver.activity.summary_sha256 IS 'SHA-256 of the summary the row was made from.';
COMMENT ON COLUMN silver.activity.detail_sha256 IS 'SHA-256 of the detail the row and its laps were made from.';
COMMENT ON COLUMN silver.activity.updated_at IS 'When the row was last made.';

CREATE TABLE silver.lap (
    athlete_id            bigint   NOT NULL,
    source_id             smallint NOT NULL DEFAULT 1,
    activity_id           bigint   NOT NULL,
    lap_number            integer  NOT NULL,
    lap_id                bigint,
    name                  text,
    start_at              timestamptz,
    start_date_local      timestamp,
    distance_m            float8,
    moving_time_s         integer,
    elapsed_time_s        integer,
    elevation_gain_m      float8,
    average_speed_mps     float8,
    max_speed_mps         float8,
    average_heartrate_bpm float8,
    max_heartrate_bpm     float8,
    average_cadence_rpm   float8,
    average_power_w       float8,
    has_power_meter       boolean,
    pace_zone             integer,
    first_index           integer,
    last_index            integer,
    CONSTRAINT lap_pk PRIMARY KEY (athlete_id, source_id, activity_id, lap_number),
    CONSTRAINT lap_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.lap IS 'One row per lap of an activity, from its detail. Laps, kilometres (split) and miles (split_mile) each cover the activity: never add them up together, and join none with another by activity_id.';
COMMENT ON COLUMN silver.lap.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.lap.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.lap.activity_id IS 'Activity of the lap.';
COMMENT ON COLUMN silver.lap.lap_number IS 'Place in the activity, from 1.';
COMMENT ON COLUMN silver.lap.lap_id IS 'Strava''s number for the lap.';
COMMENT ON COLUMN silver.lap.name IS 'Name, mostly "Lap 1" and so on.';
COMMENT ON COLUMN silver.lap.start_at IS 'Start, UTC.';
COMMENT ON COLUMN silver.lap.start_date_local IS 'Start in local wall-clock time, without a zone.';
COMMENT ON COLUMN silver.lap.distance_m IS 'Distance in metres.';
COMMENT ON COLUMN silver.lap.moving_time_s IS 'Time in motion in seconds.';
COMMENT ON COLUMN silver.lap.elapsed_time_s IS 'Time from start to end in seconds.';
COMMENT ON COLUMN silver.lap.elevation_gain_m IS 'Metres climbed.';
COMMENT ON COLUMN silver.lap.average_speed_mps IS 'Average speed, metres per second.';
COMMENT ON COLUMN silver.lap.max_speed_mps IS 'Highest speed, metres per second.';
COMMENT ON COLUMN silver.lap.average_heartrate_bpm IS 'Average heart rate, beats per minute.';
COMMENT ON COLUMN silver.lap.max_heartrate_bpm IS 'Highest heart rate, beats per minute.';
COMMENT ON COLUMN silver.lap.average_cadence_rpm IS 'Average cadence, revolutions (runs: steps of one leg) per minute.';
COMMENT ON COLUMN silver.lap.average_power_w IS 'Average power in watts.';
COMMENT ON COLUMN silver.lap.has_power_meter IS 'Power was measured.';
COMMENT ON COLUMN silver.lap.pace_zone IS 'Strava''s pace zone of the lap.';
COMMENT ON COLUMN silver.lap.first_index IS 'First point of the lap in activity_stream''s arrays, from 1 as in SQL.';
COMMENT ON COLUMN silver.lap.last_index IS 'Last point of the lap in activity_stream''s arrays, from 1 as in SQL.';

CREATE TABLE silver.split (
    athlete_id               bigint   NOT NULL,
    source_id                smallint NOT NULL DEFAULT 1,
    activity_id              bigint   NOT NULL,
    split_number             integer  NOT NULL,
    distance_m               float8,
    moving_time_s            integer,
    elapsed_time_s           integer,
    elevation_difference_m   float8,
    average_speed_mps        float8,
    grade_adjusted_speed_mps float8,
    average_heartrate_bpm    float8,
    pace_zone                integer,
    CONSTRAINT split_pk PRIMARY KEY (athlete_id, source_id, activity_id, split_number),
    CONSTRAINT split_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.split IS 'One row per kilometre of an activity, as Strava splits it (splits_metric of the detail; runs and walks only). The last one is shorter.';
COMMENT ON COLUMN silver.split.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.split.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.split.activity_id IS 'Activity of the split.';
COMMENT ON COLUMN silver.split.split_number IS 'Place in the activity, from 1.';
COMMENT ON COLUMN silver.split.distance_m IS 'Metres: about 1000, the last one less.';
COMMENT ON COLUMN silver.split.moving_time_s IS 'Time in motion in seconds.';
COMMENT ON COLUMN silver.split.elapsed_time_s IS 'Time from start to end in seconds.';
COMMENT ON COLUMN silver.split.elevation_difference_m IS 'Metres that the end lies higher than the start.';
COMMENT ON COLUMN silver.split.average_speed_mps IS 'Average speed, metres per second.';
COMMENT ON COLUMN silver.split.grade_adjusted_speed_mps IS 'Strava''s average grade-adjusted speed, metres per second.';
COMMENT ON COLUMN silver.split.average_heartrate_bpm IS 'Average heart rate, beats per minute.';
COMMENT ON COLUMN silver.split.pace_zone IS 'Strava''s pace zone of the split.';

-- A table of its own, so that a sum over splits never counts a distance twice.
CREATE TABLE silver.split_mile (
    LIKE silver.split INCLUDING DEFAULTS INCLUDING COMMENTS,
    CONSTRAINT split_mile_pk PRIMARY KEY (athlete_id, source_id, activity_id, split_number),
    CONSTRAINT split_mile_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.split_mile IS 'One row per mile of an activity, as Strava splits it (splits_standard of the detail; runs and walks only). The last one is shorter. By the kilometre: split.';
COMMENT ON COLUMN silver.split_mile.distance_m IS 'Metres: about 1609, the last one less.';
