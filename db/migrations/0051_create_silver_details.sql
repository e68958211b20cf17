-- What an activity's detail holds beside laps and splits, Strava's own zones of an activity, and the totals that Strava keeps of an athlete.

CREATE TABLE silver.best_effort (
    athlete_id        bigint   NOT NULL,
    source_id         smallint NOT NULL DEFAULT 1,
    activity_id       bigint   NOT NULL,
    effort_number     integer  NOT NULL,
    effort_id         bigint,
    name              text,
    distance_m        float8,
    moving_time_s     integer,
    elapsed_time_s    integer,
    start_at          timestamptz,
    start_date_local  timestamp,
    pr_rank           integer,
    achievement_types text[],
    achievement_ranks integer[],
    first_index       integer,
    last_index        integer,
    CONSTRAINT best_effort_pk PRIMARY KEY (athlete_id, source_id, activity_id, effort_number),
    CONSTRAINT best_effort_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.best_effort IS 'One row per best effort that Strava found in a run: its fastest 400 m, kilometre, mile and so on (best_efforts of the detail). Efforts overlap: never add them up. Those that are worked out here from the streams, for every sport: activity_best_effort.';
COMMENT ON COLUMN silver.best_effort.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.best_effort.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.best_effort.activity_id IS 'Activity of the effort.';
COMMENT ON COLUMN silver.best_effort.effort_number IS 'Place in the detail''s list, from 1.';
COMMENT ON COLUMN silver.best_effort.effort_id IS 'Strava''s number for the effort.';
COMMENT ON COLUMN silver.best_effort.name IS 'Strava''s name of the distance: 400m, 1/2 mile, 1K, Half-Marathon and so on.';
COMMENT ON COLUMN silver.best_effort.distance_m IS 'The distance in metres; null: not sent, or implausible.';
COMMENT ON COLUMN silver.best_effort.moving_time_s IS 'Time in motion in seconds; null: not sent, or implausible.';
COMMENT ON COLUMN silver.best_effort.elapsed_time_s IS 'Time for the distance in seconds, pauses included: by this Strava ranks. Null: not sent, or implausible.';
COMMENT ON COLUMN silver.best_effort.start_at IS 'Start of the effort, UTC.';
COMMENT ON COLUMN silver.best_effort.start_date_local IS 'Start in local wall-clock time, without a zone.';
COMMENT ON COLUMN silver.best_effort.pr_rank IS 'Place among the athlete''s own efforts over the distance when Strava last ranked it: 1, 2 or 3; null: further back.';
COMMENT ON COLUMN silver.best_effort.achievement_types IS 'Strava''s kinds of achievement (pr: a personal record), as sent; null: none.';
COMMENT ON COLUMN silver.best_effort.achievement_ranks IS 'Element i: place that goes with achievement_types[i]; null: none.';
COMMENT ON COLUMN silver.best_effort.first_index IS 'Place of the effort''s first point in the streams, from 1.';
COMMENT ON COLUMN silver.best_effort.last_index IS 'Place of the effort''s last point in the streams, from 1.';

CREATE TABLE silver.segment_effort (
    athlete_id                    bigint   NOT NULL,
    source_id                     smallint NOT NULL DEFAULT 1,
    activity_id                   bigint   NOT NULL,
    effort_number                 integer  NOT NULL,
    effort_id                     bigint,
    segment_id                    bigint,
    name                          text,
    start_at                      timestamptz,
    start_date_local              timestamp,
    distance_m                    float8,
    moving_time_s                 integer,
    elapsed_time_s                integer,
    average_heartrate_bpm         float8,
    max_heartrate_bpm             float8,
    average_cadence_rpm           float8,
    average_power_w               float8,
    has_power_meter               boolean,
    pr_rank                       integer,
    kom_rank                      integer,
    achievement_types             text[],
    achievement_ranks             integer[],
    is_hidden                     boolean,
    visibility                    text,
    first_index                   integer,
    last_index                    integer,
    segment_name                  text,
    segment_activity_type         text,
    segment_distance_m            float8,
    segment_average_grade_percent float8,
    segment_maximum_grade_percent float8,
    segment_elevation_high_m      float8,
    segment_elevation_low_m       float8,
    segment_climb_category        integer,
    segment_city                  text,
    segment_state                 text,
    segment_country               text,
    segment_is_private            boolean,
    segment_is_hazardous          boolean,
    segment_is_starred            boolean,
    segment_start_latitude_deg    float8,
    segment_start_longitude_deg   float8,
    segment_end_latitude_deg      float8,
    segment_end_longitude_deg     float8,
    CONSTRAINT segment_effort_pk PRIMARY KEY (athlete_id, source_id, activity_id, effort_number),
    CONSTRAINT segment_effort_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
CREATE INDEX segment_effort_by_segment ON silver.segment_effort (athlete_id, segment_id, start_at);
COMMENT ON TABLE silver.segment_effort IS 'One row per passage of a segment in an activity, from its detail, with the segment as it was then. One row per segment: view segment. Segments overlap: never add efforts up.';
COMMENT ON COLUMN silver.segment_effort.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.segment_effort.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.segment_effort.activity_id IS 'Activity of the effort.';
COMMENT ON COLUMN silver.segment_effort.effort_number IS 'Place in the detail''s list, from 1.';
COMMENT ON COLUMN silver.segment_effort.effort_id IS 'Strava''s number for the effort.';
COMMENT ON COLUMN silver.segment_effort.segment_id IS 'Strava''s number for the segment.';
COMMENT ON COLUMN silver.segment_effort.name IS 'Name of the effort: that of the segment.';
COMMENT ON COLUMN silver.segment_effort.start_at IS 'Start of the effort, UTC.';
COMMENT ON COLUMN silver.segment_effort.start_date_local IS 'Start in local wall-clock time, without a zone.';
COMMENT ON COLUMN silver.segment_effort.distance_m IS 'Metres between the effort''s two points; a little more or less than the segment has.';
COMMENT ON COLUMN silver.segment_effort.moving_time_s IS 'Time in motion in seconds; null: not sent, or implausible.';
COMMENT ON COLUMN silver.segment_effort.elapsed_time_s IS 'Time from start to end of the segment in seconds: by this Strava ranks. Null: not sent, or implausible.';
COMMENT ON COLUMN silver.segment_effort.average_heartrate_bpm IS 'Average heart rate, beats per minute; null: none, or implausible.';
COMMENT ON COLUMN silver.segment_effort.max_heartrate_bpm IS 'Highest heart rate, beats per minute; null: none, or implausible.';
COMMENT ON COLUMN silver.segment_effort.average_cadence_rpm IS 'Average cadence: revolutions per minute; for runs steps of one leg per minute.';
COMMENT ON COLUMN silver.segment_effort.average_power_w IS 'Average power in watts; an estimate of Strava''s unless has_power_meter.';
COMMENT ON COLUMN silver.segment_effort.has_power_meter IS 'Whether power was measured (device_watts).';
COMMENT ON COLUMN silver.segment_effort.pr_rank IS 'Place among the athlete''s own efforts on the segment when the activity was uploaded: 1, 2 or 3; null: further back.';
COMMENT ON COLUMN silver.segment_effort.kom_rank IS 'Place on the leaderboard of all athletes when the activity was uploaded, 1 to 10; null: further back.';
COMMENT ON COLUMN silver.segment_effort.achievement_types IS 'Strava''s kinds of achievement (pr: among the athlete''s own efforts, overall: among all athletes''), as sent; null: none.';
COMMENT ON COLUMN silver.segment_effort.achievement_ranks IS 'Element i: place that goes with achievement_types[i]; null: none.';
COMMENT ON COLUMN silver.segment_effort.is_hidden IS 'Strava shows the effort only on request, because the segment is of little interest there.';
COMMENT ON COLUMN silver.segment_effort.visibility IS 'everyone, followers_only or only_me.';
COMMENT ON COLUMN silver.segment_effort.first_index IS 'Place of the effort''s first point in the streams, from 1.';
COMMENT ON COLUMN silver.segment_effort.last_index IS 'Place of the effort''s last point in the streams, from 1.';
COMMENT ON COLUMN silver.segment_effort.segment_name IS 'Name of the segment.';
COMMENT ON COLUMN silver.segment_effort.segment_activity_type IS 'Kind of sport that the segment is for: Ride, Run and so on.';
COMMENT ON COLUMN silver.segment_effort.segment_distance_m IS 'Length of the segment in metres.';
COMMENT ON COLUMN silver.segment_effort.segment_average_grade_percent IS 'Average grade in percent, downhill below 0; null: not sent, or implausible.';
COMMENT ON COLUMN silver.segment_effort.segment_maximum_grade_percent IS 'Steepest grade in percent; null: not sent, or implausible.';
COMMENT ON COLUMN silver.segment_effort.segment_elevation_high_m IS 'Highest point in metres above sea level.';
COMMENT ON COLUMN silver.segment_effort.segment_elevation_low_m IS 'Lowest point in metres above sea level.';
COMMENT ON COLUMN silver.segment_effort.segment_climb_category IS 'Strava''s category of the climb as a number: 0 none, 1 category 4 (easiest), … 4 category 1, 5 hors catégorie.';
COMMENT ON COLUMN silver.segment_effort.segment_city IS 'City.';
COMMENT ON COLUMN silver.segment_effort.segment_state IS 'State or province.';
COMMENT ON COLUMN silver.segment_effort.segment_country IS 'Country.';
COMMENT ON COLUMN silver.segment_effort.segment_is_private IS 'Seen by its maker only.';
COMMENT ON COLUMN silver.segment_effort.segment_is_hazardous IS 'Flagged as dangerous: Strava keeps no leaderboard.';
COMMENT ON COLUMN silver.segment_effort.segment_is_starred IS 'The athlete has starred the segment.';
COMMENT ON COLUMN silver.segment_effort.segment_start_latitude_deg IS 'Latitude of its start in degrees.';
COMMENT ON COLUMN silver.segment_effort.segment_start_longitude_deg IS 'Longitude of its start in degrees.';
COMMENT ON COLUMN silver.segment_effort.segment_end_latitude_deg IS 'Latitude of its end in degrees.';
COMMENT ON COLUMN silver.segment_effort.segment_end_longitude_deg IS 'Longitude of its end in degrees.';

-- A view, so that it is right whatever order activities land, change and go in.
CREATE VIEW silver.segment WITH (security_invoker = true) AS
SELECT DISTINCT ON (athlete_id, source_id, segment_id)
    athlete_id, source_id, segment_id, segment_name AS name, segment_activity_type AS activity_type, segment_distance_m AS distance_m,
    segment_average_grade_percent AS average_grade_percent, segment_maximum_grade_percent AS maximum_grade_percent,
    segment_elevation_high_m AS elevation_high_m, segment_elevation_low_m AS elevation_low_m, segment_climb_category AS climb_category,
    segment_city AS city, segment_state AS state, segment_country AS country, segment_is_private AS is_private,
    segment_is_hazardous AS is_hazardous, segment_is_starred AS is_starred, segment_start_latitude_deg AS start_latitude_deg,
    segment_start_longitude_deg AS start_longitude_deg, segment_end_latitude_deg AS end_latitude_deg,
    segment_end_longitude_deg AS end_longitude_deg, (count(*) OVER segment)::integer AS effort_count,
    min(elapsed_time_s) OVER segment AS best_elapsed_time_s, min(start_at) OVER segment AS first_effort_at,
    max(start_at) OVER segment AS last_effort_at
FROM silver.segment_effort
WHERE segment_id IS NOT NULL
WINDOW segment AS (PARTITION BY athlete_id, source_id, segment_id)
ORDER BY athlete_id, source_id, segment_id, start_at DESC NULLS LAST, activity_id DESC, effort_number DESC;
COMMENT ON VIEW silver.segment IS 'One row per athlete and segment that the athlete has passed, as the newest effort describes it, with what the athlete did on it. Each effort: segment_effort.';
COMMENT ON COLUMN silver.segment.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.segment.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.segment.segment_id IS 'Strava''s number for the segment.';
COMMENT ON COLUMN silver.segment.name IS 'Name.';
COMMENT ON COLUMN silver.segment.activity_type IS 'Kind of sport that it is for: Ride, Run and so on.';
COMMENT ON COLUMN silver.segment.distance_m IS 'Length in metres.';
COMMENT ON COLUMN silver.segment.average_grade_percent IS 'Average grade in percent, downhill below 0.';
COMMENT ON COLUMN silver.segment.maximum_grade_percent IS 'Steepest grade in percent.';
COMMENT ON COLUMN silver.segment.elevation_high_m IS 'Highest point in metres above sea level.';
COMMENT ON COLUMN silver.segment.elevation_low_m IS 'Lowest point in metres above sea level.';
COMMENT ON COLUMN silver.segment.climb_category IS 'Strava''s category of the climb as a number: 0 none, 1 category 4 (easiest), … 4 category 1, 5 hors catégorie.';
COMMENT ON COLUMN silver.segment.city IS 'City.';
COMMENT ON COLUMN silver.segment.state IS 'State or province.';
COMMENT ON COLUMN silver.segment.country IS 'Country.';
COMMENT ON COLUMN silver.segment.is_private IS 'Seen by its maker only.';
COMMENT ON COLUMN silver.segment.is_hazardous IS 'Flagged as dangerous: Strava keeps no leaderboard.';
COMMENT ON COLUMN silver.segment.is_starred IS 'The athlete has starred it.';
COMMENT ON COLUMN silver.segment.start_latitude_deg IS 'Latitude of the start in degrees.';
COMMENT ON COLUMN silver.segment.start_longitude_deg IS 'Longitude of the start in degrees.';
COMMENT ON COLUMN silver.segment.end_latitude_deg IS 'Latitude of the end in degrees.';
COMMENT ON COLUMN silver.segment.end_longitude_deg IS 'Longitude of the end in degrees.';
COMMENT ON COLUMN silver.segment.effort_count IS 'The athlete''s efforts on it that are here, hidden ones included.';
COMMENT ON COLUMN silver.segment.best_elapsed_time_s IS 'The shortest elapsed time of these efforts in seconds; null: none has a time.';
COMMENT ON COLUMN silver.segment.first_effort_at IS 'Start of the first of them, UTC.';
COMMENT ON COLUMN silver.segment.last_effort_at IS 'Start of the last of them, UTC.';

CREATE TABLE silver.photo (
    athlete_id   bigint   NOT NULL,
    source_id    smallint NOT NULL DEFAULT 1,
    activity_id  bigint   NOT NULL,
    photo_number integer  NOT NULL,
    size_px      integer  NOT NULL,
    photo_id     text,
    url          text     NOT NULL,
    origin       integer,
    media_type   integer,
    is_primary   boolean  NOT NULL,
    CONSTRAINT photo_pk PRIMARY KEY (athlete_id, source_id, activity_id, photo_number, size_px),
    CONSTRAINT photo_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.photo IS 'One row per photo of an activity that its detail names, and size in which Strava has it: where it is, not the picture itself. A detail names the primary photo only; how many there are: activity.photo_count.';
COMMENT ON COLUMN silver.photo.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.photo.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.photo.activity_id IS 'Activity of the photo.';
COMMENT ON COLUMN silver.photo.photo_number IS 'Place in the detail, from 1.';
COMMENT ON COLUMN silver.photo.size_px IS 'Strava''s name of the size, about the longer side in pixels: 100, 600; another number, or 0 where it is no number.';
COMMENT ON COLUMN silver.photo.photo_id IS 'Strava''s id of the photo (unique_id).';
COMMENT ON COLUMN silver.photo.url IS 'Address of the picture, as long as Strava keeps it there.';
COMMENT ON COLUMN silver.photo.origin IS 'Strava''s number of where it comes from (source): 1 Strava, 2 Instagram.';
COMMENT ON COLUMN silver.photo.media_type IS 'Strava''s number of its kind: 1 photo, 2 video.';
COMMENT ON COLUMN silver.photo.is_primary IS 'The one that Strava shows with the activity.';

CREATE TABLE silver.activity_strava_zone (
    athlete_id      bigint   NOT NULL,
    source_id       smallint NOT NULL DEFAULT 1,
    activity_id     bigint   NOT NULL,
    metric          text     NOT NULL,
    zone            integer  NOT NULL,
    from_value      float8,
    to_value        float8,
    time_s          float8,
    score           float8,
    points          float8,
    is_sensor_based boolean,
    is_custom       boolean,
    CONSTRAINT activity_strava_zone_pk PRIMARY KEY (athlete_id, source_id, activity_id, metric, zone),
    CONSTRAINT activity_strava_zone_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.activity_strava_zone IS 'One row per activity, metric and zone as Strava counts it (GET /activities/{id}/zones); only where the operator has these answers fetched, and for subscribers. Zones of different metrics each cover the activity: never add them up together. Worked out here from the streams: activity_zone_time.';
COMMENT ON COLUMN silver.activity_strava_zone.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_strava_zone.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_strava_zone.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_strava_zone.metric IS 'heartrate, pace or power, as sent.';
COMMENT ON COLUMN silver.activity_strava_zone.zone IS 'Place of the zone, from 1. For power Strava counts 0 watts as a zone of its own, the first.';
COMMENT ON COLUMN silver.activity_strava_zone.from_value IS 'Where the zone begins: beats per minute, watts, or for pace metres per second; null: not sent, or implausible.';
COMMENT ON COLUMN silver.activity_strava_zone.to_value IS 'Where the zone ends, in the same unit; null: it has no end (Strava sends -1), or implausible.';
COMMENT ON COLUMN silver.activity_strava_zone.time_s IS 'Seconds in the zone; null: not sent, or implausible.';
COMMENT ON COLUMN silver.activity_strava_zone.score IS 'Strava''s score for the metric, the same in each of its zones, no unit: for heart rate the relative effort.';
COMMENT ON COLUMN silver.activity_strava_zone.points IS 'Strava''s points for the metric, the same in each of its zones, no unit; not documented by Strava.';
COMMENT ON COLUMN silver.activity_strava_zone.is_sensor_based IS 'Measured by a sensor, not estimated.';
COMMENT ON COLUMN silver.activity_strava_zone.is_custom IS 'The athlete has set the zones; false: Strava''s own.';

CREATE TABLE silver.athlete_stats (
    athlete_id             bigint      NOT NULL,
    source_id              smallint    NOT NULL DEFAULT 1,
    period                 text        NOT NULL,
    sport_family           text        NOT NULL,
    activity_count         integer,
    distance_m             float8,
    moving_time_s          integer,
    elapsed_time_s         integer,
    elevation_gain_m       float8,
    achievement_count      integer,
    biggest_ride_distance_m float8,
    biggest_climb_m        float8,
    transform_version      smallint    NOT NULL,
    src_sha256             bytea       NOT NULL,
    updated_at             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_stats_pk PRIMARY KEY (athlete_id, source_id, period, sport_family),
    CONSTRAINT athlete_stats_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_stats_period CHECK (period IN ('recent', 'ytd', 'all')),
    CONSTRAINT athlete_stats_sport_family CHECK (sport_family IN ('ride', 'run', 'swim'))
);
COMMENT ON TABLE silver.athlete_stats IS 'One row per athlete, period and sport: the totals that Strava keeps of activities visible to everyone (GET /athletes/{id}/stats), as of the last answer. The totals of what is here: athlete_month and the like. Periods overlap: never add them up.';
COMMENT ON COLUMN silver.athlete_stats.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_stats.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_stats.period IS 'recent: the last four weeks; ytd: since 1 January; all.';
COMMENT ON COLUMN silver.athlete_stats.sport_family IS 'ride, run or swim.';
COMMENT ON COLUMN silver.athlete_stats.activity_count IS 'Activities.';
COMMENT ON COLUMN silver.athlete_stats.distance_m IS 'Metres; null: not sent, or implausible.';
COMMENT ON COLUMN silver.athlete_stats.moving_time_s IS 'Seconds in motion; null: not sent, or implausible.';
COMMENT ON COLUMN silver.athlete_stats.elapsed_time_s IS 'Seconds from start to end; null: not sent, or implausible.';
COMMENT ON COLUMN silver.athlete_stats.elevation_gain_m IS 'Metres climbed; null: not sent, or implausible.';
COMMENT ON COLUMN silver.athlete_stats.achievement_count IS 'Achievements earned; Strava tells it for the period recent only.';
COMMENT ON COLUMN silver.athlete_stats.biggest_ride_distance_m IS 'Longest ride ever in metres; in the row of all rides only.';
COMMENT ON COLUMN silver.athlete_stats.biggest_climb_m IS 'Most metres climbed at a stretch ever; in the row of all rides only.';
COMMENT ON COLUMN silver.athlete_stats.transform_version IS 'Version of the transform that made the row.';
COMMENT ON COLUMN silver.athlete_stats.src_sha256 IS 'SHA-256 of the answer the row was made from.';
COMMENT ON COLUMN silver.athlete_stats.updated_at IS 'When the row was last made.';
