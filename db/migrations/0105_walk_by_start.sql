-- The walk over the whole list goes on by start, not by place: what is deleted while it is walked then moves nothing out of it.
ALTER TABLE sync.cursor ADD COLUMN walk_before timestamptz, ADD COLUMN walk_oldest_at timestamptz;
COMMENT ON COLUMN sync.cursor.walk_page IS 'Next page (from 1) of the walk over the whole list, among what started before walk_before; null: no walk is under way.';
COMMENT ON COLUMN sync.cursor.walk_before IS 'Bound of the walk''s next page: only activities that started before it are listed; null: all.';
COMMENT ON COLUMN sync.cursor.walk_oldest_at IS 'Start of the oldest activity that the walk has reached without a gap; null: none yet.';

-- A half of a surrogate pair, which JSON may escape and jsonb refuses, becomes U+FFFD; U+0000 goes; an exponent beyond numeric is null.
-- chr(1) stands for an escaped backslash meanwhile: JSON has no raw control characters.
CREATE OR REPLACE FUNCTION bronze_strava.json_document(document text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    clean text;
BEGIN
    RETURN document::jsonb;
EXCEPTION WHEN OTHERS THEN
    BEGIN
        clean := replace(ltrim(document, U&'\FEFF'), '\\', chr(1));
        clean := replace(clean, '\u0000', '');
        clean := regexp_replace(clean, '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\\ufffd', 'g');
        clean := regexp_replace(clean, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g');
        clean := regexp_replace(clean, '([:,[]\s*)-?\d+(\.\d+)?[eE][+-]?\d{5,}', '\1null', 'g');
        RETURN replace(clean, chr(1), '\\')::jsonb;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END $$;
COMMENT ON FUNCTION bronze_strava.json_document IS 'The text as jsonb, without what jsonb refuses (U+0000, halves of surrogate pairs, numbers beyond numeric); NULL when it is not JSON.';

CREATE OR REPLACE FUNCTION bronze_strava.json_int(value jsonb) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN CASE WHEN abs(round(value::numeric)) < 2147483647 THEN round(value::numeric)::integer END
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^[+-]?\d{1,9}(\.\d{1,15})?$' THEN round((value #>> '{}')::numeric)::integer END
    END
$$;
