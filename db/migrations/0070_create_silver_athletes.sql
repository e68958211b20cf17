-- What is known of an athlete over time: weight and FTP as dated facts, the figures that training load refers to, zones, gear.

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
COMMENT ON COLUMN silver.athlete_history.valid_from IS 'When a profile first had these values, UTC. Strava does not tell since when they hold.';
COMMENT ON COLUMN silver.athlete_history.weight_kg IS 'Body weight in kilograms; null when the profile has none.';
COMMENT ON COLUMN silver.athlete_history.ftp_w IS 'Functional threshold power in watts; null when the profile has none.';
COMMENT ON COLUMN silver.athlete_history.added_at IS 'When the row was made.';

-- The newest fact known by then, else the earliest: also for a null instant (an activity without a start) and for infinity. In plpgsql, so
-- that the plan is kept for all rows of a query and all queries of a connection.
CREATE FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT h.weight_kg
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.weight_kg > 0
        ORDER BY h.valid_from <= p_at DESC, CASE WHEN h.valid_from <= p_at THEN h.valid_from END DESC, h.valid_from
        LIMIT 1);
END $$;
COMMENT ON FUNCTION silver.weight_kg_at IS 'The athlete''s weight in kilograms at an instant: the newest known by then, else the earliest known later; null when none is known.';

CREATE TABLE silver.athlete_reference (
    athlete_id               bigint      NOT NULL,
    source_id                smallint    NOT NULL DEFAULT 1,
    max_heartrate_bpm        float8      NOT NULL,
    max_heartrate_is_default boolean     NOT NULL,
    rest_heartrate_bpm       float8      NOT NULL,
    changed_at               timestamptz NOT NULL DEFAULT now(),
    sex                      text,
    CONSTRAINT athlete_reference_pk PRIMARY KEY (athlete_id, source_id),
    CONSTRAINT athlete_reference_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.athlete_reference IS 'One row per athlete: the heart rates that training load refers to today, and the sex. For their dates and origin see athlete_threshold.';
COMMENT ON COLUMN silver.athlete_reference.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_reference.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_reference.max_heartrate_bpm IS 'Maximal heart rate, beats per minute: as set, else estimated from the activities (silver.estimated_max_heartrate_bpm()), else 190.';
COMMENT ON COLUMN silver.athlete_reference.max_heartrate_is_default IS 'Whether max_heartrate_bpm is the default of 190 for want of a hard effort.';
COMMENT ON COLUMN silver.athlete_reference.rest_heartrate_bpm IS 'Heart rate at rest, beats per minute: as set, else 60, a default.';
COMMENT ON COLUMN silver.athlete_reference.changed_at IS 'When the figures last changed.';
COMMENT ON COLUMN silver.athlete_reference.sex IS 'F or M as in the profile, null when it has neither: trimp then uses the constants for men.';

CREATE TABLE silver.athlete_zone_set (
    athlete_id   bigint      NOT NULL,
    source_id    smallint    NOT NULL DEFAULT 1,
    sport_family text        NOT NULL,
    metric       text        NOT NULL,
    valid_from   timestamptz NOT NULL,
    lower_bounds integer[]   NOT NULL,
    is_default   boolean     NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_zone_set_pk PRIMARY KEY (athlete_id, source_id, sport_family, metric, is_default, valid_from),
    CONSTRAINT athlete_zone_set_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_zone_set_metric CHECK (metric IN ('heartrate', 'power', 'pace')),
    CONSTRAINT athlete_zone_set_bounds CHECK (cardinality(lower_bounds) BETWEEN 1 AND 20)
);
COMMENT ON TABLE silver.athlete_zone_set IS 'One row per athlete, sport family, metric and change of zones, the athlete''s own and default ones apart. A set holds from valid_from until the next of its kind, the first also before; default sets hold for a metric of which the athlete has none of their own.';
COMMENT ON COLUMN silver.athlete_zone_set.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_zone_set.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_zone_set.sport_family IS 'Sport family that the zones are for, all for heart rate. Strava''s power zones are a rider''s.';
COMMENT ON COLUMN silver.athlete_zone_set.metric IS 'heartrate, power or pace.';
COMMENT ON COLUMN silver.athlete_zone_set.valid_from IS 'When Strava first sent the zones, or for default zones the date of the threshold that they are made from, UTC; 1970-01-01: always.';
COMMENT ON COLUMN silver.athlete_zone_set.lower_bounds IS 'Element i: where zone i begins, in beats per minute, watts or (pace) centimetres per second; zone i ends where zone i + 1 begins, the last has no end.';
COMMENT ON COLUMN silver.athlete_zone_set.is_default IS 'Not the athlete''s own: heart rate at 60, 70, 80 and 90 % of the maximum, power at 55, 75, 90, 105, 120 and 150 % of the threshold (Coggan), pace at 129, 114, 106, 99 and 90 % of the threshold''s time per kilometre (Friel, his zones 5a to 5c in two).';
COMMENT ON COLUMN silver.athlete_zone_set.changed_at IS 'When the row was made or last changed.';

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
    frame_type         integer,
    weight_kg          float8,
    description        text,
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gear_item_pk PRIMARY KEY (athlete_id, source_id, gear_id),
    CONSTRAINT gear_item_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete ON DELETE CASCADE
);
COMMENT ON TABLE silver.gear_item IS 'One row per bike or pair of shoes that the profile or a gear answer named. To read use the view gear.';
COMMENT ON COLUMN silver.gear_item.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.gear_item.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.gear_item.gear_id IS 'Strava''s id: b… bikes, g… shoes.';
COMMENT ON COLUMN silver.gear_item.name IS 'Name.';
COMMENT ON COLUMN silver.gear_item.nickname IS 'The athlete''s own name for it.';
COMMENT ON COLUMN silver.gear_item.brand IS 'Brand; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.model IS 'Model; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.is_primary IS 'The default bike or pair of shoes.';
COMMENT ON COLUMN silver.gear_item.is_retired IS 'No longer in use: marked so, or gone from the profile''s list.';
COMMENT ON COLUMN silver.gear_item.strava_distance_m IS 'Metres that Strava counts for it, with those from before Strava.';
COMMENT ON COLUMN silver.gear_item.frame_type IS 'Strava''s number of the kind of bike: 1 mountain, 2 cyclo-cross, 3 road, 4 time trial, 5 gravel; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.weight_kg IS 'Weight of the bike in kilograms as the athlete entered it; null: not entered, or implausible. Only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.description IS 'The athlete''s text about it; only a gear answer has it.';
COMMENT ON COLUMN silver.gear_item.updated_at IS 'When the row was last made.';
