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

CREATE FUNCTION bronze_strava.json_list(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    document jsonb;
BEGIN
    document := bronze_strava.json_document(convert_from(body, 'UTF8'));
    RETURN CASE WHEN jsonb_typeof(document) = 'array' THEN document END;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_list IS 'The bytes of an answer as jsonb; NULL when they are not a JSON list in UTF-8.';

CREATE FUNCTION bronze_strava.json_numeric(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN value::numeric
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN value #>> '{}' ~ '^\s*[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?\s*$' THEN (value #>> '{}')::numeric END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_numeric IS 'A number, or a string that holds one; else NULL.';

-- An athlete's figures stay far below 1e100. Larger numbers would overflow later, in sums and squares over many rows.
CREATE FUNCTION bronze_strava.json_float(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(value::numeric) < 1e100 THEN round(value::numeric, 15)::float8 END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(bronze_strava.json_numeric(value)) < 1e100 THEN round(bronze_strava.json_numeric(value), 15)::float8 END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_float IS 'A number below 1e100, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_bigint(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(round(value::numeric)) < 9223372036854775807 THEN round(value::numeric)::bigint END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 9223372036854775807
                THEN round(bronze_strava.json_numeric(value))::bigint END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_bigint IS 'A number that fits 64 bits, rounded, or a string that holds one; else NULL.';

-- Rounded before it is compared: the result is never the largest integer, so 1 can be added to it.
CREATE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN jsonb_typeof(value) = 'string' THEN
            CASE WHEN abs(round(bronze_strava.json_numeric(value))) < 2147483647 THEN round(bronze_strava.json_numeric(value))::integer END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_int IS 'A number that fits 32 bits, rounded, or a string that holds one; else NULL.';

-- For findings: bounds instead of NULL.
CREATE FUNCTION bronze_strava.json_measure(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'number' THEN least(greatest(value::numeric, -1e100), 1e100)::float8
        WHEN jsonb_typeof(value) = 'string' THEN least(greatest(bronze_strava.json_numeric(value), -1e100), 1e100)::float8
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_measure IS 'A number of any size, or a string that holds one, for a finding: at most 1e100, at least -1e100; else NULL.';

CREATE FUNCTION bronze_strava.json_bool(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(value) = 'boolean' THEN value::boolean
        WHEN value #>> '{}' IN ('true', '1') THEN true WHEN value #>> '{}' IN ('false', '0') THEN false
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_bool IS 'true or false, also as string or as 1 and 0; else NULL.';

CREATE FUNCTION bronze_strava.json_text(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) IN ('string', 'number', 'boolean') THEN value #>> '{}' END
$$;
COMMENT ON FUNCTION bronze_strava.json_text IS 'A string, or a number or boolean as text; else NULL.';

-- The readers of times check each field, the month's length among them, before they cast: without an EXCEPTION block, whose savepoint Citus
-- can't set while its connections to the workers are busy. After the check a cast can't fail, nor depend on the session's settings.
CREATE FUNCTION bronze_strava.is_time(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
COMMENT ON FUNCTION bronze_strava.is_time IS 'Whether the text begins with a date and a time of day that exist.';

CREATE FUNCTION bronze_strava.json_time(value jsonb) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
END $$;
COMMENT ON FUNCTION bronze_strava.json_time IS 'An ISO 8601 instant; else NULL.';

CREATE FUNCTION bronze_strava.json_local_time(value jsonb) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    said text := value #>> '{}';
BEGIN
    IF said ~ '^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$' THEN
        RETURN left(said, 19)::timestamp;
    END IF;
    RETURN CASE WHEN bronze_strava.is_time(said) THEN (left(said, 10) || ' ' || substring(substr(said, 12) FROM '^[0-9:.]+'))::timestamp END;
END $$;
COMMENT ON FUNCTION bronze_strava.json_local_time IS 'Local wall-clock time; the Z that Strava appends to it is wrong and ignored.';

CREATE FUNCTION bronze_strava.json_degree(pair jsonb, place integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(pair) = 'array' AND abs(bronze_strava.json_float(pair -> place)) <= 90 * (place + 1)
        THEN bronze_strava.json_float(pair -> place) END
$$;
COMMENT ON FUNCTION bronze_strava.json_degree IS 'Latitude (place 0) or longitude (place 1) of a [latitude, longitude] pair in degrees; NULL for [] or nonsense.';
