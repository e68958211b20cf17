-- State of the synchronisation. athlete_id comes first in every key, so that distribution by athlete is a setting.
-- Times are UTC instants; durations carry their unit in the name.

CREATE TABLE sync.athlete (
    athlete_id    bigint      NOT NULL,
    uid           text,
    scope         text        NOT NULL DEFAULT '',
    state         text        NOT NULL DEFAULT 'active',
    state_reason  text,
    paused_until  timestamptz,
    pause_reason  text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_pk PRIMARY KEY (athlete_id),
    CONSTRAINT athlete_state CHECK (state IN ('active', 'reconnect', 'erasing'))
);
CREATE INDEX athlete_by_uid ON sync.athlete (uid);
COMMENT ON TABLE sync.athlete IS 'One row per connected athlete.';
COMMENT ON COLUMN sync.athlete.uid IS 'The application''s own name for this person, given at connect or import.';
COMMENT ON COLUMN sync.athlete.scope IS 'Scopes the athlete granted, comma-separated, as Strava''s redirect said.';
COMMENT ON COLUMN sync.athlete.state IS 'active; reconnect: the grant is dead and the athlete must connect again; erasing: being erased.';
COMMENT ON COLUMN sync.athlete.paused_until IS 'No sync before this instant; infinity: until resumed; null: not paused.';

-- Hot columns, apart from the athlete's row so that a claim rewrites little.
CREATE TABLE sync.schedule (
    athlete_id       bigint      NOT NULL,
    due_at           timestamptz NOT NULL DEFAULT now(),
    priority         smallint    NOT NULL DEFAULT 2,
    request          jsonb,
    lease_owner      uuid,
    lease_fence      bigint      NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    last_started_at  timestamptz,
    last_finished_at timestamptz,
    last_error       text,
    failures         integer     NOT NULL DEFAULT 0,
    CONSTRAINT schedule_pk PRIMARY KEY (athlete_id),
    CONSTRAINT schedule_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX schedule_due ON sync.schedule (priority, due_at);
CREATE INDEX schedule_lease ON sync.schedule (lease_expires_at) WHERE lease_owner IS NOT NULL;
COMMENT ON TABLE sync.schedule IS 'When each athlete is next looked after, and who holds the lease while it happens.';
COMMENT ON COLUMN sync.schedule.priority IS '0 connect or manual, 1 live (webhook), 2 incremental, 3 repair, 4 history.';
COMMENT ON COLUMN sync.schedule.request IS 'What an admin asked for ({"full": bool, "by": text, "at": time}); null: the ordinary rhythm.';
COMMENT ON COLUMN sync.schedule.lease_fence IS 'Rises with each claim; a write of an older fence is refused.';
COMMENT ON COLUMN sync.schedule.failures IS 'Failed runs in a row; the next due time backs off with it.';

CREATE TABLE sync.cursor (
    athlete_id          bigint      NOT NULL,
    walk_page           integer,
    walk_started_at     timestamptz,
    newest_start_at     timestamptz,
    listed_at           timestamptz,
    history_complete_at timestamptz,
    CONSTRAINT cursor_pk PRIMARY KEY (athlete_id),
    CONSTRAINT cursor_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.cursor IS 'How far the list of each athlete''s activities has been read. It never passes what has not landed.';
COMMENT ON COLUMN sync.cursor.walk_page IS 'Next page (from 1) of the walk over the whole list; null: no walk is under way.';
COMMENT ON COLUMN sync.cursor.newest_start_at IS 'Newest start among the listed activities, never in the future.';
COMMENT ON COLUMN sync.cursor.listed_at IS 'When a list pass last ended with an empty page.';
COMMENT ON COLUMN sync.cursor.history_complete_at IS 'When the walk over the whole list last ended with an empty page.';

CREATE TABLE sync.activity (
    athlete_id      bigint      NOT NULL,
    activity_id     bigint      NOT NULL,
    start_at        timestamptz NOT NULL,
    manual          boolean     NOT NULL DEFAULT false,
    fingerprint     bytea       NOT NULL,
    first_listed_at timestamptz NOT NULL DEFAULT now(),
    last_listed_at  timestamptz NOT NULL DEFAULT now(),
    gone_at         timestamptz,
    CONSTRAINT activity_pk PRIMARY KEY (athlete_id, activity_id),
    CONSTRAINT activity_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX activity_newest ON sync.activity (athlete_id, start_at DESC);
COMMENT ON TABLE sync.activity IS 'Every activity that a list named, with a fingerprint of the listed figures that mean its streams may have changed.';
COMMENT ON COLUMN sync.activity.gone_at IS 'Tombstone: Strava said, twice, that it no longer exists or may no longer be seen.';

CREATE TABLE sync.completeness (
    athlete_id  bigint      NOT NULL,
    activity_id bigint      NOT NULL,
    endpoint    text        NOT NULL,
    state       text        NOT NULL DEFAULT 'pending',
    reason      text,
    start_at    timestamptz NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT completeness_pk PRIMARY KEY (athlete_id, activity_id, endpoint),
    CONSTRAINT completeness_activity_fk FOREIGN KEY (athlete_id, activity_id) REFERENCES sync.activity ON DELETE CASCADE,
    CONSTRAINT completeness_endpoint CHECK (endpoint IN ('summary', 'detail', 'streams', 'zones')),
    CONSTRAINT completeness_state CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined'))
);
CREATE INDEX completeness_work ON sync.completeness (athlete_id, start_at DESC, activity_id)
    WHERE state IN ('pending', 'failed');
COMMENT ON TABLE sync.completeness IS 'What is here and what is not, and why: one row per activity and endpoint.';
COMMENT ON COLUMN sync.completeness.state IS 'pending; landed; empty: Strava has none; no_scope: not granted; gone: deleted at Strava; failed: will be tried again at next_try_at; quarantined: set aside, see sync.quarantine.';
COMMENT ON COLUMN sync.completeness.start_at IS 'Start of the activity, so that the newest work comes first without a join.';

CREATE TABLE sync.quarantine (
    athlete_id bigint      NOT NULL,
    endpoint   text        NOT NULL,
    object_id  bigint      NOT NULL,
    reason     text        NOT NULL,
    detail     text,
    body       bytea,
    attempts   integer     NOT NULL DEFAULT 1,
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT quarantine_pk PRIMARY KEY (athlete_id, endpoint, object_id),
    CONSTRAINT quarantine_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.quarantine IS 'Answers and activities set aside with their reason, so that the rest goes on.';
COMMENT ON COLUMN sync.quarantine.object_id IS 'Activity id; for a list element without a readable id a number made from its hash.';

CREATE TABLE sync.transform_work (
    athlete_id  bigint      NOT NULL,
    activity_id bigint      NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    attempts    integer     NOT NULL DEFAULT 0,
    CONSTRAINT transform_work_pk PRIMARY KEY (athlete_id, activity_id)
);
CREATE INDEX transform_work_oldest ON sync.transform_work (enqueued_at);
COMMENT ON TABLE sync.transform_work IS 'Activities whose bronze is newer than their silver; written in the landing transaction, taken by the silver runner. activity_id 0 stands for the athlete''s own objects.';

CREATE TABLE sync.run (
    athlete_id  bigint      NOT NULL,
    run_id      bigint      GENERATED ALWAYS AS IDENTITY,
    kind        text        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    requests    integer     NOT NULL,
    landed      integer     NOT NULL,
    outcome     text        NOT NULL,
    error       text,
    CONSTRAINT run_pk PRIMARY KEY (athlete_id, run_id),
    CONSTRAINT run_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX run_by_time ON sync.run (finished_at);
COMMENT ON TABLE sync.run IS 'One row per turn of an athlete''s sync: what it cost and how it ended.';
COMMENT ON COLUMN sync.run.requests IS 'Calls made to Strava.';
COMMENT ON COLUMN sync.run.landed IS 'Answers committed to bronze.';

CREATE TABLE sync.setting (
    key        text        NOT NULL,
    value      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT setting_pk PRIMARY KEY (key)
);
COMMENT ON TABLE sync.setting IS 'Settings of the whole installation that an admin changes while it runs (for example a pause of everything).';

CREATE TABLE sync.connect_state (
    state_sha256 bytea       NOT NULL,
    uid          text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    CONSTRAINT connect_state_pk PRIMARY KEY (state_sha256)
);
COMMENT ON TABLE sync.connect_state IS 'One-time OAuth states given out by /connect, kept only as hashes until used or expired.';
