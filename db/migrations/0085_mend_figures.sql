-- Figures that odd or edited activities made wrong, and comments that said something else than what is worked out.

-- Nothing that an athlete does has a figure of a googol. Larger ones would break arithmetic later: of sums and squares over many rows.
CREATE OR REPLACE FUNCTION bronze_strava.json_float(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 1e100 THEN round(value::numeric, 15)::float8 END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,15}(\.\d{1,15})?$' THEN (value #>> '{}')::float8 END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_float(jsonb) IS 'A number below 1e100, or a string that holds one; else NULL.';

-- Rounded before it is compared: what comes out is never the largest integer, so that one can be added to it.
CREATE OR REPLACE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,9}$' THEN (value #>> '{}')::integer END
    END
$$;

-- The newest fact known by then, else the earliest: also at no instant (an activity without a start) and at infinity.
CREATE OR REPLACE FUNCTION silver.ftp_w_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT h.ftp_w
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.ftp_w > 0
        ORDER BY h.valid_from <= p_at DESC, CASE WHEN h.valid_from <= p_at THEN h.valid_from END DESC, h.valid_from
        LIMIT 1);
END $$;

CREATE OR REPLACE FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT h.weight_kg
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.weight_kg > 0
        ORDER BY h.valid_from <= p_at DESC, CASE WHEN h.valid_from <= p_at THEN h.valid_from END DESC, h.valid_from
        LIMIT 1);
END $$;

-- Both, because the sport may be edited when the streams stay as they are.
ALTER TABLE silver.activity_rollup ADD COLUMN adjusted_distance_m float8[];
COMMENT ON COLUMN silver.activity_rollup.adjusted_distance_m IS 'Metres on the level that cost as much energy (Minetti 2002): element 1 if it was run, element 2 if it was walked. Null without grades. To read take activity_metric.grade_adjusted_distance_m.';

-- Distances come in tenths of a metre: 7 miles are 11265.408 m and arrive as 11265.4.
CREATE OR REPLACE VIEW silver.eddington WITH (security_invoker = true) AS
SELECT athlete_id, source_id, sport_family, unit, coalesce(max(rank) FILTER (WHERE distance >= rank), 0)::integer AS eddington,
       (count(*) FILTER (WHERE distance >= coalesce(top, 0) + 1))::integer AS days_towards_next
FROM (
    SELECT d.athlete_id, d.source_id, d.sport_family, u.unit, v.distance, rank,
           max(rank) FILTER (WHERE v.distance >= rank) OVER (PARTITION BY d.athlete_id, d.source_id, d.sport_family, u.unit) AS top
    FROM (
        SELECT athlete_id, source_id, silver.sport_family(sport_type) AS sport_family, start_date_local::date AS day,
               sum(distance_m) AS distance_m,
               row_number() OVER (
                   PARTITION BY athlete_id, source_id, silver.sport_family(sport_type) ORDER BY sum(distance_m) DESC) AS rank
        FROM silver.activity
        WHERE distance_m > 0 AND start_date_local IS NOT NULL
        GROUP BY 1, 2, 3, 4
    ) AS d
    CROSS JOIN (VALUES ('km', 1000.0::float8), ('mile', 1609.344)) AS u(unit, metres)
    CROSS JOIN LATERAL (SELECT (d.distance_m + 0.05) / u.metres AS distance) AS v
) AS ranked
WHERE sport_family IN ('run', 'walk', 'ride')
GROUP BY athlete_id, source_id, sport_family, unit;
COMMENT ON VIEW silver.eddington IS 'One row per athlete, sport family and unit: Eddington''s number, the largest E for which there were E days with at least E kilometres (or miles), to half a tenth of a metre. All activities of a local day count together.';

COMMENT ON COLUMN silver.activity.source_id IS '1 strava_api, 2 strava_archive, 3 file. Part of each key: the same workout from two sources is two rows.';
COMMENT ON COLUMN silver.activity.start_at IS 'Start, UTC. 00:00:01 means that the athlete hides it: start_date_local says the same then, and of both only the day is true.';
COMMENT ON COLUMN silver.activity.start_date_local IS 'Start on the clock on the wall where it happened; has no zone. Use it for days, weeks and hours of the athlete. 00:00:01: hidden, see start_at.';

COMMENT ON COLUMN silver.activity.perceived_exertion IS 'The athlete''s own rating, no unit: from 1, easiest, to 10; only a detail has it.';
COMMENT ON COLUMN silver.activity.workout_type IS 'Number of a kind of workout. Runs: 0 default, 1 race, 2 long run, 3 workout. Rides: 10 default, 11 race, 12 workout.';

COMMENT ON COLUMN silver.activity_rollup.heartrate_bpm IS 'Element i: best mean heart rate in beats per minute over effort_durations_s()[i] seconds of elapsed time, of the seconds that have one; null when no window has one in nine tenths of its seconds.';

COMMENT ON COLUMN silver.activity_metric.average_heartrate_bpm IS 'Mean heart rate over heartrate_s, beats per minute. For a mean over activities weigh by heartrate_s.';
COMMENT ON COLUMN silver.activity_metric.average_power_w IS 'Mean power over power_s, watts; seconds of 0 W count. For a mean over activities weigh by power_s.';
COMMENT ON COLUMN silver.activity_metric.decoupling_percent IS 'How much output per heart beat fell from the first to the second half (Friel''s Pw:HR and Pa:HR): output is mean power, else mean speed; percent, negative when it rose. Null when less than 20 minutes have both. Never summed.';
COMMENT ON COLUMN silver.activity_metric.best_vam_10min_m_per_h IS 'Climbing speed (VAM) over the best 10 minutes of elapsed time, net metres of altitude per hour. In every sport, so a lift counts: filter by sport_type.';
COMMENT ON COLUMN silver.activity_metric.grade_adjusted_distance_m IS 'Runs and walks, else null: metres on the level that cost as much energy, by Minetti''s cost (2002) of running or of walking. It was covered in recorded_s, not in moving_time_s: see grade_adjusted_pace_s_per_km.';
COMMENT ON COLUMN silver.activity_metric.trimp IS 'Training impulse after Banister (Morton 1990) from the heart rate: sum of minutes · x · k · e^(c · x) with x the part of the heart rate reserve; k and c are 0.86 and 1.67 for women, 0.64 and 1.92 for men and when the sex is not known. No unit, may be summed. Null without heart rate.';
COMMENT ON COLUMN silver.activity_metric.load IS 'Training load on one scale for all methods, no unit: 100 is one hour at threshold. May be summed. Made as load_method says; 0 with load_method none is not known, not easy.';

COMMENT ON VIEW silver.activity_best_effort IS 'One row per activity, metric and rung of the ladder: best mean power and heart rate over fixed durations, shortest time for fixed distances. All sports have pace, errors of GPS too: filter by sport_type, or take personal_record, which leaves out what is too fast.';
COMMENT ON VIEW silver.activity_histogram IS 'One row per activity, metric and bin: seconds at each heart rate, and in each band of 5 watts; also of 0 seconds. Filter by metric: both count the same time.';
COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate and power zones as they were at the start of the activity; default zones (is_default) come from the newest maximal heart rate and FTP. Each second is in exactly one zone of a metric. Filter by metric: both count the same time.';
COMMENT ON VIEW silver.activity_interval_1min IS 'One row per activity and minute of elapsed time, pauses included. Null: no value in the minute.';
COMMENT ON TABLE silver.lap IS 'One row per lap of an activity, from its detail. Laps, kilometres (split) and miles (split_mile) each cover the activity: never add them up together, and join none with another by activity_id.';

COMMENT ON COLUMN silver.quality_check.at_least IS 'Smallest value that is allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_check.at_most IS 'Largest value that is allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_finding.at_least IS 'Smallest value that was allowed, in the unit that check_name ends with; null: any.';
COMMENT ON COLUMN silver.quality_finding.at_most IS 'Largest value that was allowed, in the unit that check_name ends with; null: any.';

COMMENT ON TABLE silver.training_day IS 'One row per athlete and local day from the first to the last activity, days without training included; activities dated before 1980 or more than two days ahead are left out. To read take athlete_day, which goes on to today.';
COMMENT ON VIEW silver.athlete_day IS 'One row per athlete and local day from the first activity to today by UTC (at most 2,000 days after the last activity), days without training included; activities dated before 1980 or more than two days ahead are left out.';
COMMENT ON VIEW silver.power_curve IS 'One row per athlete, period and duration: best mean power over the last 90 days, this calendar year and all time, in all sports together. By sport: personal_record, and for other periods silver.best_efforts_between().';
COMMENT ON VIEW silver.personal_record IS 'One row per athlete, sport family, metric and rung of the ladder: the best of all time, from streams. Indoor and virtual activities count. Pace: faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by metric.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['training_day', 'athlete_day'] LOOP
        EXECUTE format('COMMENT ON COLUMN silver.%I.load IS %L', name,
            'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.');
        EXECUTE format('COMMENT ON COLUMN silver.%I.fitness_ctl IS %L', name,
            'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.');
        EXECUTE format('COMMENT ON COLUMN silver.%I.fatigue_atl IS %L', name,
            'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.');
        EXECUTE format('COMMENT ON COLUMN silver.%I.form_tsb IS %L', name,
            'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.');
    END LOOP;
    FOREACH name IN ARRAY ARRAY['athlete_week', 'athlete_month'] LOOP
        EXECUTE format('COMMENT ON COLUMN silver.%I.load IS %L', name,
            'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.');
        EXECUTE format('COMMENT ON COLUMN silver.%I.calories_kcal IS %L', name,
            'Their kilocalories, as far as details have landed; null when none has any.');
    END LOOP;
END $$;
