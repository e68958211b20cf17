-- The whole schema as all migrations together make it, to read and to search. Written by `make schema`; nothing runs it.
-- Roles and privileges: db/roles.sql.

CREATE SCHEMA bronze_strava;

COMMENT ON SCHEMA bronze_strava IS 'What Strava sent, as sent: one row per object with its exact bytes, and the predecessor''s tables as views.';

CREATE SCHEMA metrics;

COMMENT ON SCHEMA metrics IS 'Lineage of what was loaded, in the predecessor''s shape.';

CREATE SCHEMA silver;

COMMENT ON SCHEMA silver IS 'Typed, commented tables and views for dashboards, made from bronze; silver.readme has an example for each. Filter by athlete_id. Numbers are in the unit that their name ends with, else in that of their comment. Times are UTC unless a column says local; for days, weeks and hours of the athlete use start_date_local. Null is not known, 0 is zero. Add up seconds, metres, counts and load; never percentages, averages, paces, fitness or form. Join activities with USING (athlete_id, source_id, activity_id).';

CREATE SCHEMA sync;

COMMENT ON SCHEMA sync IS 'State of the synchronisation: athletes, schedule and leases, cursors, completeness ledger, quota, runs, quarantine. Written by fitnessd only.';

CREATE SCHEMA vault;

COMMENT ON SCHEMA vault IS 'Sealed OAuth tokens. No dashboard role may read it.';

CREATE FUNCTION bronze_strava.is_time(value text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    day text;
    month text;
BEGIN
    IF value !~ '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ](?:(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9](?:[.][0-9]{0,9})?|60))?|24:00(?::00)?)(?![0-9:.])'
        OR value LIKE '0000%' THEN
        RETURN false;
    END IF;
    day := substr(value, 9, 2);
    IF day < '29' THEN RETURN true; END IF;
    month := substr(value, 6, 2);
    IF month = '02' THEN
        RETURN day = '29' AND substr(value, 3, 2)::integer % 4 = 0 AND (substr(value, 3, 2) <> '00' OR left(value, 2)::integer % 4 = 0);
    END IF;
    RETURN day <> '31' OR month NOT IN ('04', '06', '09', '11');
END $$;

COMMENT ON FUNCTION bronze_strava.is_time(value text) IS 'Whether the text begins with a date and a time of day that exist.';

CREATE FUNCTION bronze_strava.json_bigint(value jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(round(value::numeric)) < 9223372036854775807 THEN round(value::numeric)::bigint END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 9223372036854775807
                THEN round(bronze_strava.json_numeric(value))::bigint END
    END
$$;

COMMENT ON FUNCTION bronze_strava.json_bigint(value jsonb) IS 'A number that fits 64 bits, rounded, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_bool(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'boolean' THEN value::boolean
        WHEN value #>> '{}' IN ('true', '1') THEN true WHEN value #>> '{}' IN ('false', '0') THEN false
    END
$$;

COMMENT ON FUNCTION bronze_strava.json_bool(value jsonb) IS 'true or false, also as string or as 1 and 0; else NULL.';

CREATE FUNCTION bronze_strava.json_degree(pair jsonb, place integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(pair) = 'array' AND abs(bronze_strava.json_float(pair -> place)) <= 90 * (place + 1)
        THEN bronze_strava.json_float(pair -> place) END
$$;

COMMENT ON FUNCTION bronze_strava.json_degree(pair jsonb, place integer) IS 'Latitude (place 0) or longitude (place 1) of a [latitude, longitude] pair in degrees; NULL for [] or nonsense.';

CREATE FUNCTION bronze_strava.json_document(document text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    clean text;
BEGIN
    RETURN document::jsonb;
EXCEPTION WHEN OTHERS THEN
    BEGIN
        -- chr(1) stands for an escaped backslash meanwhile: JSON has no raw control characters.
        clean := replace(ltrim(document, U&'\FEFF'), '\\', chr(1));
        clean := replace(clean, '\u0000', '');
        clean := regexp_replace(clean, '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\\ufffd', 'g');
        clean := regexp_replace(clean, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g');
        clean := regexp_replace(clean, '([:,[]\s*)(?:-?Infinity|NaN|-?\d+(?:\.\d+)?[eE][+-]?\d{5,})(?=\s*[,\]}])', '\1null', 'g');
        RETURN replace(clean, chr(1), '\\')::jsonb;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END $$;

COMMENT ON FUNCTION bronze_strava.json_document(document text) IS 'The text as jsonb, without what jsonb refuses (U+0000, halves of surrogate pairs, numbers beyond numeric, NaN); NULL when it is not JSON.';

CREATE FUNCTION bronze_strava.json_float(value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(value::numeric) < 1e100 THEN round(value::numeric, 15)::float8 END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(bronze_strava.json_numeric(value)) < 1e100 THEN round(bronze_strava.json_numeric(value), 15)::float8 END
    END
$$;

COMMENT ON FUNCTION bronze_strava.json_float(value jsonb) IS 'A number below 1e100, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 2147483647 THEN round(bronze_strava.json_numeric(value))::integer END
    END
$$;

COMMENT ON FUNCTION bronze_strava.json_int(value jsonb) IS 'A number that fits 32 bits, rounded, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_list(body bytea) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    document jsonb;
BEGIN
    document := bronze_strava.json_document(convert_from(body, 'UTF8'));
    RETURN CASE WHEN jsonb_typeof(document) = 'array' THEN document END;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;

COMMENT ON FUNCTION bronze_strava.json_list(body bytea) IS 'The bytes of an answer as jsonb; NULL when they are not a JSON list in UTF-8.';

CREATE FUNCTION bronze_strava.json_local_time(value jsonb) RETURNS timestamp without time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
DECLARE
    said text := value #>> '{}';
BEGIN
    IF said ~ '^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$' THEN
        RETURN left(said, 19)::timestamp;
    END IF;
    RETURN CASE WHEN bronze_strava.is_time(said) THEN (left(said, 10) || ' ' || substring(substr(said, 12) FROM '^[0-9:.]+'))::timestamp END;
END $_$;

COMMENT ON FUNCTION bronze_strava.json_local_time(value jsonb) IS 'Local wall-clock time; the Z that Strava appends to it is wrong and ignored.';

CREATE FUNCTION bronze_strava.json_measure(value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN least(greatest(value::numeric, -1e100), 1e100)::float8
        WHEN jsonb_typeof(value) = 'string' THEN least(greatest(bronze_strava.json_numeric(value), -1e100), 1e100)::float8
    END
$$;

COMMENT ON FUNCTION bronze_strava.json_measure(value jsonb) IS 'A number of any size, or a string that holds one, for a finding: at most 1e100, at least -1e100; else NULL.';

CREATE FUNCTION bronze_strava.json_numeric(value jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN value::numeric
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN value #>> '{}' ~ '^\s*[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?\s*$' THEN (value #>> '{}')::numeric END
    END
$_$;

COMMENT ON FUNCTION bronze_strava.json_numeric(value jsonb) IS 'A number, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_object(body bytea) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    document jsonb;
BEGIN
    document := bronze_strava.json_document(convert_from(body, 'UTF8'));
    RETURN CASE WHEN jsonb_typeof(document) = 'object' THEN document END;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;

COMMENT ON FUNCTION bronze_strava.json_object(body bytea) IS 'The bytes of an answer as jsonb; NULL when they are not a JSON object in UTF-8.';

CREATE FUNCTION bronze_strava.json_text(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(value) IN ('string', 'number', 'boolean') THEN value #>> '{}' END
$$;

COMMENT ON FUNCTION bronze_strava.json_text(value jsonb) IS 'A string, or a number or boolean as text; else NULL.';

CREATE FUNCTION bronze_strava.json_time(value jsonb) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
DECLARE
    said text := value #>> '{}';
BEGIN
    -- The form that Strava sends, on a day that each month has: looked at once, because there are hundreds in an activity.
    IF said ~ '^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$' THEN
        RETURN said::timestamptz;
    END IF;
    IF NOT bronze_strava.is_time(said) THEN RETURN NULL; END IF;
    IF said ~ '^.{11}[0-9:.]+ ?(?:[Zz]|[+-](?:0?[0-9]|1[0-5])(?::?[0-5][0-9])?)$' THEN RETURN said::timestamptz; END IF;
    -- Without a zone it is UTC.
    IF said ~ '^.{11}[0-9:.]+$' THEN RETURN said::timestamp AT TIME ZONE 'UTC'; END IF;
    RETURN NULL;
END $_$;

COMMENT ON FUNCTION bronze_strava.json_time(value jsonb) IS 'An ISO 8601 instant; else NULL.';

CREATE FUNCTION silver.best_efforts_between(p_athlete_id bigint, p_source_id smallint, p_metric text, p_from timestamp without time zone, p_to timestamp without time zone, p_sport_family text DEFAULT NULL::text) RETURNS TABLE(sport_family text, rung integer, value double precision, activity_id bigint, start_offset_s integer, start_date_local timestamp without time zone)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
BEGIN
    -- Each activity gets a number; the best of a rung is the largest of value and number in one integer. A later activity has a smaller
    -- number, so the first of equals wins. The shortest time is the largest negative one.
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY a.start_date_local DESC, a.activity_id DESC) AS number, a.activity_id, a.sport_family,
               a.start_date_local,
               CASE WHEN p_metric = 'power' THEN r.power_w WHEN p_metric = 'heartrate' THEN r.heartrate_bpm
                   WHEN p_metric = 'pace' THEN r.pace_time_s END AS vals,
               CASE WHEN p_metric = 'power' THEN r.power_start_s WHEN p_metric = 'heartrate' THEN r.heartrate_start_s
                   WHEN p_metric = 'pace' THEN r.pace_start_s END AS starts,
               CASE WHEN a.sport_family = 'ride' THEN 30 WHEN a.sport_family = 'swim' THEN 3 ELSE 10 END AS speed_mps_max
        FROM silver.activity a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_date_local >= p_from AND a.start_date_local < p_to
          AND silver.is_dated(a.start_date_local)
          AND (p_sport_family IS NULL OR a.sport_family = p_sport_family)
          AND (p_metric <> 'power' OR a.has_power_meter IS NOT FALSE)
    ), best AS (
        SELECT c.sport_family, u.rung,
               max(CASE WHEN p_metric = 'pace' THEN -round(u.val * 100) ELSE round(u.val * 100) END::bigint * 4294967296 + c.number) AS code
        FROM candidate c CROSS JOIN LATERAL unnest(c.vals) WITH ORDINALITY AS u(val, rung)
        WHERE u.val IS NOT NULL AND (p_metric <> 'pace' OR (silver.effort_distances_m())[u.rung] <= u.val * c.speed_mps_max)
        GROUP BY c.sport_family, u.rung
    )
    SELECT b.sport_family, b.rung::integer, c.vals[b.rung]::text::float8, c.activity_id, c.starts[b.rung], c.start_date_local
    FROM best b JOIN candidate c ON c.number = b.code & 4294967295
    ORDER BY b.sport_family, b.rung;
END $$;

COMMENT ON FUNCTION silver.best_efforts_between(p_athlete_id bigint, p_source_id smallint, p_metric text, p_from timestamp without time zone, p_to timestamp without time zone, p_sport_family text) IS 'The best effort of an athlete in each sport family (or in p_sport_family alone) at each rung of the ladder, in activities that began in [from, to) local time and count (silver.is_dated): metric power (W, without Strava''s estimates), heartrate (beats per minute) or pace (value: seconds for effort_distances_m()[rung]; faster than 30 m/s in rides, 3 in swims and 10 in other sports counts as an error of measurement).';

CREATE FUNCTION silver.bind_reader(p_athlete_id bigint, p_rights integer, p_mac bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF session_user <> 'fitness_reader' THEN
        RAISE EXCEPTION 'the login is %, and must be fitness_reader: change FITNESSD_READER_DATABASE_URL', session_user USING ERRCODE = '28000';
    END IF;
    -- A login that could read more would make every limit below a mere appearance. It must be a member of fitness_places without inheriting its
    -- rights: only a transaction that sets this role has them.
    IF EXISTS (
            SELECT FROM pg_roles r
            WHERE r.rolname = session_user AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication))
        OR EXISTS (
            SELECT FROM pg_roles r
            WHERE r.rolname <> session_user
              AND (pg_has_role(session_user, r.oid, 'USAGE') OR r.rolname <> 'fitness_places' AND pg_has_role(session_user, r.oid, 'MEMBER'))) THEN
        RAISE EXCEPTION 'fitness_reader has attributes or memberships that db/roles.sql does not give it: take them away' USING ERRCODE = '28000';
    END IF;
    IF NOT sync.is_reader_mac(p_athlete_id, p_rights, pg_current_xact_id(), p_mac) THEN
        RAISE EXCEPTION 'the binding of fitness_reader does not hold: FITNESSD_READER_DATABASE_URL must lead to the database of FITNESSD_DATABASE_URL'
            USING ERRCODE = '28000';
    END IF;
    PERFORM set_config('fitness.reader', format('%s %s %s', p_athlete_id, p_rights, encode(p_mac, 'hex')), true);
END $$;

COMMENT ON FUNCTION silver.bind_reader(p_athlete_id bigint, p_rights integer, p_mac bytea) IS 'Binds an athlete, with rights of silver.reader_rights, to the transaction of login fitness_reader. Needs a MAC that only fitnessd can make.';

CREATE FUNCTION silver.calendar_begin() RETURNS timestamp without time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT timestamp '1980-01-01' $$;

COMMENT ON FUNCTION silver.calendar_begin() IS 'Local time from which activities count in days, weeks, months, years, records and curves: what is dated before 1980 is an error of a clock.';

CREATE FUNCTION silver.calendar_end() RETURNS timestamp without time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT ((now() AT TIME ZONE 'UTC')::date + 3)::timestamp
$$;

COMMENT ON FUNCTION silver.calendar_end() IS 'Local time before which activities count in days, weeks, months, years, records and curves: what is dated more than two days ahead is an error of a clock.';

CREATE FUNCTION silver.curve_periods() RETURNS TABLE(period text, since timestamp without time zone)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT v.period, v.since FROM (VALUES
        ('days_90'::text, (now() AT TIME ZONE 'UTC') - interval '90 days'),
        ('season', date_trunc('year', now() AT TIME ZONE 'UTC')),
        ('all_time', '-infinity'::timestamp)) AS v(period, since)
$$;

COMMENT ON FUNCTION silver.curve_periods() IS 'The periods of power_curve and pace_curve and the local time since when each counts: days_90 (90 days by UTC), season (this calendar year), all_time.';

CREATE FUNCTION silver.effort_distances_m() RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT '{400,804.672,1000,1609.344,3218.688,5000,10000,15000,16093.44,20000,21097.5,30000,42195}'::float8[]
$$;

COMMENT ON FUNCTION silver.effort_distances_m() IS 'Metres for which the fastest time is kept: element i belongs to element i of activity_rollup.pace_time_s.';

CREATE FUNCTION silver.effort_durations_s() RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT '{1,2,3,5,8,10,15,20,30,45,60,90,120,180,240,300,360,480,600,720,900,1200,1500,1800,2400,2700,3600,5400,7200,10800,14400,18000}'::integer[]
$$;

COMMENT ON FUNCTION silver.effort_durations_s() IS 'Seconds for which best mean power and heart rate are kept: element i belongs to element i of activity_rollup.power_w and heartrate_bpm.';

CREATE FUNCTION silver.estimate_input(p_start_date_local timestamp without time zone, p_sport_family text, p_has_power_meter boolean, p_power_w real[], p_pace_time_s real[], p_heartrate_bpm real[]) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN p_sport_family IN ('ride', 'run', 'swim', 'paddle') AND p_start_date_local >= silver.calendar_begin()
            AND p_start_date_local < silver.calendar_end()
        THEN hash_record_extended((p_sport_family, CASE WHEN p_has_power_meter IS NOT FALSE THEN p_power_w END, p_pace_time_s,
            p_heartrate_bpm[array_position(silver.effort_durations_s(), 1200)]), 0) END
$$;

COMMENT ON FUNCTION silver.estimate_input(p_start_date_local timestamp without time zone, p_sport_family text, p_has_power_meter boolean, p_power_w real[], p_pace_time_s real[], p_heartrate_bpm real[]) IS 'A number that is another one when an activity gives something else to the estimates of its month; null: it gives nothing.';

CREATE FUNCTION silver.estimated_max_heartrate_bpm(p_athlete_id bigint, p_source_id smallint) RETURNS double precision
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (
        SELECT v.bpm
        FROM (
            SELECT m.best_heartrate_30s_bpm AS bpm, lead(m.best_heartrate_30s_bpm) OVER (ORDER BY m.best_heartrate_30s_bpm DESC) AS next_bpm,
                   count(*) OVER () AS activities
            FROM (
                SELECT t.best_heartrate_30s_bpm FROM silver.activity_metric t
                WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.best_heartrate_30s_bpm BETWEEN 165 AND 220
                ORDER BY t.best_heartrate_30s_bpm DESC LIMIT 20
            ) AS m
        ) AS v
        WHERE v.bpm - v.next_bpm <= 8 OR (v.bpm <= 200 AND v.activities <= 3)
        ORDER BY v.bpm DESC LIMIT 1);
END $$;

COMMENT ON FUNCTION silver.estimated_max_heartrate_bpm(p_athlete_id bigint, p_source_id smallint) IS 'The athlete''s maximal heart rate, beats per minute: the highest mean over 30 seconds between 165 and 220 that another activity confirms within 8 beats; with up to three such activities the highest up to 200. Null: there was no hard effort.';

CREATE FUNCTION silver.estimated_thresholds(p_athlete_id bigint, p_source_id smallint, p_month date, p_max_heartrate_bpm double precision) RETURNS TABLE(sport_family text, metric text, method text, value double precision)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
DECLARE
    rung_20min CONSTANT integer := array_position(silver.effort_durations_s(), 1200);
BEGIN
    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT a.sport_family, a.activity_id, a.start_at >= p_month::timestamp AT TIME ZONE 'UTC' AS is_of_month, CASE WHEN a.has_power_meter IS NOT FALSE THEN r.power_w END AS power_w, r.pace_time_s,
               r.heartrate_bpm[rung_20min] AS beats
        FROM (
            SELECT * FROM silver.activity x
            WHERE x.athlete_id = p_athlete_id AND x.start_at >= (p_month - interval '2 months') AT TIME ZONE 'UTC'
              AND x.start_at < (p_month + interval '1 month') AT TIME ZONE 'UTC'
            OFFSET 0 -- by the index of starts; the source would make the primary key look as cheap
        ) AS a JOIN silver.activity_rollup r USING (athlete_id, source_id, activity_id)
        WHERE a.source_id = p_source_id AND a.sport_family IN ('ride', 'run', 'swim', 'paddle')
          AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end()
    ), power AS MATERIALIZED (
        SELECT c.sport_family, d.duration_s::float8 AS duration_s, max(u.watts::float8) AS power_w
        FROM candidate c
        CROSS JOIN LATERAL unnest(c.power_w) WITH ORDINALITY AS u(watts, rung)
        JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY AS d(duration_s, rung) USING (rung)
        WHERE c.power_w[rung_20min] > 0 AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1, 2
    ), proven AS (
        SELECT c.sport_family
        FROM candidate c
        WHERE c.power_w[rung_20min] > 0 AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1 HAVING bool_or(c.is_of_month) AND (count(c.beats) > 0 OR count(*) >= 3)
    ), best AS (
        SELECT p.sport_family, p.power_w FROM power p JOIN proven USING (sport_family) WHERE p.duration_s = 1200
    ), two AS (
        SELECT p.sport_family, regr_slope(p.power_w * p.duration_s, p.duration_s) AS cp, regr_intercept(p.power_w * p.duration_s, p.duration_s) AS w,
               count(*) AS efforts
        FROM power p JOIN proven USING (sport_family)
        WHERE p.duration_s BETWEEN 120 AND 1200
        GROUP BY 1
    ), three AS (
        -- for a given W' / (sprint power - CP), tau, Morton's curve is a line: power = CP + W' / (t + tau)
        SELECT DISTINCT ON (p.sport_family) p.sport_family, p.cp, p.w
        FROM (
            SELECT p.sport_family, tau, regr_intercept(p.power_w, 1 / (p.duration_s + tau)) AS cp,
                   regr_slope(p.power_w, 1 / (p.duration_s + tau)) AS w, regr_syy(p.power_w, 1 / (p.duration_s + tau))
                   * (1 - regr_r2(p.power_w, 1 / (p.duration_s + tau))) AS error
            FROM power p JOIN proven USING (sport_family)
            CROSS JOIN LATERAL (SELECT n::float8 AS tau FROM generate_series(1, 40) AS n) AS o
            WHERE p.duration_s BETWEEN 5 AND 1200
            GROUP BY 1, 2 HAVING count(*) >= 6
        ) AS p
        WHERE p.w > 0 AND p.cp + p.w / p.tau <= 2500 -- nobody sprints with more
        ORDER BY p.sport_family, p.error, p.tau
    ), model AS (
        SELECT t.sport_family, 'cp_2_parameter' AS method, t.cp, t.w FROM two t WHERE t.efforts >= 5
        UNION ALL
        SELECT t.sport_family, 'cp_3_parameter', t.cp, t.w FROM three t
    ), hour AS (
        -- v of an hour = v · (t / 3600) ^ (0.06 / 1.06), after Riegel (1981): t2 = t1 · (d2 / d1) ^ 1.06
        SELECT c.sport_family, c.activity_id, c.is_of_month, c.beats,
               max(d.distance_m / u.seconds * (u.seconds / 3600) ^ (0.06 / 1.06)) AS speed_mps
        FROM candidate c
        CROSS JOIN LATERAL unnest(c.pace_time_s) WITH ORDINALITY AS u(seconds, rung)
        JOIN unnest(silver.effort_distances_m()) WITH ORDINALITY AS d(distance_m, rung) USING (rung)
        WHERE c.sport_family IN ('run', 'swim') AND u.seconds BETWEEN 900 AND 5400
          AND d.distance_m / u.seconds <= CASE WHEN c.sport_family = 'run' THEN 6.5 ELSE 2 END
          AND (c.beats IS NULL OR c.beats >= 0.85 * p_max_heartrate_bpm)
        GROUP BY 1, 2, 3, 4
    )
    SELECT b.sport_family, 'power', 'best_20min_95', 0.95 * b.power_w FROM best b WHERE 0.95 * b.power_w BETWEEN 30 AND 600
    UNION ALL
    SELECT m.sport_family, v.metric, m.method, v.value
    FROM model m
    JOIN best b USING (sport_family)
    CROSS JOIN LATERAL (VALUES ('critical_power', m.cp), ('w_prime', m.w)) AS v(metric, value)
    -- outside of these the efforts were not all-out, and the curve says nothing
    WHERE m.cp BETWEEN 0.7 * b.power_w AND b.power_w AND m.w BETWEEN 3000 AND 60000
    UNION ALL
    SELECT h.sport_family, 'pace', 'riegel_one_hour', max(h.speed_mps)
    FROM hour h GROUP BY 1 HAVING bool_or(h.is_of_month) AND (count(h.beats) > 0 OR count(*) >= 3);
END $$;

COMMENT ON FUNCTION silver.estimated_thresholds(p_athlete_id bigint, p_source_id smallint, p_month date, p_max_heartrate_bpm double precision) IS 'Thresholds estimated from the activities of a month and the two before it, by sport family and method; see athlete_threshold. A month without such an activity of its own has none. Only activities count that were hard: a heart rate over 20 minutes of at least 85 % of the given maximum, or none at all; without any heart rate there must be three.';

CREATE FUNCTION silver.grant_athlete(p_role name, p_athlete_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    wide text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitness_athlete') THEN
        RAISE EXCEPTION 'there is no role fitness_athlete: run db/roles.sql first';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role) THEN
        RAISE EXCEPTION 'there is no role %: make it first with CREATE ROLE … LOGIN', p_role;
    END IF;
    IF p_role = 'fitness_reader' THEN
        RAISE EXCEPTION 'fitness_reader takes no grants: fitnessd binds an athlete to each of its transactions';
    END IF;
    SELECT r.rolname INTO wide FROM pg_roles r
    WHERE pg_has_role(p_role, r.oid, 'MEMBER')
      AND (r.rolname IN ('fitness_dashboard', 'fitnessd', 'fitness_owner') OR r.rolsuper OR r.rolbypassrls
           OR r.oid = (SELECT relowner FROM pg_class WHERE oid = 'silver.athlete'::regclass));
    IF FOUND THEN RAISE EXCEPTION '% has the rights of %, which reads every athlete', p_role, wide; END IF;
    -- Not yet a reader: what stands under its name was granted to another role that had this name before.
    IF NOT pg_has_role(p_role, 'fitness_athlete', 'MEMBER') THEN
        DELETE FROM sync.reader_grant WHERE role_name = p_role;
        EXECUTE format('GRANT fitness_athlete TO %I', p_role);
    END IF;
    INSERT INTO sync.reader_grant (athlete_id, role_name) VALUES (p_athlete_id, p_role) ON CONFLICT DO NOTHING;
END $$;

COMMENT ON FUNCTION silver.grant_athlete(p_role name, p_athlete_id bigint) IS 'Lets a login read one athlete''s rows; call it again for more. For the owner.';

CREATE FUNCTION silver.grant_reader() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    target record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitness_reader') THEN RETURN; END IF;
    FOR target IN
        SELECT c.oid::regclass AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE p.relation IS NULL) AS shown
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN silver.places() AS p ON p.relation = c.relname AND coalesce(p.column_name, a.attname) = a.attname
        WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        GROUP BY c.oid
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM fitness_reader', target.name);
        IF target.shown IS NOT NULL THEN EXECUTE format('GRANT SELECT (%s) ON %s TO fitness_reader', target.shown, target.name); END IF;
    END LOOP;
END $$;

COMMENT ON FUNCTION silver.grant_reader() IS 'Part of silver.secure: lets fitness_reader read the columns of silver that hold no place.';

CREATE FUNCTION silver.is_dated(start_date_local timestamp without time zone) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT start_date_local >= silver.calendar_begin() AND start_date_local < silver.calendar_end()
$$;

COMMENT ON FUNCTION silver.is_dated(start_date_local timestamp without time zone) IS 'Whether an activity counts in days, weeks, months, years, streaks, records and curves: it has a start, from calendar_begin() to before calendar_end(). Other dates come from a wrong clock.';

CREATE FUNCTION silver.load_per_h(p_power_w double precision, p_ftp_w double precision, p_duration_s double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT 100 * (p_power_w / nullif(p_ftp_w, 0)) ^ 2 * (p_duration_s / 3600) / (p_duration_s / 3600 + 0.75)
$$;

COMMENT ON FUNCTION silver.load_per_h(p_power_w double precision, p_ftp_w double precision, p_duration_s double precision) IS 'Training load by power over the duration in seconds, divided by the hours and three quarters of an hour: high in a sprint, too, but not without bounds.';

CREATE FUNCTION silver.may_read_athlete(asked bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN NOT row_security_active('silver.athlete'::regclass)
        OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname IN ('fitness_dashboard', 'fitnessd') AND pg_has_role(r.oid, 'USAGE'))
        OR EXISTS (SELECT FROM silver.athlete AS a WHERE a.athlete_id = asked) AND silver.reader_has((silver.reader_rights()).api_rows);
END
$$;

COMMENT ON FUNCTION silver.may_read_athlete(asked bigint) IS 'Whether the caller may read this athlete''s rows: always without restriction by row-level security, else if silver.athlete shows the athlete.';

CREATE FUNCTION silver.my_athletes() RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF session_user = 'fitness_reader' THEN RETURN ARRAY[(SELECT b.athlete_id FROM sync.bound_reader() AS b)]; END IF;
    RETURN (SELECT coalesce(array_agg(g.athlete_id), '{}') FROM sync.reader_grant g WHERE g.role_name = session_user);
END $$;

COMMENT ON FUNCTION silver.my_athletes() IS 'Athletes that were granted to the calling login, or bound to its transaction. Row-level security shows it their rows only.';

CREATE FUNCTION silver.places() RETURNS TABLE(relation name, column_name name)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    VALUES ('activity'::name, 'start_latitude_deg'::name), ('activity', 'start_longitude_deg'), ('activity', 'end_latitude_deg'),
        ('activity', 'end_longitude_deg'), ('activity', 'location_city'), ('activity', 'location_state'), ('activity', 'location_country'),
        ('activity', 'summary_polyline'), ('activity', 'polyline'), ('activity_rollup', 'cell'), ('activity_rollup', 'cell_seconds'),
        ('activity_stream', 'latitude_e6'), ('activity_stream', 'longitude_e6'), ('athlete', 'city'), ('athlete', 'state'),
        ('athlete', 'country'), ('activity_grid', NULL), ('aggregate_stream', NULL), ('segment', NULL), ('segment_effort', NULL)
$$;

COMMENT ON FUNCTION silver.places() IS 'Where silver holds places: positions, tracks, towns and segments. A row without column_name: the whole table or view.';

CREATE FUNCTION silver.plausible(p_check_name text, p_value double precision) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT p_value FROM silver.quality_check
    WHERE check_name = p_check_name AND p_value >= coalesce(at_least, '-infinity') AND p_value <= coalesce(at_most, 'infinity')
$$;

COMMENT ON FUNCTION silver.plausible(p_check_name text, p_value double precision) IS 'The value, or null when it is outside of what the check of this name allows.';

CREATE FUNCTION silver.reader_has(p_right integer) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF session_user = 'fitness_reader' THEN RETURN ((SELECT b.rights FROM sync.bound_reader() AS b) & p_right) <> 0; END IF;
    RETURN true;
END $$;

COMMENT ON FUNCTION silver.reader_has(p_right integer) IS 'Whether a right of silver.reader_rights is bound to the transaction of fitness_reader. True for every other login.';

CREATE FUNCTION silver.reader_rights(OUT answers integer, OUT places integer, OUT api_rows integer) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ SELECT 1, 2, 4 $$;

COMMENT ON FUNCTION silver.reader_rights(OUT answers integer, OUT places integer, OUT api_rows integer) IS 'Rights of a binding of fitness_reader. answers: the raw answers of bronze_strava. places: silver.places(). api_rows: rows whose source is Strava''s API.';

CREATE FUNCTION silver.refresh_threshold(p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamp with time zone, OUT stale_until timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    beats   float8 := silver.estimated_max_heartrate_bpm(p_athlete_id, p_source_id);
    maximum float8;
BEGIN
    -- most batches change none of the facts
    IF (SELECT count(*) FILTER (WHERE t.origin = 'default') > 0
               AND max(t.value) FILTER (WHERE t.origin = 'estimate') IS NOT DISTINCT FROM beats
               AND coalesce(sum(hash_record_extended((t.sport_family, t.metric, t.valid_from, t.value), 0)) FILTER (WHERE t.origin = 'set'), 0) = (
                   SELECT coalesce(sum(hash_record_extended(
                       (f.sport_family, f.metric, f.valid_from::timestamp AT TIME ZONE 'UTC', f.value), 0)), 0)
                   FROM sync.athlete_threshold f WHERE f.athlete_id = p_athlete_id)
               AND (count(*) FILTER (WHERE t.origin = 'strava') > 0) = EXISTS (
                   SELECT FROM silver.athlete_history h
                   WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.ftp_w > 0)
               AND NOT EXISTS (
                   SELECT FROM silver.athlete_history h
                   WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.added_at = now())
        FROM silver.athlete_threshold t
        WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (t.origin <> 'estimate' OR t.metric = 'max_heartrate')) THEN
        RETURN;
    END IF;
    maximum := (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm;
    WITH wanted AS (
        SELECT f.sport_family, f.metric, 'set' AS origin, 'set' AS method, f.valid_from::timestamp AT TIME ZONE 'UTC' AS valid_from, f.value
        FROM sync.athlete_threshold f WHERE f.athlete_id = p_athlete_id
        UNION ALL
        SELECT 'ride', 'power', 'strava', 'profile', h.valid_from, h.ftp_w
        FROM (
            SELECT f.valid_from, f.ftp_w, lag(f.ftp_w) OVER (ORDER BY f.valid_from) AS before_w
            FROM silver.athlete_history f
            WHERE f.athlete_id = p_athlete_id AND f.source_id = p_source_id AND f.ftp_w > 0
        ) AS h
        WHERE h.ftp_w IS DISTINCT FROM h.before_w
        UNION ALL
        SELECT 'all', 'max_heartrate', 'estimate', 'best_30s', '1970-01-01 00:00+00', beats WHERE beats IS NOT NULL
        UNION ALL
        SELECT d.sport_family, d.metric, 'default', 'assumed', '1970-01-01 00:00+00', d.value
        FROM (VALUES ('all', 'max_heartrate', 190::float8), ('all', 'rest_heartrate', 60), ('all', 'w_prime', 20000),
            ('run', 'pace', 1000 / 300.0::float8), ('swim', 'pace', 100 / 120.0::float8)) AS d(sport_family, metric, value)
    ), gone AS (
        DELETE FROM silver.athlete_threshold t
        WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (t.origin <> 'estimate' OR t.metric = 'max_heartrate')
          AND NOT EXISTS (
            SELECT FROM wanted w
            WHERE (w.sport_family, w.metric, w.origin, w.method, w.valid_from) = (t.sport_family, t.metric, t.origin, t.method, t.valid_from))
        RETURNING t.sport_family, t.metric, t.origin, t.valid_from
    ), written AS (
        INSERT INTO silver.athlete_threshold AS t (athlete_id, source_id, sport_family, metric, origin, method, valid_from, value)
        SELECT p_athlete_id, p_source_id, w.* FROM wanted w
        ON CONFLICT (athlete_id, source_id, sport_family, metric, origin, method, valid_from)
        DO UPDATE SET value = excluded.value, changed_at = now() WHERE t.value <> excluded.value
        RETURNING t.sport_family, t.metric, t.origin, t.valid_from
    )
    SELECT min(r.from_at), max(r.until_at) INTO stale_from, stale_until
    FROM (SELECT * FROM gone UNION ALL SELECT * FROM written) AS c
    CROSS JOIN LATERAL silver.threshold_reach(p_athlete_id, p_source_id, c.sport_family, c.metric, c.origin, c.valid_from) AS r;
    -- the maximum decides which activities were hard; a new athlete has none yet, and no estimates
    IF maximum <> (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm THEN
        INSERT INTO silver.threshold_work (athlete_id, source_id, month)
        SELECT DISTINCT p_athlete_id, p_source_id, date_trunc('month', a.start_at AT TIME ZONE 'UTC')::date
        FROM silver.activity a
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_at IS NOT NULL
          AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end()
        ON CONFLICT (athlete_id, source_id, month) DO NOTHING;
    END IF;
END $$;

COMMENT ON FUNCTION silver.refresh_threshold(p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamp with time zone, OUT stale_until timestamp with time zone) IS 'Brings the athlete''s rows of silver.athlete_threshold up to date, but for the estimates by month. When the maximal heart rate is another one, all months with activities go into silver.threshold_work. Returns from when until when thresholds are others than before; null: none is.';

CREATE FUNCTION silver.refresh_threshold_estimate(p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamp with time zone, OUT stale_until timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    changed record;
    beats   float8;
    due     record;
BEGIN
    beats := (silver.thresholds_at(p_athlete_id, p_source_id, 'all', NULL)).max_heartrate_bpm;
    FOR due IN
        SELECT DISTINCT (w.month + make_interval(months => n))::date AS month
        FROM silver.threshold_work w CROSS JOIN generate_series(0, 2) AS n
        WHERE w.athlete_id = p_athlete_id AND w.source_id = p_source_id
        ORDER BY 1
    LOOP
        -- most of the following months have no activity yet, and no estimate
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM silver.activity a
            WHERE a.athlete_id = p_athlete_id AND a.start_at >= due.month::timestamp AT TIME ZONE 'UTC'
              AND a.start_at < (due.month + interval '1 month') AT TIME ZONE 'UTC')
            AND NOT EXISTS (
            SELECT FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.origin = 'estimate'
              AND t.valid_from = due.month::timestamp AT TIME ZONE 'UTC');
        WITH wanted AS MATERIALIZED (
            SELECT e.sport_family, e.metric, e.method, e.value
            FROM silver.estimated_thresholds(p_athlete_id, p_source_id, due.month, beats) AS e
        ), gone AS (
            DELETE FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.origin = 'estimate' AND t.metric <> 'max_heartrate'
              AND t.valid_from = due.month::timestamp AT TIME ZONE 'UTC'
              AND NOT EXISTS (
                SELECT FROM wanted w WHERE (w.sport_family, w.metric, w.method) = (t.sport_family, t.metric, t.method))
            RETURNING t.sport_family, t.metric, t.valid_from
        ), written AS (
            INSERT INTO silver.athlete_threshold AS t (athlete_id, source_id, sport_family, metric, origin, method, valid_from, value)
            SELECT p_athlete_id, p_source_id, w.sport_family, w.metric, 'estimate', w.method, due.month::timestamp AT TIME ZONE 'UTC', w.value
            FROM wanted w
            ON CONFLICT (athlete_id, source_id, sport_family, metric, origin, method, valid_from)
            DO UPDATE SET value = excluded.value, changed_at = now() WHERE abs(t.value - excluded.value) > 1e-6 * excluded.value
            RETURNING t.sport_family, t.metric, t.valid_from
        )
        SELECT min(r.from_at) AS from_at, max(r.until_at) AS until_at INTO changed
        FROM (SELECT * FROM gone UNION ALL SELECT * FROM written) AS c
        CROSS JOIN LATERAL silver.threshold_reach(p_athlete_id, p_source_id, c.sport_family, c.metric, 'estimate', c.valid_from) AS r
        -- where a better fact holds, nothing follows from an estimate
        WHERE NOT EXISTS (
            SELECT FROM silver.athlete_threshold b
            WHERE b.athlete_id = p_athlete_id AND b.source_id = p_source_id AND b.sport_family = c.sport_family AND b.origin IN ('set', 'strava')
              AND b.metric IN (c.metric, CASE WHEN c.metric IN ('critical_power', 'w_prime') THEN 'power' END));
        stale_from := least(stale_from, changed.from_at);
        stale_until := greatest(stale_until, changed.until_at);
    END LOOP;
    DELETE FROM silver.threshold_work w WHERE w.athlete_id = p_athlete_id AND w.source_id = p_source_id;
END $$;

COMMENT ON FUNCTION silver.refresh_threshold_estimate(p_athlete_id bigint, p_source_id smallint, OUT stale_from timestamp with time zone, OUT stale_until timestamp with time zone) IS 'Makes the athlete''s estimates of the months in silver.threshold_work, and of the two months after each, again. Returns from when until when thresholds are others than before; null: none is.';

CREATE FUNCTION silver.refresh_training_day(p_athlete_id bigint, p_source_id smallint) RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_mergejoin TO 'on'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
    first_day date;
    last_day  date;
    from_day  date;
    before    record;
    written   integer;
BEGIN
    SELECT min(a.start_date_local)::date, max(a.start_date_local)::date INTO first_day, last_day
    FROM silver.activity a
    WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
      AND a.start_date_local >= silver.calendar_begin() AND a.start_date_local < silver.calendar_end();

    DELETE FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND (first_day IS NULL OR t.day < first_day OR t.day > last_day);
    IF first_day IS NULL THEN RETURN 0; END IF;

    -- the first day that is new or other than it was
    SELECT min(coalesce(n.day, t.day)) INTO from_day
    FROM silver.trained_days(p_athlete_id, p_source_id, silver.calendar_begin()) AS n
    FULL JOIN (
        SELECT * FROM silver.training_day WHERE athlete_id = p_athlete_id AND source_id = p_source_id
    ) AS t USING (day)
    WHERE t.day IS NULL
       OR (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load, t.load_method, t.load_confidence) IS DISTINCT FROM (
            coalesce(n.activity_count, 0), coalesce(n.distance_m, 0), coalesce(n.moving_time_s, 0), coalesce(n.elevation_gain_m, 0),
            coalesce(n.load, 0), n.load_method, n.load_confidence)
       OR (t.day = first_day AND t.form_tsb <> 0);
    IF from_day IS NULL THEN RETURN 0; END IF;
    -- or missing behind the last known one
    SELECT least(from_day, max(t.day) + 1) INTO from_day
    FROM silver.training_day t WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id;

    SELECT t.fitness_ctl, t.fatigue_atl INTO before
    FROM silver.training_day t
    WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.day = from_day - 1;

    WITH calendar AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY o.days)::integer AS place, from_day + o.days AS day, coalesce(n.activity_count, 0) AS activity_count,
               coalesce(n.distance_m, 0) AS distance_m, coalesce(n.moving_time_s, 0) AS moving_time_s,
               coalesce(n.elevation_gain_m, 0) AS elevation_gain_m, coalesce(n.load, 0) AS load, n.load_method, n.load_confidence
        FROM generate_series(0, last_day - from_day) AS o(days)
        LEFT JOIN silver.trained_days(p_athlete_id, p_source_id, from_day) AS n ON n.day = from_day + o.days
    )
    INSERT INTO silver.training_day AS t (
        athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, load_method, load_confidence,
        fitness_ctl, fatigue_atl, form_tsb)
    SELECT p_athlete_id, p_source_id, c.day, c.activity_count, c.distance_m, c.moving_time_s, c.elevation_gain_m, c.load, c.load_method,
           c.load_confidence, e.ctl, e.atl, e.tsb
    FROM silver.training_effect(
            coalesce(before.fitness_ctl, 0), coalesce(before.fatigue_atl, 0), ARRAY(SELECT load FROM calendar ORDER BY place)) AS e
    JOIN calendar c USING (place)
    ON CONFLICT (athlete_id, source_id, day) DO UPDATE SET
        activity_count = excluded.activity_count, distance_m = excluded.distance_m, moving_time_s = excluded.moving_time_s,
        elevation_gain_m = excluded.elevation_gain_m, load = excluded.load, load_method = excluded.load_method,
        load_confidence = excluded.load_confidence, fitness_ctl = excluded.fitness_ctl, fatigue_atl = excluded.fatigue_atl,
        form_tsb = excluded.form_tsb
    WHERE (t.activity_count, t.distance_m, t.moving_time_s, t.elevation_gain_m, t.load, t.load_method, t.load_confidence)
            IS DISTINCT FROM (excluded.activity_count, excluded.distance_m, excluded.moving_time_s, excluded.elevation_gain_m, excluded.load,
                excluded.load_method, excluded.load_confidence)
       OR abs(t.fitness_ctl - excluded.fitness_ctl) > 1e-6 OR abs(t.fatigue_atl - excluded.fatigue_atl) > 1e-6
       OR abs(t.form_tsb - excluded.form_tsb) > 1e-6;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END $$;

COMMENT ON FUNCTION silver.refresh_training_day(p_athlete_id bigint, p_source_id smallint) IS 'Brings an athlete''s rows of silver.training_day up to date: the days'' sums are computed again and compared; from the first day that differs, fitness, fatigue and form are computed to the last day, and rows that differ are written. Returns their number. The caller has locked the athlete: no other transaction makes its silver meanwhile.';

CREATE FUNCTION silver.refresh_zone_default(p_athlete_id bigint, p_source_id smallint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH threshold AS (
        -- of each metric the rows of the first origin that there is, as loads use them
        SELECT *, min(place) OVER (PARTITION BY sport_family, metric) AS first_place
        FROM (
            SELECT t.sport_family, t.metric, t.valid_from, t.value, array_position('{set,strava,estimate,default}', t.origin) AS place
            FROM silver.athlete_threshold t
            WHERE t.athlete_id = p_athlete_id AND t.source_id = p_source_id AND t.metric IN ('max_heartrate', 'power', 'pace')
        ) AS f
    ), wanted AS (
        -- a zone begins at its first whole beat, watt or centimetre per second
        SELECT t.sport_family, k.metric, t.valid_from,
               ARRAY(SELECT ceil(round((t.value * k.unit * p)::numeric, 6))::integer FROM unnest(k.parts) AS p) AS lower_bounds
        FROM threshold t
        JOIN (VALUES
            ('max_heartrate', 'heartrate', 1, '{0,0.6,0.7,0.8,0.9}'::float8[]), ('power', 'power', 1, '{0,0.55,0.75,0.9,1.05,1.2,1.5}'),
            ('pace', 'pace', 100, ARRAY[0, 1 / 1.29, 1 / 1.14, 1 / 1.06, 1 / 0.99, 1 / 0.9])
        ) AS k(threshold, metric, unit, parts) ON k.threshold = t.metric
        WHERE t.place = t.first_place AND t.value > 20.0 / k.unit
    ), gone AS (
        DELETE FROM silver.athlete_zone_set z
        WHERE z.athlete_id = p_athlete_id AND z.source_id = p_source_id AND z.is_default AND NOT EXISTS (
            SELECT FROM wanted w WHERE (w.sport_family, w.metric, w.valid_from) = (z.sport_family, z.metric, z.valid_from))
    )
    INSERT INTO silver.athlete_zone_set AS z (athlete_id, source_id, sport_family, metric, valid_from, lower_bounds, is_default)
    SELECT p_athlete_id, p_source_id, w.sport_family, w.metric, w.valid_from, w.lower_bounds, true FROM wanted w
    ON CONFLICT (athlete_id, source_id, sport_family, metric, is_default, valid_from)
    DO UPDATE SET lower_bounds = excluded.lower_bounds, changed_at = now() WHERE z.lower_bounds IS DISTINCT FROM excluded.lower_bounds;
END $$;

COMMENT ON FUNCTION silver.refresh_zone_default(p_athlete_id bigint, p_source_id smallint) IS 'Brings the athlete''s default zones up to date: heart rate from the maximum, power (Coggan) and pace (Friel) from the threshold, by their dates.';

CREATE FUNCTION silver.revoke_athlete(p_role name, p_athlete_id bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    DELETE FROM sync.reader_grant WHERE role_name = p_role AND athlete_id = p_athlete_id
$$;

COMMENT ON FUNCTION silver.revoke_athlete(p_role name, p_athlete_id bigint) IS 'Revokes a login''s right to read one athlete''s rows, from its next query on. For the owner.';

CREATE FUNCTION silver.secure() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    target record;
    has    record := silver.reader_rights();
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS name, c.relkind, c.relrowsecurity, n.nspname = 'bronze_strava' AS is_bronze,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped) AS is_per_athlete,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'source_id' AND NOT a.attisdropped) AS has_source
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind IN ('r', 'p', 'm', 'f')
        ORDER BY c.oid
    LOOP
        IF target.relkind IN ('m', 'f') THEN
            RAISE EXCEPTION '% can''t have row-level security: make it a table or a view', target.name;
        END IF;
        IF NOT target.relrowsecurity THEN EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target.name); END IF;
        IF target.is_per_athlete THEN
            PERFORM silver.secure_table(
                target.name, 'own', 'public', 'FOR SELECT USING (athlete_id = ANY ((SELECT silver.my_athletes())::bigint[]))');
        END IF;
        -- Without a source a row is taken for one of the API.
        PERFORM silver.secure_table(target.name, 'reader', 'fitness_places', format(
            'AS RESTRICTIVE FOR SELECT TO fitness_reader, fitness_places USING ((%s(SELECT silver.reader_has(%s)))%s)',
            CASE WHEN target.has_source THEN 'source_id <> 1 OR ' ELSE '' END, has.api_rows,
            CASE WHEN target.is_bronze THEN format(' AND (SELECT silver.reader_has(%s))', has.answers) ELSE '' END));
        PERFORM silver.secure_table(target.name, 'places', 'fitness_places', format(
            'AS RESTRICTIVE FOR SELECT TO fitness_places USING ((SELECT silver.reader_has(%s)))', has.places));
        PERFORM silver.secure_table(target.name, 'dashboard', 'fitness_dashboard', 'FOR SELECT TO fitness_dashboard USING (true)');
        PERFORM silver.secure_table(target.name, 'daemon', 'fitnessd', 'FOR ALL TO fitnessd USING (true) WITH CHECK (true)');
    END LOOP;
    PERFORM silver.grant_reader();
    -- The daemon may write rows in sync, but who reads what is the owner's to say.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitnessd') THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON sync.reader_grant FROM fitnessd;
    END IF;
END $$;

COMMENT ON FUNCTION silver.secure() IS 'Enables row-level security on every table of silver, metrics and bronze_strava. For the owner; may be run again.';

CREATE FUNCTION silver.secure_table(p_table regclass, p_policy name, p_role name, p_rule text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = p_table AND polname = p_policy)
        OR (p_role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role)) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY %I ON %s %s', p_policy, p_table, p_rule);
END $$;

COMMENT ON FUNCTION silver.secure_table(p_table regclass, p_policy name, p_role name, p_rule text) IS 'Part of silver.secure.';

CREATE FUNCTION silver.sport_family(sport_type text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
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

COMMENT ON FUNCTION silver.sport_family(sport_type text) IS 'Sports that are counted together: run, walk, ride, e_ride, swim, ski, paddle or other.';

CREATE FUNCTION silver.threshold_reach(p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_metric text, p_origin text, p_valid_from timestamp with time zone, OUT from_at timestamp with time zone, OUT until_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    SELECT CASE WHEN count(*) FILTER (WHERE o.valid_from < p_valid_from) > 0 THEN p_valid_from ELSE '-infinity' END,
           coalesce(min(o.valid_from) FILTER (WHERE o.valid_from > p_valid_from), 'infinity')
    INTO from_at, until_at
    FROM silver.athlete_threshold o
    WHERE o.athlete_id = p_athlete_id AND o.source_id = p_source_id AND o.sport_family = p_sport_family AND o.metric = p_metric
      AND o.origin = p_origin;
END $$;

COMMENT ON FUNCTION silver.threshold_reach(p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_metric text, p_origin text, p_valid_from timestamp with time zone, OUT from_at timestamp with time zone, OUT until_at timestamp with time zone) IS 'From when until when a threshold of this kind and date holds, beside the others of its kind in silver.athlete_threshold; -infinity and infinity: the first and the last.';

CREATE FUNCTION silver.thresholds_at(p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_at timestamp with time zone, OUT power_w double precision, OUT power_origin text, OUT speed_mps double precision, OUT speed_origin text, OUT threshold_heartrate_bpm double precision, OUT threshold_heartrate_origin text, OUT max_heartrate_bpm double precision, OUT max_heartrate_origin text, OUT rest_heartrate_bpm double precision, OUT critical_power_w double precision, OUT w_prime_j double precision) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    critical_power_origin text;
    w_prime_origin        text;
BEGIN
    SELECT max(t.value) FILTER (WHERE t.metric = 'power'), max(t.origin) FILTER (WHERE t.metric = 'power'),
           max(t.value) FILTER (WHERE t.metric = 'pace'), max(t.origin) FILTER (WHERE t.metric = 'pace'),
           max(t.value) FILTER (WHERE t.metric = 'threshold_heartrate'), max(t.origin) FILTER (WHERE t.metric = 'threshold_heartrate'),
           max(t.value) FILTER (WHERE t.metric = 'max_heartrate'), max(t.origin) FILTER (WHERE t.metric = 'max_heartrate'),
           max(t.value) FILTER (WHERE t.metric = 'rest_heartrate'), max(t.value) FILTER (WHERE t.metric = 'critical_power'),
           max(t.origin) FILTER (WHERE t.metric = 'critical_power'), max(t.value) FILTER (WHERE t.metric = 'w_prime'),
           max(t.origin) FILTER (WHERE t.metric = 'w_prime')
    INTO power_w, power_origin, speed_mps, speed_origin, threshold_heartrate_bpm, threshold_heartrate_origin, max_heartrate_bpm,
         max_heartrate_origin, rest_heartrate_bpm, critical_power_w, critical_power_origin, w_prime_j, w_prime_origin
    FROM (
        SELECT DISTINCT ON (f.metric) f.metric, f.value, f.origin
        FROM silver.athlete_threshold f
        WHERE f.athlete_id = p_athlete_id AND f.source_id = p_source_id
          AND f.sport_family IN ('all', CASE WHEN p_sport_family = 'e_ride' THEN 'ride' ELSE p_sport_family END)
        ORDER BY f.metric, array_position('{set,strava,estimate,default}', f.origin), f.sport_family <> 'all' DESC,
            f.valid_from <= p_at DESC, CASE WHEN f.valid_from <= p_at THEN f.valid_from END DESC, f.valid_from, f.method
    ) AS t;
    -- Facts of different dates and origins may contradict each other: some reserve there always is.
    rest_heartrate_bpm := least(rest_heartrate_bpm, max_heartrate_bpm - 20);
    IF threshold_heartrate_bpm IS NULL OR threshold_heartrate_bpm <= rest_heartrate_bpm THEN
        threshold_heartrate_bpm := rest_heartrate_bpm + 0.85 * (max_heartrate_bpm - rest_heartrate_bpm);
        threshold_heartrate_origin := 'default';
    END IF;
    -- An FTP that was set, or is Strava's, comes before an estimated critical power, as it comes before an estimated FTP. W' belongs to its
    -- critical power: an estimate of one says nothing of the other.
    IF critical_power_origin IS DISTINCT FROM 'set' AND power_origin IN ('set', 'strava') OR critical_power_w IS NULL THEN
        critical_power_w := power_w;
        critical_power_origin := 'power';
    END IF;
    IF w_prime_origin = 'estimate' AND critical_power_origin <> 'estimate' THEN
        w_prime_j := 20000;
    END IF;
END $$;

COMMENT ON FUNCTION silver.thresholds_at(p_athlete_id bigint, p_source_id smallint, p_sport_family text, p_at timestamp with time zone, OUT power_w double precision, OUT power_origin text, OUT speed_mps double precision, OUT speed_origin text, OUT threshold_heartrate_bpm double precision, OUT threshold_heartrate_origin text, OUT max_heartrate_bpm double precision, OUT max_heartrate_origin text, OUT rest_heartrate_bpm double precision, OUT critical_power_w double precision, OUT w_prime_j double precision) IS 'The athlete''s thresholds in a sport family at an instant, and where they come from (set, strava, estimate, default); see athlete_threshold. Null: not known. The heart rate at rest is at least 20 beats below the maximum. Threshold heart rate: else 85 % of the heart rate reserve (default). Critical power: as set, else a threshold power that is set or Strava''s, else estimated with its W'', else the threshold power; W'' else 20 kJ.';

CREATE FUNCTION silver.today(p_athlete_id bigint, p_source_id smallint DEFAULT 1) RETURNS date
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (
        now() AT TIME ZONE 'UTC' + make_interval(secs => coalesce((
            SELECT a.utc_offset_s FROM silver.activity a
            WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id AND a.start_at < now() + interval '2 days'
              AND a.utc_offset_s BETWEEN -50400 AND 50400
            ORDER BY a.start_at DESC LIMIT 1), 0)))::date;
END $$;

COMMENT ON FUNCTION silver.today(p_athlete_id bigint, p_source_id smallint) IS 'Today on the athlete''s calendar: now at the UTC offset of the newest activity (of up to 14 hours; UTC when there is none).';

CREATE FUNCTION silver.trained_days(p_athlete_id bigint, p_source_id smallint, p_from timestamp without time zone) RETURNS TABLE(day date, activity_count integer, distance_m double precision, moving_time_s integer, elevation_gain_m double precision, load double precision, load_method text, load_confidence double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_mergejoin TO 'on'
    SET enable_nestloop TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.day, sum(d.activity_count)::integer, sum(d.distance_m), least(sum(d.moving_time_s), 2147483647)::integer,
           sum(d.elevation_gain_m), sum(d.load), (array_agg(d.load_method ORDER BY d.load DESC, d.load_method) FILTER (WHERE d.load > 0))[1],
           sum(d.load_from_streams) / nullif(sum(d.load), 0)
    FROM (
        SELECT a.start_date_local::date AS day, m.load_method, count(*) AS activity_count, coalesce(sum(a.distance_m), 0) AS distance_m,
               coalesce(sum(a.moving_time_s), 0) AS moving_time_s, coalesce(sum(a.elevation_gain_m), 0) AS elevation_gain_m,
               coalesce(sum(m.load), 0) AS load, coalesce(sum(m.load * m.load_confidence), 0) AS load_from_streams
        FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
        WHERE a.athlete_id = p_athlete_id AND a.source_id = p_source_id
          AND a.start_date_local >= p_from AND a.start_date_local < silver.calendar_end()
        GROUP BY 1, 2
    ) AS d
    GROUP BY d.day;
END $$;

COMMENT ON FUNCTION silver.trained_days(p_athlete_id bigint, p_source_id smallint, p_from timestamp without time zone) IS 'The days of an athlete with activities from a local time on, with their sums: what silver.training_day has, but for fitness, fatigue and form.';

CREATE FUNCTION silver.training_effect(start_ctl double precision, start_atl double precision, loads double precision[]) RETURNS TABLE(place integer, ctl double precision, atl double precision, tsb double precision)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    ctl_part CONSTANT float8 := 1 - exp(-1.0 / 42);
    atl_part CONSTANT float8 := 1 - exp(-1.0 / 7);
BEGIN
    ctl := start_ctl;
    atl := start_atl;
    FOR i IN 1 .. coalesce(cardinality(loads), 0) LOOP
        place := i;
        tsb := ctl - atl;
        ctl := ctl + (loads[place] - ctl) * ctl_part;
        atl := atl + (loads[place] - atl) * atl_part;
        -- what has faded below any display becomes zero, instead of a number too small to be stored
        IF ctl < 1e-9 THEN ctl := 0; END IF;
        IF atl < 1e-9 THEN atl := 0; END IF;
        RETURN NEXT;
    END LOOP;
END $$;

COMMENT ON FUNCTION silver.training_effect(start_ctl double precision, start_atl double precision, loads double precision[]) IS 'Fitness, fatigue and form day by day (Banister''s impulse-response model as Coggan''s performance manager uses it): exponentially weighted means of the daily load with time constants of 42 and 7 days; form is fitness minus fatigue of the day before.';

CREATE FUNCTION silver.trimp(seconds integer[], first_bpm smallint, rest_bpm double precision, max_bpm double precision, k double precision, c double precision) RETURNS TABLE(trimp double precision)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT sum(h.seconds / 60.0::float8 * x.part * k * exp(c * x.part))
    FROM unnest(seconds) WITH ORDINALITY AS h(seconds, bin)
    CROSS JOIN LATERAL (SELECT least(greatest((first_bpm + h.bin - 1 - rest_bpm) / (max_bpm - rest_bpm), 0), 1) AS part) AS x
    WHERE h.seconds > 0
$$;

COMMENT ON FUNCTION silver.trimp(seconds integer[], first_bpm smallint, rest_bpm double precision, max_bpm double precision, k double precision, c double precision) IS 'Training impulse of a heart rate histogram (Morton, Fitz-Clarke, Banister 1990): sum of minutes · x · k · e^(c · x), where x is the part of the heart rate reserve; null when there are no seconds.';

CREATE FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamp with time zone) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (
        SELECT h.weight_kg
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.weight_kg > 0
        ORDER BY h.valid_from <= p_at DESC, CASE WHEN h.valid_from <= p_at THEN h.valid_from END DESC, h.valid_from
        LIMIT 1);
END $$;

COMMENT ON FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamp with time zone) IS 'The athlete''s weight in kilograms at an instant: the newest known by then, else the earliest known later; null when none is known.';

CREATE FUNCTION silver.zone_seconds(histogram integer[], first_value integer, lower_bounds integer[]) RETURNS TABLE(seconds integer[])
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT ARRAY(
        SELECT coalesce((
            SELECT sum(s) FROM unnest(histogram[
                greatest(lower_bounds[zone] - first_value + 1, 1)
                : CASE WHEN zone < cardinality(lower_bounds) THEN lower_bounds[zone + 1] - first_value ELSE cardinality(histogram) END]) AS s
        ), 0)::integer
        FROM generate_series(1, cardinality(lower_bounds)) AS zone
        ORDER BY zone)
$$;

COMMENT ON FUNCTION silver.zone_seconds(histogram integer[], first_value integer, lower_bounds integer[]) IS 'Seconds in each zone from a histogram: element i of the histogram stands for first_value + i - 1, which belongs to the zone that begins at or below it.';

CREATE FUNCTION sync.bound_reader(OUT athlete_id bigint, OUT rights integer) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    bound text := current_setting('fitness.reader', true);
    part  text[];
BEGIN
    IF bound ~ '^[0-9]{1,18} [0-7] [0-9a-f]{64}$' THEN
        part := string_to_array(bound, ' ');
        IF sync.is_reader_mac(part[1]::bigint, part[2]::integer, pg_current_xact_id_if_assigned(), decode(part[3], 'hex')) THEN
            athlete_id := part[1]::bigint;
            rights := part[2]::integer;
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'no athlete is bound to this transaction of fitness_reader' USING ERRCODE = '28000';
END $_$;

COMMENT ON FUNCTION sync.bound_reader(OUT athlete_id bigint, OUT rights integer) IS 'The athlete and the rights that silver.bind_reader has bound to the transaction, or an error.';

CREATE FUNCTION sync.is_reader_mac(p_athlete_id bigint, p_rights integer, p_transaction xid8, p_mac bytea) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT coalesce(
        sha256(k.outer_pad || p_mac) = sha256(k.outer_pad || sha256(
            k.outer_pad || sha256(k.inner_pad || int8send(p_athlete_id) || int4send(p_rights) || xid8send(p_transaction)))), false)
    FROM sync.reader_key k
$$;

COMMENT ON FUNCTION sync.is_reader_mac(p_athlete_id bigint, p_rights integer, p_transaction xid8, p_mac bytea) IS 'Whether the MAC binds this athlete with these rights to this transaction. For silver.bind_reader and sync.bound_reader.';

CREATE FUNCTION sync.quota_counts(p_span text, p_starts_at timestamp with time zone, p_instance uuid) RETURNS bigint[]
    LANGUAGE sql STABLE
    AS $$
    SELECT ARRAY[b.leased, b.included, b.own_leased, b.own_included, c.carried, w.overall_usage, w.read_usage, b.others_settled, w.included]
    FROM sync.quota_window w
    CROSS JOIN (
        SELECT coalesce(sum(leased), 0)::bigint AS leased, coalesce(sum(included), 0)::bigint AS included,
               coalesce(sum(leased) FILTER (WHERE instance = p_instance), 0)::bigint AS own_leased,
               coalesce(sum(included) FILTER (WHERE instance = p_instance), 0)::bigint AS own_included,
               coalesce(sum(settled) FILTER (WHERE instance <> p_instance), 0)::bigint AS others_settled
        FROM sync.quota_block WHERE span = p_span AND starts_at = p_starts_at) b
    CROSS JOIN (
        SELECT coalesce(sum(greatest(0, leased - settled)), 0)::bigint AS carried
        FROM sync.quota_block WHERE span = 'quarter' AND starts_at = p_starts_at - interval '15 minutes') c
    WHERE w.span = p_span AND w.starts_at = p_starts_at
$$;

COMMENT ON FUNCTION sync.quota_counts(p_span text, p_starts_at timestamp with time zone, p_instance uuid) IS 'Part of sync.quota_turn.';

CREATE FUNCTION sync.quota_free(p_counts bigint[], p_overall bigint, p_read bigint, p_exhausted boolean) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN p_exhausted THEN 0 ELSE greatest(0, least(
        p_overall - greatest(n.counted, p_counts[6] + n.outstanding),
        CASE WHEN p_read > 0 THEN p_read - greatest(n.counted, p_counts[7] + n.outstanding) ELSE p_overall END)) END
    FROM (SELECT p_counts[5] + p_counts[1] AS counted,
                 greatest(0, p_counts[5] + p_counts[1] - greatest(p_counts[2], p_counts[9])) AS outstanding) n
$$;

COMMENT ON FUNCTION sync.quota_free(p_counts bigint[], p_overall bigint, p_read bigint, p_exhausted boolean) IS 'Part of sync.quota_turn.';

CREATE TABLE sync.quota_limit (
    singleton boolean DEFAULT true NOT NULL,
    quarter_overall bigint NOT NULL,
    quarter_read bigint DEFAULT 0 NOT NULL,
    day_overall bigint NOT NULL,
    day_read bigint DEFAULT 0 NOT NULL,
    seen_at_s double precision DEFAULT 0 NOT NULL,
    trusted_quarter_overall bigint DEFAULT 0 NOT NULL,
    trusted_quarter_read bigint DEFAULT 0 NOT NULL,
    trusted_day_overall bigint DEFAULT 0 NOT NULL,
    trusted_day_read bigint DEFAULT 0 NOT NULL,
    doubted_at_s bigint DEFAULT 0 NOT NULL,
    probed_at timestamp with time zone,
    CONSTRAINT quota_limit_sign CHECK (((quarter_overall > 0) AND (quarter_read >= 0) AND (day_overall > 0) AND (day_read >= 0))),
    CONSTRAINT quota_limit_singleton CHECK (singleton)
);

COMMENT ON TABLE sync.quota_limit IS 'The application''s limits, as configured or as Strava''s headers last named them: one row.';

COMMENT ON COLUMN sync.quota_limit.quarter_overall IS 'Calls allowed in a quarter hour.';

COMMENT ON COLUMN sync.quota_limit.quarter_read IS 'The same for the read bucket; 0: no answer named it.';

COMMENT ON COLUMN sync.quota_limit.day_overall IS 'Calls allowed in a UTC day.';

COMMENT ON COLUMN sync.quota_limit.day_read IS 'The same for the read bucket; 0: no answer named it.';

COMMENT ON COLUMN sync.quota_limit.seen_at_s IS 'When a header last named limits, by Strava''s clock in seconds since 1970; 0: they are configured.';

COMMENT ON COLUMN sync.quota_limit.trusted_quarter_overall IS 'While the limits are in doubt: the calls formerly allowed in a quarter hour; 0: the limits are trusted.';

COMMENT ON COLUMN sync.quota_limit.trusted_quarter_read IS 'The same for the read bucket; 0: no answer named it, or the limits are trusted.';

COMMENT ON COLUMN sync.quota_limit.trusted_day_overall IS 'The same for a UTC day.';

COMMENT ON COLUMN sync.quota_limit.trusted_day_read IS 'The same for a UTC day and the read bucket.';

COMMENT ON COLUMN sync.quota_limit.doubted_at_s IS 'When a header first named the limits that are in doubt, by Strava''s clock in seconds since 1970; 0: they are trusted.';

COMMENT ON COLUMN sync.quota_limit.probed_at IS 'Start of the latest quarter hour in which a probe was granted.';

CREATE FUNCTION sync.quota_learn(p_limits bigint[], p_seen_at_s double precision) RETURNS sync.quota_limit
    LANGUAGE plpgsql
    AS $$
DECLARE
    known sync.quota_limit;
    held bigint[];
    is_same boolean;
BEGIN
    INSERT INTO sync.quota_limit (quarter_overall, quarter_read, day_overall, day_read, seen_at_s,
                                  trusted_quarter_overall, trusted_quarter_read, trusted_day_overall, trusted_day_read, doubted_at_s)
    VALUES (p_limits[1], p_limits[2], p_limits[3], p_limits[4], p_seen_at_s, p_limits[5], p_limits[6], p_limits[7], p_limits[8], p_limits[9])
    ON CONFLICT DO NOTHING;
    SELECT * INTO known FROM sync.quota_limit FOR UPDATE;
    held := ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read, known.trusted_quarter_overall,
                  known.trusted_quarter_read, known.trusted_day_overall, known.trusted_day_read, known.doubted_at_s];
    IF (p_limits, p_seen_at_s) = (held, known.seen_at_s) THEN RETURN known; END IF;

    IF known.seen_at_s = 0 OR (p_seen_at_s > 0 AND p_seen_at_s > known.seen_at_s + 2) THEN
        held := p_limits;
        known.seen_at_s := p_seen_at_s;
    ELSIF p_seen_at_s > 0 AND p_seen_at_s >= known.seen_at_s - 2 THEN
        -- Of two tellings of about the same time the lesser limits hold. They are in doubt if one of the two doubts them, unless both name the
        -- same ones and one of them believes them.
        is_same := held[1:4] = p_limits[1:4];
        IF sync.quota_lesser(held, p_limits) = p_limits[1:4] THEN known.seen_at_s := greatest(known.seen_at_s, p_seen_at_s); END IF;
        IF (held[5] = 0 AND p_limits[5] = 0) OR (is_same AND (held[5] = 0 OR p_limits[5] = 0)) THEN
            held := sync.quota_lesser(held, p_limits) || '{0,0,0,0,0}'::bigint[];
        ELSE
            held := sync.quota_lesser(held, p_limits)
                || sync.quota_lesser(CASE WHEN held[5] > 0 THEN held[5:8] ELSE held[1:4] END,
                                     CASE WHEN p_limits[5] > 0 THEN p_limits[5:8] ELSE p_limits[1:4] END)
                || greatest(held[9], p_limits[9]);
        END IF;
    END IF;
    UPDATE sync.quota_limit SET
        quarter_overall = held[1], quarter_read = held[2], day_overall = held[3], day_read = held[4], seen_at_s = known.seen_at_s,
        trusted_quarter_overall = held[5], trusted_quarter_read = held[6], trusted_day_overall = held[7], trusted_day_read = held[8],
        doubted_at_s = held[9]
    RETURNING * INTO known;
    RETURN known;
END $$;

COMMENT ON FUNCTION sync.quota_learn(p_limits bigint[], p_seen_at_s double precision) IS 'Part of sync.quota_turn. The same rule is LearnedLimits.merge in the program.';

CREATE FUNCTION sync.quota_lesser(p_one bigint[], p_other bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT ARRAY[least(p_one[1], p_other[1]), coalesce(least(nullif(p_one[2], 0), nullif(p_other[2], 0)), 0),
                 least(p_one[3], p_other[3]), coalesce(least(nullif(p_one[4], 0), nullif(p_other[4], 0)), 0)]
$$;

COMMENT ON FUNCTION sync.quota_lesser(p_one bigint[], p_other bigint[]) IS 'Part of sync.quota_turn.';

CREATE FUNCTION sync.quota_open(p_span text, p_starts_at timestamp with time zone, p_overall bigint, p_read bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE sync.quota_window SET overall_limit = p_overall, read_limit = p_read
    WHERE span = p_span AND starts_at = p_starts_at AND (overall_limit, read_limit) <> (p_overall, p_read);
    PERFORM FROM sync.quota_window WHERE span = p_span AND starts_at = p_starts_at;
    IF FOUND THEN RETURN; END IF;

    INSERT INTO sync.quota_window (span, starts_at, overall_limit, read_limit)
    VALUES (p_span, p_starts_at, p_overall, p_read) ON CONFLICT (span, starts_at) DO NOTHING;
    IF p_span = 'day' THEN DELETE FROM sync.quota_window WHERE starts_at < p_starts_at - interval '32 days'; END IF;
END $$;

COMMENT ON FUNCTION sync.quota_open(p_span text, p_starts_at timestamp with time zone, p_overall bigint, p_read bigint) IS 'Part of sync.quota_turn.';

CREATE FUNCTION sync.quota_turn(p_instance uuid, p_quarter_at timestamp with time zone, p_day_at timestamp with time zone, p_sequence bigint, p_kept bigint, p_settled bigint, p_want bigint, p_probe boolean, p_quarter_counts bigint[], p_day_counts bigint[], p_quarter_exhausted boolean, p_day_exhausted boolean, p_limits bigint[], p_limits_seen_at_s double precision, OUT granted bigint, OUT is_probe boolean, OUT quarter_counts bigint[], OUT day_counts bigint[], OUT quarter_exhausted boolean, OUT day_exhausted boolean, OUT limits bigint[], OUT limits_seen_at_s double precision, OUT probed_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    known sync.quota_limit := sync.quota_learn(p_limits, p_limits_seen_at_s);
    block sync.quota_block;
    is_late boolean;
BEGIN
    limits := ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read, known.trusted_quarter_overall,
                    known.trusted_quarter_read, known.trusted_day_overall, known.trusted_day_read, known.doubted_at_s];
    limits_seen_at_s := known.seen_at_s;
    probed_at := known.probed_at;
    is_probe := false;
    PERFORM sync.quota_open('day', p_day_at, limits[3], limits[4]);
    PERFORM FROM sync.quota_window WHERE span = 'day' AND starts_at = p_day_at FOR UPDATE;
    PERFORM sync.quota_open('quarter', p_quarter_at, limits[1], limits[2]);

    INSERT INTO sync.quota_block (span, starts_at, instance)
    VALUES ('day', p_day_at, p_instance), ('quarter', p_quarter_at, p_instance) ON CONFLICT DO NOTHING;
    SELECT * INTO block FROM sync.quota_block b
    WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
    is_late := p_sequence <= block.turn_sequence;
    IF NOT is_late THEN
        UPDATE sync.quota_block b
        SET leased = b.leased + p_kept - block.leased, settled = b.settled + greatest(0, p_settled - block.settled),
            included = greatest(b.included, p_day_counts[1]), updated_at = now()
        WHERE b.span = 'day' AND b.starts_at = p_day_at AND b.instance = p_instance;
        UPDATE sync.quota_block b
        SET leased = p_kept, settled = greatest(b.settled, p_settled), included = greatest(b.included, p_quarter_counts[1]),
            turn_sequence = p_sequence, updated_at = now()
        WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_day_counts[2]), read_usage = greatest(w.read_usage, p_day_counts[3]),
            included = greatest(w.included, p_day_counts[4]), exhausted = w.exhausted OR p_day_exhausted
        WHERE w.span = 'day' AND w.starts_at = p_day_at;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_quarter_counts[2]), read_usage = greatest(w.read_usage, p_quarter_counts[3]),
            included = greatest(w.included, p_quarter_counts[4]), exhausted = w.exhausted OR p_quarter_exhausted
        WHERE w.span = 'quarter' AND w.starts_at = p_quarter_at;
    END IF;

    SELECT q.exhausted, d.exhausted INTO quarter_exhausted, day_exhausted
    FROM sync.quota_window q, sync.quota_window d
    WHERE q.span = 'quarter' AND q.starts_at = p_quarter_at AND d.span = 'day' AND d.starts_at = p_day_at;
    quarter_counts := sync.quota_counts('quarter', p_quarter_at, p_instance);
    day_counts := sync.quota_counts('day', p_day_at, p_instance);
    granted := 0;
    IF is_late OR p_want <= 0 THEN RETURN; END IF;

    granted := least(p_want, sync.quota_free(quarter_counts, limits[1], limits[2], quarter_exhausted),
                     sync.quota_free(day_counts, limits[3], limits[4], day_exhausted));
    IF granted = 0 AND p_probe AND limits[5] > 0
        -- One in the future is of a clock that was wrong; two instances may disagree by seconds.
        AND (probed_at IS NULL OR probed_at NOT BETWEEN p_quarter_at AND p_quarter_at + interval '1 hour')
        AND sync.quota_free(quarter_counts, limits[5], limits[6], quarter_exhausted) > 0
        AND sync.quota_free(day_counts, limits[7], limits[8], day_exhausted) > 0 THEN
        granted := 1;
        is_probe := true;
        probed_at := p_quarter_at;
        UPDATE sync.quota_limit l SET probed_at = p_quarter_at;
    END IF;
    IF granted = 0 THEN RETURN; END IF;
    UPDATE sync.quota_block b SET leased = b.leased + granted
    WHERE b.instance = p_instance AND ((b.span = 'quarter' AND b.starts_at = p_quarter_at) OR (b.span = 'day' AND b.starts_at = p_day_at));
    quarter_counts[1] := quarter_counts[1] + granted;
    quarter_counts[3] := quarter_counts[3] + granted;
    day_counts[1] := day_counts[1] + granted;
    day_counts[3] := day_counts[3] + granted;
END $$;

COMMENT ON FUNCTION sync.quota_turn(p_instance uuid, p_quarter_at timestamp with time zone, p_day_at timestamp with time zone, p_sequence bigint, p_kept bigint, p_settled bigint, p_want bigint, p_probe boolean, p_quarter_counts bigint[], p_day_counts bigint[], p_quarter_exhausted boolean, p_day_exhausted boolean, p_limits bigint[], p_limits_seen_at_s double precision, OUT granted bigint, OUT is_probe boolean, OUT quarter_counts bigint[], OUT day_counts bigint[], OUT quarter_exhausted boolean, OUT day_exhausted boolean, OUT limits bigint[], OUT limits_seen_at_s double precision, OUT probed_at timestamp with time zone) IS 'One turn of one instance with the quota ledger: tells its totals, asks for calls. The same rule is QuotaBook in the program.';

CREATE FUNCTION sync.silver_content(p_athlete_id bigint) RETURNS TABLE(table_name text, row_key bigint, content bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS place, c.relname,
               string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (k.indkey)) AS keys,
               coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum <> ALL (k.indkey) AND a.attname NOT IN (
                   'transform_version', 'updated_at', 'loaded_at', 'changed_at', 'added_at', 'found_at', 'src_sha256', 'summary_sha256',
                   'detail_sha256')), '') AS facts
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p')
        GROUP BY c.oid, c.relname
        HAVING bool_or(a.attname = 'athlete_id')
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L::text, hash_record_extended(ROW(%s), 0), hash_record_extended(ROW(%s), 0) FROM %s WHERE athlete_id = $1',
            target.relname, target.keys, target.facts, target.place) USING p_athlete_id;
    END LOOP;
END $_$;

COMMENT ON FUNCTION sync.silver_content(p_athlete_id bigint) IS 'One row per row of an athlete in the tables of silver: hashes of its key and of its content, to compare before and after a rebuild.';

CREATE FUNCTION sync.silver_figures(p_athlete_id bigint) RETURNS TABLE(figure text, value double precision)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.figure, f.value
    FROM (
        SELECT count(*)::float8 AS activities, sum(distance_m) AS distance_m, sum(moving_time_s)::float8 AS moving_time_s,
               sum(elevation_gain_m) AS elevation_gain_m
        FROM silver.activity WHERE athlete_id = p_athlete_id
    ) AS a
    CROSS JOIN (SELECT sum(point_count)::float8 AS points FROM silver.activity_stream WHERE athlete_id = p_athlete_id) AS s
    CROSS JOIN (SELECT sum(load) AS load FROM silver.activity_metric WHERE athlete_id = p_athlete_id) AS m
    CROSS JOIN (
        SELECT sum(u.seconds)::float8 AS zone_time_s
        FROM silver.activity_zone z CROSS JOIN LATERAL unnest(z.seconds) AS u(seconds) WHERE z.athlete_id = p_athlete_id
    ) AS z
    CROSS JOIN (SELECT count(*)::float8 AS training_days FROM silver.training_day WHERE athlete_id = p_athlete_id) AS t
    CROSS JOIN LATERAL (VALUES
        ('activities', a.activities), ('distance_m', a.distance_m), ('moving_time_s', a.moving_time_s),
        ('elevation_gain_m', a.elevation_gain_m), ('points', s.points), ('load', m.load), ('zone_time_s', z.zone_time_s),
        ('training_days', t.training_days)) AS f(figure, value);
END $$;

COMMENT ON FUNCTION sync.silver_figures(p_athlete_id bigint) IS 'Sums of the main figures of an athlete''s silver, units in their names; null: there is nothing to sum.';

CREATE FUNCTION sync.try_silver_lock(p_athlete_id bigint, p_is_rebuild boolean) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild) THEN
        RETURN false;
    END IF;
    -- Not for an athlete who was erased meanwhile, whose work a statement that began before still sees.
    INSERT INTO sync.silver_lock
    SELECT athlete_id, p_is_rebuild FROM sync.athlete WHERE athlete_id = p_athlete_id FOR KEY SHARE
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

COMMENT ON FUNCTION sync.try_silver_lock(p_athlete_id bigint, p_is_rebuild boolean) IS 'Locks the athlete''s row of silver_lock to the end of the transaction; false when another transaction holds it. Inserts the row, which registration makes, when it is missing and the athlete is not.';

CREATE TABLE bronze_strava.answer (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    endpoint smallint NOT NULL,
    object_id bigint NOT NULL,
    request text NOT NULL,
    status smallint NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    body_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT answer_sha256 CHECK ((octet_length(sha256) = 32))
)
WITH (toast.autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY bronze_strava.answer ALTER COLUMN body SET COMPRESSION lz4;

COMMENT ON TABLE bronze_strava.answer IS 'The newest answer for each API object, as sent. Read one in psql with convert_from(body, ''UTF8'').';

COMMENT ON COLUMN bronze_strava.answer.endpoint IS 'See bronze_strava.endpoint. 1 activity_summary, 2 activity, 3 streams, 4 athlete, 5 athlete_zones, 6 activity_zones, 7 gear, 8 athlete_stats.';

COMMENT ON COLUMN bronze_strava.answer.object_id IS 'Activity id for endpoints 1, 2, 3 and 6; athlete id for 4, 5 and 8; for 7 the number in the gear''s id, negative for shoes.';

COMMENT ON COLUMN bronze_strava.answer.request IS 'Path and query of the request, without host and token.';

COMMENT ON COLUMN bronze_strava.answer.status IS 'HTTP status of the answer.';

COMMENT ON COLUMN bronze_strava.answer.fetched_at IS 'When these bytes were first received. The same bytes received again change nothing.';

COMMENT ON COLUMN bronze_strava.answer.body_bytes IS 'Length of body before compression, in bytes.';

COMMENT ON COLUMN bronze_strava.answer.sha256 IS 'SHA-256 of body, 32 bytes, by which an unchanged answer is recognised before anything is written.';

COMMENT ON COLUMN bronze_strava.answer.body IS 'Exact bytes of the answer; for an activity_summary the exact bytes of its element in the list page.';

CREATE VIEW bronze_strava.activity WITH (security_invoker='true') AS
 SELECT d.object_id AS activity_id,
    bronze_strava.json_int(r.achievement_count) AS achievement_count,
    bronze_strava.json_int(r.athlete_count) AS athlete_count,
    bronze_strava.json_float(r.average_speed) AS average_speed,
    bronze_strava.json_text(r.average_watts) AS average_watts,
    bronze_strava.json_int(r.comment_count) AS comment_count,
    bronze_strava.json_bool(r.commute) AS commute,
    bronze_strava.json_text(r.device_watts) AS device_watts,
    bronze_strava.json_float(r.distance) AS distance,
    bronze_strava.json_int(r.elapsed_time) AS elapsed_time,
    bronze_strava.json_float(r.elev_high) AS elev_high,
    bronze_strava.json_float(r.elev_low) AS elev_low,
    (r.end_latlng)::text AS end_latlng,
    bronze_strava.json_text(r.external_id) AS external_id,
    bronze_strava.json_bool(r.flagged) AS flagged,
    bronze_strava.json_text(r.gear_id) AS gear_id,
    bronze_strava.json_bool(r.has_kudoed) AS has_kudoed,
    bronze_strava.json_text(r.hide_from_home) AS hide_from_home,
    bronze_strava.json_text(r.kilojoules) AS kilojoules,
    bronze_strava.json_int(r.kudos_count) AS kudos_count,
    bronze_strava.json_bool(r.manual) AS manual,
    bronze_strava.json_float(r.max_speed) AS max_speed,
    bronze_strava.json_text(r.max_watts) AS max_watts,
    bronze_strava.json_int(r.moving_time) AS moving_time,
    bronze_strava.json_text(r.name) AS name,
    bronze_strava.json_int(r.photo_count) AS photo_count,
    bronze_strava.json_bool(r.private) AS private,
    bronze_strava.json_text(r.sport_type) AS sport_type,
    bronze_strava.json_text(r.start_date) AS start_date,
    bronze_strava.json_text(r.start_date_local) AS start_date_local,
    (r.start_latlng)::text AS start_latlng,
    bronze_strava.json_text(r.timezone) AS timezone,
    bronze_strava.json_float(r.total_elevation_gain) AS total_elevation_gain,
    bronze_strava.json_int(r.total_photo_count) AS total_photo_count,
    bronze_strava.json_bool(r.trainer) AS trainer,
    bronze_strava.json_text(r.type) AS type,
    bronze_strava.json_bigint(r.upload_id) AS upload_id,
    bronze_strava.json_text(r.upload_id_str) AS upload_id_str,
    bronze_strava.json_text(r.weighted_average_watts) AS weighted_average_watts,
    bronze_strava.json_text(r.workout_type) AS workout_type,
    bronze_strava.json_float(r.utc_offset) AS utc_offset,
    bronze_strava.json_text(r.location_city) AS location_city,
    bronze_strava.json_text(r.location_state) AS location_state,
    bronze_strava.json_text(r.location_country) AS location_country,
    bronze_strava.json_int(r.pr_count) AS pr_count,
    bronze_strava.json_int(r.suffer_score) AS suffer_score,
    bronze_strava.json_bool(r.has_heartrate) AS has_heartrate,
    bronze_strava.json_float(r.average_heartrate) AS average_heartrate,
    bronze_strava.json_int(r.max_heartrate) AS max_heartrate,
    bronze_strava.json_text(r.average_cadence) AS average_cadence,
    bronze_strava.json_bool(r.from_accepted_tag) AS from_accepted_tag,
    bronze_strava.json_text(r.visibility) AS visibility,
    d.athlete_id,
    bronze_strava.json_int((r.athlete -> 'resource_state'::text)) AS athlete_resource_state,
    bronze_strava.json_text((r.map -> 'id'::text)) AS map_id,
    bronze_strava.json_text((r.map -> 'polyline'::text)) AS map_polyline,
    bronze_strava.json_text((r.map -> 'summary_polyline'::text)) AS map_summary_polyline,
    d.fetched_at AS metadata_insert_timestamp
   FROM (( SELECT DISTINCT ON (answer.athlete_id, answer.object_id) answer.athlete_id,
            answer.object_id,
            answer.fetched_at,
            bronze_strava.json_object(answer.body) AS document
           FROM bronze_strava.answer
          WHERE ((answer.source_id = 1) AND (answer.endpoint = ANY (ARRAY[1, 2])))
          ORDER BY answer.athlete_id, answer.object_id, answer.fetched_at DESC, answer.endpoint DESC) d
     CROSS JOIN LATERAL jsonb_to_record(d.document) r(achievement_count jsonb, athlete_count jsonb, average_speed jsonb, average_watts jsonb, comment_count jsonb, commute jsonb, device_watts jsonb, distance jsonb, elapsed_time jsonb, elev_high jsonb, elev_low jsonb, end_latlng jsonb, external_id jsonb, flagged jsonb, gear_id jsonb, has_kudoed jsonb, hide_from_home jsonb, kilojoules jsonb, kudos_count jsonb, manual jsonb, max_speed jsonb, max_watts jsonb, moving_time jsonb, name jsonb, photo_count jsonb, private jsonb, sport_type jsonb, start_date jsonb, start_date_local jsonb, start_latlng jsonb, timezone jsonb, total_elevation_gain jsonb, total_photo_count jsonb, trainer jsonb, type jsonb, upload_id jsonb, upload_id_str jsonb, weighted_average_watts jsonb, workout_type jsonb, utc_offset jsonb, location_city jsonb, location_state jsonb, location_country jsonb, pr_count jsonb, suffer_score jsonb, has_heartrate jsonb, average_heartrate jsonb, max_heartrate jsonb, average_cadence jsonb, from_accepted_tag jsonb, visibility jsonb, athlete jsonb, map jsonb))
  WHERE (d.document IS NOT NULL);

COMMENT ON VIEW bronze_strava.activity IS 'Predecessor''s table: one row per activity from the newest of detail and summary. Each row is parsed when read: for dashboards take silver.activity.';

CREATE TABLE silver.activity_stream (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    point_count integer NOT NULL,
    original_size integer,
    series_type text,
    resolution text,
    time_s integer[],
    distance_m real[],
    latitude_e6 integer[],
    longitude_e6 integer[],
    altitude_m real[],
    velocity_mps real[],
    grade_percent real[],
    heartrate_bpm smallint[],
    cadence_rpm smallint[],
    power_w smallint[],
    temperature_c smallint[],
    moving boolean[],
    transform_version smallint NOT NULL,
    src_sha256 bytea NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    short_points integer,
    disordered_points integer,
    longest_step_s integer,
    end_distance_m double precision,
    outlier_time_points integer,
    outlier_distance_points integer,
    outlier_position_points integer,
    outlier_altitude_points integer,
    outlier_heartrate_points integer,
    outlier_power_points integer,
    outlier_cadence_points integer,
    CONSTRAINT activity_stream_aligned CHECK (((COALESCE(cardinality(time_s), point_count) = point_count) AND (COALESCE(cardinality(distance_m), point_count) = point_count) AND (COALESCE(cardinality(latitude_e6), point_count) = point_count) AND (COALESCE(cardinality(longitude_e6), point_count) = point_count) AND (COALESCE(cardinality(altitude_m), point_count) = point_count) AND (COALESCE(cardinality(velocity_mps), point_count) = point_count) AND (COALESCE(cardinality(grade_percent), point_count) = point_count) AND (COALESCE(cardinality(heartrate_bpm), point_count) = point_count) AND (COALESCE(cardinality(cadence_rpm), point_count) = point_count) AND (COALESCE(cardinality(power_w), point_count) = point_count) AND (COALESCE(cardinality(temperature_c), point_count) = point_count) AND (COALESCE(cardinality(moving), point_count) = point_count)))
)
WITH (autovacuum_vacuum_scale_factor='0.05', toast.autovacuum_vacuum_scale_factor='0.02', toast.autovacuum_vacuum_threshold='5000');
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN time_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN distance_m SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN latitude_e6 SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN longitude_e6 SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN altitude_m SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN velocity_mps SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN grade_percent SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN heartrate_bpm SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN cadence_rpm SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN power_w SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN temperature_c SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_stream ALTER COLUMN moving SET COMPRESSION lz4;

COMMENT ON TABLE silver.activity_stream IS 'One row per activity with its point series as arrays: element i of each array belongs to the same moment. All as Strava sent it: figures are computed without the outliers that the columns outlier_* count. Null array: Strava sent no such stream; null element: no value at that point. For one row per point see silver.aggregate_stream.';

COMMENT ON COLUMN silver.activity_stream.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_stream.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_stream.activity_id IS 'Activity of the streams.';

COMMENT ON COLUMN silver.activity_stream.point_count IS 'Length of each array.';

COMMENT ON COLUMN silver.activity_stream.original_size IS 'Points that were recorded, before Strava thinned them out.';

COMMENT ON COLUMN silver.activity_stream.series_type IS 'distance or time: along what Strava thinned out.';

COMMENT ON COLUMN silver.activity_stream.resolution IS 'high, medium or low, as sent by Strava.';

COMMENT ON COLUMN silver.activity_stream.time_s IS 'Seconds since the start, as sent: a step may be of any length, and faulty clocks repeat, go back or jump. activity_metric.recorded_s leaves out pauses.';

COMMENT ON COLUMN silver.activity_stream.distance_m IS 'Metres since the start. Exact to 7 digits; read with ::text::float8 to see the digits that Strava sent.';

COMMENT ON COLUMN silver.activity_stream.latitude_e6 IS 'Latitude in millionths of a degree.';

COMMENT ON COLUMN silver.activity_stream.longitude_e6 IS 'Longitude in millionths of a degree.';

COMMENT ON COLUMN silver.activity_stream.altitude_m IS 'Metres above sea level.';

COMMENT ON COLUMN silver.activity_stream.velocity_mps IS 'Smoothed speed, metres per second.';

COMMENT ON COLUMN silver.activity_stream.grade_percent IS 'Smoothed grade in percent.';

COMMENT ON COLUMN silver.activity_stream.heartrate_bpm IS 'Heart rate, beats per minute.';

COMMENT ON COLUMN silver.activity_stream.cadence_rpm IS 'Cadence: revolutions per minute; for runs steps of one leg per minute.';

COMMENT ON COLUMN silver.activity_stream.power_w IS 'Power in watts (Strava''s stream watts).';

COMMENT ON COLUMN silver.activity_stream.temperature_c IS 'Temperature, °C.';

COMMENT ON COLUMN silver.activity_stream.moving IS 'Whether the athlete was in motion.';

COMMENT ON COLUMN silver.activity_stream.transform_version IS 'Version of the decoder that made the row.';

COMMENT ON COLUMN silver.activity_stream.src_sha256 IS 'SHA-256 of the answer the row was made from.';

COMMENT ON COLUMN silver.activity_stream.loaded_at IS 'When the row was made.';

COMMENT ON COLUMN silver.activity_stream.short_points IS 'Points by which the shortest of Strava''s lists is shorter than the longest; the missing points at its end are null.';

COMMENT ON COLUMN silver.activity_stream.disordered_points IS 'Points whose time is missing or not at least a second later than that of the point before; null: there are no times.';

COMMENT ON COLUMN silver.activity_stream.longest_step_s IS 'Longest time from one point to the next, seconds, without the points that outlier_time_points counts; null: there are no times.';

COMMENT ON COLUMN silver.activity_stream.end_distance_m IS 'Last known element of distance_m, metres.';

COMMENT ON COLUMN silver.activity_stream.outlier_time_points IS 'Points that no figure counts because their time is missing or contradicts the points around it. Null: there are no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_distance_points IS 'Elements of distance_m that no figure counts (they go far away and come back), and jumps of it, which are no way covered: falls, and steps of more than 300 m/s, or of more than 12 m/s and more than four times the steps around. Null: there is no such stream, or no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_position_points IS 'Positions that no figure counts (they go far away and come back, are a wrong start, or 0° north, 0° east), and jumps of the position. Null: there is no such stream, or no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_altitude_points IS 'Elements of altitude_m that no figure counts (dropouts, spikes, codes for no value), and lasting steps of more than 15 m a second, which are no climb. Null: there is no such stream, or no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_heartrate_points IS 'Elements of heartrate_bpm that no figure counts: below 25 (0: the sensor was lost) or above 240 beats per minute (255 is a code for no value). Null: there is no such stream, or no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_power_points IS 'Elements of power_w that no figure counts: below 0 or above 3000 W, single spikes of more than 1000 W and three times all within 5 seconds, and zeros for more than 20 minutes while the athlete moved on: the meter had died. Null: there is no such stream, or no times.';

COMMENT ON COLUMN silver.activity_stream.outlier_cadence_points IS 'Elements of cadence_rpm that no figure counts: below 0 or above 250 a minute (255 is a code for no value). Null: there is no such stream, or no times.';

CREATE VIEW bronze_strava.altitude WITH (security_invoker='true') AS
 SELECT ((u.data)::text)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.altitude_m) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.altitude IS 'Predecessor''s table: one row per point, index from 1. Data: metres above sea level.';

CREATE TABLE bronze_strava.answer_version (
    athlete_id bigint NOT NULL,
    source_id smallint NOT NULL,
    endpoint smallint NOT NULL,
    object_id bigint NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    version_id bigint NOT NULL,
    request text NOT NULL,
    status smallint NOT NULL,
    body_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    body bytea NOT NULL
);
ALTER TABLE ONLY bronze_strava.answer_version ALTER COLUMN body SET COMPRESSION lz4;

COMMENT ON TABLE bronze_strava.answer_version IS 'Earlier versions of answers that changed.';

COMMENT ON COLUMN bronze_strava.answer_version.valid_from IS 'When these bytes were received.';

COMMENT ON COLUMN bronze_strava.answer_version.valid_to IS 'When other bytes for the same object were received.';

ALTER TABLE bronze_strava.answer_version ALTER COLUMN version_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bronze_strava.answer_version_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW bronze_strava.athlete_summary WITH (security_invoker='true') AS
 SELECT d.athlete_id,
    bronze_strava.json_text(r.city) AS city,
    bronze_strava.json_text(r.country) AS country,
    bronze_strava.json_text(r.created_at) AS created_at,
    bronze_strava.json_text(r.firstname) AS firstname,
    bronze_strava.json_text(r.lastname) AS lastname,
    bronze_strava.json_bool(r.premium) AS premium,
    bronze_strava.json_text(r.profile) AS profile,
    bronze_strava.json_text(r.profile_medium) AS profile_medium,
    bronze_strava.json_int(r.resource_state) AS resource_state,
    bronze_strava.json_text(r.sex) AS sex,
    bronze_strava.json_text(r.state) AS state,
    bronze_strava.json_bool(r.summit) AS summit,
    bronze_strava.json_text(r.updated_at) AS updated_at,
    (r.bikes)::text AS bikes,
    (r.clubs)::text AS clubs,
    bronze_strava.json_text(r.follower_count) AS follower_count,
    bronze_strava.json_text(r.friend_count) AS friend_count,
    bronze_strava.json_text(r.ftp) AS ftp,
    bronze_strava.json_text(r.measurement_preference) AS measurement_preference,
    (r.shoes)::text AS shoes,
    bronze_strava.json_text(r.weight) AS weight,
    bronze_strava.json_text(r.athlete_type) AS athlete_type,
    bronze_strava.json_text(r.friend) AS friend,
    bronze_strava.json_text(r.follower) AS follower,
    bronze_strava.json_text(r.approve_followers) AS approve_followers,
    bronze_strava.json_int(r.badge_type_id) AS badge_type_id,
    bronze_strava.json_text(r.mutual_friend_count) AS mutual_friend_count,
    bronze_strava.json_text(r.date_preference) AS date_preference,
    bronze_strava.json_text(r.email) AS email,
    bronze_strava.json_text(r.super_user) AS super_user,
    bronze_strava.json_text(r.email_language) AS email_language,
    bronze_strava.json_text(r.max_heartrate) AS max_heartrate,
    bronze_strava.json_text(r.username) AS username,
    bronze_strava.json_text(r.description) AS description,
    bronze_strava.json_text(r.instagram_username) AS instagram_username,
    bronze_strava.json_text(r.offer_in_app_payment) AS offer_in_app_payment,
    bronze_strava.json_text(r.global_privacy) AS global_privacy,
    bronze_strava.json_text(r.receive_newsletter) AS receive_newsletter,
    bronze_strava.json_text(r.email_kom_lost) AS email_kom_lost,
    bronze_strava.json_text(r.dateofbirth) AS dateofbirth,
    bronze_strava.json_text(r.facebook_sharing_enabled) AS facebook_sharing_enabled,
    bronze_strava.json_text(r.profile_original) AS profile_original,
    bronze_strava.json_text(r.premium_expiration_date) AS premium_expiration_date,
    bronze_strava.json_text(r.email_send_follower_notices) AS email_send_follower_notices,
    bronze_strava.json_text(r.plan) AS plan,
    bronze_strava.json_text(r.agreed_to_terms) AS agreed_to_terms,
    bronze_strava.json_text(r.follower_request_count) AS follower_request_count,
    bronze_strava.json_text(r.email_facebook_twitter_friend_joins) AS email_facebook_twitter_friend_joins,
    bronze_strava.json_text(r.receive_kudos_emails) AS receive_kudos_emails,
    bronze_strava.json_text(r.receive_follower_feed_emails) AS receive_follower_feed_emails,
    bronze_strava.json_text(r.receive_comment_emails) AS receive_comment_emails,
    bronze_strava.json_text(r.sample_race_distance) AS sample_race_distance,
    bronze_strava.json_text(r.sample_race_time) AS sample_race_time,
    bronze_strava.json_text(r.membership) AS membership,
    bronze_strava.json_text(r.admin) AS admin,
    bronze_strava.json_text(r.owner) AS owner,
    bronze_strava.json_text(r.subscription_permissions) AS subscription_permissions,
    d.fetched_at AS metadata_insert_timestamp
   FROM (( SELECT answer.athlete_id,
            answer.fetched_at,
            bronze_strava.json_object(answer.body) AS document
           FROM bronze_strava.answer
          WHERE ((answer.source_id = 1) AND (answer.endpoint = 4) AND (answer.object_id = answer.athlete_id))
         OFFSET 0) d
     CROSS JOIN LATERAL jsonb_to_record(d.document) r(city jsonb, country jsonb, created_at jsonb, firstname jsonb, lastname jsonb, premium jsonb, profile jsonb, profile_medium jsonb, resource_state jsonb, sex jsonb, state jsonb, summit jsonb, updated_at jsonb, bikes jsonb, clubs jsonb, follower_count jsonb, friend_count jsonb, ftp jsonb, measurement_preference jsonb, shoes jsonb, weight jsonb, athlete_type jsonb, friend jsonb, follower jsonb, approve_followers jsonb, badge_type_id jsonb, mutual_friend_count jsonb, date_preference jsonb, email jsonb, super_user jsonb, email_language jsonb, max_heartrate jsonb, username jsonb, description jsonb, instagram_username jsonb, offer_in_app_payment jsonb, global_privacy jsonb, receive_newsletter jsonb, email_kom_lost jsonb, dateofbirth jsonb, facebook_sharing_enabled jsonb, profile_original jsonb, premium_expiration_date jsonb, email_send_follower_notices jsonb, plan jsonb, agreed_to_terms jsonb, follower_request_count jsonb, email_facebook_twitter_friend_joins jsonb, receive_kudos_emails jsonb, receive_follower_feed_emails jsonb, receive_comment_emails jsonb, sample_race_distance jsonb, sample_race_time jsonb, membership jsonb, admin jsonb, owner jsonb, subscription_permissions jsonb))
  WHERE (d.document IS NOT NULL);

COMMENT ON VIEW bronze_strava.athlete_summary IS 'Predecessor''s table: the athlete''s profile. Most columns have not been sent by Strava for years and are null. For dashboards take silver.athlete.';

CREATE VIEW bronze_strava.cadence WITH (security_invoker='true') AS
 SELECT (u.data)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.cadence_rpm) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.cadence IS 'Predecessor''s table: one row per point, index from 1. Data: revolutions per minute; for runs steps of one leg per minute.';

CREATE VIEW bronze_strava.distance WITH (security_invoker='true') AS
 SELECT ((u.data)::text)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.distance_m) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.distance IS 'Predecessor''s table: one row per point, index from 1. Data: metres since the start.';

CREATE TABLE bronze_strava.endpoint (
    endpoint smallint NOT NULL,
    name text NOT NULL
);

COMMENT ON TABLE bronze_strava.endpoint IS 'Kinds of API objects. activity_summary is one element of a list page, the others are whole answers.';

CREATE VIEW bronze_strava.grade_smooth WITH (security_invoker='true') AS
 SELECT ((u.data)::text)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.grade_percent) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.grade_smooth IS 'Predecessor''s table: one row per point, index from 1. Data: percent.';

CREATE VIEW bronze_strava.heartrate WITH (security_invoker='true') AS
 SELECT (u.data)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.heartrate_bpm) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.heartrate IS 'Predecessor''s table: one row per point, index from 1. Data: beats per minute.';

CREATE VIEW bronze_strava.latlng WITH (security_invoker='true') AS
 SELECT ((u.la)::double precision / ('1000000'::numeric)::double precision) AS latitude,
    ((u.lo)::double precision / ('1000000'::numeric)::double precision) AS longitude,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL UNNEST(s.latitude_e6, s.longitude_e6) WITH ORDINALITY u(la, lo, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.latlng IS 'Predecessor''s table: one row per point, index from 1. Degrees.';

CREATE VIEW bronze_strava.moving WITH (security_invoker='true') AS
 SELECT ((u.data)::integer)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.moving) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.moving IS 'Predecessor''s table: one row per point, index from 1. Data: 1 in motion, 0 at rest.';

CREATE VIEW bronze_strava.power WITH (security_invoker='true') AS
 SELECT NULL::double precision AS data,
    0 AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM silver.activity_stream s
  WHERE false;

COMMENT ON VIEW bronze_strava.power IS 'Predecessor''s table, always empty: Strava has no stream of this name; see watts.';

CREATE TABLE bronze_strava.source (
    source_id smallint NOT NULL,
    name text NOT NULL
);

COMMENT ON TABLE bronze_strava.source IS 'The origin of a row. Retention is set per source: copies of API data may have to be removed, the athlete''s own archive and files stay.';

CREATE VIEW bronze_strava.temp WITH (security_invoker='true') AS
 SELECT (u.data)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.temperature_c) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.temp IS 'Predecessor''s table: one row per point, index from 1. Data: °C.';

CREATE VIEW bronze_strava."time" WITH (security_invoker='true') AS
 SELECT (u.data)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.time_s) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava."time" IS 'Predecessor''s table: one row per point, index from 1. Data: seconds since the start.';

CREATE VIEW bronze_strava.velocity_smooth WITH (security_invoker='true') AS
 SELECT ((u.data)::text)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.velocity_mps) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.velocity_smooth IS 'Predecessor''s table: one row per point, index from 1. Data: metres per second.';

CREATE VIEW bronze_strava.watts WITH (security_invoker='true') AS
 SELECT (u.data)::double precision AS data,
    (u.i)::integer AS index,
    s.original_size,
    s.series_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp
   FROM (silver.activity_stream s
     CROSS JOIN LATERAL unnest(s.power_w) WITH ORDINALITY u(data, i))
  WHERE (s.source_id = 1);

COMMENT ON VIEW bronze_strava.watts IS 'Predecessor''s table: one row per point, index from 1. Data: watts.';

CREATE TABLE metrics.metrics (
    athlete_id bigint NOT NULL,
    activity_id bigint,
    data_source text NOT NULL,
    data_stream text NOT NULL,
    record_count integer NOT NULL,
    status text NOT NULL,
    inserted_at timestamp with time zone NOT NULL,
    metric_id bigint NOT NULL
);

COMMENT ON TABLE metrics.metrics IS 'Lineage: one row per changed object that landed, and for a streams answer one row per stream. Written in the landing transaction.';

COMMENT ON COLUMN metrics.metrics.activity_id IS 'Null for the athlete''s own objects.';

COMMENT ON COLUMN metrics.metrics.data_source IS 'STRAVA.';

COMMENT ON COLUMN metrics.metrics.data_stream IS 'Name of the endpoint, or of the stream (time, distance, latlng, …).';

COMMENT ON COLUMN metrics.metrics.record_count IS 'Elements of a stream as sent, else 1; 0 when the answer could not be read. In silver a stream that is shorter than the others is filled up with nulls.';

COMMENT ON COLUMN metrics.metrics.status IS 'SUCCESS or FAILURE (kept as sent, but not readable).';

COMMENT ON COLUMN metrics.metrics.metric_id IS 'Number of the row; not in the predecessor''s table. Part of the key, without which Citus can''t move rows to another node.';

ALTER TABLE metrics.metrics ALTER COLUMN metric_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME metrics.metrics_metric_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.fitnessd_migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    is_compatible boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE public.fitnessd_migration IS 'The migrations of fitnessd that this database has, with the hash of each file as applied.';

COMMENT ON COLUMN public.fitnessd_migration.is_compatible IS 'Whether the version before works on with it.';

CREATE TABLE public.fitnessd_upgrade (
    is_only boolean DEFAULT true NOT NULL,
    name text NOT NULL,
    announced_at timestamp with time zone NOT NULL,
    CONSTRAINT fitnessd_upgrade_is_only CHECK (is_only)
);

COMMENT ON TABLE public.fitnessd_upgrade IS 'A migration that is about to be applied and does not go with the version before: daemons that do not know it stop. One row at most; one that is older than 30 seconds was left by a crash.';

CREATE TABLE silver.activity (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    name text,
    sport_type text,
    sport_family text GENERATED ALWAYS AS (silver.sport_family(sport_type)) STORED NOT NULL,
    activity_type text,
    start_at timestamp with time zone,
    start_date_local timestamp without time zone,
    utc_offset_s integer,
    timezone text,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    elevation_gain_m double precision,
    elevation_high_m double precision,
    elevation_low_m double precision,
    average_speed_mps double precision,
    max_speed_mps double precision,
    average_heartrate_bpm double precision,
    max_heartrate_bpm double precision,
    average_cadence_rpm double precision,
    average_temperature_c double precision,
    average_power_w double precision,
    weighted_power_w double precision,
    max_power_w double precision,
    energy_kj double precision,
    calories_kcal double precision,
    relative_effort double precision,
    perceived_exertion double precision,
    prefers_perceived_exertion boolean,
    has_power_meter boolean,
    has_heartrate boolean,
    heartrate_opt_out boolean,
    is_trainer boolean,
    is_commute boolean,
    is_manual boolean,
    is_private boolean,
    is_flagged boolean,
    is_hidden_from_home boolean,
    is_from_tag boolean,
    visibility text,
    workout_type integer,
    gear_id text,
    gear_name text,
    device_name text,
    external_id text,
    upload_id bigint,
    start_latitude_deg double precision,
    start_longitude_deg double precision,
    end_latitude_deg double precision,
    end_longitude_deg double precision,
    location_city text,
    location_state text,
    location_country text,
    achievement_count integer,
    kudos_count integer,
    comment_count integer,
    athlete_count integer,
    photo_count integer,
    pr_count integer,
    available_zones text[],
    description text,
    private_note text,
    summary_polyline text,
    polyline text,
    has_detail boolean NOT NULL,
    transform_version smallint NOT NULL,
    summary_sha256 bytea,
    detail_sha256 bytea,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY silver.activity ALTER COLUMN description SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity ALTER COLUMN private_note SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity ALTER COLUMN summary_polyline SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity ALTER COLUMN polyline SET COMPRESSION lz4;

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

CREATE TABLE silver.activity_rollup (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    heartrate_first_bpm smallint,
    heartrate_seconds integer[],
    power_seconds integer[],
    speed_seconds integer[],
    power_w real[],
    power_start_s integer[],
    heartrate_bpm real[],
    heartrate_start_s integer[],
    pace_time_s real[],
    pace_start_s integer[],
    cell bigint[],
    cell_seconds integer[],
    minute_start_s integer[],
    minute_recorded_s smallint[],
    minute_heartrate_bpm smallint[],
    minute_power_w smallint[],
    minute_cadence_rpm smallint[],
    minute_distance_m real[],
    minute_altitude_m real[],
    adjusted_distance_m double precision[],
    CONSTRAINT activity_rollup_aligned CHECK (((cardinality(power_w) = cardinality(power_start_s)) AND (cardinality(heartrate_bpm) = cardinality(heartrate_start_s)) AND (cardinality(pace_time_s) = cardinality(pace_start_s)) AND (cardinality(cell) = cardinality(cell_seconds)) AND (cardinality(minute_start_s) = cardinality(minute_recorded_s))))
)
WITH (toast.autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN heartrate_seconds SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN power_seconds SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN speed_seconds SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN power_w SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN power_start_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN heartrate_bpm SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN heartrate_start_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN pace_time_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN pace_start_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN cell SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN cell_seconds SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_start_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_recorded_s SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_heartrate_bpm SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_power_w SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_cadence_rpm SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_distance_m SET COMPRESSION lz4;
ALTER TABLE ONLY silver.activity_rollup ALTER COLUMN minute_altitude_m SET COMPRESSION lz4;

COMMENT ON TABLE silver.activity_rollup IS 'One row per activity with streams: arrays computed from them when they landed. To read rows use the views activity_best_effort, activity_histogram, activity_grid and activity_interval_1min.';

COMMENT ON COLUMN silver.activity_rollup.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_rollup.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_rollup.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_rollup.heartrate_first_bpm IS 'Heart rate of the first element of heartrate_seconds, beats per minute.';

COMMENT ON COLUMN silver.activity_rollup.heartrate_seconds IS 'Element i: seconds with a heart rate of heartrate_first_bpm + i - 1 beats per minute.';

COMMENT ON COLUMN silver.activity_rollup.power_seconds IS 'Element i: seconds with a power of at least i - 1 and less than i watts.';

COMMENT ON COLUMN silver.activity_rollup.speed_seconds IS 'Element i: recorded seconds at a speed of at least i - 1 and less than i centimetres per second; element 1200 stands for 11.99 m/s and more. Of velocity_mps, else of the way covered; pauses and outliers are left out. Ends at the highest speed. Null: no speed is known.';

COMMENT ON COLUMN silver.activity_rollup.power_w IS 'Element i: best mean power in watts over effort_durations_s()[i] seconds of elapsed time; a second without a value counts 0 W. Ends at the longest duration that was reached.';

COMMENT ON COLUMN silver.activity_rollup.power_start_s IS 'Element i: seconds from the start of the activity to the start of the effort power_w[i].';

COMMENT ON COLUMN silver.activity_rollup.heartrate_bpm IS 'Element i: best mean heart rate in beats per minute over effort_durations_s()[i] seconds of elapsed time, of the seconds that have one; null when no window has one in nine tenths of its seconds.';

COMMENT ON COLUMN silver.activity_rollup.heartrate_start_s IS 'Element i: seconds from the start of the activity to the start of the effort heartrate_bpm[i].';

COMMENT ON COLUMN silver.activity_rollup.pace_time_s IS 'Element i: shortest elapsed time in seconds for effort_distances_m()[i] metres, pauses included. Ends at the longest distance that was reached.';

COMMENT ON COLUMN silver.activity_rollup.pace_start_s IS 'Element i: seconds from the start of the activity to the start of the effort pace_time_s[i].';

COMMENT ON COLUMN silver.activity_rollup.cell IS 'Heat map cells of 0.001 degree, ascending: (latitude cell + 90000)·1000000 + longitude cell + 180000. See activity_grid.';

COMMENT ON COLUMN silver.activity_rollup.cell_seconds IS 'Element i: seconds spent in cell[i].';

COMMENT ON COLUMN silver.activity_rollup.minute_start_s IS 'Element i: seconds from the start of the activity to the start of minute i, a multiple of 60. Of a pause of more than 5 hours the minutes after about the first 300 are left out.';

COMMENT ON COLUMN silver.activity_rollup.minute_recorded_s IS 'Element i: seconds of minute i (from 1) in which something was recorded; 0 in a pause.';

COMMENT ON COLUMN silver.activity_rollup.minute_heartrate_bpm IS 'Element i: mean heart rate of minute i, beats per minute.';

COMMENT ON COLUMN silver.activity_rollup.minute_power_w IS 'Element i: mean power of minute i over the seconds that have one, watts.';

COMMENT ON COLUMN silver.activity_rollup.minute_cadence_rpm IS 'Element i: mean cadence of minute i; for runs steps of one leg per minute.';

COMMENT ON COLUMN silver.activity_rollup.minute_distance_m IS 'Element i: metres covered in minute i.';

COMMENT ON COLUMN silver.activity_rollup.minute_altitude_m IS 'Element i: mean altitude of minute i, metres above sea level.';

COMMENT ON COLUMN silver.activity_rollup.adjusted_distance_m IS 'Metres on the level that cost as much energy (Minetti 2002): element 1 if it was run, element 2 if it was walked. Null without grades. To read use activity_metric.grade_adjusted_distance_m.';

CREATE VIEW silver.activity_best_effort WITH (security_invoker='true') AS
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'power'::text AS metric,
    (d.duration_s)::double precision AS duration_s,
    NULL::double precision AS distance_m,
    ((u.value)::text)::double precision AS power_w,
    NULL::double precision AS heartrate_bpm,
    NULL::double precision AS pace_s_per_km,
    u.start_s AS start_offset_s
   FROM ((silver.activity_rollup r
     CROSS JOIN LATERAL UNNEST(r.power_w, r.power_start_s) WITH ORDINALITY u(value, start_s, rung))
     JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY d(duration_s, rung) ON ((d.rung = u.rung)))
  WHERE (u.value IS NOT NULL)
UNION ALL
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'heartrate'::text AS metric,
    d.duration_s,
    NULL::double precision AS distance_m,
    NULL::double precision AS power_w,
    ((u.value)::text)::double precision AS heartrate_bpm,
    NULL::double precision AS pace_s_per_km,
    u.start_s AS start_offset_s
   FROM ((silver.activity_rollup r
     CROSS JOIN LATERAL UNNEST(r.heartrate_bpm, r.heartrate_start_s) WITH ORDINALITY u(value, start_s, rung))
     JOIN unnest(silver.effort_durations_s()) WITH ORDINALITY d(duration_s, rung) ON ((d.rung = u.rung)))
  WHERE (u.value IS NOT NULL)
UNION ALL
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'pace'::text AS metric,
    ((u.value)::text)::double precision AS duration_s,
    d.distance_m,
    NULL::double precision AS power_w,
    NULL::double precision AS heartrate_bpm,
    ((((u.value)::text)::double precision / d.distance_m) * (1000)::double precision) AS pace_s_per_km,
    u.start_s AS start_offset_s
   FROM ((silver.activity_rollup r
     CROSS JOIN LATERAL UNNEST(r.pace_time_s, r.pace_start_s) WITH ORDINALITY u(value, start_s, rung))
     JOIN unnest(silver.effort_distances_m()) WITH ORDINALITY d(distance_m, rung) ON ((d.rung = u.rung)))
  WHERE (u.value IS NOT NULL);

COMMENT ON VIEW silver.activity_best_effort IS 'One row per activity, metric and rung of the ladder: best mean power and heart rate over fixed durations, shortest time for fixed distances. All sports have pace, errors of GPS too, and power may be Strava''s estimate: filter by sport_type, and power by has_power_meter IS NOT FALSE of activity; or use personal_record, which leaves out values that are too fast or estimated.';

COMMENT ON COLUMN silver.activity_best_effort.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_best_effort.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_best_effort.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_best_effort.metric IS 'power, heartrate or pace: which of the value columns is filled.';

COMMENT ON COLUMN silver.activity_best_effort.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the time it took for pace.';

COMMENT ON COLUMN silver.activity_best_effort.distance_m IS 'Metres: the rung for pace, null otherwise.';

COMMENT ON COLUMN silver.activity_best_effort.power_w IS 'Best mean power in watts over the duration, pauses counted as 0 W.';

COMMENT ON COLUMN silver.activity_best_effort.heartrate_bpm IS 'Best mean heart rate over the duration, beats per minute.';

COMMENT ON COLUMN silver.activity_best_effort.pace_s_per_km IS 'Seconds per kilometre over the distance, pauses included.';

COMMENT ON COLUMN silver.activity_best_effort.start_offset_s IS 'Seconds from the start of the activity to the start of the effort.';

CREATE VIEW silver.activity_grid WITH (security_invoker='true') AS
 SELECT u.athlete_id,
    u.source_id,
    u.activity_id,
    u.cell,
    (((((u.cell / 1000000) - 90000))::double precision + (0.5)::double precision) / (1000)::double precision) AS latitude_deg,
    (((((u.cell % (1000000)::bigint) - 180000))::double precision + (0.5)::double precision) / (1000)::double precision) AS longitude_deg,
    u.seconds
   FROM ( SELECT activity_rollup.athlete_id,
            activity_rollup.source_id,
            activity_rollup.activity_id,
            unnest(activity_rollup.cell) AS cell,
            unnest(activity_rollup.cell_seconds) AS seconds
           FROM silver.activity_rollup) u;

COMMENT ON VIEW silver.activity_grid IS 'One row per activity and heat map cell of 0.001 degree that was visited.';

COMMENT ON COLUMN silver.activity_grid.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_grid.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_grid.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_grid.cell IS 'Number of the cell: group by it.';

COMMENT ON COLUMN silver.activity_grid.latitude_deg IS 'Latitude of the middle of the cell, degrees.';

COMMENT ON COLUMN silver.activity_grid.longitude_deg IS 'Longitude of the middle of the cell, degrees.';

COMMENT ON COLUMN silver.activity_grid.seconds IS 'Seconds spent in the cell.';

CREATE VIEW silver.activity_histogram WITH (security_invoker='true') AS
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'heartrate'::text AS metric,
    (((r.heartrate_first_bpm + u.bin) - 1))::integer AS heartrate_bpm,
    NULL::integer AS power_from_w,
    NULL::double precision AS speed_from_mps,
    u.seconds
   FROM (silver.activity_rollup r
     CROSS JOIN LATERAL unnest(r.heartrate_seconds) WITH ORDINALITY u(seconds, bin))
UNION ALL
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'power'::text AS metric,
    NULL::integer AS heartrate_bpm,
    ((u.bin - 1))::integer AS power_from_w,
    NULL::double precision AS speed_from_mps,
    u.seconds
   FROM (silver.activity_rollup r
     CROSS JOIN LATERAL unnest(r.power_seconds) WITH ORDINALITY u(seconds, bin))
UNION ALL
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    'pace'::text AS metric,
    NULL::integer AS heartrate_bpm,
    NULL::integer AS power_from_w,
    (((u.bin - 1))::double precision / (100)::double precision) AS speed_from_mps,
    u.seconds
   FROM (silver.activity_rollup r
     CROSS JOIN LATERAL unnest(r.speed_seconds) WITH ORDINALITY u(seconds, bin));

COMMENT ON VIEW silver.activity_histogram IS 'One row per activity, metric and bin: seconds at each heart rate, at each watt and at each centimetre per second; also of 0 seconds. Filter by metric: all count the same time. Power may be Strava''s estimate: then has_power_meter of the activity is false.';

COMMENT ON COLUMN silver.activity_histogram.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_histogram.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_histogram.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_histogram.metric IS 'heartrate, power or pace: which of the bin columns is filled.';

COMMENT ON COLUMN silver.activity_histogram.heartrate_bpm IS 'Heart rate of the bin, beats per minute.';

COMMENT ON COLUMN silver.activity_histogram.power_from_w IS 'Power of the bin in whole watts: from it to less than one watt more.';

COMMENT ON COLUMN silver.activity_histogram.speed_from_mps IS 'Speed of the bin in metres per second: from it to less than 0.01 more, the last bin (11.99) without an end. The pace in seconds per kilometre is 1000 / speed.';

COMMENT ON COLUMN silver.activity_histogram.seconds IS 'Seconds spent in the bin.';

CREATE VIEW silver.activity_interval_1min WITH (security_invoker='true') AS
 SELECT r.athlete_id,
    r.source_id,
    r.activity_id,
    u.start_s AS start_offset_s,
    (u.recorded_s)::integer AS recorded_s,
    (u.heartrate_bpm)::integer AS heartrate_bpm,
    (u.power_w)::integer AS power_w,
    (u.cadence_rpm)::integer AS cadence_rpm,
    ((u.distance_m)::text)::double precision AS distance_m,
    ((u.altitude_m)::text)::double precision AS altitude_m
   FROM (silver.activity_rollup r
     CROSS JOIN LATERAL UNNEST(r.minute_start_s, r.minute_recorded_s, r.minute_heartrate_bpm, r.minute_power_w, r.minute_cadence_rpm, r.minute_distance_m, r.minute_altitude_m) u(start_s, recorded_s, heartrate_bpm, power_w, cadence_rpm, distance_m, altitude_m));

COMMENT ON VIEW silver.activity_interval_1min IS 'One row per activity and minute of elapsed time, pauses of up to 5 hours included; of a longer one the minutes after about the first 300 are left out. Null: no value in the minute.';

COMMENT ON COLUMN silver.activity_interval_1min.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_interval_1min.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_interval_1min.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_interval_1min.start_offset_s IS 'Seconds from the start of the activity to the start of the minute, a multiple of 60.';

COMMENT ON COLUMN silver.activity_interval_1min.recorded_s IS 'Seconds of the minute in which something was recorded.';

COMMENT ON COLUMN silver.activity_interval_1min.heartrate_bpm IS 'Mean heart rate, beats per minute.';

COMMENT ON COLUMN silver.activity_interval_1min.power_w IS 'Mean power over the seconds that have one, watts.';

COMMENT ON COLUMN silver.activity_interval_1min.cadence_rpm IS 'Mean cadence; for runs steps of one leg per minute.';

COMMENT ON COLUMN silver.activity_interval_1min.distance_m IS 'Metres covered in the minute.';

COMMENT ON COLUMN silver.activity_interval_1min.altitude_m IS 'Mean altitude, metres above sea level.';

CREATE TABLE silver.activity_metric (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    recorded_s integer NOT NULL,
    heartrate_s integer NOT NULL,
    average_heartrate_bpm double precision,
    best_heartrate_30s_bpm double precision,
    power_s integer NOT NULL,
    power_positive_s integer DEFAULT 0 NOT NULL,
    distance_s integer DEFAULT 0 NOT NULL,
    mean_power_w double precision,
    normalized_power_w double precision,
    variability_index double precision,
    decoupling_percent double precision,
    decoupling_basis text,
    best_vam_10min_m_per_h double precision,
    grade_adjusted_distance_m double precision,
    grade_adjusted_pace_s_per_km double precision,
    intensity_factor double precision,
    trimp double precision,
    load double precision DEFAULT 0 NOT NULL,
    load_method text DEFAULT 'none'::text NOT NULL,
    load_confidence double precision,
    load_threshold_origin text,
    load_ftp_w double precision,
    load_threshold_speed_mps double precision,
    load_threshold_heartrate_bpm double precision,
    load_max_heartrate_bpm double precision,
    load_rest_heartrate_bpm double precision,
    critical_power_w double precision,
    w_prime_j double precision,
    w_prime_balance_min_j double precision,
    w_prime_low_s integer,
    CONSTRAINT activity_metric_decoupling_basis CHECK ((decoupling_basis = ANY (ARRAY['power'::text, 'pace'::text]))),
    CONSTRAINT activity_metric_load_method CHECK ((load_method = ANY (ARRAY['power'::text, 'heartrate'::text, 'pace'::text, 'power_average'::text, 'heartrate_average'::text, 'pace_average'::text, 'none'::text])))
)
WITH (fillfactor='80');

COMMENT ON TABLE silver.activity_metric IS 'One row per activity with streams: figures that follow from them, and the training load. Without streams an activity has a row if it has averages to estimate its load from; else its load is unknown and counts 0.';

COMMENT ON COLUMN silver.activity_metric.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_metric.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_metric.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_metric.recorded_s IS 'Seconds in which something was recorded, without pauses. A step from one point to the next is no pause if it has up to 10 seconds; if it has up to 3 times the median step (of the activity, or of the 10 steps around) and the athlete was not at rest; if its speed is 0.5 to 3 times the activity''s median; where the way is not known, if it has up to twice the step that nine in ten do not exceed. A step of more than 5 hours always is one. 0: there are no streams.';

COMMENT ON COLUMN silver.activity_metric.heartrate_s IS 'Seconds that have a heart rate.';

COMMENT ON COLUMN silver.activity_metric.average_heartrate_bpm IS 'Mean heart rate over heartrate_s, beats per minute. For a mean over activities weigh by heartrate_s.';

COMMENT ON COLUMN silver.activity_metric.best_heartrate_30s_bpm IS 'Best mean heart rate over 30 seconds, beats per minute.';

COMMENT ON COLUMN silver.activity_metric.power_s IS 'Seconds that have a power.';

COMMENT ON COLUMN silver.activity_metric.power_positive_s IS 'Seconds with a power above 0 W.';

COMMENT ON COLUMN silver.activity_metric.distance_s IS 'Recorded seconds in which the way covered is known.';

COMMENT ON COLUMN silver.activity_metric.mean_power_w IS 'Mean power over power_s, watts; seconds of 0 W count. For a mean over activities weigh by power_s. Strava''s average is activity.average_power_w.';

COMMENT ON COLUMN silver.activity_metric.normalized_power_w IS 'Normalised power after Coggan in watts: fourth root of the mean of the fourth powers of rolling 30-second means, pauses taken out. Of Strava''s estimate when has_power_meter of the activity is false: then it makes no load.';

COMMENT ON COLUMN silver.activity_metric.variability_index IS 'normalized_power_w / mean_power_w; no unit, 1 is perfectly even.';

COMMENT ON COLUMN silver.activity_metric.decoupling_percent IS 'How much output per heart beat fell from the first to the second half (Friel''s Pw:HR and Pa:HR): output is mean power, else mean speed; percent, negative when it rose. Null when less than 20 minutes have both. Never summed.';

COMMENT ON COLUMN silver.activity_metric.decoupling_basis IS 'The output that decoupling_percent is about: power, else pace.';

COMMENT ON COLUMN silver.activity_metric.best_vam_10min_m_per_h IS 'Climbing speed (VAM) over the best 10 minutes of elapsed time, net metres of altitude per hour. In every sport, so a lift counts: filter by sport_type.';

COMMENT ON COLUMN silver.activity_metric.grade_adjusted_distance_m IS 'Runs and walks, else null: metres on the level that cost as much energy, by Minetti''s cost (2002) of running or of walking.';

COMMENT ON COLUMN silver.activity_metric.grade_adjusted_pace_s_per_km IS 'Runs and walks: seconds per kilometre on the level that cost as much: the time in motion of the activity (without it recorded_s) by grade_adjusted_distance_m.';

COMMENT ON COLUMN silver.activity_metric.intensity_factor IS 'Output relative to the threshold that held at the date; no unit, 1 is an all-out hour. Power: normalized_power_w / load_ftp_w (Coggan); power_average: the average instead; pace, pace_average: grade-adjusted speed (swims: speed) / load_threshold_speed_mps (McGregor). Null for load from heart rate.';

COMMENT ON COLUMN silver.activity_metric.trimp IS 'Training impulse after Banister (Morton 1990) from the heart rate: sum of minutes · x · k · e^(c · x) with x the part of the heart rate reserve; k and c are 0.86 and 1.67 for women, 0.64 and 1.92 for men and when the sex is not known. No unit, may be summed. Null without heart rate.';

COMMENT ON COLUMN silver.activity_metric.load IS 'Training load on one scale for all methods, no unit: 100 is one hour at threshold. May be summed. load_method names the method; 0 with load_method none means unknown, not easy.';

COMMENT ON COLUMN silver.activity_metric.load_method IS 'The first of these whose data cover three quarters of the time in motion. power: hours · intensity_factor² · 100 (Coggan''s training stress score), only where power was measured and above 0 for half of that time; heartrate: trimp relative to one hour at the threshold heart rate · 100; pace: runs, hours · intensity_factor² · 100 (McGregor''s rTSS), and swims, hours · intensity_factor³ · 100. Else from averages over the time in motion, which is less exact (hard and easy parts are levelled): power_average, heartrate_average, pace_average. none: nothing is known, load is 0.';

COMMENT ON COLUMN silver.activity_metric.load_confidence IS 'Share of the load that comes from streams, no unit: 1 for power, heartrate and pace, 0 for averages, null without a load.';

COMMENT ON COLUMN silver.activity_metric.load_threshold_origin IS 'Where the threshold of load_method comes from: set (by the athlete or operator), strava, estimate (from the activities) or default; see athlete_threshold. A threshold heart rate that is derived from the maximum is default.';

COMMENT ON COLUMN silver.activity_metric.load_ftp_w IS 'Threshold power in watts that held for this sport at the date of the activity, as far as known; see athlete_threshold.';

COMMENT ON COLUMN silver.activity_metric.load_threshold_speed_mps IS 'Threshold speed of runs and swims at the date of the activity, metres per second; null in other sports. A default is raised to what the activity itself proves: its speed over 15 minutes or more, brought to an hour with Riegel''s exponent.';

COMMENT ON COLUMN silver.activity_metric.load_threshold_heartrate_bpm IS 'Threshold heart rate at the date of the activity, beats per minute: what athlete_threshold has, else 85 % of the heart rate reserve.';

COMMENT ON COLUMN silver.activity_metric.load_max_heartrate_bpm IS 'Maximal heart rate that trimp used, beats per minute; see athlete_threshold.';

COMMENT ON COLUMN silver.activity_metric.load_rest_heartrate_bpm IS 'Heart rate at rest that trimp used, beats per minute; see athlete_threshold.';

COMMENT ON COLUMN silver.activity_metric.critical_power_w IS 'Critical power in watts that the W'' balance used; null without measured power or when no critical power is known; see athlete_threshold.';

COMMENT ON COLUMN silver.activity_metric.w_prime_j IS 'W'' in joules, the work that can be done above critical power, that the W'' balance used.';

COMMENT ON COLUMN silver.activity_metric.w_prime_balance_min_j IS 'Lowest W'' balance of the activity in joules after Skiba''s differential model (2015): above critical power W'' falls by the work above it, below it recovers by (critical power - power) · the part that is spent; a pause is 0 W. Negative: critical power or W'' is set too low.';

COMMENT ON COLUMN silver.activity_metric.w_prime_low_s IS 'Seconds in which less than a quarter of W'' was left.';

CREATE TABLE silver.activity_strava_zone (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    metric text NOT NULL,
    zone integer NOT NULL,
    from_value double precision,
    to_value double precision,
    time_s double precision,
    score double precision,
    points double precision,
    is_sensor_based boolean,
    is_custom boolean
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

CREATE TABLE silver.activity_zone (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    metric text NOT NULL,
    lower_bounds integer[] NOT NULL,
    seconds integer[] NOT NULL,
    is_default boolean NOT NULL,
    CONSTRAINT activity_zone_aligned CHECK ((cardinality(lower_bounds) = cardinality(seconds)))
);

COMMENT ON TABLE silver.activity_zone IS 'One row per activity and metric: seconds in each of the athlete''s zones as they were at the start of the activity. To read rows use the view activity_zone_time.';

COMMENT ON COLUMN silver.activity_zone.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_zone.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_zone.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_zone.metric IS 'heartrate, power or pace.';

COMMENT ON COLUMN silver.activity_zone.lower_bounds IS 'Element i: where zone i begins, beats per minute, watts or (pace) centimetres per second.';

COMMENT ON COLUMN silver.activity_zone.seconds IS 'Element i: seconds in zone i.';

COMMENT ON COLUMN silver.activity_zone.is_default IS 'The zones are a default, not the athlete''s own.';

CREATE VIEW silver.activity_zone_time WITH (security_invoker='true') AS
 SELECT a.athlete_id,
    a.source_id,
    a.activity_id,
    a.start_date_local,
    a.sport_family,
    z.metric,
    (u.zone)::integer AS zone,
        CASE
            WHEN (z.metric = 'heartrate'::text) THEN u.bound
            ELSE NULL::integer
        END AS from_bpm,
        CASE
            WHEN (z.metric = 'heartrate'::text) THEN z.lower_bounds[(u.zone + 1)]
            ELSE NULL::integer
        END AS to_bpm,
        CASE
            WHEN (z.metric = 'power'::text) THEN u.bound
            ELSE NULL::integer
        END AS from_w,
        CASE
            WHEN (z.metric = 'power'::text) THEN z.lower_bounds[(u.zone + 1)]
            ELSE NULL::integer
        END AS to_w,
        CASE
            WHEN (z.metric = 'pace'::text) THEN ((u.bound)::double precision / (100)::double precision)
            ELSE NULL::double precision
        END AS from_mps,
        CASE
            WHEN (z.metric = 'pace'::text) THEN ((z.lower_bounds[(u.zone + 1)])::double precision / (100)::double precision)
            ELSE NULL::double precision
        END AS to_mps,
        CASE
            WHEN (z.metric = 'pace'::text) THEN ((100000)::double precision / (NULLIF(u.bound, 0))::double precision)
            ELSE NULL::double precision
        END AS from_s_per_km,
        CASE
            WHEN (z.metric = 'pace'::text) THEN ((100000)::double precision / (NULLIF(z.lower_bounds[(u.zone + 1)], 0))::double precision)
            ELSE NULL::double precision
        END AS to_s_per_km,
    u.seconds,
    z.is_default
   FROM ((silver.activity a
     JOIN silver.activity_zone z USING (athlete_id, source_id, activity_id))
     CROSS JOIN LATERAL UNNEST(z.lower_bounds, z.seconds) WITH ORDINALITY u(bound, seconds, zone));

COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate, power and pace zones as they were at the start of the activity; default zones (is_default) come from the newest maximal heart rate, and from the FTP of the date. Each second is in exactly one zone of a metric. Filter by metric: all count the same time.';

COMMENT ON COLUMN silver.activity_zone_time.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.activity_zone_time.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.activity_zone_time.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.activity_zone_time.start_date_local IS 'Start of the activity in local wall-clock time.';

COMMENT ON COLUMN silver.activity_zone_time.sport_family IS 'Sports that are counted together, as in activity.sport_family.';

COMMENT ON COLUMN silver.activity_zone_time.metric IS 'heartrate, power or pace: which bounds are filled.';

COMMENT ON COLUMN silver.activity_zone_time.zone IS 'Number of the zone, from 1 (easiest).';

COMMENT ON COLUMN silver.activity_zone_time.from_bpm IS 'First heart rate of the zone, beats per minute.';

COMMENT ON COLUMN silver.activity_zone_time.to_bpm IS 'Heart rate at which the next zone begins; null for the last.';

COMMENT ON COLUMN silver.activity_zone_time.from_w IS 'Power at which the zone begins, watts.';

COMMENT ON COLUMN silver.activity_zone_time.to_w IS 'Power at which the next zone begins, watts; null for the last.';

COMMENT ON COLUMN silver.activity_zone_time.from_mps IS 'Speed at which the zone begins, metres per second.';

COMMENT ON COLUMN silver.activity_zone_time.to_mps IS 'Speed at which the next zone begins, metres per second; null for the last.';

COMMENT ON COLUMN silver.activity_zone_time.from_s_per_km IS 'Pace of from_mps, the slowest of the zone, seconds per kilometre; null for a zone that begins at rest.';

COMMENT ON COLUMN silver.activity_zone_time.to_s_per_km IS 'Pace of to_mps, at which the next zone begins, seconds per kilometre; null for the last.';

COMMENT ON COLUMN silver.activity_zone_time.seconds IS 'Seconds in the zone.';

COMMENT ON COLUMN silver.activity_zone_time.is_default IS 'The zones are a default, not the athlete''s own.';

CREATE VIEW silver.aggregate_stream WITH (security_invoker='true') AS
 SELECT (u.i)::integer AS index,
    (u.t)::double precision AS "time",
    ((u.al)::text)::double precision AS altitude,
    (u.ca)::double precision AS cadence,
    ((u.d)::text)::double precision AS distance,
    ((u.g)::text)::double precision AS grade_smooth,
    (u.hr)::double precision AS heartrate,
    ((u.la)::double precision / ('1000000'::numeric)::double precision) AS latitude,
    ((u.lo)::double precision / ('1000000'::numeric)::double precision) AS longitude,
    NULL::double precision AS power,
    ((u.mo)::integer)::double precision AS moving,
    (u.te)::double precision AS temperature,
    ((u.v)::text)::double precision AS velocity_smooth,
    (u.w)::double precision AS watts,
    a.name,
    a.sport_type,
    s.athlete_id,
    s.activity_id,
    s.loaded_at AS metadata_insert_timestamp,
    s.source_id,
    (a.start_at + make_interval(secs => (u.t)::double precision)) AS recorded_at
   FROM ((silver.activity_stream s
     JOIN silver.activity a USING (athlete_id, source_id, activity_id))
     CROSS JOIN LATERAL UNNEST(s.time_s, s.altitude_m, s.cadence_rpm, s.distance_m, s.grade_percent, s.heartrate_bpm, s.latitude_e6, s.longitude_e6, s.moving, s.temperature_c, s.velocity_mps, s.power_w) WITH ORDINALITY u(t, al, ca, d, g, hr, la, lo, mo, te, v, w, i));

COMMENT ON VIEW silver.aggregate_stream IS 'One row per point of an activity: the predecessor''s table, column by column, then ours. Filter by athlete_id and activity_id.';

COMMENT ON COLUMN silver.aggregate_stream.index IS 'Place of the point in the activity, from 1.';

COMMENT ON COLUMN silver.aggregate_stream."time" IS 'Seconds since the start.';

COMMENT ON COLUMN silver.aggregate_stream.altitude IS 'Metres above sea level.';

COMMENT ON COLUMN silver.aggregate_stream.cadence IS 'Revolutions per minute; for runs steps of one leg per minute.';

COMMENT ON COLUMN silver.aggregate_stream.distance IS 'Metres since the start.';

COMMENT ON COLUMN silver.aggregate_stream.grade_smooth IS 'Grade in percent.';

COMMENT ON COLUMN silver.aggregate_stream.heartrate IS 'Beats per minute.';

COMMENT ON COLUMN silver.aggregate_stream.latitude IS 'Degrees.';

COMMENT ON COLUMN silver.aggregate_stream.longitude IS 'Degrees.';

COMMENT ON COLUMN silver.aggregate_stream.power IS 'Always null: Strava has no stream of this name; see watts.';

COMMENT ON COLUMN silver.aggregate_stream.moving IS '1 in motion, 0 at rest.';

COMMENT ON COLUMN silver.aggregate_stream.temperature IS '°C.';

COMMENT ON COLUMN silver.aggregate_stream.velocity_smooth IS 'Metres per second.';

COMMENT ON COLUMN silver.aggregate_stream.watts IS 'Power in watts.';

COMMENT ON COLUMN silver.aggregate_stream.name IS 'Title of the activity.';

COMMENT ON COLUMN silver.aggregate_stream.sport_type IS 'Kind of sport.';

COMMENT ON COLUMN silver.aggregate_stream.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.aggregate_stream.activity_id IS 'Strava''s number for the activity.';

COMMENT ON COLUMN silver.aggregate_stream.metadata_insert_timestamp IS 'When the activity''s streams were loaded.';

COMMENT ON COLUMN silver.aggregate_stream.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.aggregate_stream.recorded_at IS 'Moment of the point, UTC.';

CREATE TABLE silver.athlete (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    username text,
    first_name text,
    last_name text,
    city text,
    state text,
    country text,
    sex text,
    weight_kg double precision,
    ftp_w integer,
    measurement_system text,
    is_subscriber boolean,
    joined_at timestamp with time zone,
    profile_url text,
    bio text,
    athlete_type integer,
    follower_count integer,
    friend_count integer,
    strava_updated_at timestamp with time zone,
    transform_version smallint DEFAULT 0 NOT NULL,
    src_sha256 bytea,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
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

CREATE TABLE silver.training_day (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    day date NOT NULL,
    activity_count integer NOT NULL,
    distance_m double precision NOT NULL,
    moving_time_s integer NOT NULL,
    elevation_gain_m double precision NOT NULL,
    load double precision NOT NULL,
    load_method text,
    load_confidence double precision,
    fitness_ctl double precision NOT NULL,
    fatigue_atl double precision NOT NULL,
    form_tsb double precision NOT NULL
);

COMMENT ON TABLE silver.training_day IS 'One row per athlete and local day from the first to the last activity, days without training included; activities dated before 1980 or more than two days ahead are left out. To read use athlete_day, which goes on to today.';

COMMENT ON COLUMN silver.training_day.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.training_day.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.training_day.day IS 'Day on the athlete''s calendar.';

COMMENT ON COLUMN silver.training_day.activity_count IS 'Activities that began on the day.';

COMMENT ON COLUMN silver.training_day.distance_m IS 'Their metres, all sports.';

COMMENT ON COLUMN silver.training_day.moving_time_s IS 'Their seconds in motion.';

COMMENT ON COLUMN silver.training_day.elevation_gain_m IS 'Their metres climbed.';

COMMENT ON COLUMN silver.training_day.load IS 'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

COMMENT ON COLUMN silver.training_day.load_method IS 'The method that most of the load comes from, see activity_metric.load_method; null when the load is 0.';

COMMENT ON COLUMN silver.training_day.load_confidence IS 'Share of the load that comes from streams instead of averages, no unit: 0 to 1; null when the load is 0.';

COMMENT ON COLUMN silver.training_day.fitness_ctl IS 'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.';

COMMENT ON COLUMN silver.training_day.fatigue_atl IS 'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.';

COMMENT ON COLUMN silver.training_day.form_tsb IS 'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.';

CREATE VIEW silver.athlete_day WITH (security_invoker='true') AS
 SELECT training_day.athlete_id,
    training_day.source_id,
    training_day.day,
    training_day.activity_count,
    training_day.distance_m,
    training_day.moving_time_s,
    training_day.elevation_gain_m,
    training_day.load,
    training_day.load_method,
    training_day.load_confidence,
    training_day.fitness_ctl,
    training_day.fatigue_atl,
    training_day.form_tsb
   FROM silver.training_day
UNION ALL
 SELECT t.athlete_id,
    t.source_id,
    (l.day + n.n) AS day,
    0 AS activity_count,
    0 AS distance_m,
    0 AS moving_time_s,
    0 AS elevation_gain_m,
    0 AS load,
    NULL::text AS load_method,
    NULL::double precision AS load_confidence,
    (l.fitness_ctl * exp((((- n.n))::double precision / (42.0)::double precision))) AS fitness_ctl,
    (l.fatigue_atl * exp((((- n.n))::double precision / (7.0)::double precision))) AS fatigue_atl,
    ((l.fitness_ctl * exp((((- (n.n - 1)))::double precision / (42.0)::double precision))) - (l.fatigue_atl * exp((((- (n.n - 1)))::double precision / (7.0)::double precision)))) AS form_tsb
   FROM ((silver.athlete t
     CROSS JOIN LATERAL ( SELECT d.athlete_id,
            d.source_id,
            d.day,
            d.activity_count,
            d.distance_m,
            d.moving_time_s,
            d.elevation_gain_m,
            d.load,
            d.load_method,
            d.load_confidence,
            d.fitness_ctl,
            d.fatigue_atl,
            d.form_tsb
           FROM silver.training_day d
          WHERE ((d.athlete_id = t.athlete_id) AND (d.source_id = t.source_id))
          ORDER BY d.athlete_id DESC, d.source_id DESC, d.day DESC
         LIMIT 1) l)
     CROSS JOIN LATERAL generate_series(1, LEAST((silver.today(t.athlete_id, t.source_id) - l.day), 2000)) n(n));

COMMENT ON VIEW silver.athlete_day IS 'One row per athlete and local day from the first activity to today (silver.today(); at most 2,000 days after the last activity), days without training included. Activities with an impossible date are left out: see silver.is_dated().';

COMMENT ON COLUMN silver.athlete_day.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_day.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_day.day IS 'Day on the athlete''s calendar.';

COMMENT ON COLUMN silver.athlete_day.activity_count IS 'Activities that began on the day.';

COMMENT ON COLUMN silver.athlete_day.distance_m IS 'Their metres, all sports.';

COMMENT ON COLUMN silver.athlete_day.moving_time_s IS 'Their seconds in motion.';

COMMENT ON COLUMN silver.athlete_day.elevation_gain_m IS 'Their metres climbed.';

COMMENT ON COLUMN silver.athlete_day.load IS 'Sum of activity_metric.load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

COMMENT ON COLUMN silver.athlete_day.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';

COMMENT ON COLUMN silver.athlete_day.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0.';

COMMENT ON COLUMN silver.athlete_day.fitness_ctl IS 'Fitness (chronic training load, CTL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/42)), from 0; the unit of load. Never summed.';

COMMENT ON COLUMN silver.athlete_day.fatigue_atl IS 'Fatigue (acute training load, ATL) at the end of the day: that of yesterday + (load - that of yesterday) · (1 - e^(-1/7)), from 0; the unit of load. Never summed.';

COMMENT ON COLUMN silver.athlete_day.form_tsb IS 'Form (training stress balance, TSB) of the day, before its load: fitness_ctl - fatigue_atl of the day before, 0 on the first day; the unit of load. Never summed.';

CREATE TABLE silver.athlete_finding (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    check_name text NOT NULL,
    measured double precision NOT NULL,
    at_least double precision,
    at_most double precision,
    found_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE silver.athlete_finding IS 'One row per athlete and check of quality_check that the profile, the zones or the gear do not pass. Implausible values count as missing: an FTP, a weight or a distance is null, zones are ignored.';

COMMENT ON COLUMN silver.athlete_finding.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_finding.check_name IS 'The check; see quality_check.';

COMMENT ON COLUMN silver.athlete_finding.measured IS 'The value that Strava sent, in the unit that check_name ends with; at most 1e100.';

COMMENT ON COLUMN silver.athlete_finding.at_least IS 'Smallest value that was allowed, in the same unit; null: any.';

COMMENT ON COLUMN silver.athlete_finding.at_most IS 'Largest value that was allowed, in the same unit; null: any.';

COMMENT ON COLUMN silver.athlete_finding.found_at IS 'When it was found, or last measured again.';

CREATE TABLE silver.athlete_history (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    weight_kg double precision,
    ftp_w integer,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE silver.athlete_history IS 'One row per athlete and change of weight or FTP, from successive profiles. A row holds until the next one. The first also stands for the time before it, for want of better knowledge.';

COMMENT ON COLUMN silver.athlete_history.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_history.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_history.valid_from IS 'When a profile first had these values, UTC. Strava does not tell since when they hold.';

COMMENT ON COLUMN silver.athlete_history.weight_kg IS 'Body weight in kilograms; null when the profile has none.';

COMMENT ON COLUMN silver.athlete_history.ftp_w IS 'Functional threshold power in watts; null when the profile has none.';

COMMENT ON COLUMN silver.athlete_history.added_at IS 'When the row was made.';

CREATE VIEW silver.athlete_max_heartrate WITH (security_invoker='true') AS
 SELECT r.athlete_id,
    r.source_id,
    r.valid_from,
    r.max_heartrate_bpm,
    r.activity_id
   FROM ( SELECT t.athlete_id,
            t.source_id,
            m.activity_id,
            a.start_at AS valid_from,
            m.best_heartrate_30s_bpm AS max_heartrate_bpm,
            max(m.best_heartrate_30s_bpm) OVER (PARTITION BY t.athlete_id, t.source_id ORDER BY a.start_at, m.activity_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_bpm
           FROM (((silver.athlete t
             CROSS JOIN LATERAL ( SELECT silver.estimated_max_heartrate_bpm(t.athlete_id, t.source_id) AS bpm
                 OFFSET 0) e)
             JOIN silver.activity_metric m ON (((m.athlete_id = t.athlete_id) AND (m.source_id = t.source_id) AND ((m.best_heartrate_30s_bpm >= (165)::double precision) AND (m.best_heartrate_30s_bpm <= e.bpm)))))
             JOIN silver.activity a ON (((a.athlete_id = t.athlete_id) AND (a.source_id = t.source_id) AND (a.activity_id = m.activity_id))))
          WHERE silver.is_dated((a.start_at AT TIME ZONE 'UTC'::text))) r
  WHERE ((r.before_bpm IS NULL) OR (r.max_heartrate_bpm > r.before_bpm));

COMMENT ON VIEW silver.athlete_max_heartrate IS 'One row per athlete and activity that raised the highest heart rate held for 30 seconds; it holds until the next row. Values under 165 say little about a maximum, and values that no other activity confirms count as sensor faults, see silver.estimated_max_heartrate_bpm(): both are left out. The maximum that load uses may be another, if it was set: see athlete_threshold.';

COMMENT ON COLUMN silver.athlete_max_heartrate.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_max_heartrate.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_max_heartrate.valid_from IS 'Start of the activity, UTC.';

COMMENT ON COLUMN silver.athlete_max_heartrate.max_heartrate_bpm IS 'Highest mean heart rate over 30 seconds so far, beats per minute.';

COMMENT ON COLUMN silver.athlete_max_heartrate.activity_id IS 'Activity in which it was reached.';

CREATE VIEW silver.athlete_month WITH (security_invoker='true') AS
 SELECT by_method.athlete_id,
    by_method.source_id,
    by_method.month_start,
    by_method.sport_family,
    by_method.sport_type,
    (sum(by_method.activity_count))::integer AS activity_count,
    sum(by_method.distance_m) AS distance_m,
    (sum(by_method.moving_time_s))::bigint AS moving_time_s,
    (sum(by_method.elapsed_time_s))::bigint AS elapsed_time_s,
    sum(by_method.elevation_gain_m) AS elevation_gain_m,
    sum(by_method.calories_kcal) AS calories_kcal,
    sum(by_method.load) AS load,
    (array_agg(by_method.load_method ORDER BY by_method.load DESC, by_method.load_method) FILTER (WHERE (by_method.load > (0)::double precision)))[1] AS load_method,
    (sum(by_method.stream_load) / NULLIF(sum(by_method.load), (0)::double precision)) AS load_confidence
   FROM ( SELECT a.athlete_id,
            a.source_id,
            (date_trunc('month'::text, a.start_date_local))::date AS month_start,
            a.sport_family,
            a.sport_type,
            m.load_method,
            count(*) AS activity_count,
            COALESCE(sum(a.distance_m), (0)::double precision) AS distance_m,
            COALESCE(sum(a.moving_time_s), (0)::bigint) AS moving_time_s,
            COALESCE(sum(a.elapsed_time_s), (0)::bigint) AS elapsed_time_s,
            COALESCE(sum(a.elevation_gain_m), (0)::double precision) AS elevation_gain_m,
            sum(a.calories_kcal) AS calories_kcal,
            COALESCE(sum(m.load), (0)::double precision) AS load,
            COALESCE(sum((m.load * m.load_confidence)), (0)::double precision) AS stream_load
           FROM (silver.activity a
             LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id))
          WHERE silver.is_dated(a.start_date_local)
          GROUP BY a.athlete_id, a.source_id, ((date_trunc('month'::text, a.start_date_local))::date), a.sport_family, a.sport_type, m.load_method) by_method
  GROUP BY by_method.athlete_id, by_method.source_id, by_method.month_start, by_method.sport_family, by_method.sport_type;

COMMENT ON VIEW silver.athlete_month IS 'One row per athlete, month and sport with activities. Sum over the sports for the whole month; months without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';

COMMENT ON COLUMN silver.athlete_month.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_month.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_month.month_start IS 'First day of the month on the athlete''s calendar.';

COMMENT ON COLUMN silver.athlete_month.sport_family IS 'Sports that are counted together, as in activity.sport_family.';

COMMENT ON COLUMN silver.athlete_month.sport_type IS 'Kind of sport.';

COMMENT ON COLUMN silver.athlete_month.activity_count IS 'Activities that began in the month, by local time.';

COMMENT ON COLUMN silver.athlete_month.distance_m IS 'Their metres.';

COMMENT ON COLUMN silver.athlete_month.moving_time_s IS 'Their seconds in motion.';

COMMENT ON COLUMN silver.athlete_month.elapsed_time_s IS 'Their seconds, pauses included.';

COMMENT ON COLUMN silver.athlete_month.elevation_gain_m IS 'Their metres climbed.';

COMMENT ON COLUMN silver.athlete_month.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';

COMMENT ON COLUMN silver.athlete_month.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

COMMENT ON COLUMN silver.athlete_month.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';

COMMENT ON COLUMN silver.athlete_month.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

CREATE TABLE silver.athlete_reference (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    max_heartrate_bpm double precision NOT NULL,
    max_heartrate_is_default boolean NOT NULL,
    rest_heartrate_bpm double precision NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    sex text
);

COMMENT ON TABLE silver.athlete_reference IS 'One row per athlete: the heart rates that training load refers to today, and the sex. For their dates and origin see athlete_threshold.';

COMMENT ON COLUMN silver.athlete_reference.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_reference.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_reference.max_heartrate_bpm IS 'Maximal heart rate, beats per minute: as set, else estimated from the activities (silver.estimated_max_heartrate_bpm()), else 190.';

COMMENT ON COLUMN silver.athlete_reference.max_heartrate_is_default IS 'Whether max_heartrate_bpm is the default of 190 for want of a hard effort.';

COMMENT ON COLUMN silver.athlete_reference.rest_heartrate_bpm IS 'Heart rate at rest, beats per minute: as set, else 60, a default.';

COMMENT ON COLUMN silver.athlete_reference.changed_at IS 'When the figures last changed.';

COMMENT ON COLUMN silver.athlete_reference.sex IS 'F or M as in the profile, null when it has neither: trimp then uses the constants for men.';

CREATE TABLE silver.athlete_stats (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    period text NOT NULL,
    sport_family text NOT NULL,
    activity_count integer,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    elevation_gain_m double precision,
    achievement_count integer,
    biggest_ride_distance_m double precision,
    biggest_climb_m double precision,
    transform_version smallint NOT NULL,
    src_sha256 bytea NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT athlete_stats_period CHECK ((period = ANY (ARRAY['recent'::text, 'ytd'::text, 'all'::text]))),
    CONSTRAINT athlete_stats_sport_family CHECK ((sport_family = ANY (ARRAY['ride'::text, 'run'::text, 'swim'::text])))
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

CREATE TABLE silver.athlete_threshold (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    sport_family text NOT NULL,
    metric text NOT NULL,
    origin text NOT NULL,
    method text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    value double precision NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT athlete_threshold_metric CHECK ((metric = ANY (ARRAY['power'::text, 'pace'::text, 'threshold_heartrate'::text, 'max_heartrate'::text, 'rest_heartrate'::text, 'critical_power'::text, 'w_prime'::text]))),
    CONSTRAINT athlete_threshold_origin CHECK ((origin = ANY (ARRAY['set'::text, 'strava'::text, 'estimate'::text, 'default'::text])))
);

COMMENT ON TABLE silver.athlete_threshold IS 'One row per athlete, sport family, metric, origin, method and date: thresholds, as far as they are known. A row holds from valid_from until the next of its kind, the first also before. What holds at a date is the first that there is of: set, strava, estimate, default; a row of the sport before one of all sports. Function: silver.thresholds_at().';

COMMENT ON COLUMN silver.athlete_threshold.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_threshold.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_threshold.sport_family IS 'Sport family that the threshold is for, as in activity.sport_family; all: every sport. Power on an e-bike counts as ride.';

COMMENT ON COLUMN silver.athlete_threshold.metric IS 'power (FTP: the power of an hour), pace (the speed of an hour), threshold_heartrate (the heart rate of an hour), max_heartrate, rest_heartrate, critical_power or w_prime.';

COMMENT ON COLUMN silver.athlete_threshold.origin IS 'set: by the athlete or the operator (fitnessctl athletes set-threshold); strava: the FTP of the profile, which is a rider''s; estimate: from the athlete''s activities; default: assumed, the same for everybody.';

COMMENT ON COLUMN silver.athlete_threshold.method IS 'set, profile, assumed; for estimates: best_20min_95 (95 % of the best mean power over 20 minutes, Allen and Coggan), cp_2_parameter (critical power and W'' from work = CP · t + W'', Monod and Scherrer) and cp_3_parameter (with a finite sprint power, Morton 1996) from the best efforts of 2 to 20 minutes (3 parameters: from 5 seconds), riegel_one_hour (best distance of 15 to 90 minutes, brought to an hour with Riegel''s exponent of 1.06), best_30s (highest heart rate held for 30 seconds, confirmed by another activity).';

COMMENT ON COLUMN silver.athlete_threshold.valid_from IS 'From when it holds, UTC. strava: when a profile first had it. estimate: the month from whose efforts, and those of the two months before, it was made; max_heartrate: 1970-01-01, since one maximum is used for all time. 1970-01-01: always.';

COMMENT ON COLUMN silver.athlete_threshold.value IS 'Watts for power and critical_power, metres per second for pace, beats per minute for heart rates, joules for w_prime.';

COMMENT ON COLUMN silver.athlete_threshold.changed_at IS 'When the row was made or last changed.';

CREATE VIEW silver.athlete_week WITH (security_invoker='true') AS
 SELECT by_method.athlete_id,
    by_method.source_id,
    by_method.week_start,
    by_method.sport_family,
    by_method.sport_type,
    (sum(by_method.activity_count))::integer AS activity_count,
    sum(by_method.distance_m) AS distance_m,
    (sum(by_method.moving_time_s))::bigint AS moving_time_s,
    (sum(by_method.elapsed_time_s))::bigint AS elapsed_time_s,
    sum(by_method.elevation_gain_m) AS elevation_gain_m,
    sum(by_method.calories_kcal) AS calories_kcal,
    sum(by_method.load) AS load,
    (array_agg(by_method.load_method ORDER BY by_method.load DESC, by_method.load_method) FILTER (WHERE (by_method.load > (0)::double precision)))[1] AS load_method,
    (sum(by_method.stream_load) / NULLIF(sum(by_method.load), (0)::double precision)) AS load_confidence
   FROM ( SELECT a.athlete_id,
            a.source_id,
            (date_trunc('week'::text, a.start_date_local))::date AS week_start,
            a.sport_family,
            a.sport_type,
            m.load_method,
            count(*) AS activity_count,
            COALESCE(sum(a.distance_m), (0)::double precision) AS distance_m,
            COALESCE(sum(a.moving_time_s), (0)::bigint) AS moving_time_s,
            COALESCE(sum(a.elapsed_time_s), (0)::bigint) AS elapsed_time_s,
            COALESCE(sum(a.elevation_gain_m), (0)::double precision) AS elevation_gain_m,
            sum(a.calories_kcal) AS calories_kcal,
            COALESCE(sum(m.load), (0)::double precision) AS load,
            COALESCE(sum((m.load * m.load_confidence)), (0)::double precision) AS stream_load
           FROM (silver.activity a
             LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id))
          WHERE silver.is_dated(a.start_date_local)
          GROUP BY a.athlete_id, a.source_id, ((date_trunc('week'::text, a.start_date_local))::date), a.sport_family, a.sport_type, m.load_method) by_method
  GROUP BY by_method.athlete_id, by_method.source_id, by_method.week_start, by_method.sport_family, by_method.sport_type;

COMMENT ON VIEW silver.athlete_week IS 'One row per athlete, week and sport with activities. Sum over the sports for the whole week; weeks without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';

COMMENT ON COLUMN silver.athlete_week.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_week.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_week.week_start IS 'Monday of the week on the athlete''s calendar.';

COMMENT ON COLUMN silver.athlete_week.sport_family IS 'Sports that are counted together, as in activity.sport_family.';

COMMENT ON COLUMN silver.athlete_week.sport_type IS 'Kind of sport.';

COMMENT ON COLUMN silver.athlete_week.activity_count IS 'Activities that began in the week, by local time.';

COMMENT ON COLUMN silver.athlete_week.distance_m IS 'Their metres.';

COMMENT ON COLUMN silver.athlete_week.moving_time_s IS 'Their seconds in motion.';

COMMENT ON COLUMN silver.athlete_week.elapsed_time_s IS 'Their seconds, pauses included.';

COMMENT ON COLUMN silver.athlete_week.elevation_gain_m IS 'Their metres climbed.';

COMMENT ON COLUMN silver.athlete_week.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';

COMMENT ON COLUMN silver.athlete_week.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

COMMENT ON COLUMN silver.athlete_week.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';

COMMENT ON COLUMN silver.athlete_week.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

CREATE VIEW silver.athlete_year WITH (security_invoker='true') AS
 SELECT by_method.athlete_id,
    by_method.source_id,
    by_method.year_start,
    by_method.sport_family,
    by_method.sport_type,
    (sum(by_method.activity_count))::integer AS activity_count,
    sum(by_method.distance_m) AS distance_m,
    (sum(by_method.moving_time_s))::bigint AS moving_time_s,
    (sum(by_method.elapsed_time_s))::bigint AS elapsed_time_s,
    sum(by_method.elevation_gain_m) AS elevation_gain_m,
    sum(by_method.calories_kcal) AS calories_kcal,
    sum(by_method.load) AS load,
    (array_agg(by_method.load_method ORDER BY by_method.load DESC, by_method.load_method) FILTER (WHERE (by_method.load > (0)::double precision)))[1] AS load_method,
    (sum(by_method.stream_load) / NULLIF(sum(by_method.load), (0)::double precision)) AS load_confidence
   FROM ( SELECT a.athlete_id,
            a.source_id,
            (date_trunc('year'::text, a.start_date_local))::date AS year_start,
            a.sport_family,
            a.sport_type,
            m.load_method,
            count(*) AS activity_count,
            COALESCE(sum(a.distance_m), (0)::double precision) AS distance_m,
            COALESCE(sum(a.moving_time_s), (0)::bigint) AS moving_time_s,
            COALESCE(sum(a.elapsed_time_s), (0)::bigint) AS elapsed_time_s,
            COALESCE(sum(a.elevation_gain_m), (0)::double precision) AS elevation_gain_m,
            sum(a.calories_kcal) AS calories_kcal,
            COALESCE(sum(m.load), (0)::double precision) AS load,
            COALESCE(sum((m.load * m.load_confidence)), (0)::double precision) AS stream_load
           FROM (silver.activity a
             LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id))
          WHERE silver.is_dated(a.start_date_local)
          GROUP BY a.athlete_id, a.source_id, ((date_trunc('year'::text, a.start_date_local))::date), a.sport_family, a.sport_type, m.load_method) by_method
  GROUP BY by_method.athlete_id, by_method.source_id, by_method.year_start, by_method.sport_family, by_method.sport_type;

COMMENT ON VIEW silver.athlete_year IS 'One row per athlete, year and sport with activities. Sum over the sports for the whole year; years without activities have no row. Activities with an impossible date are left out: see silver.is_dated().';

COMMENT ON COLUMN silver.athlete_year.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.athlete_year.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.athlete_year.year_start IS 'First day of the year on the athlete''s calendar.';

COMMENT ON COLUMN silver.athlete_year.sport_family IS 'Sports that are counted together, as in activity.sport_family.';

COMMENT ON COLUMN silver.athlete_year.sport_type IS 'Kind of sport.';

COMMENT ON COLUMN silver.athlete_year.activity_count IS 'Activities that began in the year, by local time.';

COMMENT ON COLUMN silver.athlete_year.distance_m IS 'Their metres.';

COMMENT ON COLUMN silver.athlete_year.moving_time_s IS 'Their seconds in motion.';

COMMENT ON COLUMN silver.athlete_year.elapsed_time_s IS 'Their seconds, pauses included.';

COMMENT ON COLUMN silver.athlete_year.elevation_gain_m IS 'Their metres climbed.';

COMMENT ON COLUMN silver.athlete_year.calories_kcal IS 'Their kilocalories, as far as details have landed; null when none has any.';

COMMENT ON COLUMN silver.athlete_year.load IS 'Their training load: 100 is one hour at threshold. An activity whose load is unknown counts 0.';

COMMENT ON COLUMN silver.athlete_year.load_method IS 'The method that most of the load comes from, as in activity_metric.load_method; null when the load is 0.';

COMMENT ON COLUMN silver.athlete_year.load_confidence IS 'Share of the load that comes from streams, 0 to 1; the rest comes from averages. Null when the load is 0. For several rows weigh by load.';

CREATE TABLE silver.athlete_zone_set (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    sport_family text NOT NULL,
    metric text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    lower_bounds integer[] NOT NULL,
    is_default boolean NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT athlete_zone_set_bounds CHECK (((cardinality(lower_bounds) >= 1) AND (cardinality(lower_bounds) <= 20))),
    CONSTRAINT athlete_zone_set_metric CHECK ((metric = ANY (ARRAY['heartrate'::text, 'power'::text, 'pace'::text])))
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

CREATE TABLE silver.best_effort (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    effort_number integer NOT NULL,
    effort_id bigint,
    name text,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    start_at timestamp with time zone,
    start_date_local timestamp without time zone,
    pr_rank integer,
    achievement_types text[],
    achievement_ranks integer[],
    first_index integer,
    last_index integer
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

CREATE TABLE sync.athlete (
    athlete_id bigint NOT NULL,
    uid text,
    scope text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    state_reason text,
    paused_until timestamp with time zone,
    pause_reason text,
    paused_by text,
    paused_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT athlete_state CHECK ((state = ANY (ARRAY['active'::text, 'reconnect'::text, 'erasing'::text])))
);

COMMENT ON TABLE sync.athlete IS 'One row per connected athlete.';

COMMENT ON COLUMN sync.athlete.uid IS 'The application''s own name for this person, given at connect or import.';

COMMENT ON COLUMN sync.athlete.scope IS 'Scopes the athlete granted, comma-separated, from Strava''s redirect.';

COMMENT ON COLUMN sync.athlete.state IS 'active; reconnect: the grant is dead and the athlete must connect again; erasing: being erased.';

COMMENT ON COLUMN sync.athlete.paused_until IS 'No sync before this instant; infinity: until resumed; null: not paused.';

COMMENT ON COLUMN sync.athlete.paused_by IS 'The account that paused the athlete, by name or else number; null: not paused, or unknown.';

COMMENT ON COLUMN sync.athlete.paused_at IS 'When the athlete was paused; null: not paused, or unknown.';

CREATE TABLE sync.athlete_object (
    athlete_id bigint NOT NULL,
    endpoint text NOT NULL,
    object text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text,
    attempts integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    checked_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT athlete_object_endpoint CHECK ((endpoint = ANY (ARRAY['profile'::text, 'athlete_zones'::text, 'athlete_stats'::text, 'gear'::text]))),
    CONSTRAINT athlete_object_state CHECK ((state = ANY (ARRAY['pending'::text, 'landed'::text, 'empty'::text, 'no_scope'::text, 'gone'::text, 'failed'::text, 'quarantined'::text, 'expired'::text])))
);

COMMENT ON TABLE sync.athlete_object IS 'The same for the athlete''s own objects: one row per athlete and object. A profile, zones or stats without a row were never requested.';

COMMENT ON COLUMN sync.athlete_object.endpoint IS 'profile, athlete_zones, athlete_stats or gear.';

COMMENT ON COLUMN sync.athlete_object.object IS 'Strava''s id of the gear (b… a bike, g… shoes); empty for the others.';

COMMENT ON COLUMN sync.athlete_object.state IS 'As in sync.completeness.';

COMMENT ON COLUMN sync.athlete_object.checked_at IS 'When Strava last answered, with the same bytes or others; null: never.';

COMMENT ON COLUMN sync.athlete_object.used_at IS 'Start of the newest activity that a list named with this gear.';

CREATE TABLE sync.completeness (
    athlete_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    endpoint text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text,
    start_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT completeness_endpoint CHECK ((endpoint = ANY (ARRAY['summary'::text, 'detail'::text, 'streams'::text, 'zones'::text]))),
    CONSTRAINT completeness_state CHECK ((state = ANY (ARRAY['pending'::text, 'landed'::text, 'empty'::text, 'no_scope'::text, 'gone'::text, 'failed'::text, 'quarantined'::text, 'expired'::text])))
);

COMMENT ON TABLE sync.completeness IS 'The state of each answer, and the reason: one row per activity and endpoint.';

COMMENT ON COLUMN sync.completeness.state IS 'pending; landed; empty: Strava has none; no_scope: not granted; gone: deleted at Strava; failed: will be tried again at next_try_at; quarantined: see sync.quarantine; expired: it was here, and was removed when the time that copies may be kept had passed.';

COMMENT ON COLUMN sync.completeness.start_at IS 'Start of the activity, so that the newest work comes first without a join.';

CREATE VIEW silver.completeness WITH (security_barrier='true') AS
 SELECT a.athlete_id,
    e.endpoint,
    COALESCE(k.listed, (0)::bigint) AS listed,
    COALESCE(k.landed, (0)::bigint) AS landed,
    COALESCE(k.pending, (0)::bigint) AS pending,
    COALESCE(k.empty, (0)::bigint) AS empty,
    COALESCE(k.no_scope, (0)::bigint) AS no_scope,
    COALESCE(k.gone, (0)::bigint) AS gone,
    COALESCE(k.failed, (0)::bigint) AS failed,
    COALESCE(k.quarantined, (0)::bigint) AS quarantined,
    (((k.landed + k.empty))::double precision / (NULLIF(((k.listed - k.gone) - k.expired), 0))::double precision) AS share_complete,
    k.oldest_gap_at,
    COALESCE(k.expired, (0)::bigint) AS expired
   FROM ((sync.athlete a
     CROSS JOIN ( VALUES ('summary'::text), ('detail'::text), ('streams'::text), ('zones'::text), ('profile'::text), ('athlete_zones'::text), ('athlete_stats'::text), ('gear'::text)) e(endpoint))
     LEFT JOIN ( SELECT l.athlete_id,
            l.endpoint,
            count(*) AS listed,
            count(*) FILTER (WHERE (l.state = 'landed'::text)) AS landed,
            count(*) FILTER (WHERE (l.state = 'pending'::text)) AS pending,
            count(*) FILTER (WHERE (l.state = 'empty'::text)) AS empty,
            count(*) FILTER (WHERE (l.state = 'no_scope'::text)) AS no_scope,
            count(*) FILTER (WHERE (l.state = 'gone'::text)) AS gone,
            count(*) FILTER (WHERE (l.state = 'failed'::text)) AS failed,
            count(*) FILTER (WHERE (l.state = 'quarantined'::text)) AS quarantined,
            count(*) FILTER (WHERE (l.state = 'expired'::text)) AS expired,
            min(l.start_at) FILTER (WHERE (l.state <> ALL (ARRAY['landed'::text, 'empty'::text, 'gone'::text, 'expired'::text]))) AS oldest_gap_at
           FROM ( SELECT completeness.athlete_id,
                    completeness.endpoint,
                    completeness.state,
                    completeness.start_at
                   FROM sync.completeness
                UNION ALL
                 SELECT athlete_object.athlete_id,
                    athlete_object.endpoint,
                    athlete_object.state,
                    NULL::timestamp with time zone
                   FROM sync.athlete_object) l
          GROUP BY l.athlete_id, l.endpoint) k ON (((k.athlete_id = a.athlete_id) AND (k.endpoint = e.endpoint))))
  WHERE silver.may_read_athlete(a.athlete_id);

COMMENT ON VIEW silver.completeness IS 'The state of each athlete''s data: one row per athlete and kind of answer. Counts are activities, or for the last four endpoints the athlete''s own objects.';

COMMENT ON COLUMN silver.completeness.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.completeness.endpoint IS 'Kind of answer: summary (from the list), detail (laps and more), streams (point by point), zones (Strava''s own of the activity, only with FITNESSD_ACTIVITY_ZONES=on); profile, athlete_zones, athlete_stats and gear, which belong to no single activity.';

COMMENT ON COLUMN silver.completeness.listed IS 'Activities that were ever listed, also those that are gone; of gear, the items that lists named.';

COMMENT ON COLUMN silver.completeness.landed IS 'Activities whose answer is here.';

COMMENT ON COLUMN silver.completeness.pending IS 'Activities whose answer will be fetched.';

COMMENT ON COLUMN silver.completeness.empty IS 'Activities for which Strava has none, for example streams of a manual entry.';

COMMENT ON COLUMN silver.completeness.no_scope IS 'Activities that the athlete''s grant does not cover.';

COMMENT ON COLUMN silver.completeness.gone IS 'Activities that were deleted at Strava, or may no longer be seen.';

COMMENT ON COLUMN silver.completeness.failed IS 'Activities whose fetch failed and will be tried again.';

COMMENT ON COLUMN silver.completeness.quarantined IS 'Activities in quarantine after repeated failures, until an admin acts.';

COMMENT ON COLUMN silver.completeness.share_complete IS 'Share (0 to 1) of the activities that are neither gone nor expired for which nothing is missing: landed, or empty. Null: none are known.';

COMMENT ON COLUMN silver.completeness.oldest_gap_at IS 'Start of the oldest activity whose answer is missing (pending, failed, quarantined or no_scope). Null: no gap.';

COMMENT ON COLUMN silver.completeness.expired IS 'Activities whose answer was here and was removed, when the time that copies may be kept had passed.';

CREATE VIEW silver.eddington WITH (security_invoker='true') AS
 SELECT ranked.athlete_id,
    ranked.source_id,
    ranked.sport_family,
    ranked.unit,
    (COALESCE(max(ranked.rank) FILTER (WHERE (ranked.distance >= (ranked.rank)::double precision)), (0)::bigint))::integer AS eddington,
    (count(*) FILTER (WHERE (ranked.distance >= ((COALESCE(ranked.top, (0)::bigint) + 1))::double precision)))::integer AS days_towards_next
   FROM ( SELECT d.athlete_id,
            d.source_id,
            d.sport_family,
            u.unit,
            v.distance,
            d.rank,
            max(d.rank) FILTER (WHERE (v.distance >= (d.rank)::double precision)) OVER (PARTITION BY d.athlete_id, d.source_id, d.sport_family, u.unit) AS top
           FROM ((( SELECT activity.athlete_id,
                    activity.source_id,
                    activity.sport_family,
                    (activity.start_date_local)::date AS day,
                    sum(activity.distance_m) AS distance_m,
                    row_number() OVER (PARTITION BY activity.athlete_id, activity.source_id, activity.sport_family ORDER BY (sum(activity.distance_m)) DESC) AS rank
                   FROM silver.activity
                  WHERE ((activity.distance_m > (0)::double precision) AND silver.is_dated(activity.start_date_local))
                  GROUP BY activity.athlete_id, activity.source_id, activity.sport_family, ((activity.start_date_local)::date)) d
             CROSS JOIN ( VALUES ('km'::text,(1000.0)::double precision), ('mile'::text,1609.344)) u(unit, metres))
             CROSS JOIN LATERAL ( SELECT ((d.distance_m + (0.05)::double precision) / u.metres) AS distance) v)) ranked
  WHERE (ranked.sport_family = ANY (ARRAY['run'::text, 'walk'::text, 'ride'::text]))
  GROUP BY ranked.athlete_id, ranked.source_id, ranked.sport_family, ranked.unit;

COMMENT ON VIEW silver.eddington IS 'One row per athlete, sport family and unit: Eddington''s number, the largest E for which there were E days with at least E kilometres (or miles), to half a tenth of a metre. All activities of a local day count together.';

COMMENT ON COLUMN silver.eddington.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.eddington.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.eddington.sport_family IS 'run, walk or ride, as in activity.sport_family.';

COMMENT ON COLUMN silver.eddington.unit IS 'km or mile: the unit of the distances that are counted.';

COMMENT ON COLUMN silver.eddington.eddington IS 'Eddington''s number, in days and in that unit.';

COMMENT ON COLUMN silver.eddington.days_towards_next IS 'Days there are already with at least eddington + 1 of the unit; eddington + 1 are needed.';

CREATE TABLE sync.activity (
    athlete_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    start_at timestamp with time zone NOT NULL,
    manual boolean DEFAULT false NOT NULL,
    fingerprint bytea NOT NULL,
    first_listed_at timestamp with time zone DEFAULT now() NOT NULL,
    last_listed_at timestamp with time zone DEFAULT now() NOT NULL,
    gone_at timestamp with time zone
);

COMMENT ON TABLE sync.activity IS 'Every activity that was listed, with a fingerprint of the listed figures: another fingerprint means that its streams may have changed.';

COMMENT ON COLUMN sync.activity.gone_at IS 'Tombstone: Strava answered twice that it no longer exists or may no longer be seen.';

CREATE TABLE sync.cursor (
    athlete_id bigint NOT NULL,
    walk_page integer,
    walk_started_at timestamp with time zone,
    newest_start_at timestamp with time zone,
    listed_at timestamp with time zone,
    history_complete_at timestamp with time zone,
    first_complete_at timestamp with time zone,
    looked_back_at timestamp with time zone,
    walk_before timestamp with time zone,
    walk_oldest_at timestamp with time zone
);

COMMENT ON TABLE sync.cursor IS 'How far the list of each athlete''s activities has been read. It never passes an activity that has not landed.';

COMMENT ON COLUMN sync.cursor.walk_page IS 'Next page (from 1) of the walk over the whole list, among the activities that started before walk_before; null: no walk is in progress.';

COMMENT ON COLUMN sync.cursor.newest_start_at IS 'Newest start among the listed activities, never in the future.';

COMMENT ON COLUMN sync.cursor.listed_at IS 'When a list pass last ended with an empty page.';

COMMENT ON COLUMN sync.cursor.history_complete_at IS 'When the walk over the whole list last ended with an empty page.';

COMMENT ON COLUMN sync.cursor.first_complete_at IS 'When the first walk over the whole list ended; activities first listed later are new, however old their date.';

COMMENT ON COLUMN sync.cursor.looked_back_at IS 'When the last look began that reached back behind the newest start and ended with an empty page.';

COMMENT ON COLUMN sync.cursor.walk_before IS 'Bound of the walk''s next page: only activities that started before it are listed; null: all.';

COMMENT ON COLUMN sync.cursor.walk_oldest_at IS 'Start of the oldest activity that the walk has reached without a gap; null: none yet.';

CREATE TABLE sync.transform_work (
    athlete_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    enqueued_at timestamp with time zone DEFAULT now() NOT NULL,
    work_id bigint NOT NULL
);

COMMENT ON TABLE sync.transform_work IS 'Activities whose bronze is newer than their silver: one row per landing, written in its transaction, removed by the silver runner. activity_id 0 stands for the athlete''s own objects. enqueued_at is infinity for activities that are made again, and athletes whose thresholds are estimated, after all live work.';

CREATE VIEW silver.freshness WITH (security_barrier='true') AS
 SELECT a.athlete_id,
        CASE
            WHEN ((a.state = 'active'::text) AND (a.paused_until > now())) THEN 'paused'::text
            ELSE a.state
        END AS state,
    v.newest_start_at AS newest_activity_at,
    c.listed_at,
    c.history_complete_at,
    (EXTRACT(epoch FROM (now() - v.newest_start_at)))::double precision AS newest_activity_age_s,
    (EXTRACT(epoch FROM (now() - c.listed_at)))::double precision AS data_age_s,
    w.backlog AS silver_backlog,
    w.oldest_at AS silver_backlog_oldest_at
   FROM (((sync.athlete a
     LEFT JOIN sync.cursor c ON ((c.athlete_id = a.athlete_id)))
     LEFT JOIN LATERAL ( SELECT activity.start_at AS newest_start_at
           FROM sync.activity
          WHERE ((activity.athlete_id = a.athlete_id) AND (activity.gone_at IS NULL))
          ORDER BY activity.start_at DESC
         LIMIT 1) v ON (true))
     LEFT JOIN LATERAL ( SELECT count(DISTINCT transform_work.activity_id) AS backlog,
            min(transform_work.enqueued_at) FILTER (WHERE (transform_work.enqueued_at < 'infinity'::timestamp with time zone)) AS oldest_at
           FROM sync.transform_work
          WHERE (transform_work.athlete_id = a.athlete_id)) w ON (true))
  WHERE silver.may_read_athlete(a.athlete_id);

COMMENT ON VIEW silver.freshness IS 'The age of each athlete''s data: one row per athlete.';

COMMENT ON COLUMN silver.freshness.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.freshness.state IS 'active; paused by an admin; reconnect: the grant is dead, no new data arrives; erasing.';

COMMENT ON COLUMN silver.freshness.newest_activity_at IS 'Start of the newest listed activity.';

COMMENT ON COLUMN silver.freshness.listed_at IS 'When the list was last read to its end: every activity that started after the newest known one and was at Strava by then is known. Null: never.';

COMMENT ON COLUMN silver.freshness.history_complete_at IS 'When the whole list was last walked, which finds late uploads, edits and deletions. Null: the first walk is under way.';

COMMENT ON COLUMN silver.freshness.newest_activity_age_s IS 'Seconds since the newest activity started.';

COMMENT ON COLUMN silver.freshness.data_age_s IS 'Age of the newest data in seconds: time since listed_at.';

COMMENT ON COLUMN silver.freshness.silver_backlog IS 'Activities (and athlete profiles) that landed and are not yet in the silver tables.';

COMMENT ON COLUMN silver.freshness.silver_backlog_oldest_at IS 'Since when the oldest of them has been waiting. Null: none, or only activities that are made again.';

CREATE TABLE silver.gear_item (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    gear_id text NOT NULL,
    name text,
    nickname text,
    brand text,
    model text,
    is_primary boolean,
    is_retired boolean,
    strava_distance_m double precision,
    frame_type integer,
    weight_kg double precision,
    description text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
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

CREATE VIEW silver.gear WITH (security_invoker='true') AS
 SELECT athlete_id,
    source_id,
    gear_id,
        CASE
            WHEN (gear_id ~~ 'b%'::text) THEN 'bike'::text
            WHEN (gear_id ~~ 'g%'::text) THEN 'shoes'::text
            ELSE NULL::text
        END AS kind,
    COALESCE(i.name, u.name) AS name,
    i.nickname,
    i.brand,
    i.model,
    i.is_primary,
    i.is_retired,
    i.strava_distance_m,
    (COALESCE(u.activity_count, (0)::bigint))::integer AS activity_count,
    COALESCE(u.distance_m, (0)::double precision) AS activity_distance_m,
    COALESCE(u.moving_time_s, (0)::bigint) AS activity_moving_time_s,
    u.first_used_on,
    u.last_used_on,
    i.frame_type,
    i.weight_kg,
    i.description
   FROM (silver.gear_item i
     FULL JOIN ( SELECT activity.athlete_id,
            activity.source_id,
            activity.gear_id,
            max(activity.gear_name) AS name,
            count(*) AS activity_count,
            sum(activity.distance_m) AS distance_m,
            sum(activity.moving_time_s) AS moving_time_s,
            (min(activity.start_date_local) FILTER (WHERE silver.is_dated(activity.start_date_local)))::date AS first_used_on,
            (max(activity.start_date_local) FILTER (WHERE silver.is_dated(activity.start_date_local)))::date AS last_used_on
           FROM silver.activity
          WHERE (activity.gear_id IS NOT NULL)
          GROUP BY activity.athlete_id, activity.source_id, activity.gear_id) u USING (athlete_id, source_id, gear_id));

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

COMMENT ON COLUMN silver.gear.strava_distance_m IS 'Metres that Strava counts for it, with those from before Strava.';

COMMENT ON COLUMN silver.gear.activity_count IS 'Activities here with this gear.';

COMMENT ON COLUMN silver.gear.activity_distance_m IS 'Metres of these activities.';

COMMENT ON COLUMN silver.gear.activity_moving_time_s IS 'Seconds in motion of these activities.';

COMMENT ON COLUMN silver.gear.first_used_on IS 'Local day of the first of them.';

COMMENT ON COLUMN silver.gear.last_used_on IS 'Local day of the last of them.';

COMMENT ON COLUMN silver.gear.frame_type IS 'Strava''s number of the kind of bike: 1 mountain, 2 cyclo-cross, 3 road, 4 time trial, 5 gravel; null: shoes, or not known.';

COMMENT ON COLUMN silver.gear.weight_kg IS 'Weight of the bike in kilograms as the athlete entered it; null: not entered.';

COMMENT ON COLUMN silver.gear.description IS 'The athlete''s text about it.';

CREATE TABLE silver.lap (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    lap_number integer NOT NULL,
    lap_id bigint,
    name text,
    start_at timestamp with time zone,
    start_date_local timestamp without time zone,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    elevation_gain_m double precision,
    average_speed_mps double precision,
    max_speed_mps double precision,
    average_heartrate_bpm double precision,
    max_heartrate_bpm double precision,
    average_cadence_rpm double precision,
    average_power_w double precision,
    has_power_meter boolean,
    pace_zone integer,
    first_index integer,
    last_index integer
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

CREATE VIEW silver.pace_curve WITH (security_invoker='true') AS
 SELECT t.athlete_id,
    t.source_id,
    b.sport_family,
    w.period,
    (silver.effort_distances_m())[b.rung] AS distance_m,
    b.value AS duration_s,
    ((b.value / (silver.effort_distances_m())[b.rung]) * (1000)::double precision) AS pace_s_per_km,
    b.activity_id,
    b.start_offset_s,
    b.start_date_local
   FROM ((silver.athlete t
     CROSS JOIN silver.curve_periods() w(period, since))
     CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, 'pace'::text, w.since, 'infinity'::timestamp without time zone) b(sport_family, rung, value, activity_id, start_offset_s, start_date_local))
  WHERE (b.sport_family = ANY (ARRAY['run'::text, 'walk'::text, 'ride'::text, 'swim'::text, 'ski'::text, 'paddle'::text]));

COMMENT ON VIEW silver.pace_curve IS 'One row per athlete, sport family, period and distance: shortest time for the distance over the last 90 days, this calendar year and all time, from streams. Faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by period and sport_family. For other periods: silver.best_efforts_between().';

COMMENT ON COLUMN silver.pace_curve.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.pace_curve.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.pace_curve.sport_family IS 'run, walk, ride, swim, ski or paddle, as in activity.sport_family; only those with a distance stream have rows.';

COMMENT ON COLUMN silver.pace_curve.period IS 'days_90, season (this calendar year) or all_time; see silver.curve_periods().';

COMMENT ON COLUMN silver.pace_curve.distance_m IS 'Metres of the effort.';

COMMENT ON COLUMN silver.pace_curve.duration_s IS 'Shortest elapsed time for it in seconds, pauses included.';

COMMENT ON COLUMN silver.pace_curve.pace_s_per_km IS 'The same in seconds per kilometre.';

COMMENT ON COLUMN silver.pace_curve.activity_id IS 'Activity of the effort.';

COMMENT ON COLUMN silver.pace_curve.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';

COMMENT ON COLUMN silver.pace_curve.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE VIEW silver.personal_record WITH (security_invoker='true') AS
 SELECT t.athlete_id,
    t.source_id,
    b.sport_family,
    f.metric,
        CASE
            WHEN (f.metric = 'pace'::text) THEN b.value
            ELSE ((silver.effort_durations_s())[b.rung])::double precision
        END AS duration_s,
        CASE
            WHEN (f.metric = 'pace'::text) THEN (silver.effort_distances_m())[b.rung]
            ELSE NULL::double precision
        END AS distance_m,
        CASE
            WHEN (f.metric = 'power'::text) THEN b.value
            ELSE NULL::double precision
        END AS power_w,
        CASE
            WHEN (f.metric = 'heartrate'::text) THEN b.value
            ELSE NULL::double precision
        END AS heartrate_bpm,
        CASE
            WHEN (f.metric = 'pace'::text) THEN ((b.value / (silver.effort_distances_m())[b.rung]) * (1000)::double precision)
            ELSE NULL::double precision
        END AS pace_s_per_km,
    b.activity_id,
    b.start_offset_s,
    b.start_date_local
   FROM ((silver.athlete t
     CROSS JOIN ( VALUES ('pace'::text), ('power'::text), ('heartrate'::text)) f(metric))
     CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, f.metric, '-infinity'::timestamp without time zone, 'infinity'::timestamp without time zone) b(sport_family, rung, value, activity_id, start_offset_s, start_date_local))
  WHERE ((b.sport_family = ANY (ARRAY['run'::text, 'ride'::text])) OR ((b.sport_family = ANY (ARRAY['walk'::text, 'swim'::text])) AND (f.metric = 'pace'::text)));

COMMENT ON VIEW silver.personal_record IS 'One row per athlete, sport family, metric and rung of the ladder: the best of all time, from streams. Indoor and virtual activities count. Pace: faster than 30 m/s in rides, 3 in swims and 10 in other sports is left out. Filter by metric.';

COMMENT ON COLUMN silver.personal_record.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.personal_record.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.personal_record.sport_family IS 'run, walk, ride or swim, as in activity.sport_family.';

COMMENT ON COLUMN silver.personal_record.metric IS 'pace, power or heartrate: which of the value columns is filled.';

COMMENT ON COLUMN silver.personal_record.duration_s IS 'Seconds of the effort: the rung for power and heartrate, the record time for pace.';

COMMENT ON COLUMN silver.personal_record.distance_m IS 'Metres: the rung for pace, null otherwise.';

COMMENT ON COLUMN silver.personal_record.power_w IS 'Best mean power in watts.';

COMMENT ON COLUMN silver.personal_record.heartrate_bpm IS 'Best mean heart rate, beats per minute.';

COMMENT ON COLUMN silver.personal_record.pace_s_per_km IS 'Seconds per kilometre of the record time, pauses included.';

COMMENT ON COLUMN silver.personal_record.activity_id IS 'Activity of the record.';

COMMENT ON COLUMN silver.personal_record.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';

COMMENT ON COLUMN silver.personal_record.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE TABLE silver.photo (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    photo_number integer NOT NULL,
    size_px integer NOT NULL,
    photo_id text,
    url text NOT NULL,
    origin integer,
    media_type integer,
    is_primary boolean NOT NULL
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

CREATE VIEW silver.power_curve WITH (security_invoker='true') AS
 SELECT t.athlete_id,
    t.source_id,
    b.sport_family,
    w.period,
    (silver.effort_durations_s())[b.rung] AS duration_s,
    b.value AS power_w,
    b.activity_id,
    b.start_offset_s,
    b.start_date_local
   FROM ((silver.athlete t
     CROSS JOIN silver.curve_periods() w(period, since))
     CROSS JOIN LATERAL silver.best_efforts_between(t.athlete_id, t.source_id, 'power'::text, w.since, 'infinity'::timestamp without time zone) b(sport_family, rung, value, activity_id, start_offset_s, start_date_local));

COMMENT ON VIEW silver.power_curve IS 'One row per athlete, sport family, period and duration: best mean power over the last 90 days, this calendar year and all time. Measured power only; a rider''s watts and a runner''s are different things and never share a curve. Filter by period and sport_family. For other periods: silver.best_efforts_between().';

COMMENT ON COLUMN silver.power_curve.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.power_curve.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.power_curve.sport_family IS 'Sports that are counted together, as in activity.sport_family; only those with power have rows.';

COMMENT ON COLUMN silver.power_curve.period IS 'days_90, season (this calendar year) or all_time; see silver.curve_periods().';

COMMENT ON COLUMN silver.power_curve.duration_s IS 'Seconds over which the power was held.';

COMMENT ON COLUMN silver.power_curve.power_w IS 'Best mean power in watts.';

COMMENT ON COLUMN silver.power_curve.activity_id IS 'Activity of the effort.';

COMMENT ON COLUMN silver.power_curve.start_offset_s IS 'Seconds from the start of that activity to the start of the effort.';

COMMENT ON COLUMN silver.power_curve.start_date_local IS 'Start of that activity in local wall-clock time.';

CREATE VIEW silver.quality_check WITH (security_invoker='true') AS
 WITH figure(check_name, measures, at_least, at_most, is_in_laps) AS (
         VALUES ('distance_m'::text,'distance, metres'::text,0,'10000000'::numeric,true), ('moving_time_s'::text,'time in motion, seconds'::text,0,864000,true), ('elapsed_time_s'::text,'time from start to end, seconds'::text,0,31622400,true), ('elevation_gain_m'::text,'metres climbed'::text,0,100000,true), ('elevation_difference_m'::text,'metres that the end lies higher than the start'::text,'-20000'::integer,20000,true), ('elevation_high_m'::text,'highest point, metres above sea level'::text,'-12000'::integer,30000,false), ('elevation_low_m'::text,'lowest point, metres above sea level'::text,'-12000'::integer,30000,false), ('average_speed_mps'::text,'average speed, metres per second'::text,0,300,true), ('max_speed_mps'::text,'highest speed, metres per second'::text,0,300,true), ('grade_adjusted_speed_mps'::text,'average grade-adjusted speed, metres per second'::text,0,300,true), ('average_heartrate_bpm'::text,'average heart rate, beats per minute'::text,0,300,true), ('max_heartrate_bpm'::text,'highest heart rate, beats per minute'::text,0,300,true), ('average_cadence_rpm'::text,'average cadence, revolutions per minute'::text,0,300,true), ('average_temperature_c'::text,'average temperature, °C'::text,'-90'::integer,90,false), ('average_power_w'::text,'average power, watts'::text,0,5000,true), ('weighted_power_w'::text,'weighted average power, watts'::text,0,5000,false), ('max_power_w'::text,'highest power, watts'::text,0,5000,false), ('energy_kj'::text,'mechanical work, kilojoules'::text,0,1000000,false), ('calories_kcal'::text,'energy spent, kilocalories'::text,0,1000000,false), ('relative_effort'::text,'Strava''s relative effort'::text,0,100000,false), ('perceived_exertion'::text,'the athlete''s own rating'::text,0,10,false)
        )
 SELECT c.check_name,
    c.measures,
    (c.at_least)::double precision AS at_least,
    (c.at_most)::double precision AS at_most
   FROM ( VALUES ('distance_percent'::text,'difference between the end of the distance stream and the distance of the summary, in percent of the larger'::text,NULL::integer,5), ('load_per_h'::text,'training load by power, divided by the hours of power and three quarters of an hour'::text,NULL::integer,400), ('longest_step_s'::text,'longest time from one point to the next, seconds: the clock may have been set, or the recording went on another day'::text,NULL::integer,86400), ('outlier_altitude_points'::text,'dropouts, spikes and lasting jumps of the altitude'::text,NULL::integer,0), ('outlier_cadence_points'::text,'cadences that can''t be'::text,NULL::integer,0), ('outlier_distance_points'::text,'points at which the distance goes away and comes back, jumps or starts anew'::text,NULL::integer,0), ('outlier_heartrate_points'::text,'heart rates that can''t be'::text,NULL::integer,0), ('outlier_position_points'::text,'points at which the position is 0/0, goes away and comes back, or jumps'::text,NULL::integer,0), ('outlier_power_points'::text,'powers that can''t be, single spikes, and zeros of a meter that had died'::text,NULL::integer,0), ('outlier_time_points'::text,'points whose time is missing or contradicts those around it'::text,NULL::integer,0), ('point_count'::text,'points of an activity with streams'::text,10,200000), ('recorded_percent'::text,'recorded time in percent of the time in motion of the summary'::text,75,NULL::numeric), ('short_points'::text,'points by which the shortest stream is shorter than the longest'::text,NULL::integer,0), ('time_disorder_points'::text,'points whose time is missing or not later than that of the point before'::text,NULL::integer,0), ('ftp_w'::text,'functional threshold power of the profile, watts'::text,30,1000), ('weight_kg'::text,'body weight of the profile, kilograms'::text,20,400), ('gear_distance_m'::text,'distance of a bike or a pair of shoes, metres'::text,0,'1000000000'::numeric), ('zone_heartrate_bpm'::text,'bound of the athlete''s own heart rate zones, beats per minute'::text,0,300), ('zone_power_w'::text,'bound of the athlete''s own power zones, watts'::text,0,5000), ('gear_weight_kg'::text,'weight of a bike, kilograms'::text,0,500), ('stats_count'::text,'activities or achievements in Strava''s totals of the athlete'::text,0,'1000000'::numeric), ('stats_distance_m'::text,'distance in Strava''s totals of the athlete, metres'::text,0,'1000000000'::numeric), ('stats_elevation_gain_m'::text,'metres climbed in Strava''s totals of the athlete'::text,0,'100000000'::numeric), ('stats_time_s'::text,'time in Strava''s totals of the athlete, seconds'::text,0,'2000000000'::numeric), ('segment_distance_m'::text,'length of a segment, metres'::text,0,'10000000'::numeric), ('segment_average_grade_percent'::text,'average grade of a segment, percent'::text,'-100'::integer,100), ('segment_maximum_grade_percent'::text,'steepest grade of a segment, percent'::text,'-500'::integer,500), ('segment_elevation_high_m'::text,'highest point of a segment, metres above sea level'::text,'-12000'::integer,30000), ('segment_elevation_low_m'::text,'lowest point of a segment, metres above sea level'::text,'-12000'::integer,30000), ('strava_zone_heartrate_bpm'::text,'bound of a heart rate zone in Strava''s zones of the activity, beats per minute'::text,0,300), ('strava_zone_power_w'::text,'bound of a power zone in Strava''s zones of the activity, watts'::text,0,5000), ('strava_zone_pace_mps'::text,'bound of a pace zone in Strava''s zones of the activity, metres per second'::text,0,300), ('strava_zone_score'::text,'score or points in Strava''s zones of the activity'::text,0,'1000000'::numeric), ('strava_zone_time_s'::text,'time in one of Strava''s zones of the activity, seconds'::text,0,31622400)) c(check_name, measures, at_least, at_most)
UNION ALL
 SELECT figure.check_name,
    (figure.measures || '; of the activity'::text) AS measures,
    (figure.at_least)::double precision AS at_least,
    (figure.at_most)::double precision AS at_most
   FROM figure
UNION ALL
 SELECT ('lap_'::text || figure.check_name) AS check_name,
    (figure.measures || '; of a lap or a split'::text) AS measures,
    (figure.at_least)::double precision AS at_least,
    (figure.at_most)::double precision AS at_most
   FROM figure
  WHERE figure.is_in_laps
UNION ALL
 SELECT ('effort_'::text || figure.check_name) AS check_name,
    (figure.measures || '; of a best effort or an effort on a segment'::text) AS measures,
    (figure.at_least)::double precision AS at_least,
    (figure.at_most)::double precision AS at_most
   FROM figure
  WHERE (figure.check_name = ANY (ARRAY['distance_m'::text, 'moving_time_s'::text, 'elapsed_time_s'::text, 'average_heartrate_bpm'::text, 'max_heartrate_bpm'::text, 'average_cadence_rpm'::text, 'average_power_w'::text]));

COMMENT ON VIEW silver.quality_check IS 'The checks of data quality, one row each, with the values that are allowed. An activity outside of them has a row in quality_finding, an athlete in athlete_finding.';

COMMENT ON COLUMN silver.quality_check.check_name IS 'Name of the check; ends with the unit of the measured value.';

COMMENT ON COLUMN silver.quality_check.measures IS 'The measured quantity.';

COMMENT ON COLUMN silver.quality_check.at_least IS 'Smallest value that is allowed, in the unit that check_name ends with; null: any.';

COMMENT ON COLUMN silver.quality_check.at_most IS 'Largest value that is allowed, in the unit that check_name ends with; null: any.';

CREATE TABLE silver.quality_finding (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    check_name text NOT NULL,
    measured double precision NOT NULL,
    at_least double precision,
    at_most double precision,
    found_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE silver.quality_finding IS 'One row per activity and check of quality_check that it does not pass. A figure named after a column (with lap_ before it: of a lap or a split; effort_, segment_, strava_zone_: of these) is null there: it can''t be true. outlier_ and a stream: so many of its points are left out of all figures; activity_stream has them as they were sent. Other findings change nothing, they are a reason to look.';

COMMENT ON COLUMN silver.quality_finding.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.quality_finding.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.quality_finding.activity_id IS 'Activity.';

COMMENT ON COLUMN silver.quality_finding.check_name IS 'The check; see quality_check.';

COMMENT ON COLUMN silver.quality_finding.measured IS 'The measured value, in the unit that check_name ends with (point_count: points).';

COMMENT ON COLUMN silver.quality_finding.at_least IS 'Smallest value that was allowed, in the unit that check_name ends with; null: any.';

COMMENT ON COLUMN silver.quality_finding.at_most IS 'Largest value that was allowed, in the unit that check_name ends with; null: any.';

COMMENT ON COLUMN silver.quality_finding.found_at IS 'When it was found, or last measured again.';

CREATE VIEW silver.readme WITH (security_invoker='true') AS
 SELECT (c.relname)::text AS relation,
        CASE
            WHEN (c.relkind = 'v'::"char") THEN 'view'::text
            ELSE 'table'::text
        END AS kind,
    obj_description(c.oid, 'pg_class'::name) AS description,
    e.example
   FROM ((pg_class c
     JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
     LEFT JOIN ( VALUES ('activity'::text,'SELECT sport_family, count(*) AS activity_count, sum(distance_m) / 1000 AS distance_km FROM silver.activity WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND start_date_local >= ''2026-01-01'' GROUP BY sport_family;'::text), ('activity_best_effort'::text,'SELECT a.start_date_local, e.power_w FROM silver.activity_best_effort e JOIN silver.activity a USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND e.metric = ''power'' AND e.duration_s = 60 AND a.has_power_meter IS NOT FALSE ORDER BY 1;'::text), ('activity_grid'::text,'SELECT latitude_deg, longitude_deg, sum(seconds) AS seconds FROM silver.activity_grid WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY 1, 2;'::text), ('activity_histogram'::text,'SELECT heartrate_bpm, sum(seconds) AS seconds FROM silver.activity_histogram WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = ''heartrate'' GROUP BY 1 ORDER BY 1;'::text), ('activity_interval_1min'::text,'SELECT start_offset_s / 60 AS minute, heartrate_bpm, power_w FROM silver.activity_interval_1min WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_rollup LIMIT 1) ORDER BY 1;'::text), ('activity_metric'::text,'SELECT a.start_date_local, m.load, m.load_method FROM silver.activity a LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1;'::text), ('activity_strava_zone'::text,'SELECT metric, zone, from_value, to_value, time_s FROM silver.activity_strava_zone WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_strava_zone LIMIT 1) ORDER BY metric, zone;'::text), ('activity_stream'::text,'SELECT s.time_s[i] AS time_s, s.power_w[i] AS power_w FROM silver.activity_stream s CROSS JOIN generate_series(1, s.point_count, 10) AS i WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_stream LIMIT 1) ORDER BY i;'::text), ('activity_zone_time'::text,'SELECT zone, sum(seconds) / 3600.0 AS hours FROM silver.activity_zone_time WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = ''heartrate'' AND start_date_local >= ''2026-01-01'' GROUP BY zone ORDER BY zone;'::text), ('aggregate_stream'::text,'SELECT time, heartrate, watts FROM silver.aggregate_stream WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.activity_stream LIMIT 1) ORDER BY index;'::text), ('athlete'::text,'SELECT first_name, weight_kg, ftp_w FROM silver.athlete WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);'::text), ('athlete_day'::text,'SELECT day, load, fitness_ctl, fatigue_atl, form_tsb FROM silver.athlete_day WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY day;'::text), ('athlete_finding'::text,'SELECT check_name, measured, at_least, at_most FROM silver.athlete_finding WHERE athlete_id = (SELECT min(athlete_id) FROM silver.athlete_finding) ORDER BY check_name;'::text), ('athlete_history'::text,'SELECT valid_from, weight_kg, ftp_w FROM silver.athlete_history WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY valid_from;'::text), ('athlete_max_heartrate'::text,'SELECT valid_from, max_heartrate_bpm FROM silver.athlete_max_heartrate WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY valid_from;'::text), ('athlete_month'::text,'SELECT month_start, sum(moving_time_s) / 3600.0 AS hours FROM silver.athlete_month WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY month_start ORDER BY month_start;'::text), ('athlete_reference'::text,'SELECT max_heartrate_bpm, max_heartrate_is_default FROM silver.athlete_reference WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);'::text), ('athlete_stats'::text,'SELECT sport_family, activity_count, distance_m / 1000 AS distance_km FROM silver.athlete_stats WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND period = ''all'' ORDER BY sport_family;'::text), ('athlete_threshold'::text,'SELECT sport_family, metric, origin, method, valid_from, value FROM silver.athlete_threshold WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1, 2, 3, 4, 5;'::text), ('athlete_week'::text,'SELECT week_start, sum(distance_m) / 1000 AS distance_km, sum(load) AS load FROM silver.athlete_week WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY week_start ORDER BY week_start;'::text), ('athlete_year'::text,'SELECT year_start, sport_family, sum(distance_m) / 1000 AS distance_km FROM silver.athlete_year WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) GROUP BY 1, 2 ORDER BY 1, 2;'::text), ('athlete_zone_set'::text,'SELECT metric, valid_from, lower_bounds, is_default FROM silver.athlete_zone_set WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY metric, valid_from;'::text), ('best_effort'::text,'SELECT a.start_date_local, b.elapsed_time_s, b.pr_rank FROM silver.best_effort b JOIN silver.activity a USING (athlete_id, source_id, activity_id) WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND b.name = ''5K'' ORDER BY b.elapsed_time_s;'::text), ('completeness'::text,'SELECT endpoint, landed, pending, share_complete FROM silver.completeness WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);'::text), ('eddington'::text,'SELECT sport_family, eddington, days_towards_next FROM silver.eddington WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND unit = ''km'';'::text), ('freshness'::text,'SELECT state, data_age_s / 3600 AS data_age_h, silver_backlog FROM silver.freshness WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity);'::text), ('gear'::text,'SELECT coalesce(nickname, name, gear_id) AS name, activity_distance_m / 1000 AS distance_km FROM silver.gear WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 2 DESC;'::text), ('lap'::text,'SELECT lap_number, distance_m, moving_time_s FROM silver.lap WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.lap LIMIT 1) ORDER BY lap_number;'::text), ('pace_curve'::text,'SELECT distance_m, pace_s_per_km, start_date_local FROM silver.pace_curve WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND sport_family = ''run'' AND period = ''all_time'' ORDER BY distance_m;'::text), ('personal_record'::text,'SELECT sport_family, distance_m, duration_s, start_date_local FROM silver.personal_record WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND metric = ''pace'' ORDER BY 1, 2;'::text), ('photo'::text,'SELECT activity_id, url FROM silver.photo WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND size_px = 600 ORDER BY activity_id DESC;'::text), ('power_curve'::text,'SELECT sport_family, duration_s, power_w, start_date_local FROM silver.power_curve WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND period = ''all_time'' ORDER BY 1, 2;'::text), ('quality_check'::text,'SELECT check_name, measures, at_least, at_most FROM silver.quality_check ORDER BY check_name;'::text), ('quality_finding'::text,'SELECT activity_id, check_name, measured FROM silver.quality_finding WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY 1, 2;'::text), ('segment'::text,'SELECT name, distance_m, effort_count, best_elapsed_time_s FROM silver.segment WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) ORDER BY effort_count DESC, name LIMIT 20;'::text), ('segment_effort'::text,'SELECT segment_name, start_date_local, elapsed_time_s, pr_rank FROM silver.segment_effort WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND pr_rank = 1 ORDER BY start_at DESC;'::text), ('split'::text,'SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.split LIMIT 1) ORDER BY split_number;'::text), ('split_mile'::text,'SELECT split_number, moving_time_s, elevation_difference_m FROM silver.split_mile WHERE (athlete_id, activity_id) = (SELECT athlete_id, activity_id FROM silver.split_mile LIMIT 1) ORDER BY split_number;'::text), ('streak'::text,'SELECT started_on, ended_on, period_count FROM silver.streak WHERE athlete_id = (SELECT min(athlete_id) FROM silver.activity) AND sport_family = ''all'' AND unit = ''week'' ORDER BY period_count DESC LIMIT 10;'::text)) e(relation, example) ON ((e.relation = c.relname)))
  WHERE ((n.nspname = 'silver'::name) AND (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char"])) AND (NOT c.relispartition));

COMMENT ON VIEW silver.readme IS 'One row per table and view of silver with a description and an example. The comment of the schema has the rules for all of them.';

COMMENT ON COLUMN silver.readme.relation IS 'Name of the table or view in schema silver.';

COMMENT ON COLUMN silver.readme.kind IS 'table or view.';

COMMENT ON COLUMN silver.readme.description IS 'Its comment: the grain first. The columns have comments of their own.';

COMMENT ON COLUMN silver.readme.example IS 'A statement that runs as it stands; it chooses an athlete or an activity by itself. Null: a table behind a view, which its description names.';

CREATE TABLE silver.segment_effort (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    effort_number integer NOT NULL,
    effort_id bigint,
    segment_id bigint,
    name text,
    start_at timestamp with time zone,
    start_date_local timestamp without time zone,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    average_heartrate_bpm double precision,
    max_heartrate_bpm double precision,
    average_cadence_rpm double precision,
    average_power_w double precision,
    has_power_meter boolean,
    pr_rank integer,
    kom_rank integer,
    achievement_types text[],
    achievement_ranks integer[],
    is_hidden boolean,
    visibility text,
    first_index integer,
    last_index integer,
    segment_name text,
    segment_activity_type text,
    segment_distance_m double precision,
    segment_average_grade_percent double precision,
    segment_maximum_grade_percent double precision,
    segment_elevation_high_m double precision,
    segment_elevation_low_m double precision,
    segment_climb_category integer,
    segment_city text,
    segment_state text,
    segment_country text,
    segment_is_private boolean,
    segment_is_hazardous boolean,
    segment_is_starred boolean,
    segment_start_latitude_deg double precision,
    segment_start_longitude_deg double precision,
    segment_end_latitude_deg double precision,
    segment_end_longitude_deg double precision
);

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

CREATE VIEW silver.segment WITH (security_invoker='true') AS
 SELECT DISTINCT ON (segment_effort.athlete_id, segment_effort.source_id, segment_effort.segment_id) segment_effort.athlete_id,
    segment_effort.source_id,
    segment_effort.segment_id,
    segment_effort.segment_name AS name,
    segment_effort.segment_activity_type AS activity_type,
    segment_effort.segment_distance_m AS distance_m,
    segment_effort.segment_average_grade_percent AS average_grade_percent,
    segment_effort.segment_maximum_grade_percent AS maximum_grade_percent,
    segment_effort.segment_elevation_high_m AS elevation_high_m,
    segment_effort.segment_elevation_low_m AS elevation_low_m,
    segment_effort.segment_climb_category AS climb_category,
    segment_effort.segment_city AS city,
    segment_effort.segment_state AS state,
    segment_effort.segment_country AS country,
    segment_effort.segment_is_private AS is_private,
    segment_effort.segment_is_hazardous AS is_hazardous,
    segment_effort.segment_is_starred AS is_starred,
    segment_effort.segment_start_latitude_deg AS start_latitude_deg,
    segment_effort.segment_start_longitude_deg AS start_longitude_deg,
    segment_effort.segment_end_latitude_deg AS end_latitude_deg,
    segment_effort.segment_end_longitude_deg AS end_longitude_deg,
    (count(*) OVER segment)::integer AS effort_count,
    min(segment_effort.elapsed_time_s) OVER segment AS best_elapsed_time_s,
    min(segment_effort.start_at) OVER segment AS first_effort_at,
    max(segment_effort.start_at) OVER segment AS last_effort_at
   FROM silver.segment_effort
  WHERE (segment_effort.segment_id IS NOT NULL)
  WINDOW segment AS (PARTITION BY segment_effort.athlete_id, segment_effort.source_id, segment_effort.segment_id)
  ORDER BY segment_effort.athlete_id, segment_effort.source_id, segment_effort.segment_id, segment_effort.start_at DESC NULLS LAST, segment_effort.activity_id DESC, segment_effort.effort_number DESC;

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

CREATE TABLE silver.split (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    split_number integer NOT NULL,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    elevation_difference_m double precision,
    average_speed_mps double precision,
    grade_adjusted_speed_mps double precision,
    average_heartrate_bpm double precision,
    pace_zone integer
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

CREATE TABLE silver.split_mile (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    activity_id bigint NOT NULL,
    split_number integer NOT NULL,
    distance_m double precision,
    moving_time_s integer,
    elapsed_time_s integer,
    elevation_difference_m double precision,
    average_speed_mps double precision,
    grade_adjusted_speed_mps double precision,
    average_heartrate_bpm double precision,
    pace_zone integer
);

COMMENT ON TABLE silver.split_mile IS 'One row per mile of an activity, as Strava splits it (splits_standard of the detail; runs and walks only). The last one is shorter. By the kilometre: split.';

COMMENT ON COLUMN silver.split_mile.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.split_mile.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.split_mile.activity_id IS 'Activity of the split.';

COMMENT ON COLUMN silver.split_mile.split_number IS 'Place in the activity, from 1.';

COMMENT ON COLUMN silver.split_mile.distance_m IS 'Metres: about 1609, the last one less.';

COMMENT ON COLUMN silver.split_mile.moving_time_s IS 'Time in motion in seconds.';

COMMENT ON COLUMN silver.split_mile.elapsed_time_s IS 'Time from start to end in seconds.';

COMMENT ON COLUMN silver.split_mile.elevation_difference_m IS 'Metres that the end lies higher than the start.';

COMMENT ON COLUMN silver.split_mile.average_speed_mps IS 'Average speed, metres per second.';

COMMENT ON COLUMN silver.split_mile.grade_adjusted_speed_mps IS 'Strava''s average grade-adjusted speed, metres per second.';

COMMENT ON COLUMN silver.split_mile.average_heartrate_bpm IS 'Average heart rate, beats per minute.';

COMMENT ON COLUMN silver.split_mile.pace_zone IS 'Strava''s pace zone of the split.';

CREATE VIEW silver.streak WITH (security_invoker='true') AS
 SELECT ranked.athlete_id,
    ranked.source_id,
    ranked.sport_family,
    ranked.unit,
    ('1970-01-05'::date + (min(ranked.serial) * ranked.length_days)) AS started_on,
    (('1970-01-05'::date + ((max(ranked.serial) + 1) * ranked.length_days)) - 1) AS ended_on,
    (count(*))::integer AS period_count,
    (sum(ranked.activity_count))::integer AS activity_count
   FROM ( SELECT trained.athlete_id,
            trained.source_id,
            trained.sport_family,
            trained.unit,
            trained.length_days,
            trained.serial,
            trained.activity_count,
            (trained.serial - row_number() OVER (PARTITION BY trained.athlete_id, trained.source_id, trained.sport_family, trained.unit ORDER BY trained.serial)) AS island
           FROM ( SELECT a.athlete_id,
                    a.source_id,
                    f.sport_family,
                    u.unit,
                    u.length_days,
                    (floor(((((a.start_date_local)::date - '1970-01-05'::date))::double precision / (u.length_days)::double precision)))::integer AS serial,
                    count(*) AS activity_count
                   FROM ((silver.activity a
                     CROSS JOIN LATERAL ( VALUES (a.sport_family), ('all'::text)) f(sport_family))
                     CROSS JOIN ( VALUES ('day'::text,1), ('week'::text,7)) u(unit, length_days))
                  WHERE silver.is_dated(a.start_date_local)
                  GROUP BY a.athlete_id, a.source_id, f.sport_family, u.unit, u.length_days, ((floor(((((a.start_date_local)::date - '1970-01-05'::date))::double precision / (u.length_days)::double precision)))::integer)) trained) ranked
  GROUP BY ranked.athlete_id, ranked.source_id, ranked.sport_family, ranked.unit, ranked.length_days, ranked.island;

COMMENT ON VIEW silver.streak IS 'One row per athlete, sport family and streak: local days, or weeks from Monday to Sunday, that follow one another and each have an activity. It is current while ended_on is not before yesterday (weeks: not before last Sunday) on the athlete''s calendar, silver.today(). Filter by unit and sport_family.';

COMMENT ON COLUMN silver.streak.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.streak.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.streak.sport_family IS 'Sports that are counted together, as in activity.sport_family, or all.';

COMMENT ON COLUMN silver.streak.unit IS 'day or week: what follows one another without a gap.';

COMMENT ON COLUMN silver.streak.started_on IS 'First day of the streak; of weeks a Monday.';

COMMENT ON COLUMN silver.streak.ended_on IS 'Last day of the streak; of weeks a Sunday.';

COMMENT ON COLUMN silver.streak.period_count IS 'Length of the streak in days or weeks.';

COMMENT ON COLUMN silver.streak.activity_count IS 'Activities of the streak.';

CREATE TABLE silver.threshold_work (
    athlete_id bigint NOT NULL,
    source_id smallint DEFAULT 1 NOT NULL,
    month date NOT NULL
);

COMMENT ON TABLE silver.threshold_work IS 'One row per athlete and month whose estimates are made again after all live work. To read estimates use athlete_threshold.';

COMMENT ON COLUMN silver.threshold_work.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN silver.threshold_work.source_id IS '1 strava_api, 2 strava_archive, 3 file.';

COMMENT ON COLUMN silver.threshold_work.month IS 'First day of the month.';

CREATE TABLE sync.api_token (
    athlete_id bigint NOT NULL,
    token_id bigint NOT NULL,
    token_sha256 bytea NOT NULL,
    uid text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_token_scopes CHECK (((cardinality(scopes) > 0) AND (scopes <@ '{read,sync,write,position,erase}'::text[]))),
    CONSTRAINT api_token_sha256 CHECK ((octet_length(token_sha256) = 32))
);

COMMENT ON TABLE sync.api_token IS 'Tokens issued by fitnessctl tokens issue: one row per token, for 30 days after its end too. The token itself is shown once and not kept.';

COMMENT ON COLUMN sync.api_token.athlete_id IS 'Strava''s number for the athlete whose data the token opens.';

COMMENT ON COLUMN sync.api_token.token_id IS 'Number of the token in this database, by which it is listed and revoked.';

COMMENT ON COLUMN sync.api_token.token_sha256 IS 'SHA-256 of the token. A plain hash is enough: 256 random bits can''t be guessed.';

COMMENT ON COLUMN sync.api_token.uid IS 'The athlete''s uid when the token was issued. A token of an athlete who has another uid by now is refused.';

COMMENT ON COLUMN sync.api_token.scopes IS 'What the token may do: read, sync, write (thresholds), position (every place in any answer), erase.';

COMMENT ON COLUMN sync.api_token.created_at IS 'When it was issued.';

COMMENT ON COLUMN sync.api_token.expires_at IS 'It is refused from this instant on.';

COMMENT ON COLUMN sync.api_token.last_used_at IS 'When it was last used, to the minute; null: never.';

COMMENT ON COLUMN sync.api_token.revoked_at IS 'When it was revoked; null: it was not.';

ALTER TABLE sync.api_token ALTER COLUMN token_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.api_token_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.athlete_threshold (
    athlete_id bigint NOT NULL,
    sport_family text NOT NULL,
    metric text NOT NULL,
    valid_from date NOT NULL,
    value double precision NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT athlete_threshold_metric CHECK ((metric = ANY (ARRAY['power'::text, 'pace'::text, 'threshold_heartrate'::text, 'max_heartrate'::text, 'rest_heartrate'::text, 'critical_power'::text, 'w_prime'::text]))),
    CONSTRAINT athlete_threshold_sport_family CHECK ((sport_family = ANY (ARRAY['all'::text, 'ride'::text, 'run'::text, 'swim'::text]))),
    CONSTRAINT athlete_threshold_valid_from CHECK (((valid_from >= '1970-01-01'::date) AND (valid_from <= '9999-12-31'::date))),
    CONSTRAINT athlete_threshold_value CHECK (((value > (0)::double precision) AND (value < 'Infinity'::double precision)))
);

COMMENT ON TABLE sync.athlete_threshold IS 'Thresholds that the operator or the athlete has set, as dated facts: one row per athlete, sport, metric and first day. They come before Strava''s and before estimates. Written by fitnessctl athletes set-threshold; a rebuild of silver keeps them.';

COMMENT ON COLUMN sync.athlete_threshold.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.athlete_threshold.sport_family IS 'ride, run or swim, as in silver.sport_family(); all: every sport that has no value of its own. Power and pace are always of one sport.';

COMMENT ON COLUMN sync.athlete_threshold.metric IS 'power (what can be held for about an hour, "FTP"), pace, threshold_heartrate (at that effort), max_heartrate, rest_heartrate, critical_power, w_prime (work that can be done above critical power).';

COMMENT ON COLUMN sync.athlete_threshold.valid_from IS 'First day on which it holds, until the next row of the same sport and metric. The earliest row also stands for the time before it.';

COMMENT ON COLUMN sync.athlete_threshold.value IS 'Watts for power and critical_power, metres per second for pace, beats per minute for the heart rates, joules for w_prime.';

COMMENT ON COLUMN sync.athlete_threshold.set_at IS 'When it was set or last changed.';

CREATE TABLE sync.audit (
    audit_id bigint NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    user_id bigint NOT NULL,
    user_name text,
    action text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    outcome text DEFAULT 'begun'::text NOT NULL,
    refusal text,
    ended_at timestamp with time zone,
    CONSTRAINT audit_outcome CHECK ((outcome = ANY (ARRAY['begun'::text, 'done'::text, 'refused'::text, 'failed'::text])))
);

COMMENT ON TABLE sync.audit IS 'One row per request over the control socket that changes something, also of those that are refused. It names no athlete.';

COMMENT ON COLUMN sync.audit.audit_id IS 'Number of the request in this database.';

COMMENT ON COLUMN sync.audit.asked_at IS 'When the request arrived.';

COMMENT ON COLUMN sync.audit.user_id IS 'Number (uid) of the account that asked, as the kernel says it.';

COMMENT ON COLUMN sync.audit.user_name IS 'Name of that account on the daemon''s machine; null: it has none.';

COMMENT ON COLUMN sync.audit.action IS 'What was asked for: the control API''s name of the request, as pause_athlete.';

COMMENT ON COLUMN sync.audit.parameters IS 'Parameters that can''t name a person: numbers, switches and words of closed lists.';

COMMENT ON COLUMN sync.audit.outcome IS 'begun: in progress, or cut off by a crash; done; refused: a mistake, or a lack of rights; failed: the daemon could not do it.';

COMMENT ON COLUMN sync.audit.refusal IS 'Error code of what was refused or failed, as not_allowed, or interrupted: the client disconnected; null: neither.';

COMMENT ON COLUMN sync.audit.ended_at IS 'When the request ended; null: not yet.';

CREATE TABLE sync.audit_athlete (
    athlete_id bigint NOT NULL,
    audit_id bigint NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE sync.audit_athlete IS 'The athlete whom a request of sync.audit is about, if it is about one who was known then. One row per such request.';

COMMENT ON COLUMN sync.audit_athlete.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.audit_athlete.audit_id IS 'The request, sync.audit.';

COMMENT ON COLUMN sync.audit_athlete.parameters IS 'Parameters of the request that may say something about the athlete, as the reason of a pause. No secrets.';

ALTER TABLE sync.audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.backup (
    backup_id uuid NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    bytes bigint,
    sha256 bytea,
    CONSTRAINT backup_made_by CHECK ((made_by <> ''::text)),
    CONSTRAINT backup_sha256 CHECK ((octet_length(sha256) = 32))
);

COMMENT ON TABLE sync.backup IS 'Backups of this database, one row per backup that was stored completely. Rows older than a year are removed.';

COMMENT ON COLUMN sync.backup.backup_id IS 'Random.';

COMMENT ON COLUMN sync.backup.taken_at IS 'The backup holds the database as it was then.';

COMMENT ON COLUMN sync.backup.stored_at IS 'When it was stored completely, or noted.';

COMMENT ON COLUMN sync.backup.made_by IS 'fitnessctl backup, or what an admin''s own backup program is called in fitnessctl backup --record.';

COMMENT ON COLUMN sync.backup.bytes IS 'Size of the file in bytes; null: not known.';

COMMENT ON COLUMN sync.backup.sha256 IS 'SHA-256 of the file; null: not known.';

CREATE TABLE sync.connect_link (
    link_id bytea NOT NULL,
    used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE sync.connect_link IS 'Connect links that are used up, until they would have expired. A link that was never used has no row: its signature says that it is valid.';

COMMENT ON COLUMN sync.connect_link.link_id IS 'The random number in the link. It names neither athlete nor uid.';

COMMENT ON COLUMN sync.connect_link.used_at IS 'When a grant was stored with it.';

COMMENT ON COLUMN sync.connect_link.expires_at IS 'When the link expires; the row is deleted an hour later.';

CREATE TABLE sync.connect_state (
    state_sha256 bytea NOT NULL,
    uid text NOT NULL,
    link_id bytea NOT NULL,
    link_expires_at timestamp with time zone NOT NULL,
    renewed_athlete bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    browser_sha256 bytea NOT NULL,
    client text NOT NULL,
    taken_at timestamp with time zone,
    outcome jsonb,
    held_key_id text,
    held_grant bytea,
    CONSTRAINT connect_state_held CHECK (((held_key_id IS NULL) = (held_grant IS NULL)))
);

COMMENT ON TABLE sync.connect_state IS 'One-time OAuth states issued by /connect, kept as hashes only, with the result of each connect, until they expire.';

COMMENT ON COLUMN sync.connect_state.uid IS 'The uid of the connect link.';

COMMENT ON COLUMN sync.connect_state.link_id IS 'Number of the connect link, as in sync.connect_link.';

COMMENT ON COLUMN sync.connect_state.link_expires_at IS 'When the connect link expires.';

COMMENT ON COLUMN sync.connect_state.renewed_athlete IS 'The athlete who has just connected with the link in this browser and goes to Strava again for further permissions: only this athlete may use the link once more. Null: the link must be unused.';

COMMENT ON COLUMN sync.connect_state.browser_sha256 IS 'Hash of the cookie of the browser that began the connect: only that browser can finish it, and only there the result is shown.';

COMMENT ON COLUMN sync.connect_state.client IS 'The client that began it: an IPv4 address or the /64 of an IPv6 address. Each has a limited number of open connects.';

COMMENT ON COLUMN sync.connect_state.taken_at IS 'When a callback arrived with this state; null: none has arrived.';

COMMENT ON COLUMN sync.connect_state.outcome IS 'The result of the connect, and athlete_id, name and scope where known. Null: it has not ended.';

COMMENT ON COLUMN sync.connect_state.held_key_id IS 'Key of the keyring that seals held_grant.';

COMMENT ON COLUMN sync.connect_state.held_grant IS 'The grant, sealed as tokens are, while the person is asked whether a uid may move; null: nothing is asked.';

CREATE TABLE sync.database_size (
    day date NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    bytes bigint NOT NULL
);

COMMENT ON TABLE sync.database_size IS 'The size of the database, one row per UTC day of the last month, from which its growth is told.';

COMMENT ON COLUMN sync.database_size.day IS 'UTC day.';

COMMENT ON COLUMN sync.database_size.measured_at IS 'When it was last measured on that day.';

COMMENT ON COLUMN sync.database_size.bytes IS 'All tables and indexes, as pg_database_size() measures them, in bytes.';

CREATE TABLE sync.erasure (
    erasure_id uuid NOT NULL,
    erasure_no bigint NOT NULL,
    athlete_tag bytea NOT NULL,
    key_id text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    revocation text DEFAULT 'pending'::text NOT NULL,
    revocation_at timestamp with time zone,
    row_counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    filed_at timestamp with time zone,
    CONSTRAINT erasure_athlete_tag CHECK ((octet_length(athlete_tag) = 32)),
    CONSTRAINT erasure_requested_by CHECK ((requested_by = ANY (ARRAY['operator'::text, 'athlete'::text, 'deauthorization'::text, 'replay'::text]))),
    CONSTRAINT erasure_revocation CHECK ((revocation = ANY (ARRAY['pending'::text, 'revoked'::text, 'deauthorized'::text, 'not_needed'::text, 'unreadable'::text, 'given_up'::text, 'connected_again'::text])))
);

COMMENT ON TABLE sync.erasure IS 'Receipts: one row per erasure, without personal data.';

COMMENT ON COLUMN sync.erasure.erasure_id IS 'Random.';

COMMENT ON COLUMN sync.erasure.erasure_no IS 'Order of the receipts.';

COMMENT ON COLUMN sync.erasure.athlete_tag IS 'HMAC-SHA256 of the athlete under a key that is derived from the keyring: only who has the keyring can tell whose it is, and only by trying numbers.';

COMMENT ON COLUMN sync.erasure.key_id IS 'Name of the key in the keyring file.';

COMMENT ON COLUMN sync.erasure.requested_by IS 'operator: fitnessctl athletes erase; athlete: DELETE /v1/me; deauthorization: revoked at Strava; replay: fitnessctl erasures replay.';

COMMENT ON COLUMN sync.erasure.requested_at IS 'When the erasure was requested.';

COMMENT ON COLUMN sync.erasure.erased_at IS 'When the athlete''s rows were deleted, in one transaction; null: not yet.';

COMMENT ON COLUMN sync.erasure.revocation IS 'pending: Strava has not answered yet, and vault.revocation keeps the sealed token; revoked, deauthorized: at /oauth/revoke or /oauth/deauthorize; not_needed: there was no living grant; unreadable: the sealed token could not be opened; given_up: Strava could not be reached for a day; connected_again: the athlete gave a new grant first.';

COMMENT ON COLUMN sync.erasure.revocation_at IS 'When the revocation ended; null: not yet.';

COMMENT ON COLUMN sync.erasure.row_counts IS 'Rows deleted, by table.';

COMMENT ON COLUMN sync.erasure.filed_at IS 'When the receipt as it stands was written to a file in a daemon''s state directory; null: not yet.';

ALTER TABLE sync.erasure ALTER COLUMN erasure_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.erasure_erasure_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.erasure_request (
    athlete_id bigint NOT NULL,
    erasure_id uuid,
    requested_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE sync.erasure_request IS 'Athletes who are to be erased; a row goes with its athlete. After a crash the erasure is finished from here.';

COMMENT ON COLUMN sync.erasure_request.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.erasure_request.erasure_id IS 'The receipt, sync.erasure. Null: an event said that the athlete has revoked the application''s access, which a refused refresh has to confirm.';

COMMENT ON COLUMN sync.erasure_request.requested_at IS 'When it was requested, or the event arrived.';

COMMENT ON COLUMN sync.erasure_request.attempts IS 'Tries so far.';

COMMENT ON COLUMN sync.erasure_request.next_try_at IS 'Not tried again before this instant.';

CREATE TABLE sync.event (
    athlete_id bigint NOT NULL,
    object_type text NOT NULL,
    object_id bigint NOT NULL,
    aspect_type text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    updates jsonb DEFAULT '{}'::jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    handled_at timestamp with time zone,
    event_id bigint NOT NULL,
    looked_at timestamp with time zone
);

COMMENT ON TABLE sync.event IS 'Events from Strava. They are not signed: each only causes a turn for the athlete, and its content is not trusted.';

COMMENT ON COLUMN sync.event.object_type IS 'activity or athlete, as sent.';

COMMENT ON COLUMN sync.event.aspect_type IS 'create, update or delete, as sent.';

COMMENT ON COLUMN sync.event.event_at IS 'When it happened, by Strava''s clock. The same event arrives up to three times.';

COMMENT ON COLUMN sync.event.handled_at IS 'When a turn that handled the event ended; null: not yet.';

COMMENT ON COLUMN sync.event.event_id IS 'Number of the event in this database, by which a turn marks the events that it has read.';

COMMENT ON COLUMN sync.event.looked_at IS 'When a turn ended that began to read the athlete''s list after it had read the event; null: no such turn yet.';

ALTER TABLE sync.event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.quarantine (
    athlete_id bigint NOT NULL,
    endpoint text NOT NULL,
    object_id bigint NOT NULL,
    reason text NOT NULL,
    detail text,
    body bytea,
    attempts integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone DEFAULT now() NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE sync.quarantine IS 'Answers and activities that can''t be used, with the reason, kept apart so that the others go on.';

COMMENT ON COLUMN sync.quarantine.object_id IS 'Activity id; for a list element without a readable id a number made from its hash.';

CREATE TABLE sync.quota_block (
    span text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    instance uuid NOT NULL,
    turn_sequence bigint DEFAULT 0 NOT NULL,
    leased bigint DEFAULT 0 NOT NULL,
    settled bigint DEFAULT 0 NOT NULL,
    included bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='70');

COMMENT ON TABLE sync.quota_block IS 'What each run of fitnessd leased of a window. A lease dies with its window; after a crash it stays spent.';

COMMENT ON COLUMN sync.quota_block.turn_sequence IS 'Rises with each turn of the instance; a turn that arrives late is ignored.';

COMMENT ON COLUMN sync.quota_block.leased IS 'Calls made, in flight or reserved, less those returned.';

COMMENT ON COLUMN sync.quota_block.settled IS 'Of those, the calls that certainly arrived within the window; the others may arrive in the next quarter hour.';

COMMENT ON COLUMN sync.quota_block.included IS 'Calls that are certainly included in the usage reported with them.';

CREATE TABLE sync.quota_window (
    span text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    overall_limit bigint NOT NULL,
    read_limit bigint DEFAULT 0 NOT NULL,
    overall_usage bigint DEFAULT 0 NOT NULL,
    read_usage bigint DEFAULT 0 NOT NULL,
    exhausted boolean DEFAULT false NOT NULL,
    included bigint DEFAULT 0 NOT NULL,
    CONSTRAINT quota_window_limit CHECK (((overall_limit > 0) AND (read_limit >= 0))),
    CONSTRAINT quota_window_span CHECK ((span = ANY (ARRAY['quarter'::text, 'day'::text])))
);

COMMENT ON TABLE sync.quota_window IS 'One row per quarter hour and per UTC day in which calls to Strava were reserved.';

COMMENT ON COLUMN sync.quota_window.span IS 'quarter: starts at :00 :15 :30 :45; day: starts at midnight UTC.';

COMMENT ON COLUMN sync.quota_window.overall_limit IS 'Calls allowed in this window, as sync.quota_limit had it at the last turn.';

COMMENT ON COLUMN sync.quota_window.read_limit IS 'Calls allowed in the read bucket; 0: no answer named it.';

COMMENT ON COLUMN sync.quota_window.overall_usage IS 'The highest usage that a header named; it includes calls that others made with the same application.';

COMMENT ON COLUMN sync.quota_window.read_usage IS 'The same for the read bucket.';

COMMENT ON COLUMN sync.quota_window.exhausted IS 'Strava answered 429 in this window, or the database was restored in it: no more calls are granted in it.';

COMMENT ON COLUMN sync.quota_window.included IS 'Calls of all instances together that are certainly in the usage, as one of them saw it; more than the sum over sync.quota_block where an instance''s header shows calls of another one.';

CREATE VIEW sync.quota AS
 SELECT w.span,
    w.starts_at,
    w.overall_limit,
    w.read_limit,
    w.overall_usage,
    w.read_usage,
    w.exhausted,
    COALESCE(b.leased, (0)::bigint) AS leased,
    GREATEST((0)::bigint, (GREATEST(w.overall_usage, w.read_usage) - COALESCE(b.leased, (0)::bigint))) AS foreign_calls
   FROM (sync.quota_window w
     LEFT JOIN ( SELECT quota_block.span,
            quota_block.starts_at,
            (sum(quota_block.leased))::bigint AS leased
           FROM sync.quota_block
          GROUP BY quota_block.span, quota_block.starts_at) b USING (span, starts_at));

COMMENT ON VIEW sync.quota IS 'Each window with the calls leased in it and the calls that others spent with the same application, as far as the headers show.';

CREATE TABLE sync.reader_grant (
    athlete_id bigint NOT NULL,
    role_name name NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE sync.reader_grant IS 'Which athletes'' rows a login may read: one row per athlete and login. Written by silver.grant_athlete and silver.revoke_athlete, as the owner.';

COMMENT ON COLUMN sync.reader_grant.athlete_id IS 'Athlete whose rows are shown.';

COMMENT ON COLUMN sync.reader_grant.role_name IS 'PostgreSQL role that logs in. Roles of which it is a member do not count.';

COMMENT ON COLUMN sync.reader_grant.granted_at IS 'When it was granted.';

CREATE TABLE sync.reader_key (
    is_only boolean DEFAULT true NOT NULL,
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL,
    CONSTRAINT reader_key_length CHECK (((octet_length(inner_pad) = 64) AND (octet_length(outer_pad) = 64))),
    CONSTRAINT reader_key_only CHECK (is_only)
);

COMMENT ON TABLE sync.reader_key IS 'The key of the MACs by which fitnessd binds an athlete to a transaction of fitness_reader: one row, made at random by the migration, read by the owner and fitnessd alone.';

COMMENT ON COLUMN sync.reader_key.is_only IS 'Always true: there is one row.';

COMMENT ON COLUMN sync.reader_key.inner_pad IS 'The key XOR 0x36 in each of the 64 bytes of a block, as HMAC uses it.';

COMMENT ON COLUMN sync.reader_key.outer_pad IS 'The key XOR 0x5c in each of the 64 bytes of a block.';

CREATE TABLE sync.requested_run (
    athlete_id bigint NOT NULL,
    run_id bigint NOT NULL,
    requested_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE sync.requested_run IS 'One row per sync that an athlete or a program asked for over HTTP, for 30 days. How it went is worked out from the schedule and the ledger.';

COMMENT ON COLUMN sync.requested_run.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.requested_run.run_id IS 'Number of the run in this database, by which it is asked for.';

COMMENT ON COLUMN sync.requested_run.requested_at IS 'When it was asked for.';

ALTER TABLE sync.requested_run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.requested_run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.retention_run (
    run_id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    api_cutoff timestamp with time zone,
    activities bigint NOT NULL,
    answers bigint NOT NULL,
    versions bigint NOT NULL
);

COMMENT ON TABLE sync.retention_run IS 'One row per retention pass that removed something. It names no athlete.';

COMMENT ON COLUMN sync.retention_run.api_cutoff IS 'Copies of API data received before this instant were to be removed; null: they are kept.';

COMMENT ON COLUMN sync.retention_run.activities IS 'Activities with an expired answer: all their data was removed, in silver too.';

COMMENT ON COLUMN sync.retention_run.answers IS 'Answers removed from bronze.';

COMMENT ON COLUMN sync.retention_run.versions IS 'Earlier versions removed from bronze.';

ALTER TABLE sync.retention_run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.retention_run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.run (
    athlete_id bigint NOT NULL,
    run_id bigint NOT NULL,
    kind text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    requests integer NOT NULL,
    landed integer NOT NULL,
    outcome text NOT NULL,
    error text,
    log_id text
);

COMMENT ON TABLE sync.run IS 'One row per turn of an athlete''s sync, with its cost and its outcome.';

COMMENT ON COLUMN sync.run.run_id IS 'Number of the turn in this database.';

COMMENT ON COLUMN sync.run.requests IS 'Calls made to Strava.';

COMMENT ON COLUMN sync.run.landed IS 'Answers committed to bronze.';

COMMENT ON COLUMN sync.run.log_id IS 'The turn''s id in the log: field RUN of the journal, run in other formats.';

ALTER TABLE sync.run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.schedule (
    athlete_id bigint NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 2 NOT NULL,
    request jsonb,
    lease_owner uuid,
    lease_fence bigint DEFAULT 0 NOT NULL,
    lease_expires_at timestamp with time zone,
    last_started_at timestamp with time zone,
    last_finished_at timestamp with time zone,
    last_error text,
    failures integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

COMMENT ON TABLE sync.schedule IS 'When each athlete''s next turn is due, and the lease of the turn in progress.';

COMMENT ON COLUMN sync.schedule.priority IS '0 connect or manual, 1 live (webhook), 2 incremental, 3 repair, 4 history.';

COMMENT ON COLUMN sync.schedule.request IS 'An admin''s request ({"full": bool, "by": text, "at": time}); null: the ordinary schedule.';

COMMENT ON COLUMN sync.schedule.lease_fence IS 'Rises with each claim; a write with an older fence is refused.';

COMMENT ON COLUMN sync.schedule.failures IS 'Consecutive failed turns; the delay until the next turn grows with it.';

CREATE TABLE sync.setting (
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE sync.setting IS 'Settings of the whole installation that an admin changes while it runs (for example a pause of everything).';

CREATE TABLE sync.silver_lock (
    athlete_id bigint NOT NULL,
    is_rebuild boolean NOT NULL
);

COMMENT ON TABLE sync.silver_lock IS 'Two rows per athlete, used as locks: a transaction that makes the athlete''s silver locks one of them to its end. Inserted with the athlete.';

COMMENT ON COLUMN sync.silver_lock.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.silver_lock.is_rebuild IS 'True: locked by a rebuild, so that no other rebuild of this athlete begins. False: locked by a transaction that writes the athlete''s silver.';

CREATE TABLE sync.silver_rebuild (
    athlete_id bigint NOT NULL,
    is_dry_run boolean NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    activities integer,
    report jsonb,
    error text
);

COMMENT ON TABLE sync.silver_rebuild IS 'The last rebuild of an athlete''s silver that was requested, and the last dry run: one row each. Without an end it is waiting, running, or will go on after a restart.';

COMMENT ON COLUMN sync.silver_rebuild.is_dry_run IS 'The rows are made and compared, then discarded.';

COMMENT ON COLUMN sync.silver_rebuild.requested_at IS 'When it was last requested.';

COMMENT ON COLUMN sync.silver_rebuild.started_at IS 'Since when it has been running; null: it is waiting.';

COMMENT ON COLUMN sync.silver_rebuild.finished_at IS 'When it ended, with or without an error; null: not yet.';

COMMENT ON COLUMN sync.silver_rebuild.activities IS 'Activities that were made again.';

COMMENT ON COLUMN sync.silver_rebuild.report IS 'Rows per table (before, after, added, changed, removed) and sums of the main figures (before, after).';

COMMENT ON COLUMN sync.silver_rebuild.error IS 'Why the former rows were kept; null: they were replaced.';

ALTER TABLE sync.transform_work ALTER COLUMN work_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.transform_work_work_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.uid_move (
    athlete_id bigint NOT NULL,
    move_id bigint NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    from_uid text NOT NULL,
    to_uid text,
    cause text NOT NULL,
    CONSTRAINT uid_move_cause CHECK ((cause = ANY (ARRAY['connect'::text, 'import'::text])))
);

COMMENT ON TABLE sync.uid_move IS 'The uids that an athlete lost or exchanged for another, so that its record shows who had it before. One row per change.';

COMMENT ON COLUMN sync.uid_move.athlete_id IS 'Strava''s number for the athlete whose uid changed.';

COMMENT ON COLUMN sync.uid_move.move_id IS 'Number of the change in this database.';

COMMENT ON COLUMN sync.uid_move.moved_at IS 'When the uid changed.';

COMMENT ON COLUMN sync.uid_move.from_uid IS 'The uid that the athlete had before.';

COMMENT ON COLUMN sync.uid_move.to_uid IS 'The uid that it got; null: none, because another athlete got its uid.';

COMMENT ON COLUMN sync.uid_move.cause IS 'connect: a person agreed to it in a browser; import: an admin''s import did it.';

ALTER TABLE sync.uid_move ALTER COLUMN move_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.uid_move_move_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sync.web_session (
    session_id bigint NOT NULL,
    kind text NOT NULL,
    link_sha256 bytea,
    secret_sha256 bytea,
    shows_places boolean DEFAULT false NOT NULL,
    user_id bigint,
    user_name text,
    made_at timestamp with time zone NOT NULL,
    lasts_s integer NOT NULL,
    entered_at timestamp with time zone,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT web_session_admin CHECK (((kind <> 'admin'::text) OR (user_id IS NOT NULL))),
    CONSTRAINT web_session_entered CHECK (((entered_at IS NULL) = (secret_sha256 IS NULL))),
    CONSTRAINT web_session_kind CHECK ((kind = ANY (ARRAY['admin'::text, 'athlete'::text]))),
    CONSTRAINT web_session_lasts CHECK ((lasts_s > 0)),
    CONSTRAINT web_session_link CHECK ((octet_length(link_sha256) = 32)),
    CONSTRAINT web_session_secret CHECK ((octet_length(secret_sha256) = 32))
);

COMMENT ON TABLE sync.web_session IS 'Sessions of browsers, and one-time links that begin one: one row each, until it expires. It names no athlete.';

COMMENT ON COLUMN sync.web_session.session_id IS 'Number of the session in this database.';

COMMENT ON COLUMN sync.web_session.kind IS 'admin: sees and changes what fitnessctl can; athlete: sees the data of one athlete (sync.web_session_athlete).';

COMMENT ON COLUMN sync.web_session.link_sha256 IS 'SHA-256 of the secret in the link; null: the session began with an API token. A plain hash is enough: 256 random bits can''t be guessed.';

COMMENT ON COLUMN sync.web_session.secret_sha256 IS 'SHA-256 of the secret in the browser''s cookie; null: the link was not used yet.';

COMMENT ON COLUMN sync.web_session.shows_places IS 'Whether an athlete''s session shows positions, tracks and towns.';

COMMENT ON COLUMN sync.web_session.user_id IS 'Number (uid) of the account that made the link, as the kernel says it; null: there was no link.';

COMMENT ON COLUMN sync.web_session.user_name IS 'Name of that account on the daemon''s machine; null: it has none.';

COMMENT ON COLUMN sync.web_session.made_at IS 'When the link was made, or the session began without one.';

COMMENT ON COLUMN sync.web_session.lasts_s IS 'How long the session lasts once it has begun, in seconds.';

COMMENT ON COLUMN sync.web_session.entered_at IS 'When the session began; null: the link was not used yet.';

COMMENT ON COLUMN sync.web_session.last_used_at IS 'When the session was last used, to the minute; null: never.';

COMMENT ON COLUMN sync.web_session.expires_at IS 'The link is refused from this instant on, or the session if it has begun.';

CREATE TABLE sync.web_session_athlete (
    athlete_id bigint NOT NULL,
    session_id bigint NOT NULL,
    token_id bigint
);

COMMENT ON TABLE sync.web_session_athlete IS 'The athlete whose data a session of kind athlete shows. One row per such session.';

COMMENT ON COLUMN sync.web_session_athlete.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN sync.web_session_athlete.session_id IS 'The session, sync.web_session.';

COMMENT ON COLUMN sync.web_session_athlete.token_id IS 'The API token with which the session began, sync.api_token: it ends with the token. Null: it began with a link.';

ALTER TABLE sync.web_session ALTER COLUMN session_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sync.web_session_session_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE vault.instance (
    instance_id uuid NOT NULL,
    host text NOT NULL,
    key_ids text[] NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE vault.instance IS 'The running daemons on this database and the keys that each holds. A key seals only once all of them hold it. One that was not seen for ten minutes is removed.';

COMMENT ON COLUMN vault.instance.instance_id IS 'The installation''s identity, from its state directory.';

COMMENT ON COLUMN vault.instance.host IS 'Name of its machine, for people.';

COMMENT ON COLUMN vault.instance.key_ids IS 'Names of the keys in its keyring that open, in the order of the file.';

COMMENT ON COLUMN vault.instance.seen_at IS 'When it last reported.';

CREATE TABLE vault.key (
    key_id text NOT NULL,
    fingerprint bytea NOT NULL,
    added_at timestamp with time zone NOT NULL,
    sealing_since timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT key_fingerprint CHECK ((octet_length(fingerprint) = 32))
);

COMMENT ON TABLE vault.key IS 'The keys that instances have had in their keyrings, by name.';

COMMENT ON COLUMN vault.key.key_id IS 'Name of the key in the keyring file.';

COMMENT ON COLUMN vault.key.fingerprint IS 'Derived from the key by HMAC-SHA256: tells another key of the same name apart, and reveals nothing.';

COMMENT ON COLUMN vault.key.added_at IS 'When an instance first had it.';

COMMENT ON COLUMN vault.key.sealing_since IS 'When it last began to seal; null: it never has.';

COMMENT ON COLUMN vault.key.retired_at IS 'When nothing was sealed with it any more after another key had taken over; null: it may be in use.';

CREATE TABLE vault.revocation (
    erasure_id uuid NOT NULL,
    key_id text NOT NULL,
    sealed_refresh bytea NOT NULL,
    keep_until timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE vault.revocation IS 'Sealed tokens of erased athletes that Strava has not revoked yet. Each goes when it is revoked, or after a day.';

COMMENT ON COLUMN vault.revocation.erasure_id IS 'The receipt, sync.erasure.';

COMMENT ON COLUMN vault.revocation.key_id IS 'Name of the key in the keyring file that opens this row.';

COMMENT ON COLUMN vault.revocation.sealed_refresh IS 'Refresh token, sealed as in vault.token, bound to the receipt''s number and to this purpose.';

COMMENT ON COLUMN vault.revocation.keep_until IS 'The row is deleted at this instant.';

COMMENT ON COLUMN vault.revocation.attempts IS 'Tries so far.';

COMMENT ON COLUMN vault.revocation.next_try_at IS 'Not tried again before this instant.';

CREATE TABLE vault.sealing (
    is_only boolean DEFAULT true NOT NULL,
    key_id text NOT NULL,
    since timestamp with time zone NOT NULL,
    resealed_at timestamp with time zone,
    CONSTRAINT sealing_is_only CHECK (is_only)
);

COMMENT ON TABLE vault.sealing IS 'One row: the key that seals new tokens in all instances. Whoever seals shares the row until the tokens are committed; who changes it waits for them.';

COMMENT ON COLUMN vault.sealing.is_only IS 'True: there is one row.';

COMMENT ON COLUMN vault.sealing.key_id IS 'Name of the key.';

COMMENT ON COLUMN vault.sealing.since IS 'When it began to seal.';

COMMENT ON COLUMN vault.sealing.resealed_at IS 'When all rows under other keys had been resealed with it, but for those that do not open; null: not yet.';

CREATE TABLE vault.token (
    athlete_id bigint NOT NULL,
    key_id text NOT NULL,
    sealed_access bytea NOT NULL,
    sealed_refresh bytea NOT NULL,
    access_expires_at timestamp with time zone NOT NULL,
    generation bigint DEFAULT 1 NOT NULL,
    unanswered integer DEFAULT 0 NOT NULL,
    dead_at timestamp with time zone,
    dead_reason text,
    refreshed_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_dead_reason CHECK ((((dead_at IS NULL) = (dead_reason IS NULL)) AND (dead_reason = ANY (ARRAY['refresh_token_invalid'::text, 'refresh_answer_lost'::text]))))
);

COMMENT ON TABLE vault.token IS 'The athlete''s pair of OAuth tokens, sealed with AES-256-GCM. A refresh holds this row''s lock, so that only one is under way in all processes.';

COMMENT ON COLUMN vault.token.athlete_id IS 'Strava''s number for the athlete.';

COMMENT ON COLUMN vault.token.key_id IS 'Name of the key in the keyring file that opens this row.';

COMMENT ON COLUMN vault.token.sealed_access IS 'Access token: version byte, nonce (12 bytes), ciphertext, tag (16 bytes); bound to athlete and purpose.';

COMMENT ON COLUMN vault.token.sealed_refresh IS 'Refresh token, sealed as sealed_access is, under its own purpose.';

COMMENT ON COLUMN vault.token.access_expires_at IS 'When the access token expires; 1970: Strava has refused it already.';

COMMENT ON COLUMN vault.token.generation IS 'Rises with each new pair; a change based on an older pair is refused.';

COMMENT ON COLUMN vault.token.unanswered IS 'Refreshes that began and whose outcome is unknown. Above 0 after a crash: the pair may have been replaced at Strava.';

COMMENT ON COLUMN vault.token.dead_at IS 'When Strava answered that the refresh token is no longer valid; null: alive.';

COMMENT ON COLUMN vault.token.dead_reason IS 'refresh_token_invalid: revoked or replaced; refresh_answer_lost: an answer with a newer pair was probably lost.';

COMMENT ON COLUMN vault.token.refreshed_at IS 'When a refresh brought this pair; null: it came from a connect or an import.';

COMMENT ON COLUMN vault.token.updated_at IS 'When this pair was stored.';

ALTER TABLE ONLY bronze_strava.answer
    ADD CONSTRAINT answer_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id);

ALTER TABLE ONLY bronze_strava.answer_version
    ADD CONSTRAINT answer_version_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id, version_id);

ALTER TABLE ONLY bronze_strava.endpoint
    ADD CONSTRAINT endpoint_pk PRIMARY KEY (endpoint);

ALTER TABLE ONLY bronze_strava.source
    ADD CONSTRAINT source_pk PRIMARY KEY (source_id);

ALTER TABLE ONLY metrics.metrics
    ADD CONSTRAINT metrics_pk PRIMARY KEY (athlete_id, metric_id);

ALTER TABLE ONLY public.fitnessd_migration
    ADD CONSTRAINT fitnessd_migration_pk PRIMARY KEY (number);

ALTER TABLE ONLY public.fitnessd_upgrade
    ADD CONSTRAINT fitnessd_upgrade_pk PRIMARY KEY (is_only);

ALTER TABLE ONLY silver.activity_metric
    ADD CONSTRAINT activity_metric_pk PRIMARY KEY (athlete_id, source_id, activity_id);

ALTER TABLE ONLY silver.activity
    ADD CONSTRAINT activity_pk PRIMARY KEY (athlete_id, source_id, activity_id);

ALTER TABLE ONLY silver.activity_rollup
    ADD CONSTRAINT activity_rollup_pk PRIMARY KEY (athlete_id, source_id, activity_id);

ALTER TABLE ONLY silver.activity_strava_zone
    ADD CONSTRAINT activity_strava_zone_pk PRIMARY KEY (athlete_id, source_id, activity_id, metric, zone);

ALTER TABLE ONLY silver.activity_stream
    ADD CONSTRAINT activity_stream_pk PRIMARY KEY (athlete_id, source_id, activity_id);

ALTER TABLE ONLY silver.activity_zone
    ADD CONSTRAINT activity_zone_pk PRIMARY KEY (athlete_id, source_id, activity_id, metric);

ALTER TABLE ONLY silver.athlete_finding
    ADD CONSTRAINT athlete_finding_pk PRIMARY KEY (athlete_id, source_id, check_name);

ALTER TABLE ONLY silver.athlete_history
    ADD CONSTRAINT athlete_history_pk PRIMARY KEY (athlete_id, source_id, valid_from);

ALTER TABLE ONLY silver.athlete
    ADD CONSTRAINT athlete_pk PRIMARY KEY (athlete_id, source_id);

ALTER TABLE ONLY silver.athlete_reference
    ADD CONSTRAINT athlete_reference_pk PRIMARY KEY (athlete_id, source_id);

ALTER TABLE ONLY silver.athlete_stats
    ADD CONSTRAINT athlete_stats_pk PRIMARY KEY (athlete_id, source_id, period, sport_family);

ALTER TABLE ONLY silver.athlete_threshold
    ADD CONSTRAINT athlete_threshold_pk PRIMARY KEY (athlete_id, source_id, sport_family, metric, origin, method, valid_from);

ALTER TABLE ONLY silver.athlete_zone_set
    ADD CONSTRAINT athlete_zone_set_pk PRIMARY KEY (athlete_id, source_id, sport_family, metric, is_default, valid_from);

ALTER TABLE ONLY silver.best_effort
    ADD CONSTRAINT best_effort_pk PRIMARY KEY (athlete_id, source_id, activity_id, effort_number);

ALTER TABLE ONLY silver.gear_item
    ADD CONSTRAINT gear_item_pk PRIMARY KEY (athlete_id, source_id, gear_id);

ALTER TABLE ONLY silver.lap
    ADD CONSTRAINT lap_pk PRIMARY KEY (athlete_id, source_id, activity_id, lap_number);

ALTER TABLE ONLY silver.photo
    ADD CONSTRAINT photo_pk PRIMARY KEY (athlete_id, source_id, activity_id, photo_number, size_px);

ALTER TABLE ONLY silver.quality_finding
    ADD CONSTRAINT quality_finding_pk PRIMARY KEY (athlete_id, source_id, activity_id, check_name);

ALTER TABLE ONLY silver.segment_effort
    ADD CONSTRAINT segment_effort_pk PRIMARY KEY (athlete_id, source_id, activity_id, effort_number);

ALTER TABLE ONLY silver.split_mile
    ADD CONSTRAINT split_mile_pk PRIMARY KEY (athlete_id, source_id, activity_id, split_number);

ALTER TABLE ONLY silver.split
    ADD CONSTRAINT split_pk PRIMARY KEY (athlete_id, source_id, activity_id, split_number);

ALTER TABLE ONLY silver.threshold_work
    ADD CONSTRAINT threshold_work_pk PRIMARY KEY (athlete_id, source_id, month);

ALTER TABLE ONLY silver.training_day
    ADD CONSTRAINT training_day_pk PRIMARY KEY (athlete_id, source_id, day);

ALTER TABLE ONLY sync.activity
    ADD CONSTRAINT activity_pk PRIMARY KEY (athlete_id, activity_id);

ALTER TABLE ONLY sync.api_token
    ADD CONSTRAINT api_token_pk PRIMARY KEY (athlete_id, token_id);

ALTER TABLE ONLY sync.athlete_object
    ADD CONSTRAINT athlete_object_pk PRIMARY KEY (athlete_id, endpoint, object);

ALTER TABLE ONLY sync.athlete
    ADD CONSTRAINT athlete_pk PRIMARY KEY (athlete_id);

ALTER TABLE ONLY sync.athlete_threshold
    ADD CONSTRAINT athlete_threshold_pk PRIMARY KEY (athlete_id, sport_family, metric, valid_from);

ALTER TABLE ONLY sync.audit_athlete
    ADD CONSTRAINT audit_athlete_pk PRIMARY KEY (athlete_id, audit_id);

ALTER TABLE ONLY sync.audit
    ADD CONSTRAINT audit_pk PRIMARY KEY (audit_id);

ALTER TABLE ONLY sync.backup
    ADD CONSTRAINT backup_pk PRIMARY KEY (backup_id);

ALTER TABLE ONLY sync.completeness
    ADD CONSTRAINT completeness_pk PRIMARY KEY (athlete_id, activity_id, endpoint);

ALTER TABLE ONLY sync.connect_link
    ADD CONSTRAINT connect_link_pk PRIMARY KEY (link_id);

ALTER TABLE ONLY sync.connect_state
    ADD CONSTRAINT connect_state_pk PRIMARY KEY (state_sha256);

ALTER TABLE ONLY sync.cursor
    ADD CONSTRAINT cursor_pk PRIMARY KEY (athlete_id);

ALTER TABLE ONLY sync.database_size
    ADD CONSTRAINT database_size_pk PRIMARY KEY (day);

ALTER TABLE ONLY sync.erasure
    ADD CONSTRAINT erasure_no_key UNIQUE (erasure_no);

ALTER TABLE ONLY sync.erasure
    ADD CONSTRAINT erasure_pk PRIMARY KEY (erasure_id);

ALTER TABLE ONLY sync.erasure_request
    ADD CONSTRAINT erasure_request_pk PRIMARY KEY (athlete_id);

ALTER TABLE ONLY sync.event
    ADD CONSTRAINT event_pk PRIMARY KEY (athlete_id, object_type, object_id, aspect_type, event_at);

ALTER TABLE ONLY sync.quarantine
    ADD CONSTRAINT quarantine_pk PRIMARY KEY (athlete_id, endpoint, object_id);

ALTER TABLE ONLY sync.quota_block
    ADD CONSTRAINT quota_block_pk PRIMARY KEY (span, starts_at, instance);

ALTER TABLE ONLY sync.quota_limit
    ADD CONSTRAINT quota_limit_pk PRIMARY KEY (singleton);

ALTER TABLE ONLY sync.quota_window
    ADD CONSTRAINT quota_window_pk PRIMARY KEY (span, starts_at);

ALTER TABLE ONLY sync.reader_grant
    ADD CONSTRAINT reader_grant_pk PRIMARY KEY (athlete_id, role_name);

ALTER TABLE ONLY sync.reader_key
    ADD CONSTRAINT reader_key_pk PRIMARY KEY (is_only);

ALTER TABLE ONLY sync.requested_run
    ADD CONSTRAINT requested_run_pk PRIMARY KEY (athlete_id, run_id);

ALTER TABLE ONLY sync.retention_run
    ADD CONSTRAINT retention_run_pk PRIMARY KEY (run_id);

ALTER TABLE ONLY sync.run
    ADD CONSTRAINT run_pk PRIMARY KEY (athlete_id, run_id);

ALTER TABLE ONLY sync.schedule
    ADD CONSTRAINT schedule_pk PRIMARY KEY (athlete_id);

ALTER TABLE ONLY sync.setting
    ADD CONSTRAINT setting_pk PRIMARY KEY (key);

ALTER TABLE ONLY sync.silver_lock
    ADD CONSTRAINT silver_lock_pk PRIMARY KEY (athlete_id, is_rebuild);

ALTER TABLE ONLY sync.silver_rebuild
    ADD CONSTRAINT silver_rebuild_pk PRIMARY KEY (athlete_id, is_dry_run);

ALTER TABLE ONLY sync.transform_work
    ADD CONSTRAINT transform_work_pk PRIMARY KEY (athlete_id, activity_id, work_id);

ALTER TABLE ONLY sync.uid_move
    ADD CONSTRAINT uid_move_pk PRIMARY KEY (athlete_id, move_id);

ALTER TABLE ONLY sync.web_session_athlete
    ADD CONSTRAINT web_session_athlete_pk PRIMARY KEY (athlete_id, session_id);

ALTER TABLE ONLY sync.web_session
    ADD CONSTRAINT web_session_pk PRIMARY KEY (session_id);

ALTER TABLE ONLY vault.instance
    ADD CONSTRAINT instance_pk PRIMARY KEY (instance_id);

ALTER TABLE ONLY vault.key
    ADD CONSTRAINT key_pk PRIMARY KEY (key_id);

ALTER TABLE ONLY vault.revocation
    ADD CONSTRAINT revocation_pk PRIMARY KEY (erasure_id);

ALTER TABLE ONLY vault.sealing
    ADD CONSTRAINT sealing_pk PRIMARY KEY (is_only);

ALTER TABLE ONLY vault.token
    ADD CONSTRAINT token_pk PRIMARY KEY (athlete_id);

CREATE INDEX answer_by_age ON bronze_strava.answer USING btree (fetched_at) WHERE (source_id = 1);

CREATE INDEX answer_version_by_age ON bronze_strava.answer_version USING btree (valid_to);

CREATE INDEX answer_version_by_receipt ON bronze_strava.answer_version USING btree (valid_from) WHERE (source_id = 1);

CREATE INDEX metrics_by_activity ON metrics.metrics USING btree (athlete_id, activity_id);

CREATE INDEX activity_by_start ON silver.activity USING btree (athlete_id, start_at DESC);

CREATE INDEX activity_metric_by_heartrate ON silver.activity_metric USING btree (athlete_id, source_id, best_heartrate_30s_bpm) WHERE ((best_heartrate_30s_bpm >= (165)::double precision) AND (best_heartrate_30s_bpm <= (220)::double precision));

CREATE INDEX segment_effort_by_segment ON silver.segment_effort USING btree (athlete_id, segment_id, start_at);

CREATE INDEX activity_by_first_listed ON sync.activity USING btree (first_listed_at);

CREATE INDEX activity_gone ON sync.activity USING btree (athlete_id, activity_id) WHERE (gone_at IS NOT NULL);

CREATE INDEX activity_newest ON sync.activity USING btree (athlete_id, start_at DESC);

CREATE INDEX api_token_sha256_i ON sync.api_token USING btree (token_sha256);

CREATE INDEX athlete_uid_i ON sync.athlete USING btree (uid) WHERE (uid IS NOT NULL);

CREATE INDEX audit_athlete_by_request ON sync.audit_athlete USING btree (audit_id);

CREATE INDEX audit_by_time ON sync.audit USING btree (asked_at);

CREATE INDEX backup_taken_at_i ON sync.backup USING btree (taken_at);

CREATE INDEX completeness_work ON sync.completeness USING btree (athlete_id, start_at DESC, activity_id) WHERE (state = ANY (ARRAY['pending'::text, 'failed'::text]));

CREATE INDEX connect_link_expires_at_i ON sync.connect_link USING btree (expires_at);

CREATE INDEX connect_state_client_i ON sync.connect_state USING btree (client) WHERE (outcome IS NULL);

CREATE INDEX connect_state_expires_at_i ON sync.connect_state USING btree (expires_at);

CREATE INDEX erasure_not_filed ON sync.erasure USING btree (erasure_no) WHERE (filed_at IS NULL);

CREATE INDEX erasure_revocation_pending ON sync.erasure USING btree (athlete_tag) WHERE (revocation = 'pending'::text);

CREATE INDEX event_by_number ON sync.event USING btree (event_id);

CREATE INDEX event_by_receipt ON sync.event USING btree (received_at);

CREATE INDEX event_open ON sync.event USING btree (athlete_id) WHERE (handled_at IS NULL);

CREATE INDEX reader_grant_by_role ON sync.reader_grant USING btree (role_name);

CREATE INDEX run_by_number ON sync.run USING btree (run_id);

CREATE INDEX run_by_time ON sync.run USING btree (finished_at);

CREATE INDEX run_failed ON sync.run USING btree (finished_at) WHERE (outcome = 'failed'::text);

CREATE INDEX schedule_due ON sync.schedule USING btree (priority, due_at);

CREATE INDEX schedule_lease ON sync.schedule USING btree (lease_expires_at) WHERE (lease_owner IS NOT NULL);

CREATE INDEX silver_rebuild_waiting ON sync.silver_rebuild USING btree (requested_at) WHERE (finished_at IS NULL);

CREATE INDEX transform_work_oldest ON sync.transform_work USING btree (enqueued_at);

CREATE INDEX web_session_athlete_by_session ON sync.web_session_athlete USING btree (session_id);

CREATE INDEX web_session_expires_at_i ON sync.web_session USING btree (expires_at);

CREATE UNIQUE INDEX web_session_link_i ON sync.web_session USING btree (link_sha256);

CREATE UNIQUE INDEX web_session_secret_i ON sync.web_session USING btree (secret_sha256);

CREATE INDEX token_by_key ON vault.token USING btree (key_id, athlete_id);

ALTER TABLE ONLY bronze_strava.answer
    ADD CONSTRAINT answer_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY bronze_strava.answer_version
    ADD CONSTRAINT answer_version_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY metrics.metrics
    ADD CONSTRAINT metrics_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity
    ADD CONSTRAINT activity_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity_metric
    ADD CONSTRAINT activity_metric_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity_rollup
    ADD CONSTRAINT activity_rollup_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity_strava_zone
    ADD CONSTRAINT activity_strava_zone_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity_stream
    ADD CONSTRAINT activity_stream_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.activity_zone
    ADD CONSTRAINT activity_zone_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete
    ADD CONSTRAINT athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_finding
    ADD CONSTRAINT athlete_finding_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_history
    ADD CONSTRAINT athlete_history_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_reference
    ADD CONSTRAINT athlete_reference_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_stats
    ADD CONSTRAINT athlete_stats_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_threshold
    ADD CONSTRAINT athlete_threshold_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.athlete_zone_set
    ADD CONSTRAINT athlete_zone_set_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.best_effort
    ADD CONSTRAINT best_effort_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.gear_item
    ADD CONSTRAINT gear_item_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.lap
    ADD CONSTRAINT lap_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.photo
    ADD CONSTRAINT photo_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.quality_finding
    ADD CONSTRAINT quality_finding_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.segment_effort
    ADD CONSTRAINT segment_effort_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.split
    ADD CONSTRAINT split_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.split_mile
    ADD CONSTRAINT split_mile_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity(athlete_id, source_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.threshold_work
    ADD CONSTRAINT threshold_work_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY silver.training_day
    ADD CONSTRAINT training_day_athlete_fk FOREIGN KEY (athlete_id, source_id) REFERENCES silver.athlete(athlete_id, source_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.activity
    ADD CONSTRAINT activity_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.api_token
    ADD CONSTRAINT api_token_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.athlete_object
    ADD CONSTRAINT athlete_object_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.athlete_threshold
    ADD CONSTRAINT athlete_threshold_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.audit_athlete
    ADD CONSTRAINT audit_athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.completeness
    ADD CONSTRAINT completeness_activity_fk FOREIGN KEY (athlete_id, activity_id) REFERENCES sync.activity(athlete_id, activity_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.cursor
    ADD CONSTRAINT cursor_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.erasure_request
    ADD CONSTRAINT erasure_request_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.event
    ADD CONSTRAINT event_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.quarantine
    ADD CONSTRAINT quarantine_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.quota_block
    ADD CONSTRAINT quota_block_window_fk FOREIGN KEY (span, starts_at) REFERENCES sync.quota_window(span, starts_at) ON DELETE CASCADE;

ALTER TABLE ONLY sync.reader_grant
    ADD CONSTRAINT reader_grant_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.requested_run
    ADD CONSTRAINT requested_run_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.run
    ADD CONSTRAINT run_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.schedule
    ADD CONSTRAINT schedule_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.silver_lock
    ADD CONSTRAINT silver_lock_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.silver_rebuild
    ADD CONSTRAINT silver_rebuild_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.uid_move
    ADD CONSTRAINT uid_move_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY sync.web_session_athlete
    ADD CONSTRAINT web_session_athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE ONLY vault.token
    ADD CONSTRAINT token_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete(athlete_id) ON DELETE CASCADE;

ALTER TABLE bronze_strava.answer ENABLE ROW LEVEL SECURITY;

ALTER TABLE bronze_strava.answer_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE bronze_strava.endpoint ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON bronze_strava.answer FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON bronze_strava.answer_version FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

ALTER TABLE bronze_strava.source ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.metrics ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON metrics.metrics FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

ALTER TABLE silver.activity ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.activity_metric ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.activity_rollup ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.activity_strava_zone ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.activity_stream ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.activity_zone ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_finding ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_history ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_reference ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_stats ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_threshold ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.athlete_zone_set ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.best_effort ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.gear_item ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.lap ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON silver.activity FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.activity_metric FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.activity_rollup FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.activity_strava_zone FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.activity_stream FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.activity_zone FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_finding FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_history FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_reference FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_stats FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_threshold FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.athlete_zone_set FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.best_effort FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.gear_item FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.lap FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.photo FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.quality_finding FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.segment_effort FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.split FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.split_mile FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.threshold_work FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

CREATE POLICY own ON silver.training_day FOR SELECT USING ((athlete_id = ANY (( SELECT silver.my_athletes() AS my_athletes)::bigint[])));

ALTER TABLE silver.photo ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.quality_finding ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.segment_effort ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.split ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.split_mile ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.threshold_work ENABLE ROW LEVEL SECURITY;

ALTER TABLE silver.training_day ENABLE ROW LEVEL SECURITY;
