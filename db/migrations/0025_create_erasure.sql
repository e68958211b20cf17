-- Erasures: what was asked for, receipts of what was done, and tokens that are still to be revoked. A receipt and a kept token name no athlete.

CREATE TABLE sync.erasure_request (
    athlete_id   bigint      NOT NULL,
    erasure_id   uuid,
    requested_at timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL,
    CONSTRAINT erasure_request_pk PRIMARY KEY (athlete_id),
    CONSTRAINT erasure_request_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.erasure_request IS 'Athletes who are to be erased; a row goes with its athlete. After a crash the erasure is finished from here.';
COMMENT ON COLUMN sync.erasure_request.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.erasure_request.erasure_id IS 'The receipt, sync.erasure. Null: an event said that the athlete has revoked the application''s access, which a refused refresh has to confirm.';
COMMENT ON COLUMN sync.erasure_request.requested_at IS 'When it was requested, or the event arrived.';
COMMENT ON COLUMN sync.erasure_request.attempts IS 'Tries so far.';
COMMENT ON COLUMN sync.erasure_request.next_try_at IS 'Not tried again before this instant.';

CREATE TABLE sync.erasure (
    erasure_id    uuid        NOT NULL,
    erasure_no    bigint      GENERATED ALWAYS AS IDENTITY,
    athlete_tag   bytea       NOT NULL,
    key_id        text        NOT NULL,
    requested_by  text        NOT NULL,
    requested_at  timestamptz NOT NULL,
    erased_at     timestamptz,
    revocation    text        NOT NULL DEFAULT 'pending',
    revocation_at timestamptz,
    row_counts    jsonb       NOT NULL DEFAULT '{}',
    filed_at      timestamptz,
    CONSTRAINT erasure_pk PRIMARY KEY (erasure_id),
    CONSTRAINT erasure_no_key UNIQUE (erasure_no),
    CONSTRAINT erasure_athlete_tag CHECK (octet_length(athlete_tag) = 32),
    CONSTRAINT erasure_requested_by CHECK (requested_by IN ('operator', 'athlete', 'deauthorization', 'replay')),
    CONSTRAINT erasure_revocation CHECK (revocation IN
        ('pending', 'revoked', 'deauthorized', 'not_needed', 'unreadable', 'given_up', 'connected_again'))
);
CREATE INDEX erasure_revocation_pending ON sync.erasure (athlete_tag) WHERE revocation = 'pending';
CREATE INDEX erasure_not_filed ON sync.erasure (erasure_no) WHERE filed_at IS NULL;
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

-- Nothing but the token itself: the receipt with the same number does not name the athlete either.
CREATE TABLE vault.revocation (
    erasure_id     uuid        NOT NULL,
    key_id         text        NOT NULL,
    sealed_refresh bytea       NOT NULL,
    keep_until     timestamptz NOT NULL,
    attempts       integer     NOT NULL DEFAULT 0,
    next_try_at    timestamptz NOT NULL,
    CONSTRAINT revocation_pk PRIMARY KEY (erasure_id)
);
COMMENT ON TABLE vault.revocation IS 'Sealed tokens of erased athletes that Strava has not revoked yet. Each goes when it is revoked, or after a day.';
COMMENT ON COLUMN vault.revocation.erasure_id IS 'The receipt, sync.erasure.';
COMMENT ON COLUMN vault.revocation.key_id IS 'Name of the key in the keyring file that opens this row.';
COMMENT ON COLUMN vault.revocation.sealed_refresh IS 'Refresh token, sealed as in vault.token, bound to the receipt''s number and to this purpose.';
COMMENT ON COLUMN vault.revocation.keep_until IS 'The row is deleted at this instant.';
COMMENT ON COLUMN vault.revocation.attempts IS 'Tries so far.';
COMMENT ON COLUMN vault.revocation.next_try_at IS 'Not tried again before this instant.';
