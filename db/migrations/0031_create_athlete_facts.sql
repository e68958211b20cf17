-- What is known of an athlete over time: weight and FTP as dated facts, zones, the figures that training load refers to, gear; and splits.

CREATE TABLE silver.athlete_history (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL DEFAULT 1,
    valid_from timestamptz NOT NULL,
    weight_kg  float8,
    ftp_w      integer,
    added_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_history_pk PRIMARY KEY (athlete_id, source_id, valid_from),
    CONSTRAINT athlete_history_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.athlete_history IS 'One row per athlete and change of weight or FTP, from successive profiles. A row holds until the next one. The first also stands for the time before it, for want of better knowledge.';
COMMENT ON COLUMN silver.athlete_history.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_history.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_history.valid_from IS 'When a profile first said so, UTC. Strava does not say since when it is true.';
COMMENT ON COLUMN silver.athlete_history.weight_kg IS 'Body weight in kilograms; null when the profile has none.';
COMMENT ON COLUMN silver.athlete_history.ftp_w IS 'Functional threshold power in watts; null when the profile has none.';
COMMENT ON COLUMN silver.athlete_history.added_at IS 'When the row was made.';

CREATE FUNCTION silver.ftp_w_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT h.ftp_w
    FROM silver.athlete_history h
    WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.ftp_w > 0
    ORDER BY h.valid_from <= p_at DESC, abs(extract(epoch FROM h.valid_from - p_at))
    LIMIT 1
$$;
COMMENT ON FUNCTION silver.ftp_w_at(bigint, smallint, timestamptz) IS 'The athlete''s FTP in watts at an instant: the newest known by then, else the earliest known later; null when none is known.';

CREATE FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT h.weight_kg
    FROM silver.athlete_history h
    WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.weight_kg > 0
    ORDER BY h.valid_from <= p_at DESC, abs(extract(epoch FROM h.valid_from - p_at))
    LIMIT 1
$$;
COMMENT ON FUNCTION silver.weight_kg_at(bigint, smallint, timestamptz) IS 'The athlete''s weight in kilograms at an instant: the newest known by then, else the earliest known later; null when none is known.';

CREATE TABLE silver.athlete_reference (
    athlete_id               bigint      NOT NULL,
    source_id                smallint    NOT NULL DEFAULT 1,
    max_heartrate_bpm        float8      NOT NULL,
    max_heartrate_is_default boolean     NOT NULL,
    rest_heartrate_bpm       float8      NOT NULL,
    changed_at               timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_reference_pk PRIMARY KEY (athlete_id, source_id),
    CONSTRAINT athlete_reference_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.athlete_reference IS 'One row per athlete: the heart rates that training load and default zones refer to. Strava''s API does not tell them.';
COMMENT ON COLUMN silver.athlete_reference.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_reference.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_reference.max_heartrate_bpm IS 'Maximal heart rate, beats per minute: the highest mean over 30 seconds in any activity, if it lies between 165 and 220, else 190.';
COMMENT ON COLUMN silver.athlete_reference.max_heartrate_is_default IS 'Whether max_heartrate_bpm is the default of 190 for want of a hard effort.';
COMMENT ON COLUMN silver.athlete_reference.rest_heartrate_bpm IS 'Heart rate at rest, beats per minute: always 60, a default.';
COMMENT ON COLUMN silver.athlete_reference.changed_at IS 'When the figures last changed.';

CREATE TABLE silver.athlete_zone_set (
    athlete_id   bigint      NOT NULL,
    source_id    smallint    NOT NULL DEFAULT 1,
    metric       text        NOT NULL,
    valid_from   timestamptz NOT NULL,
    lower_bounds integer[]   NOT NULL,
    is_default   boolean     NOT NULL,
    CONSTRAINT athlete_zone_set_pk PRIMARY KEY (athlete_id, source_id, metric, valid_from),
    CONSTRAINT athlete_zone_set_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_zone_set_metric CHECK (metric IN ('heartrate', 'power')),
    CONSTRAINT athlete_zone_set_bounds CHECK (cardinality(lower_bounds) BETWEEN 1 AND 20)
);
COMMENT ON TABLE silver.athlete_zone_set IS 'One row per athlete, metric and change of zones. Zones that Strava has hold from valid_from until the next row, the first also before; the default (valid_from -infinity) holds for athletes without any.';
COMMENT ON COLUMN silver.athlete_zone_set.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_zone_set.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_zone_set.metric IS 'heartrate or power.';
COMMENT ON COLUMN silver.athlete_zone_set.valid_from IS 'When Strava first said so, UTC; -infinity for the default.';
COMMENT ON COLUMN silver.athlete_zone_set.lower_bounds IS 'Element i: where zone i begins, in beats per minute or watts; zone i ends where zone i + 1 begins, the last has no end.';
COMMENT ON COLUMN silver.athlete_zone_set.is_default IS 'Not the athlete''s own: heart rate at 60, 70, 80 and 90 % of the maximum, power at 55, 75, 90, 105, 120 and 150 % of FTP (Coggan).';

CREATE TABLE silver.gear_item (
    athlete_id         bigint   NOT NULL,
    source_id          smallint NOT NULL DEFAULT 1,
    gear_id            text     NOT NULL,
    name               text,
    nickname           text,
    brand              text,
    model              text,
    is_primary         boolean,
    is_retired         boolean,
    strava_distance_m  float8,
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gear_item_pk PRIMARY KEY (athlete_id, source_id, gear_id),
    CONSTRAINT gear_item_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.gear_item IS 'One row per bike or pair of shoes that the profile or a gear answer named. To read take the view gear.';
COMMENT ON COLUMN silver.gear_item.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.gear_item.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.gear_item.gear_id IS 'Strava''s id: b… bikes, g… shoes.';
COMMENT ON COLUMN silver.gear_item.name IS 'Name.';
COMMENT ON COLUMN silver.gear_item.nickname IS 'The athlete''s own name for it.';
COMMENT ON COLUMN silver.gear_item.brand IS 'Brand; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.model IS 'Model; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.is_primary IS 'The default bike or pair of shoes.';
COMMENT ON COLUMN silver.gear_item.is_retired IS 'No longer in use: marked so, or gone from the profile''s list.';
COMMENT ON COLUMN silver.gear_item.strava_distance_m IS 'Metres that Strava counts for it, with what was before Strava.';
COMMENT ON COLUMN silver.gear_item.updated_at IS 'When the row was last made.';

CREATE VIEW silver.gear WITH (security_invoker = true) AS
SELECT athlete_id, source_id, gear_id, CASE left(gear_id, 1) WHEN 'b' THEN 'bike' WHEN 'g' THEN 'shoes' END AS kind,
       coalesce(i.name, u.name) AS name, i.nickname, i.brand, i.model, i.is_primary, i.is_retired, i.strava_distance_m,
       coalesce(u.activity_count, 0)::integer AS activity_count, coalesce(u.distance_m, 0) AS activity_distance_m,
       coalesce(u.moving_time_s, 0) AS activity_moving_time_s, u.first_used_on, u.last_used_on
FROM silver.gear_item i
FULL JOIN (
    SELECT athlete_id, source_id, gear_id, max(gear_name) AS name, count(*) AS activity_count, sum(distance_m) AS distance_m,
           sum(moving_time_s) AS moving_time_s, min(start_date_local)::date AS first_used_on, max(start_date_local)::date AS last_used_on
    FROM silver.activity
    WHERE gear_id IS NOT NULL
    GROUP BY athlete_id, source_id, gear_id
) AS u USING (athlete_id, source_id, gear_id);
COMMENT ON VIEW silver.gear IS 'One row per athlete and bike or pair of shoes, with its mileage.';
COMMENT ON COLUMN silver.gear.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.gear.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.gear.gear_id IS 'Strava''s id, as in activity.gear_id.';
COMMENT ON COLUMN silver.gear.kind IS 'bike or shoes.';
COMMENT ON COLUMN silver.gear.name IS 'Name.';
COMMENT ON COLUMN silver.gear.nickname IS 'The athlete''s own name for it.';
COMMENT ON COLUMN silver.gear.brand IS 'Brand, if known.';
COMMENT ON COLUMN silver.gear.model IS 'Model, if known.';
COMMENT ON COLUMN silver.gear.is_primary IS 'The default bike or pair of shoes; null when only activities name it.';
COMMENT ON COLUMN silver.gear.is_retired IS 'No longer in use; null when only activities name it.';
COMMENT ON COLUMN silver.gear.strava_distance_m IS 'Metres that Strava counts for it, with what was before Strava.';
COMMENT ON COLUMN silver.gear.activity_count IS 'Activities here with this gear.';
COMMENT ON COLUMN silver.gear.activity_distance_m IS 'Metres of these activities.';
COMMENT ON COLUMN silver.gear.activity_moving_time_s IS 'Seconds in motion of these activities.';
COMMENT ON COLUMN silver.gear.first_used_on IS 'Local day of the first of them.';
COMMENT ON COLUMN silver.gear.last_used_on IS 'Local day of the last of them.';

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
COMMENT ON TABLE silver.split IS 'One row per kilometre of an activity, as Strava splits it (splits_metric of the detail; runs and walks only). The last is what is left.';
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

-- The zones that held at the start of the activity: the newest set known by then, else the earliest set, else the default.
CREATE VIEW silver.activity_zone_time WITH (security_invoker = true) AS
SELECT a.athlete_id, a.source_id, a.activity_id, 'heartrate'::text AS metric, z.zone::integer, s.lower_bounds[z.zone] AS from_bpm,
       s.lower_bounds[z.zone + 1] AS to_bpm, NULL::integer AS from_w, NULL::integer AS to_w,
       coalesce((
           SELECT sum(u) FROM unnest(r.heartrate_seconds[
               greatest(s.lower_bounds[z.zone] - r.heartrate_first_bpm + 1, 1) : s.lower_bounds[z.zone + 1] - r.heartrate_first_bpm]) AS u
       ), 0)::integer AS seconds, s.is_default
FROM silver.activity_rollup r
JOIN silver.activity a USING (athlete_id, source_id, activity_id)
CROSS JOIN LATERAL (
    SELECT t.lower_bounds || 1000 AS lower_bounds, t.is_default
    FROM silver.athlete_zone_set t
    WHERE t.athlete_id = a.athlete_id AND t.source_id = a.source_id AND t.metric = 'heartrate'
    ORDER BY t.is_default, t.valid_from <= a.start_at DESC,
        CASE WHEN t.valid_from <= a.start_at THEN t.valid_from END DESC, t.valid_from
    LIMIT 1
) AS s
CROSS JOIN LATERAL generate_series(1, cardinality(s.lower_bounds) - 1) AS z(zone)
WHERE r.heartrate_seconds IS NOT NULL
UNION ALL
SELECT a.athlete_id, a.source_id, a.activity_id, 'power', z.zone::integer, NULL, NULL, s.lower_bounds[z.zone], s.lower_bounds[z.zone + 1],
       coalesce((
           SELECT sum(u) FROM unnest(r.power_seconds[
               round(s.lower_bounds[z.zone] / 5.0)::integer + 1 : round(s.lower_bounds[z.zone + 1] / 5.0)::integer]) AS u
       ), 0)::integer, s.is_default
FROM silver.activity_rollup r
JOIN silver.activity a USING (athlete_id, source_id, activity_id)
CROSS JOIN LATERAL (
    SELECT t.lower_bounds || 100000 AS lower_bounds, t.is_default
    FROM silver.athlete_zone_set t
    WHERE t.athlete_id = a.athlete_id AND t.source_id = a.source_id AND t.metric = 'power'
    ORDER BY t.is_default, t.valid_from <= a.start_at DESC,
        CASE WHEN t.valid_from <= a.start_at THEN t.valid_from END DESC, t.valid_from
    LIMIT 1
) AS s
CROSS JOIN LATERAL generate_series(1, cardinality(s.lower_bounds) - 1) AS z(zone)
WHERE r.power_seconds IS NOT NULL;
COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate and power zones as they were at the start of the activity. Each second is in exactly one zone of a metric.';
COMMENT ON COLUMN silver.activity_zone_time.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.activity_zone_time.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.activity_zone_time.activity_id IS 'Activity.';
COMMENT ON COLUMN silver.activity_zone_time.metric IS 'heartrate or power: says which bounds are filled.';
COMMENT ON COLUMN silver.activity_zone_time.zone IS 'Number of the zone, from 1 (easiest).';
COMMENT ON COLUMN silver.activity_zone_time.from_bpm IS 'First heart rate of the zone, beats per minute.';
COMMENT ON COLUMN silver.activity_zone_time.to_bpm IS 'Heart rate at which the next zone begins; 1000 for the last.';
COMMENT ON COLUMN silver.activity_zone_time.from_w IS 'Power at which the zone begins, watts (time is counted in steps of 5 W).';
COMMENT ON COLUMN silver.activity_zone_time.to_w IS 'Power at which the next zone begins, watts; 100000 for the last.';
COMMENT ON COLUMN silver.activity_zone_time.seconds IS 'Seconds in the zone.';
COMMENT ON COLUMN silver.activity_zone_time.is_default IS 'The zones are a default, not the athlete''s own.';
