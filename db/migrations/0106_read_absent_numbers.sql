-- NaN and Infinity, which some writers put for a number that they don't have and JSON can't hold, are null.

CREATE OR REPLACE FUNCTION bronze_strava.json_document(document text) RETURNS jsonb
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
COMMENT ON FUNCTION bronze_strava.json_document IS
    'The text as jsonb, without what jsonb refuses (U+0000, halves of surrogate pairs, numbers beyond numeric, NaN); NULL when it is not JSON.';
