-- A number that comes as a text is read however it is written: "123.0" as an id, "2.1e2" as a fraction.

CREATE FUNCTION bronze_strava.json_numeric(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN value::numeric
        WHEN 'string' THEN
            CASE WHEN value #>> '{}' ~ '^\s*[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?\s*$' THEN (value #>> '{}')::numeric END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_numeric(jsonb) IS 'A number, or a string that holds one; else NULL.';

CREATE OR REPLACE FUNCTION bronze_strava.json_float(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 1e100 THEN round(value::numeric, 15)::float8 END
        WHEN 'string' THEN
            CASE WHEN abs(bronze_strava.json_numeric(value)) < 1e100 THEN round(bronze_strava.json_numeric(value), 15)::float8 END
    END
$$;

CREATE OR REPLACE FUNCTION bronze_strava.json_bigint(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 9223372036854775807 THEN round(value::numeric)::bigint END
        WHEN 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 9223372036854775807
                THEN round(bronze_strava.json_numeric(value))::bigint END
    END
$$;

CREATE OR REPLACE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 2147483647 THEN round(bronze_strava.json_numeric(value))::integer END
    END
$$;

-- The same reading for findings, with bounds instead of NULL.
CREATE OR REPLACE FUNCTION bronze_strava.json_measure(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n < -1e100 THEN -1e100 WHEN n > 1e100 THEN 1e100 ELSE n END::float8
    FROM (SELECT bronze_strava.json_numeric(value) AS n) AS v
$$;
