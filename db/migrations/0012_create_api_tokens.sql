-- Tokens that programs present to read an athlete's own data. fitnessctl tokens issues them; Sources/Identity checks them.

CREATE TABLE sync.api_token (
    athlete_id   bigint      NOT NULL,
    token_id     bigint      GENERATED ALWAYS AS IDENTITY,
    token_sha256 bytea       NOT NULL,
    uid          text        NOT NULL,
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    CONSTRAINT api_token_pk PRIMARY KEY (athlete_id, token_id),
    CONSTRAINT api_token_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT api_token_sha256 CHECK (octet_length(token_sha256) = 32),
    CONSTRAINT api_token_scopes CHECK (cardinality(scopes) > 0 AND scopes <@ '{read,sync,write,position,erase}'::text[])
);
-- Each request looks its token up. Not unique, since unique keys begin with athlete_id: two of 2^256 random tokens are never the same.
CREATE INDEX api_token_sha256_i ON sync.api_token (token_sha256);
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
