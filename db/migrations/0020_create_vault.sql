-- Sealed OAuth tokens, one row per athlete. How they are sealed: Sources/Ingest/Vault/SealedToken.swift.
-- None can be opened without the keyring file, which is never in the database.

CREATE TABLE vault.token (
    athlete_id        bigint      NOT NULL,
    key_id            text        NOT NULL,
    sealed_access     bytea       NOT NULL,
    sealed_refresh    bytea       NOT NULL,
    access_expires_at timestamptz NOT NULL,
    generation        bigint      NOT NULL DEFAULT 1,
    unanswered        integer     NOT NULL DEFAULT 0,
    dead_at           timestamptz,
    dead_reason       text,
    refreshed_at      timestamptz,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT token_pk PRIMARY KEY (athlete_id),
    CONSTRAINT token_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT token_dead_reason CHECK (
        (dead_at IS NULL) = (dead_reason IS NULL)
        AND dead_reason IN ('refresh_token_invalid', 'refresh_answer_lost'))
);
CREATE INDEX token_by_key ON vault.token (key_id, athlete_id);
COMMENT ON TABLE vault.token IS 'The athlete''s pair of OAuth tokens, sealed with AES-256-GCM. A refresh holds this row''s lock, so that only one is under way in all processes.';
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
