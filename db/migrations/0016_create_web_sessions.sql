-- Sessions of browsers: of admins on the operator's pages, and of athletes on their own. A one-time link or an API token begins one. What names
-- an athlete is in a table of its own, whose rows go when the athlete is erased: without its row there, an athlete's session shows nothing.

CREATE TABLE sync.web_session (
    session_id    bigint      GENERATED ALWAYS AS IDENTITY,
    kind          text        NOT NULL,
    link_sha256   bytea,
    secret_sha256 bytea,
    shows_places  boolean     NOT NULL DEFAULT false,
    user_id       bigint,
    user_name     text,
    made_at       timestamptz NOT NULL,
    lasts_s       integer     NOT NULL,
    entered_at    timestamptz,
    last_used_at  timestamptz,
    expires_at    timestamptz NOT NULL,
    CONSTRAINT web_session_pk PRIMARY KEY (session_id),
    CONSTRAINT web_session_kind CHECK (kind IN ('admin', 'athlete')),
    CONSTRAINT web_session_admin CHECK (kind <> 'admin' OR user_id IS NOT NULL),
    CONSTRAINT web_session_link CHECK (octet_length(link_sha256) = 32),
    CONSTRAINT web_session_secret CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT web_session_entered CHECK ((entered_at IS NULL) = (secret_sha256 IS NULL)),
    CONSTRAINT web_session_lasts CHECK (lasts_s > 0)
);
CREATE UNIQUE INDEX web_session_link_i ON sync.web_session (link_sha256);
CREATE UNIQUE INDEX web_session_secret_i ON sync.web_session (secret_sha256);
CREATE INDEX web_session_expires_at_i ON sync.web_session (expires_at);
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
    token_id   bigint,
    CONSTRAINT web_session_athlete_pk PRIMARY KEY (athlete_id, session_id),
    CONSTRAINT web_session_athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX web_session_athlete_by_session ON sync.web_session_athlete (session_id);
COMMENT ON TABLE sync.web_session_athlete IS 'The athlete whose data a session of kind athlete shows. One row per such session.';
COMMENT ON COLUMN sync.web_session_athlete.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.web_session_athlete.session_id IS 'The session, sync.web_session.';
COMMENT ON COLUMN sync.web_session_athlete.token_id IS 'The API token with which the session began, sync.api_token: it ends with the token. Null: it began with a link.';
