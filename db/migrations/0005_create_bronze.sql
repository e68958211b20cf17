-- Bronze: what Strava sent, byte for byte, one row per API object, and the means to read it without tripping over a bad field.

CREATE TABLE bronze_strava.source (
    source_id smallint NOT NULL,
    name      text     NOT NULL,
    CONSTRAINT source_pk PRIMARY KEY (source_id)
);
INSERT INTO bronze_strava.source VALUES (1, 'strava_api'), (2, 'strava_archive'), (3, 'file');
COMMENT ON TABLE bronze_strava.source IS 'Where a row comes from. Retention is set per source: copies of API data may have to go, the athlete''s own archive and files stay.';

CREATE TABLE bronze_strava.endpoint (
    endpoint smallint NOT NULL,
    name     text     NOT NULL,
    CONSTRAINT endpoint_pk PRIMARY KEY (endpoint)
);
INSERT INTO bronze_strava.endpoint VALUES
    (1, 'activity_summary'), (2, 'activity'), (3, 'streams'), (4, 'athlete'), (5, 'athlete_zones'), (6, 'activity_zones'), (7, 'gear');
COMMENT ON TABLE bronze_strava.endpoint IS 'Kinds of API objects. activity_summary is one element of a list page, the others are whole answers.';

CREATE TABLE bronze_strava.answer (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL DEFAULT 1,
    endpoint   smallint    NOT NULL,
    object_id  bigint      NOT NULL,
    request    text        NOT NULL,
    status     smallint    NOT NULL,
    fetched_at timestamptz NOT NULL,
    body_bytes integer     NOT NULL,
    sha256     bytea       NOT NULL,
    body       bytea       COMPRESSION lz4 NOT NULL,
    CONSTRAINT answer_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id),
    CONSTRAINT answer_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT answer_sha256 CHECK (octet_length(sha256) = 32)
) WITH (toast.autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE bronze_strava.answer IS 'The newest answer for each API object, as sent. Read one in psql with convert_from(body, ''UTF8'').';
COMMENT ON COLUMN bronze_strava.answer.endpoint IS 'See bronze_strava.endpoint. 1 activity_summary, 2 activity, 3 streams, 4 athlete, 5 athlete_zones, 6 activity_zones, 7 gear.';
COMMENT ON COLUMN bronze_strava.answer.object_id IS 'Activity id for endpoints 1, 2, 3 and 6; athlete id for 4 and 5; the number in the gear''s id for 7.';
COMMENT ON COLUMN bronze_strava.answer.request IS 'Path and query that was asked, without host and without token.';
COMMENT ON COLUMN bronze_strava.answer.status IS 'HTTP status of the answer.';
COMMENT ON COLUMN bronze_strava.answer.fetched_at IS 'When these bytes were first received. The same bytes received again change nothing.';
COMMENT ON COLUMN bronze_strava.answer.body_bytes IS 'Length of body before compression, in bytes.';
COMMENT ON COLUMN bronze_strava.answer.sha256 IS 'SHA-256 of body, 32 bytes: an unchanged answer is known by it before anything is written.';
COMMENT ON COLUMN bronze_strava.answer.body IS 'Exact bytes of the answer; for an activity_summary the exact bytes of its element in the list page.';

CREATE TABLE bronze_strava.answer_version (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL,
    endpoint   smallint    NOT NULL,
    object_id  bigint      NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz NOT NULL,
    version_id bigint      GENERATED ALWAYS AS IDENTITY,
    request    text        NOT NULL,
    status     smallint    NOT NULL,
    body_bytes integer     NOT NULL,
    sha256     bytea       NOT NULL,
    body       bytea       COMPRESSION lz4 NOT NULL,
    CONSTRAINT answer_version_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id, version_id),
    CONSTRAINT answer_version_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX answer_version_by_age ON bronze_strava.answer_version (valid_to);
COMMENT ON TABLE bronze_strava.answer_version IS 'Earlier versions of answers that changed.';
COMMENT ON COLUMN bronze_strava.answer_version.valid_from IS 'When these bytes were received.';
COMMENT ON COLUMN bronze_strava.answer_version.valid_to IS 'When other bytes for the same object were received.';

CREATE TABLE metrics.metrics (
    athlete_id   bigint      NOT NULL,
    activity_id  bigint,
    data_source  text        NOT NULL,
    data_stream  text        NOT NULL,
    record_count integer     NOT NULL,
    status       text        NOT NULL,
    inserted_at  timestamptz NOT NULL,
    CONSTRAINT metrics_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX metrics_by_activity ON metrics.metrics (athlete_id, activity_id);
COMMENT ON TABLE metrics.metrics IS 'What was landed when: one row per changed object, and for a streams answer one row per stream. Written in the landing transaction.';
COMMENT ON COLUMN metrics.metrics.activity_id IS 'Null for the athlete''s own objects.';
COMMENT ON COLUMN metrics.metrics.data_source IS 'STRAVA.';
COMMENT ON COLUMN metrics.metrics.data_stream IS 'Name of the endpoint, or of the stream (time, distance, latlng, …).';
COMMENT ON COLUMN metrics.metrics.record_count IS 'Points of a stream, else 1; 0 when the answer could not be read.';
COMMENT ON COLUMN metrics.metrics.status IS 'SUCCESS or FAILURE (kept as sent, but not readable).';

-- Reading JSON that may be wrong anywhere. A value that is not what it should be becomes NULL and spoils nothing else.

CREATE FUNCTION bronze_strava.json_document(document text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN document::jsonb;
EXCEPTION WHEN OTHERS THEN
    BEGIN
        -- jsonb has no U+0000; it is taken out of strings (an escaped backslash before "u0000" is left alone).
        RETURN regexp_replace(ltrim(document, U&'\FEFF'), '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END $$;
COMMENT ON FUNCTION bronze_strava.json_document(text) IS 'The text as jsonb; NULL when it is not JSON.';

CREATE FUNCTION bronze_strava.json_object(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    document jsonb;
BEGIN
    document := bronze_strava.json_document(convert_from(body, 'UTF8'));
    RETURN CASE WHEN jsonb_typeof(document) = 'object' THEN document END;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_object(bytea) IS 'The bytes of an answer as jsonb; NULL when they are not a JSON object in UTF-8.';

CREATE FUNCTION bronze_strava.json_float(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 1e300 THEN round(value::numeric, 15)::float8 END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,15}(\.\d{1,15})?$' THEN (value #>> '{}')::float8 END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_float(jsonb) IS 'A number, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_bigint(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 9223372036854775807 THEN round(value::numeric)::bigint END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,18}$' THEN (value #>> '{}')::bigint END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_bigint(jsonb) IS 'A number that fits 64 bits, rounded, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(value::numeric) < 2147483647 THEN round(value::numeric)::integer END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,9}$' THEN (value #>> '{}')::integer END
    END
$$;
COMMENT ON FUNCTION bronze_strava.json_int(jsonb) IS 'A number that fits 32 bits, rounded, or a string that holds one; else NULL.';

CREATE FUNCTION bronze_strava.json_bool(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE value #>> '{}' WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END
$$;
COMMENT ON FUNCTION bronze_strava.json_bool(jsonb) IS 'true or false, also as string or as 1 and 0; else NULL.';

CREATE FUNCTION bronze_strava.json_text(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) IN ('string', 'number', 'boolean') THEN value #>> '{}' END
$$;
COMMENT ON FUNCTION bronze_strava.json_text(jsonb) IS 'A string, or a number or boolean as text; else NULL.';

CREATE FUNCTION bronze_strava.json_time(value jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value #>> '{}' !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' THEN RETURN NULL; END IF;
    -- without a zone it is UTC, whatever the session's zone is
    IF value #>> '{}' ~ '(Z|[+-]\d\d(:?\d\d)?)$' THEN RETURN (value #>> '{}')::timestamptz; END IF;
    RETURN (value #>> '{}')::timestamp AT TIME ZONE 'UTC';
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_time(jsonb) IS 'An ISO 8601 instant; else NULL.';

CREATE FUNCTION bronze_strava.json_local_time(value jsonb) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value #>> '{}' !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d' THEN RETURN NULL; END IF;
    RETURN regexp_replace(value #>> '{}', '(Z|[+-]\d\d(:?\d\d)?)$', '')::timestamp;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bronze_strava.json_local_time(jsonb) IS 'Wall-clock time; the Z that Strava puts behind it is false and dropped.';

CREATE FUNCTION bronze_strava.json_degree(pair jsonb, place integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(pair) = 'array' AND abs(bronze_strava.json_float(pair -> place)) <= 90 * (place + 1)
        THEN bronze_strava.json_float(pair -> place) END
$$;
COMMENT ON FUNCTION bronze_strava.json_degree(jsonb, integer) IS 'Latitude (place 0) or longitude (place 1) of a [latitude, longitude] pair in degrees; NULL for [] or nonsense.';
