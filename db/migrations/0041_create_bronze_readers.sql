-- Readers of JSON that may be wrong anywhere: a value that is not what it should be becomes NULL and spoils nothing else.

-- A half of a surrogate pair, which JSON may escape and jsonb refuses, becomes U+FFFD; U+0000 is dropped; an exponent beyond numeric, and NaN
-- and Infinity, which some writers use for a missing number and JSON can't hold, become null.
CREATE FUNCTION bronze_strava.json_document(document text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
COMMENT ON FUNCTION bronze_strava.json_document IS 'The text as jsonb, without what jsonb refuses (U+0000, halves of surrogate pairs, numbers beyond numeric, NaN); NULL when it is not JSON.';

CREATE FUNCTION bronze_strava.json_object(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    document jsonb;
BEGIN
    document := bronze_strava.json_document(convert_from(body, 'UTF8'));
    RETURN CASE WHEN jsonb_typeof(document) = 'object' THEN document END;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_object IS 'The bytes of an answer as jsonb; NULL when they are not a JSON object in UTF-8.';

CREATE FUNCTION bronze_strava.json_numeric(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN value::numeric
        WHEN 'string' THEN
            CASE WHEN value #>> '{}' ~ '^\s*[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?\s*$' THEN (value #>> '{}')::numeric END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_numeric IS 'A number, or a string that holds one; else NULL.';

-- An athlete's figures stay far below 1e100. Larger numbers would overflow later, in sums and squares over many rows.
CREATE FUNCTION bronze_strava.json_float(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 1e100 THEN round(value::numeric, 15)::float8 END
        WHEN 'string' THEN
            CASE WHEN abs(bronze_strava.json_numeric(value)) < 1e100 THEN round(bronze_strava.json_numeric(value), 15)::float8 END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_float IS 'A number below 1e100, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_bigint(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 9223372036854775807 THEN round(value::numeric)::bigint END
        WHEN 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 9223372036854775807
                THEN round(bronze_strava.json_numeric(value))::bigint END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_bigint IS 'A number that fits 64 bits, rounded, or a string that holds one; else NULL.';

-- Rounded before it is compared: the result is never the largest integer, so 1 can be added to it.
CREATE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 2147483647 THEN round(bronze_strava.json_numeric(value))::integer END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_int IS 'A number that fits 32 bits, rounded, or a string that holds one; else NULL.';

-- For findings: bounds instead of NULL.
CREATE FUNCTION bronze_strava.json_measure(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n < -1e100 THEN -1e100 WHEN n > 1e100 THEN 1e100 ELSE n END::float8
    FROM (SELECT bronze_strava.json_numeric(value) AS n) AS v
$$;
COMMENT ON FUNCTION bronze_strava.json_measure IS 'A number of any size, or a text that is one, for a finding: at most 1e100, at least -1e100; null for anything else.';

CREATE FUNCTION bronze_strava.json_bool(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE value #>> '{}' WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END
$$;
COMMENT ON FUNCTION bronze_strava.json_bool IS 'true or false, also as string or as 1 and 0; else NULL.';

CREATE FUNCTION bronze_strava.json_text(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) IN ('string', 'number', 'boolean') THEN value #>> '{}' END
$$;
COMMENT ON FUNCTION bronze_strava.json_text IS 'A string, or a number or boolean as text; else NULL.';

CREATE FUNCTION bronze_strava.json_time(value jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value #>> '{}' !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' THEN RETURN NULL; END IF;
    -- without a zone it is UTC, whatever the session's zone is
    IF value #>> '{}' ~ '(Z|[+-]\d\d(:?\d\d)?)$' THEN RETURN (value #>> '{}')::timestamptz; END IF;
    RETURN (value #>> '{}')::timestamp AT TIME ZONE 'UTC';
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_time IS 'An ISO 8601 instant; else NULL.';

CREATE FUNCTION bronze_strava.json_local_time(value jsonb) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value #>> '{}' !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' THEN RETURN NULL; END IF;
    RETURN regexp_replace(value #>> '{}', '(Z|[+-]\d\d(:?\d\d)?)$', '')::timestamp;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_local_time IS 'Wall-clock time; the Z that Strava puts behind it is false and dropped.';

CREATE FUNCTION bronze_strava.json_degree(pair jsonb, place integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(pair) = 'array' AND abs(bronze_strava.json_float(pair -> place)) <= 90 * (place + 1)
        THEN bronze_strava.json_float(pair -> place) END
$$;
COMMENT ON FUNCTION bronze_strava.json_degree IS 'Latitude (place 0) or longitude (place 1) of a [latitude, longitude] pair in degrees; NULL for [] or nonsense.';
