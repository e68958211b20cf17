-- Who asked the daemon for a change over the control socket, and what became of it. What names an athlete is in a table of its own, whose rows
-- go when the athlete is erased; what remains names nobody but the user who asked.

CREATE TABLE sync.audit (
    audit_id   bigint      GENERATED ALWAYS AS IDENTITY,
    asked_at   timestamptz NOT NULL,
    user_id    bigint      NOT NULL,
    user_name  text,
    action     text        NOT NULL,
    parameters jsonb       NOT NULL DEFAULT '{}',
    outcome    text        NOT NULL DEFAULT 'begun',
    refusal    text,
    ended_at   timestamptz,
    CONSTRAINT audit_pk PRIMARY KEY (audit_id),
    CONSTRAINT audit_outcome CHECK (outcome IN ('begun', 'done', 'refused', 'failed'))
);
CREATE INDEX audit_by_time ON sync.audit (asked_at);
COMMENT ON TABLE sync.audit IS 'One row per request over the control socket that changes something, also of those that are refused. It names no athlete.';
COMMENT ON COLUMN sync.audit.audit_id IS 'Number of the request in this database.';
COMMENT ON COLUMN sync.audit.asked_at IS 'When the request arrived.';
COMMENT ON COLUMN sync.audit.user_id IS 'Number (uid) of the account that asked, as the kernel says it.';
COMMENT ON COLUMN sync.audit.user_name IS 'Name of that account on the daemon''s machine; null: it has none.';
COMMENT ON COLUMN sync.audit.action IS 'What was asked for: the control API''s name of the request, as pause_athlete.';
COMMENT ON COLUMN sync.audit.parameters IS 'Parameters that can''t name a person: numbers, switches and words of closed lists.';
COMMENT ON COLUMN sync.audit.outcome IS 'begun: in progress, or cut off by a crash; done; refused: a mistake, or a lack of rights; failed: the daemon could not do it.';
COMMENT ON COLUMN sync.audit.refusal IS 'Error code of what was refused or failed, as not_allowed, or interrupted: the client disconnected; null: neither.';
COMMENT ON COLUMN sync.audit.ended_at IS 'When the request ended; null: not yet.';

CREATE TABLE sync.audit_athlete (
    athlete_id bigint NOT NULL,
    audit_id   bigint NOT NULL,
    parameters jsonb  NOT NULL DEFAULT '{}',
    CONSTRAINT audit_athlete_pk PRIMARY KEY (athlete_id, audit_id),
    CONSTRAINT audit_athlete_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX audit_athlete_by_request ON sync.audit_athlete (audit_id);
COMMENT ON TABLE sync.audit_athlete IS 'The athlete whom a request of sync.audit is about, if it is about one who was known then. One row per such request.';
COMMENT ON COLUMN sync.audit_athlete.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.audit_athlete.audit_id IS 'The request, sync.audit.';
COMMENT ON COLUMN sync.audit_athlete.parameters IS 'Parameters of the request that may say something about the athlete, as the reason of a pause. No secrets.';
