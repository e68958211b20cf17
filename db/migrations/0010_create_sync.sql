-- State of the synchronisation: athletes and when each is due, what is known of their lists, what is complete and what is missing.
-- athlete_id comes first in every key, so that the rows of an athlete can be kept together on one node of a cluster. Times are UTC instants.

CREATE TABLE sync.athlete (
    athlete_id    bigint      NOT NULL,
    uid           text,
    scope         text        NOT NULL DEFAULT '',
    state         text        NOT NULL DEFAULT 'active',
    state_reason  text,
    paused_until  timestamptz,
    pause_reason  text,
    paused_by     text,
    paused_at     timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_pk PRIMARY KEY (athlete_id),
    CONSTRAINT athlete_state CHECK (state IN ('active', 'reconnect', 'erasing'))
);
-- Each connect and import looks up who has a uid. Not unique, since unique keys begin with athlete_id: the daemon makes sure that no two
-- athletes get the same uid.
CREATE INDEX athlete_uid_i ON sync.athlete (uid) WHERE uid IS NOT NULL;
COMMENT ON TABLE sync.athlete IS 'One row per connected athlete.';
COMMENT ON COLUMN sync.athlete.uid IS 'The application''s own name for this person, given at connect or import.';
COMMENT ON COLUMN sync.athlete.scope IS 'Scopes the athlete granted, comma-separated, from Strava''s redirect.';
COMMENT ON COLUMN sync.athlete.state IS 'active; reconnect: the grant is dead and the athlete must connect again; erasing: being erased.';
COMMENT ON COLUMN sync.athlete.paused_until IS 'No sync before this instant; infinity: until resumed; null: not paused.';
COMMENT ON COLUMN sync.athlete.paused_by IS 'The account that paused the athlete, by name or else number; null: not paused, or unknown.';
COMMENT ON COLUMN sync.athlete.paused_at IS 'When the athlete was paused; null: not paused, or unknown.';

CREATE TABLE sync.uid_move (
    athlete_id bigint      NOT NULL,
    move_id    bigint      GENERATED ALWAYS AS IDENTITY,
    moved_at   timestamptz NOT NULL,
    from_uid   text        NOT NULL,
    to_uid     text,
    cause      text        NOT NULL,
    CONSTRAINT uid_move_pk PRIMARY KEY (athlete_id, move_id),
    CONSTRAINT uid_move_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT uid_move_cause CHECK (cause IN ('connect', 'import'))
);
COMMENT ON TABLE sync.uid_move IS 'The uids that an athlete lost or exchanged for another, so that its record shows who had it before. One row per change.';
COMMENT ON COLUMN sync.uid_move.athlete_id IS 'Strava''s number for the athlete whose uid changed.';
COMMENT ON COLUMN sync.uid_move.move_id IS 'Number of the change in this database.';
COMMENT ON COLUMN sync.uid_move.moved_at IS 'When the uid changed.';
COMMENT ON COLUMN sync.uid_move.from_uid IS 'The uid that the athlete had before.';
COMMENT ON COLUMN sync.uid_move.to_uid IS 'The uid that it got; null: none, because another athlete got its uid.';
COMMENT ON COLUMN sync.uid_move.cause IS 'connect: a person agreed to it in a browser; import: an admin''s import did it.';

-- The columns that change with each turn, apart from the athlete's row so that a claim rewrites little.
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
COMMENT ON TABLE sync.schedule IS 'When each athlete''s next turn is due, and the lease of the turn in progress.';
COMMENT ON COLUMN sync.schedule.priority IS '0 connect or manual, 1 live (webhook), 2 incremental, 3 repair, 4 history.';
COMMENT ON COLUMN sync.schedule.request IS 'An admin''s request ({"full": bool, "by": text, "at": time}); null: the ordinary schedule.';
COMMENT ON COLUMN sync.schedule.lease_fence IS 'Rises with each claim; a write with an older fence is refused.';
COMMENT ON COLUMN sync.schedule.failures IS 'Consecutive failed turns; the delay until the next turn grows with it.';

CREATE TABLE sync.cursor (
    athlete_id          bigint      NOT NULL,
    walk_page           integer,
    walk_started_at     timestamptz,
    newest_start_at     timestamptz,
    listed_at           timestamptz,
    history_complete_at timestamptz,
    first_complete_at   timestamptz,
    looked_back_at      timestamptz,
    walk_before         timestamptz,
    walk_oldest_at      timestamptz,
    CONSTRAINT cursor_pk PRIMARY KEY (athlete_id),
    CONSTRAINT cursor_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.cursor IS 'How far the list of each athlete''s activities has been read. It never passes an activity that has not landed.';
COMMENT ON COLUMN sync.cursor.walk_page IS 'Next page (from 1) of the walk over the whole list, among the activities that started before walk_before; null: no walk is in progress.';
COMMENT ON COLUMN sync.cursor.newest_start_at IS 'Newest start among the listed activities, never in the future.';
COMMENT ON COLUMN sync.cursor.listed_at IS 'When a list pass last ended with an empty page.';
COMMENT ON COLUMN sync.cursor.history_complete_at IS 'When the walk over the whole list last ended with an empty page.';
COMMENT ON COLUMN sync.cursor.first_complete_at IS 'When the first walk over the whole list ended; activities first listed later are new, however old their date.';
COMMENT ON COLUMN sync.cursor.looked_back_at IS 'When the last look began that reached back behind the newest start and ended with an empty page.';
COMMENT ON COLUMN sync.cursor.walk_before IS 'Bound of the walk''s next page: only activities that started before it are listed; null: all.';
COMMENT ON COLUMN sync.cursor.walk_oldest_at IS 'Start of the oldest activity that the walk has reached without a gap; null: none yet.';

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
CREATE INDEX activity_by_first_listed ON sync.activity (first_listed_at);
CREATE INDEX activity_gone ON sync.activity (athlete_id, activity_id) WHERE gone_at IS NOT NULL;
COMMENT ON TABLE sync.activity IS 'Every activity that was listed, with a fingerprint of the listed figures: another fingerprint means that its streams may have changed.';
COMMENT ON COLUMN sync.activity.gone_at IS 'Tombstone: Strava answered twice that it no longer exists or may no longer be seen.';

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
    CONSTRAINT completeness_state CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined', 'expired'))
);
CREATE INDEX completeness_work ON sync.completeness (athlete_id, start_at DESC, activity_id)
    WHERE state IN ('pending', 'failed');
COMMENT ON TABLE sync.completeness IS 'The state of each answer, and the reason: one row per activity and endpoint.';
COMMENT ON COLUMN sync.completeness.state IS 'pending; landed; empty: Strava has none; no_scope: not granted; gone: deleted at Strava; failed: will be tried again at next_try_at; quarantined: see sync.quarantine; expired: it was here, and was removed when the time that copies may be kept had passed.';
COMMENT ON COLUMN sync.completeness.start_at IS 'Start of the activity, so that the newest work comes first without a join.';

CREATE TABLE sync.athlete_object (
    athlete_id  bigint      NOT NULL,
    endpoint    text        NOT NULL,
    object      text        NOT NULL DEFAULT '',
    state       text        NOT NULL DEFAULT 'pending',
    reason      text,
    attempts    integer     NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    checked_at  timestamptz,
    used_at     timestamptz,
    CONSTRAINT athlete_object_pk PRIMARY KEY (athlete_id, endpoint, object),
    CONSTRAINT athlete_object_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_object_endpoint CHECK (endpoint IN ('profile', 'athlete_zones', 'athlete_stats', 'gear')),
    CONSTRAINT athlete_object_state CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined', 'expired'))
);
COMMENT ON TABLE sync.athlete_object IS 'The same for the athlete''s own objects: one row per athlete and object. A profile, zones or stats without a row were never requested.';
COMMENT ON COLUMN sync.athlete_object.endpoint IS 'profile, athlete_zones, athlete_stats or gear.';
COMMENT ON COLUMN sync.athlete_object.object IS 'Strava''s id of the gear (b… a bike, g… shoes); empty for the others.';
COMMENT ON COLUMN sync.athlete_object.state IS 'As in sync.completeness.';
COMMENT ON COLUMN sync.athlete_object.checked_at IS 'When Strava last answered, with the same bytes or others; null: never.';
COMMENT ON COLUMN sync.athlete_object.used_at IS 'Start of the newest activity that a list named with this gear.';

CREATE TABLE sync.athlete_threshold (
    athlete_id   bigint      NOT NULL,
    sport_family text        NOT NULL,
    metric       text        NOT NULL,
    valid_from   date        NOT NULL,
    value        float8      NOT NULL,
    set_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT athlete_threshold_pk PRIMARY KEY (athlete_id, sport_family, metric, valid_from),
    CONSTRAINT athlete_threshold_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_threshold_sport_family CHECK (sport_family IN ('all', 'ride', 'run', 'swim')),
    CONSTRAINT athlete_threshold_metric CHECK (metric IN
        ('power', 'pace', 'threshold_heartrate', 'max_heartrate', 'rest_heartrate', 'critical_power', 'w_prime')),
    CONSTRAINT athlete_threshold_valid_from CHECK (valid_from BETWEEN '1970-01-01' AND '9999-12-31'),
    CONSTRAINT athlete_threshold_value CHECK (value > 0 AND value < 'infinity')
);
COMMENT ON TABLE sync.athlete_threshold IS 'Thresholds that the operator or the athlete has set, as dated facts: one row per athlete, sport, metric and first day. They come before Strava''s and before estimates. Written by fitnessctl athletes set-threshold; a rebuild of silver keeps them.';
COMMENT ON COLUMN sync.athlete_threshold.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.athlete_threshold.sport_family IS 'ride, run or swim, as in silver.sport_family(); all: every sport that has no value of its own. Power and pace are always of one sport.';
COMMENT ON COLUMN sync.athlete_threshold.metric IS 'power (what can be held for about an hour, "FTP"), pace, threshold_heartrate (at that effort), max_heartrate, rest_heartrate, critical_power, w_prime (work that can be done above critical power).';
COMMENT ON COLUMN sync.athlete_threshold.valid_from IS 'First day on which it holds, until the next row of the same sport and metric. The earliest row also stands for the time before it.';
COMMENT ON COLUMN sync.athlete_threshold.value IS 'Watts for power and critical_power, metres per second for pace, beats per minute for the heart rates, joules for w_prime.';
COMMENT ON COLUMN sync.athlete_threshold.set_at IS 'When it was set or last changed.';

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
COMMENT ON TABLE sync.quarantine IS 'Answers and activities that can''t be used, with the reason, kept apart so that the others go on.';
COMMENT ON COLUMN sync.quarantine.object_id IS 'Activity id; for a list element without a readable id a number made from its hash.';

CREATE TABLE sync.event (
    athlete_id  bigint      NOT NULL,
    object_type text        NOT NULL,
    object_id   bigint      NOT NULL,
    aspect_type text        NOT NULL,
    event_at    timestamptz NOT NULL,
    updates     jsonb       NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL,
    handled_at  timestamptz,
    event_id    bigint      GENERATED ALWAYS AS IDENTITY,
    looked_at   timestamptz,
    CONSTRAINT event_pk PRIMARY KEY (athlete_id, object_type, object_id, aspect_type, event_at),
    CONSTRAINT event_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX event_open ON sync.event (athlete_id) WHERE handled_at IS NULL;
CREATE INDEX event_by_receipt ON sync.event (received_at);
CREATE INDEX event_by_number ON sync.event (event_id);
COMMENT ON TABLE sync.event IS 'Events from Strava. They are not signed: each only causes a turn for the athlete, and its content is not trusted.';
COMMENT ON COLUMN sync.event.object_type IS 'activity or athlete, as sent.';
COMMENT ON COLUMN sync.event.aspect_type IS 'create, update or delete, as sent.';
COMMENT ON COLUMN sync.event.event_at IS 'When it happened, by Strava''s clock. The same event arrives up to three times.';
COMMENT ON COLUMN sync.event.handled_at IS 'When a turn that handled the event ended; null: not yet.';
COMMENT ON COLUMN sync.event.event_id IS 'Number of the event in this database, by which a turn marks the events that it has read.';
COMMENT ON COLUMN sync.event.looked_at IS 'When a turn ended that began to read the athlete''s list after it had read the event; null: no such turn yet.';

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
    log_id      text,
    CONSTRAINT run_pk PRIMARY KEY (athlete_id, run_id),
    CONSTRAINT run_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX run_by_time ON sync.run (finished_at);
CREATE INDEX run_by_number ON sync.run (run_id);
CREATE INDEX run_failed ON sync.run (finished_at) WHERE outcome = 'failed';
COMMENT ON TABLE sync.run IS 'One row per turn of an athlete''s sync, with its cost and its outcome.';
COMMENT ON COLUMN sync.run.run_id IS 'Number of the turn in this database.';
COMMENT ON COLUMN sync.run.requests IS 'Calls made to Strava.';
COMMENT ON COLUMN sync.run.landed IS 'Answers committed to bronze.';
COMMENT ON COLUMN sync.run.log_id IS 'The turn''s id in the log: field RUN of the journal, run in other formats.';

CREATE TABLE sync.retention_run (
    run_id      bigint      GENERATED ALWAYS AS IDENTITY,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    api_cutoff  timestamptz,
    activities  bigint      NOT NULL,
    answers     bigint      NOT NULL,
    versions    bigint      NOT NULL,
    CONSTRAINT retention_run_pk PRIMARY KEY (run_id)
);
COMMENT ON TABLE sync.retention_run IS 'One row per retention pass that removed something. It names no athlete.';
COMMENT ON COLUMN sync.retention_run.api_cutoff IS 'Copies of API data received before this instant were to be removed; null: they are kept.';
COMMENT ON COLUMN sync.retention_run.activities IS 'Activities with an expired answer: all their data was removed, in silver too.';
COMMENT ON COLUMN sync.retention_run.answers IS 'Answers removed from bronze.';
COMMENT ON COLUMN sync.retention_run.versions IS 'Earlier versions removed from bronze.';

CREATE TABLE sync.database_size (
    day         date        NOT NULL,
    measured_at timestamptz NOT NULL,
    bytes       bigint      NOT NULL,
    CONSTRAINT database_size_pk PRIMARY KEY (day)
);
COMMENT ON TABLE sync.database_size IS 'The size of the database, one row per UTC day of the last month, from which its growth is told.';
COMMENT ON COLUMN sync.database_size.day IS 'UTC day.';
COMMENT ON COLUMN sync.database_size.measured_at IS 'When it was last measured on that day.';
COMMENT ON COLUMN sync.database_size.bytes IS 'All tables and indexes, as pg_database_size() measures them, in bytes.';

CREATE TABLE sync.setting (
    key        text        NOT NULL,
    value      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT setting_pk PRIMARY KEY (key)
);
COMMENT ON TABLE sync.setting IS 'Settings of the whole installation that an admin changes while it runs (for example a pause of everything).';

CREATE TABLE sync.connect_state (
    state_sha256     bytea       NOT NULL,
    uid              text        NOT NULL,
    link_id          bytea       NOT NULL,
    link_expires_at  timestamptz NOT NULL,
    renewed_athlete  bigint,
    created_at       timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz NOT NULL,
    browser_sha256   bytea       NOT NULL,
    client           text        NOT NULL,
    taken_at         timestamptz,
    outcome          jsonb,
    held_key_id      text,
    held_grant       bytea,
    CONSTRAINT connect_state_pk PRIMARY KEY (state_sha256),
    CONSTRAINT connect_state_held CHECK ((held_key_id IS NULL) = (held_grant IS NULL))
);
CREATE INDEX connect_state_client_i ON sync.connect_state (client) WHERE outcome IS NULL;
CREATE INDEX connect_state_expires_at_i ON sync.connect_state (expires_at);
COMMENT ON TABLE sync.connect_state IS 'One-time OAuth states issued by /connect, kept as hashes only, with the result of each connect, until they expire.';
COMMENT ON COLUMN sync.connect_state.uid IS 'The uid of the connect link.';
COMMENT ON COLUMN sync.connect_state.link_id IS 'Number of the connect link, as in sync.connect_link.';
COMMENT ON COLUMN sync.connect_state.link_expires_at IS 'When the connect link expires.';
COMMENT ON COLUMN sync.connect_state.renewed_athlete IS 'The athlete who has just connected with the link in this browser and goes to Strava again for further permissions: only this athlete may use the link once more. Null: the link must be unused.';
COMMENT ON COLUMN sync.connect_state.browser_sha256 IS 'Hash of the cookie of the browser that began the connect: only that browser can finish it, and only there the result is shown.';
COMMENT ON COLUMN sync.connect_state.client IS 'The client that began it: an IPv4 address or the /64 of an IPv6 address. Each has a limited number of open connects.';
COMMENT ON COLUMN sync.connect_state.taken_at IS 'When a callback arrived with this state; null: none has arrived.';
COMMENT ON COLUMN sync.connect_state.outcome IS 'The result of the connect, and athlete_id, name and scope where known. Null: it has not ended.';
COMMENT ON COLUMN sync.connect_state.held_key_id IS 'Key of the keyring that seals held_grant.';
COMMENT ON COLUMN sync.connect_state.held_grant IS 'The grant, sealed as tokens are, while the person is asked whether a uid may move; null: nothing is asked.';

CREATE TABLE sync.connect_link (
    link_id    bytea       NOT NULL,
    used_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT connect_link_pk PRIMARY KEY (link_id)
);
CREATE INDEX connect_link_expires_at_i ON sync.connect_link (expires_at);
COMMENT ON TABLE sync.connect_link IS 'Connect links that are used up, until they would have expired. A link that was never used has no row: its signature says that it is valid.';
COMMENT ON COLUMN sync.connect_link.link_id IS 'The random number in the link. It names neither athlete nor uid.';
COMMENT ON COLUMN sync.connect_link.used_at IS 'When a grant was stored with it.';
COMMENT ON COLUMN sync.connect_link.expires_at IS 'When the link expires; the row is deleted an hour later.';
